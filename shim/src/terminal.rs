//! Job control: the controlling terminal goes to the command's group and comes back.

use crate::sys::{self, pid_t, termios};
use std::{
    fs::File,
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd},
};

/// The controlling terminal of the session, and what it was like when the command began.
#[derive(Debug)]
pub struct Terminal {
    file: File,
    ours: pid_t,
    modes: termios,
}

impl Terminal {
    /// None where the session has no terminal, as in most containers.
    pub fn open() -> Option<Self> {
        let file = File::options().read(true).write(true).open("/dev/tty").ok()?;
        sys::foreground(file.as_fd()).ok()?;
        let modes = sys::modes(file.as_fd()).ok()?;
        Some(Self { file, ours: sys::own_group(), modes })
    }

    /// Its descriptor.
    pub fn number(&self) -> RawFd {
        self.file.as_raw_fd()
    }

    /// Whether our group is in the foreground.
    pub fn is_ours(&self) -> bool {
        self.is_at(self.ours)
    }

    /// Puts `group` into the foreground if ours is there.
    pub fn give(&self, group: pid_t) {
        if self.is_ours() {
            self.put(group);
        }
    }

    /// Puts our group into the foreground if `group` is there.
    pub fn take_back(&self, group: pid_t) {
        if self.is_at(group) {
            self.put(self.ours);
        }
    }

    /// What shells do after a job that a signal ended, and cannot see here: it had no chance to do it itself.
    /// After any other end the modes are as the command left them (`stty` is such a command).
    pub fn restore_modes(&self) {
        if self.is_ours() {
            sys::set_modes(self.terminal(), &self.modes).unwrap_or_default();
        }
    }

    /// A terminal that has gone away cannot be given, nor be missed.
    fn put(&self, group: pid_t) {
        sys::set_foreground(self.terminal(), group).unwrap_or_default();
    }

    fn is_at(&self, group: pid_t) -> bool {
        sys::foreground(self.terminal()).is_ok_and(|foreground| foreground == group)
    }

    fn terminal(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
