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

use serde_json::Value;

use crate::{context, text};

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

fn bounded_resource(resource: Value) -> Value {
    context::bounded_to(resource, MAX_RESOURCE)
}

fn bounded_scope(name: &str) -> String {
    text::line(name, MAX_SCOPE)
}
