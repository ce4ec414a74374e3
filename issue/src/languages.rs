//! The table of languages: what starts a record, what continues it and how its text is read.
//!
//! A language is one file below `languages/` that exports one [`Grammar`], plus its line in [`GRAMMARS`]. The engine
//! in `assemble` knows no language: it asks the table.

use std::sync::LazyLock;

use crate::report::{Language, Parsed};
use crate::search::Words;

pub mod crystal;
pub mod dart;
pub mod dotnet;
pub mod elixir;
pub mod frames;
pub mod go;
pub mod javascript;
pub mod json;
pub mod jvm;
pub mod layouts;
pub mod native;
pub mod perl;
pub mod php;
pub mod python;
pub mod ruby;
pub mod rust;
pub mod swift;

/// What a grammar says of a line that follows its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The line belongs to the record.
    Take,
    /// It belongs if a later line is taken; else it is given back.
    Hold,
    /// The record ended before this line.
    End(&'static str),
}

/// Where a grammar stands inside its record. The meaning of the fields is the grammar's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Step of the grammar's state machine.
    pub phase: u8,
    /// Lines seen in this step.
    pub run: u32,
    /// Something to count or remember.
    pub mark: u32,
}

impl State {
    /// Goes to a step and starts its count again.
    pub fn enter(&mut self, phase: u8) {
        self.phase = phase;
        self.run = 0;
    }

    /// Goes to a step with a line that belongs.
    pub fn take(&mut self, phase: u8) -> Next {
        self.enter(phase);
        Next::Take
    }

    /// One more line of a message that runs on: until a log line, an opener, an empty line or `limit` lines.
    pub fn run_on(&mut self, line: &str, limit: u32) -> Next {
        self.run += 1;
        if line.trim().is_empty() {
            Next::End("empty line")
        } else if self.run > limit {
            Next::End("message limit")
        } else if interrupts(line) {
            Next::End("next record")
        } else {
            Next::Take
        }
    }
}

/// The start of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// Name of the rule, for `--explain`.
    pub rule: &'static str,
    /// First step of the grammar.
    pub phase: u8,
    /// Whether this line alone makes a record; else a later line has to be taken.
    pub firm: bool,
}

impl Opening {
    /// A line that makes a record by itself.
    pub const fn firm(rule: &'static str, phase: u8) -> Option<Self> {
        Some(Self { rule, phase, firm: true })
    }

    /// A line that may start a record.
    pub const fn weak(rule: &'static str, phase: u8) -> Option<Self> {
        Some(Self { rule, phase, firm: false })
    }
}

/// A record's text as a grammar's parser gets it: the trace, and the header lines that stood before it.
#[derive(Clone, Copy, Debug)]
pub struct Trace<'a> {
    /// Log lines and runtime headers before the trace; empty or ending with a line break or an inline prefix.
    pub header: &'a str,
    /// From the opener on.
    pub body: &'a str,
    /// Rule that opened the record.
    pub rule: &'static str,
}

/// One language.
pub struct Grammar {
    /// Whose text it is.
    pub language: Language,
    /// Substrings of which every line that [`Grammar::opens`] or [`Grammar::frame`] accepts holds one. The prefilter
    /// looks for nothing else.
    pub needles: &'static [&'static str],
    /// Starts of lines that the runtime prints directly above a trace and that announce it.
    pub headers: &'static [&'static str],
    /// Whether a record starts with this line.
    pub opens: fn(&str) -> Option<Opening>,
    /// Whether this line only ever follows an error's header in this language, and the step it leads to.
    pub frame: fn(&str) -> Option<Opening>,
    /// Whether the line continues the record.
    pub follows: fn(&mut State, &str) -> Next,
    /// The record, read. `None`: after all, nothing.
    pub parse: fn(&Trace<'_>) -> Option<Parsed>,
}

/// Every language; the first is that of structured lines, which is asked for every line that begins with a brace. Order matters where two could accept one line: the stricter one stands first.
pub static GRAMMARS: &[&Grammar] = &[
    &json::GRAMMAR,
    &layouts::GRAMMAR,
    &python::GRAMMAR,
    &jvm::GRAMMAR,
    &javascript::GRAMMAR,
    &go::GRAMMAR,
    &rust::GRAMMAR,
    &dotnet::GRAMMAR,
    &ruby::GRAMMAR,
    &php::GRAMMAR,
    &swift::GRAMMAR,
    &native::GRAMMAR,
    &elixir::GRAMMAR,
    &dart::GRAMMAR,
    &crystal::GRAMMAR,
    &perl::GRAMMAR,
];

/// The first grammar that says a record starts with this line.
pub fn opens(line: &str) -> Option<(&'static Grammar, Opening)> {
    may_start(line).then(|| opens_among(line, may_open(line))).flatten()
}

/// The grammars of which a line holds a needle. The line is searched once, however many places there are at which a
/// record may start.
#[derive(Clone, Copy, Debug)]
pub struct Candidates(u32);

impl Candidates {
    /// Looks for the needles of all grammars.
    pub fn of(line: &str) -> Self {
        Self(may_open(line))
    }

    /// As [`opens`] of the line that the candidates are of.
    pub fn open(self, line: &str) -> Option<(&'static Grammar, Opening)> {
        may_start(line).then(|| opens_among(line, self.0)).flatten()
    }
}

/// As [`opens`] of what follows the first of `starts` at which a record starts.
pub fn opens_at(
    line: &str,
    Candidates(may): Candidates,
    mut starts: impl Iterator<Item = usize>,
) -> Option<(usize, &'static Grammar, Opening)> {
    starts.find_map(|offset| {
        let rest = line.get(offset..).filter(|rest| may_start(rest))?;
        opens_among(rest, may).map(|(grammar, opening)| (offset, grammar, opening))
    })
}

/// No record starts with a control character.
fn may_start(line: &str) -> bool {
    line.bytes().next().is_some_and(|first| first >= b' ' || first == b'\t')
}

/// The first of the grammars in `may` that says a record starts with this line. Structured lines have no needle.
fn opens_among(line: &str, may: u32) -> Option<(&'static Grammar, Opening)> {
    let may = if line.starts_with('{') { may | 1 } else { may };
    if may == 0 {
        return None;
    }
    let candidates = GRAMMARS.iter().enumerate().filter(|(at, _)| may & (1 << at) != 0);
    candidates.map(|(_, grammar)| grammar).find_map(|grammar| Some((*grammar, (grammar.opens)(line)?)))
}

/// The grammars of which the line holds a needle, one bit each in the order of the table. One pass over the line
/// decides which tables are asked at all.
fn may_open(line: &str) -> u32 {
    static NEEDLES: LazyLock<(Words, Vec<u32>)> = LazyLock::new(|| {
        let pairs = GRAMMARS.iter().enumerate();
        let pairs = pairs.flat_map(|(at, grammar)| grammar.needles.iter().map(move |needle| (at, needle)));
        let (words, owners): (Vec<&str>, Vec<u32>) =
            pairs.map(|(at, needle)| (needle.trim_start_matches('\n'), 1 << at)).unzip();
        (Words::new(words), owners)
    });
    let (words, owners) = &*NEEDLES;
    let mut may = 0;
    words.each(line.as_bytes(), |word, _| may |= owners.get(word).copied().unwrap_or(u32::MAX));
    may
}

/// The first grammar that knows this line as a frame.
pub fn frame(line: &str) -> Option<(&'static Grammar, Opening)> {
    GRAMMARS.iter().find_map(|grammar| (grammar.frame)(line).map(|opening| (*grammar, opening)))
}

/// Whether a line cannot be part of a message that runs on: it is a log line, or a record starts with it.
pub fn interrupts(line: &str) -> bool {
    crate::logline::is_log_line(line) || opens(line).is_some_and(|(_, opening)| opening.firm)
}

/// No line of this grammar starts a record.
pub fn never(_: &str) -> Option<Opening> {
    None
}

impl std::fmt::Debug for Grammar {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.language)
    }
}

impl PartialEq for Grammar {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Grammar {}
