//! The bytes that are not decided yet, the few lines before them, and where all of them stand in the stream.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::clean::{clean, cut, odd_end};

/// Bytes of earlier lines kept for looking back.
pub const HISTORY: usize = 8 * 1024;

/// A place between two lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Index in the buffer of the line that begins here.
    pub index: usize,
    /// 1-based number of that line.
    pub line: u64,
}

/// One line in the buffer, without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Index of its first byte.
    pub start: usize,
    /// Index one past its last byte; the line break stands there.
    pub end: usize,
}

/// Bytes from some line break on; `bytes[0]` is always a line break, so that a line start can be looked for.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    /// Stream offset of `bytes[0]`, which for the first line is one before the stream.
    base: i128,
    /// Bytes cut from overlong lines: index of the line break that ends the line, and how many.
    cuts: VecDeque<(usize, u64)>,
    /// Bytes cut so far from the line that is still incomplete.
    cutting: u64,
    /// Whether the last line break was added because the input ended without one.
    terminated: bool,
    max_line: usize,
    /// From this index on nothing has to be removed from a line's text.
    plain: usize,
    /// Index one past the last line break.
    pub complete: usize,
    /// Index of the first undecided line.
    pub next: usize,
    /// 1-based number of the line at `next`.
    pub line: u64,
    /// Lines before this index belong to a closed record.
    pub floor: usize,
}

impl Buffer {
    /// An empty stream.
    pub fn new(max_line: usize) -> Self {
        Self {
            bytes: vec![b'\n'],
            base: -1,
            cuts: VecDeque::new(),
            cutting: 0,
            terminated: false,
            max_line,
            plain: 1,
            complete: 1,
            next: 1,
            line: 1,
            floor: 1,
        }
    }

    /// Appends a piece no longer than the longest line; what overflows the line it continues is counted, not kept.
    pub fn ingest(&mut self, piece: &[u8]) {
        let partial = self.bytes.len() - self.complete;
        let first = memchr::memchr(b'\n', piece);
        let (head, tail) = piece.split_at(first.unwrap_or(piece.len()));
        let kept = head.len().min(self.max_line.saturating_sub(partial));
        let from = self.bytes.len();
        self.bytes.extend_from_slice(head.get(..kept).unwrap_or(head));
        self.cutting += (head.len() - kept) as u64;
        if first.is_none() {
            return self.look_for_odd(from);
        }
        if self.cutting > 0 {
            self.cuts.push_back((self.bytes.len(), self.cutting));
            self.cutting = 0;
        }
        self.bytes.extend_from_slice(tail);
        self.look_for_odd(from);
        self.complete = memchr::memrchr(b'\n', &self.bytes).map_or(self.complete, |at| at + 1);
    }

    /// Sees in one pass over what is new whether its lines have to be cleaned one by one.
    fn look_for_odd(&mut self, from: usize) {
        if let Some(end) = odd_end(self.bytes.get(from..).unwrap_or_default()) {
            self.plain = from + end;
        }
    }

    /// Ends the last line if the input did not.
    pub fn terminate(&mut self) {
        if self.bytes.len() > self.complete {
            self.ingest(b"\n");
            self.terminated = true;
        }
    }

    /// Stream offset of a buffer index.
    pub fn offset(&self, index: usize) -> u64 {
        let cut: u64 = self.cuts.iter().take_while(|(at, _)| *at < index).map(|(_, cut)| cut).sum();
        let beyond = u64::from(self.terminated && index == self.bytes.len());
        let offset = self.base + index as i128 + i128::from(cut) - i128::from(beyond);
        u64::try_from(offset).unwrap_or_default()
    }

    /// The undecided complete lines with the line break before them.
    pub fn unread(&self) -> &[u8] {
        self.bytes.get(self.next - 1..self.complete).unwrap_or_default()
    }

    /// Decides all complete lines.
    pub fn skip_all(&mut self) {
        self.skip_to(self.complete);
    }

    fn skip_to(&mut self, index: usize) {
        let passed = self.bytes.get(self.next..index).unwrap_or_default();
        self.line += memchr::memchr_iter(b'\n', passed).count() as u64;
        self.next = index;
    }

    /// Goes to the line that holds byte `hit` of [`Buffer::unread`]; a needle may begin with the line break before it.
    pub fn go_to_line_of(&mut self, hit: usize) {
        let at = self.next - 1 + hit;
        let start = match self.bytes.get(at) {
            Some(b'\n') => at + 1,
            _ => memchr::memrchr(b'\n', self.bytes.get(..at).unwrap_or_default())
                .map_or(self.next, |br| br + 1),
        };
        self.skip_to(start.max(self.next));
    }

    /// The complete line that begins at `index`.
    pub fn line_at(&self, index: usize) -> Option<Line> {
        let rest = self.bytes.get(index..self.complete)?;
        memchr::memchr(b'\n', rest).map(|length| Line { start: index, end: index + length })
    }

    /// The complete line before the one that begins at `index`, if it may still be looked at.
    pub fn line_before(&self, index: usize, nearest: usize) -> Option<Line> {
        let end = index.checked_sub(1)?;
        let start = memchr::memrchr(b'\n', self.bytes.get(..end)?)? + 1;
        (start >= self.floor && start + HISTORY >= nearest).then_some(Line { start, end })
    }

    /// The text of a line: escapes removed, invalid UTF-8 replaced, an overlong one cut with a mark.
    pub fn text(&self, line: &Line) -> Cow<'_, str> {
        let bytes = self.bytes.get(line.start..line.end).unwrap_or_default();
        let text = clean(bytes, line.start >= self.plain);
        if self.cuts.is_empty() {
            return text;
        }
        match self.cuts.iter().find(|(at, _)| *at == line.end) {
            Some((_, bytes)) => Cow::Owned(cut(&text, *bytes)),
            None => text,
        }
    }

    /// The bytes of a line as they came; `None` where any line was cut.
    pub fn raw(&self, line: &Line) -> Option<&[u8]> {
        if self.cuts.is_empty() { self.bytes.get(line.start..line.end) } else { None }
    }

    /// Goes past a line that begins at `next`.
    pub fn step(&mut self, line: &Line) {
        self.next = line.end + 1;
        self.line += 1;
    }

    /// The place of the next undecided line.
    pub fn mark(&self) -> Mark {
        Mark { index: self.next, line: self.line }
    }

    /// Goes back to an earlier place.
    pub fn rewind(&mut self, mark: Mark) {
        self.next = mark.index;
        self.line = mark.line;
    }

    /// Drops decided bytes beyond the history. Returns by how much every index moved.
    pub fn compact(&mut self, held: Option<usize>) -> usize {
        let needed = held.map_or(self.next, |held| held.min(self.next)).saturating_sub(HISTORY);
        if needed <= 1 {
            return 0;
        }
        let rest = self.bytes.get(needed - 1..).unwrap_or_default();
        let Some(moved) = memchr::memchr(b'\n', rest).map(|br| needed - 1 + br) else { return 0 };
        let cut: u64 = self.cuts.iter().take_while(|(at, _)| *at < moved).map(|(_, cut)| cut).sum();
        self.cuts.retain(|(at, _)| *at >= moved);
        for (at, _) in &mut self.cuts {
            *at -= moved;
        }
        self.bytes.drain(..moved);
        self.base += moved as i128 + i128::from(cut);
        self.complete -= moved;
        self.next -= moved;
        self.plain = self.plain.saturating_sub(moved);
        self.floor = self.floor.saturating_sub(moved).max(1);
        moved
    }

    /// Bytes that the buffer holds on to.
    #[cfg(test)]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
