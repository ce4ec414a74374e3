//! Taking typed values out of a JSON object while gathering **every** error with its pointer: who fixes a request
//! should have to do it once.

use issue::document::Mute;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};

use crate::{
    problem::FieldError,
    text,
    vocabulary::{Words, listed, meaning},
};

/// More errors than this help nobody and would let a small body buy a large answer.
const MAX_ERRORS: usize = 100;

/// How a string may look.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Characters.
    pub max: usize,
    /// What happens to a longer one.
    pub over: Over,
    /// Whether line breaks stay.
    pub multi_line: bool,
}

/// What happens to text that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It is cut, with a mark.
    Cut,
    /// It is an error: a cut name would be another name.
    Refuse,
}

impl Text {
    /// One line of prose, cut when longer.
    pub const fn line(max: usize) -> Self {
        Self { max, over: Over::Cut, multi_line: false }
    }

    /// Prose of many lines, cut when longer.
    pub const fn block(max: usize) -> Self {
        Self { max, over: Over::Cut, multi_line: true }
    }

    /// A name, refused when longer.
    pub const fn name(max: usize) -> Self {
        Self { max, over: Over::Refuse, multi_line: false }
    }
}

/// What was found wrong so far.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// Notes one.
    pub fn add(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < MAX_ERRORS {
            self.0.push(FieldError { pointer: pointer.into(), message: message.into() });
        }
    }

    /// The value, if nothing was wrong.
    pub fn or<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// A JSON object that is being read.
#[derive(Debug)]
pub struct Fields<'e> {
    map: Map<String, Value>,
    at: String,
    errors: &'e mut Errors,
    cut: Vec<&'static str>,
}

impl<'e> Fields<'e> {
    /// Begins reading `value`, which stands at the pointer `at`. Anything but an object is one error and then empty.
    pub fn of(value: Value, at: impl Into<String>, errors: &'e mut Errors) -> Self {
        let at = at.into();
        let map = match value {
            Value::Object(map) => map,
            _ => {
                errors.add(&at, "must be a JSON object");
                Map::new()
            }
        };
        Self { map, at, errors, cut: Vec::new() }
    }

    /// Begins reading a value inside this one, which stands at the pointer `at`.
    pub fn inner(&mut self, value: Value, at: String) -> Fields<'_> {
        Fields::of(value, at, self.errors)
    }

    /// Whether nothing was found wrong so far.
    pub fn is_sound(&self) -> bool {
        self.errors.0.is_empty()
    }

    /// Notes that the field `key` is wrong.
    pub fn refuse(&mut self, key: &str, message: impl Into<String>) {
        self.errors.add(pointer(&self.at, key), message);
    }

    /// Takes a field as it is, by its name or the camelCase form of it. `null` counts as absent.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.take_or_null(key).filter(|value| !value.is_null())
    }

    /// [`Fields::take`], but `null` is a value.
    pub fn take_or_null(&mut self, key: &str) -> Option<Value> {
        self.map.swap_remove(key).or_else(|| self.map.swap_remove(&camel(key)))
    }

    /// Puts a value back, to be read by one of the typed readers below.
    pub fn put(&mut self, key: &str, value: Value) {
        self.map.insert(key.to_owned(), value);
    }

    /// A string by `rule`; absent and blank are the same.
    pub fn text(&mut self, key: &'static str, rule: &Text) -> Option<String> {
        let value = self.take(key)?;
        let Value::String(raw) = value else {
            self.refuse(key, "must be a string");
            return None;
        };
        match fit(&raw, rule) {
            Ok((text, was_cut)) => {
                if was_cut {
                    self.cut.push(key);
                }
                (!text.is_empty()).then_some(text)
            }
            Err(message) => {
                self.refuse(key, message);
                None
            }
        }
    }

    /// A string by `rule` that must be there and not blank; `""` after noting the error.
    pub fn required(&mut self, key: &'static str, rule: &Text) -> String {
        match self.map.get(key).or_else(|| self.map.get(&camel(key))) {
            None | Some(Value::Null) => self.refuse(key, "is required"),
            Some(Value::String(raw)) if clean(raw, usize::MAX, rule).is_empty() => {
                self.refuse(key, "must not be empty");
            }
            Some(_) => return self.text(key, rule).unwrap_or_default(),
        }
        self.take_or_null(key);
        String::new()
    }

    /// One of `words`, in any case.
    pub fn choice<T: Copy>(&mut self, key: &str, words: Words<T>) -> Option<T> {
        let value = self.take(key)?;
        let found = value.as_str().and_then(|word| meaning(words, &word.trim().to_ascii_lowercase()));
        if found.is_none() {
            self.refuse(key, format!("must be one of {}", listed(words)));
        }
        found
    }

    /// One of `words` that must be there.
    pub fn required_choice<T: Copy>(&mut self, key: &str, words: Words<T>) -> Option<T> {
        if self.map.get(key).is_none_or(Value::is_null) {
            self.take_or_null(key);
            self.refuse(key, format!("is required: one of {}", listed(words)));
            return None;
        }
        self.choice(key, words)
    }

    /// A list of strings, blank ones and repeats left out. More than `count` are cut or refused like the texts.
    pub fn texts(&mut self, key: &str, count: usize, rule: &Text) -> Vec<String> {
        let items = match self.take(key) {
            None => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.refuse(key, "must be a list of strings");
                return Vec::new();
            }
        };
        if items.len() > count && rule.over == Over::Refuse {
            self.refuse(key, format!("must hold at most {count} items"));
        }
        let at = pointer(&self.at, key);
        let mut texts = Vec::new();
        for (index, item) in items.into_iter().take(count).enumerate() {
            let at = pointer(&at, &index.to_string());
            match item.as_str().map(|raw| fit(raw, rule)) {
                None => self.errors.add(at, "must be a string"),
                Some(Err(message)) => self.errors.add(at, message),
                Some(Ok((text, _))) if text.is_empty() || texts.contains(&text) => {}
                Some(Ok((text, _))) => texts.push(text),
            }
        }
        texts
    }

    /// A JSON object, kept as it is.
    pub fn object(&mut self, key: &str) -> Option<Value> {
        let value = self.take(key)?;
        if !value.is_object() {
            self.refuse(key, "must be a JSON object");
            return None;
        }
        Some(value)
    }

    /// A list, each item still to be read at the pointer that comes with it.
    pub fn list(&mut self, key: &str) -> Vec<(String, Value)> {
        match self.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let at = pointer(&self.at, key);
                let named = |(index, item): (usize, Value)| (pointer(&at, &index.to_string()), item);
                items.into_iter().enumerate().map(named).collect()
            }
            Some(_) => {
                self.refuse(key, "must be a list");
                Vec::new()
            }
        }
    }

    /// A whole number that fits `u32` and is not negative.
    pub fn number(&mut self, key: &str) -> Option<u32> {
        let value = self.take(key)?;
        let number = value.as_u64().and_then(|n| u32::try_from(n).ok());
        if number.is_none() {
            self.refuse(key, "must be a whole number from 0 to 4294967295");
        }
        number
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &str) -> Option<bool> {
        let value = self.take(key)?;
        if !value.is_boolean() {
            self.refuse(key, "must be true or false");
        }
        value.as_bool()
    }

    /// A time: ISO 8601; without a zone it is UTC.
    pub fn time(&mut self, key: &str) -> Option<Timestamp> {
        let value = self.take(key)?;
        let time = value.as_str().and_then(read_time);
        if time.is_none() {
            self.refuse(key, "must be a time such as 2026-11-21T08:00:00Z");
        }
        time
    }

    /// An explicit fingerprint: a string or a list of strings.
    pub fn fingerprint(&mut self, key: &str, rule: &Text) -> Option<Vec<String>> {
        let parts = match self.map.get(key) {
            Some(Value::String(_)) => {
                let one = self.take(key).map(|value| Value::Array(vec![value]));
                self.map.extend(one.map(|list| (key.to_owned(), list)));
                self.texts(key, 1, rule)
            }
            _ => self.texts(key, 20, rule),
        };
        (!parts.is_empty()).then_some(parts)
    }

    /// A mute: `{"until": time}`, `{"count": n}` or `{"nextRelease": "…"}`.
    pub fn mute(&mut self, key: &str) -> Option<Mute> {
        let value = self.take(key)?;
        let mute = serde_json::from_value(value);
        if mute.is_err() {
            self.refuse(key, r#"must be {"until": time}, {"count": number} or {"nextRelease": text}"#);
        }
        mute.ok()
    }

    /// Names of the texts that were cut so far.
    pub fn cut(&self) -> &[&'static str] {
        &self.cut
    }

    /// Names of the fields that nobody took.
    pub fn rest(&self) -> impl Iterator<Item = &str> {
        self.map.keys().map(String::as_str)
    }
}

/// The text as it will be kept and whether it was cut; or why it is refused.
fn fit(raw: &str, rule: &Text) -> Result<(String, bool), String> {
    let whole = clean(raw, usize::MAX, rule);
    if !text::longer_than(&whole, rule.max) {
        return Ok((whole, false));
    }
    match rule.over {
        Over::Cut => Ok((clean(raw, rule.max, rule), true)),
        Over::Refuse => Err(format!("must have at most {} characters", rule.max)),
    }
}

fn clean(raw: &str, max: usize, rule: &Text) -> String {
    if rule.multi_line { text::block(raw, max) } else { text::line(raw, max) }
}

/// ISO 8601 with a zone, or without one in UTC.
pub fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// The pointer (RFC 6901) of `key` in what stands at `at`.
pub fn pointer(at: &str, key: &str) -> String {
    let key = text::cut(key, 100, text::LINE_MARK);
    format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// `reporter_id` → `reporterId`: the older clients' spelling.
fn camel(key: &str) -> String {
    let mut camel = String::with_capacity(key.len());
    let mut upper = false;
    for c in key.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                camel.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn errors_of(value: Value, read: impl FnOnce(&mut Fields<'_>)) -> Vec<(String, String)> {
        let mut errors = Errors::default();
        read(&mut Fields::of(value, "", &mut errors));
        errors
            .or(())
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|error| (error.pointer, error.message))
            .collect()
    }

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(pointer("/a", "b/c~d"), "/a/b~1c~0d");
    }

    #[test]
    fn times_without_a_zone_are_utc() {
        for (text, expect) in [
            ("2026-11-21T08:00:00", Some("2026-11-21T08:00:00Z")),
            ("2026-11-21 08:00:00.5", Some("2026-11-21T08:00:00.5Z")),
            ("2026-11-21T08:00:00+02:00", Some("2026-11-21T06:00:00Z")),
            ("2026-11-21", Some("2026-11-21T00:00:00Z")),
            ("yesterday", None),
            ("", None),
            ("99999-01-01T00:00:00Z", None),
        ] {
            assert_eq!(read_time(text).map(|t| t.to_string()).as_deref(), expect, "{text}");
        }
    }

    #[test]
    fn both_spellings_are_taken_and_null_is_absent() {
        let mut errors = Errors::default();
        let value = json!({"reporterId": "a", "assignee_id": null});
        let mut fields = Fields::of(value, "", &mut errors);
        assert_eq!(fields.text("reporter_id", &Text::name(5)).as_deref(), Some("a"));
        assert_eq!(fields.text("assignee_id", &Text::name(5)), None);
        assert_eq!(fields.rest().count(), 0);
    }

    #[test]
    fn errors_are_gathered_with_their_places() {
        let found = errors_of(json!({"a": 1, "tags": ["x", 2, "long"], "n": -1, "o": []}), |fields| {
            fields.text("a", &Text::line(5));
            fields.required("b", &Text::line(5));
            fields.texts("tags", 5, &Text::name(3));
            fields.number("n");
            fields.object("o");
        });
        let places: Vec<&str> = found.iter().map(|(at, _)| at.as_str()).collect();
        assert_eq!(places, ["/a", "/b", "/tags/1", "/tags/2", "/n", "/o"]);
    }

    #[test]
    fn a_fingerprint_is_a_string_or_a_list() {
        let read = |value| {
            let mut errors = Errors::default();
            Fields::of(json!({ "f": value }), "", &mut errors).fingerprint("f", &Text::line(9))
        };
        assert_eq!(read(json!("a")), Some(vec!["a".to_owned()]));
        assert_eq!(read(json!(["a", "b"])), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(read(json!([])), None);
        assert_eq!(read(json!(" ")), None);
    }
}
