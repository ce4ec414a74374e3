//! The program, started on folders of its own, without a broker.

use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running program.
pub struct Program {
    pub child: Child,
    pub address: SocketAddr,
    folder: TempDir,
}

impl Program {
    pub fn start(environment: &[(&str, &str)]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), environment)
    }

    /// On the folders of an earlier one.
    pub fn start_in(folder: TempDir, environment: &[(&str, &str)]) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let log = File::options().create(true).append(true).open(folder.path().join("log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_issuetracker-sidecar"))
            .env("ISSUETRACKER_TRACKER", "payments/main")
            .env("ISSUETRACKER_LISTEN", address.to_string())
            .env("ISSUETRACKER_KAFKA_BROKERS", "127.0.0.1:1")
            .env("ISSUETRACKER_SPOOL_DIR", folder.path().join("spool"))
            .env("ISSUETRACKER_GRACE", "2")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let program = Self { child, address, folder };
        until("the program answers", || (program.get("/livez").0 == 200).then_some(()));
        program
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap()
    }

    /// Sends it a signal and waits for its end.
    pub fn end(mut self, signal: &str) -> (ExitStatus, Duration, TempDir) {
        let began = Instant::now();
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let status = until("its end", || self.child.try_wait().unwrap());
        let took = began.elapsed();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        (status, took, folder)
    }

    /// Resident memory of its own, in KiB.
    pub fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let row = |name: &str| -> u64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
            line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
        };
        row("RssAnon:") + row("RssShmem:")
    }

    pub fn get(&self, path: &str) -> (u16, String) {
        self.exchange(
            format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n").as_bytes(),
        )
    }

    pub fn health(&self) -> Value {
        serde_json::from_str(&self.get("/api/health").1).unwrap()
    }

    pub fn report(&self, kind: u32) -> u16 {
        let letter = char::from(b'a' + u8::try_from(kind % 26).unwrap());
        let body = format!(r#"{{"reports":[{{"type":"E{letter}","message":"m"}}]}}"#);
        self.exchange(&post("/api/v1/reports", "", body.as_bytes())).0
    }

    /// One request, one answer: 0 when there was none.
    pub fn exchange(&self, request: &[u8]) -> (u16, String) {
        let Ok(mut stream) = TcpStream::connect(self.address) else { return (0, String::new()) };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // A server that refuses early may close while we write.
        stream.write_all(request).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
        (status, body)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A request whose connection ends with its answer.
pub fn post(path: &str, more: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nconnection: close\r\n\
         {more}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[expect(clippy::disallowed_methods, reason = "the pace of asking, never a substitute for the condition")]
pub fn until<T>(what: &str, mut holds: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = holds() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} never came");
        std::thread::sleep(Duration::from_millis(10)); // tidy: allow, the pace of asking
    }
}
