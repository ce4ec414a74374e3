//! What callers say besides the error (request, user, breadcrumbs), bounded: it is for people to read.

use serde_json::{Map, Value};

use crate::text;

/// Bytes of JSON that a context may have; a record has room for it beside frames and text.
pub const MAX_BYTES: usize = 64 * 1024;
/// Characters of one string in a context that is too large.
const MAX_STRING: usize = 1_000;
/// Entries of one list or object in a context that is too large.
const MAX_ENTRIES: usize = 50;
/// Stands where entries were left out.
const MORE: &str = "… more";

/// The context as it may be kept. One that is too large is thinned: long strings, lists and objects are cut, each with
/// a mark; and if that is not enough, only its size is told.
pub fn bounded(context: Value) -> Value {
    bounded_to(context, MAX_BYTES)
}

/// [`bounded`] with another bound.
pub fn bounded_to(context: Value, max: usize) -> Value {
    let size = size_of(&context);
    if size <= max {
        return context;
    }
    let thin = thinned(context);
    if size_of(&thin) <= max {
        return thin;
    }
    let note = format!("it had {size} bytes, at most {max} are kept");
    Value::Object(Map::from_iter([("truncated".to_owned(), Value::String(note))]))
}

fn size_of(value: &Value) -> usize {
    value.to_string().len()
}

fn thinned(value: Value) -> Value {
    match value {
        Value::String(long) => Value::String(text::cut(&long, MAX_STRING, text::TEXT_MARK)),
        Value::Array(items) => {
            let left_out = items.len().saturating_sub(MAX_ENTRIES);
            let mut kept: Vec<Value> = items.into_iter().take(MAX_ENTRIES).map(thinned).collect();
            if left_out > 0 {
                kept.push(Value::String(format!("{left_out}{MORE}")));
            }
            Value::Array(kept)
        }
        Value::Object(entries) => {
            let left_out = entries.len().saturating_sub(MAX_ENTRIES);
            let short = |(key, value): (String, Value)| (text::line(&key, 200), thinned(value));
            let mut kept: Map<String, Value> = entries.into_iter().take(MAX_ENTRIES).map(short).collect();
            if left_out > 0 {
                kept.insert("…".to_owned(), Value::String(format!("{left_out}{MORE}")));
            }
            Value::Object(kept)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_context_of_usual_size_stays_as_it_is() {
        let context = json!({"url": "/x", "n": [1, null, true]});
        assert_eq!(bounded(context.clone()), context);
    }

    #[test]
    fn a_large_context_is_thinned_with_marks() {
        let thin = bounded(json!({"body": "x".repeat(MAX_BYTES), "list": vec![1; 60], "n": 1}));
        assert_eq!(thin["n"], 1);
        assert!(thin["body"].as_str().expect("text").ends_with(text::TEXT_MARK));
        assert_eq!(thin["list"][50], "10… more");
    }

    #[test]
    fn a_huge_context_is_only_told_of() {
        let inner = vec!["x".repeat(900); 60];
        let huge = bounded(json!({"a": inner, "b": inner, "c": inner}));
        assert!(huge["truncated"].as_str().expect("a note").contains("at most 65536"));
    }
}
