//! The contract of the API, call by call, on a real store.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use http_body_util::BodyExt;
use issue::{finish::Rules, id::TrackerName};
use kafka::{
    local::{LocalSource, local},
    source::RecordSource,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{ApiState, Limits, access::Access, health_routes, limit::Limiter, routes, write_routes};
use crate::{
    dead_letters::DeadLetters,
    health::Health,
    people::door::Door,
    pulse::Pulse,
    store::{IssueStore, Store, sqlite::SqliteStore},
    ui,
};

mod dead_letters;
mod incidents;

struct Api {
    router: Router,
    letters: LocalSource,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// Status, and what both forms of a refusal say.
    fn refusal(&self) -> (u16, Vec<String>) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        assert_eq!(self.body["error"], self.body["detail"]);
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let pointers = errors.iter().map(|e| e["pointer"].as_str().unwrap_or_default().to_owned());
        (self.status.as_u16(), pointers.collect())
    }
}

/// What a tracker has that takes no events.
fn no_visits(store: &Arc<dyn Store>) -> Arc<crate::visits::Visits> {
    let issues = Arc::clone(store) as Arc<dyn IssueStore>;
    Arc::new(crate::visits::Visits::new(TrackerName::local(), issues, Default::default()))
}

impl Api {
    fn new() -> Self {
        Self::with(Access::loopback(None), Limits { reads: 100_000, writes: 100_000, logins: 100_000 })
    }

    fn with(access: Access, limits: Limits) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens");
        let (store, health): (Arc<dyn Store>, _) = (Arc::new(store), Health::new());
        let issues = Arc::clone(&store) as Arc<dyn IssueStore>;
        let (_, source) = local(1, folder.path().join("dead-letters.jsonl"));
        let letters = DeadLetters {
            tracker: TrackerName::local(),
            reader: source.dead_letters(),
            store: Arc::clone(&issues),
            health: Arc::clone(&health),
        };
        let door = Door {
            access: Arc::new(access),
            store: Arc::clone(&issues),
            limiter: Arc::new(Limiter::new(limits)),
        };
        let state = ApiState {
            tracker: TrackerName::local(),
            store: Arc::clone(&store),
            health,
            letters: Arc::new(letters),
            door: Arc::new(door.clone()),
            pulse: Arc::new(Pulse::new(issues, CancellationToken::new())),
            rules: Arc::new(Rules::default()),
            counts: Arc::default(),
            visits: no_visits(&store),
        };
        let pages = ui::UiState::behind(door, &state);
        let router = routes(state.clone())
            .merge(write_routes(state.clone()))
            .merge(health_routes(state.clone()))
            .merge(ui::routes(pages));
        Self { router, letters: source, _folder: folder }
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:6001");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
        Answer { status: head.status, headers: head.headers, body }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], Body::empty()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    async fn patch(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        self.send("PATCH", path, headers, body.to_string()).await
    }

    /// A new issue's id.
    async fn written(&self, title: &str) -> String {
        let answer = self.post("/api/v1/issues", task(title)).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{}", answer.body);
        answer.body["id"].as_str().expect("an id").to_owned()
    }
}

fn task(title: &str) -> Value {
    json!({
        "title": title, "description": "d", "type": "task", "priority": "low", "reporter_id": "eve@example.org",
    })
}

fn bug(title: &str) -> Value {
    json!({
        "title": title, "description": "d", "type": "bug", "priority": "high", "reporter_id": "billing",
        "component": "billing", "context": {"error_type": "Timeout"},
    })
}

#[tokio::test]
async fn an_issue_is_written_and_read() {
    let api = Api::new();
    let answer = api.post("/api/v1/issues", task("Dark mode")).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let keys: Vec<&String> = answer.body.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["id", "title", "status", "priority", "type", "message", "note"]);
    let shown = api.get(answer.header("location")).await;
    assert_eq!((shown.status, &shown.body["id"]), (StatusCode::OK, &answer.body["id"]));
    for (key, value) in [
        ("title", json!("Dark mode")),
        ("status", json!("open")),
        ("type", json!("task")),
        ("reporterId", json!("eve@example.org")),
        ("assigneeId", Value::Null),
        ("resolvedAt", Value::Null),
        ("tags", json!([])),
    ] {
        assert_eq!(shown.body[key], value, "{key}");
    }
}

#[tokio::test]
async fn an_exact_repeat_of_a_bug_is_an_occurrence() {
    let api = Api::new();
    let first = api.post("/api/v1/issues", bug("upstream 10.0.0.7 timed out")).await;
    let second = api.post("/api/v1/issues", bug("upstream 10.0.0.9 timed out")).await;
    let other = api.post("/api/v1/issues", bug("queue is full")).await;
    assert_eq!(first.body["id"], second.body["id"]);
    assert_ne!(first.body["id"], other.body["id"]);
    let id = first.body["id"].as_str().expect("an id");
    assert_eq!(api.get(&format!("/api/v1/issues/{id}")).await.body["count"], 2);
    let occurrences = api.get(&format!("/api/v1/issues/{id}/occurrences")).await;
    assert_eq!(occurrences.body["occurrences"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn an_idempotency_key_makes_one_issue_of_many_requests() {
    let api = Api::new();
    let send = |key: &'static str, body: Value| {
        let headers = [("idempotency-key", key)];
        let api = &api;
        async move { api.send("POST", "/api/v1/issues", &headers, body.to_string()).await }
    };
    let first = send("k-1", task("a")).await;
    let again = send("k-1", task("a")).await;
    assert_eq!((again.status, &again.body), (StatusCode::ACCEPTED, &first.body));
    assert_eq!(send("k-1", task("b")).await.refusal().0, 422);
    assert_ne!(send("k-2", task("a")).await.body["id"], first.body["id"]);
    assert_eq!(send("has space", task("a")).await.refusal().0, 400);
    let listed = api.get("/api/v1/issues").await;
    assert_eq!(listed.body["issues"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_paged() {
    let api = Api::new();
    for n in 0..7 {
        api.written(&format!("task {n}")).await;
    }
    api.post("/api/v1/issues", bug("other")).await;
    let mut path = "/api/v1/issues?type=task&limit=3&sort=first_seen".to_owned();
    let mut titles = Vec::new();
    loop {
        let page = api.get(&path).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        titles.extend(page.body["issues"].as_array().expect("issues").iter().map(|i| i["title"].clone()));
        let Some(cursor) = page.body["next_cursor"].as_str() else {
            assert_eq!(page.header("link"), "");
            break;
        };
        let link = page.header("link");
        assert!(link.starts_with("</api/v1/issues?type=task") && link.contains(cursor), "{link}");
        path = link.trim_start_matches('<').split('>').next().expect("an address").to_owned();
    }
    assert_eq!(titles, ["task 6", "task 5", "task 4", "task 3", "task 2", "task 1", "task 0"]);
    assert_eq!(api.get("/api/v1/issues/recent?q=OTHER").await.body["issues"][0]["title"], "other");
    assert_eq!(
        api.get("/api/v1/issues?limit=0&colour=x").await.refusal(),
        (422, vec!["?limit".into(), "?colour".into()])
    );
}

#[tokio::test]
async fn a_change_keeps_activities_with_old_and_new_values() {
    let api = Api::new();
    let path = format!("/api/v1/issues/{}", api.written("a").await);
    let changed = api
        .patch(&path, &[("x-user-id", "ada@example.org")], json!({"status": "resolved", "assigneeId": "bob"}))
        .await;
    assert_eq!((changed.status, &changed.body["status"]), (StatusCode::OK, &json!("resolved")));
    assert!(changed.body["resolvedAt"].is_string());
    let reopened = api.patch(&path, &[], json!({"status": "open", "assignee_id": null})).await;
    assert_eq!((&reopened.body["resolvedAt"], &reopened.body["assigneeId"]), (&Value::Null, &Value::Null));
    let activities = api.get(&format!("{path}/activities")).await.body["activities"].clone();
    let told: Vec<Value> = activities
        .as_array()
        .expect("activities")
        .iter()
        .map(|a| json!([a["type"], a["userId"], a["changes"][0]["oldValue"], a["changes"][0]["newValue"]]))
        .collect();
    for expected in [
        json!(["created", "eve@example.org", null, null]),
        json!(["status-changed", "ada@example.org", "open", "resolved"]),
        json!(["assigned", "ada@example.org", null, "bob"]),
        json!(["status-changed", "local", "resolved", "open"]),
        json!(["assigned", "local", "bob", null]),
    ] {
        assert!(told.contains(&expected), "{expected} is not in {told:?}");
    }
}

#[tokio::test]
async fn a_wrong_change_is_refused_whole_with_every_pointer() {
    let api = Api::new();
    let path = format!("/api/v1/issues/{}", api.written("a").await);
    for (body, pointers) in [
        (json!({"status": null}), vec!["/status"]),
        (json!({"status": "gone", "title": ""}), vec!["/status", "/title"]),
        (json!({"colour": "red", "priority": "high"}), vec!["/colour"]),
        (json!({"resolution": "next-release"}), vec![""]),
        (json!({"resolution": "someday", "status": "resolved"}), vec!["/resolution"]),
        (json!({"resolution": "next-release", "status": "open"}), vec!["/resolution"]),
        (json!({"count": 5}), vec!["/count"]),
        (json!({}), vec![""]),
        (json!([]), vec![""]),
    ] {
        let answer = api.patch(&path, &[], body.clone()).await;
        let (status, found) = answer.refusal();
        assert_eq!(status, 422, "{body}");
        assert_eq!(found.first().map(String::as_str), pointers.first().copied(), "{body}: {found:?}");
        assert!(pointers.iter().all(|pointer| found.iter().any(|f| f == pointer)), "{body}: {found:?}");
    }
    let shown = api.get(&path).await.body;
    assert_eq!((&shown["status"], &shown["priority"]), (&json!("open"), &json!("low")));
}

#[tokio::test]
async fn entity_tags_guard_changes_and_save_reads() {
    let api = Api::new();
    let path = format!("/api/v1/issues/{}", api.written("a").await);
    let first = api.get(&path).await;
    let tag = first.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag} is not strong");
    let known = api.send("GET", &path, &[("if-none-match", &tag)], Body::empty()).await;
    assert_eq!(
        (known.status, known.header("etag"), &known.body),
        (StatusCode::NOT_MODIFIED, &*tag, &json!(""))
    );
    let changed = api.patch(&path, &[("if-match", &tag)], json!({"priority": "high"})).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.header("etag"), tag);
    let late = api.patch(&path, &[("if-match", &tag)], json!({"priority": "critical"})).await;
    assert_eq!(late.refusal().0, 412);
    let unchanged = api.patch(&path, &[], json!({"priority": "high"})).await;
    assert_eq!(unchanged.header("etag"), changed.header("etag"), "a change that changes nothing is none");
    assert_eq!(
        api.send("GET", &path, &[("if-none-match", &tag)], Body::empty()).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn comments_are_written_and_read_in_order() {
    let api = Api::new();
    let path = format!("/api/v1/issues/{}/comments", api.written("a").await);
    for n in 0..3 {
        let answer = api.post(&path, json!({"content": format!("c{n}"), "author_id": "ada"})).await;
        assert_eq!((answer.status, &answer.body["authorId"]), (StatusCode::CREATED, &json!("ada")));
    }
    let first = api.get(&format!("{path}?limit=2")).await;
    let rest = api.get(&format!("{path}?cursor={}", first.body["next_cursor"].as_str().expect("more"))).await;
    let contents: Vec<&Value> = [&first, &rest]
        .iter()
        .flat_map(|page| page.body["comments"].as_array().expect("comments"))
        .map(|comment| &comment["content"])
        .collect();
    assert_eq!(contents, ["c0", "c1", "c2"]);
    assert_eq!(
        api.post(&path, json!({"content": " "})).await.refusal(),
        (422, vec!["/content".into(), "/author_id".into()])
    );
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_not_there() {
    let api = Api::new();
    let nobody = "/api/v1/issues/00000000-0000-0000-0000-000000000000";
    for (method, path) in [
        ("GET", nobody.to_owned()),
        ("GET", "/api/v1/issues/x".to_owned()),
        ("GET", format!("{nobody}/comments")),
        ("GET", format!("{nobody}/occurrences")),
        ("GET", format!("{nobody}/activities")),
        ("GET", "/api/v1/nothing".to_owned()),
        ("GET", "/api".to_owned()),
        ("GET", "/api/".to_owned()),
        ("POST", "/api/v1".to_owned()),
        ("GET", "/api/v1/".to_owned()),
        ("DELETE", "/api/v1/issues/x/y/z".to_owned()),
        ("GET", "/api/v2/issues".to_owned()),
        ("GET", "/api/health/x".to_owned()),
        ("GET", "/api/v1/dead-letters/0-0-x".to_owned()),
        ("POST", "/api/v1/dead-letters/0-0-x/replay".to_owned()),
        ("POST", "/api/v1/dead-letters/0-0-x/discard".to_owned()),
        ("GET", "/api/v1/dead-letters/x/y".to_owned()),
        ("GET", "/api/v1/issues/%00".to_owned()),
        ("GET", "/api/v1/issues/..%2f..%2fetc".to_owned()),
    ] {
        let answer = api.send(method, &path, &[], Body::empty()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
        assert_eq!(answer.refusal().0, 404, "{method} {path}");
    }
    assert_eq!(api.patch(nobody, &[], json!({"status": "open"})).await.refusal().0, 404);
    let comment = json!({"content": "c", "author_id": "a"});
    assert_eq!(api.post(&format!("{nobody}/comments"), comment).await.refusal().0, 404);
    let wrong = api.send("PUT", "/api/v1/issues", &[], Body::empty()).await;
    assert_eq!(wrong.refusal().0, 405);
    assert!(wrong.header("allow").contains("GET"), "{}", wrong.header("allow"));
}

#[tokio::test]
async fn a_body_that_cannot_be_taken_is_refused_in_its_own_way() {
    let api = Api::new();
    let large = format!("{{\"title\":\"{}\"}}", "x".repeat(1 << 20));
    for (headers, body, status) in [
        (vec![("content-type", "application/json")], "{".to_owned(), 400),
        (vec![], String::new(), 400),
        (vec![("content-type", "text/plain")], "{}".to_owned(), 415),
        (vec![("content-encoding", "gzip")], "{}".to_owned(), 415),
        (vec![], large, 413),
        (vec![], "[".repeat(100_000), 400),
        (vec![], "{}".to_owned(), 422),
    ] {
        let shown: String = body.chars().take(20).collect();
        let answer = api.send("POST", "/api/v1/issues", &headers, body).await;
        assert_eq!(answer.refusal().0, status, "{headers:?} {shown}");
    }
}

#[tokio::test]
async fn secrets_do_not_get_into_the_store() {
    let api = Api::new();
    let mut body = task("a");
    body["description"] = json!("called https://bob:hunter2@db.example/x");
    let id = api.post("/api/v1/issues", body).await.body["id"].clone();
    let path = format!("/api/v1/issues/{}", id.as_str().expect("an id"));
    api.post(&format!("{path}/comments"), json!({"content": "password=hunter2", "author_id": "a"})).await;
    let all =
        api.get(&path).await.body.to_string() + &api.get(&format!("{path}/comments")).await.body.to_string();
    assert!(!all.contains("hunter2"), "{all}");
}

#[tokio::test]
async fn a_token_is_demanded_on_every_route_but_health() {
    let access = Access::at("0.0.0.0:6001".parse().expect("an address"), None, Some("0123456789abcdef"));
    let api = Api::with(access.expect("it may be opened"), Limits::default());
    for (method, path) in [
        ("GET", "/api/v1/issues"),
        ("GET", "/api/v1/issues/recent"),
        ("POST", "/api/v1/issues"),
        ("GET", "/api/v1/issues/x"),
        ("PATCH", "/api/v1/issues/x"),
        ("GET", "/api/v1/issues/x/comments"),
        ("POST", "/api/v1/issues/x/comments"),
        ("GET", "/api/v1/issues/x/occurrences"),
        ("GET", "/api/v1/issues/x/activities"),
    ] {
        let answer = api.send(method, path, &[], Body::empty()).await;
        assert_eq!(answer.refusal().0, 401, "{method} {path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    let bearer = [("authorization", "Bearer 0123456789abcdef")];
    assert_eq!(api.send("GET", "/api/v1/issues", &bearer, Body::empty()).await.status, StatusCode::OK);
    for open in ["/api/health", "/livez", "/readyz", "/metrics"] {
        assert_eq!(api.get(open).await.status, StatusCode::OK, "{open}");
    }
}

#[tokio::test]
async fn foreign_pages_cannot_write() {
    let api = Api::new();
    let foreign = [("origin", "http://evil.example")];
    let answer = api.send("POST", "/api/v1/issues", &foreign, task("a").to_string()).await;
    assert_eq!(answer.refusal().0, 403);
    assert_eq!(api.get("/api/v1/issues").await.body["issues"], json!([]));
}

#[tokio::test]
async fn a_client_is_limited() {
    let api = Api::with(Access::loopback(None), Limits { reads: 2, writes: 1, logins: 1 });
    assert_eq!(api.post("/api/v1/issues", task("a")).await.status, StatusCode::ACCEPTED);
    let limited = api.post("/api/v1/issues", task("b")).await;
    assert_eq!(limited.refusal().0, 429);
    assert_eq!((limited.header("retry-after"), &limited.body["retryable"]), ("60", &json!(true)));
    assert_eq!(api.get("/api/v1/issues").await.status, StatusCode::OK);
}

#[tokio::test]
async fn requests_have_names() {
    let api = Api::new();
    for (given, kept) in [("abc-1", true), ("a b", false), ("x\"y", false)] {
        let answer = api.send("GET", "/api/v1/issues", &[("x-request-id", given)], Body::empty()).await;
        assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn health_tells_every_part_and_the_ledger() {
    let health = Api::new().get("/api/health").await;
    assert_eq!((health.status, &health.body["status"]), (StatusCode::OK, &json!("healthy")));
    assert_eq!(health.body["firebase_available"], true);
    assert_eq!(health.body["ledger"]["balanced"], true);
    assert_eq!(health.body["issues"], json!({"open": 0, "new_24h": 0}));
    for part in ["source", "store", "dead_letters"] {
        assert_eq!(health.body["parts"][part]["ok"], true, "{part}");
    }
}

#[tokio::test]
async fn issues_are_merged_and_taken_apart() {
    let api = Api::new();
    let (sum, member) = (api.written("one").await, api.written("another").await);
    let merge = format!("/api/v1/issues/{member}/merge");
    let merged = api.post(&merge, json!({"into": sum})).await;
    assert_eq!((merged.status, &merged.body["id"]), (StatusCode::OK, &json!(sum)), "{}", merged.body);
    assert!(merged.body["merge"]["of"]["members"][&member].is_object(), "{}", merged.body);
    let closed = api.get(&format!("/api/v1/issues/{member}")).await;
    assert_eq!(
        (&closed.body["status"], &closed.body["merge"]["into"]["issue"]),
        (&json!("closed"), &json!(sum))
    );
    let reopened = api.patch(&format!("/api/v1/issues/{member}"), &[], json!({"status": "open"})).await;
    assert_eq!(reopened.refusal().0, 409);
    assert_eq!(
        api.post(&format!("/api/v1/issues/{sum}/merge"), json!({"into": member})).await.refusal().0,
        409
    );
    let left = api.post(&format!("/api/v1/issues/{member}/unmerge"), json!({})).await;
    assert_eq!((left.status, &left.body["status"]), (StatusCode::OK, &json!("open")));
    assert_eq!(api.get(&format!("/api/v1/issues/{sum}")).await.body.get("merge"), None);
    for (body, pointer) in
        [(json!({"into": "x"}), "/into"), (json!({}), "/into"), (json!({"to": sum}), "/to")]
    {
        assert_eq!(api.post(&merge, body).await.refusal(), (422, vec![pointer.to_owned()]));
    }
    let nobody = json!({"into": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(api.post(&merge, nobody).await.refusal().0, 404);
}
