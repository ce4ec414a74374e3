//! One run of one container: frames in, blocks out, and where in the files a restart may resume.

use std::{
    collections::{BTreeSet, VecDeque},
    io, mem,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use issue::{
    assemble::{Assembler, Block, Limits},
    report::Level,
};

use super::{
    run::{Run, Step, text},
    segments::{FILE_SIZE, Frame, Name, Segment},
};
use crate::accept::Cursor;

/// Bytes of stderr that one step reads.
pub(super) const STEP: u64 = 1024 * 1024;

/// Bytes of records that one step may bring: they become one hand-over, which must find room in the spool as a whole.
pub(super) const BLOCKS: u64 = 128 * 1024;

/// Positions that are kept. Of more every second one goes: a cursor then counts from an earlier frame.
pub(super) const MARKS: usize = 4096;

/// Where a data frame lies in the files and in the stream.
#[derive(Clone, Copy, Debug)]
struct Mark {
    stream: u64,
    n: u64,
    frame: u64,
}

/// Where reading got to.
enum Reached {
    /// One more frame was taken.
    Frame,
    /// The step must end here.
    Border,
    /// No more is there now.
    End,
}

/// What opening the next file came to.
enum Opened {
    Ready,
    Nothing,
    /// The file to go on with, and about how many bytes were before it.
    Missing(u64, u64),
}

/// A run that is being followed.
#[derive(Debug)]
pub struct Stream {
    container: String,
    run: String,
    folder: PathBuf,
    assembler: Assembler,
    idle: Duration,
    /// The file that is read, or the next one to open.
    n: u64,
    segment: Option<Segment>,
    /// Offset at which `n` is to be opened.
    resume: u64,
    /// Payload bytes that an earlier process has covered already.
    skip: u64,
    /// Bytes handed to the assembler.
    pushed: u64,
    marks: VecDeque<Mark>,
    told: Option<Cursor>,
    touched: Instant,
    buffer: Vec<u8>,
    ended: bool,
}

impl Stream {
    /// The run `(container, run)`, from where an earlier process left it.
    pub fn new(
        key: &(String, String),
        folder: &Path,
        limits: Limits,
        from: Option<&Cursor>,
        now: Instant,
    ) -> Self {
        let (container, run) = key;
        let at = from.and_then(|cursor| Name::parse(&cursor.segment).map(|name| (name.n, cursor)));
        Self {
            container: container.clone(),
            run: run.clone(),
            folder: folder.to_owned(),
            idle: limits.idle,
            assembler: Assembler::new(limits),
            n: at.as_ref().map_or(0, |(n, _)| *n),
            segment: None,
            resume: at.as_ref().map_or(0, |(_, cursor)| cursor.frame),
            skip: at.as_ref().map_or(0, |(_, cursor)| cursor.within),
            pushed: 0,
            marks: VecDeque::new(),
            told: from.cloned(),
            touched: now,
            buffer: Vec::new(),
            ended: false,
        }
    }

    /// Takes one frame.
    fn frame(&mut self, step: &mut Step, there: &BTreeSet<u64>) -> io::Result<Reached> {
        if self.segment.is_none() {
            match self.open(there)? {
                Opened::Ready => {}
                Opened::Nothing => return Ok(Reached::End),
                // The next step counts it: what stands before it must be handed over first.
                Opened::Missing(..) if self.open_or_blocks(step) => return Ok(self.hold(step)),
                Opened::Missing(next, bytes) => {
                    (self.n, self.resume, self.skip) = (next, 0, 0);
                    return Ok(self.gap(bytes, step));
                }
            }
        }
        let held = self.open_or_blocks(step);
        let Some(segment) = &mut self.segment else { return Ok(Reached::End) };
        let frame = segment.offset;
        match segment.next(&mut self.buffer)? {
            None => return Ok(Reached::End),
            Some(Frame::Data(at)) => self.data(frame, at, &mut step.blocks),
            Some(Frame::Gap(_)) if held => {
                segment.offset = frame;
                return Ok(self.hold(step));
            }
            Some(Frame::Gap(bytes)) => return Ok(self.gap(bytes, step)),
            Some(Frame::End) => {
                self.assembler.flush(&mut step.blocks);
                self.ended = true;
            }
            Some(Frame::Other) => {}
        }
        Ok(Reached::Frame)
    }

    /// What goes before a gap and what comes after it are not one record.
    fn hold(&mut self, step: &mut Step) -> Reached {
        self.assembler.flush(&mut step.blocks);
        Reached::Border
    }

    fn gap(&mut self, bytes: u64, step: &mut Step) -> Reached {
        step.gap = step.gap.saturating_add(bytes);
        self.marks.clear();
        Reached::Border
    }

    /// Whether something before this point is not handed over yet.
    fn open_or_blocks(&self, step: &Step) -> bool {
        !step.blocks.is_empty() || self.assembler.settled() < self.pushed
    }

    fn data(&mut self, frame: u64, at: u64, blocks: &mut Vec<Block>) {
        let skipped = self.skip.min(self.buffer.len() as u64);
        self.skip -= skipped;
        self.buffer.drain(..skipped as usize);
        let bytes = mem::take(&mut self.buffer);
        if bytes.is_empty() {
            return;
        }
        // A cursor counts within the frame in the file, what was skipped included. Only the first frame of a process
        // begins so, at 0: the difference wraps, and so does the sum that takes it back.
        self.mark(Mark { stream: self.pushed.wrapping_sub(skipped), n: self.n, frame });
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        self.assembler.handle_timeout(at, blocks);
        self.assembler.push(&bytes, at, blocks);
        self.pushed += bytes.len() as u64;
        self.buffer = bytes;
    }

    fn mark(&mut self, mark: Mark) {
        self.marks.push_back(mark);
        if self.marks.len() > MARKS {
            let mut number = 0;
            self.marks.retain(|_| {
                number += 1;
                number % 2 == 1
            });
        }
    }

    /// Opens the file that is next.
    fn open(&mut self, there: &BTreeSet<u64>) -> io::Result<Opened> {
        let Some(&first) = there.range(self.n..).next() else { return Ok(Opened::Nothing) };
        if first > self.n {
            // The ring was faster than we: the rest of one file and all of those between.
            let bytes = (first - self.n).saturating_mul(FILE_SIZE).saturating_sub(self.resume);
            return Ok(Opened::Missing(first, bytes));
        }
        match Segment::open(&self.folder.join(Name::file(&self.run, self.n))) {
            Ok(mut segment) => {
                segment.offset = mem::take(&mut self.resume);
                self.segment = Some(segment);
                Ok(Opened::Ready)
            }
            // Deleted since it was listed: the next listing tells.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Opened::Nothing),
            Err(error) => {
                tracing::warn!(%error, run = self.run, n = self.n, "a segment was skipped");
                Ok(Opened::Missing(self.n + 1, FILE_SIZE))
            }
        }
    }

    fn next_file(&mut self) {
        self.segment = None;
        self.n += 1;
    }

    /// Closes a record that waited long enough, by a clock that does not jump.
    fn idle(&mut self, blocks: &mut Vec<Block>) {
        if let Some(deadline) = self.assembler.poll_timeout() {
            self.assembler.handle_timeout(deadline, blocks);
        }
    }

    /// The cursor to journal with this step, if it is worth it.
    fn progress(&mut self, step: &Step) -> Option<Cursor> {
        const WORTH: u64 = 256 * 1024;
        let position = self.position()?;
        let far = self.told.as_ref().is_none_or(|told| {
            told.segment != position.segment || position.frame.abs_diff(told.frame) >= WORTH
        });
        (far || step.gap > 0 || !step.blocks.is_empty()).then_some(position)
    }

    /// Where the first byte lies that is not settled.
    fn position(&mut self) -> Option<Cursor> {
        let settled = self.assembler.settled().min(self.pushed);
        while self.marks.get(1).is_some_and(|next| next.stream <= settled) {
            self.marks.pop_front();
        }
        let (n, frame, within) = match self.marks.front() {
            Some(mark) if settled < self.pushed => (mark.n, mark.frame, settled.wrapping_sub(mark.stream)),
            // Everything is settled: the next frame is the first that is not covered.
            _ => (self.n, self.segment.as_ref().map_or(self.resume, |segment| segment.offset), self.skip),
        };
        let segment = Name::file(&self.run, n);
        Some(Cursor { container: self.container.clone(), segment, frame, within })
    }
}

impl Run for Stream {
    fn step(&mut self, there: &BTreeSet<u64>, now: Instant) -> io::Result<Step> {
        let mut step = Step::default();
        let end = self.pushed + STEP;
        while self.pushed < end && text(&step.blocks) < BLOCKS && !self.ended {
            match self.frame(&mut step, there)? {
                Reached::Frame => step.busy = true,
                Reached::Border => {
                    step.busy = true;
                    break;
                }
                Reached::End if there.last().is_none_or(|&last| last <= self.n) => break,
                // A later file exists, and did before we read to the end of this one: it is complete.
                Reached::End if self.segment.is_some() => self.next_file(),
                Reached::End => break,
            }
        }
        if step.busy {
            self.touched = now;
        } else if now.duration_since(self.touched) >= self.idle {
            self.idle(&mut step.blocks);
        }
        step.cursor = self.progress(&step);
        Ok(step)
    }

    fn flush(&mut self) -> Step {
        let mut step = Step::default();
        self.assembler.flush(&mut step.blocks);
        step.cursor = self.position().filter(|position| self.told.as_ref() != Some(position));
        step
    }

    fn covered(&mut self, cursor: &Cursor) {
        self.told = Some(cursor.clone());
    }

    fn ended(&self) -> bool {
        self.ended
    }

    fn set_min_level(&mut self, level: Level) {
        self.assembler.set_min_level(level);
    }
}
