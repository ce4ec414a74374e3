//! `kubectl issues`: this program under the name of a plugin, with a `kubectl` that leads to a real tracker of this machine and
//! writes down how it was called.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use consumer::{
    Settings,
    api::{Access, Limits},
    consume::Pace,
    store::{Store, sqlite::SqliteStore},
};
use issue::id::TrackerName;
use serde_json::{Value, json};
use serve::{Times, serve};
use tokio::{net::TcpListener, runtime::Runtime};

const TOKEN: &str = "0123456789abcdef-the-secret";

/// A tracker that demands its token, and a folder for PATH with `kubectl` and `kubectl-issues`.
struct Cluster {
    folder: tempfile::TempDir,
    url: String,
    _runtime: Runtime,
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = Runtime::new().expect("a runtime");
        let data = folder.path().to_owned();
        let url = runtime.block_on(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let address = listener.local_addr().expect("an address");
            let store: Arc<dyn Store> =
                Arc::new(SqliteStore::open(&data.join("issues.db")).expect("a store"));
            let (_, source) = kafka::local::local(1, data.join("dead-letters.jsonl"));
            let pods = "0.0.0.0:6001".parse().expect("an address");
            let settings = Settings {
                tracker: TrackerName::local(),
                access: Access::at(pods, None, Some(TOKEN)).expect("it may be opened"),
                limits: Limits::default(),
                pace: Pace::default(),
            };
            let tracker = consumer::start(settings, Box::new(source), store).await;
            let routes = tracker.api_routes().merge(tracker.write_routes());
            tokio::spawn(async move {
                serve(listener, routes, std::future::pending(), Times::default()).await;
                drop(tracker);
            });
            format!("http://{address}")
        });
        let cluster = Self { folder, url, _runtime: runtime };
        cluster.install();
        cluster
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `kubectl` says what the real one says, and stays as long as the real one does.
    fn install(&self) {
        let port = self.url.rsplit(':').next().expect("a port");
        let script = format!(
            "#!/bin/sh\necho \"$@\" >> {calls}\necho \"$KUBECONFIG\" > {config}\ncase \"$*\" in\n\
             *nowhere*) echo 'Error from server (NotFound): namespaces \"nowhere\" not found' >&2; exit 1;;\n\
             *'get secret'*) printf %s {TOKEN};;\n\
             *port-forward*) echo $$ > {pid}; echo 'Forwarding from 127.0.0.1:{port} -> 6001'; exec sleep 600;;\n\
             esac\n",
            calls = self.path().join("calls").display(),
            config = self.path().join("config").display(),
            pid = self.path().join("pid").display(),
        );
        let kubectl = self.path().join("kubectl");
        fs::write(&kubectl, script).expect("written");
        fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).expect("executable");
        symlink(env!("CARGO_BIN_EXE_issuetracker"), self.path().join("kubectl-issues")).expect("linked");
    }

    fn command(&self, name: &str, arguments: &[&str]) -> Command {
        self.program(self.path().join(name), arguments)
    }

    /// One that finds ours in its PATH.
    fn program(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/bin:/bin", self.path().display());
        command.args(arguments).env("PATH", path).env("USER", "ada").env_remove("ISSUETRACKER_URL");
        command.env_remove("ISSUETRACKER_TOKEN_FILE");
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command("kubectl-issues", arguments).output().expect("the program ends")
    }

    /// What a call that went well said.
    fn said(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?} {output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// How `kubectl` was called since the last question.
    fn calls(&self) -> Vec<String> {
        let path = self.path().join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        fs::write(&path, "").expect("emptied");
        calls.lines().map(str::to_owned).collect()
    }

    /// The process of `kubectl` that holds the port open.
    fn forward(&self) -> PathBuf {
        let pid = || fs::read_to_string(self.path().join("pid")).ok().filter(|pid| pid.ends_with('\n'));
        wait("kubectl opens a port", || pid().is_some());
        Path::new("/proc").join(pid().expect("a process id").trim())
    }

    /// Writes an issue; answers its id.
    fn issue(&self, title: &str) -> String {
        let body = json!({"title": title, "description": "d", "type": "task", "priority": "high", "reporter_id": "bob"});
        let request = ureq::post(format!("{}/api/v1/issues", self.url));
        let mut answer =
            request.header("authorization", format!("Bearer {TOKEN}")).send_json(&body).expect("taken");
        let answer: Value = answer.body_mut().read_json().expect("JSON");
        answer["id"].as_str().expect("an id").to_owned()
    }
}

fn wait(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < end, "{what}: not within 30 s");
        std::thread::park_timeout(Duration::from_millis(10));
    }
}

/// Whether a process has ended, be it that nobody has taken note of it yet.
fn has_ended(process: &Path) -> bool {
    let status = fs::read_to_string(process.join("status")).unwrap_or_default();
    status.is_empty() || status.lines().any(|line| line.starts_with("State:\tZ"))
}

/// An id as lists have it.
fn short(id: &str) -> &str {
    id.get(..8).expect("an id")
}

#[test]
fn an_issue_is_found_and_dealt_with_from_kubectl() {
    let cluster = Cluster::start();
    let id = cluster.issue("Checkout is slow");
    let list = cluster.said(&[]);
    assert!(
        list.starts_with("ID ") && list.contains("Checkout is slow") && list.contains(short(&id)),
        "{list}"
    );
    assert_eq!(
        cluster.calls(),
        [
            "get secret issuetracker-token --output go-template={{.data.token | base64decode}}",
            "port-forward --address 127.0.0.1 svc/issuetracker :6001",
        ]
    );
    // The port is closed with the command.
    assert!(!cluster.forward().exists(), "kubectl goes on");

    let place = ["--kubeconfig", "/k", "--context", "c", "-n", "shop"];
    let shown = cluster.said(&[&place[..], &["show", short(&id)]].concat());
    assert!(shown.contains("Checkout is slow") && shown.contains("nobody"), "{shown}");
    let calls = cluster.calls();
    assert!(calls.len() == 2, "{calls:?}");
    assert!(
        calls.iter().all(|call| call.starts_with("--kubeconfig /k --context c --namespace shop ")),
        "{calls:?}"
    );

    for (arguments, sentence) in [
        (vec!["assign", &id, "grace"], "given to grace"),
        (vec!["comment", &id, "Since noon."], "commented on"),
        (vec!["resolve", &id], "resolved"),
    ] {
        assert!(cluster.said(&arguments).contains(sentence), "{arguments:?}");
    }
    let whole: Value = serde_json::from_str(&cluster.said(&["show", &id, "-o", "json"])).expect("JSON");
    assert_eq!((&whole["status"], &whole["assigneeId"]), (&json!("resolved"), &json!("grace")));
    assert_eq!(whole["comments"][0]["authorId"], "ada", "who typed is who acts");
    let yaml: Value = serde_yaml::from_str(&cluster.said(&["show", &id, "-o", "yaml"])).expect("YAML");
    assert_eq!(yaml, whole);
    let wide = cluster.said(&["-o", "wide", "list", "--status", "all"]);
    assert!(wide.contains("ASSIGNEE") && wide.contains(&id) && wide.contains("grace"), "{wide}");
}

#[test]
fn the_kubeconfig_of_the_environment_is_kubectls() {
    let cluster = Cluster::start();
    let mut command = cluster.command("kubectl-issues", &["-n", "shop", "list"]);
    assert!(command.env("KUBECONFIG", "/a:/b").output().expect("it ends").status.success());
    assert!(cluster.calls().iter().all(|call| call.starts_with("--namespace shop ")));
    assert_eq!(fs::read_to_string(cluster.path().join("config")).expect("written"), "/a:/b\n");
}

#[test]
fn kubectl_ends_with_us_however_we_end() {
    for signal in ["-KILL", "-TERM", "-INT", "-HUP"] {
        let cluster = Cluster::start();
        // Whoever runs the tests may have made them deaf to one of these, as nohup does.
        let deaf_to_none = ["--default-signal", "kubectl-issues", "tail"];
        let mut tail = cluster.program("env", &deaf_to_none).stdout(Stdio::null()).spawn().expect("started");
        let forward = cluster.forward();
        assert!(!has_ended(&forward), "{signal}");
        let sent = Command::new("kill").args([signal, &tail.id().to_string()]).status().expect("kill starts");
        assert!(sent.success(), "{signal}");
        wait(&format!("it ends after {signal}"), || tail.try_wait().expect("asked").is_some());
        wait(&format!("kubectl ends after {signal}"), || has_ended(&forward));
    }
}

#[test]
fn an_address_and_a_token_need_no_kubectl() {
    let cluster = Cluster::start();
    cluster.issue("Checkout is slow");
    let file = cluster.path().join("token");
    fs::write(&file, TOKEN).expect("written");
    let token = file.to_str().expect("UTF-8");
    assert!(cluster.said(&["--url", &cluster.url, "--token-file", token]).contains("Checkout is slow"));
    assert!(cluster.calls().is_empty());
    // One's own token is enough where the Secret is not for everybody.
    assert!(cluster.said(&["--token-file", token]).contains("Checkout is slow"));
    assert_eq!(cluster.calls(), ["port-forward --address 127.0.0.1 svc/issuetracker :6001"]);
    // The same from the program under its own name.
    symlink(env!("CARGO_BIN_EXE_issuetracker"), cluster.path().join("issuetracker")).expect("linked");
    let named = cluster.command("issuetracker", &["issues", "-n", "shop"]).output().expect("it ends");
    assert!(named.status.success(), "{named:?}");
    assert_eq!(cluster.calls().len(), 2);
}

#[test]
fn what_kubectl_refuses_is_told() {
    let cluster = Cluster::start();
    let file = cluster.path().join("token");
    fs::write(&file, TOKEN).expect("written");
    for more in [&[][..], &["--token-file", file.to_str().expect("UTF-8")]] {
        let refused = cluster.run(&[&["-n", "nowhere"], more].concat());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2));
        assert!(said.contains("the namespace nowhere") && said.contains("not found"), "{said}");
    }
    fs::remove_file(cluster.path().join("kubectl")).expect("removed");
    let missing =
        cluster.command("kubectl-issues", &[]).env("PATH", cluster.path()).output().expect("it ends");
    assert!(String::from_utf8_lossy(&missing.stderr).contains("kubectl cannot be started"), "{missing:?}");
}

#[test]
fn what_happens_is_told_as_it_happens() {
    let is_json = |line: &str| {
        let told: Value = serde_json::from_str(line).expect("JSON");
        told["title"].as_str().is_some_and(|title| title.starts_with("Event "))
    };
    first_line_of_tail("table", |line| line.contains("Event ") && !line.contains("Before"));
    first_line_of_tail("wide", |line| line.contains("Event "));
    first_line_of_tail("json", is_json);
    first_line_of_tail("yaml", |line| line == "---");
}

fn first_line_of_tail(output: &str, is_right: impl Fn(&str) -> bool) {
    let cluster = Cluster::start();
    cluster.issue("Before");
    let mut command = cluster.command("kubectl-issues", &["tail", "-o", output]);
    let mut tail = command.stdout(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(tail.stdout.take().expect("a pipe")).lines();
    // What is written before it listens is not told, and when it listens it does not say.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let url = cluster.url.clone();
    let writer = std::thread::spawn(move || {
        for n in 0.. {
            let body = json!({"title": format!("Event {n}"), "description": "d", "type": "task", "priority": "low", "reporter_id": "bob"});
            let request = ureq::post(format!("{url}/api/v1/issues"));
            request.header("authorization", format!("Bearer {TOKEN}")).send_json(&body).expect("taken");
            if stopped.recv_timeout(Duration::from_millis(700)).is_ok() {
                return;
            }
        }
    });
    let line = lines.next().expect("a line").expect("UTF-8");
    tail.kill().expect("it is ended");
    tail.wait().expect("it ends");
    stop.send(()).ok();
    writer.join().expect("no panic");
    assert!(is_right(&line), "{output}: {line}");
}
