//! Segments: the copy of stderr that a reader outside the container picks up.
//!
//! The writer is the shim's copier, the only one who creates, writes and deletes; a reader only reads.
//! This text is the contract: a reader can be written from it alone.
//!
//! # Files
//! `<segments dir>/<container>/<start>-<n>.seg`, mode 0644, at most [`FILE_SIZE`] bytes.
//! * `<start>`: when the run began, nanoseconds since 1970, decimal, 20 digits with leading zeros. A *run* is
//!   one copier: it begins with the container and ends when nobody can write to its stderr any more.
//! * `<n>`: 0, 1, 2… within the run, decimal, 10 digits with leading zeros.
//!
//! So the order of names, byte by byte, is the order of time. The first file appears with the first byte: a program that
//! writes nothing leaves no file. At most [`RING`] files lie in the folder, of all runs together: before a file
//! is created the oldest ones are deleted. Two runs can write at once (a daemon that outlived its parent).
//!
//! # Frames
//! A file is a plain concatenation of frames, without a header of its own. All numbers are little-endian:
//!
//! | offset | size | what |
//! | --- | --- | --- |
//! | 0 | 4 | head: kind in the top byte, payload length in the lower 24 bits |
//! | 4 | 8 | nanoseconds since 1970 at which the first byte of the payload had been read (wall clock: may step back) |
//! | 12 | length | payload |
//!
//! | top byte | kind | payload |
//! | --- | --- | --- |
//! | `0x00` | data | 1 to [`PAYLOAD`] bytes of stderr, as one or more reads gave them: a frame is not a line |
//! | `0x80` | gap | a `u64`: so many bytes of stderr, at this point of the stream, were not kept |
//! | `0xC0` | end | none (length 0): the run is over, nothing follows in this file or in a later one of the run |
//!
//! A reader skips a frame of any other kind by its length. Frames never continue in the next file.
//!
//! # Reading
//! * Bytes are only ever appended. The last frame of a file may be incomplete: it is being written, or was torn
//!   by a full disk and will be cut off again. Wait for more bytes and read that frame **from its head** anew.
//! * A file is complete once the run has a file with a greater `n`, or when it closes with an end frame. An incomplete frame
//!   at the end of a complete file never comes: skip it (its bytes are counted by the gap frame that follows, or
//!   the copier was killed).
//! * A jump in `n`, or a run whose first visible `n` is not 0, is a gap of unknown size: the ring was faster than the reader.
//! * An open file that was deleted stays readable; it ended with what can be read of it when its next `n` exists.
//! * No end frame comes when the copier is killed with the container. Whoever started the shim knows more: **when
//!   the shim exits, everything that was written to stderr before its command ended is in the files** (or
//!   counted as lost). Reading on to the present end of the last file is then enough. The exception is a real stderr
//!   whose reader is stuck: a second after the command's end the shim exits nevertheless, the copier writes on later.
//!
//! # Trouble
//! Nothing here can stop the copying, or slow it by more than a sixteenth: see [`Pace`](pace::Pace). While the files are
//! not to be written, or cannot be, the newest bytes wait in memory ([`WAITING`] frames) and older ones are counted; the
//! count goes into a gap frame once a write succeeds. So what a program wrote last before it ended is there, after any flood.

mod pace;

use pace::Pace;
use std::{
    collections::VecDeque,
    fs::{self, File, OpenOptions},
    io, mem,
    os::unix::fs::{FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

/// Bytes of one file, at most.
pub const FILE_SIZE: u64 = 1 << 20;
/// Files in one folder, at most.
pub const RING: usize = 16;
/// Bytes of one data frame, at most.
pub const PAYLOAD: usize = 64 << 10;
/// Bytes before the payload of each frame.
pub const HEAD: usize = 12;
/// Top bits of a frame's head: a gap.
pub const GAP: u32 = 0x8000_0000;
/// Top bits of a frame's head: the run is over.
pub const END: u32 = 0xC000_0000;
/// Frames that wait in memory at most.
pub const WAITING: usize = 4;

/// A program that wrote nothing for so long is not in the middle of a flood.
const SILENCE: Duration = Duration::from_millis(10);
/// Names looked at when the ring is pruned; the folder belongs to the program too, which may have filled it.
const NAMES: usize = 4096;

/// One data frame; room for the head lies before the payload, so that one write carries both.
#[derive(Debug)]
struct Frame {
    bytes: Box<[u8]>,
    length: usize,
}

impl Frame {
    fn new() -> Self {
        Self { bytes: vec![0; HEAD + PAYLOAD].into_boxed_slice(), length: 0 }
    }

    fn payload(&self, length: usize) -> &[u8] {
        self.bytes.get(HEAD..HEAD + length).unwrap_or_default()
    }

    fn seal(&mut self, length: usize) {
        self.length = length;
        let head = head(u32::try_from(length).unwrap_or(0));
        self.bytes.get_mut(..HEAD).unwrap_or_default().copy_from_slice(&head);
    }

    /// Takes what `other` holds, if there is room for it.
    fn join(&mut self, other: &[u8]) -> bool {
        let (begin, end) = (HEAD + self.length, HEAD + self.length + other.len());
        let Some(room) = self.bytes.get_mut(begin..end) else { return false };
        room.copy_from_slice(other);
        self.length += other.len();
        let length = u32::try_from(self.length).unwrap_or(0);
        self.bytes.get_mut(..4).unwrap_or_default().copy_from_slice(&length.to_le_bytes());
        true
    }

    fn sealed(&self) -> &[u8] {
        self.bytes.get(..HEAD + self.length).unwrap_or_default()
    }
}

fn head(kind_and_length: u32) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    let (kind, time) = bytes.split_at_mut(4);
    kind.copy_from_slice(&kind_and_length.to_le_bytes());
    time.copy_from_slice(&unix_ns().to_le_bytes());
    bytes
}

fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Writes one run.
#[derive(Debug)]
pub struct Writer {
    folder: PathBuf,
    start: u64,
    next: u64,
    file: Option<File>,
    size: u64,
    lost: u64,
    empty: Frame,
    waiting: VecDeque<Frame>,
    spare: Vec<Frame>,
    pace: Pace,
}

impl Writer {
    /// Touches nothing yet: the first file comes with the first bytes.
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            start: unix_ns(),
            next: 0,
            file: None,
            size: 0,
            lost: 0,
            empty: Frame::new(),
            waiting: VecDeque::new(),
            spare: Vec::new(),
            pace: Pace::new(Instant::now()),
        }
    }

    /// Where the next bytes are to be read into.
    pub fn room(&mut self) -> &mut [u8] {
        self.empty.bytes.get_mut(HEAD..).unwrap_or_default()
    }

    /// The first bytes in the room.
    pub fn read(&self, length: usize) -> &[u8] {
        self.empty.payload(length)
    }

    /// Takes the first bytes in the room, and writes what may be written. Never fails.
    pub fn push(&mut self, length: usize) {
        let has_joined = self.waiting.back_mut().is_some_and(|last| last.join(self.empty.payload(length)));
        if !has_joined {
            self.push_frame(length);
        }
        self.write_waiting(Pace::may_write);
    }

    fn push_frame(&mut self, length: usize) {
        let next = if self.waiting.len() < WAITING { self.spare.pop() } else { self.give_up_oldest() };
        let mut frame = mem::replace(&mut self.empty, next.unwrap_or_else(Frame::new));
        frame.seal(length);
        self.waiting.push_back(frame);
    }

    /// After how much silence [`Self::catch_up`] makes sense; none: nothing is waiting.
    pub fn behind(&self) -> Option<Duration> {
        (!self.waiting.is_empty()).then(|| self.pace.retry_in(Instant::now()).max(SILENCE))
    }

    /// Writes all that waits: nobody has to wait for us now.
    pub fn catch_up(&mut self) {
        self.write_waiting(|_, _| true);
    }

    /// Tells readers that the run is over.
    pub fn finish(&mut self) {
        self.catch_up();
        while self.give_up_oldest().is_some() {}
        if self.file.is_none() && self.lost == 0 {
            return;
        }
        // A reader without the end frame still has the rules above; there is nobody to tell of a failure.
        self.mind_the_gap().and_then(|()| self.put(&head(END))).unwrap_or_default();
    }

    fn give_up_oldest(&mut self) -> Option<Frame> {
        let frame = self.waiting.pop_front()?;
        self.lost += frame.length as u64;
        Some(frame)
    }

    fn write_waiting(&mut self, may_write: fn(&mut Pace, Instant) -> bool) {
        let mut now = Instant::now();
        while may_write(&mut self.pace, now) {
            let Some(frame) = self.waiting.pop_front() else { return };
            let is_written = self.mind_the_gap().and_then(|()| self.put(frame.sealed())).is_ok();
            let begun = mem::replace(&mut now, Instant::now());
            self.pace.spent(now.duration_since(begun));
            if !is_written {
                self.waiting.push_front(frame);
                return self.pace.failed(now);
            }
            self.spare.push(frame);
        }
    }

    fn mind_the_gap(&mut self) -> io::Result<()> {
        if self.lost == 0 {
            return Ok(());
        }
        let mut gap = [0; HEAD + 8];
        let (front, count) = gap.split_at_mut(HEAD);
        front.copy_from_slice(&head(GAP | 8));
        count.copy_from_slice(&self.lost.to_le_bytes());
        self.put(&gap)?;
        self.lost = 0;
        Ok(())
    }

    fn put(&mut self, frame: &[u8]) -> io::Result<()> {
        if self.size + frame.len() as u64 > FILE_SIZE {
            self.file = None;
        }
        let file = match self.file.take() {
            Some(file) => file,
            None => self.create()?,
        };
        let written = file.write_all_at(frame, self.size);
        match &written {
            Ok(()) => self.size += frame.len() as u64,
            // A file that cannot be cut either is left behind: what follows a torn frame could not be read.
            Err(_) if file.set_len(self.size).is_err() => return written,
            Err(_) => {}
        }
        self.file = Some(file);
        written
    }

    fn create(&mut self) -> io::Result<File> {
        prune(&self.folder)?;
        let path = self.folder.join(format!("{:020}-{:010}.seg", self.start, self.next));
        let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(path);
        if file.is_ok() || is_taken(&file) {
            self.next += 1;
        }
        self.size = 0;
        file
    }
}

fn is_taken(file: &io::Result<File>) -> bool {
    file.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists)
}

/// Makes room for one more file; makes the folder where it is missing.
fn prune(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::create_dir_all(folder),
        entries => entries?,
    };
    let names = entries.take(NAMES).filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut segments: Vec<String> = names.filter(|name| is_segment(name)).collect();
    segments.sort_unstable();
    let surplus = (segments.len() + 1).saturating_sub(RING);
    for name in segments.iter().take(surplus) {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn is_segment(name: &str) -> bool {
    let number = |text: &str, digits| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = name.strip_suffix(".seg").and_then(|stem| stem.split_once('-'));
    parts.is_some_and(|(start, n)| number(start, 20) && number(n, 10))
}
