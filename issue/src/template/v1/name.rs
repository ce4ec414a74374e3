//! Words that are spelled as names in programs, and the places in a sentence where values stand.
//!
//! A word of the language is kept, always. What is joined by underscores, dots or several hyphens, or has a capital in
//! its middle, was chosen by whoever named a thing: it is a value where a value can stand. An exception are names that
//! tell what happened (`NOT_FOUND`, `AccessDenied`): those are kept everywhere.

use crate::search::Closed;

use super::{
    Kind, Scan,
    bytes::{at, is_word, run, run_at_most, starts},
    vocabulary::{
        ANNOUNCERS, ATTRIBUTES, CONTAINERS, EMPTY_VALUES, NOUNS, PREPOSITIONS, SMALL_WORDS, SPEAKING_PARTS,
        SPEAKING_WORDS, TURNING_VERBS, VERBS_OF_STATES, sorted_holds,
    },
};

/// Longer words are not looked at: nobody names a thing so.
const MAX_NAME: usize = 120;

impl Scan<'_, '_> {
    /// Whether the word at `self.at..end` is a value by its spelling and its place.
    pub(super) fn is_value_here(&self, end: usize) -> bool {
        let text = self.text.get(self.at..end).unwrap_or_default();
        let next = at(self.bytes, end);
        if text.len() > MAX_NAME || next == b'=' {
            return false;
        }
        let before = self.bytes.get(..self.at).unwrap_or_default();
        if text.starts_with(['n', 'N']) && EMPTY_VALUES.contains(&text) {
            let closes = ends_line(self.bytes, end) && before.ends_with(b" ");
            return closes || before.ends_with(b": ") || self.previous_word_is(&PREPOSITIONS);
        }
        if matches!(next, b'(' | b':') {
            return false;
        }
        // Almost all words are nothing but small letters: no name of a program.
        if !text.bytes().all(|byte| byte.is_ascii_lowercase())
            && let Some(is_value) = self.is_spelled_as_value(before, text, end)
        {
            return is_value;
        }
        self.is_at_place(end) || self.is_attribute(before, text, end) || self.is_turned_to(before, text, end)
    }

    /// What the spelling tells of the word `text` that ends at `end`, if it is spelled as names in programs are.
    fn is_spelled_as_value(&self, before: &[u8], text: &str, end: usize) -> Option<bool> {
        if is_constant_name(text) || (is_hyphenated_name(text) && !self.sink.is_empty()) {
            return Some(!speaks(text));
        }
        let last = ends_line(self.bytes, end);
        if is_program_name(text) {
            // `processing item cart_total`, but not `Starting OrderService`, which is all that the line says.
            let small = !text.starts_with(|first: char| first.is_ascii_uppercase());
            let closes = last && (before.ends_with(b": ") || (small && before.ends_with(b" ")));
            let announced =
                || [&PREPOSITIONS, &ANNOUNCERS, &NOUNS].into_iter().any(|list| self.previous_word_is(list));
            return Some(!speaks(text) && (closes || announced() || self.is_worked_on(before, end)));
        }
        let joined =
            last && text.contains('-') && super::value::is_identifier(text) && !text.starts_with("non");
        joined.then(|| !speaks(text) && self.previous_word_is(&PREPOSITIONS))
    }

    /// `initializing CartPublisher with`, `2 CartReply votes`: what a verb or a count is about.
    fn is_worked_on(&self, before: &[u8], end: usize) -> bool {
        let rest = self.text.get(end..).and_then(|rest| rest.strip_prefix(' ')).unwrap_or_default();
        let next = rest.split(' ').next().unwrap_or_default();
        let verb = before.strip_suffix(b" ").map(last_word).unwrap_or_default();
        let acts = verb.len() > 4 && (verb.ends_with(b"ing") || verb.ends_with(b"ed"));
        let text = self.text.get(self.at..end).unwrap_or_default();
        (acts && PREPOSITIONS.holds(next))
            || (has_hump(text) && !next.is_empty() && self.sink.ends_with_count())
    }

    /// Whether a noun and a colon stand before `start`: `method: shop.Cart.read: …`.
    pub(super) fn is_behind_noun(&self, start: usize) -> bool {
        let before = self.bytes.get(..start).unwrap_or_default();
        before.strip_suffix(b": ").is_some_and(|head| {
            let word = last_word(head);
            NOUNS.holds_any_case(word) || ANNOUNCERS.holds_any_case(word)
        })
    }

    /// End of three words or more that only commas join: `reader,writer,admin-role`. What has an equals sign among
    /// them is a row of pairs.
    pub(super) fn joined_list(&mut self, first_end: usize) -> Option<usize> {
        let bytes = self.bytes;
        if !matches!(at(bytes, first_end), b',' | b':' | b'/') || self.at < self.no_list_until {
            return None;
        }
        let in_list =
            |byte: u8| is_word(byte) || matches!(byte, b',' | b'-' | b'.' | b'/' | b':' | b'*' | b'@');
        let mut end = run(bytes, first_end, in_list);
        while end > first_end && matches!(at(bytes, end - 1), b'.' | b',' | b':') {
            end -= 1;
        }
        let list = bytes.get(self.at..end).unwrap_or_default();
        let commas = list.iter().filter(|&&byte| byte == b',').count();
        let letters = list.iter().any(u8::is_ascii_alphabetic);
        if commas < 2 || !letters || matches!(at(bytes, end), b'=' | b'(') {
            self.no_list_until = end.max(first_end + 1);
            return None;
        }
        Some(end)
    }

    /// End of the brackets that tell who speaks: `[thrd:main]`, and for the hash also `[CartReader on broker 1]` at the
    /// front of a message. A single word stays: `[error]`, `[worker]`.
    pub(super) fn speaker(&mut self) -> Option<usize> {
        let open = self.at;
        if at(self.bytes, open) != b'[' || !super::bytes::begins(self.bytes, open) {
            return None;
        }
        let (close, _) = self.closers.pair(self.bytes, open)?;
        let text = self.text.get(open + 1..close).filter(|text| text.len() <= MAX_NAME)?;
        let tag = text.split_once(':').is_some_and(|(name, value)| {
            let word = |byte: u8| is_word(byte) && !byte.is_ascii_digit();
            name.len() > 1 && name.bytes().all(word) && !super::value::speaks(name) && !value.is_empty()
        });
        let spaced = text.contains(' ');
        let tagged = tag && !spaced;
        let front = self.sink.is_key() && self.sink.has_no_sentence();
        let named = has_hump(text)
            || is_hyphenated_name(text)
            || (spaced && text.bytes().any(|byte| byte.is_ascii_digit()));
        (tagged && !speaks(text) || (front && named)).then_some(close + 1)
    }

    /// Where the arguments end that stand right behind a program's name: `addKeepAlive(Default, kWindow)`.
    pub(super) fn called_with(&mut self, start: usize, name_end: usize) -> Option<usize> {
        let text = self.text.get(start..name_end)?;
        if at(self.bytes, name_end) != b'(' || text.len() > MAX_NAME || !is_program_name(text) {
            return None;
        }
        let (close, _) = self.closers.pair(self.bytes, name_end)?;
        (close > name_end + 2).then_some(close)
    }

    /// Whether exactly one space lies between the word before and here, and the word is on the list.
    pub(super) fn previous_word_is(&self, list: &Closed) -> bool {
        let before = self.bytes.get(..self.at).unwrap_or_default();
        before.strip_suffix(b" ").is_some_and(|head| list.holds_any_case(last_word(head)))
    }

    /// Whether what ends at `end` is the last thing that the line says, and a preposition stands before it.
    pub(super) fn closes_after_preposition(&self, end: usize) -> bool {
        end > self.at && ends_line(self.bytes, end) && self.previous_word_is(&PREPOSITIONS)
    }

    /// `state: running` at the end, `status installed cart`: the value of an attribute that has a few of them.
    fn is_attribute(&self, before: &[u8], text: &str, end: usize) -> bool {
        let known = |head: &[u8]| ATTRIBUTES.holds_any_case(last_word(head));
        if let Some(head) = before.strip_suffix(b": ") {
            return known(head) && ends_line(self.bytes, end);
        }
        let Some(head) = before.strip_suffix(b" ") else { return false };
        // The last letters of attributes; asked for every word that stays.
        if matches!(head.last(), Some(b's' | b'e' | b'h' | b'n')) && known(head) {
            // `in state query, …`, `(state up)`.
            let attribute = last_word(head).len();
            let head = head.get(..head.len() - attribute).unwrap_or_default();
            let enclosed = head.ends_with(b"(") && at(self.bytes, end) == b')';
            if enclosed || (head.ends_with(b" in ") && !sorted_holds(SPEAKING_WORDS, text)) {
                return true;
            }
        }
        let participle = text.ends_with("ed") && !sorted_holds(VERBS_OF_STATES, text);
        let joined = text.contains('-') && !text.starts_with("non");
        if !(participle || joined || is_capitals(text)) || !known(head) {
            return false;
        }
        // `status reported by`: a sentence.
        let after = self.text.get(end..).and_then(|rest| rest.strip_prefix(' ')).unwrap_or_default();
        let word = after.split(' ').next().unwrap_or_default();
        !PREPOSITIONS.holds(word)
    }

    /// `changed to running`, `switched to READY`: what something turned into.
    fn is_turned_to(&self, before: &[u8], text: &str, end: usize) -> bool {
        let Some(head) = before.strip_suffix(b" to ") else { return false };
        let turning = |verb: &[u8]| TURNING_VERBS.holds_any_case(verb);
        // `set cart.colour to red`: a name stands between.
        let turns = turning(last_word(head))
            || (self.sink.ends_with_hole_and(" to ") && {
                let near = head.get(head.len().saturating_sub(80)..).unwrap_or_default();
                near.split(|&byte| byte == b' ').any(turning)
            });
        let alone = ends_line(self.bytes, end) || matches!(at(self.bytes, end), b',' | b';' | b')');
        turns
            && (alone || is_capitals(text))
            && !matches!(text, "the" | "a" | "an" | "it" | "be" | "this" | "that")
    }

    /// End of what a program prints of an object: `Offset(value=3, epoch=1)`, `RequestId[7]`, `Node{id: 3}`.
    pub(super) fn object(&mut self, start: usize, name_end: usize) -> Option<usize> {
        let open = at(self.bytes, name_end);
        let text = self.text.get(start..name_end)?;
        let capital = text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
        let (close, separators) = match open {
            b'(' if self.sink.is_empty() => return None,
            b'(' | b'[' | b'{' => self.closers.pair(self.bytes, name_end)?,
            _ => return None,
        };
        let fits = match open {
            b'(' if CONTAINERS.contains(&text) => true,
            // `by root(uid=0)`.
            b'(' if separators.equals && self.previous_word_is(&PREPOSITIONS) => true,
            b'(' if has_hump(text) && self.is_number_in(name_end + 1, close) => true,
            b'(' => (capital || has_hump(text)) && separators.equals,
            b'{' => separators.any() || close == name_end + 1,
            _ => (has_hump(text) || text == "map") && close > name_end + 1 || (capital && separators.any()),
        };
        fits.then(|| self.after_brackets(close + 1))
    }

    /// Whether digits, hexadecimal ones too, and nothing else stand here: `writeRecord(813968343)`.
    fn is_number_in(&self, start: usize, end: usize) -> bool {
        let inside = self.bytes.get(start..end).unwrap_or_default();
        inside.iter().any(u8::is_ascii_digit) && inside.iter().all(u8::is_ascii_hexdigit)
    }

    /// End of a command line's flag with its value: `--burst=10`, `--name="x y"`.
    pub(super) fn flag(&mut self) -> Option<usize> {
        let begins = self.at == 0 || !is_word(at(self.bytes, self.at - 1));
        let name = self.at + 2;
        if !begins || !starts(self.bytes, self.at, "--") || !at(self.bytes, name).is_ascii_alphabetic() {
            return None;
        }
        let end = run_at_most(self.bytes, name, 64, |byte| is_word(byte) || matches!(byte, b'-' | b'.'));
        if at(self.bytes, end) != b'=' {
            return None;
        }
        let value = end + 1;
        if matches!(at(self.bytes, value), b'"' | b'\'') {
            return self.closers.quote(self.bytes, value);
        }
        let in_value =
            |byte: u8| byte > b' ' && !matches!(byte, b',' | b';' | b'"' | b'\'' | b')' | b']' | 0x7f);
        Some(run(self.bytes, value, in_value))
    }

    /// Past the brackets that follow at once: `completeActivation[1](813968343)`.
    pub(super) fn after_brackets(&mut self, mut end: usize) -> usize {
        for _ in 0..4 {
            if !matches!(at(self.bytes, end), b'(' | b'[' | b'{') {
                break;
            }
            match self.closers.pair(self.bytes, end) {
                Some((close, _)) => end = close + 1,
                None => break,
            }
        }
        end
    }

    /// End of a name with a version or a place behind it: `left-pad@^1.3`, `cart@node1`, `attrs>=22,<24`.
    pub(super) fn specified(&self, name_end: usize) -> Option<usize> {
        let bytes = self.bytes;
        let (sign, next) = (at(bytes, name_end), at(bytes, name_end + 1));
        let third = at(bytes, name_end + 2);
        let fits = match sign {
            b'@' => is_word(next) || matches!(next, b'^' | b'~' | b'*' | b'<' | b'>' | b'='),
            b'<' | b'>' => next.is_ascii_digit() || (next == b'=' && third.is_ascii_digit()),
            b'=' | b'!' | b'~' => next == b'=' && third.is_ascii_digit(),
            _ => false,
        };
        let in_specifier = |byte: u8| {
            byte > b' ' && !matches!(byte, b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b'(' | b';' | 0x7f)
        };
        if !fits {
            return None;
        }
        let mut end = run(bytes, name_end + 1, in_specifier);
        while end > name_end + 1 && matches!(at(bytes, end - 1), b',' | b'.' | b':') {
            end -= 1;
        }
        Some(end)
    }

    /// `<nil>`, `(null)`, `(none)`: printed where a value is missing.
    pub(super) fn empty_or(&mut self, byte: u8) {
        // `lasted <1 s`: the sign goes with its number.
        let spaced = self.at > 0 && at(self.bytes, self.at - 1) == b' ';
        if byte == b'<' && spaced && at(self.bytes, self.at + 1).is_ascii_digit() {
            self.at += 1;
            return;
        }
        let close = if byte == b'<' { b'>' } else { b')' };
        let found = EMPTY_VALUES.iter().chain(&["none", "unknown", "unset", "empty"]).find(|word| {
            starts(self.bytes, self.at + 1, word) && at(self.bytes, self.at + 1 + word.len()) == close
        });
        match found {
            Some(word) => self.hole(Kind::Value, self.at + word.len() + 2),
            None => self.mark(byte),
        }
    }
}

/// Whether nothing but punctuation stands between here and the end of the line.
pub(super) fn ends_line(bytes: &[u8], end: usize) -> bool {
    let rest = bytes.get(end..).unwrap_or_default();
    rest.len() <= 2 && rest.iter().all(|byte| matches!(byte, b'.' | b',' | b';' | b'!' | b' ' | b'"' | b')'))
}

/// The letters at the end.
pub(super) fn last_word(head: &[u8]) -> &[u8] {
    let length = head.iter().rev().take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
    head.get(head.len() - length..).unwrap_or_default()
}

/// `READY`: two capitals or more.
fn is_capitals(text: &str) -> bool {
    text.len() >= 2 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// `MAX_POOL_SIZE`: capitals joined by underscores.
fn is_constant_name(text: &str) -> bool {
    let constant = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    text.bytes().all(constant) && text.trim_matches('_').contains('_')
}

/// `group-size-counter`: three parts or more, and none of them the glue of a phrase (`out-of-memory`).
pub(super) fn is_hyphenated_name(text: &str) -> bool {
    let part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    text.bytes().filter(|&byte| byte == b'-').count() >= 2
        && text.split('-').all(|each| part(each) && !SMALL_WORDS.contains(&each))
}

/// `cart_total`, `cartTotal`, `CartTotal`.
fn is_program_name(text: &str) -> bool {
    has_hump(text) || text.trim_matches('_').contains('_')
}

/// Whether a capital follows a small letter.
pub(super) fn has_hump(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|two| matches!(two, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()))
}

/// Whether a part of the name tells what happened: `NOT_FOUND`, `AccessDenied`, `TimeoutException`.
pub(super) fn speaks(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut start = 0;
    for index in 1..=bytes.len() {
        let boundary = index == bytes.len()
            || matches!(at(bytes, index), b'_' | b'-' | b'.')
            || (at(bytes, index - 1).is_ascii_lowercase() && at(bytes, index).is_ascii_uppercase());
        if !boundary {
            continue;
        }
        let part = text.get(start..index).unwrap_or_default().trim_start_matches(['_', '-', '.']);
        if SPEAKING_PARTS.holds_any_case(part.as_bytes()) {
            return true;
        }
        start = index;
    }
    false
}

/// `entries` → (`entr`, `y`), `files` → (`file`, ``): the singular of a counted thing, as a stem and its end.
pub(super) fn singular(word: &str) -> (&str, &str) {
    if word.len() < 4 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return (word, "");
    }
    if let Some(stem) = word.strip_suffix("ies") {
        return (stem, "y");
    }
    if let Some(stem) = word.strip_suffix("es")
        && ["ch", "sh", "ss", "x", "z"].iter().any(|end| stem.ends_with(end))
    {
        return (stem, "");
    }
    match word.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) => (stem, ""),
        _ => (word, ""),
    }
}
