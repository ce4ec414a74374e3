//! The value behind a telling name: `password=…`, `"api_key": "…"`, `Authorization: Bearer …`, `--token …`.

use serde_json::Value;

use super::{Cut, MARK, name};

/// Names and values are not looked for further than this.
const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 16 * 1024;

/// How a name is joined to its value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joint {
    /// `name=value`, `name: value` where the name is quoted, `name => value`.
    Sure,
    /// `name = value`: a setting, or a line of a program.
    Assignment,
    /// `name: value`: a header or a setting, or prose.
    Colon,
    /// `--name value`.
    Flag,
    /// `<name>value`.
    Tag,
    /// `password 'value'`.
    Quote,
}

/// What to cut for the needle at `start..end`.
pub(super) fn at<'a>(text: &str, start: usize, end: usize) -> Option<Cut<'a>> {
    let bytes = text.as_bytes();
    let name_start = start - back(bytes, start);
    let name_end = forward(bytes, end, MAX_NAME, is_name);
    // A mark of an earlier pass names its kind.
    if text.get(..name_start)?.ends_with(MARK) {
        return None;
    }
    let name = text.get(name_start..name_end)?;
    let kind = name::kind_of(name)?;
    let (joint, value) = joint(bytes, name_start, name_end, kind)?;
    if text.get(value..)?.starts_with(MARK) {
        return None;
    }
    // `PWD=/srv/app`: the shell's working directory.
    let shell =
        name.len() >= 3 && name.get(name.len() - 3..).is_some_and(|end| end.eq_ignore_ascii_case("pwd"));
    if shell && matches!(byte(bytes, value), b'/' | b'~' | b'.') {
        return None;
    }
    let (value, value_end) = match kind {
        "authorization" => authorization(text, value, joint)?,
        "cookie" => cookie(text, value)?,
        _ => single(text, value, joint, kind)?,
    };
    (value_end > value).then(|| Cut::new(value, value_end, kind))
}

/// Whether a JSON value behind a telling name is worth cutting.
pub(super) fn is_secret_value(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) => false,
        Value::String(text) => !is_placeholder(text) && !text.starts_with(MARK),
        Value::Number(number) => number.to_string().len() >= 4,
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

fn byte(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or_default()
}

/// Length of the name before `start`.
fn back(bytes: &[u8], start: usize) -> usize {
    let before = bytes.get(start.saturating_sub(MAX_NAME)..start).unwrap_or_default();
    before.iter().rev().take_while(|&&byte| is_name(byte)).count()
}

fn forward(bytes: &[u8], from: usize, max: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let end = bytes.len().min(from + max);
    from + bytes.get(from..end).unwrap_or_default().iter().take_while(|&&byte| wanted(byte)).count()
}

fn blanks(bytes: &[u8], from: usize) -> usize {
    forward(bytes, from, 8, |byte| byte == b' ' || byte == b'\t')
}

/// How the name at `start..end` is joined to what follows, and where that begins.
fn joint(bytes: &[u8], start: usize, end: usize, kind: &str) -> Option<(Joint, usize)> {
    let closing = forward(bytes, end, 4, |byte| byte == b'\\');
    let quoted = matches!(byte(bytes, closing), b'"' | b'\'' | b'`');
    let after = if quoted { closing + 1 } else { end };
    let after = after + usize::from(byte(bytes, after) == b']');
    let spaced = blanks(bytes, after);
    let value = |separator: usize| blanks(bytes, spaced + separator);
    match (byte(bytes, spaced), byte(bytes, spaced + 1)) {
        (b'=', b'=') | (b'=', b'~') => None,
        (b'=', b'>') | (b':', b'=') => Some((Joint::Sure, value(2))),
        (b'=', _) if spaced > after && !quoted => Some((Joint::Assignment, value(1))),
        (b'=', _) => Some((Joint::Sure, value(1))),
        (b':', b':') => None,
        (b':', _) if quoted => Some((Joint::Sure, value(1))),
        (b':', next) if spaced == after => {
            let close = !matches!(next, b' ' | b'\t');
            Some((if close && name::is_strong(kind) { Joint::Sure } else { Joint::Colon }, value(1)))
        }
        (b'>', _) if start > 0 && byte(bytes, start - 1) == b'<' => Some((Joint::Tag, spaced + 1)),
        (b'"' | b'\'', _) if kind == "password" && spaced == after + 1 && !quoted => {
            Some((Joint::Quote, spaced))
        }
        _ if spaced > after && is_flag(bytes, start) && byte(bytes, spaced) != b'-' => {
            Some((Joint::Flag, spaced))
        }
        _ => None,
    }
}

/// `--token`: the name was read with its dashes.
fn is_flag(bytes: &[u8], start: usize) -> bool {
    byte(bytes, start) == b'-' && byte(bytes, start + 1) == b'-'
}

/// One value, quoted or not.
fn single(text: &str, start: usize, joint: Joint, kind: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    if matches!(byte(bytes, start), b'{' | b'[' | b'<' | b'(') {
        return None;
    }
    if let Some((inside, end)) = quoted(bytes, start) {
        let value = text.get(inside..end)?;
        let prose = matches!(joint, Joint::Colon | Joint::Assignment)
            && !name::is_strong(kind)
            && !looks_secret(value);
        return (!prose && !is_placeholder(value)).then_some((inside, end));
    }
    let end = unquoted_end(bytes, start, joint);
    let value = text.get(start..end)?;
    if is_placeholder(value) || is_program(text, start, end) {
        return None;
    }
    let last = matches!(
        byte(bytes, blanks(bytes, end)),
        0 | b'\n' | b'\r' | b',' | b';' | b'"' | b'\'' | b'}' | b')' | b']'
    );
    let cut = match joint {
        Joint::Sure | Joint::Flag => name::is_strong(kind) || !is_small_number(value),
        Joint::Assignment => (name::is_strong(kind) && last) || looks_secret(value),
        Joint::Colon if name::is_strong(kind) => looks_secret(value) || (last && !is_prose(value)),
        Joint::Colon | Joint::Tag => looks_secret(value) || (joint == Joint::Tag && name::is_strong(kind)),
        Joint::Quote => false,
    };
    cut.then_some((start, end))
}

/// Inside and end of the quoted value that begins at `start`, the quote perhaps escaped (JSON inside JSON). A value
/// without its closing quote ends with the line.
fn quoted(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let slashes = forward(bytes, start, 8, |byte| byte == b'\\') - start;
    let quote = byte(bytes, start + slashes);
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let inside = start + slashes + 1;
    let end = bytes.len().min(inside + MAX_VALUE);
    let mut run = 0;
    for (index, &byte) in bytes.iter().enumerate().take(end).skip(inside) {
        if byte == b'\n' {
            return Some((inside, index));
        }
        if byte == quote && run <= slashes {
            return Some((inside, index - run));
        }
        run = if byte == b'\\' { run + 1 } else { 0 };
    }
    Some((inside, end))
}

/// End of an unquoted value. A comma or a bracket ends it only where what follows cannot belong to it.
fn unquoted_end(bytes: &[u8], start: usize, joint: Joint) -> usize {
    let limit = bytes.len().min(start + MAX_VALUE);
    let mut end = start;
    let mut identifier = true;
    while end < limit {
        let next = byte(bytes, end + 1);
        // A call or an index: a line of a program, judged by its caller.
        if identifier && end > start && matches!(byte(bytes, end), b'(' | b'[') {
            return end;
        }
        identifier &= is_name(byte(bytes, end));
        match byte(bytes, end) {
            0..=b' ' | b'"' | b'\'' | b'`' | b'&' | b';' | 0x7f => break,
            b'<' if joint == Joint::Tag => break,
            b'\\' if matches!(next, b'n' | b'r' | b't' | b'"') => break,
            b',' if !next.is_ascii_alphanumeric() || is_pair(bytes, end + 1) => break,
            b')' | b']' | b'}' | b'>' if !next.is_ascii_alphanumeric() => break,
            _ => end += 1,
        }
    }
    while end > start && matches!(byte(bytes, end - 1), b'.' | b':' | b',') {
        end -= 1;
    }
    end
}

/// Whether another pair begins here.
fn is_pair(bytes: &[u8], start: usize) -> bool {
    let end = forward(bytes, start, MAX_NAME, is_name);
    end > start && matches!(byte(bytes, end), b'=' | b':')
}

/// A program's own expression rather than a value: a call, an index, or the name of a variable that holds the secret.
fn is_program(text: &str, start: usize, end: usize) -> bool {
    let value = text.get(start..end).unwrap_or_default();
    let identifier = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.bytes().all(|byte| is_name(byte) && byte != b'-')
    };
    let opens = matches!(byte(text.as_bytes(), end), b'(' | b'[') && identifier(value);
    opens || (identifier(value) && name::kind_of(value).is_some())
}

/// Nothing there, or something that only stands for a value.
fn is_placeholder(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "null",
        "nil",
        "none",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
        "n/a",
        "string",
        "str",
        "bytes",
        "%s",
        "%v",
        "%q",
        "%d",
        "?",
        "-",
    ];
    let inner = value.trim();
    inner.is_empty()
        || WORDS.iter().any(|word| inner.eq_ignore_ascii_case(word))
        || inner
            .bytes()
            .all(|byte| matches!(byte, b'*' | b'x' | b'X' | b'.' | b'#' | b'\xe2' | b'\x80' | b'\xa2'))
        || ["${", "{{", "<", "[", "{", "(", "%("].iter().any(|open| inner.starts_with(open))
        || inner
            .strip_prefix('$')
            .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'))
}

/// Up to five digits are a number rather than a secret.
fn is_small_number(value: &str) -> bool {
    value.len() <= 5 && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Long, or of mixed make: what no sentence holds.
fn looks_secret(value: &str) -> bool {
    let digit = value.bytes().any(|byte| byte.is_ascii_digit());
    let letter = value.bytes().any(|byte| byte.is_ascii_alphabetic());
    let symbol = value.bytes().any(|byte| {
        matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+' | b'=' | b'~' | b'/')
    });
    let lower_upper = value.as_bytes().windows(2).any(|pair| matches!(pair, [b'a'..=b'z', b'A'..=b'Z']));
    match value.len() {
        0..=5 => false,
        6..=19 => letter && (digit || symbol) || (lower_upper && value.len() >= 12 && digit),
        _ => (letter && (digit || lower_upper)) || !value.contains(' '),
    }
}

/// A word that goes on with a sentence after `password:`.
fn is_prose(value: &str) -> bool {
    const WORDS: &[&str] = &[
        "empty",
        "error",
        "incorrect",
        "invalid",
        "mismatch",
        "missing",
        "must",
        "not",
        "set",
        "too",
        "unset",
        "weak",
        "wrong",
        "ok",
        "on",
        "off",
        "unknown",
        "the",
        "a",
    ];
    WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
        || value.ends_with("ed")
        || value.ends_with("ing")
}

/// `Bearer …`: the scheme stays.
fn authorization(text: &str, start: usize, joint: Joint) -> Option<(usize, usize)> {
    /// Schemes with one token after them, and schemes with parameters (RFC 9110, section 11.4).
    const TOKEN: &[&str] = &[
        "bearer",
        "basic",
        "token",
        "apikey",
        "api-key",
        "negotiate",
        "ntlm",
        "key",
        "jwt",
        "bot",
        "splunk",
    ];
    const PARAMETERS: &[&str] = &[
        "digest",
        "oauth",
        "aws4-hmac-sha256",
        "signature",
        "hawk",
        "hoba",
        "mutual",
        "sharedkey",
        "scram-sha-256",
    ];
    let bytes = text.as_bytes();
    let closing = quoted(bytes, start);
    let (start, limit) = closing.unwrap_or((start, bytes.len()));
    let scheme_end = unquoted_end(bytes, start, joint).min(limit);
    let scheme = text.get(start..scheme_end)?.to_ascii_lowercase();
    let value = blanks(bytes, scheme_end);
    if PARAMETERS.contains(&scheme.as_str()) {
        return Some((value, parameters_end(bytes, value).min(limit)));
    }
    let (value, end) = if TOKEN.contains(&scheme.as_str()) {
        (value, unquoted_end(bytes, value, joint).min(limit))
    } else {
        (start, if closing.is_some() { limit } else { scheme_end })
    };
    let secret = text.get(value..end)?;
    let sure = closing.is_some()
        || joint == Joint::Sure && !is_prose(secret)
        || scheme_end < value
        || looks_secret(secret);
    (sure && !secret.starts_with(MARK) && !is_placeholder(secret)).then_some((value, end))
}

/// End of `username="mia", response="7f77…"`: the quotes of the parameters do not end the header, those around it do.
fn parameters_end(bytes: &[u8], from: usize) -> usize {
    let mut end = line_end(bytes, from);
    while byte(bytes, end) == b'"' && end > from && byte(bytes, end - 1) == b'=' {
        let close = forward(bytes, end + 1, MAX_VALUE, |byte| !matches!(byte, b'\n' | b'"'));
        if byte(bytes, close) != b'"' {
            break;
        }
        end = line_end(bytes, close + 1);
    }
    end
}

/// All cookies of a header, or one value.
fn cookie(text: &str, start: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    if let Some((inside, end)) = quoted(bytes, start) {
        let value = text.get(inside..end)?;
        return (value.contains('=') || looks_secret(value)).then_some((inside, end));
    }
    let first_end =
        forward(bytes, start, MAX_VALUE, |byte| byte > b' ' && !matches!(byte, b';' | b',' | b'"' | b'\''));
    let first = text.get(start..first_end)?;
    if is_program(text, start, first_end) || !(first.contains('=') || looks_secret(first)) {
        return None;
    }
    let limit = line_end(bytes, start);
    let line = text.get(start..limit)?;
    // In a printed map (`{Cookie=a=b; c=d, Host=x}`) the next entry is another header.
    let end = start + line.find(", ").or_else(|| line.find('}')).unwrap_or(line.len());
    Some((start, start + text.get(start..end)?.trim_end().len()))
}

/// End of the header that goes on at `from`: the line's, or an outer quote's, or an escaped line break.
fn line_end(bytes: &[u8], from: usize) -> usize {
    let end = forward(bytes, from, MAX_VALUE, |byte| !matches!(byte, b'\n' | b'\r' | b'"' | b'\'' | b'`'));
    let line = bytes.get(from..end).unwrap_or_default();
    let escaped = line.windows(2).position(|pair| matches!(pair, b"\\n" | b"\\r"));
    let end = escaped.map_or(end, |offset| from + offset);
    if byte(bytes, end.saturating_sub(1)) == b'\\' && end > from { end - 1 } else { end }
}
