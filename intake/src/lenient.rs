//! Reading what an SDK sent: nobody is there to mend a field, so what has another shape than expected is left out.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    fields::{Text, read_time},
    text,
};

/// A string by `rule`, always cut and never refused; numbers and truth values as they print. Blank is absent.
pub(crate) fn text_of(value: &Value, rule: &Text) -> Option<String> {
    let raw = match value {
        Value::String(raw) => raw.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => return None,
    };
    let text = if rule.multi_line { text::block(&raw, rule.max) } else { text::line(&raw, rule.max) };
    Some(text).filter(|text| !text.is_empty())
}

/// [`text_of`] the first of `keys` that has any.
pub(crate) fn text_at(map: &Map<String, Value>, keys: &[&str], rule: &Text) -> Option<String> {
    keys.iter().find_map(|key| text_of(map.get(*key)?, rule))
}

/// A list; the older form `{"values": […]}` of it; or one object that stands for a list of one.
pub(crate) fn list_of(value: Option<&Value>) -> Vec<&Map<String, Value>> {
    match value {
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(map)) => match map.get("values") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).collect(),
            _ => vec![map],
        },
        _ => Vec::new(),
    }
}

/// A whole number above 0, also one that came as a string.
pub(crate) fn number_at(map: &Map<String, Value>, key: &str) -> Option<u32> {
    let number = match map.get(key)? {
        Value::String(digits) => digits.parse().ok()?,
        other => other.as_u64()?,
    };
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// A time as ISO 8601, or as seconds since 1970 with a fraction.
pub(crate) fn time_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => read_time(text).or_else(|| time_of_seconds(text.parse().ok()?)),
        other => time_of_seconds(other.as_f64()?),
    }
}

fn time_of_seconds(seconds: f64) -> Option<Timestamp> {
    // Microseconds are what a double still holds of a time in this century.
    let micros = (seconds * 1e6).round();
    let fits = micros.is_finite() && micros.abs() < 1e18;
    // In range by the line above, so the conversion is exact.
    fits.then(|| Timestamp::from_microsecond(micros as i64).ok()).flatten()
}

/// Whether a value says nothing: null, blank, empty.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
