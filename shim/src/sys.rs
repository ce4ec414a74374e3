//! The system calls that std has no safe name for, each in a thin wrapper. The only unsafe code of the crate.
//!
//! Signal sets go to the kernel directly: libc's own functions hide signals 32 and 33, which are passed on like the others.

#![expect(unsafe_code, reason = "system calls; every block is one call on values that outlive it")]

use std::{
    ffi::{CStr, CString, c_char, c_int, c_void},
    fs::File,
    io,
    mem::{MaybeUninit, size_of},
    os::{
        fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd},
        unix::process::CommandExt as _,
    },
    process::Command,
    ptr,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

pub use libc::{
    POLLHUP, POLLIN, POLLOUT, SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGTSTP, SIGTTIN,
    SIGTTOU, SIGWINCH, pid_t, pollfd, termios,
};

/// The kernel's set of signals: bit n - 1 is signal n.
pub type SignalSet = u64;

/// What std's start-up code changes before `main`, remembered before that.
static PIPE_ACTION: AtomicUsize = AtomicUsize::new(libc::SIG_DFL);
static MASK: AtomicU64 = AtomicU64::new(0);
static WAS_CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];

/// Runs before std's start-up code, which ignores SIGPIPE and opens /dev/null on closed descriptors.
#[used]
#[unsafe(link_section = ".init_array")]
static REMEMBER: extern "C" fn() = remember;

extern "C" fn remember() {
    PIPE_ACTION.store(action(SIGPIPE), Ordering::Relaxed);
    MASK.store(mask(), Ordering::Relaxed);
    for (fd, closed) in (0..).zip(&WAS_CLOSED) {
        // SAFETY: no memory is involved.
        closed.store(unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1, Ordering::Relaxed);
    }
}

/// Makes a child begin as this process began; std gives it an empty mask and its own action for SIGPIPE.
pub fn start_as_we_did(command: &mut Command) {
    let restore = || {
        for fd in (0..3).filter(|&fd| was_closed(fd)) {
            close(fd);
        }
        set_action(SIGPIPE, original_pipe_action());
        set_mask(MASK.load(Ordering::Relaxed));
        Ok(())
    };
    // SAFETY: between fork and exec there are only system calls.
    unsafe { command.pre_exec(restore) };
}

/// Whether a standard descriptor was closed when the process began.
pub fn was_closed(fd: RawFd) -> bool {
    usize::try_from(fd)
        .ok()
        .and_then(|fd| WAS_CLOSED.get(fd))
        .is_some_and(|closed| closed.load(Ordering::Relaxed))
}

/// The action for SIGPIPE (`SIG_DFL` or `SIG_IGN`) that the process began with.
pub fn original_pipe_action() -> usize {
    PIPE_ACTION.load(Ordering::Relaxed)
}

fn check(result: c_int) -> io::Result<c_int> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn check_long(result: libc::c_long) -> io::Result<libc::c_long> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The action for a signal: a handler's address, `SIG_DFL` or `SIG_IGN`.
pub fn action(signal: c_int) -> usize {
    let mut old = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes is a valid sigaction, and the call only writes to it.
    unsafe {
        libc::sigaction(signal, ptr::null(), old.as_mut_ptr());
        old.assume_init().sa_sigaction
    }
}

/// Sets `SIG_DFL` or `SIG_IGN`. Fails for no signal that is passed here.
pub fn set_action(signal: c_int, action: usize) {
    let mut new = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: all zeroes is a valid sigaction; no handler is installed.
    unsafe {
        (*new.as_mut_ptr()).sa_sigaction = action;
        libc::sigaction(signal, new.as_ptr(), ptr::null_mut());
    }
}

/// `SIG_DFL`.
pub const DEFAULT_ACTION: usize = libc::SIG_DFL;

/// The signal mask.
fn mask() -> SignalSet {
    let mut set: SignalSet = 0;
    // SAFETY: points to a set of the size given; the call cannot fail then.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_BLOCK,
            ptr::null::<SignalSet>(),
            &raw mut set,
            size_of::<SignalSet>(),
        );
    }
    set
}

/// Replaces the signal mask, returns the old one.
pub fn set_mask(set: SignalSet) -> SignalSet {
    let mut old: SignalSet = 0;
    // SAFETY: both point to sets of the size given; the call cannot fail then.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const set,
            &raw mut old,
            size_of::<SignalSet>(),
        );
    }
    old
}

/// A descriptor that signals of `set`, blocked by the caller, are read from; never blocks.
pub fn signal_descriptor(set: SignalSet) -> io::Result<OwnedFd> {
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: points to a set of the size given.
    let fd = unsafe { libc::syscall(libc::SYS_signalfd4, -1, &raw const set, size_of::<SignalSet>(), flags) };
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(check_long(fd)? as RawFd) })
}

/// One signal taken from a [`signal_descriptor`].
#[derive(Clone, Copy, Debug)]
pub struct Received {
    /// Its number.
    pub signal: c_int,
    /// Sent by the kernel (a terminal's key, a timer), not by a process.
    pub from_kernel: bool,
}

/// The next signal that is waiting.
pub fn receive(descriptor: BorrowedFd) -> Option<Received> {
    let mut info = MaybeUninit::<libc::signalfd_siginfo>::zeroed();
    let size = size_of::<libc::signalfd_siginfo>();
    // SAFETY: as many bytes as the structure has, any of which may have any value.
    let info = unsafe {
        let got = libc::read(descriptor.as_raw_fd(), info.as_mut_ptr().cast::<c_void>(), size);
        if got != size as isize {
            return None;
        }
        info.assume_init()
    };
    Some(Received { signal: info.ssi_signo as c_int, from_kernel: info.ssi_code == libc::SI_KERNEL })
}

/// Which side of a fork this is.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// The new process.
    Child,
    /// The old one, told the new one's id.
    Parent(pid_t),
}

/// Duplicates the process, which must have one thread only.
pub fn fork() -> io::Result<Side> {
    // SAFETY: with one thread no lock can be held by another one.
    match check(unsafe { libc::fork() })? {
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(pid)),
    }
}

/// Runs `child` in a new process, on our memory while we wait until it has become another program or has ended.
/// Copying the memory first would take longer than all the rest of a start.
pub fn spawn(child: &dyn Fn()) -> io::Result<pid_t> {
    const STACK: usize = 256 << 10;
    extern "C" fn run(child: *mut c_void) -> c_int {
        // SAFETY: what `spawn` passes, which waits.
        unsafe { (*child.cast::<&dyn Fn()>())() };
        0
    }
    let mut stack = vec![MaybeUninit::<u128>::uninit(); STACK / size_of::<u128>()];
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let mut child = child;
    // SAFETY: stack and closure live until the call returns, which is after the child's last use of them.
    check(unsafe { libc::clone(run, stack.as_mut_ptr_range().end.cast(), flags, (&raw mut child).cast()) })
}

/// Becomes another program; returns only why not.
pub fn execute(path: &CStr, arguments: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
    };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: strings end in NUL, arrays in a null pointer, and both outlive the call.
    unsafe { libc::execve(path.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// The environment byte by byte, entries without `=` included.
pub fn environment() -> Vec<CString> {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    let mut entries = Vec::new();
    // SAFETY: null or an array that a null pointer ends; nothing changes it, there is one thread.
    unsafe {
        let mut entry = environ;
        while !entry.is_null() && !(*entry).is_null() {
            entries.push(CStr::from_ptr(*entry).to_owned());
            entry = entry.add(1);
        }
    }
    entries
}

/// Ends the process without running anything.
pub fn exit(code: c_int) -> ! {
    // SAFETY: does not return.
    unsafe { libc::_exit(code) }
}

/// What happened to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Returned this code.
    Exited(c_int),
    /// Was ended by this signal.
    Killed(c_int),
    /// Was stopped by this signal.
    Stopped(c_int),
}

/// The next child whose state changed, if there is one.
pub fn wait() -> Option<(pid_t, Change)> {
    let mut status = 0;
    // SAFETY: writes one integer.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::WUNTRACED) };
    let change = match status {
        _ if pid <= 0 => return None,
        status if libc::WIFSTOPPED(status) => Change::Stopped(libc::WSTOPSIG(status)),
        status if libc::WIFSIGNALED(status) => Change::Killed(libc::WTERMSIG(status)),
        status => Change::Exited(libc::WEXITSTATUS(status)),
    };
    Some((pid, change))
}

/// Sends a signal: to a process, to group -`target`, or with 0 to our own group.
pub fn kill(target: pid_t, signal: c_int) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::kill(target, signal) }).map(drop)
}

/// Puts a process (0: this one) into a group (0: a new one of its own).
pub fn set_group(pid: pid_t, group: pid_t) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::setpgid(pid, group) }).map(drop)
}

/// Our group.
pub fn own_group() -> pid_t {
    // SAFETY: cannot fail.
    unsafe { libc::getpgrp() }
}

/// The group in a terminal's foreground; an error unless it is our controlling terminal.
pub fn foreground(terminal: BorrowedFd) -> io::Result<pid_t> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::tcgetpgrp(terminal.as_raw_fd()) })
}

/// Puts a group into a terminal's foreground. From the background only with SIGTTOU blocked.
pub fn set_foreground(terminal: BorrowedFd, group: pid_t) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::tcsetpgrp(terminal.as_raw_fd(), group) }).map(drop)
}

/// A terminal's modes.
pub fn modes(terminal: BorrowedFd) -> io::Result<termios> {
    let mut modes = MaybeUninit::<termios>::zeroed();
    // SAFETY: the call only writes to the structure, for which all zeroes is valid.
    unsafe {
        check(libc::tcgetattr(terminal.as_raw_fd(), modes.as_mut_ptr()))?;
        Ok(modes.assume_init())
    }
}

/// Sets a terminal's modes once its output has been sent.
pub fn set_modes(terminal: BorrowedFd, modes: &termios) -> io::Result<()> {
    // SAFETY: only reads the structure.
    check(unsafe { libc::tcsetattr(terminal.as_raw_fd(), libc::TCSADRAIN, modes) }).map(drop)
}

/// Modes in which bytes pass a terminal unchanged.
pub fn raw(mut modes: termios) -> termios {
    // SAFETY: only changes the structure.
    unsafe { libc::cfmakeraw(&raw mut modes) };
    modes
}

/// Gives `to` the rows and columns of `from`; returns whether that changed anything.
pub fn copy_size(from: BorrowedFd, to: BorrowedFd) -> io::Result<bool> {
    let size = |terminal: BorrowedFd| {
        let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the call only writes to the structure.
        check(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) })?;
        io::Result::Ok(size)
    };
    let (wanted, old) = (size(from)?, size(to)?);
    // SAFETY: only reads the structure.
    check(unsafe { libc::ioctl(to.as_raw_fd(), libc::TIOCSWINSZ, &raw const wanted) })?;
    Ok((wanted.ws_row, wanted.ws_col) != (old.ws_row, old.ws_col))
}

/// The other end of a pseudo-terminal's master, which never becomes a controlling terminal.
pub fn open_peer(master: &File) -> io::Result<File> {
    let unlocked: c_int = 0;
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    // SAFETY: the first call reads one integer; the second makes a descriptor that is nobody else's.
    unsafe {
        check(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlocked))?;
        let peer = check(libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags))?;
        Ok(File::from_raw_fd(peer))
    }
}

/// Flags that make [`File`]s of pseudo-terminal masters.
pub const MASTER_FLAGS: c_int = libc::O_NOCTTY;

/// Makes reads and writes return instead of waiting.
pub fn set_nonblocking(file: BorrowedFd) -> io::Result<()> {
    // SAFETY: no memory is involved.
    unsafe {
        let flags = check(libc::fcntl(file.as_raw_fd(), libc::F_GETFL))?;
        check(libc::fcntl(file.as_raw_fd(), libc::F_SETFL, flags | libc::O_NONBLOCK)).map(drop)
    }
}

/// Bytes that a pipe holds; an error for what is none.
pub fn pipe_capacity(pipe: BorrowedFd) -> io::Result<usize> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETPIPE_SZ) })
        .map(|size| size.unsigned_abs() as usize)
}

/// Waits until a descriptor is ready, for so long at most.
pub fn poll(descriptors: &mut [pollfd], patience: Option<Duration>) -> io::Result<()> {
    let timeout =
        patience.map_or(-1, |time| c_int::try_from(time.as_micros().div_ceil(1000)).unwrap_or(c_int::MAX));
    // SAFETY: the length is the slice's.
    check(unsafe { libc::poll(descriptors.as_mut_ptr(), descriptors.len() as libc::nfds_t, timeout) })
        .map(drop)
}

/// Makes `number` mean what `file` means, also in a program executed from here.
pub fn place(file: BorrowedFd, number: RawFd) -> io::Result<()> {
    // SAFETY: `number` is a standard descriptor that nothing here owns.
    check(unsafe { libc::dup2(file.as_raw_fd(), number) }).map(drop)
}

/// Closes a standard descriptor.
pub fn close(number: RawFd) {
    // SAFETY: `number` is a standard descriptor that nothing here owns; it is gone whatever the result says.
    unsafe { libc::close(number) };
}

/// Closes every descriptor but these. Nothing that owns another one may be used or dropped afterwards.
pub fn close_all_but(kept: &mut [RawFd]) {
    kept.sort_unstable();
    let mut first = 0;
    for &mut fd in kept {
        close_range(first, fd - 1);
        first = fd + 1;
    }
    close_range(first, RawFd::MAX);
}

fn close_range(first: RawFd, last: RawFd) {
    if first > last {
        return;
    }
    // SAFETY: the caller gave these descriptors up.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, last, 0) == 0 {
            return;
        }
        // Before Linux 5.9. Descriptors above this number are left open, which only delays an end of file.
        for fd in first..=last.min(4096) {
            libc::close(fd);
        }
    }
}

/// Standard error, which stays open as long as the process.
pub fn stderr() -> BorrowedFd<'static> {
    // SAFETY: std opens it before `main` where it was closed, and nothing here closes it while it is used.
    unsafe { BorrowedFd::borrow_raw(libc::STDERR_FILENO) }
}

/// Permission bits taken away from new files.
pub fn set_umask(mask: libc::mode_t) {
    // SAFETY: cannot fail.
    unsafe { libc::umask(mask) };
}

/// Writes some of it.
pub fn write(file: BorrowedFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the length is the slice's.
    let written = unsafe { libc::write(file.as_raw_fd(), bytes.as_ptr().cast::<c_void>(), bytes.len()) };
    usize::try_from(written).map_err(|_| io::Error::last_os_error())
}

/// Makes what waits in one pipe appear in another too, without copying it; waits for both.
pub fn tee(from: BorrowedFd, to: BorrowedFd, length: usize) -> io::Result<usize> {
    // SAFETY: no memory is involved.
    let moved = unsafe { libc::tee(from.as_raw_fd(), to.as_raw_fd(), length, 0) };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}

fn status(number: RawFd) -> io::Result<libc::stat> {
    let mut status = MaybeUninit::<libc::stat>::zeroed();
    // SAFETY: the call only writes to the structure, for which all zeroes is valid.
    unsafe {
        check(libc::fstat(number, status.as_mut_ptr()))?;
        Ok(status.assume_init())
    }
}

fn is_kind(number: RawFd, kind: libc::mode_t) -> bool {
    status(number).is_ok_and(|status| status.st_mode & libc::S_IFMT == kind)
}

/// Whether a standard descriptor is a pipe, named or not.
pub fn is_pipe(number: RawFd) -> bool {
    is_kind(number, libc::S_IFIFO)
}

/// Whether this is a regular file.
pub fn is_file(file: BorrowedFd) -> bool {
    is_kind(file.as_raw_fd(), libc::S_IFREG)
}

/// Gives `to` the owner and permission bits of `from`, as far as that is allowed.
pub fn copy_permissions(from: BorrowedFd, to: BorrowedFd) {
    let Ok(status) = status(from.as_raw_fd()) else { return };
    // SAFETY: no memory is involved; where it is refused, the pipe stays ours.
    unsafe {
        libc::fchown(to.as_raw_fd(), status.st_uid, status.st_gid);
        libc::fchmod(to.as_raw_fd(), status.st_mode & 0o666 | 0o600);
    }
}
