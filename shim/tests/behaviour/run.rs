//! Running a program with and without the shim.

use crate::reader::{self, Copy};
use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};
use tempfile::TempDir;

/// The program under test.
pub const SHIM: &str = env!("CARGO_BIN_EXE_issuetracker-shim");

/// One container: a folder for its segments.
pub struct Container {
    folder: TempDir,
}

impl Container {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    /// A folder for whatever a test needs.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn segments(&self) -> PathBuf {
        self.path().join("segments")
    }

    /// What the shim copied.
    pub fn copy(&self) -> Copy {
        reader::read(&self.segments().join("app"))
    }

    /// `shim -- command`, everything piped.
    pub fn shim(&self, command: &[&str]) -> Command {
        self.shim_in(&[], command)
    }

    /// The same, started by a program that changes something first.
    pub fn shim_in(&self, starter: &[&str], command: &[&str]) -> Command {
        let mut shim = plain(&[starter, &[SHIM, "--"], command].concat());
        shim.env("ISSUETRACKER_SEGMENTS_DIR", self.segments());
        shim
    }
}

/// The command itself, everything piped.
pub fn plain(command: &[&str]) -> Command {
    let mut plain = Command::new(command[0]);
    plain.args(&command[1..]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    plain
}

/// Runs it to its end.
pub fn finish(command: &mut Command) -> Output {
    let mut child = command.spawn().unwrap();
    drop(child.stdin.take());
    child.wait_with_output().unwrap()
}

/// `sh -c script` under a shim of its own.
pub fn sh(script: &str) -> (Output, Copy) {
    let container = Container::new();
    let output = finish(&mut container.shim(&["sh", "-c", script]));
    (output, container.copy())
}

/// A running child that says things on stdout.
pub trait Talk {
    /// The next line of its stdout.
    fn line(&mut self) -> String;
    /// A line to its stdin.
    fn tell(&mut self, line: &str);
    /// Sends it a signal.
    fn signal(&self, signal: &str);
    /// All that it still writes to stderr.
    fn rest_of_stderr(&mut self) -> String;
}

impl Talk for Child {
    fn line(&mut self) -> String {
        let stdout = self.stdout.as_mut().unwrap();
        let bytes = stdout.bytes().map(|byte| byte.unwrap()).take_while(|&byte| byte != b'\n').collect();
        String::from_utf8(bytes).unwrap()
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn signal(&self, signal: &str) {
        kill(signal, &self.id().to_string());
    }

    fn rest_of_stderr(&mut self) -> String {
        let mut text = String::new();
        self.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        text
    }
}

/// Sends a signal by name or number; perl also knows 32 and 33.
pub fn kill(signal: &str, process: &str) {
    let sent =
        Command::new("perl").args(["-e", "exit !kill $ARGV[0], $ARGV[1]", signal, process]).status().unwrap();
    assert!(sent.success(), "kill {signal} {process}");
}
