//! Looking for many words at once, in the ways that the hot path needs: is there any at all ([`any`], and
//! [`fronts`] where they are too many for that), which of them are there ([`words`]), which one does a text begin with
//! ([`beginnings`]), is a word one of a few ([`closed`]), is any of
//! them there whatever its case ([`rare`]); and for one short word in a short text ([`find`]), where the standard library first sets up a
//! search that is longer than the text.

mod any;
mod beginnings;
mod closed;
mod fronts;
mod rare;
mod words;

pub use self::{any::Any, beginnings::Beginnings, closed::Closed, fronts::Fronts, rare::Rare, words::Words};

/// Index of the first `needle` in `text`. For needles of a few bytes in texts of a line's length.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let (first, rest) = needle.split_first()?;
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(*first, text.get(from..)?)?;
        if text.get(at + 1..)?.starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A word of which one byte is rare in texts: it is looked for by that byte.
#[derive(Debug)]
pub struct Needle {
    word: &'static str,
    rare: usize,
}

impl Needle {
    /// `word`, in which `rare` stands.
    pub const fn new(word: &'static str, rare: char) -> Self {
        let mut at = 0;
        while word.as_bytes()[at] != rare as u8 {
            at += 1;
        }
        Self { word, rare: at }
    }

    /// Index of the first one in `text`.
    pub fn find(&self, text: &str) -> Option<usize> {
        let (text, word) = (text.as_bytes(), self.word.as_bytes());
        let rare = *word.get(self.rare)?;
        let starts = memchr::memchr_iter(rare, text).filter_map(|at| at.checked_sub(self.rare));
        starts.into_iter().find(|start| text.get(*start..).is_some_and(|rest| rest.starts_with(word)))
    }
}

/// Index of the last `needle` in `text`.
pub fn rfind(text: &str, needle: &str) -> Option<usize> {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    let (last, front) = needle.split_last()?;
    let mut until = text.len();
    loop {
        let at = memchr::memrchr(*last, text.get(..until)?)?;
        if text.get(..at)?.ends_with(front) {
            return Some(at - front.len());
        }
        until = at;
    }
}

/// `text` before and after the last `needle`.
pub fn rsplit_once<'t>(text: &'t str, needle: &str) -> Option<(&'t str, &'t str)> {
    let at = rfind(text, needle)?;
    Some((text.get(..at)?, text.get(at + needle.len()..)?))
}

/// `text` before and after the first `needle`.
pub fn split_once<'t>(text: &'t str, needle: &str) -> Option<(&'t str, &'t str)> {
    let at = find(text, needle)?;
    Some((text.get(..at)?, text.get(at + needle.len()..)?))
}

/// The lines of a text, as [`str::lines`] gives them.
pub fn lines(text: &str) -> impl Iterator<Item = &str> + Clone {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let (line, after) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, ""));
        rest = after.get(1..).unwrap_or_default();
        Some(if end.is_some() { line.strip_suffix('\r').unwrap_or(line) } else { line })
    })
}

/// As [`str::trim_start`], which decodes every letter, where most texts begin with no blanks or with a few.
#[inline]
pub fn trim_start(text: &str) -> &str {
    let blanks = text.bytes().take_while(|byte| is_blank(*byte)).count();
    let rest = text.get(blanks..).unwrap_or_default();
    if rest.as_bytes().first().is_some_and(|first| !first.is_ascii()) { rest.trim_start() } else { rest }
}

/// As [`str::trim_end`].
#[inline]
pub fn trim_end(text: &str) -> &str {
    let blanks = text.bytes().rev().take_while(|byte| is_blank(*byte)).count();
    let rest = text.get(..text.len() - blanks).unwrap_or_default();
    if rest.as_bytes().last().is_some_and(|last| !last.is_ascii()) { rest.trim_end() } else { rest }
}

/// As [`str::trim`].
#[inline]
pub fn trim(text: &str) -> &str {
    trim_end(trim_start(text))
}

/// White space of one byte.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// `text` up to the first `needle`, or all of it.
pub fn before<'t>(text: &'t str, needle: &str) -> &'t str {
    find(text, needle).and_then(|at| text.get(..at)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_standard_library() {
        for text in ["", "a", "a\n", "a\n\nb", "\n", "\r\n", "a\r\nb\r", "é\r\r\n"] {
            assert!(lines(text).eq(text.lines()), "{text:?}");
        }
    }

    #[test]
    fn blanks_are_those_of_the_standard_library() {
        for byte in 0..0x80 {
            assert_eq!(is_blank(byte), char::from(byte).is_whitespace(), "{byte}");
        }
        for text in ["", " ", "a", " \ta b\r\n", "\u{a0} a \u{2003} ", " é ", "\u{85}", "\u{1c}a\u{1c}"] {
            assert_eq!(trim_start(text), text.trim_start(), "{text:?}");
            assert_eq!(trim_end(text), text.trim_end(), "{text:?}");
            assert_eq!(trim(text), text.trim(), "{text:?}");
        }
    }

    #[test]
    fn one_word_is_found_as_the_standard_library_finds_it() {
        let texts = ["", "a", "aab", " at at ", "x at FILE", "é at é", "aaaa at", "at"];
        for needle in ["a", "at", " at ", "aab", "é", "aa at"] {
            for text in texts {
                assert_eq!(find(text, needle), text.find(needle), "{needle:?} in {text:?}");
                for rare in needle.chars().filter(char::is_ascii) {
                    let needle = Needle { word: needle, ..Needle::new(needle, rare) };
                    assert_eq!(needle.find(text), text.find(needle.word), "{needle:?} in {text:?}");
                }
                assert_eq!(rfind(text, needle), text.rfind(needle), "{needle:?} in {text:?}");
                assert_eq!(rsplit_once(text, needle), text.rsplit_once(needle), "{needle:?} in {text:?}");
                assert_eq!(split_once(text, needle), text.split_once(needle), "{needle:?} in {text:?}");
                assert_eq!(Some(before(text, needle)), text.split(needle).next(), "{needle:?} in {text:?}");
            }
        }
    }
}
