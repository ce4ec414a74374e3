//! What stands between a level and its message: logger, thread, process, caller.

use super::tokens::floor;
use crate::languages::frames::{is_number, names_an_error};

/// Skips what stands between the level and the message: separators, brackets, process numbers, loggers, callers.
pub fn skip_names(line: &str, from: usize, leveled: bool, timed: bool) -> usize {
    let mut at = from;
    let mut named = false;
    for _ in 0..6 {
        let rest = line.get(at..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t', ':', '|', '-', ',', ']']);
        at += rest.len() - trimmed.len();
        let skipped = if leveled { name_length(trimmed, timed) } else { None };
        // Behind a logger's name and its colon the message begins, with a number too.
        let number = trimmed.starts_with(|first: char| first.is_ascii_digit());
        let skipped = skipped.filter(|_| !(named && number));
        named |= skipped
            .is_some_and(|length| trimmed.get(..length).is_some_and(|name| name.ends_with(':')) && !number);
        match skipped {
            Some(length) if length < trimmed.len() => at += length,
            _ => break,
        }
    }
    at
}

/// The length of one name in front of the message, with what ends it.
fn name_length(text: &str, timed: bool) -> Option<usize> {
    let first = *text.as_bytes().first()?;
    if matches!(first, b'[' | b'(') {
        let close = if first == b'[' { ']' } else { ')' };
        let end = text.get(..floor(text, 80))?.find(close)?;
        let after = text.get(end + 1..)?;
        return (!after.trim().is_empty() && (timed || first == b'[')).then_some(end + 1);
    }
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let token = text.get(..end)?;
    let after = text.get(end..)?.trim_start_matches([' ', '\t']);
    if after.is_empty() {
        return joined_name(token);
    }
    let dashed = after.starts_with("- ")
        || after.starts_with("-- ")
        || after.starts_with("--- ")
        || after.starts_with(": ")
        || after.starts_with("| ");
    let numeric = token.starts_with(|first: char| first.is_ascii_digit() || first == '#')
        && token.bytes().all(|byte| byte.is_ascii_digit() || byte == b'#' || byte == b':');
    if numeric && token.ends_with(':') {
        return Some(end);
    }
    if numeric && (dashed || after.starts_with('[') || token.starts_with('#')) {
        return Some(end);
    }
    if let Some(name) = token.strip_suffix(':') {
        return (timed && is_logger(name) && !is_plain(name) && !names_an_error(name)).then_some(end);
    }
    if dashed && is_logger(token) {
        return Some(end);
    }
    let tabbed = text.get(end..)?.starts_with('\t');
    if timed && (is_caller(token) || tabbed && is_logger(token)) {
        return Some(end);
    }
    joined_name(token)
}

/// `root:message` of Python's default format.
fn joined_name(token: &str) -> Option<usize> {
    let (name, rest) = token.split_once(':')?;
    (!rest.is_empty() && !rest.starts_with([':', '/', '\\']) && is_logger(name) && !is_number(rest))
        .then_some(name.len() + 1)
}

/// A logger's name: letters, digits and joiners, with a lower-case start or a package.
fn is_logger(name: &str) -> bool {
    let bytes = name.as_bytes();
    let joined = name.contains(['.', '$', '_']) || name.contains("::");
    bytes.first().is_some_and(|byte| {
        byte.is_ascii_lowercase()
            || joined && byte.is_ascii_alphabetic()
            || byte.is_ascii_uppercase() && bytes.len() > 3
    }) && bytes.iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'$' | b'_' | b':' | b'-' | b'/' | b'[' | b']' | b'#' | b'@')
    })
}

/// A capitalised word or a code: before a colon it may as well be part of the message.
fn is_plain(name: &str) -> bool {
    let capitals = name.bytes().filter(u8::is_ascii_uppercase).count();
    let lower = name.bytes().any(|byte| byte.is_ascii_lowercase());
    !name.contains(['.', '$', '_']) && !name.contains("::") && (capitals == 1 || capitals > 0 && !lower)
}

/// `main.go:12`, `pkg/file.py:7`.
fn is_caller(token: &str) -> bool {
    token
        .trim_end_matches([':', ']'])
        .rsplit_once(':')
        .is_some_and(|(file, line)| is_number(line) && file.contains('.'))
}
