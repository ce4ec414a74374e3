//! Becoming the command: found by PATH, with everything of the process as it was before us.

use crate::{
    config::{self, Settings},
    sys::{self, SignalSet},
};
use std::{
    ffi::{CString, OsStr, OsString},
    fmt, io,
    os::unix::ffi::OsStrExt as _,
    path::Path,
};

/// The exit code that shells give for a command that was not found.
const NOT_FOUND: i32 = 127;
/// The exit code that shells give for a command that was found and cannot be run.
const NOT_EXECUTABLE: i32 = 126;

/// All that is needed to become the command; made before anything is changed.
#[derive(Debug)]
pub struct Plan {
    name: OsString,
    candidates: Vec<CString>,
    arguments: Vec<CString>,
    environment: Vec<CString>,
    signals: Signals,
}

/// What is changed for our own use and given back to the command.
#[derive(Clone, Copy, Debug)]
struct Signals {
    mask: SignalSet,
    child_action: usize,
}

/// Why there is no command.
#[derive(Debug)]
struct ExecError<'a> {
    name: &'a OsStr,
    reason: io::Error,
}

impl Plan {
    /// Looks the command up, and blocks all signals: they wait until somebody is there to pass them on.
    pub fn new(settings: &Settings) -> Self {
        let signals =
            Signals { mask: sys::set_mask(SignalSet::MAX), child_action: sys::action(sys::SIGCHLD) };
        // Where this is ignored, as a parent may have left it, children vanish without telling their exit code.
        sys::set_action(sys::SIGCHLD, sys::DEFAULT_ACTION);
        Self::of(&settings.command, settings.environment(), signals)
    }

    /// Another command, with what this one would have.
    pub fn instead(&self, command: &[OsString]) -> Self {
        Self::of(command, self.environment.clone(), self.signals)
    }

    fn of(command: &[OsString], environment: Vec<CString>, signals: Signals) -> Self {
        let name = command.first().cloned().unwrap_or_default();
        let arguments = command.iter().map(|argument| text(argument)).collect();
        Self { candidates: candidates(&name), name, arguments, environment, signals }
    }

    /// Becomes the command, or ends with the message and the code of a shell.
    pub fn execute(&self) -> ! {
        for fd in (0..3).filter(|&fd| sys::was_closed(fd)) {
            sys::close(fd);
        }
        sys::set_action(sys::SIGCHLD, self.signals.child_action);
        sys::set_action(sys::SIGPIPE, sys::original_pipe_action());
        sys::set_mask(self.signals.mask);
        let error = ExecError { name: &self.name, reason: self.try_candidates() };
        report(&error);
        sys::exit(error.code())
    }

    /// As `execvp`: the first that can be executed; a forbidden one is told only if there is no other.
    fn try_candidates(&self) -> io::Error {
        let mut reason = io::Error::from_raw_os_error(libc::ENOENT);
        for candidate in &self.candidates {
            let error = sys::execute(candidate, &self.arguments, &self.environment);
            match error.raw_os_error() {
                Some(libc::ENOENT | libc::ENOTDIR | libc::ENODEV | libc::ESTALE) => {}
                Some(libc::EACCES) => reason = error,
                _ => return error,
            }
        }
        reason
    }
}

impl ExecError<'_> {
    fn code(&self) -> i32 {
        if self.reason.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { NOT_EXECUTABLE }
    }
}

impl fmt::Display for ExecError<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let name = Path::new(self.name).display();
        let has_folder = self.name.as_bytes().contains(&b'/');
        let reason = match self.reason.raw_os_error() {
            Some(libc::ENOENT) if has_folder => "No such file or directory",
            Some(libc::ENOENT) => "command not found",
            Some(libc::EACCES) => "Permission denied",
            Some(libc::ENOEXEC) => "cannot execute: Exec format error",
            Some(libc::E2BIG) => "Argument list too long",
            _ => return write!(out, "issuetracker-shim: {name}: {}", self.reason),
        };
        write!(out, "issuetracker-shim: {name}: {reason}")
    }
}

/// The longest message: nobody reads the new stderr yet, so more than it holds would wait for ever.
const MESSAGE: usize = 1000;

/// Where stderr is gone as well there is nobody left to tell.
fn report(error: &ExecError) {
    let mut message = error.to_string().into_bytes();
    message.truncate(MESSAGE);
    message.push(b'\n');
    sys::write(sys::stderr(), &message).unwrap_or_default();
}

fn candidates(name: &OsStr) -> Vec<CString> {
    if name.is_empty() || name.as_bytes().contains(&b'/') {
        return vec![text(name)];
    }
    config::search_path().iter().map(|folder| text(folder.join(name).as_os_str())).collect()
}

/// Nothing that came as an argument or a variable can hold a NUL.
fn text(value: &OsStr) -> CString {
    CString::new(value.as_bytes()).unwrap_or_default()
}
