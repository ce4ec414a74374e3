//! One run of one container from the node's own log files: physical lines in, blocks out, over every rotation.
//!
//! A place in a log is a file's number and an offset in it, and the time of the line there: where the number is gone,
//! because the file was compressed meanwhile, or belongs to another file, the time finds the line again.

pub mod files;

use std::{
    collections::{BTreeSet, VecDeque},
    io, mem,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use issue::{
    assemble::{Assembler, Limits},
    report::Level,
};
use jiff::Timestamp;

use self::files::{LogFile, OpenLog};
use super::{
    run::{Run, Step, text},
    stream::{BLOCKS, MARKS, STEP},
};
use crate::accept::Cursor;

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// Bytes kept of one physical line: a runtime splits at 16 KiB.
const LINE: usize = 128 * 1024;

/// A cursor is worth a write of its own after so many bytes.
const WORTH: u64 = 1024 * 1024;

/// Where a line begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    inode: u64,
    offset: u64,
    /// Unix nanoseconds of the line; of the end of what was read, one more than those of the last line.
    at: u64,
}

/// A line that the assembler was given.
#[derive(Clone, Copy, Debug)]
struct Mark {
    stream: u64,
    place: Place,
}

/// A run that is being followed.
#[derive(Debug)]
pub struct CriRun {
    container: String,
    run: u64,
    folder: PathBuf,
    assembler: Assembler,
    idle: Duration,
    file: Option<OpenLog>,
    /// Where reading goes on: the beginning of the next physical line.
    next: Place,
    /// Lines before this time are known, until one is reached that is not.
    skip: Option<u64>,
    /// The file that is read has been renamed, and its end was reached since.
    left: bool,
    /// Bytes of a physical line that is not complete.
    partial: Vec<u8>,
    pushed: u64,
    marks: VecDeque<Mark>,
    told: Option<Cursor>,
    touched: Instant,
}

impl CriRun {
    /// The run `N.log` of a container, from where an earlier process left it.
    pub fn new(
        key: &(String, String),
        folder: &Path,
        limits: Limits,
        from: Option<&Cursor>,
        now: Instant,
    ) -> Self {
        let (container, run) = key;
        let place = from.and_then(|cursor| {
            let (_, inode) = cursor.segment.split_once('-')?;
            Some(Place { inode: inode.parse().ok()?, offset: cursor.frame, at: cursor.within })
        });
        Self {
            container: container.clone(),
            run: run.strip_suffix(".log").and_then(|n| n.parse().ok()).unwrap_or_default(),
            folder: folder.to_owned(),
            assembler: Assembler::new(limits),
            idle: limits.idle,
            file: None,
            next: place.unwrap_or(Place { inode: 0, offset: 0, at: 0 }),
            skip: None,
            left: false,
            partial: Vec::new(),
            pushed: 0,
            marks: VecDeque::new(),
            told: from.cloned(),
            touched: now,
        }
    }

    /// Reads one chunk. False: there is nothing more now.
    fn chunk(&mut self, step: &mut Step) -> io::Result<bool> {
        if self.file.is_none() && !self.open()? {
            return Ok(false);
        }
        let mut buffer = vec![0; CHUNK];
        let Some(file) = &mut self.file else { return Ok(false) };
        let read = match file.read(&mut buffer) {
            Ok(read) => read,
            Err(error) => {
                // A compressed file that is damaged: what follows it is read all the same.
                tracing::warn!(%error, container = self.container, "a log file cannot be read to its end");
                let damaged = self.next.inode;
                self.leave()?;
                return Ok(self.next.inode != damaged);
            }
        };
        if read > 0 {
            self.left = false;
            self.lines(buffer.get(..read).unwrap_or_default(), step);
            return Ok(true);
        }
        if file.truncated()? {
            tracing::warn!(
                container = self.container,
                "a log file was truncated; it is read from its beginning"
            );
            self.next = Place { offset: 0, at: 0, ..self.next };
            self.partial.clear();
            return Ok(true);
        }
        self.renamed(step)
    }

    /// Whether the file that was read to its end has a successor. It is left at the second look only: while a runtime
    /// changes over, its last lines go to the old file.
    fn renamed(&mut self, step: &mut Step) -> io::Result<bool> {
        let current = files::inode(&self.folder.join(files::name(self.run)));
        if current.is_none_or(|current| current == self.next.inode) {
            return Ok(false);
        }
        let left = mem::replace(&mut self.left, true);
        if left {
            self.leave()?;
        }
        // There is more to read: whoever waits for all of it must look again.
        step.busy = true;
        Ok(left)
    }

    /// Goes on with the next file. The old one is still open, so its number belongs to no other meanwhile.
    fn leave(&mut self) -> io::Result<()> {
        let logs = files::list(&self.folder)?.remove(&self.run).unwrap_or_default();
        self.left = false;
        self.partial.clear();
        match logs.iter().position(|log| files::inode(&log.path) == Some(self.next.inode)) {
            Some(index) => match logs.get(index + 1) {
                Some(log) => self.begin(log),
                None => Ok(()),
            },
            None => self.begin_anew(&logs),
        }
    }

    /// Where the number is not known, the lines' times tell which are new, from the oldest file on.
    fn begin_anew(&mut self, logs: &[LogFile]) -> io::Result<()> {
        self.skip = Some(self.next.at);
        match logs.first() {
            Some(log) => self.begin(log),
            None => {
                (self.file, self.next.inode) = (None, 0);
                Ok(())
            }
        }
    }

    fn begin(&mut self, log: &LogFile) -> io::Result<()> {
        let file = OpenLog::open(&log.path)?;
        self.next = Place { inode: file.inode, offset: 0, at: self.next.at };
        self.file = Some(file);
        Ok(())
    }

    /// Opens the file that reading begins with.
    fn open(&mut self) -> io::Result<bool> {
        let logs = files::list(&self.folder)?.remove(&self.run).unwrap_or_default();
        match logs.iter().find(|log| files::inode(&log.path) == Some(self.next.inode)) {
            Some(log) => self.enter(log)?,
            None => self.begin_anew(&logs)?,
        }
        Ok(self.file.is_some())
    }

    /// Opens the file in which an earlier process stopped, at the line where it stopped.
    fn enter(&mut self, log: &LogFile) -> io::Result<()> {
        let mut file = OpenLog::open(&log.path)?;
        let entered = self.is_there(&mut file)? && file.seek(self.next.offset)?;
        if !entered {
            // Another file under the same number, or a compressed one.
            self.skip = Some(self.next.at);
            file = OpenLog::open(&log.path)?;
            self.next.offset = 0;
        }
        self.file = Some(file);
        Ok(())
    }

    /// Whether the line at the place has its time; the end of a file has none.
    fn is_there(&self, file: &mut OpenLog) -> io::Result<bool> {
        if !file.seek(self.next.offset)? {
            return Ok(false);
        }
        let mut head = [0; 64];
        let read = file.read(&mut head)?;
        let time = head.get(..read).unwrap_or_default().split(|byte| *byte == b' ').next();
        let found = time.and_then(nanoseconds);
        Ok(read == 0 || found.is_some_and(|found| found >= self.next.at))
    }

    fn lines(&mut self, mut rest: &[u8], step: &mut Step) {
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at(end);
            let length = self.gather(line);
            let whole = mem::take(&mut self.partial);
            self.line(&whole, step);
            self.next.offset += length + 1;
            rest = after.get(1..).unwrap_or_default();
            self.partial = whole;
            self.partial.clear();
        }
        let kept = rest.len().min(LINE.saturating_sub(self.partial.len()));
        self.partial.extend_from_slice(rest.get(..kept).unwrap_or_default());
        self.next.offset += (rest.len() - kept) as u64;
    }

    /// Completes a line. Returns the bytes of it that the offset does not count yet.
    fn gather(&mut self, end: &[u8]) -> u64 {
        let before = self.partial.len();
        let kept = end.len().min(LINE.saturating_sub(before));
        self.partial.extend_from_slice(end.get(..kept).unwrap_or_default());
        (before + end.len()) as u64
    }

    /// Gives a complete line of stderr to the assembler.
    fn line(&mut self, line: &[u8], step: &mut Step) {
        let Some((at, text, ends)) = parts(line) else { return };
        if self.skip.is_some_and(|known| at < known) {
            return;
        }
        self.skip = None;
        let place = Place { at, ..self.next };
        self.next.at = at + 1;
        let Some(text) = text else { return };
        self.mark(Mark { stream: self.pushed, place });
        let at = i64::try_from(at).unwrap_or(i64::MAX);
        self.assembler.handle_timeout(at, &mut step.blocks);
        self.assembler.push(text, at, &mut step.blocks);
        self.pushed += text.len() as u64;
        if ends {
            self.assembler.push(b"\n", at, &mut step.blocks);
            self.pushed += 1;
        }
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

    /// Where the first line begins that is not settled.
    fn position(&mut self) -> Option<Cursor> {
        let settled = self.assembler.settled().min(self.pushed);
        while self.marks.get(1).is_some_and(|next| next.stream <= settled) {
            self.marks.pop_front();
        }
        let place = match self.marks.front() {
            Some(mark) if settled < self.pushed => mark.place,
            _ => self.next,
        };
        // Between two files there is no place yet.
        (place.inode != 0).then(|| Cursor {
            container: self.container.clone(),
            segment: format!("{}-{}", files::name(self.run), place.inode),
            frame: place.offset,
            within: place.at,
        })
    }

    fn progress(&mut self, step: &Step) -> Option<Cursor> {
        let position = self.position()?;
        let far = self.told.as_ref().is_none_or(|told| {
            told.segment != position.segment || position.frame.abs_diff(told.frame) >= WORTH
        });
        (far || !step.blocks.is_empty()).then_some(position)
    }
}

impl Run for CriRun {
    fn step(&mut self, _there: &BTreeSet<u64>, now: Instant) -> io::Result<Step> {
        let mut step = Step::default();
        let end = self.pushed + STEP;
        let mut chunks = 0;
        // Lines of stdout are read past: they count as well, so that a step ends.
        while self.pushed < end && chunks < 2 * STEP / CHUNK as u64 && text(&step.blocks) < BLOCKS {
            if !self.chunk(&mut step)? {
                break;
            }
            chunks += 1;
            step.busy = true;
        }
        if step.busy {
            self.touched = now;
        } else if now.duration_since(self.touched) >= self.idle
            && let Some(deadline) = self.assembler.poll_timeout()
        {
            self.assembler.handle_timeout(deadline, &mut step.blocks);
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
        false
    }

    fn set_min_level(&mut self, level: Level) {
        self.assembler.set_min_level(level);
    }
}

/// Time, text when the line is one of stderr, and whether it ends there. `TIME STREAM TAGS TEXT`; anything else is a
/// line that a crash of the node has torn.
fn parts(line: &[u8]) -> Option<(u64, Option<&[u8]>, bool)> {
    let mut fields = line.splitn(4, |byte| *byte == b' ');
    let at = nanoseconds(fields.next()?)?;
    let (stream, tags) = (fields.next()?, fields.next()?);
    let text = fields.next().unwrap_or_default();
    let partial = tags.split(|byte| *byte == b':').next() == Some(b"P");
    Some((at, (stream == b"stderr").then_some(text), !partial))
}

fn nanoseconds(time: &[u8]) -> Option<u64> {
    let time: Timestamp = std::str::from_utf8(time).ok()?.parse().ok()?;
    u64::try_from(time.as_nanosecond()).ok()
}
