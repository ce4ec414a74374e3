//! The examples of `docs/api.md`, run as they stand: each by a shell, against a real tracker, and the answer held against the
//! one that is printed there. `…` stands for anything.

#![expect(clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, mpsc},
    time::Duration,
};

use consumer::{
    Settings,
    api::openapi::CALLS,
    people::{
        Role,
        users::{self, User},
    },
    store::{Store, sqlite::SqliteStore},
};
use issue::id::TrackerName;
use jiff::Timestamp;
use kafka::source::{Incoming, RecordSource as _};
use serde_json::{Value, json};
use serve::{Times, serve};

/// A command and what it is said to answer.
struct Example {
    command: String,
    answer: String,
}

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/api.md");
    std::fs::read_to_string(path).expect("the page is there")
}

/// Every command of every block; a line that is indented goes on the one before it.
fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let blocks = page.split("```console\n").skip(1).filter_map(|rest| rest.split("```").next());
    for line in blocks.flat_map(str::lines) {
        let last = examples.last_mut();
        match (line.strip_prefix("$ "), last) {
            (Some(command), _) => {
                examples.push(Example { command: command.to_owned(), answer: String::new() })
            }
            (None, Some(last)) if line.starts_with("    ") => last.command += &format!("\n{line}"),
            (None, Some(last)) => last.answer += &format!("{line}\n"),
            (None, None) => panic!("an answer without a command: {line}"),
        }
    }
    examples
}

/// A tracker as `issuetracker dev` has it, with somebody and a dead letter.
async fn tracker(folder: &Path) -> String {
    let store: Arc<dyn Store> =
        Arc::new(SqliteStore::open(&folder.join("issues.db")).expect("the store opens"));
    let (_, mut source) = kafka::local::local(1, folder.join("dead-letters.jsonl"));
    let payload = "not JSON".to_owned().into();
    let record = Incoming { partition: 0, offset: 17, at: Timestamp::now(), key: None, payload };
    source.dead_letter(&record, "malformed", "expected value at line 1").await.expect("put aside");
    let ada = "ada@example.com".to_owned();
    let service = User::service(&TrackerName::local(), "ada", Timestamp::now());
    let user = User {
        id: ada.clone(),
        email: ada.clone(),
        role: Role::Viewer,
        display_name: "Ada".to_owned(),
        ..service
    };
    users::users(&*store).put(&users::key(&ada), 0, &user).await.expect("kept");
    let tracker = consumer::start(Settings::local(TrackerName::local()), Box::new(source), store).await;
    let routes = tracker.api_routes().merge(tracker.write_routes());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        serve(listener, routes, std::future::pending(), Times::default()).await;
        drop(tracker);
    });
    address
}

fn shell(command: &str, address: &str, known: &BTreeMap<&str, String>) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command.replace("localhost:6001", address)).envs(known).stdin(Stdio::null());
    shell
}

/// What a command prints. A stream is read up to its first event, while things happen.
fn run(command: &str, address: &str, known: &BTreeMap<&str, String>) -> String {
    if !command.contains("curl -sN") {
        let output = shell(command, address, known).output().expect("a shell");
        assert!(output.status.success(), "{command}: {output:?}");
        return String::from_utf8(output.stdout).expect("UTF-8");
    }
    let exec = format!("exec {command}");
    let mut child = shell(&exec, address, known).stdout(Stdio::piped()).spawn().expect("a shell");
    let (stop, over) = mpsc::channel::<()>();
    let writer = std::thread::spawn({
        let address = address.to_owned();
        move || {
            while over.recv_timeout(Duration::from_millis(300)).is_err() {
                let body =
                    r#"{"title":"t","description":"d","type":"task","priority":"low","reporter_id":"ada"}"#;
                let write = format!(
                    "curl -s localhost:6001/api/v1/issues -H 'content-type: application/json' -d '{body}'"
                );
                assert!(
                    shell(&write, &address, &BTreeMap::new()).output().expect("a shell").status.success()
                );
            }
        }
    });
    let mut event = String::new();
    for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
        let line = line.expect("UTF-8");
        if line.starts_with("event:") || line.starts_with("data:") {
            event += &format!("{line}\n");
        }
        if line.starts_with("data:") {
            break;
        }
    }
    stop.send(()).expect("somebody listens");
    child.kill().expect("it is ended");
    child.wait().expect("it ends");
    writer.join().expect("no panic");
    event
}

/// An answer of the page as JSON; `…` becomes a text, or a field of that name.
fn pattern(answer: &str) -> Option<Value> {
    let text = answer.replace("{…}", "{\"…\": 0}").replace(", …}", ", \"…\": 0}");
    serde_json::from_str(&text.replace("[…]", "[\"…\"]").replace(", …]", ", \"…\"]")).ok()
}

/// Where an answer is not as the page has it.
fn differs(pattern: &Value, answer: &Value, at: &str) -> Option<String> {
    match (pattern, answer) {
        (Value::String(pattern), answer) if pattern == "…" && !answer.is_null() => None,
        (Value::String(pattern), Value::String(text)) if pattern.contains('…') => {
            let (begin, end) = pattern.split_once('…').unwrap_or_default();
            let fits =
                text.len() >= begin.len() + end.len() && text.starts_with(begin) && text.ends_with(end);
            (!fits).then(|| format!("{at}: {text:?} is not {pattern:?}"))
        }
        (Value::Object(fields), Value::Object(there)) => {
            let open = fields.contains_key("…");
            let left_out = there.keys().find(|key| !open && !fields.contains_key(*key));
            let left_out = left_out.map(|key| format!("{at}: the page leaves out {key}"));
            let mut named = fields.iter().filter(|(key, _)| *key != "…");
            left_out.or_else(|| {
                named.find_map(|(key, field)| {
                    differs(field, there.get(key).unwrap_or(&json!("missing")), &format!("{at}/{key}"))
                })
            })
        }
        (Value::Array(items), Value::Array(there)) => {
            let open = items.last().is_some_and(|item| item == "…");
            let named = items.len() - usize::from(open);
            if there.len() < named || !open && there.len() > named {
                return Some(format!("{at}: {} are there, not {}", there.len(), items.len()));
            }
            items
                .iter()
                .take(named)
                .zip(there)
                .find_map(|(item, there)| differs(item, there, &format!("{at}/-")))
        }
        _ => (pattern != answer).then(|| format!("{at}: {answer} is not {pattern}")),
    }
}

/// Remembers the ids that later examples name.
fn learn(command: &str, answer: &Value, known: &mut BTreeMap<&'static str, String>) {
    let id = |value: &Value| value["id"].as_str().map(str::to_owned);
    let writes = |path: &str| command.contains(&format!("/api/v1/{path} ")) && command.contains("-d '");
    if let Some(letter) = id(&answer["dead_letters"][0]) {
        known.insert("LETTER", letter);
    }
    let Some(id) = id(answer) else { return };
    if writes("issues") {
        let before = known.insert("ID", id);
        known.extend(before.map(|before| ("OTHER", before)));
    } else if writes("backlog") {
        known.insert("ITEM", id);
    } else if writes("tokens") {
        known.insert("TOKEN_ID", id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_answers_as_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let address = tracker(folder.path()).await;
    let examples = examples(&page());
    assert!(examples.len() > 25, "{} examples", examples.len());
    tokio::task::spawn_blocking(move || {
        let mut known = BTreeMap::new();
        for Example { command, answer } in examples {
            let said = run(&command, &address, &known);
            let Some(pattern) = pattern(&answer) else {
                // No document: a stream, line by line.
                assert_eq!(said.lines().count(), answer.lines().count(), "{command}: {said}");
                for (said, expect) in said.lines().zip(answer.lines()) {
                    assert_eq!(differs(&json!(expect), &json!(said), ""), None, "{command}");
                }
                continue;
            };
            let there: Value =
                serde_json::from_str(&said).unwrap_or_else(|error| panic!("{command}: {error}: {said}"));
            assert_eq!(differs(&pattern, &there, ""), None, "{command}\n{said}");
            learn(&command, &there, &mut known);
        }
    })
    .await
    .expect("no panic");
}

#[test]
fn every_call_is_on_the_page() {
    let page = page();
    for call in CALLS {
        let path = call.path.trim_start_matches("/api/v1");
        let row = format!("| `{} {path}` | {} |", call.method, call.summary);
        assert!(page.contains(&row), "docs/api.md lacks the row\n{row}");
    }
}
