//! One of our programs under test: started, killed, frozen, and started again when it ended by itself, as the kubelet does.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use serde_json::Value;

use super::{client::Client, clock::Clock};
use crate::{parts::process::Process, wait::pass};

/// A program that ended by itself is left alone for so long.
const REST: Duration = Duration::from_millis(300);

/// A program, running or not.
#[derive(Debug)]
pub struct Program {
    /// For people.
    pub name: String,
    /// Where it listens.
    pub port: u16,
    /// The clock that it goes by; the machine's where it has none of its own.
    pub clock: Option<Clock>,
    /// How often it ended by itself, and how.
    pub ended: Vec<String>,
    path: PathBuf,
    environment: Vec<(&'static str, String)>,
    log: PathBuf,
    process: Option<Process>,
    wanted: bool,
    started: Instant,
}

impl Program {
    /// Not started yet.
    pub fn new(
        name: &str,
        path: PathBuf,
        port: u16,
        environment: Vec<(&'static str, String)>,
        clock: Option<Clock>,
        log: PathBuf,
    ) -> Self {
        Self {
            name: name.to_owned(),
            port,
            clock,
            ended: Vec::new(),
            path,
            environment,
            log,
            process: None,
            wanted: false,
            started: Instant::now(),
        }
    }

    /// Starts it, without waiting for it.
    pub fn start(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = Command::new(&self.path);
        command.env("ISSUETRACKER_LISTEN", format!("127.0.0.1:{}", self.port));
        command.envs(self.environment.iter().cloned());
        command.envs(self.clock.iter().flat_map(Clock::environment));
        command.stdout(log.try_clone()?).stderr(log);
        self.process = Some(Process::start(&mut command, None)?);
        (self.wanted, self.started) = (true, Instant::now());
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self) -> Result<()> {
        self.wanted = false;
        match self.process.take() {
            Some(mut process) => process.kill(),
            None => Ok(()),
        }
    }

    /// SIGSTOP, or SIGCONT. One that has just ended by itself needs neither.
    pub fn freeze(&mut self, frozen: bool) -> Result<()> {
        let signal = if frozen { Signal::STOP } else { Signal::CONT };
        let Some(process) = &mut self.process else { return Ok(()) };
        if process.ended()?.is_some() { Ok(()) } else { process.signal(signal) }
    }

    /// SIGTERM, and waits for its end, which must be a good one.
    pub fn terminate(&mut self, patience: Duration) -> Result<()> {
        self.wanted = false;
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.signal(Signal::TERM)?;
        let deadline = Instant::now() + patience;
        loop {
            match process.ended()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("{} ended by {status} after SIGTERM", self.name),
                None if Instant::now() > deadline => bail!("{} does not end after SIGTERM", self.name),
                None => pass(Duration::from_millis(20)),
            }
        }
    }

    /// Starts it again if it ended by itself.
    pub fn supervise(&mut self) -> Result<()> {
        let Some(process) = self.process.as_mut().filter(|_| self.wanted) else { return Ok(()) };
        let Some(status) = process.ended()? else { return Ok(()) };
        if self.started.elapsed() < REST {
            return Ok(());
        }
        self.ended.push(format!("{status}: {}", self.last_line()));
        self.start()
    }

    /// Its process, while there is one.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// What it says of itself; `None` while it does not answer.
    pub fn health(&self) -> Option<Value> {
        let (status, body) = Client::new(self.port).get("/api/health")?;
        (status == 200).then(|| serde_json::from_str(&body).ok()).flatten()
    }

    /// All that it logged.
    pub fn log(&self) -> Result<String> {
        fs::read_to_string(&self.log).with_context(|| format!("reading {}", self.log.display()))
    }

    fn last_line(&self) -> String {
        let log = self.log().unwrap_or_default();
        log.lines().next_back().unwrap_or_default().chars().take(400).collect()
    }
}
