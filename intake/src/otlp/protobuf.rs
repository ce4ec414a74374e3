//! OTLP/protobuf: the few messages of `opentelemetry/proto/logs/v1` and `…/common/v1` that are needed, by field number.
//!
//! Strings are read as bytes, which are the same on the wire: a string that is no UTF-8 would otherwise cost the
//! whole export, and broken text is what errors often consist of.

use prost::Message;
use serde_json::{Map, Value};

use super::{Export, Log, bounded_resource, bounded_scope};
use crate::{
    lenient::is_empty,
    problem::{Fault, Problem},
};

#[derive(Clone, PartialEq, Message)]
struct ExportLogs {
    #[prost(message, repeated, tag = "1")]
    resource_logs: Vec<ResourceLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceLogs {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_logs: Vec<ScopeLogs>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeLogs {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(message, repeated, tag = "2")]
    log_records: Vec<LogRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(bytes = "vec", tag = "1")]
    name: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    time_unix_nano: u64,
    #[prost(int32, tag = "2")]
    severity_number: i32,
    #[prost(bytes = "vec", tag = "3")]
    severity_text: Vec<u8>,
    #[prost(message, optional, tag = "5")]
    body: Option<AnyValue>,
    #[prost(message, repeated, tag = "6")]
    attributes: Vec<KeyValue>,
    #[prost(bytes = "vec", tag = "9")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "10")]
    span_id: Vec<u8>,
    #[prost(fixed64, tag = "11")]
    observed_time_unix_nano: u64,
    #[prost(bytes = "vec", tag = "12")]
    event_name: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Any", tags = "1, 2, 3, 4, 5, 6, 7")]
    value: Option<Any>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Any {
    #[prost(bytes, tag = "1")]
    Text(Vec<u8>),
    #[prost(bool, tag = "2")]
    Flag(bool),
    #[prost(int64, tag = "3")]
    Whole(i64),
    #[prost(double, tag = "4")]
    Fraction(f64),
    #[prost(message, tag = "5")]
    List(ArrayValue),
    #[prost(message, tag = "6")]
    Map(KeyValueList),
    #[prost(bytes, tag = "7")]
    Bytes(Vec<u8>),
}

#[derive(Clone, PartialEq, Message)]
struct ArrayValue {
    #[prost(message, repeated, tag = "1")]
    values: Vec<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValueList {
    #[prost(message, repeated, tag = "1")]
    values: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ExportLogsAnswer {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    message: String,
}

/// Reads an `ExportLogsServiceRequest` in protobuf.
pub fn decode_protobuf(body: &[u8]) -> Result<Export, Problem> {
    let request = ExportLogs::decode(body).map_err(|error| {
        Problem::new(Fault::Malformed, format!("the body is no ExportLogsServiceRequest: {error}"))
    })?;
    let mut export = Export::default();
    for resource_logs in request.resource_logs {
        let attributes = key_values(resource_logs.resource.unwrap_or_default().attributes, 0);
        let resource = bounded_resource(attributes);
        for scope_logs in resource_logs.scope_logs {
            let scope = bounded_scope(&text(&scope_logs.scope.unwrap_or_default().name));
            for record in scope_logs.log_records {
                export.add(log(record, &resource, &scope));
            }
        }
    }
    Ok(export)
}

/// An `ExportLogsServiceResponse` that rejects this many records, or none.
pub fn rejected_protobuf(rejected: usize, message: &str) -> Vec<u8> {
    let partial =
        PartialSuccess { rejected: i64::try_from(rejected).unwrap_or(i64::MAX), message: message.to_owned() };
    ExportLogsAnswer { partial_success: (rejected > 0).then_some(partial) }.encode_to_vec()
}

fn log(record: LogRecord, resource: &Value, scope: &Value) -> Log {
    let told = [
        ("body", any_value(record.body, 0)),
        ("attributes", Value::Object(key_values(record.attributes, 0))),
        ("resource", resource.clone()),
        ("severity", Value::String(text(&record.severity_text))),
        ("scope", scope.clone()),
        ("trace_id", Value::String(hex(&record.trace_id))),
        ("span_id", Value::String(hex(&record.span_id))),
        ("event_name", Value::String(text(&record.event_name))),
    ];
    Log {
        time: [record.time_unix_nano, record.observed_time_unix_nano].into_iter().find(|nanos| *nanos > 0),
        severity: record.severity_number.into(),
        told: told
            .into_iter()
            .filter(|(_, value)| !is_empty(value))
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    }
}

fn key_values(pairs: Vec<KeyValue>, depth: usize) -> Map<String, Value> {
    pairs.into_iter().map(|pair| (text(&pair.key), any_value(pair.value, depth))).collect()
}

/// The plain value; what nests deeper than a JSON body may is left out.
fn any_value(value: Option<AnyValue>, depth: usize) -> Value {
    if depth > crate::json::MAX_DEPTH / 2 {
        return Value::Null;
    }
    match value.and_then(|value| value.value) {
        None => Value::Null,
        Some(Any::Text(bytes)) => Value::String(text(&bytes)),
        Some(Any::Flag(flag)) => Value::Bool(flag),
        Some(Any::Whole(number)) => Value::from(number),
        Some(Any::Fraction(number)) => Value::from(number),
        Some(Any::List(list)) => {
            Value::Array(list.values.into_iter().map(|value| any_value(Some(value), depth + 1)).collect())
        }
        Some(Any::Map(map)) => Value::Object(key_values(map.values, depth + 1)),
        Some(Any::Bytes(bytes)) => Value::String(hex(bytes.get(..1024).unwrap_or(&bytes))),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn string(text: &[u8]) -> Option<AnyValue> {
        Some(AnyValue { value: Some(Any::Text(text.to_vec())) })
    }

    fn export(records: Vec<LogRecord>) -> Vec<u8> {
        let attributes = vec![KeyValue { key: b"service.name".to_vec(), value: string(b"api") }];
        let scope = Some(Scope { name: b"app".to_vec() });
        let scope_logs = vec![ScopeLogs { scope, log_records: records }];
        let resource = Some(Resource { attributes });
        ExportLogs { resource_logs: vec![ResourceLogs { resource, scope_logs }] }.encode_to_vec()
    }

    #[test]
    fn both_encodings_tell_the_same() {
        let record = LogRecord {
            time_unix_nano: 5,
            severity_number: 17,
            severity_text: b"ERROR".to_vec(),
            body: string(b"lost \xff"),
            attributes: vec![KeyValue {
                key: b"n".to_vec(),
                value: Some(AnyValue { value: Some(Any::Whole(5)) }),
            }],
            trace_id: vec![0x0a, 0xf7],
            span_id: vec![1],
            event_name: b"e".to_vec(),
            ..LogRecord::default()
        };
        let fine = LogRecord { severity_number: 9, ..LogRecord::default() };
        let from_protobuf = decode_protobuf(&export(vec![record, fine])).expect("sound");
        let json = json!({"resourceLogs": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]},
            "scopeLogs": [{"scope": {"name": "app"}, "logRecords": [
                {"timeUnixNano": "5", "severityNumber": 17, "severityText": "ERROR", "traceId": "0af7", "spanId": "01",
                 "eventName": "e", "body": {"stringValue": "lost \u{fffd}"},
                 "attributes": [{"key": "n", "value": {"intValue": "5"}}]},
                {"severityNumber": 9}
            ]}]
        }]});
        let from_json = super::super::decode_json(json.to_string().as_bytes()).expect("sound");
        assert_eq!(from_protobuf, from_json);
    }

    #[test]
    fn deep_values_are_left_out_and_endless_ones_refused() {
        let nested = |depth: usize| {
            (0..depth).fold(string(b"x"), |inner, _| {
                let list = ArrayValue { values: inner.into_iter().collect() };
                Some(AnyValue { value: Some(Any::List(list)) })
            })
        };
        let of = |depth| {
            let record = LogRecord { severity_number: 17, body: nested(depth), ..LogRecord::default() };
            decode_protobuf(&export(vec![record]))
        };
        let body = of(40).expect("bounded").logs[0].told["body"].to_string();
        assert!(body.contains("null") && !body.contains('x'), "{body}");
        assert_eq!(of(500).expect_err("too deep").fault, Fault::Malformed);
    }

    #[test]
    fn a_large_resource_is_not_multiplied() {
        let big = KeyValue { key: b"k".to_vec(), value: string(&[b'x'; 500_000]) };
        let record = LogRecord { severity_number: 17, body: string(b"b"), ..LogRecord::default() };
        let scope = Some(Scope { name: vec![b's'; 200_000] });
        let scope_logs = vec![ScopeLogs { scope, log_records: vec![record; 5_000] }];
        let resource = Some(Resource { attributes: vec![big; 1] });
        let body = ExportLogs { resource_logs: vec![ResourceLogs { resource, scope_logs }] }.encode_to_vec();
        let export = decode_protobuf(&body).expect("sound");
        assert_eq!((export.logs.len(), export.rejected), (1_000, 4_000));
        assert!(Value::Object(export.logs[0].told.clone()).to_string().len() < 2_000);
    }

    #[test]
    fn nothing_rejected_is_an_empty_answer() {
        assert!(rejected_protobuf(0, "m").is_empty());
        assert_eq!(rejected_protobuf(2, "m"), b"\x0a\x05\x08\x02\x12\x01m");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            proptest::prop_assert!(decode_protobuf(&body).map_or_else(|p| p.fault == Fault::Malformed, |_| true));
        }
    }
}
