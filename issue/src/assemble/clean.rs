//! A line's bytes as text for matching: terminal escapes and NUL removed, invalid UTF-8 replaced, CRLF tolerated.

use std::borrow::Cow;

/// One past the last byte that [`clean`] removes.
pub fn odd_end(bytes: &[u8]) -> Option<usize> {
    memchr::memrchr2(0x1b, 0, bytes).map(|at| at + 1)
}

/// Cleans one line; borrows where there is nothing to do. `plain`: it is known to hold no byte that is removed.
pub fn clean(bytes: &[u8], plain: bool) -> Cow<'_, str> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if !plain && memchr::memchr2(0x1b, 0, bytes).is_some() {
        let stripped = strip(bytes);
        return Cow::Owned(String::from_utf8_lossy(&stripped).into_owned());
    }
    match simdutf8::basic::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// The kept front of an overlong line with a mark that says how much is missing.
pub fn cut(text: &str, bytes: u64) -> String {
    format!("{text} […{bytes} bytes cut]")
}

/// Removes NUL and escape sequences: CSI (`ESC [` … final byte), OSC (`ESC ]` … BEL or ST) and two-byte ones.
fn strip(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memchr2(0x1b, 0, rest) {
        let (before, from) = rest.split_at(at);
        kept.extend_from_slice(before);
        rest = from.get(escape_length(from)..).unwrap_or_default();
    }
    kept.extend_from_slice(rest);
    kept
}

fn escape_length(bytes: &[u8]) -> usize {
    match (bytes.first(), bytes.get(1)) {
        (Some(0), _) => 1,
        (_, Some(b'[')) => {
            let parameters = bytes.iter().skip(2).take_while(|byte| (0x20..0x40).contains(*byte)).count();
            (2 + parameters + 1).min(bytes.len())
        }
        (_, Some(b']')) => {
            let text = bytes.iter().skip(2).take_while(|byte| **byte != 0x07 && **byte != 0x1b).count();
            let end = 2 + text;
            if bytes.get(end) == Some(&0x1b) { end + 2 } else { end + 1 }
        }
        (_, Some(b'\\' | b'(' | b')' | b'=' | b'>' | b'7' | b'8' | b'c' | b'M')) => 2,
        _ => 1,
    }
}
