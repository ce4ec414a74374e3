//! The shim proper: starts copier and command, passes signals on, reaps, and ends with the command's code.

use crate::{
    copy::{self, Copier},
    spawn::Plan,
    stream::Stream,
    sys::{self, Change, Received, SIGCHLD, SIGCONT, Side, SignalSet, pid_t, pollfd},
    terminal::Terminal,
};
use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::{AsFd as _, AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
};

/// Copiers started again after an accident, at most.
const COPIERS: u32 = 100;

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
    let stream = Stream::like(sys::stderr())?;
    let signals = sys::signal_descriptor(SignalSet::MAX)?;
    let terminal = Terminal::open();
    let is_pipeline = [0, 1].into_iter().any(sys::is_pipe);
    let group = match &terminal {
        Some(terminal) if is_pipeline && terminal.is_ours() => Group::Shared,
        _ => Group::Own,
    };
    let copier = Copier::start(&stream.source, stream.is_terminal, folder)?;
    let command = match sys::fork() {
        Ok(Side::Parent(pid)) => pid,
        Ok(Side::Child) => become_command(plan, &stream, group, terminal.as_ref()),
        Err(error) => {
            abandon(copier, stream);
            return Err(error);
        }
    };
    let supervisor = Supervisor {
        command,
        group,
        copier: Some(copier),
        copiers_left: COPIERS,
        source: Some(stream.source),
        is_terminal: stream.is_terminal,
        folder: folder.to_owned(),
        signals,
        terminal,
        must_continue: false,
    };
    // Both sides set the group: whichever runs first, it is set before it is needed.
    supervisor.set_groups();
    drop(stream.sink);
    supervisor.close_the_rest();
    Ok(supervisor)
}

fn become_command(plan: &Plan, stream: &Stream, group: Group, terminal: Option<&Terminal>) -> ! {
    if group == Group::Own && sys::set_group(0, 0).is_ok() {
        terminal.inspect(|terminal| terminal.give(sys::own_group()));
    }
    match sys::place(stream.sink.as_fd(), libc::STDERR_FILENO) {
        Ok(()) | Err(_) => plan.execute(),
    }
}

/// The copier ends at the end of its file; as a child of the command it would be a surprise.
fn abandon(copier: Copier, stream: Stream) {
    drop(stream);
    let mut ready = [pollfd { fd: copier.line.as_raw_fd(), events: sys::POLLIN, revents: 0 }];
    sys::poll(&mut ready, true).unwrap_or_default();
    sys::reap(copier.pid);
}

impl Supervisor {
    /// Until the command has ended and its last bytes are copied; returns its exit code.
    pub fn run(mut self) -> i32 {
        let change = loop {
            if let Some(change) = self.reap() {
                break change;
            }
            while let Some(received) = sys::receive(self.signals.as_fd()) {
                self.pass_on(received);
            }
            self.go_on();
            self.wait(None);
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
        if change != Change::Exited(copy::FINISHED) && self.copiers_left > 0 {
            self.copiers_left -= 1;
            self.restart_copier();
        }
        if self.copier.is_none() {
            // Nobody copies any more: the command must see that as the end of its reader, and ours not wait for us.
            self.source = None;
            sys::close(libc::STDERR_FILENO);
        }
    }

    /// Killed together with everything else that could be killed: the bytes in the pipe are still there.
    fn restart_copier(&mut self) {
        let Some(source) = &self.source else { return };
        self.copier = Copier::start(source, self.is_terminal, &self.folder).ok();
        self.set_groups();
    }

    /// The kernel tells a new window size to the group in the foreground: there the copier has to be.
    fn set_groups(&self) {
        if self.group == Group::Shared {
            return;
        }
        // Each fails only where it came too late: the command has run on, or has ended.
        sys::set_group(self.command, self.command).unwrap_or_default();
        if let Some(copier) = self.copier.as_ref().filter(|_| self.is_terminal) {
            sys::set_group(copier.pid, self.command).unwrap_or_default();
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
        if !std::mem::take(&mut self.must_continue) {
            return;
        }
        if let (Some(terminal), Group::Own) = (&self.terminal, self.group) {
            terminal.give(self.command);
        }
        self.send(SIGCONT);
    }

    /// Waits for the copier to have read what the command wrote. A daemon that can write more does not keep us: the
    /// copier stays with it. A signal that would have ended the command ends the wait.
    fn drain(&mut self) {
        let mut asked = None;
        while let Some(copier) = &mut self.copier {
            if asked != Some(copier.pid) {
                asked = Some(copier.pid);
                // A copier that cannot be asked has ended, and is reaped below.
                copier.line.write_all(b".").unwrap_or_default();
            }
            if matches!(copier.line.read(&mut [0]), Ok(1)) {
                return;
            }
            let line = copier.line.as_raw_fd();
            self.wait(Some(line));
            while let Some(received) = sys::receive(self.signals.as_fd()) {
                if ENDINGS.contains(&received.signal) {
                    return;
                }
            }
            self.reap();
        }
    }

    fn wait(&self, line: Option<i32>) {
        let on = |fd| pollfd { fd, events: sys::POLLIN, revents: 0 };
        // It fails only for lack of kernel memory; then this is a busy loop for a while.
        sys::poll(&mut [on(self.signals.as_raw_fd()), on(line.unwrap_or(-1))], true).unwrap_or_default();
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
