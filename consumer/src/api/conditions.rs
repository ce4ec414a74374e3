//! `ETag`, `If-Match` and `If-None-Match` (RFC 9110, section 13): a document's version is its strong entity tag.

use ::intake::problem::{Fault, Problem};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::store::Version;

/// The version of a small document: every change raises its rank.
pub fn of_rank(rank: u64) -> Version {
    Version::At(rank.to_string())
}

/// A document with its tag.
pub fn tagged(document: impl Serialize, version: &Version) -> Response {
    with_tag(Json(document).into_response(), version)
}

/// The client has this version already.
pub fn not_modified(version: &Version) -> Response {
    with_tag(StatusCode::NOT_MODIFIED.into_response(), version)
}

fn with_tag(mut response: Response, version: &Version) -> Response {
    if let Some(tag) = etag(version) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    // A copy may be kept, and must be asked about before it is shown.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// The entity tag of a version; a document that is not there has none.
fn etag(version: &Version) -> Option<HeaderValue> {
    match version {
        Version::Absent => None,
        Version::At(mark) => HeaderValue::from_str(&format!("\"{mark}\"")).ok(),
    }
}

/// Refuses a change that was made from another version.
pub fn check_match(headers: &HeaderMap, version: &Version) -> Result<(), Problem> {
    if headers.contains_key(header::IF_MATCH) && !names(headers, header::IF_MATCH, version, false) {
        return Err(stale());
    }
    Ok(())
}

/// Somebody else has changed it meanwhile.
pub fn stale() -> Problem {
    let detail = "it has changed since it was read; read it again and decide anew";
    Problem::new(Fault::PreconditionFailed, detail)
}

/// Whether the client has this version already.
pub fn is_known(headers: &HeaderMap, version: &Version) -> bool {
    names(headers, header::IF_NONE_MATCH, version, true)
}

/// Whether the header lists the version. `If-None-Match` compares weakly: proxies that compress make tags weak.
fn names(headers: &HeaderMap, header: HeaderName, version: &Version, weakly: bool) -> bool {
    let Some(tag) = etag(version) else { return false };
    let tag = tag.to_str().unwrap_or_default().to_owned();
    let listed = headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    listed.flat_map(|value| value.split(',')).map(str::trim).any(|given| {
        let given = if weakly { given.strip_prefix("W/").unwrap_or(given) } else { given };
        given == "*" || given == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_strongly_for_changes_and_weakly_for_reads() {
        let version = Version::At("7".to_owned());
        for (given, changes, known) in [
            ("\"7\"", true, true),
            ("\"6\", \"7\"", true, true),
            ("*", true, true),
            ("W/\"7\"", false, true),
            ("\"8\"", false, false),
            ("7", false, false),
            ("", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(given));
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(given));
            assert_eq!(check_match(&headers, &version).is_ok(), changes, "If-Match: {given}");
            assert_eq!(is_known(&headers, &version), known, "If-None-Match: {given}");
            assert!(check_match(&headers, &Version::Absent).is_err());
        }
        assert!(check_match(&HeaderMap::new(), &version).is_ok());
    }
}
