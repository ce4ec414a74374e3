//! Reading a JSON body within bounds, redacted before anything else looks at it.

use std::time::Duration;

use ::intake::{
    json,
    problem::{Fault, Problem},
};
use axum::{
    body::{Body, Bytes, to_bytes},
    http::{HeaderMap, header},
};
use issue::{finish::Rules, report::Redacted};
use serde_json::Value;

use crate::people::Identity;

/// Bytes of a body.
const MAX_BYTES: usize = 1024 * 1024;

/// How long one may take to arrive.
const TIME: Duration = Duration::from_secs(10);

/// Reads a body whole.
pub async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    check(headers)?;
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > MAX_BYTES) {
        return Err(too_large());
    }
    match tokio::time::timeout(TIME, to_bytes(body, MAX_BYTES)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if told(&error).contains("length limit") => Err(too_large()),
        Ok(Err(error)) => Err(Problem::new(Fault::Malformed, format!("the body broke off: {error}"))),
        Err(_) => {
            let detail = format!("the body did not arrive within {} s", TIME.as_secs());
            Err(Problem::new(Fault::Timeout, detail))
        }
    }
}

/// The JSON in it, with secrets cut out.
pub fn parse(bytes: &[u8], rules: &Rules) -> Result<Value, Problem> {
    let mut value = json::parse(bytes)?;
    rules.redact_value(&mut value, &mut Redacted::new());
    Ok(value)
}

/// Puts who asks in the place of whom the body names, unless they are trusted to name others.
pub fn sign(body: &mut Value, key: &str, identity: &Identity) {
    if let Some(fields) = body.as_object_mut().filter(|_| !identity.speaks_for_others()) {
        let camel = match key {
            "author_id" => "authorId",
            _ => "reporterId",
        };
        fields.shift_remove(camel);
        fields.insert(key.to_owned(), Value::from(identity.user.as_str()));
    }
}

fn told(error: &dyn std::error::Error) -> String {
    crate::health::told(error)
}

fn too_large() -> Problem {
    Problem::new(Fault::TooLarge, format!("the body has more than {MAX_BYTES} bytes"))
}

fn check(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value: &axum::http::HeaderValue| value.to_str().unwrap_or("?"));
    let media = text(header::CONTENT_TYPE).map(|media| media.split(';').next().unwrap_or_default().trim());
    let json = media.is_none_or(|media| {
        let media = media.to_ascii_lowercase();
        media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
    });
    if !json {
        return Err(Problem::new(Fault::UnsupportedMedia, "send the body as application/json"));
    }
    if text(header::CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(Problem::new(Fault::UnsupportedMedia, "send the body without a content coding"));
    }
    Ok(())
}
