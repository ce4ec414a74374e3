//! Hand-written issues: `POST /api/v1/issues`.

use issue::{
    record::{IssueBody, IssueType},
    report::{Kind, Language, Level, Parsed, Priority},
};
use serde_json::Value;

use crate::{
    context,
    fields::{Errors, Fields, Text},
    problem::FieldError,
    text,
    vocabulary::{ISSUE_TYPES, PRIORITIES, SEVERITIES, word},
};

/// One line for lists.
pub const TITLE: Text = Text::line(200);
/// The whole story.
pub const DESCRIPTION: Text = Text::block(10_000);
/// Who reported it, who has it.
pub const PERSON: Text = Text::name(100);
/// A label.
pub const TAG: Text = Text::name(50);
/// How many labels.
pub const TAGS: usize = 50;
/// Part of the product.
pub const COMPONENT: Text = Text::name(100);
/// One part of an explicit fingerprint.
pub const FINGERPRINT: Text = Text::name(500);

/// A hand-written issue, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// What becomes the record. `fingerprint` is not set yet: hashing is the engine's.
    pub body: IssueBody,
    /// The writer's own fingerprint.
    pub fingerprint: Option<Vec<String>>,
    /// What the writer should know: fields that were cut or not understood. Sentences.
    pub notes: Vec<String>,
}

/// Reads a request body that has been redacted already, or says everything that is wrong with it.
pub fn read(body: Value) -> Result<Written, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let issue = IssueBody {
        title: fields.required("title", &TITLE),
        description: fields.required("description", &DESCRIPTION),
        issue_type: fields.required_choice("type", ISSUE_TYPES).unwrap_or_default(),
        priority: fields.required_choice("priority", PRIORITIES).unwrap_or_default(),
        reporter_id: fields.required("reporter_id", &PERSON),
        assignee_id: fields.text("assignee_id", &PERSON),
        tags: fields.texts("tags", TAGS, &TAG),
        component: fields.text("component", &COMPONENT),
        severity: fields.choice("severity", SEVERITIES).map(|level| word(SEVERITIES, level).to_owned()),
        context: fields.object("context").map(context::bounded),
        fingerprint: None,
        created_at: fields.time("created_at"),
    };
    let fingerprint = fields.fingerprint("fingerprint", &FINGERPRINT);
    let notes = notes(&fields);
    errors.or(Written { body: issue, fingerprint, notes })
}

/// What was done to the request other than taking it.
fn notes(fields: &Fields<'_>) -> Vec<String> {
    let mut notes: Vec<String> = fields.cut().iter().map(|key| format!("{key} was truncated.")).collect();
    let unknown: Vec<String> = fields.rest().take(10).map(|key| text::line(key, 50)).collect();
    if !unknown.is_empty() {
        notes.push(format!("Fields not known here were ignored: {}.", unknown.join(", ")));
    }
    notes
}

/// The error that a bug tells of, for its fingerprint: an exact repeat of a bug is an occurrence of one issue.
/// The type is the writer's `context.error_type`, the text is the title.
pub fn as_parsed(body: &IssueBody) -> Option<Parsed> {
    if body.issue_type != IssueType::Bug {
        return None;
    }
    let error_type = body.context.as_ref().and_then(|context| context.get("error_type"));
    let level = match body.priority {
        Priority::Critical => Level::Fatal,
        _ => Level::Error,
    };
    Some(Parsed {
        error_type: error_type.and_then(Value::as_str).map(|name| text::line(name, 200)),
        ..Parsed::of_text(Kind::Log, level, Language::Unknown, body.title.clone())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sound() -> Value {
        json!({"title": "t", "description": "d", "type": "bug", "priority": "low", "reporter_id": "r"})
    }

    fn with(key: &str, value: Value) -> Result<Written, Vec<FieldError>> {
        let mut body = sound();
        body[key] = value;
        read(body)
    }

    #[test]
    fn every_limit_holds_on_both_sides() {
        let x = |n: usize| Value::String("x".repeat(n));
        let tags = |n: usize| Value::from((0..n).map(|i| format!("t{i}")).collect::<Vec<_>>());
        for (key, inside, outside) in [
            ("title", x(1), json!("")),
            ("title", x(1), json!(" \n")),
            ("title", x(1), json!(1)),
            ("title", x(1), Value::Null),
            ("description", x(10_000), json!("")),
            ("type", json!("Enhancement"), json!("story")),
            ("type", json!("task"), Value::Null),
            ("priority", json!("critical"), json!("urgent")),
            ("priority", json!("critical"), json!(1)),
            ("reporter_id", x(100), x(101)),
            ("reporter_id", x(1), json!("")),
            ("assignee_id", x(100), x(101)),
            ("assignee_id", Value::Null, json!(7)),
            ("tags", json!(["x".repeat(50)]), json!(["x".repeat(51)])),
            ("tags", tags(50), tags(51)),
            ("tags", Value::Null, json!("a,b")),
            ("component", x(100), x(101)),
            ("severity", json!("critical"), json!("bad")),
            ("context", json!({"a": [1]}), json!([1])),
            ("fingerprint", x(500), x(501)),
            ("fingerprint", json!(["a", "{{ default }}"]), json!({})),
            ("created_at", json!("2026-11-21T08:00:00"), json!("soon")),
            ("created_at", json!("2026-11-21T08:00:00Z"), json!(5)),
        ] {
            assert!(with(key, inside.clone()).is_ok(), "{key} {inside}");
            let errors = with(key, outside.clone()).expect_err(&format!("{key} {outside}"));
            assert_eq!(errors.len(), 1, "{key} {outside}: {errors:?}");
            assert!(errors[0].pointer.starts_with(&format!("/{key}")), "{errors:?}");
        }
    }

    #[test]
    fn prose_is_cut_and_said() {
        let written = with("title", json!("x".repeat(201))).expect("cut");
        assert_eq!(written.body.title.chars().count(), 200);
        assert_eq!(written.notes, ["title was truncated."]);
        let whole = with("title", json!("x".repeat(200))).expect("whole");
        assert_eq!(whole.body.title, "x".repeat(200));
        let written = with("description", json!("ä\n".repeat(5_001))).expect("cut");
        assert!(written.body.description.ends_with(text::TEXT_MARK));
        assert_eq!(written.body.description.chars().count(), 10_000);
    }

    #[test]
    fn all_errors_come_at_once() {
        let errors = read(json!({"type": "x", "tags": 1})).expect_err("wrong");
        let places: Vec<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(places, ["/title", "/description", "/type", "/priority", "/reporter_id", "/tags"]);
        assert_eq!(read(json!([])).expect_err("no object")[0].pointer, "");
    }

    #[test]
    fn unknown_fields_are_ignored_and_said() {
        let written = with("sverity", json!("error")).expect("taken");
        assert_eq!(written.notes, ["Fields not known here were ignored: sverity."]);
    }

    #[test]
    fn only_bugs_have_an_error_to_tell() {
        let mut body = with("context", json!({"error_type": "ValueError"})).expect("sound").body;
        let parsed = as_parsed(&body).expect("a bug");
        assert_eq!((parsed.error_type.as_deref(), parsed.message.as_str()), (Some("ValueError"), "t"));
        body.issue_type = IssueType::Task;
        assert_eq!(as_parsed(&body), None);
    }
}
