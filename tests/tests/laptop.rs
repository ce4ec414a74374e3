//! The whole path on one machine: real programs under `issuetracker dev`, asked through the API as a user's page asks.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{
    programs::{binary, compile, source},
    wait,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// A data folder of its own, with the servers started on it.
struct Laptop {
    data: TempDir,
}

/// A server that only serves; killed when dropped.
struct Server {
    child: Child,
    url: String,
}

impl Laptop {
    fn new() -> Self {
        Self { data: tempfile::tempdir().expect("a folder for the data") }
    }

    /// `issuetracker dev --exit -- COMMAND`, without a terminal.
    fn dev(&self, command: &[&str]) -> Command {
        let mut dev = Command::new(binary("issuetracker"));
        dev.args(["dev", "--listen", "127.0.0.1:0", "--exit", "--data-dir"])
            .arg(self.data.path())
            .arg("--")
            .args(command);
        dev
    }

    fn serve(&self) -> Server {
        let child = Command::new(binary("issuetracker"))
            .args(["dev", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(self.data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let pid = child.id();
        let url = wait::until("the server announces itself", PATIENCE, || {
            let text = fs::read_to_string(self.data.path().join("dev.lock")).ok()?;
            let instance: Value = serde_json::from_str(&text).ok()?;
            (instance["pid"] == pid).then(|| instance["url"].as_str().map(str::to_owned))?
        });
        Server { child, url }
    }

    /// All issues, as a server on the data folder tells them.
    fn issues(&self) -> Vec<Value> {
        self.serve().issues()
    }
}

impl Server {
    fn get(&self, path: &str) -> Value {
        let text = self.page(path);
        let document = serde_json::from_str(&text);
        assert!(document.is_ok(), "{path}: {text}");
        document.unwrap_or_default()
    }

    fn page(&self, path: &str) -> String {
        let mut answer = ureq::get(format!("{}{path}", self.url)).call().expect("the server answers");
        answer.body_mut().read_to_string().expect("the answer is text")
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut answer =
            agent.post(format!("{}{path}", self.url)).send_json(body).expect("the server answers");
        let status = answer.status().as_u16();
        (status, answer.body_mut().read_json().unwrap_or_default())
    }

    fn issues(&self) -> Vec<Value> {
        self.get("/api/v1/issues?limit=100")["issues"].as_array().cloned().expect("a list of issues")
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("the server can be signalled");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn plain(command: &[&str]) -> Command {
    let mut plain = Command::new(command[0]);
    plain.args(&command[1..]);
    plain
}

fn output(mut command: Command) -> Output {
    command.stdin(Stdio::null()).output().expect("the command runs")
}

/// Runs a command with and without us: stdout, stderr and exit code must not differ.
fn same_as_without_us(laptop: &Laptop, command: &[&str]) {
    let without = output(plain(command));
    let with = output(laptop.dev(command));
    assert_eq!(
        String::from_utf8_lossy(&with.stdout),
        String::from_utf8_lossy(&without.stdout),
        "stdout of {command:?}"
    );
    assert_eq!(
        String::from_utf8_lossy(&with.stderr),
        String::from_utf8_lossy(&without.stderr),
        "stderr of {command:?}"
    );
    assert_eq!(with.stdout, without.stdout, "stdout of {command:?}, byte for byte");
    assert_eq!(with.stderr, without.stderr, "stderr of {command:?}, byte for byte");
    assert_eq!(with.status.code(), shell_code(&without), "exit code of {command:?}");
}

/// The exit code as a shell tells it: 128+n for a signal.
fn shell_code(output: &Output) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    output.status.code().or(output.status.signal().map(|signal| 128 + signal))
}

/// Runs a crashing program three times with other ids: one issue with count 3, and everything else as without us.
fn one_issue_of_three_crashes(command: &[&str], error_type: &str, message: &str, culprit: &str) {
    let laptop = Laptop::new();
    for number in ["4711", "815", "90210"] {
        let words: Vec<&str> = command.iter().copied().chain([number]).collect();
        if command.iter().any(|word| word.ends_with("crash_go")) {
            // Addresses and goroutine numbers differ from run to run; the other languages' output does not.
            assert_eq!(output(laptop.dev(&words)).status.code(), Some(2));
        } else if command.iter().any(|word| word.ends_with("crash_rust")) {
            assert_eq!(output(laptop.dev(&words)).status.code(), Some(101));
        } else {
            same_as_without_us(&laptop, &words);
        }
    }
    let issues = laptop.issues();
    let told: Vec<_> =
        issues.iter().map(|i| format!("{} × {} at {}", i["count"], i["title"], i["culprit"])).collect();
    assert_eq!(issues.len(), 1, "{told:?}");
    let issue = &issues[0];
    assert_eq!(issue["count"], 3, "{told:?}");
    assert_eq!(issue["errorType"], error_type);
    assert!(issue["title"].as_str().is_some_and(|title| title.contains(message)), "{told:?}");
    assert!(issue["culprit"].as_str().is_some_and(|c| c.contains(culprit)), "{told:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours is text")
}

#[test]
fn a_python_chain_is_one_issue() {
    let program = source("crash.py");
    one_issue_of_three_crashes(&["python3", text(&program)], "OrderError", "is broken:", "in handle");
}

#[test]
fn a_node_error_with_a_cause_is_one_issue() {
    let program = source("crash.js");
    one_issue_of_three_crashes(&["node", text(&program)], "TypeError", "cannot handle request", "in handle");
}

#[test]
fn a_java_exception_with_a_cause_is_one_issue() {
    let folder = tempfile::tempdir().expect("a folder for classes");
    compile(Command::new("javac").args(["-d", "."]).arg(source("Crash.java")), folder.path());
    one_issue_of_three_crashes(
        &["java", "-cp", text(folder.path()), "Crash"],
        "java.lang.IllegalStateException",
        "failed",
        "in handle",
    );
}

#[test]
fn a_go_panic_with_several_goroutines_is_one_issue() {
    let folder = tempfile::tempdir().expect("a folder for the program");
    let program = folder.path().join("crash_go");
    compile(Command::new("go").args(["build", "-o"]).arg(&program).arg(source("crash.go")), folder.path());
    one_issue_of_three_crashes(&["env", "GOTRACEBACK=all", text(&program)], "panic", "is gone", "in load");
}

#[test]
fn a_rust_panic_with_a_backtrace_is_one_issue() {
    let folder = tempfile::tempdir().expect("a folder for the program");
    let program = folder.path().join("crash_rust");
    compile(Command::new("rustc").args(["-g", "-o"]).arg(&program).arg(source("crash.rs")), folder.path());
    one_issue_of_three_crashes(
        &["env", "RUST_BACKTRACE=1", text(&program)],
        "panic",
        "the table is whole",
        "load",
    );
}

#[test]
fn odd_programs_behave_as_without_us() {
    let laptop = Laptop::new();
    for script in [
        "kill -SEGV $$",
        "exit 3",
        "exec 2>&-; echo out; echo lost >&2",
        "echo err >&2; exec sh -c 'echo again >&2; exit 4'",
        "printf 'no newline' >&2",
        "cat; echo end >&2",
        "echo to the path > /dev/stderr",
        "kill -9 $$",
    ] {
        same_as_without_us(&laptop, &["sh", "-c", script]);
    }
    same_as_without_us(
        &laptop,
        &[
            "sh",
            "-c",
            "printf '\\0\\377\\033[31m<script>\\r\\n' >&2; head -c 100000 /dev/urandom | base64 >&2",
        ]
        .map(|word| if word.contains("urandom") { "head -c 100000 /dev/zero >&2" } else { word }),
    );
}

#[test]
fn a_missing_program_ends_as_in_a_shell() {
    let laptop = Laptop::new();
    let with = output(laptop.dev(&["/no/such/program"]));
    assert_eq!(with.status.code(), Some(127));
    assert!(String::from_utf8_lossy(&with.stderr).contains("/no/such/program"));
}

#[test]
fn a_program_that_ignores_sigterm_goes_on() {
    let laptop = Laptop::new();
    let mut dev = laptop
        .dev(&["sh", "-c", "trap 'echo ignored >&2' TERM; echo up; read line; echo got $line; exit 5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("dev starts");
    let mut up = [0; 3];
    std::io::Read::read_exact(dev.stdout.as_mut().expect("a pipe"), &mut up).expect("the program is up");
    let pid = i32::try_from(dev.id()).ok().and_then(Pid::from_raw).expect("a process id");
    kill_process(pid, Signal::TERM).expect("dev can be signalled");
    std::io::Write::write_all(dev.stdin.as_mut().expect("a pipe"), b"more\n").expect("the program reads");
    let done = dev.wait_with_output().expect("dev ends");
    assert_eq!(String::from_utf8_lossy(&done.stdout), "got more\n");
    assert_eq!(done.status.code(), Some(5));
}

#[test]
fn a_report_is_on_the_page_within_two_seconds_and_survives_kill() {
    let laptop = Laptop::new();
    let server = laptop.serve();
    let report = json!({"reports": [{"type": "CartError", "message": "cart 17 is empty", "component": "shop",
        "frames": [{"function": "pay", "file": "/app/cart.py", "line": 3}]}]});
    let (status, answer) = server.post("/api/v1/reports", &report);
    let accepted = Instant::now();
    assert_eq!(status, 202, "{answer}");
    let id = answer["items"][0]["id"].as_str().expect("an id").to_owned();
    wait::until("the report is on the page", Duration::from_secs(2), || {
        server.page("/issues").contains("CartError").then_some(())
    });
    assert!(accepted.elapsed() < Duration::from_secs(2));

    // Accepted and killed at once, many times: whatever was answered with 202 is there afterwards, once.
    let mut server = server;
    for round in 1..=5 {
        let report =
            json!({"reports": [{"type": format!("Round{round}"), "message": "killed", "component": "shop"}]});
        assert_eq!(server.post("/api/v1/reports", &report).0, 202);
        server.signal(Signal::KILL);
        drop(server);
        server = laptop.serve();
        wait::until("the accepted report is stored after a restart", PATIENCE, || {
            server.issues().iter().any(|i| i["errorType"] == format!("Round{round}")).then_some(())
        });
    }
    assert_eq!(server.get(&format!("/api/v1/issues/{id}"))["count"], 1);
    assert!(server.issues().iter().all(|issue| issue["count"] == 1));
}

#[test]
fn hostile_text_is_shown_and_never_executed() {
    let laptop = Laptop::new();
    let script = "import sys; w = sys.stderr.buffer.write; \
                  w(b'Traceback (most recent call last):\\n  File \"<script>alert(1)</script>.py\", line 1, in <img src=x onerror=alert(2)>\\n'); \
                  w(b'ValueError: <script>alert(3)</script> \\x1b[31m\\x00\\xff\\xfe \\xe2\\x80\\xaetxt\\n'); \
                  w(b'ERROR ' + b'A' * 10_000_000 + b'\\n'); w(b'\\xff' * 1000 + b'\\n')";
    same_as_without_us(&laptop, &["python3", "-c", script]);
    let server = laptop.serve();
    let body = json!({"reports": [{"type": "<script>alert(4)</script>", "message": "\u{0}\u{1b}[2J<b>", "component": "\"><script>",
        "tags": ["<script>"], "context": {"<script>": "</script>"}}]});
    assert_eq!(server.post("/api/v1/reports", &body).0, 202);
    wait::until("all are stored", PATIENCE, || (server.issues().len() >= 2).then_some(()));
    let pages = server
        .issues()
        .iter()
        .map(|i| server.page(&format!("/issues/{}", i["id"].as_str().unwrap_or_default())))
        .collect::<Vec<_>>();
    for page in pages.iter().chain([&server.page("/issues")]) {
        for harmful in ["<script>alert", "<img src=x", "\u{0}", "\u{1b}"] {
            assert!(!page.contains(harmful), "{harmful:?} reached a page");
        }
        assert!(page.len() < 300 * 1024, "a page of {} bytes", page.len());
    }
}

#[test]
fn a_second_dev_joins_the_first_and_says_where_it_cannot() {
    let laptop = Laptop::new();
    let server = laptop.serve();
    let done = output(laptop.dev(&["sh", "-c", "echo 'ERROR joined the other' >&2; exit 7"]));
    assert_eq!(done.status.code(), Some(7));
    assert!(
        server.issues().iter().any(|issue| issue["title"].as_str().is_some_and(|t| t.contains("joined")))
    );

    let address = server.url.trim_start_matches("http://").to_owned();
    let other = tempfile::tempdir().expect("another data folder");
    let refused = output({
        let mut command = Command::new(binary("issuetracker"));
        command.args(["dev", "--listen", &address, "--data-dir"]).arg(other.path()).args(["--", "true"]);
        command
    });
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains(&address) && said.contains("--listen"), "{said}");
}

#[test]
fn issues_can_be_worked_on_from_a_terminal() {
    let laptop = Laptop::new();
    let server = laptop.serve();
    output(laptop.dev(&["sh", "-c", "echo 'ERROR disk is full' >&2"]));
    let run = |words: &[&str]| {
        let mut command = Command::new(binary("issuetracker"));
        command.args(["issues", "--server", &server.url]).args(words);
        let done = output(command);
        assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    };
    assert!(run(&["list"]).contains("disk is full"));
    let id = server.issues()[0]["id"].as_str().expect("an id").to_owned();
    let short: String = id.chars().take(8).collect();
    run(&["assign", &short, "ada"]);
    run(&["comment", &id, "looking at it", "--author", "ada"]);
    run(&["resolve", &id]);
    let shown = run(&["show", &id]);
    for expected in ["resolved", "ada", "looking at it", "disk is full"] {
        assert!(shown.contains(expected), "{expected:?} is missing:\n{shown}");
    }
    assert!(run(&["list"]).contains("no issues match"));
    run(&["reopen", &id]);
    assert!(run(&["list", "-o", "json"]).contains(&id));
}
