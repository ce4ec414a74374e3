//! Refusals: `application/problem+json` (RFC 9457), and for older clients the same sentence under the key `error`.

use serde::{Deserialize, Serialize};

/// The media type of a refusal.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// A problem's `type` is this and the fault's [`Fault::slug`].
const TYPE_PREFIX: &str = "urn:issuetracker:problem:";

/// One field that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) into the request's body.
    pub pointer: String,
    /// What is expected there.
    pub message: String,
}

/// What sort of refusal it is. Closed: [`Fault::slug`] is a metric label and the end of the problem's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the table in `facts` says of each what it means")]
pub enum Fault {
    Malformed,
    Unauthorized,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    Timeout,
    Conflict,
    PreconditionFailed,
    TooLarge,
    UnsupportedMedia,
    Invalid,
    TooMany,
    Internal,
    Unavailable,
}

impl Fault {
    /// Every sort, for metrics that start at zero.
    pub const ALL: [Self; 14] = [
        Self::Malformed,
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMedia,
        Self::Invalid,
        Self::TooMany,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Status, stable word, title, and whether the same request may succeed later.
    fn facts(self) -> (u16, &'static str, &'static str, bool) {
        match self {
            Self::Malformed => (400, "malformed", "The request cannot be read", false),
            Self::Unauthorized => (401, "unauthorized", "The request names no valid identity", false),
            Self::Forbidden => (403, "forbidden", "The request is not allowed", false),
            Self::NotFound => (404, "not-found", "There is nothing here", false),
            Self::MethodNotAllowed => {
                (405, "method-not-allowed", "This address does not take this method", false)
            }
            Self::Timeout => (408, "timeout", "The request came too slowly", true),
            Self::Conflict => (409, "conflict", "The request meets another change", true),
            Self::PreconditionFailed => (412, "precondition-failed", "It was changed meanwhile", false),
            Self::TooLarge => (413, "too-large", "The body is too large", false),
            Self::UnsupportedMedia => {
                (415, "unsupported-media", "The body's type or coding is not taken", false)
            }
            Self::Invalid => (422, "invalid", "Fields are missing or wrong", false),
            Self::TooMany => (429, "too-many", "Too many requests", true),
            Self::Internal => (500, "internal", "The server failed", true),
            Self::Unavailable => (503, "unavailable", "The server cannot take it now", true),
        }
    }

    /// HTTP status.
    pub fn status(self) -> u16 {
        self.facts().0
    }

    /// Stable word for metrics, logs and `type`.
    pub fn slug(self) -> &'static str {
        self.facts().1
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Body", into = "Body")]
pub struct Problem {
    /// What sort; gives type, title, status and whether to try again.
    pub fault: Fault,
    /// What happened this time, and what to do.
    pub detail: String,
    /// Every field that is wrong, not only the first.
    pub errors: Vec<FieldError>,
    /// Names the request in our logs. Absent where a problem stands inside an answer (one bad item of many).
    pub request_id: Option<String>,
    /// Seconds for the header `Retry-After`; not part of the body.
    pub retry_after: Option<u32>,
}

/// The JSON form of a [`Problem`].
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(rename = "type")]
    problem_type: String,
    title: String,
    status: u16,
    detail: String,
    error: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<FieldError>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    retryable: bool,
}

impl From<Problem> for Body {
    fn from(problem: Problem) -> Self {
        let (status, slug, title, retryable) = problem.fault.facts();
        Self {
            problem_type: format!("{TYPE_PREFIX}{slug}"),
            title: title.to_owned(),
            status,
            error: problem.detail.clone(),
            detail: problem.detail,
            errors: problem.errors,
            request_id: problem.request_id,
            retryable,
        }
    }
}

impl From<Body> for Problem {
    /// A type that this version does not know is read by its status.
    fn from(body: Body) -> Self {
        let by_type = |fault: &&Fault| body.problem_type.strip_prefix(TYPE_PREFIX) == Some(fault.slug());
        let by_status = |fault: &&Fault| fault.status() == body.status;
        let fault = Fault::ALL.iter().find(by_type).or_else(|| Fault::ALL.iter().find(by_status));
        Self {
            fault: fault.copied().unwrap_or(Fault::Internal),
            detail: body.detail,
            errors: body.errors,
            request_id: body.request_id,
            retry_after: None,
        }
    }
}

impl Problem {
    /// A refusal; `detail` is one sentence or two about this very request.
    pub fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into(), errors: Vec::new(), request_id: None, retry_after: None }
    }

    /// 422 for these fields; the detail says in words what the list says in pointers.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut detail: Vec<String> =
            errors.iter().take(3).map(|e| format!("{} {}", place(&e.pointer), e.message)).collect();
        if errors.len() > detail.len() {
            detail.push(format!("and {} more", errors.len() - detail.len()));
        }
        Self { errors, ..Self::new(Fault::Invalid, detail.join("; ")) }
    }

    /// The same problem, naming its request.
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// The same problem, to be tried again after this many seconds.
    pub fn with_retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The body: `type title status detail error errors request_id retryable`.
    pub fn to_json(&self) -> Vec<u8> {
        // Strings, numbers and a list of both: serialising cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// The body itself has the empty pointer, which nobody would see in a sentence.
fn place(pointer: &str) -> &str {
    if pointer.is_empty() { "the body" } else { pointer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_speaks_both_dialects() {
        let errors = vec![FieldError { pointer: "/title".into(), message: "is required".into() }];
        let problem = Problem::invalid(errors).with_request_id("r1");
        let json: serde_json::Value = serde_json::from_slice(&problem.to_json()).expect("JSON");
        assert_eq!(
            json,
            serde_json::json!({
                "type": "urn:issuetracker:problem:invalid", "title": "Fields are missing or wrong", "status": 422,
                "detail": "/title is required", "error": "/title is required",
                "errors": [{"pointer": "/title", "message": "is required"}],
                "request_id": "r1", "retryable": false
            })
        );
        assert_eq!(serde_json::from_value::<Problem>(json).expect("a problem"), problem);
    }

    #[test]
    fn every_fault_has_its_own_word() {
        let slugs: std::collections::BTreeSet<_> = Fault::ALL.iter().map(|f| f.slug()).collect();
        assert_eq!(slugs.len(), Fault::ALL.len());
    }

    #[test]
    fn a_long_list_of_errors_makes_a_short_sentence() {
        let errors =
            (0..9).map(|n| FieldError { pointer: format!("/{n}"), message: "is wrong".into() }).collect();
        assert_eq!(Problem::invalid(errors).detail, "/0 is wrong; /1 is wrong; /2 is wrong; and 6 more");
    }
}
