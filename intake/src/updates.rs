//! Comments on an issue and changes of its fields.

use issue::record::{CommentBody, UpdateBody};
use serde_json::{Map, Value};

use crate::{
    fields::{Errors, Fields, Text},
    issues::{DESCRIPTION, PERSON, TAG, TAGS, TITLE},
    problem::FieldError,
    text,
    vocabulary::{ISSUE_TYPES, PRIORITIES, STATUSES, Words, word},
};

/// What people write to each other.
pub const CONTENT: Text = Text::block(5_000);

/// Reads the body of `POST /api/v1/issues/{id}/comments`.
pub fn read_comment(body: Value) -> Result<CommentBody, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let comment = CommentBody {
        content: fields.required("content", &CONTENT),
        author_id: fields.required("author_id", &PERSON),
    };
    errors.or(comment)
}

/// Reads the body of `PATCH /api/v1/issues/{id}`. Only fields that are there change; `null` clears the assignee and
/// the mute and is refused elsewhere; a field that does not exist is refused, for its sender believes it changed.
pub fn read_update(body: Value, actor_id: &str) -> Result<UpdateBody, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let mut changes = Map::new();
    for (key, change) in CHANGES {
        if let Some(value) = fields.take_or_null(key)
            && let Some(value) = change(&mut fields, key, value)
        {
            changes.insert((*key).to_owned(), value);
        }
    }
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    for key in &unknown {
        fields.refuse(key, "is not a field that can be changed");
    }
    let actor_id = text::line(actor_id, PERSON.max);
    let nothing = changes.is_empty();
    let update = errors.or(UpdateBody { actor_id, changes })?;
    if nothing {
        let message = "must name at least one field to change".to_owned();
        return Err(vec![FieldError { pointer: String::new(), message }]);
    }
    Ok(update)
}

/// Reads one field and gives its new value in the form of the documents.
type Change = fn(&mut Fields<'_>, &'static str, Value) -> Option<Value>;

const CHANGES: &[(&str, Change)] = &[
    ("status", |fields, key, value| choice(fields, key, value, STATUSES)),
    ("priority", |fields, key, value| choice(fields, key, value, PRIORITIES)),
    ("type", |fields, key, value| choice(fields, key, value, ISSUE_TYPES)),
    ("assignee_id", |fields, key, value| match value {
        Value::Null => Some(Value::Null),
        value => required(fields, key, value, &PERSON),
    }),
    ("title", |fields, key, value| required(fields, key, value, &TITLE)),
    ("description", |fields, key, value| required(fields, key, value, &DESCRIPTION)),
    ("tags", |fields, key, value| {
        if value.is_null() {
            fields.refuse(key, "must be a list of strings");
        }
        fields.put(key, value);
        Some(Value::from(fields.texts(key, TAGS, &TAG)))
    }),
    ("mute", |fields, key, value| {
        if value.is_null() {
            return Some(Value::Null);
        }
        fields.put(key, value);
        serde_json::to_value(fields.mute(key)?).ok()
    }),
];

fn choice<T: Copy + PartialEq>(
    fields: &mut Fields<'_>,
    key: &'static str,
    value: Value,
    words: Words<T>,
) -> Option<Value> {
    fields.put(key, value);
    fields.required_choice(key, words).map(|meaning| Value::from(word(words, meaning)))
}

fn required(fields: &mut Fields<'_>, key: &'static str, value: Value, rule: &Text) -> Option<Value> {
    fields.put(key, value);
    Some(fields.required(key, rule)).filter(|text| !text.is_empty()).map(Value::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_comment_has_words_and_an_author() {
        let comment = read_comment(json!({"content": "x".repeat(5_001), "authorId": "a"})).expect("cut");
        assert_eq!(comment.content.chars().count(), 5_000);
        for (body, places) in [
            (json!({}), vec!["/content", "/author_id"]),
            (json!({"content": "\u{0}", "author_id": "a"}), vec!["/content"]),
            (json!({"content": "c", "author_id": "a".repeat(101)}), vec!["/author_id"]),
            (json!("c"), vec!["", "/content", "/author_id"]),
        ] {
            let errors = read_comment(body.clone()).expect_err("wrong");
            let found: Vec<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
            assert_eq!(found, places, "{body}");
        }
    }

    #[test]
    fn an_update_is_written_in_the_words_of_the_documents() {
        let body = json!({
            "status": "In-Progress", "priority": "high", "type": "task", "assigneeId": null, "title": " t ",
            "description": "d", "tags": ["a", "a"], "mute": {"count": 5}
        });
        let update = read_update(body, "me").expect("sound");
        assert_eq!(
            Value::Object(update.changes),
            json!({
                "status": "in-progress", "priority": "high", "type": "task", "assignee_id": null, "title": "t",
                "description": "d", "tags": ["a"], "mute": {"count": 5}
            })
        );
    }

    #[test]
    fn a_wrong_update_changes_nothing() {
        for (body, place) in [
            (json!({}), ""),
            (json!({"status": null}), "/status"),
            (json!({"status": "done"}), "/status"),
            (json!({"title": null}), "/title"),
            (json!({"title": ""}), "/title"),
            (json!({"tags": null}), "/tags"),
            (json!({"tags": ["x".repeat(51)]}), "/tags/0"),
            (json!({"mute": {"forever": true}}), "/mute"),
            (json!({"assignee_id": 5}), "/assignee_id"),
            (json!({"count": 5, "status": "open"}), "/count"),
        ] {
            let errors = read_update(body.clone(), "me").expect_err("wrong");
            let found: Vec<&str> = errors.iter().map(|e| e.pointer.as_str()).collect();
            assert_eq!(found, [place], "{body}");
        }
    }
}
