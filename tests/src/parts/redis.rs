//! A real Redis: one server, on a free port of 127.0.0.1, that keeps nothing.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::process::Signal;

use super::{Tool, need, process::Process, ran};
use crate::wait;

const TOOLS: &[Tool] = &[Tool { program: "redis-server", package: "redis-server" }];

/// The password that every client needs. Tests look for it in logs, where it must not be.
pub const PASSWORD: &str = "redis-pa55-only-for-tests";

/// A server. It ends with this value, or with the program that started it.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Process,
}

impl Redis {
    /// Starts a server and waits until it answers.
    pub fn start() -> Result<Self> {
        need(TOOLS)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let redis = Self { port, process: serve(port)? };
        wait::until("Redis answers", Duration::from_secs(30), || redis.command("PING").ok());
        ran("Redis, one server without persistence")?;
        Ok(redis)
    }

    /// A server that speaks TLS alone, under a certificate for `localhost` that nobody vouches for. Returned is where it is
    /// reached. It ends with the process.
    pub fn start_tls(folder: &Path) -> Result<(Process, String)> {
        need(TOOLS)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        let (certificate, key) = (folder.join("redis.pem"), folder.join("redis.key"));
        std::fs::write(&certificate, made.cert.pem())?;
        std::fs::write(&key, made.signing_key.serialize_pem())?;
        let mut command = server();
        command.args(["--port", "0", "--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
        for (option, file) in [
            ("--tls-cert-file", &certificate),
            ("--tls-key-file", &key),
            ("--tls-ca-cert-file", &certificate),
        ] {
            command.arg(option).arg(file);
        }
        let process = Process::start(&mut command, None)?;
        let there = || TcpStream::connect(("127.0.0.1", port)).ok();
        wait::until("Redis takes connections", Duration::from_secs(30), there);
        ran("Redis, one server that speaks TLS")?;
        Ok((process, format!("rediss://:{PASSWORD}@localhost:{port}/0")))
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address for a client that reaches it at `port`: its own, or a proxy's.
    pub fn url(port: u16) -> String {
        format!("redis://:{PASSWORD}@127.0.0.1:{port}/0")
    }

    /// Forgets everything.
    pub fn flush(&self) -> Result<()> {
        self.command("FLUSHALL").map(drop)
    }

    /// How many keys there are.
    pub fn keys(&self) -> Result<u64> {
        let answer = self.command("DBSIZE")?;
        answer.trim_start_matches(':').trim().parse().with_context(|| format!("Redis said {answer}"))
    }

    /// Seconds that a key has to live; the first key there is.
    pub fn life_of_a_key(&self) -> Result<u64> {
        let key = self.exchange("RANDOMKEY", 2)?;
        let ttl = self.command(&format!("TTL {}", key.trim()))?;
        ttl.trim_start_matches(':').trim().parse().with_context(|| format!("Redis said {ttl}"))
    }

    /// Freezes it: connections stay open and nobody answers.
    pub fn stop(&self) -> Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// Thaws it.
    pub fn cont(&self) -> Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// Kills it, and all that it knew.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    fn command(&self, command: &str) -> Result<String> {
        self.exchange(command, 1)
    }

    /// One command of the inline protocol; the last of `lines` of its answer.
    fn exchange(&self, command: &str, lines: usize) -> Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "AUTH {PASSWORD}\r\n{command}\r\n")?;
        let mut answers = BufReader::new(stream);
        let mut line = String::new();
        for _ in 0..=lines {
            line.clear();
            anyhow::ensure!(answers.read_line(&mut line)? > 0, "Redis closed the connection");
        }
        Ok(line)
    }
}

fn serve(port: u16) -> Result<Process> {
    Process::start(server().args(["--port", &port.to_string()]), None)
}

fn server() -> Command {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", PASSWORD]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}
