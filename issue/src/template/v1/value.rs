//! Values behind a name: the right side of pairs, and the word after one that announces a name.

use super::{
    Kind, Scan, address,
    bytes::{at, is_word, run_at_most},
    vocabulary::{
        ANNOUNCERS, NAMES_LIKE_WORDS, PREPOSITIONS, SPEAKING_ENDINGS, SPEAKING_NAMES, SPEAKING_WORDS,
        SURE_ANNOUNCERS, sorted_holds,
    },
};

/// What stood right before the place that the pass has reached.
#[derive(Default)]
pub(super) struct Context {
    /// The last token, if it was a word and only one space, `:` or `=` has followed it: where it stands.
    word: Option<(usize, usize)>,
    /// The word before that was a preposition or the like.
    prepared: bool,
    /// A pair's separator has just been kept, and what follows is its value.
    value: bool,
    /// A colon stands between an announcer and what follows.
    colon: bool,
    /// So many pairs with a colon stand in a row.
    row: bool,
}

impl Context {
    pub(super) fn after_hole(&mut self) {
        *self = Self { row: self.row, ..Self::default() };
    }

    pub(super) fn after_mark(&mut self, byte: u8) {
        let row = self.row && matches!(byte, b',' | b';');
        *self = Self { row, ..Self::default() };
    }

    /// Whether what follows is a pair's value.
    pub(super) fn has_value(&self) -> bool {
        self.value
    }

    fn after_word(&mut self, word: (usize, usize), prepared: bool) {
        *self = Self { word: Some(word), prepared, row: self.row, ..Self::default() };
    }
}

impl Scan<'_, '_> {
    /// A word that no recogniser claims: kept, unless it is a value behind a name.
    pub(super) fn word(&mut self, end: usize) {
        if self.context.value {
            let end = self.whole_value(end);
            return self.hole(Kind::Value, end);
        }
        if self.is_statement(end) {
            return self.hole(Kind::Value, self.bytes.len());
        }
        let word = (self.at, end);
        let text = self.text.get(word.0..word.1).unwrap_or_default();
        let behind_name = self.is_announced(end) || self.is_between(end);
        if behind_name
            || self.is_state(end)
            || matches!(text, "true" | "false" | "True" | "False")
            || self.is_value_here(end)
        {
            return self.hole(Kind::Value, end);
        }
        let prepared = text.len() <= 7 && PREPOSITIONS.holds_any_case(text.as_bytes());
        // `for the user root`: the announcer itself must not forget what prepared it.
        let carried = self.context.word.and_then(|(start, end)| self.bytes.get(start..end));
        let carried = carried.is_some_and(|last| PREPOSITIONS.holds_any_case(last));
        if at(self.bytes, end) == b'=' {
            self.keep(end);
        } else {
            self.sink.word(self.at, end);
            self.at = end;
        }
        self.empty_name(word);
        self.context.after_word(word, carried && !prepared);
    }

    /// A placeholder; where it is the beginning of a pair's longer value, for all of that.
    pub(super) fn value_or_hole(&mut self, kind: Kind, end: usize) {
        if self.context.value {
            let whole = self.whole_value(end);
            return self.hole(if whole > end { Kind::Value } else { kind }, whole);
        }
        self.hole(kind, end);
    }

    /// `user  from <ip>`: two spaces where an empty name was printed.
    fn empty_name(&mut self, word: (usize, usize)) {
        let behind = self.text.get(word.1..).and_then(|rest| rest.strip_prefix("  "));
        let Some(rest) = behind else { return };
        let next = rest.get(..rest.find(' ').unwrap_or(rest.len()).min(8)).unwrap_or_default();
        if !next.is_empty() && PREPOSITIONS.holds(next) && self.is_announcer(word) {
            self.sink.space();
            self.sink.hole(Kind::Value, word.1, word.1);
        }
    }

    /// End of a pair's value whose first token ends at `end`, brackets that follow at once included.
    fn whole_value(&mut self, end: usize) -> usize {
        let mut end = value_end(self.bytes, self.at, end);
        for _ in 0..4 {
            let closed = self.after_brackets(end);
            if closed == end {
                break;
            }
            end = closed.max(run_value(self.bytes, closed));
        }
        end
    }

    /// `=` right after a word begins a value; `a = b` too, `==`, `=>` and their like do not.
    pub(super) fn equals(&mut self) {
        let spaced = at(self.bytes, self.at.wrapping_sub(1)) == b' ';
        let name_end = if spaced { self.at.wrapping_sub(1) } else { self.at };
        let named = self.context.word.filter(|&(_, end)| end == name_end);
        let next = at(self.bytes, self.at + 1);
        let pair = named.is_some_and(|name| !self.speaks(name)) && !matches!(next, b'=' | b'>' | b'~');
        self.keep(self.at + 1);
        self.context.after_mark(b'=');
        if named.is_some() && next == b'<' && at(self.bytes, self.at + 1) <= b' ' {
            // The value has several lines, which follow.
            return self.hole(Kind::Value, self.at + 1);
        }
        if !pair {
            return;
        }
        if spaced && next == b' ' && at(self.bytes, self.at + 1) != b' ' {
            self.sink.space();
            self.at += 1;
            self.context.value = true;
        } else if !spaced && is_word(next) {
            self.context.value = true;
        } else if !spaced && matches!(next, b'[' | b'(' | b'{') {
            let end = self.after_brackets(self.at);
            if end > self.at {
                self.hole(Kind::List, end);
            }
        } else if !spaced && is_odd(next) && !at(self.bytes, self.at + 1).is_ascii_digit() {
            // `user=-`, `owner=*`: a sign in place of a value.
            let end = run_value(self.bytes, self.at).max(self.at + 1);
            self.hole(Kind::Value, end);
        } else if !spaced && (matches!(next, 0 | b',' | b';' | b'&') || self.begins_pair_after_space()) {
            // Printed without a value: the same place in the source.
            self.sink.hole(Kind::Value, self.at, self.at);
        }
    }

    /// Whether one space and then `name=` follow: `name= age=7` was printed with an empty first value.
    fn begins_pair_after_space(&self) -> bool {
        let name = self.at + 1;
        let end = run_at_most(self.bytes, name, 64, is_plain);
        at(self.bytes, self.at) == b' ' && end > name && at(self.bytes, end) == b'='
    }

    /// `:` after an announcer (`no such table: orders`), or in a row of `key: value` pairs.
    pub(super) fn colon(&mut self) {
        if let Some(end) = address::ipv6(self.bytes, self.at) {
            return self.hole(Kind::Ip, end);
        }
        if self.bytes.get(self.at + 1) == Some(&b':') && at(self.bytes, self.at + 2) == b':' {
            // `:::8080` is every address, as `0.0.0.0:8080` is.
            let port = address::after_port(self.bytes, self.at + 2, b"");
            if port > self.at + 2 {
                return self.hole(Kind::Ip, port);
            }
        }
        let named = self.context.word.filter(|&(_, end)| end == self.at);
        let announces = named.is_some_and(|name| self.is_announcer(name));
        let row = named.is_some_and(|name| !self.speaks(name)) && self.pair_in_row();
        self.keep(self.at + 1);
        self.context.after_mark(b':');
        let spaced = at(self.bytes, self.at) == b' ';
        if !(row || announces)
            || !(spaced && is_word(at(self.bytes, self.at + 1)) || is_word(at(self.bytes, self.at)))
        {
            return;
        }
        if spaced {
            self.sink.space();
            self.at += 1;
        }
        self.context.row = row;
        self.context.value = row;
        if announces && !row {
            self.context.word = named;
            self.context.colon = true;
        }
    }

    /// Whether the colon here begins the value of one of at least two pairs: `name: x, state: y`.
    fn pair_in_row(&self) -> bool {
        let bytes = self.bytes;
        let value = self.at + 1 + usize::from(at(bytes, self.at + 1) == b' ');
        if !is_word(at(bytes, value)) {
            return false;
        }
        let end = run_at_most(bytes, value, 64, is_plain);
        let separator = at(bytes, end);
        if self.context.row {
            return matches!(separator, b',' | b';' | b'}' | b')' | b']' | 0) || separator == b' ';
        }
        let name = end + usize::from(matches!(separator, b',' | b';'));
        let name = name + usize::from(at(bytes, name) == b' ');
        let name_end = run_at_most(bytes, name, 64, is_plain);
        let next = self.text.get(name..name_end).unwrap_or_default();
        let speaks = speaks(next);
        matches!(separator, b',' | b';') && name_end > name && at(bytes, name_end) == b':' && !speaks
    }

    /// Whether the word at `self.at..end` is a name that the word before announces.
    fn is_announced(&self, end: usize) -> bool {
        let Some(name) = self.context.word else { return false };
        if !self.is_announcer(name) {
            return false;
        }
        let gap = self.bytes.get(name.1..self.at).unwrap_or_default();
        let fits = if self.context.colon { matches!(gap, b": " | b":") } else { gap == b" " };
        let text = self.text.get(self.at..end).unwrap_or_default();
        if !fits || speaks_of_thing(text) || at(self.bytes, end) == b'=' {
            return false;
        }
        let sure = self.context.prepared || self.context.colon || is_identifier(text);
        // `stream reader with`: who acts, said by a word.
        let acts = text.ends_with("er") || text.ends_with("or");
        let announcer = self.text.get(name.0..name.1).unwrap_or_default();
        if !acts && super::name::ends_line(self.bytes, end) {
            // `package lists`, `table statistics`: what there are several of is a noun.
            let last = !text.ends_with('s') && SURE_ANNOUNCERS.holds_any_case(announcer.as_bytes());
            return sure || last;
        }
        let next = at(self.bytes, end + 1);
        sure || (!acts && at(self.bytes, end) == b' ' && (is_word(next) || next == b'('))
    }

    /// `for root from <ip>`: between these two words stands who.
    fn is_between(&self, end: usize) -> bool {
        let before = self.context.word.filter(|&(start, end)| end == start + 3 && end + 1 == self.at);
        let is_for = before.is_some_and(|(start, end)| self.bytes.get(start..end) == Some(b"for"));
        let text = self.text.get(self.at..end).unwrap_or_default();
        is_for && super::bytes::starts(self.bytes, end, " from ") && !speaks_of_thing(text)
    }

    /// `from STARTING to RUNNING`: what a thing went from and to are the values of an enumeration.
    fn is_state(&self, end: usize) -> bool {
        if !is_constant(self.bytes.get(self.at..end).unwrap_or_default()) {
            return false;
        }
        let goes_on = super::bytes::starts(self.bytes, end, " to ") && {
            let other = end + " to ".len();
            is_constant(
                self.bytes.get(other..run_at_most(self.bytes, other, 64, is_word)).unwrap_or_default(),
            )
        };
        let before = self.bytes.get(..self.at).unwrap_or_default();
        (goes_on && before.ends_with(b" from ")) || before_state(before)
    }

    fn is_announcer(&self, word: (usize, usize)) -> bool {
        ANNOUNCERS.holds_any_case(self.bytes.get(word.0..word.1).unwrap_or_default())
    }

    /// Whether the value behind this name is the message itself.
    fn speaks(&self, word: (usize, usize)) -> bool {
        speaks(self.text.get(word.0..word.1).unwrap_or_default())
    }
}

/// A sign that no other recogniser begins with.
fn is_odd(byte: u8) -> bool {
    matches!(byte, b'-' | b'*' | b'?' | b'%' | b'$' | b'#' | b'!' | b'^' | b'+' | b':')
}

/// Whether a space or two and then `name=` come first here.
pub(super) fn begins_pair(bytes: &[u8]) -> bool {
    let name = run_at_most(bytes, 0, 2, |byte| byte == b' ');
    let end = run_at_most(bytes, name, 64, |byte| is_word(byte) || matches!(byte, b'-' | b'.' | b'/' | b'@'));
    name > 0 && end > name && at(bytes, end) == b'='
}

/// Whether what stands behind this name is the message itself, not a value.
pub(super) fn speaks(name: &str) -> bool {
    SPEAKING_NAMES.holds_any_case(name.as_bytes())
}

/// Whether this is written as constants are: two capitals or more, and nothing else but `_`.
fn is_constant(text: &[u8]) -> bool {
    let constant = |byte: &u8| byte.is_ascii_uppercase() || *byte == b'_';
    text.len() >= 2 && text.iter().all(constant) && text.first().is_some_and(u8::is_ascii_uppercase)
}

/// Whether the text so far ends with `from STATE to `.
fn before_state(before: &[u8]) -> bool {
    let Some(head) = before.strip_suffix(b" to ") else { return false };
    let length = head.iter().rev().take(64).take_while(|byte| is_word(**byte)).count();
    let (head, state) = head.split_at(head.len() - length);
    is_constant(state) && head.ends_with(b" from ")
}

/// Whether a word is spelled as names in programs are: joined parts, or a capital after a small letter.
pub(super) fn is_identifier(text: &str) -> bool {
    let hump = text
        .as_bytes()
        .windows(2)
        .any(|two| matches!(two, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    // `file re-used`, `host non-existing`: joined, but still the sentence.
    let sentence = ["ed", "ing", "able", "ible", "ly"].iter().any(|ending| text.ends_with(ending));
    hump || (text.contains(['-', '_']) && !sentence)
}

/// Whether a word after an announcer goes on with the sentence.
fn speaks_of_thing(text: &str) -> bool {
    // `task TimeoutException`: an error's name tells what happened.
    if super::word::names_error(text) {
        return true;
    }
    if text.len() <= 64 && is_identifier(text) {
        return false;
    }
    let lower = text.to_ascii_lowercase();
    text.len() > 64
        || sorted_holds(SPEAKING_WORDS, &lower)
        || !sorted_holds(NAMES_LIKE_WORDS, &lower)
            && SPEAKING_ENDINGS.iter().any(|ending| lower.len() > ending.len() + 2 && lower.ends_with(ending))
}

/// End of a pair's value whose first token ends at `end`: all up to white space or a separator.
fn value_end(bytes: &[u8], start: usize, end: usize) -> usize {
    let mut end = end.max(run_value(bytes, start));
    // `cmd=config|set` is one value, `a=1|b=2` are two pairs.
    while at(bytes, end) == b'|' && is_word(at(bytes, end + 1)) {
        let next = run_value(bytes, end + 1);
        if bytes.get(end..next).is_none_or(|part| part.contains(&b'=')) {
            break;
        }
        end = next;
    }
    while end > start + 1
        && matches!(at(bytes, end - 1), b'.' | b':' | b'!')
        && !bytes.get(..end).unwrap_or_default().ends_with(b"...")
    {
        end -= 1;
    }
    end
}

fn run_value(bytes: &[u8], start: usize) -> usize {
    super::bytes::run(bytes, start, |byte| {
        byte > b' '
            && !matches!(
                byte,
                b',' | b';'
                    | b'&'
                    | b')'
                    | b']'
                    | b'}'
                    | b'('
                    | b'['
                    | b'{'
                    | b'"'
                    | b'\''
                    | b'`'
                    | b'<'
                    | b'>'
                    | b'|'
                    | 0x7f
            )
    })
}

/// A byte of a name or of a simple value.
fn is_plain(byte: u8) -> bool {
    is_word(byte) || matches!(byte, b'-' | b'.' | b'/')
}
