//! One server for each data folder: who holds the folder serves, whoever comes later joins.

use std::{
    fs::{self, File, OpenOptions},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, WaitOptions, kill_process, waitpid},
};
use serde::{Deserialize, Serialize};

use crate::arguments::DevArguments;

/// How long a server may take to begin, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the holder of a data folder writes into its lock file.
#[derive(Serialize, Deserialize)]
pub struct Instance {
    /// Its process.
    pub pid: u32,
    /// Where it serves.
    pub url: String,
}

/// The lock of a data folder; held as long as this value lives.
pub struct Claim(File);

impl Claim {
    /// Takes the folder, or tells who has it.
    pub fn take(data_dir: &Path) -> anyhow::Result<Result<Self, Instance>> {
        fs::create_dir_all(data_dir).with_context(|| {
            format!("cannot make the data folder {}: choose one with --data-dir", data_dir.display())
        })?;
        let path = data_dir.join("dev.lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(|| {
                format!("cannot write {}: choose another folder with --data-dir", path.display())
            })?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            if flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok() {
                return Ok(Ok(Self(file)));
            }
            // The holder writes its address once it listens; until then there is nothing to read.
            let mut text = String::new();
            file.seek(SeekFrom::Start(0))?;
            file.read_to_string(&mut text)?;
            match serde_json::from_str(&text) {
                Ok(instance) => return Ok(Err(instance)),
                Err(_) if Instant::now() < deadline => std::thread::yield_now(),
                Err(_) => bail!(
                    "{} is held by a process that does not serve: end it, or choose another --data-dir",
                    path.display()
                ),
            }
        }
    }

    /// Tells those who come later where to go.
    pub fn announce(&mut self, url: &str) -> anyhow::Result<()> {
        let instance = Instance { pid: std::process::id(), url: url.to_owned() };
        self.0.set_len(0)?;
        self.0.seek(SeekFrom::Start(0))?;
        self.0.write_all(serde_json::to_string(&instance)?.as_bytes())?;
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // A stale address would send the next one to nobody; the lock itself goes with the file.
        self.0.set_len(0).ok();
    }
}

/// A server to report to: our own child, or one that runs already.
pub struct Attached {
    url: String,
    server: Option<u32>,
}

impl Attached {
    /// Joins the server of the data folder, or starts one from the program file `own`.
    pub fn join_or_start(arguments: &DevArguments, data_dir: &Path, own: &Path) -> anyhow::Result<Self> {
        match Claim::take(data_dir)? {
            Ok(claim) => {
                drop(claim);
                Self::start(arguments, data_dir, own)
            }
            Err(instance) => {
                refuse_another_address(arguments, data_dir, &instance)?;
                Ok(Self { url: instance.url, server: None })
            }
        }
    }

    /// As an earlier stage of this process left it.
    pub fn again(url: &str, server: Option<u32>) -> Self {
        Self { url: url.to_owned(), server }
    }

    fn start(arguments: &DevArguments, data_dir: &Path, own: &Path) -> anyhow::Result<Self> {
        let log = data_dir.join("dev.log");
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(own)
            .args(["dev-server", "--listen", &arguments.listen.to_string()])
            .args(["--min-level", arguments.min_level.as_str(), "--data-dir"])
            .arg(data_dir)
            .args(arguments.frustration.then_some("--frustration"))
            // A group of its own: what the terminal sends is for the program, not for the server.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .context("cannot start the server process")?;
        let mut first = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut first).context("the server process does not answer")?;
        }
        match first.trim_end().split_once(' ') {
            Some(("ready", url)) => Ok(Self { url: url.to_owned(), server: Some(child.id()) }),
            Some(("failed", why)) => {
                child.wait().ok();
                bail!("{why}")
            }
            _ => bail!("the server process ended before it served: see {}", log.display()),
        }
    }

    /// Where the page is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The server's process, if it is ours to end.
    pub fn server(&self) -> Option<u32> {
        self.server
    }

    /// Returns when somebody asks us to end, or the server has ended.
    pub fn wait_for_interrupt(&self) -> anyhow::Result<()> {
        super::server::wait_for_signal(self.pid())
    }

    /// Ends the server, if it is ours, and waits until it has.
    pub fn leave(self) {
        let Some(pid) = self.pid() else { return };
        // One that is gone already needs no telling, and then there is nothing to wait for either.
        if kill_process(pid, Signal::TERM).is_ok() {
            waitpid(Some(pid), WaitOptions::empty()).ok();
        }
    }

    fn pid(&self) -> Option<Pid> {
        self.server.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw)
    }
}

/// An address that was asked for and cannot be had is worth a word; the default one was not asked for.
fn refuse_another_address(
    arguments: &DevArguments,
    data_dir: &Path,
    running: &Instance,
) -> anyhow::Result<()> {
    let asked = format!("http://{}", arguments.listen);
    if asked == running.url
        || arguments.listen.port() == crate::arguments::DEFAULT_PORT
        || arguments.listen.port() == 0
    {
        return Ok(());
    }
    bail!(
        "{} is in use by the issuetracker at {} (process {}): leave --listen out to join it, or give another --data-dir",
        data_dir.display(),
        running.url,
        running.pid
    )
}
