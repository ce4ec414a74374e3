//! Tokens that begin with a letter, a digit or an underscore.

use std::sync::LazyLock;

use super::{
    Kind, Scan, address,
    bytes::{at, is_hex, is_joiner, is_letter, is_word, run, starts},
    number, path, time,
    vocabulary::{KNOWN_SHORT, KNOWN_STEMS, KNOWN_TOKENS, PREPOSITIONS},
};
use crate::search::Words;

/// A maximal run of word bytes, with joiners between them.
#[derive(Clone, Copy)]
pub(super) struct Word {
    pub(super) end: usize,
    pub(super) digits: bool,
    pub(super) letters: bool,
    dots: u32,
    /// Two dots stand between two of its parts: `storage..service`, `1..10`.
    elided: bool,
}

/// Reads the word at `start`.
pub(super) fn word(bytes: &[u8], start: usize) -> Word {
    let mut word = Word { end: start, digits: false, letters: false, dots: 0, elided: false };
    loop {
        let byte = at(bytes, word.end);
        if byte.is_ascii_digit() {
            word.digits = true;
        } else if is_letter(byte) {
            word.letters = true;
        } else if byte != b'_' {
            if !is_joiner(byte) || word.end == start || word.end >= bytes.len() {
                return word;
            }
            let next = at(bytes, word.end + 1);
            if next == byte && matches!(byte, b'.' | b'+') {
                // `g++`, `storage..service`; three dots end a sentence.
                if byte == b'.' && !is_word(at(bytes, word.end + 2)) {
                    return word;
                }
                word.elided |= byte == b'.';
                word.end += 1;
            } else if !is_word(next) {
                return word;
            }
            word.dots += u32::from(byte == b'.');
        }
        word.end += 1;
    }
}

impl Scan<'_, '_> {
    /// One token that begins with a word byte.
    pub(super) fn token(&mut self) {
        let (bytes, start) = (self.bytes, self.at);
        let word = self::word(bytes, start);
        if let Some(end) = self.joined_list(word.end) {
            return self.hole(Kind::List, end);
        }
        if let Some((kind, end)) = self.whole(start, &word) {
            return self.value_or_hole(kind, end);
        }
        if word.elided {
            return self.value_or_hole(Kind::Id, word.end);
        }
        if word.digits && !word.letters {
            return self.digits(start, &word);
        }
        if let Some(end) = self.object(start, word.end) {
            return self.value_or_hole(Kind::List, end);
        }
        if let Some(close) = self.called_with(start, word.end) {
            self.word(word.end);
            self.mark(b'(');
            return self.hole(Kind::List, close);
        }
        if word.digits && !self.is_known(start, word.end) {
            return self.mixed(start, &word);
        }
        // `HTTP/2`, `HTTP/1.1`: a protocol, not a count.
        if bytes.get(start..word.end) == Some(b"HTTP")
            && at(bytes, word.end) == b'/'
            && at(bytes, word.end + 1).is_ascii_digit()
        {
            return self.word(self::word(bytes, word.end + 1).end);
        }
        self.word(word.end);
    }

    /// The whole things that a token can begin.
    fn whole(&mut self, start: usize, word: &Word) -> Option<(Kind, usize)> {
        let bytes = self.bytes;
        let after = at(bytes, word.end);
        if after == b'@'
            && let Some(end) = address::email(bytes, word.end)
        {
            return Some((Kind::Email, end));
        }
        if matches!(after, b'@' | b'<' | b'>' | b'=' | b'!' | b'~')
            && word.letters
            && address::identity(bytes, word.end).is_none()
            && let Some(end) = self.specified(word.end)
        {
            return Some((Kind::Name, end));
        }
        // `pack_KB17~31bf38~amd64~~6.1`: parts of one identifier.
        if after == b'~' && (is_word(at(bytes, word.end + 1)) || at(bytes, word.end + 1) == b'~') {
            let end = run(bytes, word.end, |byte| is_word(byte) || is_joiner(byte) || byte == b'~');
            return Some((Kind::Id, end));
        }
        if after == b':'
            && let Some(end) = address::url(bytes, word.end)
        {
            return Some((Kind::Url, end));
        }
        if (word.digits || after == b':' || word.end == start + 17)
            && let Some(found) = digital(bytes, start, word)
        {
            return Some(found);
        }
        if word.letters { self.lettered(start, word, after) } else { None }
    }

    fn lettered(&mut self, start: usize, word: &Word, after: u8) -> Option<(Kind, usize)> {
        let bytes = self.bytes;
        if let Some(end) = time::named(bytes, start) {
            return Some((Kind::Time, end));
        }
        if matches!(after, b'/' | b'\\') && start >= self.no_path_until {
            match path::relative(bytes, start) {
                Ok(end) => return Some((Kind::Path, end)),
                Err(end) if after == b'/' && self.closes_after_preposition(end) => {
                    return Some((Kind::Path, end));
                }
                Err(end) => self.no_path_until = end,
            }
        }
        if after == b':'
            && word.end == start + 1
            && let Some(end) = path::drive(bytes, start)
        {
            return Some((Kind::Path, end));
        }
        let text = self.text.get(start..word.end)?;
        if word.dots > 0 || after == b':' || text.len() == 9 {
            let with_port = address::after_port(bytes, word.end, b"");
            if address::is_host(text, with_port > word.end) && (word.dots > 0 || text.len() == 9) {
                return Some((Kind::Host, with_port));
            }
        }
        if word.dots > 0 && path::has_file_ending(text.as_bytes()) {
            return Some((Kind::Path, word.end));
        }
        let ends = !matches!(after, b'(' | b':' | b'=') || (after == b':' && self.is_behind_noun(start));
        if word.dots >= 1 && ends && is_qualified(text) {
            return Some((Kind::Name, word.end));
        }
        (after == b':').then(|| self.glued(start, word.end)).flatten().map(|end| (Kind::Id, end))
    }

    /// End of two lower-case words joined by a colon and nothing else: `libc-bin:amd64`, `registry:latest`. Where the
    /// first is a level or the like, what follows is the message.
    fn glued(&self, start: usize, colon: usize) -> Option<usize> {
        let second = word(self.bytes, colon + 1);
        let name = |from: usize, to: usize| {
            let text = self.text.get(from..to).unwrap_or_default();
            let part = |byte: u8| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'-' | b'.' | b'+' | b'_')
            };
            (text.len() >= 2 && text.bytes().all(part) && text.starts_with(|c: char| c.is_ascii_lowercase()))
                .then_some(text)
        };
        let first = name(start, colon)?;
        name(colon + 1, second.end)?;
        let apart =
            |byte: u8| matches!(byte, 0 | b' ' | b',' | b';' | b')' | b']' | b'"' | b'\'' | b'?' | b'!');
        let stop = at(self.bytes, second.end) == b'.' && at(self.bytes, second.end + 1) <= b' ';
        let alone = (start == 0
            || apart(at(self.bytes, start - 1))
            || matches!(at(self.bytes, start - 1), b'(' | b'[' | b'='))
            && (stop || apart(at(self.bytes, second.end)));
        (alone && !super::value::speaks(first)).then_some(second.end)
    }

    /// Digits and joiners only: a number, a version, a range.
    fn digits(&mut self, start: usize, word: &Word) {
        if let Some(number) = number::number(self.bytes, start) {
            return self.number(number);
        }
        if word.dots >= 2 {
            return self.value_or_hole(Kind::Version, word.end);
        }
        self.value_or_hole(Kind::Id, word.end);
    }

    /// Letters and digits in one token. Where a word is joined to a number the word stays; all else goes as a whole.
    fn mixed(&mut self, start: usize, word: &Word) {
        let text = self.bytes.get(start..word.end).unwrap_or_default();
        if at(text, 0).is_ascii_digit()
            && let Some(number) = number::number(self.bytes, start)
            && !self.is_version_of_letters(&number, word.end)
        {
            return self.number(number);
        }
        if self.is_scoped(start, word.end) {
            return self.word(word.end);
        }
        if let Some(head) = head_before_number(text).filter(|_| !self.is_before_version(word.end)) {
            // Behind a preposition the hash takes the whole for a value: `from shop-1`, `from keeper6`.
            if !self.sink.is_key() || !self.previous_word_is(&PREPOSITIONS) {
                self.word(start + head);
            }
            return self.value_or_hole(Kind::Int, word.end);
        }
        if text.len() > 36 && address::is_uuid(text.get(text.len() - 36..).unwrap_or_default()) {
            let head = text.len() - 36;
            let named = text.get(..head).is_some_and(|name| !name.iter().any(u8::is_ascii_digit));
            if named && !is_hex(at(text, head - 1)) {
                self.word(start + head);
                return self.value_or_hole(Kind::Uuid, word.end);
            }
        }
        self.value_or_hole(Kind::Id, word.end);
    }

    /// `7.6.q-32`, `1.2-beta`: a number that goes on as a version does. `3-way` is a number and a word.
    fn is_version_of_letters(&self, number: &number::Number, end: usize) -> bool {
        let goes_on = number.end < end && number::duration_after(self.bytes, number).is_none();
        goes_on && (at(self.bytes, number.end) == b'.' || number.kind == Kind::Float)
    }

    /// `Pool2Cleaner::run`: a name with a scope behind it or before it is one of the program's own.
    fn is_scoped(&self, start: usize, end: usize) -> bool {
        let before = self.bytes.get(..start).unwrap_or_default();
        starts(self.bytes, end, "::") && is_letter(at(self.bytes, end + 2))
            || starts(self.bytes, end, "::~")
            || before.ends_with(b"::")
            || before.ends_with(b"::~")
    }

    /// Whether this token with digits is a word all the same.
    fn is_known(&self, start: usize, end: usize) -> bool {
        if end - start > 48 {
            return false;
        }
        let lower = self.text.get(start..end).unwrap_or_default().to_ascii_lowercase();
        KNOWN_TOKENS.contains(&lower.as_str()) || self.atoms_known(start, end, &lower)
    }

    /// Every part with a digit holds a known stem and no other digit.
    fn atoms_known(&self, start: usize, end: usize, lower: &str) -> bool {
        let original = self.text.get(start..end).unwrap_or_default();
        let is_break = |c: char| c.is_ascii() && is_joiner(c as u8) || c == '_';
        original.split(is_break).zip(lower.split(is_break)).all(|(original, lower)| {
            let digits = lower.bytes().filter(u8::is_ascii_digit).count();
            if digits == lower.len() && digits > 0 {
                return false;
            }
            if digits == 0 {
                return true;
            }
            let short = |stem: &&&str| {
                lower.strip_prefix(**stem).is_some_and(|_| {
                    let next = at(original.as_bytes(), stem.len());
                    next == 0 || next.is_ascii_uppercase()
                })
            };
            let stem = known_stem(lower).or_else(|| {
                let first = lower.as_bytes().first();
                KNOWN_SHORT.iter().filter(|stem| stem.as_bytes().first() == first).find(short).copied()
            });
            stem.is_some_and(|stem| !lower.replacen(stem, "", 1).bytes().any(|byte| byte.is_ascii_digit()))
        })
    }
}

/// The first of the known stems in the order of their list that stands in a part of a word.
fn known_stem(part: &str) -> Option<&'static str> {
    static STEMS: LazyLock<Words> = LazyLock::new(|| Words::new(KNOWN_STEMS.iter().copied()));
    let mut first: Option<usize> = None;
    STEMS.each(part.as_bytes(), |stem, _| first = Some(first.map_or(stem, |known| known.min(stem))));
    first.map(|stem| STEMS.get(stem))
}

/// Whether dots join the parts of a program's name (`com.acme.shop.Cart`) that is not an error's: those tell what
/// happened.
fn is_qualified(text: &str) -> bool {
    let part = |part: &str| {
        part.len() > 1 && part.bytes().all(|byte| is_letter(byte) || matches!(byte, b'_' | b'$'))
    };
    // `failed.Retrying` are two sentences.
    let sentences = text
        .as_bytes()
        .windows(3)
        .any(|three| matches!(three, [a, b'.', c] if a.is_ascii_lowercase() && c.is_ascii_uppercase()));
    let one_dot = text.bytes().filter(|&byte| byte == b'.').count() == 1;
    let two_sentences = one_dot && sentences && text.starts_with(|c: char| c.is_ascii_lowercase());
    let known = names_error(text) || super::vocabulary::NO_FILES.contains(&text);
    !two_sentences && !known && text.split('.').all(part)
}

/// Whether this is the name of an error's type.
pub(super) fn names_error(text: &str) -> bool {
    ["Exception", "Error", "Throwable", "Failure", "Fault"].iter().any(|ending| text.ends_with(ending))
}

/// What may begin with a digit or a hexadecimal letter.
fn digital(bytes: &[u8], start: usize, word: &Word) -> Option<(Kind, usize)> {
    let text = bytes.get(start..word.end)?;
    if address::is_uuid(text) {
        return Some((Kind::Uuid, word.end));
    }
    if address::is_trace(text) {
        return Some((Kind::Trace, word.end));
    }
    let first = at(text, 0);
    if first.is_ascii_digit()
        && let Some(end) = time::numeric(bytes, start)
    {
        return Some((Kind::Time, end));
    }
    if is_hex(first) {
        if let Some(end) = address::mac(bytes, start) {
            return Some((Kind::Mac, end));
        }
        if let Some(end) = first.is_ascii_digit().then(|| address::ipv4(bytes, start)).flatten() {
            return Some((Kind::Ip, path::after_address(bytes, end)));
        }
        if let Some(end) = address::ipv6(bytes, start) {
            return Some((Kind::Ip, end));
        }
    }
    if starts(text, 0, "0x")
        && text.len() > 2
        && text.iter().skip(2).all(|&byte| is_hex(byte) || byte == b'_')
    {
        return Some((Kind::Hex, word.end));
    }
    is_hash(text, word).then_some((Kind::Hash, word.end))
}

/// Seven hexadecimal digits or more in one case, a digit among them and a letter: git, MD5, SHA-1, SHA-256.
fn is_hash(text: &[u8], word: &Word) -> bool {
    let lower = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    let upper = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'A'..=b'F');
    // `1234567e8` is a number with an exponent.
    let exponent = text.iter().filter(|byte| !byte.is_ascii_digit()).eq([&b'e']) && text.len() < 16;
    text.len() >= 7
        && word.letters
        && word.digits
        && !exponent
        && (text.iter().all(lower) || text.iter().all(upper))
}

/// Length of the words before the first number, if every part before it holds letters only and the number is one:
/// `maisey-908` → 7, `blk_-695` → 4, `Foo$Bar$1` → 8. No head: the first part with a digit holds letters too.
fn head_before_number(text: &[u8]) -> Option<usize> {
    let first = text.iter().position(u8::is_ascii_digit)?;
    let signed = first >= 2 && matches!(at(text, first - 1), b'-' | b'+') && is_break(at(text, first - 2));
    let head = if signed { first - 1 } else { first };
    if head == 0 || !is_break(at(text, head - 1)) || !text.iter().take(head).any(|&byte| is_letter(byte)) {
        return None;
    }
    // `isr-expiration-thread-3`, `__offsets-12`: a name made of several is no word.
    let named = text.get(..head - 1)?;
    let parts = named.split(|&byte| is_break(byte) || byte == b'.').filter(|part| !part.is_empty()).count();
    if parts > 1 || at(named, 0) == b'_' {
        return None;
    }
    let rest = text.get(first..)?;
    // `broker-1-cleaner`: the number stands inside of a name.
    (!rest.iter().any(|&byte| is_letter(byte))).then_some(head)
}

/// What joins a word to a number.
fn is_break(byte: u8) -> bool {
    matches!(byte, b'-' | b'_' | b'#' | b'$' | b'+')
}
