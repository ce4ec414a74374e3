//! Places in a sentence where a word of the language is a value all the same.
//!
//! Without memory a word that varies looks like one that does not. Only its place can tell: behind `of type`, on either
//! side of an arrow, before a version in parentheses. Words that say what happened stay at most of these places too.

use super::{
    Scan,
    bytes::{at, run_at_most, starts},
    name::{ends_line, last_word, speaks},
    value::is_identifier,
    vocabulary::{PREPOSITIONS, SPEAKING_WORDS, SQL_VERBS, sorted_holds},
};

impl Scan<'_, '_> {
    /// Whether the word at `self.at..end` stands where a value stands.
    pub(super) fn is_at_place(&self, end: usize) -> bool {
        let text = self.text.get(self.at..end).unwrap_or_default();
        let before = self.bytes.get(..self.at).unwrap_or_default();
        let next = at(self.bytes, end);
        // Asked for every word that stays: the last bytes tell nearly always that it is none of these.
        let arrow = next == b' ' && at(self.bytes, end + 1) == b'-' && starts(self.bytes, end, " -> ");
        let versioned = next == b' ' && at(self.bytes, end + 1) == b'(' && self.is_before_version(end);
        let spaced = match before {
            [.., b'>', b' '] => before.ends_with(b" -> "),
            [.., b'e' | b'd' | b's', b' '] => is_kind(before),
            _ => false,
        };
        if arrow || spaced || (versioned && before.last() == Some(&b' ')) {
            return !sorted_holds(SPEAKING_WORDS, text);
        }
        // `provides /usr/bin/x (keeper)`: said of what was taken out.
        if next == b')' && self.sink.ends_with_hole_and(" (") {
            return !speaks(text) && !sorted_holds(SPEAKING_WORDS, text);
        }
        // `took 5,cart-cleaner`: the rest of a list whose first part was taken out.
        let listed = before.ends_with(b",") && self.sink.ends_with_hole_and(",") && is_identifier(text);
        let from = next == b')' && before.ends_with(b"(from ");
        listed
            || from
            || self.is_in_state(before, text, end)
            || (is_asked_for(before) && ends_line(self.bytes, end))
    }

    /// `in Empty state`: one of a few.
    fn is_in_state(&self, before: &[u8], text: &str, end: usize) -> bool {
        before.ends_with(b"in ")
            && text.starts_with(|first: char| first.is_ascii_uppercase())
            && (starts(self.bytes, end, " state") || starts(self.bytes, end, " mode"))
    }

    /// Whether a version in parentheses follows: `(7.88.1-10)`, `(1:2.4~rc1)`. `(0.5)` is a number.
    pub(super) fn is_before_version(&self, end: usize) -> bool {
        if !starts(self.bytes, end, " (") || !at(self.bytes, end + 2).is_ascii_digit() {
            return false;
        }
        let in_version =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'~' | b':');
        let close = run_at_most(self.bytes, end + 2, 64, in_version);
        let version = self.bytes.get(end + 2..close).unwrap_or_default();
        let parts = version.iter().filter(|&&byte| matches!(byte, b'.' | b'-' | b'~' | b'+')).count();
        let named = is_identifier(self.text.get(self.at..end).unwrap_or_default());
        at(self.bytes, close) == b')' && parts >= if named { 1 } else { 2 }
    }

    /// Whether a statement of SQL begins here, behind a word that announces one: `query: SELECT …`.
    pub(super) fn is_statement(&self, end: usize) -> bool {
        if at(self.bytes, end) != b' ' || end - self.at > 8 || self.at < 4 {
            return false;
        }
        let space = self.bytes.get(..self.at).unwrap_or_default();
        let before = match space {
            [head @ .., b':', b' ', b' ']
            | [head @ .., b':', b' ']
            | [head @ .., b' ', b' ']
            | [head @ .., b' '] => head,
            _ => return false,
        };
        if !matches!(before.last(), Some(b't' | b'T' | b'y' | b'Y' | b'l' | b'L')) {
            return false;
        }
        let text = self.text.get(self.at..end).unwrap_or_default();
        let word = last_word(before);
        ["statement", "query", "sql"].iter().any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
            && SQL_VERBS.iter().any(|known| text.eq_ignore_ascii_case(known))
    }
}

/// `of type ping, 12 bytes`: a kind is one of a few.
fn is_kind(before: &[u8]) -> bool {
    [&b"of type "[..], b"of kind ", b"of class "].iter().any(|ends| before.ends_with(ends))
}

/// `added quota for: carts`.
fn is_asked_for(before: &[u8]) -> bool {
    before.strip_suffix(b": ").is_some_and(|head| {
        let word = last_word(head);
        PREPOSITIONS.holds_any_case(word)
    })
}
