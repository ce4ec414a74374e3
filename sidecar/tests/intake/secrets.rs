//! No secret reaches the spool, wherever in a request it stands.

use axum::{body::Body, http::Request};
use serde_json::{Value, json};

use crate::spool::Door;

/// A token that is a secret by its own form, in the name of which nobody has to be warned.
const JWT: &str =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";
/// What must not be found again, not even in part.
const PARTS: [&str; 3] = ["eyJhbGci", "dozjgNry", "hunter2"];

fn assert_clean(door: &Door, what: &str) {
    let taken = door.spool.taken();
    assert!(!taken.is_empty(), "{what}: nothing was accepted");
    let all = format!("{taken:?}");
    for part in PARTS {
        assert!(!all.contains(part), "{what}: {part} is in {all}");
    }
}

/// Every string of `body` but those under `names`, one after the other, replaced by one that holds a secret.
fn poisoned(body: &Value, names: &[&str]) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    collect(body, String::new(), names, &mut pointers);
    let poison = |pointer: String| {
        let mut body = body.clone();
        *body.pointer_mut(&pointer).unwrap() = json!(format!("failed with {JWT} and password=hunter2 given"));
        (pointer, body)
    };
    pointers.into_iter().map(poison).collect()
}

fn collect(value: &Value, at: String, names: &[&str], pointers: &mut Vec<String>) {
    match value {
        Value::String(_) => pointers.push(at),
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(i, item)| collect(item, format!("{at}/{i}"), names, pointers));
        }
        Value::Object(map) => {
            let inner = map.iter().filter(|(key, _)| !names.contains(&key.as_str()));
            inner.for_each(|(key, value)| collect(value, format!("{at}/{key}"), names, pointers));
        }
        _ => {}
    }
}

async fn check(path: &str, body: &Value, names: &[&str]) {
    let poisoned = poisoned(body, names);
    assert!(!poisoned.is_empty());
    for (pointer, body) in poisoned {
        let door = Door::new();
        let answer = door.post(path, &body).await;
        assert!(answer.status.is_success() || answer.status == 422, "{path} {pointer}: {answer:?}");
        if answer.status.is_success() && answer.json["items"][0]["error"].is_null() {
            assert_clean(&door, &format!("{path} {pointer}"));
        }
        let told = answer.json.to_string();
        assert!(PARTS.iter().all(|part| !told.contains(part)), "{path} {pointer}: {told}");
    }
}

#[tokio::test]
async fn issues_and_comments_are_clean() {
    let issue = json!({
        "title": "t", "description": "d", "type": "bug", "priority": "low", "reporter_id": "r", "assignee_id": "a",
        "tags": ["t"], "component": "c", "fingerprint": ["f"], "context": {"error_type": "E", "deep": [{"a": "b"}]},
    });
    check("/api/v1/issues", &issue, &["type", "priority"]).await;
    let id = "0197a7a0-0000-7000-8000-000000000001";
    let comment = json!({"content": "c", "author_id": "a"});
    check(&format!("/api/v1/issues/{id}/comments"), &comment, &[]).await;
}

#[tokio::test]
async fn reports_are_clean() {
    let report = json!({
        "type": "E", "message": "m", "log": "l", "text": "t", "component": "c", "tags": ["t"], "fingerprint": "f",
        "frames": [{"function": "f", "module": "m", "file": "a.py", "line": 1}],
        "causes": [{"type": "C", "message": "m", "frames": [{"file": "b.py"}]}], "context": {"a": {"b": "c"}},
    });
    check("/api/v1/reports", &json!({"reports": [report]}), &[]).await;
    check("/api/v1/reports", &json!({"reports": [{"message": "m", "tags": {"k": "v"}}]}), &[]).await;
}

#[tokio::test]
async fn sentry_events_are_clean() {
    let event = json!({
        "message": "m", "transaction": "t", "environment": "e", "release": "r", "server_name": "s", "tags": {"a": "b"},
        "exception": {"values": [{"type": "T", "value": "v", "module": "m", "stacktrace": {"frames": [
            {"function": "f", "abs_path": "p", "vars": {"x": "y"}}]}}]},
        "breadcrumbs": {"values": [{"message": "b", "data": {"url": "u"}}]}, "user": {"name": "u"},
        "request": {"url": "u", "headers": {"X-Y": "z"}, "data": {"form": "f"}}, "extra": {"k": "v"},
        "contexts": {"app": {"name": "n"}}, "fingerprint": ["f"],
    });
    check("/api/1/store/", &event, &[]).await;
}

#[tokio::test]
async fn log_records_are_clean() {
    let value = json!({"stringValue": "v"});
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": value}, {"key": "service.version", "value": value}]},
        "scopeLogs": [{"scope": {"name": "s"}, "logRecords": [{"severityNumber": 17, "severityText": "E", "body": value,
            "attributes": [{"key": "exception.type", "value": value}, {"key": "exception.message", "value": value},
                {"key": "exception.stacktrace", "value": value}, {"key": "other", "value": value}]}]}]
    }]});
    check("/v1/logs", &body, &["key"]).await;
}

#[tokio::test]
async fn values_of_telling_keys_go_as_a_whole() {
    let door = Door::new();
    let context =
        json!({"password": "hunter2", "headers": {"Authorization": "hunter2", "Cookie": "hunter2"}});
    let report = json!({"message": "m", "context": context});
    door.post("/api/v1/reports", &json!({ "reports": [report] })).await;
    assert_clean(&door, "context");
    let redacted = &door.spool.reports()[0].report.redacted;
    assert_eq!(redacted.values().sum::<u32>(), 3, "{redacted:?}");
}

#[tokio::test]
async fn a_secret_is_counted_once_though_it_is_looked_for_twice() {
    let door = Door::new();
    let report = json!({"message": format!("token {JWT}")});
    door.post("/api/v1/reports", &json!({ "reports": [report] })).await;
    assert_eq!(door.spool.reports()[0].report.redacted, [("jwt".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_secret_that_a_cut_would_halve_is_gone_before_the_cut() {
    for filling in 150..=200 {
        let door = Door::new();
        let title = format!("{} {JWT}", "x".repeat(filling));
        let issue =
            json!({"title": title, "description": "d", "type": "bug", "priority": "low", "reporter_id": "r"});
        door.post("/api/v1/issues", &issue).await;
        assert_clean(&door, &filling.to_string());
    }
}

#[tokio::test]
async fn a_claimed_user_is_clean() {
    let door = Door::new();
    let id = "0197a7a0-0000-7000-8000-000000000001";
    let request = Request::patch(format!("/api/v1/issues/{id}")).header("x-user-id", JWT);
    let body = Body::from(json!({"status": "open", "title": format!("a {JWT}")}).to_string());
    assert_eq!(door.send(request.body(body).unwrap()).await.status, 202);
    assert_clean(&door, "update");
}
