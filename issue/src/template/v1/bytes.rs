//! Classes of bytes, and reading past the end as NUL so that no look-ahead can fail.

const LETTER: u8 = 1;
const DIGIT: u8 = 2;
const HEX_LETTER: u8 = 4;
const JOINER: u8 = 8;
const OTHER_WORD: u8 = 16;

/// The classes of every byte. Bytes of characters beyond ASCII count as letters: such words are kept whole.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a'..=b'f' | b'A'..=b'F' => LETTER | HEX_LETTER,
            b'g'..=b'z' | b'G'..=b'Z' | 0x80.. => LETTER,
            b'0'..=b'9' => DIGIT,
            b'_' => OTHER_WORD,
            b'-' | b'.' | b'+' | b'$' | b'#' => JOINER,
            _ => 0,
        };
        byte += 1;
    }
    table
}

fn class(byte: u8) -> u8 {
    CLASS.get(byte as usize).copied().unwrap_or_default()
}

/// The byte at `index`, NUL past the end.
#[inline]
pub(super) fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or_default()
}

/// Letter, digit, underscore or a byte of a character beyond ASCII.
#[inline]
pub(super) fn is_word(byte: u8) -> bool {
    class(byte) & (LETTER | DIGIT | OTHER_WORD) != 0
}

/// Letter, or a byte of a character beyond ASCII.
#[inline]
pub(super) fn is_letter(byte: u8) -> bool {
    class(byte) & LETTER != 0
}

/// A byte that may stand between two parts of one word.
#[inline]
pub(super) fn is_joiner(byte: u8) -> bool {
    class(byte) & JOINER != 0
}

/// `0`–`9`, `a`–`f`, `A`–`F`.
#[inline]
pub(super) fn is_hex(byte: u8) -> bool {
    class(byte) & (DIGIT | HEX_LETTER) != 0
}

/// Whether a token that begins at `start` is not the rest of a longer one.
pub(super) fn begins(bytes: &[u8], start: usize) -> bool {
    start == 0 || !is_word(at(bytes, start - 1))
}

/// Index of the first byte at or after `from` that `wanted` refuses.
#[inline]
pub(super) fn run(bytes: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    from + rest.iter().position(|&byte| !wanted(byte)).unwrap_or(rest.len())
}

/// As [`run`], giving up after `max` bytes.
pub(super) fn run_at_most(bytes: &[u8], from: usize, max: usize, wanted: impl Fn(u8) -> bool) -> usize {
    let end = bytes.len().min(from.saturating_add(max));
    run(bytes.get(..end).unwrap_or_default(), from, wanted)
}

/// Whether `bytes` goes on with `word` at `from`, letters compared without case.
pub(super) fn starts(bytes: &[u8], from: usize, word: &str) -> bool {
    bytes.get(from..from + word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// End of the terminal escape sequence (ECMA-48 CSI) that begins at `from`; of the escape byte alone otherwise.
pub(super) fn after_escape(bytes: &[u8], from: usize) -> usize {
    if at(bytes, from + 1) != b'[' {
        return from + 1;
    }
    let end = run_at_most(bytes, from + 2, 32, |byte| (0x20..0x40).contains(&byte));
    if (0x40..0x7f).contains(&at(bytes, end)) { end + 1 } else { end }
}
