//! Programs that are run, and kits that are installed once.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, time::timeout};

/// Long enough for a first download over a slow line.
const PATIENCE: Duration = Duration::from_secs(300);

/// A command line.
pub struct Program {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, OsString)>,
    dir: Option<PathBuf>,
}

impl Program {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        let program = program.as_ref().to_owned();
        Self { program, arguments: Vec::new(), environment: Vec::new(), dir: None }
    }

    /// Installs Python packages so that `PYTHONPATH` finds them in `dir`.
    pub fn pip(dir: &Path) -> Self {
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"];
        Self::new("python3").args(quiet).arg(dir)
    }

    /// Installs Node packages so that `NODE_PATH` finds them in `dir/node_modules`.
    pub fn npm(dir: &Path) -> Self {
        Self::new("npm").args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(dir)
    }

    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub fn args<'a>(self, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        arguments.into_iter().fold(self, |program, argument| program.arg(argument))
    }

    pub fn env(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name, value.as_ref().to_owned()));
        self
    }

    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }
}

/// How a program ended.
pub struct Ended {
    pub success: bool,
    pub stderr: String,
}

/// Runs a program to its end, which must come in time.
pub async fn run(program: Program) -> Ended {
    let name = program.program.to_string_lossy().into_owned();
    let mut command = Command::new(program.program);
    command.args(program.arguments).envs(program.environment).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(dir) = program.dir {
        command.current_dir(dir);
    }
    let output = timeout(PATIENCE, command.output()).await.unwrap_or_else(|_| panic!("{name} does not end"));
    let output = output.unwrap_or_else(|error| panic!("{name} is needed for this test: {error}"));
    Ended { success: output.status.success(), stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
}

/// Packages of a registry at pinned versions, which are part of the name.
pub struct Kit {
    pub name: &'static str,
    pub install: fn(&Path) -> Program,
}

/// The folder of a kit; installed first where it is not there. What is half installed never gets its name.
pub async fn cached(kit: &Kit) -> PathBuf {
    let dir = cache().join(kit.name);
    if dir.exists() {
        return dir;
    }
    let half = dir.with_extension(format!("{}.part", std::process::id()));
    std::fs::create_dir_all(&half).unwrap();
    let ended = run((kit.install)(&half)).await;
    assert!(ended.success, "{} cannot be installed: {}", kit.name, ended.stderr);
    if let Err(error) = std::fs::rename(&half, &dir) {
        assert!(dir.exists(), "{} cannot be kept: {error}", kit.name);
    }
    dir
}

#[expect(
    clippy::disallowed_methods,
    reason = "the cache of whoever runs the tests is named by the environment"
)]
fn cache() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let root = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    root.expect("XDG_CACHE_HOME or HOME").join("issuetracker/sdks")
}

/// A program beside this file.
pub fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sdks").join(name)
}
