//! Container-log framing: CRI and docker-json lines carry their own stream, time and partial flags. Streams are never
//! mixed: each has its assembler; the line numbers and offsets of its blocks are those of the physical lines.

use std::collections::VecDeque;

use serde::Deserialize;

use crate::assemble::{Assembler, Block, Limits};

/// Lines whose places are remembered: more than an open record may hold and give back.
const REMEMBERED: usize = 1024;

/// How the lines of an input are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Not at all.
    Raw,
    /// `2026-01-02T03:04:05.678Z stderr F text` of the container runtime interface.
    Cri,
    /// `{"log":"text\n","stream":"stderr","time":"…"}` of Docker's json-file driver.
    Docker,
}

/// An input taken apart into its streams.
#[derive(Debug)]
pub struct Streams {
    framing: Framing,
    streams: [Stream; 2],
    /// Bytes of a physical line that is not complete.
    partial: Vec<u8>,
    /// Bytes cut from it.
    cut: u64,
    max_line: usize,
    line: u64,
    offset: u64,
}

/// One physical line as the framing tells it.
struct Piece<'a> {
    stream: usize,
    text: std::borrow::Cow<'a, [u8]>,
    ends_line: bool,
}

impl Streams {
    /// An input of the given framing.
    pub fn new(framing: Framing, limits: Limits) -> Self {
        let stream = || Stream::new(limits);
        // A docker line is JSON: escaping may make it six times as long as its text.
        let max_line = limits.max_line.saturating_mul(8).saturating_add(1024);
        Self {
            framing,
            streams: [stream(), stream()],
            partial: Vec::new(),
            cut: 0,
            max_line,
            line: 1,
            offset: 0,
        }
    }

    /// Takes any chunk of bytes; closed records go to `out`.
    pub fn push(&mut self, chunk: &[u8], at: i64, out: &mut Vec<Block>) {
        if self.framing == Framing::Raw {
            let [_, raw] = &mut self.streams;
            raw.assembler.push(chunk, at, out);
            return;
        }
        let mut rest = chunk;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            self.gather(line);
            self.physical(1, at, out);
            rest = after.get(1..).unwrap_or_default();
        }
        self.gather(rest);
    }

    /// End of input.
    pub fn flush(&mut self, out: &mut Vec<Block>) {
        if !self.partial.is_empty() {
            self.physical(0, 0, out);
        }
        for stream in &mut self.streams {
            let from = out.len();
            stream.assembler.flush(out);
            if self.framing != Framing::Raw {
                stream.map(out.get_mut(from..).unwrap_or_default());
            }
        }
    }

    /// Physical number of the first line that a record still to come can begin with. The streams take turns, so that
    /// records come out in the order in which they end; those that begin before this line may be sorted by their first.
    pub fn settled_line(&self) -> u64 {
        match self.framing {
            Framing::Raw => u64::MAX,
            _ => self.streams.iter().map(|stream| stream.settled(self.line)).min().unwrap_or(self.line),
        }
    }

    fn gather(&mut self, bytes: &[u8]) {
        let room = self.max_line.saturating_sub(self.partial.len()).min(bytes.len());
        self.partial.extend_from_slice(bytes.get(..room).unwrap_or_default());
        self.cut += (bytes.len() - room) as u64;
    }

    /// Unwraps the complete physical line, which ends with so many bytes of line break, and gives its text to its
    /// stream.
    fn physical(&mut self, ending: u64, at: i64, out: &mut Vec<Block>) {
        let line = std::mem::take(&mut self.partial);
        let start = self.offset;
        self.offset += line.len() as u64 + self.cut + ending;
        self.cut = 0;
        let piece = match self.framing {
            Framing::Docker => docker(&line),
            _ => cri(&line),
        };
        if let Some(stream) = self.streams.get_mut(piece.stream) {
            stream.take(&piece, Place { line: self.line, start, end: self.offset }, at, out);
        }
        self.line += 1;
        self.partial = line;
        self.partial.clear();
    }
}

/// `TIME STREAM TAGS TEXT`; a line that is not so is text of stderr.
fn cri(line: &[u8]) -> Piece<'_> {
    let whole = Piece { stream: 1, text: line.into(), ends_line: true };
    let mut fields = line.splitn(4, |byte| *byte == b' ');
    let (Some(time), Some(stream), Some(tags)) = (fields.next(), fields.next(), fields.next()) else {
        return whole;
    };
    let stream = match stream {
        b"stdout" => 0,
        b"stderr" => 1,
        _ => return whole,
    };
    if !time.first().is_some_and(u8::is_ascii_digit) {
        return whole;
    }
    let partial = tags.split(|byte| *byte == b':').next() == Some(b"P");
    Piece { stream, text: fields.next().unwrap_or_default().into(), ends_line: !partial }
}

/// One object of the json-file driver.
#[derive(Deserialize)]
struct DockerLine {
    log: String,
    #[serde(default)]
    stream: String,
}

/// A text without a line break is a partial line.
fn docker(line: &[u8]) -> Piece<'_> {
    match serde_json::from_slice::<DockerLine>(line) {
        Ok(parsed) => {
            let stream = usize::from(parsed.stream != "stdout");
            let mut text = parsed.log.into_bytes();
            let ends_line = text.last() == Some(&b'\n');
            if ends_line {
                text.pop();
            }
            Piece { stream, text: text.into(), ends_line }
        }
        Err(_) => Piece { stream: 1, text: line.into(), ends_line: true },
    }
}

/// Where a physical line stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    line: u64,
    start: u64,
    end: u64,
}

/// One stream: its assembler, and which physical lines its logical lines came from.
#[derive(Debug)]
struct Stream {
    assembler: Assembler,
    /// Of each remembered logical line the physical first and last.
    lines: VecDeque<(Place, Place)>,
    /// Number of the logical line at the front of `lines`.
    first: u64,
    /// The first line of an open record that is longer than what is remembered, with its number.
    pinned: Option<(u64, Place)>,
    /// First physical line of the logical line that is not complete.
    joined: Option<Place>,
    /// Physical line after the last record.
    closed: u64,
}

impl Stream {
    fn new(limits: Limits) -> Self {
        Self {
            assembler: Assembler::new(limits),
            lines: VecDeque::new(),
            first: 1,
            pinned: None,
            joined: None,
            closed: 1,
        }
    }

    /// As [`Streams::settled_line`]; `next` is the number of the physical line that comes next.
    fn settled(&self, next: u64) -> u64 {
        let oldest = self.place(self.assembler.oldest_line().max(self.first)).map(|(first, _)| first);
        let pinned = self.pinned.map(|(_, place)| place);
        pinned.or(oldest).or(self.joined).map_or(next, |place| place.line).max(self.closed)
    }

    fn take(&mut self, piece: &Piece<'_>, place: Place, at: i64, out: &mut Vec<Block>) {
        let first = *self.joined.get_or_insert(place);
        let from = out.len();
        if !piece.ends_line {
            self.assembler.push(&piece.text, at, out);
        } else {
            // A line break inside the text would count as a line of its own.
            let breaks = memchr::memchr_iter(b'\n', &piece.text).count();
            for _ in 0..=breaks {
                self.lines.push_back((first, place));
            }
            self.joined = None;
            self.assembler.push(&piece.text, at, out);
            self.assembler.push(b"\n", at, out);
        }
        self.map(out.get_mut(from..).unwrap_or_default());
        self.forget();
    }

    /// Drops the places of lines that no block still to come can begin or end with. Of a record that takes line after
    /// line its first one is kept aside, and as many of the last as it may give back.
    fn forget(&mut self) {
        let oldest = self.assembler.oldest_line();
        let open = self.assembler.open_line();
        self.pinned = self.pinned.filter(|(line, _)| open == Some(*line));
        while self.lines.len() > 1 && (self.first < oldest || self.lines.len() > REMEMBERED) {
            let dropped = self.lines.pop_front();
            if open == Some(self.first) {
                self.pinned = dropped.map(|(first, _)| (self.first, first));
            }
            self.first += 1;
        }
    }

    /// Rewrites logical numbers and offsets into physical ones.
    fn map(&mut self, blocks: &mut [Block]) {
        for block in blocks {
            let pinned = self.pinned.filter(|(line, _)| *line == block.first_line).map(|(_, place)| place);
            if let Some(first) = pinned.or_else(|| self.place(block.first_line).map(|(first, _)| first)) {
                block.first_line = first.line;
                block.start = first.start;
            }
            let last = self.place(block.last_line).map(|(_, last)| last).or(self.joined);
            if let Some(last) = last {
                block.last_line = last.line;
                block.end = last.end;
            }
            self.closed = self.closed.max(block.last_line + 1);
        }
    }

    fn place(&self, line: u64) -> Option<(Place, Place)> {
        let index = line.checked_sub(self.first)?;
        self.lines.get(usize::try_from(index).ok()?).copied()
    }
}

#[cfg(test)]
mod tests;
