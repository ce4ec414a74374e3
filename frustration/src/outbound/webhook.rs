//! A generic webhook: a JSON body and an HMAC-SHA256 over time and body, so that a receiver can tell that it is ours and
//! not an old one played again.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::delivery_key;
use crate::{id, incident::Incident};

/// A request to send: body and headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// JSON.
    pub body: String,
    /// Name and value.
    pub headers: [(&'static str, String); 4],
}

/// The request for an incident; `event` is what happened (`incident.confirmed`), `at` now in Unix seconds.
pub fn request(incident: &Incident, target: &str, event: &str, secret: &[u8], at: i64) -> Request {
    let value = json!({"event": event, "incident": incident, "version": 1});
    signed(&value, delivery_key(target, event, &incident.incident_id), secret, at)
}

/// The request for anything else; `key` stays the same in every attempt.
pub fn signed(value: &Value, key: String, secret: &[u8], at: i64) -> Request {
    let body = value.to_string();
    let signed = format!("{at}.{body}");
    Request {
        headers: [
            ("Content-Type", "application/json".to_owned()),
            ("Idempotency-Key", key),
            ("X-Issuetracker-Timestamp", at.to_string()),
            ("X-Issuetracker-Signature", format!("sha256={}", id::hex(&hmac(secret, signed.as_bytes())))),
        ],
        body,
    }
}

/// HMAC-SHA256, RFC 2104.
pub fn hmac(secret: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length is one (RFC 2104, section 2), so that there is always something to sign with.
    Hmac::<Sha256>::new_from_slice(secret)
        .map(|mac| mac.chain_update(text).finalize().into_bytes().into())
        .unwrap_or_default()
}
