//! Who may send a form: this site's own pages, opened from this process.
//!
//! Two independent proofs, because either alone has holes: what the browser says of the sender (`Sec-Fetch-Site`, else
//! `Origin`, else `Referer`), and a token that a stranger's page cannot read.

use axum::http::{HeaderMap, HeaderName, Uri, header};

use super::failure::Failure;
use crate::people::secret::same;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Lets a form in, or says why not.
pub fn check(headers: &HeaderMap, given: &str, token: &str) -> Result<(), Failure> {
    sender(headers)?;
    if !same(given.as_bytes(), token.as_bytes()) {
        return Err(Failure::Forged("The page it stood on is too old."));
    }
    Ok(())
}

/// The first of the two proofs alone: for the form that logs in, which nobody has a token for yet.
pub fn sender(headers: &HeaderMap) -> Result<(), Failure> {
    if !comes_from_here(headers) {
        return Err(Failure::Forged("It was not sent from a page of this tracker."));
    }
    Ok(())
}

/// Every header that tells must tell the same, and at least one must.
fn comes_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(&header::HOST).unwrap_or_default();
    let is_own = |address: &str| {
        let uri = address.parse::<Uri>().ok();
        let authority = uri.as_ref().and_then(|uri| uri.authority());
        !host.is_empty() && authority.is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host))
    };
    let told = [
        text(&FETCH_SITE).map(|site| site == "same-origin"),
        text(&header::ORIGIN).map(is_own),
        text(&header::REFERER).map(is_own),
    ];
    told.iter().flatten().count() > 0 && told.iter().flatten().all(|own| *own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_our_own_pages_send_forms() {
        let host = ("host", "tracker.example:6001");
        for (headers, expect) in [
            (vec![host], false),
            (vec![host, ("sec-fetch-site", "same-origin")], true),
            (vec![host, ("sec-fetch-site", "same-site")], false),
            (vec![host, ("sec-fetch-site", "cross-site")], false),
            (vec![host, ("sec-fetch-site", "none")], false),
            (vec![host, ("origin", "http://tracker.example:6001")], true),
            (vec![host, ("origin", "http://TRACKER.example:6001")], true),
            (vec![host, ("origin", "null")], false),
            (vec![host, ("origin", "http://evil.example")], false),
            (vec![host, ("origin", "http://tracker.example:6001.evil.example")], false),
            (vec![host, ("origin", "http://tracker.example:6001@evil.example")], false),
            (vec![host, ("referer", "http://tracker.example:6001/issues/1")], true),
            (vec![host, ("referer", "http://evil.example/http://tracker.example:6001/")], false),
            (vec![host, ("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")], false),
            (vec![("origin", "http://tracker.example:6001")], false),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(check(&map, "t", "t").is_ok(), expect, "{headers:?}");
            assert!(check(&map, "", "t").is_err() && check(&map, "u", "t").is_err());
        }
    }
}
