//! What the program writes, byte by byte, and what its readers do.

use crate::run::{Container, Talk as _, finish, kill, plain, sh};
use std::{
    fs::{self, File},
    io::{Read as _, Write as _},
    process::Command,
    time::{Duration, Instant},
};

/// Bytes of every value, lines of every length, in pieces of every size; always the same.
const NOISE: &str = r#"
import os, random, sys
random.seed(int(sys.argv[1]))
block = random.randbytes(1 << 20)
left = int(sys.argv[2])
while left:
    at = random.randrange(1 << 19)
    piece = block[at:at + min(left, random.choice([1, 80, 4096, 65536, 300000]))]
    while piece:
        piece = piece[(written := os.write(2, piece)):]
        left -= written
"#;

#[test]
fn a_hundred_megabytes_are_identical() {
    let container = Container::new();
    let [with, without] = ["with", "without"].map(|name| container.path().join(name));
    let noise = ["python3", "-c", NOISE, "1", "100000000"];
    assert!(finish(container.shim(&noise).stderr(File::create(&with).unwrap())).status.success());
    assert!(finish(plain(&noise).stderr(File::create(&without).unwrap())).status.success());
    assert!(Command::new("cmp").args([&with, &without]).status().unwrap().success());
    let copy = container.copy();
    let all = fs::read(&with).unwrap();
    assert!(all.ends_with(&copy.bytes[copy.bytes.len() - 65536..]), "the newest bytes are kept");
    assert_eq!(copy.ends, 1);
    if copy.skipped == 0 {
        assert_eq!(copy.bytes.len() as u64 + copy.lost, all.len() as u64);
    }
}

#[test]
fn what_fits_into_the_ring_is_copied_whole() {
    let container = Container::new();
    let output = finish(&mut container.shim(&["python3", "-c", NOISE, "2", "3000000"]));
    let copy = container.copy();
    assert_eq!(output.stderr.len(), 3_000_000);
    assert_eq!((copy.lost, copy.skipped, copy.ends), (0, 0, 1));
    assert!(copy.bytes == output.stderr);
}

#[test]
fn a_run_after_another_adds_to_the_ring() {
    let container = Container::new();
    for word in ["one", "two", "three"] {
        finish(&mut container.shim(&["sh", "-c", &format!("echo {word} >&2")]));
    }
    let copy = container.copy();
    assert_eq!(copy.bytes, b"one\ntwo\nthree\n");
    assert_eq!(copy.ends, 3);
}

#[test]
fn silence_leaves_no_file() {
    let (output, copy) = sh("echo out");
    assert_eq!(output.stdout, b"out\n");
    assert_eq!(copy, crate::reader::Copy::default());
}

#[test]
fn stdin_and_stdout_are_the_very_same_files() {
    let container = Container::new();
    let file = container.path().join("out");
    let script = "readlink /proc/self/fd/1; cat";
    let mut child =
        container.shim(&["sh", "-c", script]).stdout(File::create(&file).unwrap()).spawn().unwrap();
    child.tell("hello");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{}\nhello\n", file.display()));
}

/// As nginx does with `error_log /dev/stderr`, also after giving up its user.
#[test]
fn stderr_can_be_opened_again_by_its_path() {
    let script = r#"
import os
for user in (0, 65534):
    os.seteuid(user)
    for path in ("/dev/stderr", "/proc/self/fd/2", "/dev/fd/2"):
        try:
            with open(path, "a") as again: again.write(f"{user} {path}\n")
        except OSError as error: print(user, path, error.strerror)
"#;
    let container = Container::new();
    let with = finish(&mut container.shim(&["python3", "-c", script]));
    let without = finish(&mut plain(&["python3", "-c", script]));
    assert!(String::from_utf8_lossy(&with.stderr).contains("0 /dev/stderr"), "{with:?}");
    assert_eq!(with, without);
    assert_eq!(container.copy().bytes, with.stderr);
}

#[test]
fn closing_fd_2_is_seen_by_its_reader_while_the_program_runs_on() {
    let container = Container::new();
    let script = "echo bye >&2; exec 2>&-; echo closed; read x; exit 4";
    let mut child = container.shim(&["sh", "-c", script]).spawn().unwrap();
    assert_eq!(child.rest_of_stderr(), "bye\n");
    assert_eq!(child.line(), "closed");
    child.tell("go");
    assert_eq!(child.wait().unwrap().code(), Some(4));
    assert_eq!(container.copy().ends, 1);
}

#[test]
fn the_end_of_stdin_and_stdout_is_seen_as_well() {
    let container = Container::new();
    let script = "exec <&- >&-; read x </proc/$$/fd/9; exit 8";
    let gate = container.path().join("gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let script = script.replace("/proc/$$/fd/9", gate.to_str().unwrap());
    let mut child = container.shim(&["sh", "-c", &script]).spawn().unwrap();
    let mut stdout = String::new();
    child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
    fs::write(&gate, "go\n").unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(8));
}

#[test]
fn a_reader_that_goes_away_ends_the_program_by_sigpipe() {
    let container = Container::new();
    let mut child = container.shim(&["sh", "-c", "exec yes >&2"]).spawn().unwrap();
    child.stderr.take().unwrap().read_exact(&mut [0; 4096]).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(141));
}

/// Its first write fails, as without us: nothing is swallowed first.
#[test]
fn a_reader_that_went_away_is_felt_by_the_next_write() {
    let script = r#"
import os, select, signal
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
os.write(2, b"x")
os.write(1, b"written\n")
os.read(0, 1)
poll = select.poll(); poll.register(2, 0); poll.poll()
try: os.write(2, b"y")
except BrokenPipeError: os._exit(11)
"#;
    let container = Container::new();
    for mut run in [container.shim(&["python3", "-c", script]), plain(&["python3", "-c", script])] {
        let mut child = run.spawn().unwrap();
        assert_eq!(child.line(), "written");
        child.stderr.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        drop(child.stderr.take());
        child.tell("go");
        assert_eq!(child.wait().unwrap().code(), Some(11));
    }
}

#[test]
fn a_stuck_reader_blocks_the_program_and_nothing_else() {
    let container = Container::new();
    let script = "trap 'exit 3' TERM; echo ready; head -c 10000000 /dev/zero >&2 & wait";
    let mut child = container.shim(&["sh", "-c", script]).spawn().unwrap();
    assert_eq!(child.line(), "ready");
    let mut first = [0; 1];
    child.stderr.as_mut().unwrap().read_exact(&mut first).unwrap();
    child.signal("TERM");
    let stderr = child.stderr.take();
    assert_eq!(child.wait().unwrap().code(), Some(3));
    drop(stderr);
}

#[test]
fn a_nonblocking_stderr_is_waited_for() {
    let container = Container::new();
    let script = "import fcntl, os, sys; fcntl.fcntl(2, fcntl.F_SETFL, os.O_NONBLOCK); os.execvp(sys.argv[1], sys.argv[1:])";
    let command = ["sh", "-c", "head -c 5000000 /dev/zero >&2"];
    let mut run = container.shim_in(&["python3", "-c", script], &command);
    assert_eq!(finish(&mut run).stderr.len(), 5_000_000);
}

/// `kill -9 -1` of a program hits the copier too.
#[test]
fn a_killed_copier_is_replaced() {
    let container = Container::new();
    let mut child = container.shim(&["sh", "-c", "while read x; do echo $x >&2; done"]).spawn().unwrap();
    for word in ["one", "two", "three"] {
        child.tell(word);
        let mut bytes = vec![0; word.len() + 1];
        child.stderr.as_mut().unwrap().read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, format!("{word}\n").into_bytes());
        let copier = copier_of(child.id());
        // It takes out of the pipe what it has passed on: killed in between, it leaves that to be passed on again.
        let deadline = Instant::now() + Duration::from_secs(10);
        while !sleeps(&copier) {
            assert!(Instant::now() < deadline, "the copier goes on and on");
            std::thread::yield_now();
        }
        kill("KILL", &copier);
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// Whether a process waits for something (proc(5), the state in `/proc/PID/stat`).
fn sleeps(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S'))
}

fn copier_of(shim: u32) -> String {
    let children = fs::read_to_string(format!("/proc/{shim}/task/{shim}/children")).unwrap();
    let is_copier =
        |pid: &&str| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name != "sh\n");
    children.split_whitespace().find(is_copier).unwrap().to_owned()
}

#[test]
fn a_killed_shim_leaves_the_program_with_a_stderr() {
    let container = Container::new();
    let mut child =
        container.shim(&["sh", "-c", "echo ready >&2; while read x; do echo $x >&2; done"]).spawn().unwrap();
    child.stderr.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    child.signal("KILL");
    let mut stdin = child.stdin.take().unwrap();
    child.wait().unwrap();
    stdin.write_all(b"still here\n").unwrap();
    drop(stdin);
    assert_eq!(child.rest_of_stderr(), "still here\n");
}

/// Without a shim in the shim: the inner one would write to the same files.
#[test]
fn a_shim_within_a_shim_runs_plainly() {
    let container = Container::new();
    let output = finish(&mut container.shim(&[crate::run::SHIM, "--", "sh", "-c", "echo once >&2"]));
    assert_eq!(output.stderr, b"once\n");
    assert_eq!(container.copy().bytes, b"once\n");
}

#[test]
fn a_closed_stderr_stays_closed() {
    let container = Container::new();
    let mut shim = container.shim(&["ls", "/proc/self/fd"]);
    let mut run = container.shim_in(&["sh", "-c", "exec \"$@\" 2>&-", "sh"], &["ls", "/proc/self/fd"]);
    let closed = ["sh", "-c", "exec \"$@\" 2>&-", "sh", "ls", "/proc/self/fd"];
    assert_eq!(finish(&mut run), finish(&mut plain(&closed)));
    assert_eq!(finish(&mut shim), finish(&mut plain(&["ls", "/proc/self/fd"])));
}
