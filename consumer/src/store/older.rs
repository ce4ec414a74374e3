//! Documents of other versions: older ones are brought to the form of today when they are read, and written in it when
//! they next change; newer ones are refused, because writing them back would lose what this program does not know.

use issue::document::{Issue, SCHEMA};
use serde_json::{Map, Value, json};

/// One step for each version: how a document of it becomes one of the next. A released step never changes.
const STEPS: [fn(&mut Map<String, Value>); SCHEMA as usize] = [from_the_older_tracker];

/// The document was written by a later release.
#[derive(Debug, thiserror::Error)]
#[error("the issue has version {0}, this program knows versions up to {SCHEMA}: use the newer program")]
pub struct Newer(u64);

/// Reads an issue of any version that this program knows.
pub(crate) fn issue(
    mut document: Map<String, Value>,
) -> Result<Issue, Box<dyn std::error::Error + Send + Sync>> {
    let found = document.get("schema").and_then(Value::as_u64).unwrap_or_default();
    if found > u64::from(SCHEMA) {
        return Err(Newer(found).into());
    }
    for step in STEPS.iter().skip(usize::try_from(found)?) {
        step(&mut document);
    }
    document.insert("schema".to_owned(), json!(SCHEMA));
    Ok(serde_json::from_value(Value::Object(document))?)
}

/// Version 0 has no mark: hand-written issues of the tracker before this one. What it did not know is empty.
fn from_the_older_tracker(document: &mut Map<String, Value>) {
    // It said where an issue came from by a word.
    if document.get("source").is_some_and(|source| !source.is_object()) {
        document.insert("source".to_owned(), Value::Null);
    }
    let written = document.get("createdAt").cloned().unwrap_or_default();
    for (field, default) in [
        ("description", json!("")),
        ("status", json!("open")),
        ("priority", json!("medium")),
        ("type", json!("bug")),
        ("reporterId", json!("system")),
        ("tags", json!([])),
        ("updatedAt", written),
    ] {
        let value = document.entry(field).or_insert(Value::Null);
        if value.is_null() {
            *value = default;
        }
    }
}

#[cfg(test)]
mod tests {
    use issue::document::Status;

    use super::*;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn an_issue_of_the_older_tracker_is_read() {
        let old = json!({
            "id": "ec7fbe77-9928-5e73-abf5-06947df49d3b", "title": "Payment fails", "status": "in-progress",
            "createdAt": "2025-01-02T03:04:05Z", "source": "service",
        });
        let issue = issue(map(old)).expect("it is read");
        assert_eq!((issue.status, issue.schema, issue.count), (Status::InProgress, SCHEMA, 0));
        assert_eq!((issue.reporter_id.as_str(), issue.updated_at), ("system", issue.created_at));
        assert_eq!(issue.source, None);
    }

    #[test]
    fn an_issue_of_a_later_release_is_refused() {
        let error = issue(map(json!({"schema": SCHEMA + 1}))).expect_err("refused");
        assert!(error.is::<Newer>(), "{error}");
    }
}
