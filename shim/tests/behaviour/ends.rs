//! How a run ends: exit codes, commands that do not exist, children of children.

use crate::run::{Container, SHIM, Talk as _, finish, kill, plain, sh};
use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _, process::Command};

#[test]
fn exit_codes_pass_through() {
    for code in [0, 1, 3, 42, 127, 255] {
        assert_eq!(sh(&format!("exit {code}")).0.status.code(), Some(code));
    }
}

#[test]
fn a_deadly_signal_becomes_128_plus_its_number() {
    for (signal, code) in
        [("KILL", 137), ("SEGV", 139), ("TERM", 143), ("ABRT", 134), ("INT", 130), ("BUS", 135)]
    {
        let (output, copy) = sh(&format!("ulimit -c 0; echo last words >&2; kill -{signal} $$"));
        assert_eq!(output.status.code(), Some(code), "{signal}");
        assert_eq!(output.stderr, b"last words\n", "{signal}");
        assert_eq!(copy.bytes, b"last words\n", "{signal}");
    }
}

#[test]
fn a_missing_command_is_127_and_one_that_cannot_run_126() {
    let container = Container::new();
    let file = container.path().join("file");
    fs::write(&file, "no program").unwrap();
    let file = file.to_str().unwrap();
    let folder = container.path().to_str().unwrap();
    for (command, code, reason) in [
        ("no-such-command", 127, "command not found"),
        ("/no/such/command", 127, "No such file or directory"),
        ("", 127, "command not found"),
        (file, 126, "Permission denied"),
        (folder, 126, "Permission denied"),
    ] {
        for mut run in [container.shim(&[command]), plain(&[SHIM, "--", command])] {
            let output = finish(&mut run);
            let message = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{command}: {message}");
            assert!(message.contains(command) && message.contains(reason), "{command}: {message}");
        }
    }
}

#[test]
fn a_program_of_another_kind_is_told_as_such() {
    let container = Container::new();
    let file = container.path().join("program");
    fs::write(&file, [0_u8; 64]).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    let output = finish(&mut container.shim(&[file.to_str().unwrap()]));
    assert_eq!(output.status.code(), Some(126));
    assert!(String::from_utf8(output.stderr).unwrap().contains("Exec format error"));
}

#[test]
fn commands_are_found_by_path_as_shells_find_them() {
    let container = Container::new();
    let [first, second] = ["first", "second"].map(|name| container.path().join(name));
    for (folder, mode) in [(&first, 0o644), (&second, 0o755)] {
        fs::create_dir(folder).unwrap();
        let file = folder.join("greet");
        fs::write(&file, "#!/bin/sh\necho $0\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }
    let path = format!("/nowhere:{}:{}", first.display(), second.display());
    let output = finish(container.shim(&["greet"]).env("PATH", path));
    assert_eq!(output.stdout, format!("{}/greet\n", second.display()).into_bytes());
    let output = finish(container.shim(&["true"]).env_remove("PATH"));
    assert!(output.status.success());
}

#[test]
fn ten_thousand_children_are_no_matter() {
    let (output, _) = sh("i=0; while [ $i -lt 10000 ]; do (:); i=$((i+1)); done; echo $i >&2");
    assert_eq!(output.stderr, b"10000\n");
    assert!(output.status.success());
}

/// Orphans come to process 1; without a `wait` there they would stay as zombies.
#[test]
fn as_process_1_orphans_are_reaped() {
    let container = Container::new();
    let script = r#"
        [ "$PPID" = 1 ] || exit 9
        i=0; while [ $i -lt 1000 ]; do (true & :); i=$((i+1)); done
        until ! grep -qs 'State:.Z' /proc/[0-9]*/status; do :; done
        echo clean >&2; exit 5"#;
    let mut inside = Command::new("unshare");
    inside.args(["--pid", "--fork", "--mount-proc", "--kill-child", SHIM, "--", "sh", "-c", script]);
    inside.env("ISSUETRACKER_SEGMENTS_DIR", container.segments());
    let output = inside.output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "clean\n");
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(container.copy().bytes, b"clean\n");
}

/// Its signals are ignored by default for process 1; the command must get them nevertheless.
#[test]
fn as_process_1_signals_are_passed_on() {
    let container = Container::new();
    let script = "trap 'echo got it >&2; exit 6' TERM; echo ready; while :; do read x || :; done";
    let mut child = plain(&["unshare", "--pid", "--fork", "--mount-proc", SHIM, "--", "sh", "-c", script]);
    let mut child = child.env("ISSUETRACKER_SEGMENTS_DIR", container.segments()).spawn().unwrap();
    assert_eq!(child.line(), "ready");
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    kill("TERM", children.trim());
    assert_eq!(child.rest_of_stderr(), "got it\n");
    assert_eq!(child.wait().unwrap().code(), Some(6));
}

/// The code comes at once, and the daemon writes on as without us.
#[test]
fn a_daemon_neither_keeps_the_shim_nor_loses_its_stderr() {
    let container = Container::new();
    let gate = container.path().join("gate");
    assert!(Command::new("mkfifo").arg(&gate).status().unwrap().success());
    let daemon = r#"
import os, sys
os.write(2, b"early\n")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for fd in (0, 1): os.close(fd)
        open(sys.argv[1]).read()
        os.write(2, b"late\n" * 10000)
    os._exit(0)
os.wait()
os._exit(7)"#;
    let mut child = container.shim(&["python3", "-c", daemon, gate.to_str().unwrap()]).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert_eq!(
        container.copy().bytes,
        b"early\n",
        "all that was written before the exit is copied at the exit"
    );
    fs::write(&gate, "go").unwrap();
    let mut stderr = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut stderr).unwrap();
    let expected = format!("early\n{}", "late\n".repeat(10000)).into_bytes();
    assert!(stderr == expected, "{} bytes", stderr.len());
}

#[test]
fn help_version_and_misuse() {
    for (arguments, code, word) in [
        (&["--version"][..], 0, env!("CARGO_PKG_VERSION")),
        (&["--help"], 0, "Usage"),
        (&[], 2, "Usage"),
        (&["ls"], 2, "Usage"),
        (&["install", "/no/such/folder/x"], 2, "cannot install"),
    ] {
        let output = finish(&mut plain(&[&[SHIM], arguments].concat()));
        let text = [output.stdout, output.stderr].concat();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(String::from_utf8(text).unwrap().contains(word), "{arguments:?}");
    }
}

#[test]
fn it_installs_itself() {
    let container = Container::new();
    let target = container.path().join("shim");
    for _ in 0..2 {
        assert!(finish(&mut plain(&[SHIM, "install", target.to_str().unwrap()])).status.success());
    }
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(fs::read_dir(container.path()).unwrap().count(), 1);
    assert_eq!(finish(&mut plain(&[target.to_str().unwrap(), "--", "echo", "hi"])).stdout, b"hi\n");
}

/// It has to run in an image without any libc.
#[test]
fn it_is_static() {
    let output = finish(&mut plain(&["ldd", SHIM]));
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(text.contains("not a dynamic executable") || text.contains("statically linked"), "{text}");
}
