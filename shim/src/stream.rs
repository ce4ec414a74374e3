//! What takes the place of stderr: a pipe, or a raw pseudo-terminal where stderr is a terminal.

use crate::sys;
use std::{
    fs::{File, OpenOptions},
    io::{self, IsTerminal as _},
    os::{
        fd::{AsFd as _, BorrowedFd, OwnedFd},
        unix::fs::OpenOptionsExt as _,
    },
};

/// Bytes that a pseudo-terminal holds at most: the kernel's two buffers.
const TERMINAL_CAPACITY: usize = 128 << 10;

/// The new stderr, both ends.
#[derive(Debug)]
pub struct Stream {
    /// What is read from; never blocks.
    pub source: File,
    /// What the command writes to.
    pub sink: OwnedFd,
    /// Whether it is a terminal.
    pub is_terminal: bool,
}

impl Stream {
    /// Like `real`, as far as the command can see.
    pub fn like(real: BorrowedFd) -> io::Result<Self> {
        let stream = if real.is_terminal() { Self::terminal(real)? } else { Self::pipe(real)? };
        sys::set_nonblocking(stream.source.as_fd())?;
        Ok(stream)
    }

    /// With the permissions of the real one: programs that gave up their user open /dev/stderr again by its path.
    fn pipe(real: BorrowedFd) -> io::Result<Self> {
        let (source, sink) = io::pipe()?;
        sys::copy_permissions(real, sink.as_fd());
        Ok(Self { source: OwnedFd::from(source).into(), sink: sink.into(), is_terminal: false })
    }

    /// Raw: the real terminal goes on turning line feeds into new lines, which must not happen twice.
    fn terminal(real: BorrowedFd) -> io::Result<Self> {
        let source =
            OpenOptions::new().read(true).write(true).custom_flags(sys::MASTER_FLAGS).open("/dev/ptmx")?;
        let sink = sys::open_peer(&source)?;
        sys::set_modes(sink.as_fd(), &sys::raw(sys::modes(sink.as_fd())?))?;
        sys::copy_size(real, source.as_fd())?;
        Ok(Self { source, sink: sink.into(), is_terminal: true })
    }
}

/// Bytes that may wait in `source`: after so many more, all that was there at one moment has been read.
pub fn capacity(source: BorrowedFd) -> usize {
    sys::pipe_capacity(source).unwrap_or(TERMINAL_CAPACITY)
}
