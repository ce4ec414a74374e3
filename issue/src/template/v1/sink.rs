//! Where kept text and placeholders come together: white space narrowed, runs of placeholders collapsed.

use std::cell::Cell;

use super::{Hit, Kind, MAX_BYTES};

/// More hits than this are not collected.
const MAX_HITS: usize = 100;

/// Which of the two renderings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `<int>`, `<path>`: for people.
    Typed,
    /// `<*>`: for the hash.
    Key,
}

/// The rendering under construction.
pub(super) struct Sink<'a, 'h> {
    line: &'a str,
    out: String,
    form: Form,
    /// Whether the form has decided anything: if not, both renderings are the same so far.
    asked: Cell<bool>,
    /// Kind of the last placeholder, while nothing but separators has followed it.
    last: Option<Kind>,
    /// Where in `out` the text after that placeholder begins.
    gap: usize,
    hits: Option<&'h mut Vec<Hit>>,
}

impl<'a, 'h> Sink<'a, 'h> {
    pub(super) fn new(line: &'a str, form: Form, hits: Option<&'h mut Vec<Hit>>) -> Self {
        let out = String::with_capacity(line.len().min(MAX_BYTES) + 16);
        Self { line, out, form, asked: Cell::new(false), last: None, gap: 0, hits }
    }

    /// The form, for a decision. To be asked last, when everything else is decided.
    fn form(&self) -> Form {
        self.asked.set(true);
        self.form
    }

    /// Whether nothing has come out yet.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.out.len() > MAX_BYTES
    }

    /// One space, however many there were.
    pub(super) fn space(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with(' ') {
            self.out.push(' ');
        }
    }

    /// Keeps this part of the line.
    pub(super) fn text(&mut self, start: usize, end: usize) {
        let text = self.line.get(start..end).unwrap_or_default();
        if text == "]" && self.closes_list() {
            return;
        }
        if self.last.is_some() && !text.bytes().all(|byte| self.form().merges_over(byte)) {
            self.last = None;
        }
        self.out.push_str(text);
    }

    /// Whether a number and a space come last.
    pub(super) fn ends_with_count(&self) -> bool {
        matches!(self.last, Some(Kind::Int)) && self.ends_with_hole_and(" ")
    }

    /// Whether a placeholder and then `text` come last.
    pub(super) fn ends_with_hole_and(&self, text: &str) -> bool {
        self.out.strip_suffix(text).is_some_and(|before| before.ends_with('>'))
    }

    /// Whether nothing has been said yet: what came out are placeholders and words in capitals, as a header has them.
    pub(super) fn has_no_sentence(&self) -> bool {
        let header = |byte: u8| !byte.is_ascii_lowercase();
        self.out.len() <= 80 && self.out.bytes().all(header)
    }

    /// Whether this is the form that is hashed.
    pub(super) fn is_key(&self) -> bool {
        self.form() == Form::Key
    }

    /// For the hash a prefix in brackets is apart from what follows: `[cart id=3]lost`, `[cart id=3] lost`.
    fn part_from_list(&mut self) {
        if self.last == Some(Kind::List) && self.out.len() == self.gap && self.is_key() {
            self.out.push(' ');
        }
    }

    /// Keeps a word. The hash must not tell `1 file` from `2 files`.
    pub(super) fn word(&mut self, start: usize, end: usize) {
        let counted =
            matches!(self.last, Some(Kind::Int | Kind::Float)) && self.is_key() && self.out.ends_with("<*> ");
        if !counted {
            self.part_from_list();
            return self.text(start, end);
        }
        let (stem, ending) = super::name::singular(self.line.get(start..end).unwrap_or_default());
        self.last = None;
        self.out.push_str(stem);
        self.out.push_str(ending);
    }

    /// For the hash a list of one element is a list: `[<*>]`, its bracket beginning a token, becomes `<*>`.
    fn closes_list(&mut self) -> bool {
        let Some(before) = self.out.strip_suffix("[<*>").filter(|_| self.is_key()) else {
            return false;
        };
        if before.ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            return false;
        }
        let gap = |c: char| c == ' ' || u8::try_from(c).is_ok_and(|byte| self.form().merges_over(byte));
        let neighbour = before.trim_end_matches(gap);
        let merged = neighbour.ends_with("<*>");
        let kept = if merged { neighbour.len() } else { before.len() };
        self.out.truncate(kept);
        if !merged {
            self.out.push_str("<*>");
        }
        self.last = Some(Kind::List);
        self.gap = self.out.len();
        true
    }

    /// Keeps the unit of a size for people. The hash must not tell `900 KB` from `1.2 MB`.
    pub(super) fn unit(&mut self, start: usize, end: usize) {
        if !self.is_key() {
            self.text(start, end);
        }
    }

    /// Puts a placeholder for this part of the line.
    pub(super) fn hole(&mut self, kind: Kind, start: usize, end: usize) {
        if let Some(hits) = self.hits.as_deref_mut().filter(|hits| hits.len() < MAX_HITS) {
            let text = self.line.get(start..end).unwrap_or_default().to_owned();
            hits.push(Hit { kind: kind.name(), text });
        }
        // Go prints a pointer's target behind `&`, and `nil` without.
        let form = self.form();
        if form == Form::Key && kind == Kind::List && self.out.ends_with('&') {
            self.out.pop();
        }
        let merges = match form {
            Form::Typed => self.last == Some(kind),
            Form::Key => self.last.is_some(),
        };
        if merges {
            self.out.truncate(self.gap);
        } else {
            self.out.push('<');
            self.out.push_str(if form == Form::Key { "*" } else { kind.name() });
            self.out.push('>');
            self.last = Some(kind);
            self.gap = self.out.len();
        }
    }

    /// The rendering, and how much of it is the other one too: nothing if they are not the same.
    pub(super) fn finish(mut self) -> (String, Option<usize>) {
        let same = !self.asked.get() && !self.is_full();
        if self.is_full() {
            let end = self.out.floor_char_boundary(MAX_BYTES);
            self.out.truncate(end);
            self.out.push('…');
        } else if self.form == Form::Key {
            self.out.truncate(key_length(&self.out));
        }
        let key = same.then(|| self.out.get(..key_length(&self.out)).unwrap_or_default().trim_end().len());
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        (self.out, key)
    }
}

/// How much of a rendering is hashed: whether a sentence ends with a full stop depends on its last value (`see a.b`,
/// `see a.b.`).
fn key_length(out: &str) -> usize {
    let kept = out.trim_end_matches([' ', '.', ',', '!']).len();
    if kept == 0 { out.len() } else { kept }
}

impl Form {
    /// Whether two placeholders with only such bytes between them are neighbours. People see that `3/10` are two
    /// numbers; for the hash a list of any length and a range are one variable part.
    fn merges_over(self, byte: u8) -> bool {
        match self {
            Self::Typed => matches!(byte, b',' | b';'),
            Self::Key => matches!(
                byte,
                b',' | b';'
                    | b':'
                    | b'/'
                    | b'-'
                    | b'_'
                    | b'.'
                    | b'='
                    | b'|'
                    | b'+'
                    | b'@'
                    | b'#'
                    | b'*'
                    | b'&'
                    | b'~'
                    | b'\\'
            ),
        }
    }
}
