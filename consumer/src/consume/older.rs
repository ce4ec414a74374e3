//! Messages of older producers: JSON objects without `v`. They are accepted for ever, and nothing of them is discarded
//! (wire.md, "Older producers").

use issue::{
    finish::Rules,
    id::{IssueId, SourceId, TrackerName},
    lifecycle::{Body, Cause, Event, Sighting},
    record::{IssueBody, IssueType, Place, Via},
    report::{Priority, Redacted},
};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use kafka::source::Incoming;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{bounds, decode::service_user};
use crate::{bug, coalesce::Entry};

/// The namespace of sources that stand for a partition of a topic. Fixed for ever, as it is part of records' identity.
const TOPIC_NAMESPACE: Uuid = Uuid::from_u128(0x2b9e_60d4_7c11_4f0a_a5d8_9e34_c0b7_15f2);

/// Reads such a message; `None` where it is something else.
pub(super) fn read(tracker: &TrackerName, topic_id: &str, incoming: &Incoming) -> Option<Entry> {
    let mut message: Value = serde_json::from_slice(&incoming.payload).ok()?;
    // No sidecar of ours has seen it, so nothing has been cut out of it yet.
    Rules::default().redact_value(&mut message, &mut Redacted::new());
    let Value::Object(fields) = message else { return None };
    if fields.contains_key("v") {
        return None;
    }
    let mut body = body(fields);
    bounds::written(&mut body).ok()?;
    let fingerprint = bug::fingerprint_of_older(&body, &Rules::default());
    let place = Place::default();
    let source = source(topic_id, incoming.partition);
    let seq = u64::try_from(incoming.offset).ok()?;
    let cause = Cause {
        id: Cause::id_of_record(&source, seq),
        at: incoming.at,
        actor: service_user(&place, body.component.as_deref()),
    };
    let happened = body.created_at.unwrap_or(incoming.at);
    let issue_id = IssueId::of_fingerprint(tracker, &fingerprint);
    let body = Body::Bug { fingerprint, body };
    let sighting = Sighting { count: 1, first_at: happened, last_at: happened, via: Via::Http, place, body };
    let event = Event::Reported(Box::new(sighting));
    Some(Entry { issue_id, source, seq, reports: 1, cause, event, origin: incoming.clone() })
}

/// A message has no source of its own: the partition numbers it, as long as the topic is not made anew.
fn source(topic_id: &str, partition: i32) -> SourceId {
    let spool = Uuid::new_v5(&TOPIC_NAMESPACE, topic_id.as_bytes());
    SourceId { spool, partitions: u32::try_from(partition).unwrap_or_default() }
}

/// Takes what it understands and keeps the rest in the context.
fn body(mut fields: Map<String, Value>) -> IssueBody {
    let title = text(&mut fields, "title").unwrap_or_else(|| "Untitled Issue".to_owned());
    let description = text(&mut fields, "description").unwrap_or_default();
    let issue_type = word(&mut fields, "type").unwrap_or(IssueType::Bug);
    let priority = word(&mut fields, "priority").unwrap_or(Priority::Medium);
    let reporter_id = text(&mut fields, "reporter_id").unwrap_or_else(|| "system".to_owned());
    let assignee_id = text(&mut fields, "assignee_id");
    let component = text(&mut fields, "component");
    let severity = text(&mut fields, "severity");
    let tags = tags(&mut fields);
    let created_at = time(&mut fields, "created_at");
    // What every such message says says nothing.
    if fields.get("source").and_then(Value::as_str) == Some("service") {
        fields.remove("source");
    }
    let context = context(fields);
    IssueBody {
        title,
        description,
        issue_type,
        priority,
        reporter_id,
        assignee_id,
        tags,
        component,
        severity,
        context,
        fingerprint: None,
        created_at,
    }
}

/// Any scalar, as text. What is no scalar stays where it is and ends in the context.
fn text(fields: &mut Map<String, Value>, key: &str) -> Option<String> {
    let text = match fields.get(key)? {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Null => Some(String::new()),
        Value::Array(_) | Value::Object(_) => None,
    }?;
    fields.remove(key);
    Some(text).filter(|text| !text.is_empty())
}

/// A word of a closed set, in any case.
fn word<T: DeserializeOwned>(fields: &mut Map<String, Value>, key: &str) -> Option<T> {
    let lower = fields.get(key)?.as_str()?.trim().to_lowercase();
    let word = serde_json::from_value(Value::String(lower)).ok()?;
    fields.remove(key);
    Some(word)
}

fn tags(fields: &mut Map<String, Value>) -> Vec<String> {
    let Some(Value::Array(tags)) = fields.get("tags") else { return Vec::new() };
    let texts = tags.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    if texts.len() == tags.len() {
        fields.remove("tags");
    }
    texts
}

/// ISO 8601; without a zone it is UTC.
fn time(fields: &mut Map<String, Value>, key: &str) -> Option<Timestamp> {
    let text = fields.get(key)?.as_str()?.trim();
    let zoneless = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok();
    let time = text.parse().ok().or_else(|| Some(zoneless()?.timestamp()))?;
    fields.remove(key);
    Some(time)
}

fn context(mut fields: Map<String, Value>) -> Option<Value> {
    let context = match fields.remove("context") {
        Some(Value::Object(mut context)) => {
            for (key, value) in fields {
                context.entry(key).or_insert(value);
            }
            context
        }
        None | Some(Value::Null) => fields,
        Some(other) => {
            fields.insert("context".to_owned(), other);
            fields
        }
    };
    (!context.is_empty()).then_some(Value::Object(context))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    fn incoming(value: &Value, offset: i64) -> Incoming {
        let at = "2026-11-21T08:00:00Z".parse().expect("a time");
        Incoming { partition: 2, offset, at, key: None, payload: Bytes::from(value.to_string()) }
    }

    fn entry(value: &Value) -> Option<Entry> {
        read(&TrackerName::local(), "topic-1", &incoming(value, 7))
    }

    fn written(entry: Entry) -> IssueBody {
        let Event::Reported(sighting) = entry.event else { panic!("not a report") };
        let Body::Bug { body, .. } = sighting.body else { panic!("not a bug") };
        body
    }

    #[test]
    fn a_bare_message_is_numbered_by_topic_partition_and_offset() {
        let message = json!({"title": "x"});
        let one = entry(&message).expect("it is taken");
        let anew = read(&TrackerName::local(), "topic-2", &incoming(&message, 7)).expect("it is taken");
        assert_eq!((one.seq, one.source.partitions), (7, 2));
        assert_ne!(one.source, anew.source);
        assert_eq!(one.issue_id, anew.issue_id);
    }

    #[test]
    fn nothing_of_a_bare_message_is_discarded() {
        let message = json!({
            "title": 5, "description": ["odd"], "type": "BUG", "priority": "urgent", "tags": ["a", 1],
            "created_at": "2026-11-20T10:00:00", "source": "service", "extra": {"a": 1},
            "context": {"error_type": "E"},
        });
        let body = written(entry(&message).expect("it is taken"));
        assert_eq!((body.title.as_str(), body.reporter_id.as_str()), ("5", "system"));
        assert_eq!(body.created_at, "2026-11-20T10:00:00Z".parse().ok());
        let context = json!({
            "error_type": "E", "description": ["odd"], "priority": "urgent", "tags": ["a", 1], "extra": {"a": 1},
        });
        assert_eq!(body.context, Some(context));
    }

    #[test]
    fn an_empty_message_becomes_an_untitled_issue() {
        let body = written(entry(&json!({})).expect("it is taken"));
        assert_eq!((body.title.as_str(), body.priority), ("Untitled Issue", Priority::Medium));
    }

    #[test]
    fn what_has_a_version_is_not_older() {
        for other in [json!({"v": 1}), json!({"v": null}), json!([]), json!("x")] {
            assert!(entry(&other).is_none(), "{other} was taken");
        }
    }
}
