//! What goes wrong with the segments, and must not be felt.

use crate::run::{Container, Talk as _, finish, plain};
use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

/// A small file system of its own.
struct Disk {
    path: PathBuf,
}

impl Disk {
    fn mount(path: PathBuf, size: &str) -> Self {
        fs::create_dir_all(&path).unwrap();
        let options = format!("size={size}");
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).status().unwrap();
        assert!(status.success(), "this test has to run as root");
        Self { path }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        assert!(Command::new("umount").arg("--lazy").arg(&self.path).status().unwrap().success());
    }
}

#[test]
fn a_full_disk_is_a_counted_gap() {
    let container = Container::new();
    let disk = Disk::mount(container.segments(), "256k");
    let script = "head -c 3000000 /dev/zero >&2; echo full; read x; echo after >&2; echo done; read x";
    let mut child = container.shim(&["sh", "-c", script]).spawn().unwrap();
    child.stderr.as_mut().unwrap().read_exact(&mut vec![0; 3_000_000]).unwrap();
    assert_eq!(child.line(), "full");
    let partial = container.copy();
    assert!(partial.bytes.len() < 256 << 10, "{}", partial.bytes.len());
    let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(&disk.path).status().unwrap();
    assert!(grown.success());
    child.tell("go");
    assert_eq!(child.line(), "done");
    child.tell("go");
    assert_eq!(child.rest_of_stderr(), "after\n");
    assert!(child.wait().unwrap().success());
    let copy = container.copy();
    assert!(copy.bytes.ends_with(b"after\n"));
    assert!(copy.lost > 0);
    assert_eq!(copy.bytes.len() as u64 + copy.lost, 3_000_006);
    assert_eq!((copy.skipped, copy.ends), (0, 1));
}

#[test]
fn a_folder_that_cannot_be_is_no_matter() {
    let container = Container::new();
    let output = finish(
        container.shim(&["sh", "-c", "echo x >&2; exit 3"]).env("ISSUETRACKER_SEGMENTS_DIR", "/dev/null/x"),
    );
    assert_eq!((output.stderr.as_slice(), output.status.code()), (&b"x\n"[..], Some(3)));
}

#[test]
fn a_folder_without_rights_is_no_matter() {
    let container = Container::new();
    fs::create_dir(container.segments()).unwrap();
    fs::set_permissions(container.segments(), fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(container.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let shim = container.path().join("shim");
    fs::copy(crate::run::SHIM, &shim).unwrap();
    let script = "import os, sys; os.setgid(65534); os.setuid(65534); os.execv(sys.argv[1], sys.argv[1:])";
    let mut run =
        plain(&["python3", "-c", script, shim.to_str().unwrap(), "--", "sh", "-c", "id -u >&2; exit 3"]);
    let output = finish(run.env("ISSUETRACKER_SEGMENTS_DIR", container.segments()));
    assert_eq!((output.stderr.as_slice(), output.status.code()), (&b"65534\n"[..], Some(3)));
    assert_eq!(container.copy().bytes, b"");
}

#[test]
fn a_limit_on_the_size_of_files_is_no_matter() {
    let container = Container::new();
    let command = ["sh", "-c", "head -c 3000000 /dev/zero >&2; ulimit -f"];
    let mut run = container.shim_in(&["sh", "-c", "ulimit -f 100; exec \"$@\"", "sh"], &command);
    let output = finish(&mut run);
    assert_eq!((output.stderr.len(), output.stdout.as_slice()), (3_000_000, &b"100\n"[..]));
}

#[test]
fn a_full_disk_under_the_real_stderr_ends_nothing() {
    let script = "echo x >&2; echo y >&2; exit 3";
    let container = Container::new();
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let output = finish(container.shim(&["sh", "-c", script]).stderr(full()));
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(container.copy().bytes, b"x\ny\n");
}

#[test]
fn with_no_process_to_be_had_the_program_runs_alone() {
    let container = Container::new();
    fs::set_permissions(container.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let shim = container.path().join("shim");
    fs::copy(crate::run::SHIM, &shim).unwrap();
    // A user that nobody else is, with one process: this one.
    let script = "import os, resource, sys; os.setgid(54321); resource.setrlimit(resource.RLIMIT_NPROC, (int(sys.argv[1]),) * 2); \
                  os.setuid(54321); os.execv(sys.argv[2], sys.argv[2:])";
    for limit in ["1", "2", "3"] {
        let command = ["--", "perl", "-e", "print STDERR 'x' x 200000; exit 3"];
        let mut run = plain(&["python3", "-c", script, limit, shim.to_str().unwrap()]);
        let output = finish(run.args(command).env("ISSUETRACKER_SEGMENTS_DIR", container.segments()));
        assert_eq!((output.stderr.len(), output.status.code()), (200_000, Some(3)), "{limit}");
    }
}

#[test]
fn the_ring_holds_no_more_than_its_size_and_spares_other_files() {
    let container = Container::new();
    let folder = container.segments().join("app");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("notes.txt"), "of the program").unwrap();
    let private = ["sh", "-c", "umask 077; exec \"$@\"", "sh"];
    finish(&mut container.shim_in(&private, &["sh", "-c", "head -c 60000000 /dev/zero >&2"]));
    assert_eq!(fs::read_to_string(folder.join("notes.txt")).unwrap(), "of the program");
    fs::remove_file(folder.join("notes.txt")).unwrap();
    let copy = container.copy();
    assert!(copy.bytes.len() <= 16 << 20);
    assert_eq!(copy.ends, 1);
}
