//! The end of a file's path: what stays when the program is installed elsewhere or bundled anew.

use crate::{report::Language, search};

/// Appends the last two path segments, of which directories with a digit are skipped and the file's own name loses
/// what a bundler or a temporary file puts into it. Nothing for what is no file.
pub(super) fn tail(file: &str, language: Language, out: &mut String) {
    let path = local(file);
    let mut segments = segments(path);
    let Some(name) = segments.next() else { return };
    if let Some(directory) = segments.find(|segment| is_lasting(segment)) {
        out.push_str(directory);
        out.push('/');
    }
    file_name(name, language, out);
}

/// The names between slashes that are not empty, the last first.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let mut rest = path;
    std::iter::from_fn(move || {
        rest = trim_end(rest, |byte| matches!(byte, b'/' | b'\\'));
        let before = trim_end(rest, |byte| !matches!(byte, b'/' | b'\\'));
        let segment = rest.get(before.len()..).filter(|segment| !segment.is_empty());
        rest = before;
        segment
    })
}

/// A text without the bytes at its end that are `dropped`: all that are ASCII, or none that is.
fn trim_end(text: &str, dropped: impl Fn(u8) -> bool) -> &str {
    let kept = text.bytes().rposition(|byte| !dropped(byte)).map_or(0, |at| at + 1);
    text.get(..kept).unwrap_or(text)
}

/// Without scheme and authority, query and fragment, a bundler's markers, and `<…>` names.
fn local(file: &str) -> &str {
    let end = memchr::memchr2(b'?', b'#', file.as_bytes()).unwrap_or(file.len());
    let file = file.get(..end).unwrap_or_default();
    let path = match search::split_once(file, "://") {
        Some(("file" | "app" | "webpack" | "webpack-internal" | "ng" | "rsc", path)) => path,
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => file,
    };
    let pseudo = matches!(path, "native" | "<anonymous>" | "[native code]" | "anonymous")
        || path.starts_with("index ");
    if pseudo { "" } else { path }
}

/// A directory that the next release still has: no digit in it, and none of the usual names that mean "here".
fn is_lasting(segment: &str) -> bool {
    let temporary = segment.strip_prefix("tmp").is_some_and(|rest| rest.len() >= 6);
    !temporary
        && !matches!(segment, "." | "..")
        && !segment.bytes().any(|byte| byte.is_ascii_digit())
        && !segment.ends_with(':')
}

/// The file's name without the parts that look like a hash or a long number.
fn file_name(name: &str, language: Language, out: &mut String) {
    if name.starts_with('<')
        || !name.bytes().any(|byte| byte.is_ascii_digit() || byte == b'-' || byte == b'.')
    {
        return out.push_str(name);
    }
    let (stem, ending) = split_ending(name);
    let stem = if language == Language::Javascript { without_bundle_hash(stem) } else { stem };
    let before = out.len();
    let mut gap = "";
    let mut rest = stem;
    while !rest.is_empty() {
        let joiner = rest.bytes().position(|byte| matches!(byte, b'.' | b'-' | b'_'));
        let end = joiner.unwrap_or(rest.len());
        let part = rest.get(..end).unwrap_or_default();
        if !is_passing(part) {
            if out.len() > before {
                out.push_str(gap);
            }
            out.push_str(part);
        }
        gap = rest.get(end..end + 1).unwrap_or_default();
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    out.push_str(ending);
}

/// The name up to its last dot, and from there on.
fn split_ending(name: &str) -> (&str, &str) {
    match name.bytes().rposition(|byte| byte == b'.') {
        Some(dot) if dot > 0 => (name.get(..dot).unwrap_or_default(), name.get(dot..).unwrap_or_default()),
        _ => (name, ""),
    }
}

/// Bundlers append eight characters of base64url after `-` or `.`: `index-D4_x-9aB`.
fn without_bundle_hash(stem: &str) -> &str {
    let Some(cut) = stem.len().checked_sub(9) else { return stem };
    let (Some(head), Some(tail)) = (stem.get(..cut), stem.get(cut + 1..)) else { return stem };
    let joined = matches!(stem.as_bytes().get(cut), Some(b'-' | b'.'));
    let mixed = tail.bytes().any(|byte| byte.is_ascii_digit())
        || tail.bytes().skip(1).any(|byte| byte.is_ascii_uppercase());
    let alphabet = tail.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if joined && mixed && alphabet && !head.is_empty() { head } else { stem }
}

/// A part that the next build replaces: three digits in a row, six or more of letters and digits mixed, or eight and
/// more that could be hexadecimal.
fn is_passing(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 && part.len() < 8 {
        return false;
    }
    let run = part.as_bytes().windows(3).any(|three| three.iter().all(u8::is_ascii_digit));
    let hex = part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    run || hex || (digits >= 2 && part.len() >= 6 && digits < part.len())
}
