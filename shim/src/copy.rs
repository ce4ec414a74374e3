//! The copier: a process of its own that reads the new stderr and writes the real one, then the segments.
//!
//! Why not in the shim itself: a write to the real stderr may block for as long as its reader likes, and signals
//! and the exit must not wait for that; and the copier can outlive the shim. A daemon that writes on after its parent's exit
//! still reaches the real stderr, while the shim has returned the exit code at once; and a shim that was killed
//! leaves the program with a stderr that works.
//!
//! The copier ends when nobody can write any more, or when nobody reads the real stderr: closing the pipe then gives the
//! program the SIGPIPE that it would have got.

use crate::{
    segment::{PAYLOAD, Writer},
    stream,
    sys::{self, SIGCONT, SIGWINCH, Side, pid_t, pollfd},
};
use std::{
    env,
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd},
        unix::net::UnixStream,
    },
    panic,
    path::{Path, PathBuf},
    time::Duration,
};

/// The exit code of a copier that has nothing left to do; every other end of it is an accident.
pub const FINISHED: i32 = 0;
const FAILED: i32 = 1;

/// The shim's end of a running copier.
#[derive(Debug)]
pub struct Copier {
    /// Its process.
    pub pid: pid_t,
    /// Takes a byte for "the command has ended", gives one back for "all it wrote is copied".
    pub line: UnixStream,
}

impl Copier {
    /// Begins to copy.
    pub fn start(source: &File, is_terminal: bool, folder: &Path) -> io::Result<Self> {
        let (line, far_line) = UnixStream::pair()?;
        line.set_nonblocking(true)?;
        match sys::fork()? {
            Side::Parent(pid) => Ok(Self { pid, line }),
            Side::Child => {
                let code = Job::new(source, is_terminal, far_line, folder).map_or(FAILED, Job::run);
                sys::exit(code)
            }
        }
    }
}

/// What the copier knows.
struct Job<'a> {
    source: &'a File,
    real: BorrowedFd<'static>,
    line: Option<UnixStream>,
    resized: Option<OwnedFd>,
    watches_reader: bool,
    joins_pipes: bool,
    writer: Writer,
    to_drain: Option<usize>,
}

/// Whether there is more to do.
enum Next {
    More,
    Nothing,
}

impl<'a> Job<'a> {
    /// Gives up everything that is not needed, the other end of `source` first: a pipe held open, or a folder,
    /// would be felt elsewhere.
    fn new(source: &'a File, is_terminal: bool, line: UnixStream, folder: &Path) -> io::Result<Self> {
        // Nothing may reach the real stderr that the program did not write.
        panic::set_hook(Box::new(|_| {}));
        let folder: PathBuf = std::path::absolute(folder)?;
        let real = sys::stderr();
        sys::close_all_but(&mut [source.as_raw_fd(), real.as_raw_fd(), line.as_raw_fd()]);
        env::set_current_dir("/")?;
        sys::set_umask(0o022);
        let resized =
            is_terminal.then(|| sys::signal_descriptor(bit(SIGWINCH) | bit(SIGCONT))).transpose()?;
        Ok(Self {
            source,
            real,
            line: Some(line),
            resized,
            watches_reader: has_one_reader(real),
            joins_pipes: !is_terminal && sys::is_pipe(real.as_raw_fd()),
            writer: Writer::new(&folder),
            to_drain: None,
        })
    }

    fn run(mut self) -> i32 {
        self.resize();
        loop {
            match self.step() {
                Ok(Next::More) => {}
                Ok(Next::Nothing) => break,
                Err(_) => return FAILED,
            }
        }
        self.writer.finish();
        self.say_all_is_copied();
        FINISHED
    }

    fn step(&mut self) -> io::Result<Next> {
        let line = self.line.as_ref().map_or(-1, |line| line.as_raw_fd());
        let resized = self.resized.as_ref().map_or(-1, |resized| resized.as_raw_fd());
        let reader = if self.watches_reader { self.real.as_raw_fd() } else { -1 };
        let mut ready = [
            wait_for(self.source.as_raw_fd(), sys::POLLIN),
            wait_for(line, sys::POLLIN),
            wait_for(resized, sys::POLLIN),
            wait_for(reader, 0),
        ];
        sys::poll(&mut ready, self.patience())?;
        let [bytes, line, resized, reader] = ready.map(|descriptor| descriptor.revents != 0);
        if line {
            self.hear();
        } else {
            // Not in the round that heard: its look at the source may be older than the command's last write.
            self.answer(bytes);
        }
        if resized {
            self.resize();
        }
        if reader {
            self.keep_the_rest();
            return Ok(Next::Nothing);
        }
        match bytes {
            true => return self.copy(),
            false if !line && !resized => self.writer.catch_up(),
            false => {}
        }
        Ok(Next::More)
    }

    /// How long to wait for something to do.
    fn patience(&self) -> Option<Duration> {
        if self.to_drain.is_some() { Some(Duration::ZERO) } else { self.writer.behind() }
    }

    /// Moves what one read gives.
    fn copy(&mut self) -> io::Result<Next> {
        let passed = self.pass_through();
        // What is in the real pipe already must be read at once, and nothing else, so that nothing comes twice.
        let most = if passed > 0 { passed } else { usize::MAX };
        let room = self.writer.room();
        let most = most.min(room.len());
        let length = match self.source.read(room.get_mut(..most).unwrap_or_default()) {
            Ok(0) => return Ok(Next::Nothing),
            // How a pseudo-terminal says that nobody has its other end.
            Err(error) if error.raw_os_error() == Some(libc::EIO) => return Ok(Next::Nothing),
            Err(error) if is_for_later(&error) => return Ok(Next::More),
            length => length?,
        };
        let is_read = pass_on(self.real, self.writer.read(length).get(passed..).unwrap_or_default());
        self.writer.push(length);
        if let Some(left) = &mut self.to_drain {
            *left = left.saturating_sub(length);
        }
        if is_read {
            return Ok(Next::More);
        }
        self.keep_the_rest();
        Ok(Next::Nothing)
    }

    /// From pipe to pipe the bytes need not be copied: a reader gets the very pages that the program filled. Returns how
    /// many went that way.
    fn pass_through(&self) -> usize {
        if !self.joins_pipes {
            return 0;
        }
        // What goes wrong here goes wrong with the next write as well, which tells what to do.
        let tee = || sys::tee(self.source.as_fd(), self.real, PAYLOAD);
        let passed = tee().or_else(|error| match error.kind() {
            ErrorKind::WouldBlock => {
                sys::poll(&mut [wait_for(self.real.as_raw_fd(), sys::POLLOUT)], None)?;
                tee()
            }
            _ => Err(error),
        });
        passed.unwrap_or(0)
    }

    /// What was written before the program could know that nobody reads may be its last words.
    fn keep_the_rest(&mut self) {
        let mut left = stream::capacity(self.source.as_fd());
        while let Ok(length @ 1..) = self.source.read(self.writer.room()) {
            self.writer.push(length);
            left = left.saturating_sub(length);
            if left == 0 {
                break;
            }
        }
    }

    /// The shim says that the command has ended, or has ended itself.
    fn hear(&mut self) {
        let mut line = match self.line.take() {
            Some(line) => line,
            None => return,
        };
        if matches!(line.read(&mut [0]), Ok(1)) {
            self.to_drain = Some(stream::capacity(self.source.as_fd()));
            self.line = Some(line);
        }
    }

    /// Says that all that was there when the command ended is copied.
    fn answer(&mut self, had_bytes: bool) {
        if self.to_drain.is_none_or(|left| left > 0 && had_bytes) {
            return;
        }
        self.to_drain = None;
        self.writer.catch_up();
        self.say_all_is_copied();
    }

    fn say_all_is_copied(&mut self) {
        // A shim that does not hear this any more does not wait for it either.
        self.line.as_mut().map(|line| line.write_all(b".")).transpose().unwrap_or_default();
    }

    /// The kernel tells the group in the foreground, which the copier is a member of.
    fn resize(&mut self) {
        let Some(resized) = &self.resized else { return };
        while sys::receive(resized.as_fd()).is_some() {}
        // The program may have asked before the new size was here: it is told once more.
        if sys::copy_size(self.real, self.source.as_fd()).unwrap_or(false) {
            sys::kill(0, SIGWINCH).unwrap_or_default();
        }
    }
}

fn bit(signal: i32) -> sys::SignalSet {
    1 << (signal - 1)
}

fn wait_for(fd: RawFd, events: i16) -> pollfd {
    pollfd { fd, events, revents: 0 }
}

fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Copies without a process for it, where none can be made: one read's worth to the real stderr, not to segments.
/// False: there is nothing to copy now.
pub fn copy_here(source: &File) -> bool {
    let mut bytes = [0; 4096];
    let mut source = source;
    match source.read(&mut bytes) {
        Ok(length @ 1..) => pass_on(sys::stderr(), bytes.get(..length).unwrap_or_default()),
        _ => false,
    }
}

/// Writes all of it; false: nobody reads any more. Waits as the program would have waited.
fn pass_on(real: BorrowedFd, mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let written = match sys::write(real, bytes) {
            Ok(written) => written,
            Err(error) if is_for_later(&error) => {
                // With an error the next write tells.
                sys::poll(&mut [wait_for(real.as_raw_fd(), sys::POLLOUT)], None).unwrap_or_default();
                0
            }
            Err(error) => return !is_for_good(&error, real),
        };
        bytes = bytes.get(written..).unwrap_or_default();
    }
    true
}

/// A full or broken disk is nothing that ends a program: what it could not write is missing, as it would be without us.
/// The others would have been a deadly signal (SIGPIPE, SIGXFSZ), or a terminal that is gone.
fn is_for_good(error: &io::Error, real: BorrowedFd) -> bool {
    match error.raw_os_error() {
        Some(libc::EPIPE | libc::EFBIG) => true,
        Some(libc::EIO) => !sys::is_file(real),
        _ => false,
    }
}

/// Whether a reader that goes away can never come back: a named pipe may get another one.
fn has_one_reader(real: BorrowedFd) -> bool {
    let target = fs::read_link(format!("/proc/self/fd/{}", real.as_raw_fd())).unwrap_or_default();
    let target = target.to_string_lossy();
    ["pipe:", "socket:", "/dev/pts/"].iter().any(|kind| target.starts_with(kind))
}
