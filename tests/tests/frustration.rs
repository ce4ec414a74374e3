//! From the press of a mouse to the incident: the SDK in a real Chromium on the sample shop of `issuetracker dev
//! --frustration`, asked through the API and the pages; and that nothing is lost or doubled when the process is killed.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{programs::binary, wait};

const PATIENCE: Duration = Duration::from_secs(90);

/// `issuetracker dev --frustration`; killed when dropped, as a crash would.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(data: &TempDir) -> Self {
        let child = Command::new(binary("issuetracker"))
            .args(["dev", "--frustration", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let pid = child.id();
        let url = wait::until("the server announces itself", PATIENCE, || {
            let text = fs::read_to_string(data.path().join("dev.lock")).ok()?;
            let instance: Value = serde_json::from_str(&text).ok()?;
            (instance["pid"] == pid).then(|| instance["url"].as_str().map(str::to_owned))?
        });
        Self { child, url }
    }

    fn page(&self, path: &str) -> String {
        let mut answer = ureq::get(format!("{}{path}", self.url)).call().expect("the server answers");
        answer.body_mut().read_to_string().expect("the answer is text")
    }

    fn incidents(&self) -> Vec<Value> {
        let list: Value = serde_json::from_str(&self.page("/api/v1/incidents?limit=100")).expect("JSON");
        list["incidents"].as_array().cloned().expect("a list")
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_string()).expect("a request");
        let mut answer = agent.run(request).expect("the server answers");
        let status = answer.status().as_u16();
        let allowed = answer.headers().get("access-control-allow-origin");
        let allowed = allowed.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        (status, answer.body_mut().read_json().unwrap_or_default(), allowed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Visits by a real browser, with what else the script is told; their sessions, in order.
fn visit(url: &str, more: &[&str], names: &[&str]) -> Vec<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sdk/browser/test/product.mjs");
    let output = Command::new("node")
        .args(["--experimental-websocket", "--no-warnings"])
        .arg(script)
        .args(more)
        .arg(format!("{url}/shop/"))
        .args(names)
        .output()
        .expect("node runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

fn recorded(name: &str, session: &str, now: i64) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../frustration/testdata/recorded")
        .join(format!("{name}.json"));
    let mut body: Value = serde_json::from_slice(&fs::read(path).expect("a recording")).expect("JSON");
    let events = body["events"].as_array_mut().expect("events");
    let last = events.iter().filter_map(|event| event["timestamp"].as_i64()).max().expect("times");
    for event in events.iter_mut() {
        let at = event["timestamp"].as_i64().expect("a time") - last + now;
        event["timestamp"] = json!(at);
        event["sessionId"] = json!(session);
        event["idempotencyKey"] = json!(format!("{session}.{}", event["idempotencyKey"]));
    }
    body
}

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

#[test]
fn rage_on_a_broken_button_is_one_incident_and_a_calm_visit_none() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(&data);
    let sessions = visit(&server.url, &[], &["calm", "rage"]);
    let found = wait::until("the incident", PATIENCE, || server.incidents().pop());
    assert_eq!(server.incidents().len(), 1, "the calm visit gives none");
    assert_eq!(found["sessionId"], sessions[1].as_str());
    assert_eq!((&found["kind"], &found["confidenceLevel"]), (&json!("Bug"), &json!("High")));
    let signals: Vec<&str> =
        found["triggeringSignals"].as_array().expect("signals").iter().filter_map(Value::as_str).collect();
    assert!(signals.contains(&"rage"), "{signals:?}");
    assert_eq!(found["status"], "new", "the visit is not over");
    let id = found["incidentId"].as_str().expect("an id");
    let list = server.page("/incidents");
    assert!(list.contains(id) && list.contains("rage"), "the list shows it");
    let page = server.page(&format!("/incidents/{id}"));
    for part in ["class=\"visitline\"", "class=\"band\"", "class=\"bad\"", "Confirm", "Every event"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    let json = [("content-type", "application/json")];
    let path = format!("/api/v1/incidents/{id}");
    let (status, confirmed, _) = server.send("PATCH", &path, &json, &json!({"status": "confirmed"}));
    assert_eq!((status, &confirmed["status"]), (200, &json!("confirmed")), "{confirmed}");
    let issue = confirmed["issueId"].as_str().expect("it counts on an issue");
    let issue: Value = serde_json::from_str(&server.page(&format!("/api/v1/issues/{issue}"))).expect("JSON");
    assert_eq!((&issue["count"], &issue["errorType"]), (&json!(1), &json!("Frustration.rage")));
    let metrics = server.page("/metrics");
    assert!(metrics.contains("issuetracker_frustration_emitted_incidents_total 1"), "{metrics}");
}

/// Visit, main signal, kind, failure point.
const VISITS: &[(&str, &str, &str, &str)] = &[
    ("rage", "rage", "Bug", "/shop/:buy:click"),
    ("blocked", "blocked", "Bug", "/shop/#/contact:contact:submit"),
    ("abandoned", "abandonment", "Bug", "/shop/#/checkout:pay:abandon"),
    ("lost", "confusion", "UX", "/shop/#/shipping:navigation:navigate"),
];

#[test]
fn each_sort_of_frustration_is_one_incident_of_its_kind_once_the_visit_is_over() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(&data);
    let names: Vec<&str> = VISITS.iter().map(|(name, ..)| *name).chain(["calm"]).collect();
    let sessions = visit(&server.url, &["--end"], &names);
    let all = wait::until("the end of every visit", PATIENCE, || {
        let all = server.incidents();
        let ended = all.iter().filter(|incident| incident["status"] == "confirmed").count();
        (all.len() >= VISITS.len() && ended >= 3).then_some(all)
    });
    assert_eq!(all.len(), VISITS.len(), "one of each, and none of the calm visit: {all:#?}");
    for ((name, signal, kind, place), session) in VISITS.iter().zip(&sessions) {
        let own = all.iter().find(|incident| incident["sessionId"] == session.as_str());
        let own = own.unwrap_or_else(|| panic!("{name} has none: {all:#?}"));
        let signals = own["triggeringSignals"].as_array().expect("signals");
        assert!(signals.iter().any(|found| found == signal), "{name}: {own:#}");
        assert_eq!((&own["kind"], &own["primaryFailurePoint"]), (&json!(kind), &json!(place)), "{name}");
    }
}

#[test]
fn what_was_answered_is_there_after_a_kill_and_what_comes_twice_counts_once() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(&data);
    let at = now();
    let bodies: Vec<Value> = (0..20).map(|n| recorded("rage", &format!("s{n}"), at)).collect();
    let plain = [("content-type", "text/plain")];
    for body in &bodies {
        let (status, answer, _) = server.send("POST", "/v1/events", &plain, body);
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{answer}");
        assert_eq!(answer["processed"], body["events"].as_array().expect("events").len());
    }
    drop(server);
    let server = Server::start(&data);
    for body in &bodies {
        server.send("POST", "/v1/events", &plain, body);
    }
    wait::until("an incident for each", PATIENCE, || (server.incidents().len() == 20).then_some(()));
    let metrics = server.page("/metrics");
    let events: usize = bodies.iter().map(|body| body["events"].as_array().expect("events").len()).sum();
    let duplicates =
        format!("issuetracker_frustration_session_events_total{{outcome=\"duplicate\"}} {events}");
    assert!(metrics.contains(&duplicates), "every event was there already\n{metrics}");
}

/// What a browser asks before it sends a header of its own; answered with a status.
fn preflight(server: &Server, origin: &str) -> u16 {
    let host = server.url.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(host).expect("the server listens");
    let request = format!(
        "OPTIONS /v1/events HTTP/1.1\r\nhost: {host}\r\norigin: {origin}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[test]
fn whoever_may_not_send_is_told_so() {
    let data = tempfile::tempdir().expect("a folder");
    let server = Server::start(&data);
    let body = |key: &str| {
        let mut body = recorded("calm", "s", now());
        body["api_key"] = json!(key);
        body
    };
    let post = |headers: &[(&str, &str)], body: &Value| server.send("POST", "/v1/events", headers, body);
    assert_eq!(post(&[], &body("wrong")).0, 401);
    assert_eq!(post(&[("x-api-key", "dev")], &body("wrong")).0, 200, "the header goes before the body");
    // What is wrong with a body is told to whoever has a key; one that is too large is not read for one.
    assert_eq!(post(&[], &json!({"api_key": "dev", "events": []})).0, 400);
    let key = [("x-api-key", "dev")];
    assert_eq!(post(&key, &json!({"events": []})).0, 400);
    assert_eq!(post(&[], &json!({"events": []})).0, 401);
    let large = json!({"events": [], "more": "x".repeat(600 * 1024)});
    assert_eq!(post(&key, &large).0, 413);
    let (status, _, allowed) = post(&[("origin", "http://localhost:3000")], &body("dev"));
    assert_eq!((status, allowed.as_str()), (200, "http://localhost:3000"));
    let (status, answer, allowed) = post(&[("origin", "https://evil.example")], &body("dev"));
    assert_eq!((status, allowed.as_str()), (403, ""), "{answer}");
    assert_eq!(
        (preflight(&server, "http://localhost:3000"), preflight(&server, "https://evil.example")),
        (204, 403)
    );
    let mut private = body("dev");
    private["events"][0]["metadata"] = json!({"note": "write to jane.doe@example.com"});
    let (status, answer, _) = post(&[], &private);
    assert_eq!((status, answer["rejected"][0]["index"].as_u64()), (200, Some(0)), "{answer}");
    assert!(!answer.to_string().contains("jane"), "an answer holds nothing of the event");
    let stored = fs::read(data.path().join("issues.db")).expect("the store");
    assert!(!stored.windows(8).any(|bytes| bytes == b"jane.doe"), "nor does the store");
}
