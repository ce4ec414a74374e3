//! JSON bodies, bounded before they are read: how deep they nest and how many values they hold.
//!
//! A body of 1 MiB can hold half a million values, each of which costs far more in memory than on the wire, and deep
//! nesting costs stack here and in every later reader. So one pass over the bytes judges both first.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::problem::{Fault, Problem};

/// How deep a body may nest. Below the 128 of the JSON reader, because a record wraps a body in levels of its own and
/// must be readable again.
pub const MAX_DEPTH: usize = 64;
/// How many values and keys a body may hold.
pub const MAX_VALUES: usize = 100_000;

/// Reads a body. Invalid UTF-8 and lone surrogates are replaced: broken text is what errors often consist of, and a
/// report must not be lost for it. Everything else that is not JSON is refused with its place.
pub fn parse(body: &[u8]) -> Result<Value, Problem> {
    read(body)
}

/// [`parse`] into any shape.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = String::from_utf8_lossy(body);
    if text.trim().is_empty() {
        return Err(Problem::new(Fault::Malformed, "the body is empty; JSON is expected"));
    }
    judge(text.as_bytes())?;
    serde_json::from_str(&without_lone_surrogates(&text))
        .map_err(|error| Problem::new(Fault::Malformed, format!("the body is not readable JSON: {error}")))
}

/// Counts brackets and separators outside strings.
fn judge(text: &[u8]) -> Result<(), Problem> {
    let (mut depth, mut values, mut quoted, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in text {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (true, _) => {}
            (false, b'[' | b'{') => {
                depth += 1;
                values += 1;
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (false, b',' | b':') => values += 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(Problem::new(
                Fault::Malformed,
                format!("the body nests deeper than {MAX_DEPTH} levels"),
            ));
        }
        if values > MAX_VALUES {
            return Err(Problem::new(
                Fault::Malformed,
                format!("the body holds more than {MAX_VALUES} values"),
            ));
        }
    }
    Ok(())
}

/// Replaces `\ud800`–`\udfff` escapes that are not a pair by `\ufffd`. Some serialisers write them for bytes that
/// were no text (Python's `surrogateescape`), and strict readers refuse the whole body for one.
fn without_lone_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return Cow::Borrowed(text);
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let taken = match (surrogate(escape), escape.get(6..).and_then(surrogate)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => escape.get(..12),
            (Some(_), _) => None,
            // Any other escape is a backslash and one character; `\\` must be passed as a whole.
            (None, _) => escape.char_indices().nth(2).map_or(Some(escape), |(end, _)| escape.get(..end)),
        };
        mended.push_str(taken.unwrap_or("\\ufffd"));
        rest = escape.get(taken.map_or(6, str::len)..).unwrap_or_default();
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

/// The code unit of `\udXXX` at the start of `escape`.
fn surrogate(escape: &str) -> Option<u32> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    let unit = u32::from_str_radix(digits, 16).ok()?;
    (0xd800..=0xdfff).contains(&unit).then_some(unit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nesting_is_bounded() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        let refused = parse(nested(MAX_DEPTH + 1).as_bytes()).expect_err("too deep");
        assert_eq!(refused.fault, Fault::Malformed);
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
        assert!(parse(br#""[[[[\"[[[["#).is_err(), "an open string is not JSON");
    }

    #[test]
    fn values_are_bounded() {
        let list = |n: usize| format!("[{}]", vec!["0"; n].join(","));
        assert!(parse(list(MAX_VALUES).as_bytes()).is_ok());
        assert!(parse(list(MAX_VALUES + 2).as_bytes()).is_err());
    }

    #[test]
    fn broken_text_is_mended_and_broken_json_is_not() {
        assert_eq!(parse(b"{\"a\":\"\xff\"}").expect("mended"), json!({"a": "\u{fffd}"}));
        for (body, expect) in [
            (r#""\udc80x""#, "\u{fffd}x"),
            (r#""\ud83d\ude00""#, "😀"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\\ud800""#, "\\ud800"),
            (r#""\ud83d\n\ud800é""#, "\u{fffd}\n\u{fffd}é"),
        ] {
            assert_eq!(parse(body.as_bytes()).expect(body), expect, "{body}");
        }
        for body in ["", " ", "{", "{]", "nul", "{\"a\":1}x", "\"\\ud8\"", "\\", "\"\\"] {
            assert_eq!(parse(body.as_bytes()).expect_err(body).fault, Fault::Malformed, "{body}");
        }
    }

    proptest::proptest! {
        #[test]
        fn mending_leaves_sound_json_alone(text in "\\PC*") {
            let body = serde_json::to_string(&text).expect("JSON");
            proptest::prop_assert_eq!(parse(body.as_bytes()).expect("sound"), Value::String(text));
        }

        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert!(parse(&body).map_or_else(|p| p.fault == Fault::Malformed, |_| true));
        }
    }
}
