//! The one program of issuetracker inside the container of a user: copies stderr, changes nothing.
//!
//! ```text
//!             ┌── command ──┐ fd 2        ┌── copier ──┐──▶ the real stderr, first
//!   shim ─────┤             ├────────────▶│            │
//!   (signals, └─ its group ─┘ pipe or pty └────────────┘──▶ segments, for the sidecar
//!    code)
//! ```
//!
//! Three processes: the shim, which signals and the exit code go through; the command, which has everything (working folder,
//! environment, descriptors, limits, signal mask and actions) as it would have without us, fd 2 excepted; and the
//! [copier](copy), so that neither a stuck reader of stderr nor the end of the shim gets in the way of the other.
//! If anything fails before the command runs, the shim becomes the command, as if it were not there.
//!
//! # What cannot be the same
//! * `kill -9` of the shim leaves the command running, its stderr still copied; `kill -STOP` of the shim does not stop it.
//! * The command is not process 1 any more: signals that process 1 ignores by default, SIGTERM first, now end it.
//! * A signal sent to the shim alone reaches the whole group of the command.
//! * Bytes of stdout and stderr that go to the same place may change places; each stream is unchanged.
//! * `fstat(2)` sees a pipe where stderr is a file or a socket. What is written reaches a full disk, or a reader that has
//!   gone, a pipe's length later.
//! * Without us a program whose stderr nobody reads can end while a reader is stuck. So does the shim, a second later; what
//!   the copier still holds then comes when the reader goes on, unless the shim is process 1, which takes the copier with it.
//! * There is no copier in the first 10 ms, as long as nothing is written to stderr: a `kill -9` of the shim in that time
//!   leaves the command with a stderr that nobody reads.
//! * At a terminal, fd 2 is not the controlling terminal: keys cannot be read from it.

pub mod segment;

mod config;
mod copy;
mod install;
mod spawn;
mod stream;
mod supervise;
mod sys;
mod terminal;

pub use config::Settings;
use config::{HELP, Request};
use std::{ffi::OsString, io::Write as _};

/// The exit code for a command line that says nothing, and for an installation that failed.
const MISUSE: i32 = 2;

/// The program `issuetracker-shim`.
pub fn main() -> ! {
    let (text, is_wrong) = match Request::read() {
        Request::Run(settings) => run(&settings),
        Request::Install(path) => match install::install(&path) {
            Ok(()) => (String::new(), false),
            Err(error) => {
                (format!("issuetracker-shim: cannot install to {}: {error}\n", path.display()), true)
            }
        },
        Request::Version => {
            (concat!("issuetracker-shim ", env!("CARGO_PKG_VERSION"), "\n").to_owned(), false)
        }
        Request::Help => (HELP.to_owned(), false),
        Request::Misuse => (HELP.to_owned(), true),
    };
    let said = match is_wrong {
        true => std::io::stderr().write_all(text.as_bytes()),
        false => std::io::stdout().write_all(text.as_bytes()),
    };
    sys::exit(if is_wrong || said.is_err() { MISUSE } else { 0 })
}

/// For a program that starts itself again as a shim: what std changed at its own start (SIGPIPE, closed standard
/// descriptors), and what it does to a child (the signal mask), is undone for the child, and so for the command.
pub fn start_as_we_did(command: &mut std::process::Command) {
    sys::start_as_we_did(command);
}

/// Runs a command under the shim and ends this process with the command's exit code (128 + n for signal n; 127
/// and 126 where there is no such command).
///
/// To be called in a process with one thread that has changed nothing yet: what this process has is what the command gets.
pub fn run(settings: &Settings) -> ! {
    let (_, code) = supervise(settings);
    sys::exit(code)
}

/// Runs a command under the shim, then becomes another program, which `next` names with its arguments when it is told the
/// exit code. It finds signal mask, signal actions and stderr as this process had them; stdin and stdout are closed, since
/// they belonged to the command.
///
/// To be called as [`run`]. If nothing could be started this process has become the command, and nothing follows.
pub fn run_then(settings: &Settings, next: impl FnOnce(i32) -> Vec<OsString>) -> ! {
    let (plan, code) = supervise(settings);
    plan.instead(&next(code)).execute()
}

/// Returns when the command has ended under our eyes; otherwise this process has become it.
fn supervise(settings: &Settings) -> (spawn::Plan, i32) {
    let plan = spawn::Plan::new(settings);
    let folder = settings.folder().filter(|_| !sys::was_closed(libc::STDERR_FILENO));
    match folder.map(|folder| supervise::start(&plan, &folder)) {
        Some(Ok(mut supervisor)) => {
            let code = supervisor.run();
            (plan, code)
        }
        // Nothing to copy, or nothing to copy with: whatever is wrong with us is not the command's matter.
        Some(Err(_)) | None => plan.execute(),
    }
}
