//! Whatever JSON comes, every reader answers: with a value in its bounds or with errors that have places.

use intake::{
    issues, otlp,
    reports::{self, Item, What},
    sentry, updates,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Map, Value, json};

/// Keys that some reader asks for: random ones would never get past the first field.
const KEYS: &[&str] = &[
    "title",
    "description",
    "type",
    "priority",
    "reporter_id",
    "tags",
    "context",
    "fingerprint",
    "created_at",
    "message",
    "frames",
    "causes",
    "text",
    "level",
    "at",
    "function",
    "file",
    "line",
    "content",
    "author_id",
    "status",
    "mute",
    "exception",
    "values",
    "value",
    "module",
    "stacktrace",
    "mechanism",
    "exception_id",
    "parent_id",
    "source",
    "is_exception_group",
    "threads",
    "breadcrumbs",
    "timestamp",
    "platform",
    "lineno",
    "release",
    "logentry",
    "resourceLogs",
    "resource",
    "attributes",
    "scopeLogs",
    "scope",
    "logRecords",
    "severityNumber",
    "body",
    "key",
    "stringValue",
    "arrayValue",
    "kvlistValue",
    "intValue",
    "timeUnixNano",
    "reports",
    "sdk",
    "user",
];

const WORDS: &[&str] = &[
    "",
    "bug",
    "low",
    "error",
    "python",
    "go",
    "exception.type",
    "exceptions[0]",
    "{{ default }}",
    "panic",
    "?",
    "a.?",
    "2026-11-21T08:00:00Z",
    "99999999999999999999",
    "-1",
    "\u{0}\u{1b}[",
    "…",
    "x\ny",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        select(WORDS).prop_map(Value::from),
        ".{0,300}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        let entry = (select(KEYS), inner.clone());
        let entry = entry.prop_map(|(key, value)| (key.to_owned(), value));
        prop_oneof![
            vec(inner, 0..6).prop_map(Value::Array),
            vec(entry, 0..8).prop_map(|entries| Value::Object(Map::from_iter(entries))),
        ]
    })
}

fn assert_bounded(item: &Item) {
    let (What::Error(parsed), around) = (&item.what, &item.around) else { return };
    assert!(parsed.message.chars().count() <= reports::MESSAGE.max);
    assert!(parsed.frames.len() <= reports::FRAMES && parsed.causes.len() <= reports::CAUSES);
    assert!(around.tags.len() <= reports::TAGS);
    assert!(
        around.context.as_ref().is_none_or(|context| context.to_string().len() <= intake::context::MAX_BYTES)
    );
}

proptest! {
    #[test]
    fn json_requests(value in any_json(), first in option::of(any_json())) {
        for result in [
            issues::read(value.clone()).err(),
            updates::read_comment(value.clone()).err(),
            updates::read_update(value.clone(), "me").err(),
            reports::split(json!({"reports": first})).err(),
        ] {
            prop_assert!(result.is_none_or(|errors| !errors.is_empty() && errors.len() <= 100));
        }
        if let Ok(item) = reports::read(value, 0) {
            assert_bounded(&item);
        }
    }

    #[test]
    fn sentry_events(value in any_json(), exception in any_json()) {
        let event = match value {
            Value::Object(mut event) => {
                event.insert("exception".into(), json!([{"type": "E", "stacktrace": exception}, exception]));
                Value::Object(event)
            }
            other => other,
        };
        if let Ok(event) = sentry::read(event) {
            assert_bounded(&event.item);
        }
    }

    #[test]
    fn log_records(record in any_json(), resource in any_json()) {
        let body = json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]});
        let export = otlp::decode_json(body.to_string().as_bytes());
        for log in export.map(|export| export.logs).unwrap_or_default() {
            if let Some(item) = otlp::read(log) {
                assert_bounded(&item);
            }
        }
    }
}
