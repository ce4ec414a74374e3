//! JSON → Firestore values and back.
//!
//! What Firestore cannot hold as it is (arrays within arrays, deep nesting, whole numbers past 63 bits, names that it
//! reserves) is kept as JSON text under the field's name with `Json` behind it: an error's context is whatever some
//! program made of it, and must come back as it was.

use std::collections::HashMap;

use firestore::gcloud_sdk::{
    google::firestore::v1::{ArrayValue, MapValue, Value, value::ValueType},
    prost_types,
};
use jiff::Timestamp;
use serde_json::{Map, Number, Value as Json};

/// The fields of a document.
pub(super) type Fields = HashMap<String, Value>;

/// Firestore takes 20 levels; what our documents put around a value is part of them.
const DEPTH: usize = 15;

/// Longest name of a field, in bytes (Firestore: usage and limits).
const NAME: usize = 1_500;

/// What a field's name ends with where its value is JSON text.
pub(super) const AS_TEXT: &str = "Json";

fn value(kind: ValueType) -> Value {
    Value { value_type: Some(kind) }
}

/// Text.
pub(super) fn text(text: impl Into<String>) -> Value {
    value(ValueType::StringValue(text.into()))
}

/// A whole number.
pub(super) fn integer(number: i64) -> Value {
    value(ValueType::IntegerValue(number))
}

/// True or false.
pub(super) fn boolean(is: bool) -> Value {
    value(ValueType::BooleanValue(is))
}

/// A list.
pub(super) fn array(values: Vec<Value>) -> Value {
    value(ValueType::ArrayValue(ArrayValue { values }))
}

/// Fields within a field.
pub(super) fn map(fields: Fields) -> Value {
    value(ValueType::MapValue(MapValue { fields }))
}

/// The name of a document, as a value to compare with.
pub(super) fn reference(name: String) -> Value {
    value(ValueType::ReferenceValue(name))
}

/// A time, cut to the microseconds that Firestore keeps.
pub(super) fn time(at: Timestamp) -> Value {
    value(ValueType::TimestampValue(stamp(at)))
}

/// A time as requests write it.
pub(super) fn stamp(at: Timestamp) -> prost_types::Timestamp {
    let micros = at.as_microsecond();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// A time as answers write it.
pub(super) fn at(stamp: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(stamp.seconds, stamp.nanos).ok()
}

/// The fields of a JSON object; those named in `times` are times.
pub(super) fn fields(object: Map<String, Json>, times: &[&str]) -> Fields {
    let field = |(name, json): (String, Json)| {
        let timed = times.contains(&name.as_str()).then(|| json.as_str()?.parse().ok().map(time)).flatten();
        match timed.or_else(|| encode(&json, DEPTH)) {
            Some(value) => (name, value),
            None => (name + AS_TEXT, text(json.to_string())),
        }
    };
    object.into_iter().map(field).collect()
}

fn encode(json: &Json, depth: usize) -> Option<Value> {
    let below = || depth.checked_sub(1);
    Some(match json {
        Json::Null => value(ValueType::NullValue(0)),
        Json::Bool(is) => boolean(*is),
        Json::Number(number) => match (number.as_i64(), number.is_f64()) {
            (Some(whole), _) => integer(whole),
            (None, true) => value(ValueType::DoubleValue(number.as_f64()?)),
            (None, false) => return None,
        },
        Json::String(string) => text(string.as_str()),
        Json::Array(items) if items.iter().any(Json::is_array) => return None,
        Json::Array(items) => {
            let below = below()?;
            array(items.iter().map(|item| encode(item, below)).collect::<Option<_>>()?)
        }
        Json::Object(object) => {
            let below = below()?;
            let field = |(name, json): (&String, &Json)| {
                let free = !name.is_empty()
                    && name.len() <= NAME
                    && !(name.starts_with("__") && name.ends_with("__"));
                if free { Some((name.clone(), encode(json, below)?)) } else { None }
            };
            map(object.iter().map(field).collect::<Option<_>>()?)
        }
    })
}

/// The JSON object that these fields were made of. Fields that only the store needs are in it as well.
pub(super) fn object(fields: Fields) -> Map<String, Json> {
    let mut named: Vec<_> = fields.into_iter().collect();
    named.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    let field = |(name, value): (String, Value)| match (name.strip_suffix(AS_TEXT), &value.value_type) {
        (Some(bare), Some(ValueType::StringValue(text))) => {
            (bare.to_owned(), serde_json::from_str(text).unwrap_or_default())
        }
        _ => (name, decode(value)),
    };
    named.into_iter().map(field).collect()
}

fn decode(value: Value) -> Json {
    match value.value_type {
        Some(ValueType::BooleanValue(is)) => Json::Bool(is),
        Some(ValueType::IntegerValue(number)) => number.into(),
        Some(ValueType::DoubleValue(number)) => Number::from_f64(number).map_or(Json::Null, Json::Number),
        Some(ValueType::TimestampValue(stamp)) => at(stamp).map_or(Json::Null, |at| at.to_string().into()),
        Some(ValueType::StringValue(text)) => Json::String(text),
        Some(ValueType::ArrayValue(array)) => Json::Array(array.values.into_iter().map(decode).collect()),
        Some(ValueType::MapValue(map)) => {
            let mut fields: Vec<_> = map.fields.into_iter().collect();
            fields.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            Json::Object(fields.into_iter().map(|(name, value)| (name, decode(value))).collect())
        }
        _ => Json::Null,
    }
}

/// The text that a field holds.
pub(super) fn text_of<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    match fields.get(name)?.value_type.as_ref()? {
        ValueType::StringValue(text) => Some(text),
        _ => None,
    }
}

/// The whole number that a field holds.
pub(super) fn integer_of(fields: &Fields, name: &str) -> Option<i64> {
    match fields.get(name)?.value_type.as_ref()? {
        ValueType::IntegerValue(number) => Some(*number),
        _ => None,
    }
}

/// The time that a field holds.
pub(super) fn time_of(fields: &Fields, name: &str) -> Option<Timestamp> {
    match fields.get(name)?.value_type.as_ref()? {
        ValueType::TimestampValue(stamp) => at(*stamp),
        _ => None,
    }
}

/// The fields within a field.
pub(super) fn map_of<'a>(fields: &'a Fields, name: &str) -> Option<&'a Fields> {
    match fields.get(name)?.value_type.as_ref()? {
        ValueType::MapValue(map) => Some(&map.fields),
        _ => None,
    }
}

/// The values that a field lists.
pub(super) fn array_of<'a>(fields: &'a Fields, name: &str) -> &'a [Value] {
    match fields.get(name).and_then(|value| value.value_type.as_ref()) {
        Some(ValueType::ArrayValue(array)) => &array.values,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_json() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::Bool),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            // Eighths: reading other decimals may be off by the last bit, here as everywhere.
            any::<i32>().prop_map(|eighths| Json::from(f64::from(eighths) / 8.0)),
            "\\PC{0,8}".prop_map(Json::String),
        ];
        leaf.prop_recursive(20, 80, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::Array),
                prop::collection::hash_map("[a-c_]{0,4}", inner, 0..4)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_a_program_sent_comes_back(context in any_json()) {
            let document = json!({"context": context, "createdAt": "2026-11-21T08:00:00.123456Z"});
            let object_before = document.as_object().cloned().unwrap_or_default();
            prop_assert_eq!(object(fields(object_before.clone(), &["createdAt"])), object_before);
        }
    }

    #[test]
    fn what_firestore_cannot_hold_is_kept_as_text() {
        for (context, as_text) in [
            (json!({"a": [1, {"b": [2]}]}), false),
            (json!([[1]]), true),
            (json!({"__name__": 1}), true),
            (json!({"": 1}), true),
            (json!(u64::MAX), true),
            (json!("{}"), false),
        ] {
            let document = json!({"context": context}).as_object().cloned().unwrap_or_default();
            let fields = fields(document, &[]);
            assert_eq!(fields.contains_key("contextJson"), as_text, "{context}");
        }
    }
}
