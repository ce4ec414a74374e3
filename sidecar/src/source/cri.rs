//! One run of one container from the node's own log files: physical lines in, blocks out, over every rotation.
//!
//! A place in a log is a file's number and an offset in it, and the time of the line there: where the number is gone,
//! because the file was compressed meanwhile, or belongs to another file, the time finds the line again.

pub mod files;

use std::{
    collections::{BTreeSet, VecDeque},
    io::{self, Read as _},
    mem,
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

/// Bytes in which the time of a line stands.
const TIME: u64 = 64;

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// Times that a folder is listed anew while its files change their names.
const LOOKS: usize = 3;

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
        match logs.iter().position(|log| log.inode == self.next.inode) {
            Some(index) => logs.get(index + 1).map_or(Ok(false), |log| self.begin(log)),
            None => self.begin_anew(&logs),
        }
        .map(drop)
    }

    /// Where the number is not known, the lines' times tell which are new, from the oldest file on.
    /// False: the files have changed their names meanwhile.
    fn begin_anew(&mut self, logs: &[LogFile]) -> io::Result<bool> {
        self.skip = Some(self.next.at);
        match logs.first() {
            Some(log) => self.begin(log),
            None => {
                (self.file, self.next.inode) = (None, 0);
                Ok(true)
            }
        }
    }

    /// Begins with a file. False: this name is another file's meanwhile, and what was listed stands before it.
    fn begin(&mut self, log: &LogFile) -> io::Result<bool> {
        let Some(file) = log.open()? else { return Ok(false) };
        self.partial.clear();
        self.next = Place { inode: file.inode, offset: 0, at: self.next.at };
        self.file = Some(file);
        Ok(true)
    }

    /// Opens the file that reading begins with.
    fn open(&mut self) -> io::Result<bool> {
        for _ in 0..LOOKS {
            let logs = files::list(&self.folder)?.remove(&self.run).unwrap_or_default();
            if self.enter(&logs)? || self.begin_anew(&logs)? {
                break;
            }
        }
        Ok(self.file.is_some())
    }

    /// Opens the file in which an earlier process stopped, at the line where it stopped. False: it cannot be entered there; it
    /// was compressed, or its number is another file's, before which there may be some that nobody has read.
    fn enter(&mut self, logs: &[LogFile]) -> io::Result<bool> {
        let Some(log) = logs.iter().find(|log| log.inode == self.next.inode) else { return Ok(false) };
        let Some(mut file) = log.open()? else { return Ok(false) };
        let entered = self.is_there(&mut file)? && file.seek(self.next.offset)?;
        if entered {
            self.file = Some(file);
        }
        Ok(entered)
    }

    /// Whether the line at the place has its time, or the one before it the last time that was read: no other file has a line
    /// of that nanosecond there.
    fn is_there(&self, file: &mut OpenLog) -> io::Result<bool> {
        let start = self.next.offset.saturating_sub(LINE as u64);
        if !file.seek(start)? {
            return Ok(false);
        }
        let mut lines = Vec::new();
        file.by_ref().take(self.next.offset - start + TIME).read_to_end(&mut lines)?;
        let there = usize::try_from(self.next.offset - start).unwrap_or(usize::MAX);
        let Some((before, behind)) = lines.split_at_checked(there) else { return Ok(false) };
        let last = before.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next());
        let time = |line: &[u8]| line.split(|byte| *byte == b' ').next().and_then(nanoseconds);
        let is_next = time(behind) == Some(self.next.at);
        Ok(is_next || last.and_then(time).is_some_and(|last| last.checked_add(1) == Some(self.next.at)))
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn line(second: u64) -> String {
        format!("2026-11-21T08:00:0{second}.000000000Z stderr F ERROR the apple is rotten\n")
    }

    fn at(second: u64) -> u64 {
        nanoseconds(format!("2026-11-21T08:00:0{second}Z").as_bytes()).expect("a time")
    }

    /// Seconds of the lines that are read by a process that goes on at a place in the file that is written now.
    fn read_from(logs: &[(&str, &[u64])], offset: usize, within: u64) -> Vec<u64> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, seconds) in logs {
            let text: String = seconds.iter().map(|second| line(*second)).collect();
            fs::write(folder.path().join(name), text).expect("room");
        }
        let inode = files::inode(&folder.path().join("0.log")).expect("a file");
        let segment = format!("0.log-{inode}");
        let cursor = Cursor { container: "app".to_owned(), segment, frame: offset as u64, within };
        let key = ("app".to_owned(), "0.log".to_owned());
        let mut run = CriRun::new(&key, folder.path(), Limits::default(), Some(&cursor), Instant::now());
        let mut blocks = Vec::new();
        loop {
            let step = run.step(&BTreeSet::new(), Instant::now()).expect("a step");
            blocks.extend(step.blocks);
            if !step.busy {
                break;
            }
        }
        blocks.extend(run.flush().blocks);
        blocks.iter().map(|block| (block.at.cast_unsigned() - at(0)) / 1_000_000_000).collect()
    }

    /// A file that was compressed gives its number back, and the next one that is made may get it.
    #[test]
    fn a_number_that_another_file_has_now_skips_none_before_it() {
        let length = line(0).len();
        let rotated: &[(&str, &[u64])] = &[("0.log.20261121-080003", &[1, 2, 3]), ("0.log", &[4, 5])];
        for offset in [0, length, 2 * length, 3 * length, 9] {
            assert_eq!(read_from(rotated, offset, at(1) + 1), [2, 3, 4, 5], "read to an end, {offset}");
            assert_eq!(read_from(rotated, offset, at(2)), [2, 3, 4, 5], "to a line, {offset}");
        }
    }

    #[test]
    fn the_file_itself_is_entered_where_reading_stopped() {
        let length = line(0).len();
        let logs: &[(&str, &[u64])] = &[("0.log.20261121-080003", &[1, 2]), ("0.log", &[3, 4, 5])];
        for (offset, within, expect) in [
            (length, at(3) + 1, &[4, 5][..]),
            (length, at(4), &[4, 5]),
            (3 * length, at(5) + 1, &[]),
            (0, at(3), &[3, 4, 5]),
            (0, at(2) + 1, &[3, 4, 5]),
        ] {
            assert_eq!(read_from(logs, offset, within), expect, "{offset} {within}");
        }
    }
}
