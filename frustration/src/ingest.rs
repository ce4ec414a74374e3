//! A request of a front end, read into events, and what it is answered: pure, so that every address that takes events
//! (the tracker service, the sidecar, the addresses of the older services) answers alike.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::event::{
    Event, Reading,
    limits::{self, Refused},
};

pub mod bucket;
pub mod older;

/// What a request holds, before its key was looked up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// The key in the body; one in a header goes before it.
    pub api_key: Option<String>,
    /// Who wrote it.
    pub sdk_version: Option<String>,
    /// Each is one event, or is not.
    pub events: Vec<Value>,
}

/// Why a whole request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The key is unknown, or there is none.
    #[error("the API key is missing or not known")]
    UnknownKey,
    /// Not JSON of the expected shape.
    #[error("the body is malformed: {0}")]
    Malformed(&'static str),
    /// Too many bytes.
    #[error("the body is larger than 500 KB")]
    TooLarge,
    /// Too many events in a short time; try again after so many seconds.
    #[error("too many events; try again in {0} s")]
    TooMany(u64),
}

impl Refusal {
    /// HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::UnknownKey => 401,
            Self::Malformed(_) => 400,
            Self::TooLarge => 413,
            Self::TooMany(_) => 429,
        }
    }

    /// A word for metrics.
    pub fn reason(self) -> &'static str {
        match self {
            Self::UnknownKey => "unknown_key",
            Self::Malformed(_) => "malformed",
            Self::TooLarge => "body_too_large",
            Self::TooMany(_) => "rate_limited",
        }
    }
}

/// An item that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// Its place in the request.
    pub index: usize,
    /// Why, for whoever wrote it. It holds nothing of the event.
    pub reason: String,
    /// For metrics.
    #[serde(skip)]
    pub refused: Refused,
}

/// The events of a request and its refused items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// May be published.
    pub events: Vec<Event>,
    /// May not.
    pub rejected: Vec<Rejected>,
}

/// An answer: status, `Retry-After` in seconds, body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// For 429.
    pub retry_after: Option<u64>,
    /// JSON.
    pub body: Value,
}

/// Reads a body of `POST /v1/events`: `{api_key?, sdk_version?, app_id?, events[1–100]}`.
pub fn read(body: &[u8]) -> Result<Request, Refusal> {
    if body.len() > limits::BODY {
        return Err(Refusal::TooLarge);
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::Malformed("it is not JSON"))?;
    let Value::Object(mut members) = value else {
        return Err(Refusal::Malformed("an object with events is expected"));
    };
    let Some(Value::Array(events)) = members.remove("events") else {
        return Err(Refusal::Malformed("events is missing or not a list"));
    };
    if !(1..=limits::EVENTS).contains(&events.len()) {
        return Err(Refusal::Malformed("events holds 1 to 100 items"));
    }
    Ok(Request {
        api_key: text(&mut members, KEY),
        sdk_version: text(&mut members, ["sdk_version", "sdkVersion"]),
        events,
    })
}

/// The key that a body names, whatever else is wrong with it: whoever has one is told what that is.
pub fn named_key(body: &[u8]) -> Option<String> {
    match serde_json::from_slice(body).ok()? {
        Value::Object(mut members) => text(&mut members, KEY),
        _ => None,
    }
}

/// Members that hold the key.
const KEY: [&str; 2] = ["api_key", "apiKey"];

fn text(members: &mut Map<String, Value>, names: [&str; 2]) -> Option<String> {
    let found = names.iter().find_map(|name| members.remove(*name)?.as_str().map(str::to_owned));
    found.filter(|text| !text.is_empty())
}

/// The key of a request: `X-API-Key`, then a bearer token, then the body's.
pub fn key<'k>(
    header: Option<&'k str>,
    authorization: Option<&'k str>,
    body: Option<&'k str>,
) -> Option<&'k str> {
    let bearer = authorization.and_then(|text| {
        let (scheme, token) = text.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    [header.map(str::trim), bearer, body].into_iter().flatten().find(|key| !key.is_empty())
}

/// Judges each item on its own: a bad one does not sink the rest.
pub fn judge(items: &[Value], project: &str, received: i64, reading: &Reading) -> Batch {
    let mut batch = Batch::default();
    for (index, item) in items.iter().enumerate() {
        match Event::read(item, project, received, reading) {
            Ok(event) => batch.events.push(event),
            Err(refused) => batch.rejected.push(Rejected { index, reason: refused.to_string(), refused }),
        }
    }
    batch
}

/// The answer to a request that was read; `processed` counts what is durable.
pub fn answer(processed: usize, rejected: &[Rejected], silent: bool) -> Answer {
    let listed = if silent { json!([]) } else { json!(rejected) };
    let counted = if silent { processed + rejected.len() } else { processed };
    let body = json!({"success": true, "processed": counted, "rejected": listed});
    Answer { status: 200, retry_after: None, body }
}

/// The answer to a request that is refused as a whole. `silent` is a project's wish, so a key that belongs to no project
/// cannot have it.
pub fn refuse(refusal: Refusal, silent: bool) -> Answer {
    if silent && refusal != Refusal::UnknownKey {
        return Answer {
            status: 200,
            retry_after: None,
            body: json!({"success": true, "processed": 0, "rejected": []}),
        };
    }
    let retry_after = match refusal {
        Refusal::TooMany(seconds) => Some(seconds),
        _ => None,
    };
    let body = json!({"success": false, "error": refusal.to_string(), "reason": refusal.reason()});
    Answer { status: refusal.status(), retry_after, body }
}

#[cfg(test)]
mod tests;
