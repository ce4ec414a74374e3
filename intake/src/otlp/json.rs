//! OTLP/JSON: protobuf's JSON mapping with OpenTelemetry's exceptions (ids in hex, numbers of enums).

use serde_json::{Map, Value};

use super::{Export, Log, bounded_resource, bounded_scope};
use crate::{json, lenient::is_empty, problem::Problem};

/// Reads an `ExportLogsServiceRequest` in JSON. Fields of another shape than expected are left out.
pub fn decode_json(body: &[u8]) -> Result<Export, Problem> {
    let request = json::parse(body)?;
    let mut export = Export::default();
    for resource_logs in list(&request, "resourceLogs", "resource_logs") {
        let resource = bounded_resource(attributes(resource_logs.get("resource")));
        for scope_logs in list(resource_logs, "scopeLogs", "scope_logs") {
            let scope =
                scope_logs.get("scope").and_then(|scope| scope.get("name")?.as_str()).map(bounded_scope);
            for record in list(scope_logs, "logRecords", "log_records") {
                export.add(log(record, &resource, scope.as_ref()));
            }
        }
    }
    Ok(export)
}

fn log(record: &Value, resource: &Value, scope: Option<&Value>) -> Log {
    let field = |camel: &str, snake: &str| record.get(camel).or_else(|| record.get(snake)).cloned();
    let time = |camel, snake| field(camel, snake).as_ref().and_then(whole).filter(|nanos| *nanos > 0);
    let told = [
        ("body", record.get("body").map(any_value)),
        ("attributes", Some(Value::Object(attributes(Some(record))))),
        ("resource", Some(resource.clone())),
        ("severity", field("severityText", "severity_text")),
        ("scope", scope.cloned()),
        ("trace_id", field("traceId", "trace_id")),
        ("span_id", field("spanId", "span_id")),
        ("event_name", field("eventName", "event_name")),
    ];
    let severity = field("severityNumber", "severity_number");
    Log {
        time: time("timeUnixNano", "time_unix_nano")
            .or_else(|| time("observedTimeUnixNano", "observed_time_unix_nano")),
        severity: severity.as_ref().and_then(severity_of).unwrap_or_default(),
        told: told
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value.filter(|value| !is_empty(value))?)))
            .collect(),
    }
}

fn list<'v>(value: &'v Value, camel: &str, snake: &str) -> impl Iterator<Item = &'v Value> {
    value.get(camel).or_else(|| value.get(snake)).and_then(Value::as_array).into_iter().flatten()
}

/// 64-bit integers travel as strings.
fn whole(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// A number, or the enum's name: `SEVERITY_NUMBER_ERROR2`.
fn severity_of(value: &Value) -> Option<i64> {
    const NAMES: [(&str, i64); 6] =
        [("TRACE", 1), ("DEBUG", 5), ("INFO", 9), ("WARN", 13), ("ERROR", 17), ("FATAL", 21)];
    let Some(name) = value.as_str() else { return value.as_i64() };
    let name = name.strip_prefix("SEVERITY_NUMBER_")?;
    let (_, first) = NAMES.iter().find(|(known, _)| name.starts_with(known))?;
    Some(first + name.chars().last()?.to_digit(10).map_or(0, |step| i64::from(step) - 1))
}

fn attributes(owner: Option<&Value>) -> Map<String, Value> {
    let pairs = owner.and_then(|owner| owner.get("attributes")).and_then(Value::as_array);
    pairs.map(|pairs| key_values(pairs)).unwrap_or_default()
}

fn key_values(pairs: &[Value]) -> Map<String, Value> {
    let pair = |pair: &Value| {
        let key = pair.get("key")?.as_str()?;
        Some((key.to_owned(), pair.get("value").map(any_value).unwrap_or_default()))
    };
    pairs.iter().filter_map(pair).collect()
}

/// The plain value of an `AnyValue`. The body's nesting is bounded, and so this recursion.
fn any_value(value: &Value) -> Value {
    let Some((sort, inner)) = value.as_object().and_then(|map| map.iter().next()) else { return Value::Null };
    let values = || inner.get("values").and_then(Value::as_array);
    match sort.as_str() {
        "intValue" | "int_value" => match inner.as_str().and_then(|digits| digits.parse::<i64>().ok()) {
            Some(number) => Value::from(number),
            None => inner.clone(),
        },
        "arrayValue" | "array_value" => Value::Array(values().into_iter().flatten().map(any_value).collect()),
        "kvlistValue" | "kvlist_value" => Value::Object(values().map(|v| key_values(v)).unwrap_or_default()),
        _ => inner.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_are_read_with_their_resource_and_scope() {
        let body = json!({"resourceLogs": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]},
            "scopeLogs": [{"scope": {"name": "app.db"}, "logRecords": [
                {"timeUnixNano": "1700000000000000000", "severityNumber": 17, "severityText": "ERROR",
                 "body": {"stringValue": "lost"}, "traceId": "0af7", "attributes": [
                    {"key": "n", "value": {"intValue": "5"}}, {"key": "ok", "value": {"boolValue": true}},
                    {"key": "list", "value": {"arrayValue": {"values": [{"doubleValue": 0.5}, {}]}}},
                    {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}}]},
                {"severityNumber": 9, "body": {"stringValue": "fine"}},
                {"observedTimeUnixNano": 5, "severityNumber": "SEVERITY_NUMBER_FATAL2", "body": {}},
            ]}]
        }]});
        let export = decode_json(body.to_string().as_bytes()).expect("sound");
        assert_eq!((export.logs.len(), export.ignored), (2, 1));
        let (first, second) = (&export.logs[0], &export.logs[1]);
        assert_eq!((first.time, first.severity), (Some(1_700_000_000_000_000_000), 17));
        assert_eq!(
            Value::Object(first.told.clone()),
            json!({"body": "lost", "attributes": {"n": 5, "ok": true, "list": [0.5, null], "map": {"a": "b"}},
                "resource": {"service.name": "api"}, "severity": "ERROR", "scope": "app.db", "trace_id": "0af7"})
        );
        assert_eq!((second.time, second.severity), (Some(5), 22));
    }

    #[test]
    fn other_shapes_are_nothing() {
        for body in [
            "{}",
            "[]",
            "5",
            r#"{"resourceLogs":{}}"#,
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]}"#,
        ] {
            assert!(decode_json(body.as_bytes()).expect(body).logs.is_empty(), "{body}");
        }
        assert!(decode_json(b"{").is_err());
    }
}
