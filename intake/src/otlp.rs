//! OpenTelemetry logs over HTTP (OTLP 1.x, `POST /v1/logs`), as protobuf and as JSON.
//!
//! Of all log records only those are for us that tell of an error: severity ERROR and above, or with the attributes
//! `exception.*` (OpenTelemetry semantic conventions, "Exceptions in logs").

mod json;
mod protobuf;
mod record;

pub use self::{
    json::decode_json,
    protobuf::{decode_protobuf, rejected_protobuf},
    record::{Log, read},
};

use serde_json::{Map, Value};

use crate::text;

/// Reports of one export; SDKs send batches of 512 records of any level.
const MAX_LOGS: usize = 1000;
/// Bytes of a resource, and characters of a scope's name. Every record carries a copy of both, so that a body of
/// 1 MiB could otherwise ask for gigabytes.
const MAX_RESOURCE: usize = 8 * 1024;
const MAX_SCOPE: usize = 200;

/// What one export holds.
#[derive(Debug, Default, PartialEq)]
pub struct Export {
    /// The records that tell of errors, in their order; to be redacted and then given to [`read`].
    pub logs: Vec<Log>,
    /// How many others there were.
    pub ignored: usize,
    /// How many came after the first thousand that tell of errors: they are not taken.
    pub rejected: usize,
}

impl Export {
    fn add(&mut self, log: Log) {
        if !log.tells_of_an_error() {
            self.ignored += 1;
        } else if self.logs.len() == MAX_LOGS {
            self.rejected += 1;
        } else {
            self.logs.push(log);
        }
    }
}

/// A resource that is too large keeps its short attributes. Nothing is cut here: half a secret would not be
/// recognised as one.
fn bounded_resource(resource: Map<String, Value>) -> Value {
    const SHORT: usize = 200;
    const COUNT: usize = 32;
    let size =
        |map: &Map<String, Value>| map.iter().map(|(key, value)| key.len() + value.to_string().len()).sum();
    let fits = |total: usize| total <= MAX_RESOURCE;
    if fits(size(&resource)) {
        return Value::Object(resource);
    }
    let short = |(key, value): &(String, Value)| key.len() + value.to_string().len() <= SHORT;
    Value::Object(resource.into_iter().filter(short).take(COUNT).collect())
}

/// A name that is too long is none.
fn bounded_scope(name: &str) -> Value {
    if text::longer_than(name, MAX_SCOPE) { Value::Null } else { Value::from(name) }
}
