//! Paths of files.

use super::{
    bytes::{at, is_letter, is_word, run, run_at_most},
    vocabulary::{FILE_ENDINGS, NO_FILES},
};

/// What may stand in a path without quotes.
fn is_path(byte: u8) -> bool {
    is_word(byte)
        || matches!(
            byte,
            b'/' | b'.' | b'-' | b'+' | b'%' | b'~' | b'@' | b'$' | b'#' | b'\\' | b'&' | b'*' | b'!'
        )
}

/// End of the path that begins at `start` with `/`, `~/`, `./`, `../` or `\\`.
pub(super) fn rooted(bytes: &[u8], start: usize) -> Option<usize> {
    if start > 0
        && (is_word(at(bytes, start - 1)) || matches!(at(bytes, start - 1), b'/' | b'.' | b')' | b']'))
    {
        return None;
    }
    let name = match (at(bytes, start), at(bytes, start + 1), at(bytes, start + 2)) {
        // A slash before an address: Java prints `/10.0.0.1:80` and `/[::1]:80`.
        (b'/', b'0'..=b'9', _) if super::address::ipv4(bytes, start + 1).is_some() => return None,
        (b'/', next, _) if is_path(next) && !matches!(next, b'/' | b'*') => start + 1,
        (b'~', b'/', _) | (b'.', b'/', _) => start + 2,
        (b'.', b'.', b'/') => start + 3,
        (b'.', b'.', b'.') if at(bytes, start + 3) == b'/' => start + 4,
        (b'\\', b'\\', next) if is_word(next) => start + 2,
        // A hidden file: `.bashrc`.
        _ => return None,
    };
    Some(end_of(bytes, name))
}

/// End of the path that goes on at `from`; a full stop at the end belongs to the sentence.
fn end_of(bytes: &[u8], from: usize) -> usize {
    let mut end = run(bytes, from, is_path);
    // `/system:basic-user`, `a/b::c`: a colon before a letter joins; one before a number tells the line.
    while at(bytes, end) == b':' && (is_letter(at(bytes, end + 1)) || at(bytes, end + 1) == b':') {
        end = run(bytes, end + 1, |byte| is_path(byte) || byte == b':');
    }
    while end > from
        && matches!(at(bytes, end - 1), b'.' | b'!' | b'*' | b':')
        && !bytes.get(..end).unwrap_or_default().ends_with(b"/*")
    {
        end -= 1;
    }
    end
}

/// End of `@scope/name`, with a version behind it or without; the sign is at `start`.
pub(super) fn scoped(bytes: &[u8], start: usize) -> Option<usize> {
    let alone = start == 0 || !is_word(at(bytes, start - 1));
    let end =
        run_at_most(bytes, start + 1, 256, |byte| is_path(byte) || matches!(byte, b'^' | b'=' | b'<' | b'>'));
    let fits = alone && is_word(at(bytes, start + 1)) && bytes.get(start..end)?.contains(&b'/');
    fits.then_some(end)
}

/// Past the path behind an address: `10.0.0.1:9092/bootstrap`.
pub(super) fn after_address(bytes: &[u8], end: usize) -> usize {
    if at(bytes, end) == b'/' && is_word(at(bytes, end + 1)) { end_of(bytes, end + 1) } else { end }
}

/// End of `C:\…` or `C:/…`; a letter is at `start`.
pub(super) fn drive(bytes: &[u8], start: usize) -> Option<usize> {
    let marked = at(bytes, start).is_ascii_alphabetic()
        && at(bytes, start + 1) == b':'
        && matches!(at(bytes, start + 2), b'\\' | b'/');
    // `x://` is the rest of a URL.
    (marked && at(bytes, start + 3) != b'/').then(|| end_of(bytes, start + 3))
}

/// Judges the run of path characters at `start`, in which a slash stands. `Ok`: where the path ends. `Err`: it is
/// none, and where the run ends.
///
/// A path without a root has two slashes or more, or ends with a file's ending; `and/or`, `read/write` and
/// `text/html` are words, `3/10` are numbers.
pub(super) fn relative(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let end = end_of(bytes, start);
    let text = bytes.get(start..end).unwrap_or_default();
    let separators = text.iter().filter(|byte| matches!(byte, b'/' | b'\\')).count();
    let letters = text.iter().any(u8::is_ascii_alphabetic);
    // `apps/v1`, `gpu-process/main`, `net.work/global` are names of places, `HTTP/2` is a protocol.
    let named =
        text.iter().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.' | b'*' | b'@'))
            && !text.starts_with(b"HTTP/");
    if letters && (separators >= 2 || (separators == 1 && (named || has_file_ending(text)))) {
        Ok(end)
    } else {
        Err(end.max(start + 1))
    }
}

/// Whether a name ends as files do.
pub(super) fn has_file_ending(name: &[u8]) -> bool {
    let Some(dot) = name.iter().rposition(|&byte| byte == b'.') else { return false };
    let ending = name.get(dot + 1..).unwrap_or_default();
    dot > 0
        && FILE_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known.as_bytes()))
        && !NO_FILES.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}
