//! The shim proper: starts copier and command, passes signals on, reaps, and ends with the command's code.

use crate::{
    copy::{self, Copier},
    spawn::Plan,
    stream::Stream,
    sys::{self, Change, Received, SIGCHLD, SIGCONT, SignalSet, pid_t, pollfd},
    terminal::Terminal,
};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd, RawFd},
    path::{Path, PathBuf},
    time::Duration,
};

/// Copiers started again after an accident, at most.
const COPIERS: u32 = 100;

/// A command that has not written anything for so long gets its copier nevertheless: it can outlive the shim then. The
/// start of the many that end sooner is not slowed by a process that they do not need.
const COPIER_DELAY: Duration = Duration::from_millis(10);

/// A copier that has not answered for so long, while the real stderr takes nothing, waits for a stuck reader.
const STUCK: Duration = Duration::from_secs(1);

/// Signals that mean "end": with the command gone they end the wait for its last bytes.
const ENDINGS: [i32; 4] = [sys::SIGHUP, sys::SIGINT, sys::SIGQUIT, sys::SIGTERM];

/// Signals that a terminal sends to all of its foreground group.
const FROM_TERMINAL: [i32; 7] =
    [sys::SIGHUP, sys::SIGINT, sys::SIGQUIT, sys::SIGTSTP, sys::SIGTTIN, sys::SIGTTOU, sys::SIGWINCH];

/// Which process group the command is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// One of its own, which signals are passed on to, and which has the terminal while ours would have it.
    Own,
    /// Ours: in a pipeline at a terminal (`shim -- command | less`) the others need the foreground as well.
    Shared,
}

/// A running command.
pub struct Supervisor {
    command: pid_t,
    group: Group,
    copier: Option<Copier>,
    copiers_left: u32,
    source: Option<File>,
    is_terminal: bool,
    folder: PathBuf,
    signals: OwnedFd,
    terminal: Option<Terminal>,
    must_continue: bool,
}

/// Starts both. An error: nothing was started, and nothing is changed but what [`Plan::execute`] gives back.
pub fn start(plan: &Plan, folder: &Path) -> io::Result<Supervisor> {
    let Stream { source, sink, is_terminal } = Stream::like(sys::stderr())?;
    let signals = sys::signal_descriptor(SignalSet::MAX)?;
    let terminal = Terminal::open();
    let is_pipeline = || [0, 1].into_iter().any(sys::is_pipe);
    let group = match &terminal {
        Some(terminal) if terminal.is_ours() && is_pipeline() => Group::Shared,
        _ => Group::Own,
    };
    let command = sys::spawn(&|| become_command(plan, sink.as_fd(), group, terminal.as_ref()))?;
    // With our copy of it open, the end of the file could never be read.
    drop(sink);
    let supervisor = Supervisor {
        command,
        group,
        copier: None,
        copiers_left: COPIERS,
        source: Some(source),
        is_terminal,
        folder: folder.to_owned(),
        signals,
        terminal,
        must_continue: false,
    };
    supervisor.close_the_rest();
    Ok(supervisor)
}

fn become_command(plan: &Plan, sink: BorrowedFd, group: Group, terminal: Option<&Terminal>) -> ! {
    if group == Group::Own && sys::set_group(0, 0).is_ok() {
        terminal.inspect(|terminal| terminal.give(sys::own_group()));
    }
    // It cannot fail: both are open.
    sys::place(sink, libc::STDERR_FILENO).unwrap_or_default();
    plan.execute()
}

impl Supervisor {
    /// Until the command has ended and its last bytes are copied; returns its exit code.
    pub fn run(&mut self) -> i32 {
        let change = loop {
            // In this order: a SIGCHLD taken after the look at the children would be missed.
            self.pass_signals_on();
            if let Some(change) = self.reap() {
                break change;
            }
            if self.must_continue {
                self.pass_signals_on();
                self.go_on();
            } else if !self.wait(self.copier_delay()) {
                self.ensure_copier();
            }
        };
        if let Some(terminal) = &self.terminal {
            terminal.take_back(self.command);
            if matches!(change, Change::Killed(_)) {
                terminal.restore_modes();
            }
        }
        self.drain();
        match change {
            Change::Exited(code) => code,
            Change::Killed(signal) | Change::Stopped(signal) => 128 + signal,
        }
    }

    /// Takes note of children that changed, orphans that came to us as process 1 included.
    fn reap(&mut self) -> Option<Change> {
        let mut ended = None;
        while let Some((pid, change)) = sys::wait() {
            match change {
                Change::Stopped(signal) if pid == self.command => self.stop(signal),
                Change::Stopped(_) => {}
                _ if pid == self.command => ended = Some(change),
                _ if self.copier.as_ref().is_some_and(|copier| copier.pid == pid) => {
                    self.copier_ended(change)
                }
                _ => {}
            }
        }
        ended
    }

    fn copier_ended(&mut self, change: Change) {
        self.copier = None;
        if change == Change::Exited(copy::FINISHED) {
            self.close_stream();
        } else {
            self.ensure_copier();
        }
    }

    /// Nobody copies any more: the command must see that as the end of its reader, and ours not wait for us.
    fn close_stream(&mut self) {
        if self.source.take().is_some() {
            sys::close(libc::STDERR_FILENO);
        }
    }

    /// How long the first copier can wait.
    fn copier_delay(&self) -> Option<Duration> {
        (self.copiers_left == COPIERS && self.source.is_some()).then_some(COPIER_DELAY)
    }

    /// There is one while there can be bytes to copy: from the first byte on, or a little after the start, also after
    /// an accident (`kill -9 -1`), when bytes in the pipe are still there. Where there can be no process, for lack of numbers
    /// or memory, the shim copies by itself as well as it can.
    fn ensure_copier(&mut self) {
        let Some(source) = self.source.as_ref().filter(|_| self.copier.is_none()) else { return };
        if has_ended(source) {
            return self.close_stream();
        }
        if self.copiers_left == 0 {
            return;
        }
        self.copiers_left -= 1;
        self.copier = Copier::start(source, self.is_terminal, &self.folder).ok();
        if let Some(copier) = self.copier.as_ref().filter(|_| self.is_terminal && self.group == Group::Own) {
            // The kernel tells a new window size to the group in the foreground: there the copier has to be. It
            // fails only when it comes too late: the command has ended.
            sys::set_group(copier.pid, self.command).unwrap_or_default();
        }
    }

    fn pass_signals_on(&mut self) {
        while let Some(received) = sys::receive(self.signals.as_fd()) {
            self.pass_on(received);
        }
    }

    fn pass_on(&mut self, Received { signal, from_kernel }: Received) {
        if signal == SIGCHLD {
            return;
        }
        if signal == SIGCONT {
            self.must_continue = true;
            return;
        }
        if self.group == Group::Shared && from_kernel && FROM_TERMINAL.contains(&signal) {
            return;
        }
        self.send(signal);
    }

    fn send(&self, signal: i32) {
        let is_sent = self.group == Group::Own && sys::kill(-self.command, signal).is_ok();
        if !is_sent {
            // Only a command that has ended cannot be reached; that is noticed elsewhere.
            sys::kill(self.command, signal).unwrap_or_default();
        }
    }

    /// The command was stopped from its terminal: whoever started us must see us stopped.
    fn stop(&mut self, signal: i32) {
        let Some(terminal) = &self.terminal else { return };
        let wants_terminal = [sys::SIGTTIN, sys::SIGTTOU].contains(&signal);
        if !(self.group == Group::Own && wants_terminal && terminal.is_ours()) {
            terminal.take_back(self.command);
            stop_own_group();
        }
        self.must_continue = true;
    }

    /// After a stop of ours, or on SIGCONT: the terminal goes to the command if it is ours again.
    fn go_on(&mut self) {
        self.must_continue = false;
        if let (Some(terminal), Group::Own) = (&self.terminal, self.group) {
            terminal.give(self.command);
        }
        self.send(SIGCONT);
    }

    /// Waits for the copier to have read what the command wrote. A daemon that can write more does not keep us: the
    /// copier stays with it. A reader of the real stderr that is stuck does not keep us either: the copier waits
    /// for it. A signal that would have ended the command ends the wait.
    fn drain(&mut self) {
        self.ensure_copier();
        let mut asked = None;
        while let Some(copier) = &mut self.copier {
            if asked != Some(copier.pid) {
                asked = Some(copier.pid);
                // A copier that cannot be asked has ended, and has said so.
                copier.line.write_all(b".").unwrap_or_default();
            }
            if matches!(copier.line.read(&mut [0]), Ok(1)) {
                return;
            }
            if !self.wait(Some(STUCK)) && !can_write() {
                return;
            }
            while let Some(received) = sys::receive(self.signals.as_fd()) {
                if ENDINGS.contains(&received.signal) {
                    return;
                }
            }
            self.reap();
        }
        while self.source.as_ref().is_some_and(copy::copy_here) {}
    }

    /// Until there is a signal, an answer of the copier, or something that we have to copy ourselves. False: there was
    /// nothing for so long.
    fn wait(&mut self, patience: Option<Duration>) -> bool {
        let on = |fd: Option<RawFd>| pollfd { fd: fd.unwrap_or(-1), events: sys::POLLIN, revents: 0 };
        let line = self.copier.as_ref().map(|copier| copier.line.as_raw_fd());
        let source = self.source.as_ref().filter(|_| line.is_none()).map(File::as_raw_fd);
        let mut ready = [on(Some(self.signals.as_raw_fd())), on(line), on(source)];
        // It fails only for lack of kernel memory; then this is a busy loop for a while.
        sys::poll(&mut ready, patience).unwrap_or_default();
        let [signal, answer, has_bytes] = ready.map(|descriptor| descriptor.revents != 0);
        if has_bytes {
            self.ensure_copier();
        }
        if has_bytes && self.copier.is_none() && !self.source.as_ref().is_some_and(copy::copy_here) {
            self.close_stream();
        }
        signal || answer || has_bytes
    }

    /// A pipe of the command's that we held open as well would not end when the command closes it.
    fn close_the_rest(&self) {
        let copier = self.copier.as_ref().map(|copier| copier.line.as_raw_fd());
        let source = self.source.as_ref().map(|source| source.as_raw_fd());
        let terminal = self.terminal.as_ref().map(Terminal::number);
        let own = [Some(libc::STDERR_FILENO), Some(self.signals.as_raw_fd()), copier, source, terminal];
        let mut kept: Vec<i32> = own.into_iter().flatten().collect();
        sys::close_all_but(&mut kept);
    }
}

/// Nobody can write any more, and there is nothing left to read.
fn has_ended(source: &File) -> bool {
    let mut ready = [pollfd { fd: source.as_raw_fd(), events: sys::POLLIN, revents: 0 }];
    sys::poll(&mut ready, Some(Duration::ZERO)).is_ok()
        && ready.iter().all(|ready| ready.revents == sys::POLLHUP)
}

fn can_write() -> bool {
    let mut real = [pollfd { fd: libc::STDERR_FILENO, events: sys::POLLOUT, revents: 0 }];
    sys::poll(&mut real, Some(Duration::ZERO)).is_ok() && real.iter().any(|real| real.revents != 0)
}

/// Stops everything in our group, ourselves included, until a shell continues it. An orphaned group, and process 1,
/// cannot be stopped that way: then this returns at once.
fn stop_own_group() {
    let signal = sys::SIGTSTP;
    let action = sys::action(signal);
    sys::set_action(signal, sys::DEFAULT_ACTION);
    let mask = sys::set_mask(!(1 << (signal - 1)));
    sys::kill(0, signal).unwrap_or_default();
    sys::set_mask(mask);
    sys::set_action(signal, action);
}
