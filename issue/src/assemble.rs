//! Lines that belong together: a stream of bytes in, one [`Block`] per crash or error line out.
//!
//! Sans-IO: bytes and the time they were read at come in by method, closed records go out by `out`, the clock is a
//! parameter. While no record is open, a prefilter over whole chunks finds the next line that could start one; only
//! such lines and the lines of an open record are looked at one by one. What a record takes is decided by the
//! language tables ([`crate::languages`]); lines that a record held and then did not need are read again as if it
//! had not been there.
//!
//! The blocks depend on the bytes alone, never on how they were cut into chunks.

use std::time::Duration;

use crate::languages::{Grammar, Trace};
use crate::report::Level;

mod buffer;
mod clean;
mod head;
mod known;
mod lookback;
mod prefilter;
mod prefix;
mod record;
mod shared;

use buffer::Buffer;
pub(crate) use head::is_named;
use known::Known;
use prefilter::Prefilter;
use record::{Record, Verdict};

/// Bounds of one record and of waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lines kept of one record; what lies between its front and its tail beyond this is counted, not kept.
    pub max_lines: usize,
    /// Bytes kept of one record.
    pub max_bytes: usize,
    /// Bytes kept of one line; the rest is cut with a mark.
    pub max_line: usize,
    /// How long an open record waits for another line.
    pub idle: Duration,
    /// Log lines below this open no record.
    pub min_level: Level,
    /// Bytes of lines that are remembered, which saves work where they come again and changes nothing else; 0 for none.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_lines: 1000,
            max_bytes: 256 * 1024,
            max_line: 64 * 1024,
            idle: Duration::from_millis(500),
            min_level: Level::Error,
            memory: 1024 * 1024,
        }
    }
}

/// One closed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// 1-based number of the first line.
    pub first_line: u64,
    /// 1-based number of the last line, inclusive.
    pub last_line: u64,
    /// Stream offset of the first byte.
    pub start: u64,
    /// Stream offset one past the last line.
    pub end: u64,
    /// When its first line was read, unix nanoseconds.
    pub at: i64,
    /// Lines dropped from its middle.
    pub truncated: u64,
    pub(crate) grammar: Option<&'static Grammar>,
    pub(crate) opened: &'static str,
    pub(crate) closed: &'static str,
    /// Level that the front of the opener's line states, where that front stands before every line.
    pub(crate) prefixed: Option<Level>,
    pub(crate) lines: String,
    /// Byte offset in `lines` at which the trace starts; before it stand log lines and runtime headers.
    pub(crate) body: usize,
}

impl Block {
    /// The rule that opened the record.
    pub fn opened_by(&self) -> &'static str {
        self.opened
    }

    /// Why it ended where it did.
    pub fn closed_by(&self) -> &'static str {
        self.closed
    }

    /// The record's own text: escapes and constant prefixes removed, lines joined by `\n`.
    pub fn text(&self) -> String {
        self.lines.clone()
    }

    /// The record as a grammar's parser takes it.
    pub(crate) fn trace(&self) -> Trace<'_> {
        let (header, body) = self.lines.split_at_checked(self.body).unwrap_or(("", &self.lines));
        Trace { header, body, rule: self.opened }
    }
}

/// Bytes taken into the buffer at a time.
const PIECE: usize = 64 * 1024;

/// The assembler of one stream.
#[derive(Debug)]
pub struct Assembler {
    limits: Limits,
    buffer: Buffer,
    known: Known,
    open: Option<Record>,
    at: i64,
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

impl Assembler {
    /// An assembler at the start of a stream.
    pub fn new(limits: Limits) -> Self {
        let (buffer, known) = (Buffer::new(limits.max_line.max(16)), Known::new(limits.memory));
        Self { limits, buffer, known, open: None, at: 0 }
    }

    /// From here on, log lines below this open no record.
    pub fn set_min_level(&mut self, level: Level) {
        self.limits.min_level = level;
    }

    /// Takes any chunk of bytes, read at `at` (unix ns). Closed records are pushed to `out`.
    pub fn push(&mut self, chunk: &[u8], at: i64, out: &mut Vec<Block>) {
        self.at = at;
        for piece in chunk.chunks(PIECE.min(self.limits.max_line.max(16))) {
            self.buffer.ingest(piece);
            self.run(out);
            let held = self.open.as_ref().map(|record| record.firm.index);
            let moved = self.buffer.compact(held);
            if let Some(record) = &mut self.open {
                record.firm.index -= moved;
                record.second.index -= moved.min(record.second.index);
            }
        }
    }

    /// When [`Assembler::handle_timeout`] should be called, if a record is open.
    pub fn poll_timeout(&self) -> Option<i64> {
        let idle = i64::try_from(self.limits.idle.as_nanos()).unwrap_or(i64::MAX);
        self.open.as_ref().map(|record| record.touched.saturating_add(idle))
    }

    /// Closes the open record if it has waited long enough.
    pub fn handle_timeout(&mut self, now: i64, out: &mut Vec<Block>) {
        while self.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.close("idle", out);
            // Lines that the record held are read again, and may open another one.
            self.run(out);
        }
    }

    /// End of input: closes what is open, including an unterminated last line.
    pub fn flush(&mut self, out: &mut Vec<Block>) {
        self.buffer.terminate();
        self.run(out);
        while self.open.is_some() {
            self.close("end of input", out);
            self.run(out);
        }
        // Nothing that comes after it has its header before it.
        self.buffer.floor = self.buffer.next;
    }

    /// Stream offset of the start of the open record, of the last lines if they may be the header of one that is still
    /// to come, or of a partial line, else everything pushed so far: a reader may resume there without losing a
    /// report or its header.
    pub fn settled(&self) -> u64 {
        match &self.open {
            Some(record) => record.start,
            None => self.buffer.offset(lookback::held_back(&self.buffer)),
        }
    }

    /// Number of the first line of the open record.
    pub(crate) fn open_line(&self) -> Option<u64> {
        self.open.as_ref().map(|record| record.first_line)
    }

    /// Number of the oldest line that a block still to come can begin with.
    pub(crate) fn oldest_line(&self) -> u64 {
        let line = self.open.as_ref().map_or(self.buffer.line, |record| record.first_line);
        line.saturating_sub(lookback::LINES)
    }

    fn run(&mut self, out: &mut Vec<Block>) {
        while self.buffer.next < self.buffer.complete {
            if self.open.is_some() {
                self.feed(out);
            } else if !self.seek() {
                break;
            }
            if self.open.as_ref().is_some_and(Record::is_single) {
                self.close("one line", out);
            }
        }
    }

    /// Goes to the next line that could start a record and tries it. `false`: there is none.
    fn seek(&mut self) -> bool {
        let Some(hit) = Prefilter::shared(self.limits.min_level).find(self.buffer.unread()) else {
            self.buffer.skip_all();
            return false;
        };
        self.buffer.go_to_line_of(hit);
        let Some(line) = self.buffer.line_at(self.buffer.next) else {
            self.buffer.skip_all();
            return false;
        };
        // A needle beyond the cut of an overlong line is not part of the line.
        self.open = head::open(&self.buffer, &line, self.at, &self.limits, &mut self.known);
        self.buffer.step(&line);
        if let Some(record) = &mut self.open {
            record.second = self.buffer.mark();
            if record.is_firm() {
                record.firm = record.second;
            }
        }
        true
    }

    /// Gives the next line to the open record.
    fn feed(&mut self, out: &mut Vec<Block>) {
        let Some(line) = self.buffer.line_at(self.buffer.next) else { return };
        let Some(record) = &mut self.open else { return };
        record.touched = self.at;
        match decide(record, &mut self.known, &self.buffer, &line, &self.limits) {
            Verdict::Take => {
                self.buffer.step(&line);
                record.firm = self.buffer.mark();
            }
            Verdict::Hold => self.buffer.step(&line),
            Verdict::End(reason) => self.close(reason, out),
        }
    }

    /// Ends the open record: its block goes out, lines that it only held are given back.
    fn close(&mut self, reason: &'static str, out: &mut Vec<Block>) {
        let Some(record) = self.open.take() else { return };
        let resume = if record.is_firm() { record.firm } else { record.second };
        let logged = !record.is_firm() && record.falls_back(&self.limits);
        if record.is_firm() || logged {
            self.buffer.floor = resume.index;
            let end = self.buffer.offset(resume.index);
            out.push(record.into_block(resume.line - 1, end, reason));
        }
        self.buffer.rewind(resume);
    }
}

/// What becomes of the next line of an open record.
fn decide(
    record: &mut Record,
    known: &mut Known,
    buffer: &Buffer,
    line: &buffer::Line,
    limits: &Limits,
) -> Verdict {
    let raw = buffer.raw(line);
    let stand = record.stand();
    let hash = match stand.zip(raw).and_then(|(stand, raw)| known.find(stand, raw)) {
        Some((_, Some(line))) => return record.accept_known(line, limits),
        Some((hash, None)) => Some(hash),
        None => None,
    };
    let text = buffer.text(line);
    let verdict = record.accept(&text, limits, known);
    if let (Some(hash), Some(before), Some(after)) = (hash, stand, record.stand())
        && raw == Some(text.as_bytes())
    {
        known.remember(hash, before, after.1, verdict, &text);
    }
    verdict
}

#[cfg(test)]
mod tests;
