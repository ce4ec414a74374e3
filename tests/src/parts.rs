//! Real parts for tests: fetched or built once, kept by version, said aloud, and reported at the end of a run.
//!
//! No part that a user would run is replaced by a mock in the test command.

pub mod firestore;
pub mod kafka;
pub mod ports;
pub mod process;
pub mod proxy;
pub mod redis;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::FlockOperation;

/// A program that a part needs, and the Debian package that brings it.
#[derive(Clone, Copy, Debug)]
pub struct Tool {
    /// Looked for in `PATH`.
    pub program: &'static str,
    /// Installed when it is missing.
    pub package: &'static str,
}

/// The runtimes whose crashes and clients the tests look at.
pub const RUNTIMES: &[Tool] = &[
    Tool { program: "python3", package: "python3-venv" },
    Tool { program: "perl", package: "perl" },
    Tool { program: "node", package: "nodejs" },
    Tool { program: "npm", package: "npm" },
    Tool { program: "chromium", package: "chromium" },
    Tool { program: "javac", package: "default-jdk-headless" },
    Tool { program: "go", package: "golang-go" },
    Tool { program: "gcc", package: "gcc" },
];

/// Tells what is going on. Preparing a part takes a while the first time.
pub fn say(text: &str) {
    eprintln!("parts: {text}");
}

/// The folder of a part at a version, made by `build` when it is not there. Safe for several runs at once: one builds
/// and the others wait, and a build that was killed leaves nothing that looks like a part.
pub fn prepare(part: &str, version: &str, build: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let cache = cache()?;
    std::fs::create_dir_all(&cache).with_context(|| format!("making {}", cache.display()))?;
    let (ready, unready) =
        (cache.join(format!("{part}-{version}")), cache.join(format!("{part}-{version}.tmp")));
    if ready.is_dir() {
        return Ok(ready);
    }
    let lock = File::create(cache.join(format!("{part}-{version}.lock"))).context("making the lock")?;
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).context("waiting for another run")?;
    if ready.is_dir() {
        return Ok(ready);
    }
    if unready.exists() {
        std::fs::remove_dir_all(&unready).context("removing an unfinished part")?;
    }
    std::fs::create_dir(&unready)?;
    build(&unready).with_context(|| format!("preparing {part} {version}"))?;
    std::fs::rename(&unready, &ready)?;
    say(&format!("{part} {version} is ready in {}", ready.display()));
    Ok(ready)
}

/// Makes sure of these programs: installs them where that is this user's to do, and otherwise says what to install.
pub fn need(tools: &[Tool]) -> Result<()> {
    let missing: Vec<&str> =
        tools.iter().filter(|tool| !found(tool.program)).map(|tool| tool.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    install(&missing)
}

/// Installs these packages of Debian where that is this user's to do, and otherwise says what to install.
pub fn install(missing: &[&str]) -> Result<()> {
    let packages = missing.join(" ");
    let ours_to_install = rustix::process::geteuid().is_root() && Path::new("/etc/debian_version").exists();
    if !ours_to_install {
        bail!("some programs are missing; install the packages (Debian's names): {packages}");
    }
    say(&format!("installing {packages}"));
    let apt = || {
        let mut apt = Command::new("apt-get");
        // Another installation may be under way: it is waited for.
        apt.args(["-qq", "-o", "DPkg::Lock::Timeout=600"]).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(apt().arg("update"))?;
    run(apt().args(["install", "-y", "--no-install-recommends"]).args(missing))
}

/// Runs a command to its end. Its output goes to stderr only when it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("running {program}"))?;
    ensure!(
        output.status.success(),
        "{program} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Notes that a real part ran in a test, for the summary of `cargo xtest`.
pub fn ran(part: &str) -> Result<()> {
    let path = report()?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    // One write of one short line, so that lines of tests that run at once do not mix.
    file.write_all(format!("{part}\n").as_bytes()).with_context(|| format!("writing {}", path.display()))
}

/// Where [`ran`] notes it.
pub fn report() -> Result<PathBuf> {
    Ok(target()?.join("xtest/parts"))
}

/// A program of this workspace, built in the profile of the program that asks.
pub fn binary(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let profile =
        own.parent().map(|folder| if folder.ends_with("deps") { folder.parent() } else { Some(folder) });
    let path = profile.flatten().context("no folder around this program")?.join(name);
    ensure!(
        path.is_file(),
        "{} is not built: run `cargo build --workspace`, or use `cargo xtest`",
        path.display()
    );
    Ok(path)
}

/// The folder above the profile's. Its own mark is missing where somebody made the folder before cargo did.
pub fn target() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let profile = own.ancestors().find(|folder| folder.ends_with("debug") || folder.ends_with("release"));
    let target = profile.and_then(Path::parent).context("this program is not in a target folder")?;
    Ok(target.to_owned())
}

/// Where parts are kept, outside of any checkout.
#[expect(clippy::disallowed_methods, reason = "where parts are kept is settled here and nowhere else")]
pub(crate) fn cache() -> Result<PathBuf> {
    let folder = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = folder.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    Ok(folder.context("neither XDG_CACHE_HOME nor a home folder is known")?.join("issuetracker"))
}

#[expect(clippy::disallowed_methods, reason = "PATH says which programs are installed")]
fn found(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // What only root runs is not in everybody's path.
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).any(|folder| folder.join(program).is_file())
}
