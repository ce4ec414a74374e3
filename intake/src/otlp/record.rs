//! One log record in the same form from either encoding, and the report that it tells.

use issue::report::{Kind, Language, Level, Parsed};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    context,
    fields::Text,
    lenient::{is_empty, text_at, text_of},
    reports::{Around, COMPONENT, Item, MESSAGE, TEXT, TYPE, What, label},
    vocabulary::{LANGUAGES, Words, meaning},
};

/// One log record; the strings are as they came.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// Nanoseconds since 1970: when it happened, or else when it was seen.
    pub time: Option<u64>,
    /// 1–24; 0 where none was told.
    pub severity: i64,
    /// Everything that can hold text of the application, so that one step redacts it all: `body`, `attributes`,
    /// `resource`, `scope`, `severity` (the logger's own word), `trace_id`, `span_id`, `event_name`.
    pub told: Map<String, Value>,
}

/// Severity numbers (OpenTelemetry logs data model): 13–16 WARN, 17–20 ERROR, 21–24 FATAL.
const ERROR: i64 = 17;
const FATAL: i64 = 21;

/// Words for a level where no number was told.
const LEVELS: Words<Level> = &[
    ("error", Level::Error),
    ("err", Level::Error),
    ("severe", Level::Error),
    ("fatal", Level::Fatal),
    ("critical", Level::Fatal),
    ("alert", Level::Fatal),
    ("emergency", Level::Fatal),
    ("panic", Level::Fatal),
];

const WORD: Text = Text::line(50);

const EXCEPTION: &[&str] = &["exception.type", "exception.message", "exception.stacktrace"];

impl Log {
    pub(super) fn tells_of_an_error(&self) -> bool {
        self.level().is_some()
            || self.part("attributes").is_some_and(|map| EXCEPTION.iter().any(|k| map.contains_key(*k)))
    }

    /// Error or fatal; `None` is anything less.
    fn level(&self) -> Option<Level> {
        match self.severity {
            0 => meaning(LEVELS, &text_at(&self.told, &["severity"], &WORD)?.to_ascii_lowercase()),
            FATAL.. => Some(Level::Fatal),
            ERROR.. => Some(Level::Error),
            _ => None,
        }
    }

    fn part(&self, name: &str) -> Option<&Map<String, Value>> {
        self.told.get(name)?.as_object()
    }
}

/// Reads a record, its `told` redacted already. `None` if it says nothing at all.
pub fn read(log: Log) -> Option<Item> {
    let empty = Map::new();
    let attributes = log.part("attributes").unwrap_or(&empty);
    let resource = log.part("resource").unwrap_or(&empty);
    let parsed = error(&log, attributes, resource)?;
    let around = Around {
        component: service(resource),
        tags: tags(resource),
        context: Some(context_of(&log)),
        fingerprint: None,
        at: log.time.and_then(|nanos| Timestamp::from_nanosecond(nanos.into()).ok()),
        release: text_at(resource, &["service.version"], &Text::line(200)),
    };
    Some(Item { what: What::Error(Box::new(parsed)), around })
}

fn error(log: &Log, attributes: &Map<String, Value>, resource: &Map<String, Value>) -> Option<Parsed> {
    let body = log.told.get("body").and_then(body_text);
    let error_type = text_at(attributes, &["exception.type"], &TYPE);
    let text = text_at(attributes, &["exception.stacktrace"], &TEXT).unwrap_or_default();
    let said = text_at(attributes, &["exception.message"], &MESSAGE);
    let exception = error_type.is_some() || said.is_some() || !text.is_empty();
    if !exception && body.is_none() {
        return None;
    }
    let language = text_at(resource, &["telemetry.sdk.language"], &WORD);
    let (message, line) = if exception { (said, body) } else { (body, None) };
    let message = message.unwrap_or_default();
    Some(Parsed {
        kind: if exception { Kind::Exception } else { Kind::Log },
        level: log.level().unwrap_or(if log.severity == 0 { Level::Error } else { Level::Warning }),
        language: language.and_then(|word| meaning(LANGUAGES, &word)).unwrap_or(Language::Unknown),
        error_type,
        log: line.filter(|line| *line != message),
        message,
        frames: Vec::new(),
        causes: Vec::new(),
        text,
    })
}

/// A body is text, or anything else as compact JSON.
fn body_text(body: &Value) -> Option<String> {
    if is_empty(body) {
        return None;
    }
    text_of(body, &MESSAGE).or_else(|| text_of(&Value::String(body.to_string()), &MESSAGE))
}

/// The service, unless the SDK had to make a name up.
fn service(resource: &Map<String, Value>) -> Option<String> {
    text_at(resource, &["service.name"], &COMPONENT).filter(|name| !name.starts_with("unknown_service"))
}

/// Resource attributes that become labels; the first of each list that is there.
const TAGS: &[(&str, &[&str])] = &[
    ("service", &["service.name"]),
    ("namespace", &["service.namespace"]),
    ("environment", &["deployment.environment.name", "deployment.environment"]),
];

fn tags(resource: &Map<String, Value>) -> Vec<String> {
    TAGS.iter()
        .filter_map(|(tag, keys)| label(tag, keys.iter().find_map(|key| resource.get(*key))?))
        .collect()
}

/// What was told beside the error itself.
fn context_of(log: &Log) -> Value {
    let mut context = log.told.clone();
    if let Some(Value::Object(attributes)) = context.get_mut("attributes") {
        attributes.retain(|key, _| !EXCEPTION.contains(&key.as_str()));
    }
    if context.get("body").is_some_and(|body| !body.is_object() && !body.is_array()) {
        context.shift_remove("body");
    }
    context.retain(|_, value| !is_empty(value));
    context::bounded(Value::Object(context))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(severity: i64, word: &str, told: Value) -> Log {
        let Value::Object(mut told) = told else { panic!("an object is told") };
        told.insert("severity".into(), json!(word));
        Log { time: Some(1_700_000_000_000_000_000), severity, told }
    }

    #[test]
    fn only_errors_are_for_us() {
        for (severity, text, attributes, ours) in [
            (9, "INFO", json!({}), false),
            (16, "WARN4", json!({}), false),
            (17, "", json!({}), true),
            (24, "", json!({}), true),
            (0, "", json!({}), false),
            (0, "Error", json!({}), true),
            (0, "warning", json!({}), false),
            (9, "ERROR", json!({}), false),
            (9, "INFO", json!({"exception.type": "E"}), true),
        ] {
            let log = log(severity, text, json!({"body": "b", "attributes": attributes}));
            assert_eq!(log.tells_of_an_error(), ours, "{severity} {text} {attributes}");
        }
    }

    #[test]
    fn an_exception_is_read_from_its_attributes() {
        let item = read(log(
            17,
            "ERROR",
            json!({
                "body": "request failed", "trace_id": "ab",
                "attributes": {"exception.type": "ValueError", "exception.message": "bad", "http.route": "/x",
                    "exception.stacktrace": "Traceback (most recent call last):\nValueError: bad"},
                "resource": {"service.name": "api", "service.version": "1.2", "telemetry.sdk.language": "python",
                    "deployment.environment": "prod"},
            }),
        ))
        .expect("an error");
        let What::Error(parsed) = item.what else { panic!("an error was told") };
        assert_eq!(
            (parsed.kind, parsed.level, parsed.language),
            (Kind::Exception, Level::Error, Language::Python)
        );
        assert_eq!((parsed.error_type.as_deref(), parsed.message.as_str()), (Some("ValueError"), "bad"));
        assert_eq!(parsed.log.as_deref(), Some("request failed"));
        assert!(parsed.text.starts_with("Traceback"));
        assert_eq!(item.around.tags, ["service:api", "environment:prod"]);
        assert_eq!(
            (item.around.component.as_deref(), item.around.release.as_deref()),
            (Some("api"), Some("1.2"))
        );
        let context = item.around.context.expect("kept");
        assert_eq!(context["attributes"], json!({"http.route": "/x"}));
        assert_eq!((&context["trace_id"], &context["severity"]), (&json!("ab"), &json!("ERROR")));
        assert_eq!(item.around.at.map(|at| at.to_string()).as_deref(), Some("2023-11-14T22:13:20Z"));
    }

    #[test]
    fn a_line_without_an_exception_is_a_log_line() {
        for (body, message) in [
            (json!("disk full"), Some("disk full")),
            (json!({"a": 1}), Some("{\"a\":1}")),
            (json!(" "), None),
        ] {
            let item = read(log(21, "", json!({ "body": body })));
            let message_of = |item: Item| match item.what {
                What::Error(parsed) => (parsed.kind, parsed.level, parsed.message),
                What::Text { .. } => panic!("an error was told"),
            };
            assert_eq!(item.map(message_of), message.map(|m| (Kind::Log, Level::Fatal, m.to_owned())));
        }
    }

    #[test]
    fn made_up_service_names_are_no_component() {
        let resource = json!({"service.name": "unknown_service:java"});
        let item = read(log(17, "", json!({"body": "b", "resource": resource}))).expect("an error");
        assert_eq!(item.around.component, None);
    }
}
