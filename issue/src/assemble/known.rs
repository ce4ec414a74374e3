//! Lines that an assembler has met before. What a grammar says of a line follows from the line and from where the grammar
//! stands, so that the frames of a crash loop need not be cleaned and read again; nor what a line is that begins a
//! record.

use crate::languages::{Grammar, State};
use crate::memo::{self, Memo};

use super::head::Front;
use super::record::{SINGLE, Verdict};

/// Longer lines are read each time.
const LONGEST: usize = 512;

/// Half as many as are remembered at most, of lines of records and of their first ones.
const SETS: usize = 2048;
const FIRSTS: usize = 512;

/// Lines after which is judged whether remembering them pays: it does where this share of them was found.
const TRIED: u32 = 1024;
const SHARE: u32 = 4;

/// Lines that are read without a memory once it did not pay.
const REST: u32 = 8 * TRIED;

/// Where a record stands before a line. Together with the line it decides what becomes of it.
pub type Stand = (&'static Grammar, State);

/// The lines that one assembler remembers.
#[derive(Debug)]
pub struct Known {
    lines: Memo<Box<Line>>,
    fronts: Memo<Box<(String, Front)>>,
    bytes: usize,
    worth: Worth,
}

/// Whether the memory is of use: where no line comes twice, asking it costs more than it saves.
#[derive(Debug, Default)]
struct Worth {
    asked: u32,
    found: u32,
    rest: u32,
}

impl Worth {
    /// Whether to ask the memory for the next line.
    fn asks(&mut self) -> bool {
        if self.rest > 0 {
            self.rest -= 1;
            return false;
        }
        if self.asked == TRIED {
            self.rest = if self.found < TRIED / SHARE { REST } else { 0 };
            (self.asked, self.found) = (0, 0);
        }
        self.asked += 1;
        true
    }
}

/// One line in one state.
#[derive(Debug)]
pub struct Line {
    before: Stand,
    /// Where the grammar stands behind it.
    pub after: State,
    /// Whether it is certain that it belongs; else it was held.
    pub taken: bool,
    /// Its bytes, in which there was nothing to clean.
    pub text: String,
}

impl Known {
    /// No lines yet, and never more than `bytes` of them.
    pub fn new(bytes: usize) -> Self {
        let firsts = bytes / 4;
        Self {
            lines: Memo::new(SETS, bytes - firsts),
            fronts: Memo::new(FIRSTS, firsts),
            bytes,
            worth: Worth::default(),
        }
    }

    /// What is remembered of a line, and the hash to remember it by; `None` for lines that never are.
    pub fn find(&mut self, stand: Stand, line: &[u8]) -> Option<(u64, Option<&Line>)> {
        if self.bytes == 0 || line.len() > LONGEST || !self.worth.asks() {
            return None;
        }
        let State { phase, run, mark } = stand.1;
        let stood = u64::from(phase) << 56 ^ u64::from(run) << 24 ^ u64::from(mark);
        let hash = memo::hash(line) ^ stood;
        let place = self.lines.find(hash, |known| known.before == stand && known.text.as_bytes() == line);
        self.worth.found += u32::from(place.is_some());
        Some((hash, place.and_then(|place| self.lines.get(place)).map(|line| &**line)))
    }

    /// Remembers a line that comes a second time.
    pub fn remember(&mut self, hash: u64, before: Stand, after: State, verdict: Verdict, text: &str) {
        let taken = match verdict {
            Verdict::Take => true,
            Verdict::Hold => false,
            Verdict::End(_) => return,
        };
        // What ends a record at once does so for reasons of the record's own.
        if after.phase == SINGLE || !self.lines.comes_again(hash) {
            return;
        }
        let weight = size_of::<Line>() + text.len();
        let line = Line { before, after, taken, text: text.to_owned() };
        // One that finds no room is read again.
        self.lines.keep(hash, weight, Box::new(line)).unwrap_or_default();
    }

    /// What a line tells by its text alone.
    pub fn front(&mut self, line: &str) -> Front {
        if self.bytes == 0 || line.len() > LONGEST || self.worth.rest > 0 {
            return Front::of(line);
        }
        let hash = memo::hash(line.as_bytes());
        let place = self.fronts.find(hash, |known| known.0 == line);
        if let Some(known) = place.and_then(|place| self.fronts.get(place)) {
            return known.1;
        }
        let front = Front::of(line);
        if self.fronts.comes_again(hash) {
            let weight = size_of::<(String, Front)>() + line.len();
            // One that finds no room is read again.
            self.fronts.keep(hash, weight, Box::new((line.to_owned(), front))).unwrap_or_default();
        }
        front
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_that_is_of_no_use_rests_and_is_tried_again() {
        let asked = |worth: &mut Worth, lines: u32| (0..lines).filter(|_| worth.asks()).count();
        let mut worth = Worth::default();
        assert_eq!(asked(&mut worth, TRIED), TRIED as usize);
        assert_eq!(asked(&mut worth, 1 + REST), 1);
        worth.found = TRIED / SHARE;
        assert_eq!(asked(&mut worth, 2 * TRIED - 1), 2 * TRIED as usize - 1);
    }
}
