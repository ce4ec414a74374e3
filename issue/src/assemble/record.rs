//! The record that is open: its text so far, how much of it is certain, and who decides on the next line.

use std::borrow::Cow;

use super::buffer::Mark;
use super::head;
use super::known::{Known, Line, Stand};
use super::prefix::Prefix;
use super::{Block, Limits, shared};
use crate::languages::{Grammar, Next, Opening, State};
use crate::logline::{self, Rank};
use crate::report::Level;

/// Lines and bytes that a record may hold without being sure of them.
const HELD_LINES: usize = 512;
const HELD_BYTES: usize = 256 * 1024;

/// Room that most records need, so that they do not grow line by line.
const USUAL_BYTES: usize = 1024;
const USUAL_LINES: usize = 32;

/// Fronts of a log line that are tried against the line below.
pub const FRONTS: usize = 6;

/// Phase of a grammar whose record is one line.
pub const SINGLE: u8 = u8::MAX;

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Part of the record.
    Take,
    /// Part of it if a later line is.
    Hold,
    /// The record ended before it.
    End(&'static str),
}

/// An open record.
#[derive(Debug)]
pub struct Record {
    /// `None`: a log line or an error's header, whose language the next lines tell.
    pub grammar: Option<&'static Grammar>,
    pub state: State,
    pub opened: &'static str,
    text: String,
    /// End of each kept line in `text`, without its line break.
    ends: Vec<usize>,
    /// How many of the lines are certain.
    firm_lines: usize,
    /// Byte offset at which the trace starts.
    pub body: usize,
    /// Lines before the first one of the record proper.
    pub header_lines: usize,
    pub first_line: u64,
    pub start: u64,
    pub at: i64,
    pub touched: i64,
    truncated: u64,
    /// Where reading resumes if the record ends now.
    pub firm: Mark,
    /// Where it resumes if the record turns out to be none.
    pub second: Mark,
    prefix: Option<Prefix>,
    /// Whether the prefix was confirmed by a second line.
    constant: bool,
    /// Whether the log line behind the prefix has a time of its own.
    pub timed: bool,
    /// Level that the first line states.
    pub level: Option<Level>,
}

impl Record {
    /// A record that begins at line `first_line` and stream offset `start`.
    pub fn new(first_line: u64, start: u64, at: i64) -> Self {
        Self {
            grammar: None,
            state: State::default(),
            opened: "",
            text: String::new(),
            ends: Vec::new(),
            firm_lines: 0,
            body: 0,
            header_lines: 0,
            first_line,
            start,
            at,
            touched: at,
            truncated: 0,
            firm: Mark::default(),
            second: Mark::default(),
            prefix: None,
            constant: false,
            timed: false,
            level: None,
        }
    }

    /// Whether at least one line is certain.
    pub fn is_firm(&self) -> bool {
        self.firm_lines > 0
    }

    /// Whether it ends with its first line.
    pub fn is_single(&self) -> bool {
        self.state.phase == SINGLE
    }

    /// Adds a line.
    pub fn append(&mut self, line: &str) {
        if self.ends.is_empty() {
            self.text.reserve(USUAL_BYTES);
            self.ends.reserve(USUAL_LINES);
        } else {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self.ends.push(self.text.len());
    }

    /// Every line so far is certain.
    pub fn settle(&mut self) {
        self.firm_lines = self.ends.len();
    }

    /// The text of line `index`.
    pub fn line(&self, index: usize) -> &str {
        let start = self.line_start(index);
        self.ends.get(index).and_then(|end| self.text.get(start..*end)).unwrap_or_default()
    }

    /// Byte offset of line `index`; one past the last gives the offset the next line will have.
    pub fn line_start(&self, index: usize) -> usize {
        match index.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before).map_or(0, |end| end + 1),
        }
    }

    /// Lines kept so far.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Lines that are not certain.
    pub fn held(&self) -> usize {
        self.ends.len().saturating_sub(self.firm_lines)
    }

    /// Takes a language on: the trace starts at byte `body` of the text.
    pub fn become_trace(&mut self, grammar: &'static Grammar, opening: Opening, body: usize) {
        self.grammar = Some(grammar);
        self.state = State { phase: opening.phase, ..State::default() };
        self.opened = opening.rule;
        self.body = body;
    }

    /// The line without the front that it shares with the log line above it, where a level still stands behind that
    /// front: what a runner puts before every line.
    pub fn behind_shared<'a>(&mut self, line: &'a str) -> &'a str {
        let header = self.line(self.header_lines);
        if self.len() == self.header_lines + 1 && self.prefix.is_none() {
            let fronts = shared::ends(header, line);
            let behind = |at: &usize| header.get(*at..).and_then(logline::head);
            let found = fronts.iter().rev().take(FRONTS).find_map(|at| {
                let head = behind(at).filter(|head| head.rank >= Some(Rank::Warning))?;
                Some((Prefix::new(header.get(..*at)?), head.time))
            });
            if let Some((prefix, timed)) = found {
                self.prefix = Some(prefix);
                self.timed = timed;
            }
        }
        self.prefix.as_ref().and_then(|prefix| prefix.strip(line)).unwrap_or(line)
    }

    /// Takes the front that the lines below the header were found to share off those that came before.
    pub fn strip_shared(&mut self) {
        if self.prefix.is_some() && !self.constant {
            self.constant = true;
            self.strip_lines();
        }
    }

    /// Remembers what stands before the text proper of the line that opened the trace.
    pub fn assume_prefix(&mut self, text: &str) {
        if self.constant {
            return;
        }
        self.prefix = (!text.is_empty()).then(|| Prefix::new(text));
        self.constant = false;
    }

    /// Takes a prefix off that a line below the first one shows to be constant. `true`: the first line carries it, or the one above.
    pub fn unprefix(&mut self, text: &str) -> bool {
        let prefix = Prefix::new(text);
        // A logger that states time and level only once puts its tags before every line.
        let carries = |index: usize| prefix.strip(self.line(index)).is_some();
        let last = self.len().saturating_sub(1);
        let carried = !text.is_empty() && (carries(self.header_lines) || carries(last));
        if carried {
            self.prefix = Some(prefix);
            self.strip_lines();
            self.constant = true;
        }
        carried
    }

    /// Decides on the next line.
    pub fn accept(&mut self, line: &str, limits: &Limits, known: &mut Known) -> Verdict {
        if self.holds_too_much() {
            return Verdict::End("held too much");
        }
        let Some(grammar) = self.grammar else { return head::accept(self, line, known) };
        let content = self.content(line);
        match (grammar.follows)(&mut self.state, &content) {
            Next::Take => self.put(&content, true, limits),
            Next::Hold => self.put(&content, false, limits),
            // The shell tells of the signal below the words of the program that died of it.
            Next::End(_) if self.held() == 0 && self.ends_in_signal(&content) => {
                self.append(&content);
                self.settle();
                self.state.phase = SINGLE;
                Verdict::Take
            }
            Next::End(reason) => Verdict::End(reason),
        }
    }

    /// What decides on the next line besides its text: nothing else does where the language is known and no prefix is
    /// to be taken off.
    pub fn stand(&self) -> Option<Stand> {
        self.grammar.filter(|_| self.prefix.is_none()).map(|grammar| (grammar, self.state))
    }

    /// As [`Record::accept`] of a line of which is known what the grammar says.
    pub fn accept_known(&mut self, line: &Line, limits: &Limits) -> Verdict {
        if self.holds_too_much() {
            return Verdict::End("held too much");
        }
        self.state = line.after;
        self.put(&line.text, line.taken, limits)
    }

    fn put(&mut self, line: &str, taken: bool, limits: &Limits) -> Verdict {
        self.append(line);
        if !taken {
            return Verdict::Hold;
        }
        self.settle();
        self.shrink(limits);
        Verdict::Take
    }

    fn holds_too_much(&self) -> bool {
        let held = self.held();
        held > HELD_LINES || held > 0 && self.held_bytes() > HELD_BYTES
    }

    fn ends_in_signal(&self, line: &str) -> bool {
        let dies = matches!(
            self.opened,
            "native.terminate"
                | "native.abort"
                | "native.failure"
                | "native.gdb"
                | "native.symbols"
                | "native.assertion"
                | "native.sanitizer"
                | "native.undefined"
                | "rust.fatal"
                | "rust.memory"
                | "rust.panic"
                | "python.fatal"
                | "javascript.fatal"
                | "javascript.memory"
                | "jvm.banner"
        );
        dies && crate::languages::native::signal(line).is_some()
    }

    fn held_bytes(&self) -> usize {
        self.text.len() - self.line_start(self.firm_lines).min(self.text.len())
    }

    /// The line without the record's prefix. The first line that carries one of the same shape makes it constant.
    fn content<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        let Some(prefix) = &self.prefix else { return Cow::Borrowed(line) };
        match prefix.strip(line) {
            Some(rest) => {
                if !self.constant {
                    self.constant = true;
                    self.strip_lines();
                }
                Cow::Borrowed(rest)
            }
            None => {
                if !self.constant {
                    self.prefix = None;
                }
                Cow::Borrowed(line)
            }
        }
    }

    /// Takes the prefix off the lines that came before it was known to be one.
    fn strip_lines(&mut self) {
        let Some(prefix) = self.prefix.take() else { return };
        let body_line = self.ends.iter().take_while(|end| **end < self.body).count();
        let inline = self.body - self.line_start(body_line).min(self.body);
        let lines: Vec<String> = (0..self.ends.len()).map(|at| self.line(at).to_owned()).collect();
        self.text.clear();
        self.ends.clear();
        for (at, line) in lines.iter().enumerate() {
            if at == body_line {
                let stripped = line.get(inline..).filter(|_| inline > 0);
                self.body = if self.ends.is_empty() { 0 } else { self.text.len() + 1 };
                self.append(stripped.or_else(|| prefix.strip(line)).unwrap_or(line));
            } else {
                self.append(prefix.strip(line).unwrap_or(line));
            }
        }
        self.prefix = Some(prefix);
    }

    /// Drops lines from the middle of a record that has grown too large; front and tail are kept.
    fn shrink(&mut self, limits: &Limits) {
        if self.ends.len() <= limits.max_lines && self.text.len() <= limits.max_bytes {
            return;
        }
        let count = self.ends.len();
        let from = (count / 2).max(1);
        let to = (count - count / 4).min(self.firm_lines.saturating_sub(1));
        if from >= to {
            return self.shrink_long_lines(limits);
        }
        let (start, end) = (self.line_start(from), self.line_start(to));
        self.text.replace_range(start..end, "");
        self.ends.drain(from..to);
        for kept in self.ends.iter_mut().skip(from) {
            *kept -= end - start;
        }
        self.firm_lines = self.ends.len();
        self.truncated += (to - from) as u64;
    }

    /// Few lines that are very long: the second one goes, again and again.
    fn shrink_long_lines(&mut self, limits: &Limits) {
        while self.ends.len() > 2 && self.text.len() > limits.max_bytes {
            let (start, end) = (self.line_start(1), self.line_start(2));
            self.text.replace_range(start..end, "");
            self.ends.remove(1);
            for kept in self.ends.iter_mut().skip(1) {
                *kept -= end - start;
            }
            self.truncated += 1;
        }
        self.firm_lines = self.ends.len();
        self.body = self.body.min(self.text.len());
    }

    /// A trace that did not come about whose first line is a log line of its own.
    pub fn falls_back(&self, limits: &Limits) -> bool {
        self.level.is_some_and(|level| level >= limits.min_level)
    }

    /// The finished record; `last_line` is the number of its last certain line.
    pub fn into_block(mut self, last_line: u64, end: u64, closed: &'static str) -> Block {
        let mut grammar = self.grammar;
        let mut opened = self.opened;
        if self.firm_lines == 0 {
            self.firm_lines = self.header_lines + 1;
            grammar = None;
            opened = "log.level";
        }
        let length = self.firm_lines.checked_sub(1).and_then(|last| self.ends.get(last)).copied();
        self.text.truncate(length.unwrap_or(self.text.len()));
        if grammar.is_some() && self.body >= self.text.len() {
            // Below the log line nothing came about.
            grammar = None;
            opened = "log.level";
        }
        Block {
            first_line: self.first_line,
            last_line: last_line.max(self.first_line),
            start: self.start,
            end,
            at: self.at,
            truncated: self.truncated,
            grammar,
            opened,
            closed,
            prefixed: self.level.filter(|_| self.constant),
            body: if grammar.is_some() { self.body.min(self.text.len()) } else { 0 },
            lines: self.text,
        }
    }

    /// Bytes that the record holds on to.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}
