//! Issues, reports, comments and updates: what is answered and what is accepted.

use axum::{body::Body, http::Request};
use issue::{id::IssueId, record::Via};
use serde_json::{Value, json};
use sidecar::{
    accept::{AcceptError, Submitted},
    intake::Limits,
};

use crate::spool::{Door, post, tracker};

fn issue() -> Value {
    json!({
        "title": "Card refused", "description": "Twice.", "type": "bug", "priority": "high",
        "reporter_id": "billing", "tags": ["card"], "context": {"error_type": "CardError"},
        "created_at": "2026-11-21T08:00:00"
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut body = issue();
    body[key] = value;
    body
}

#[tokio::test]
async fn an_issue_is_answered_with_its_final_id_and_place() {
    let door = Door::new();
    let answer = door.post("/api/v1/issues", &issue()).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let id = answer.json["id"].as_str().unwrap();
    assert_eq!(answer.headers["location"], format!("/api/v1/issues/{id}"));
    let keys: Vec<&String> = answer.json.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "title", "status", "priority", "type", "message", "note"]);
    assert_eq!(answer.json["status"], "open");
    assert_eq!((&answer.json["priority"], &answer.json["type"]), (&json!("high"), &json!("bug")));
    let submission = door.spool.last();
    assert_eq!((submission.via, submission.at.to_string().as_str()), (Via::Http, "2026-11-21T08:00:00Z"));
    assert_eq!(submission.place.pod.as_deref(), Some("api-1"));
    let (issue_id, body) = door.spool.last_issue();
    assert_eq!(issue_id.to_string(), id);
    assert_eq!(body.component.as_deref(), Some("api"), "the workload stands in");
}

#[tokio::test]
async fn a_bug_of_the_same_words_is_the_same_issue_and_a_task_never_is() {
    let door = Door::new();
    let id = async |body: Value| {
        let answer = door.post("/api/v1/issues", &body).await;
        answer.json["id"].as_str().map(str::to_owned).unwrap_or_else(|| panic!("{answer:?}"))
    };
    let first = id(issue()).await;
    let (_, body) = door.spool.last_issue();
    let fingerprint = body.fingerprint.expect("a bug has one");
    assert_eq!(first, IssueId::of_fingerprint(&tracker(), &fingerprint).to_string());
    assert_eq!(first, id(with("description", json!("Other words."))).await);
    for (key, value) in [
        ("title", json!("Card lost")),
        ("component", json!("web")),
        ("context", json!({"error_type": "CardLost"})),
        ("fingerprint", json!("mine")),
    ] {
        assert_ne!(first, id(with(key, value)).await, "{key}");
    }
    let task = with("type", json!("task"));
    assert_ne!(id(task.clone()).await, id(task).await);
    assert_eq!(door.spool.last_issue().1.fingerprint, None);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_and_refuses_another_body() {
    let door = Door::new();
    let send = async |body: Value, key: &str| {
        let request = post("/api/v1/issues").header("idempotency-key", key);
        door.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let task = with("type", json!("task"));
    let (first, again) = (send(task.clone(), "k1").await, send(task.clone(), "k1").await);
    assert_eq!(first.json, again.json);
    assert_eq!(first.json["id"], IssueId::of_idempotency_key(&tracker(), "k1").to_string());
    assert_ne!(first.json["id"], send(task.clone(), "k2").await.json["id"]);
    assert!(send(with("type", json!("feature")), "k1").await.problem(422).contains("Idempotency-Key"));
    send(task.clone(), "").await.problem(400);
    send(task, &"k".repeat(256)).await.problem(400);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let door = Door::new();
    let answer = door.post("/api/v1/issues", &json!({"type": "story", "reporter_id": "x".repeat(101)})).await;
    assert!(answer.problem(422).contains("/title is required"));
    assert_eq!(answer.pointers(), ["/title", "/description", "/type", "/priority", "/reporter_id"]);
    assert!(door.spool.taken().is_empty());
}

#[tokio::test]
async fn long_prose_is_cut_and_the_note_says_so() {
    let door = Door::new();
    let answer = door.post("/api/v1/issues", &with("title", json!("x".repeat(500)))).await;
    assert_eq!(answer.status, 202);
    assert!(answer.json["note"].as_str().unwrap().contains("title was truncated"));
    assert_eq!(door.spool.last_issue().1.title.chars().count(), 200);
}

#[tokio::test]
async fn a_reporter_has_a_hundred_issues_a_minute() {
    let door = Door::with(Limits { issues_per_minute: 3, ..Limits::default() });
    for _ in 0..3 {
        assert_eq!(door.post("/api/v1/issues", &issue()).await.status, 202);
    }
    let answer = door.post("/api/v1/issues", &issue()).await;
    answer.problem(429);
    let wait: u32 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(door.post("/api/v1/issues", &with("reporter_id", json!("other"))).await.status, 202);
    let report = json!({"reports": [{"message": "m"}]});
    for _ in 0..10 {
        assert_eq!(door.post("/api/v1/reports", &report).await.status, 202, "reports are not limited so");
    }
}

#[tokio::test]
async fn a_batch_is_answered_item_by_item() {
    let door = Door::new();
    let report = json!({
        "type": "ValueError", "message": "bad", "language": "python", "tags": ["a"], "context": {"n": 1},
        "at": "2026-11-21T08:00:00Z", "frames": [{"function": "f", "file": "/app/a.py", "line": 3}],
        "causes": [{"type": "KeyError", "message": "'k'"}]
    });
    let body = json!({"reports": [report, {"level": "?"}, report, {"message": "other", "component": "web"}]});
    let answer = door.post("/api/v1/reports", &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    let items = answer.json["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    assert_eq!((&items[0]["state"], &items[2]["state"]), (&json!("new"), &json!("repeat")));
    assert_eq!((&items[0]["id"], &items[0]["fingerprint"]), (&items[2]["id"], &items[2]["fingerprint"]));
    assert_eq!(items[1]["error"]["status"], 422);
    assert_eq!(items[1]["error"]["errors"][0]["pointer"], "/reports/1/level");
    assert_ne!(items[3]["id"], items[0]["id"]);
    let reports = door.spool.reports();
    assert_eq!(reports.len(), 3);
    assert_eq!(reports[0].title, "ValueError: bad");
    assert_eq!((reports[0].full, reports[0].component.as_deref()), (true, Some("api")));
    assert_eq!(reports[0].report.causes[0].error_type.as_deref(), Some("KeyError"));
    assert_eq!(reports[0].context, Some(json!({"n": 1})));
    assert_eq!(reports[2].component.as_deref(), Some("web"));
    assert_eq!(door.spool.taken()[0].at.to_string(), "2026-11-21T08:00:00Z");
}

#[tokio::test]
async fn a_batch_of_nothing_but_bad_items_is_refused_with_all_their_errors() {
    let door = Door::new();
    let answer = door.post("/api/v1/reports", &json!({"reports": [{}, {"message": 5}]})).await;
    answer.problem(422);
    assert_eq!(answer.pointers(), ["/reports/0/message", "/reports/1/message"]);
    for body in [json!({}), json!({"reports": []}), json!({"reports": vec![json!({"message": "m"}); 101]})] {
        assert_eq!(door.post("/api/v1/reports", &body).await.pointers(), ["/reports"]);
    }
    assert!(door.spool.taken().is_empty());
}

#[tokio::test]
async fn a_named_batch_names_each_report() {
    let door = Door::new();
    let body = json!({"reports": [{"message": "a"}, {"message": "b"}]});
    let request = post("/api/v1/reports").header("idempotency-key", "k");
    door.send(request.body(Body::from(body.to_string())).unwrap()).await;
    let keys: Vec<_> = door.spool.taken().into_iter().map(|s| s.idempotency.unwrap().key).collect();
    assert_eq!(keys, ["k/0", "k/1"]);
}

#[tokio::test]
async fn comments_and_updates_are_published() {
    let door = Door::new();
    let id = "0197a7a0-0000-7000-8000-000000000001";
    let comment = json!({"content": "Seen again.", "author_id": "ada"});
    let answer = door.post(&format!("/api/v1/issues/{id}/comments"), &comment).await;
    assert_eq!((answer.status.as_u16(), &answer.json["id"]), (202, &json!(id)));
    match door.spool.last().body {
        Submitted::Comment { issue_id, body } => {
            assert_eq!((issue_id.to_string().as_str(), body.author_id.as_str()), (id, "ada"));
        }
        other => panic!("{other:?}"),
    }
    let patch = |user: Option<&str>, body: Value| {
        let request =
            Request::patch(format!("/api/v1/issues/{id}")).header("content-type", "application/json");
        let request = user.into_iter().fold(request, |request, user| request.header("x-user-id", user));
        request.body(Body::from(body.to_string())).unwrap()
    };
    for (user, actor) in [(Some("bob"), "bob"), (None, "api")] {
        let answer = door.send(patch(user, json!({"status": "resolved"}))).await;
        assert_eq!(answer.status, 202);
        match door.spool.last().body {
            Submitted::Update { body, .. } => {
                assert_eq!((body.actor_id.as_str(), &body.changes["status"]), (actor, &json!("resolved")));
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(door.send(patch(None, json!({"status": null}))).await.pointers(), ["/status"]);
    door.post(&format!("/api/v1/issues/{id}/comments"), &json!({})).await.problem(422);
    door.post("/api/v1/issues/17/comments", &comment).await.problem(404);
}

#[tokio::test]
async fn what_the_spool_refuses_is_not_answered_202() {
    let door = Door::new();
    for (error, status) in [
        (AcceptError::Full, 503),
        (AcceptError::Broken, 503),
        (AcceptError::Stopping, 503),
        (AcceptError::KeyReused, 422),
    ] {
        door.spool.refuse(Some(error));
        for (path, body) in
            [("/api/v1/issues", issue()), ("/api/v1/reports", json!({"reports": [{"message": "m"}]}))]
        {
            let answer = door.post(path, &body).await;
            answer.problem(status);
            assert_eq!(answer.headers.contains_key("retry-after"), status == 503);
        }
    }
    door.spool.refuse(None);
    assert_eq!(door.post("/api/v1/issues", &issue()).await.status, 202);
}

const PYTHON: &str =
    "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in f\n    int('x')\nValueError: bad";

#[tokio::test]
async fn raw_text_is_read_and_may_hold_several_reports_or_none() {
    let door = Door::new();
    let java =
        "Exception in thread \"main\" java.lang.IllegalStateException: no\n\tat app.Main.main(Main.java:3)\n";
    let text = format!("starting\n{PYTHON}\nINFO going on\n{java}INFO done\n");
    let body = json!({"reports": [{"text": "all is well"}, {"text": text, "component": "worker"}, {"message": "m"}]});
    let answer = door.post("/api/v1/reports", &body).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.json["items"].as_array().unwrap().len(), 3);
    let reports = door.spool.reports();
    let types: Vec<_> = reports.iter().map(|body| body.report.error_type.as_deref()).collect();
    assert_eq!(types, [Some("ValueError"), Some("java.lang.IllegalStateException"), None]);
    let components: Vec<_> = reports.iter().map(|body| body.component.as_deref()).collect();
    assert_eq!(components, [Some("worker"), Some("worker"), Some("api")]);
    let nothing = door.post("/api/v1/reports", &json!({"reports": [{"text": "all is well"}]})).await;
    assert_eq!((nothing.status.as_u16(), &nothing.json), (202, &json!({"items": []})));
}

#[tokio::test]
async fn a_report_with_its_text_gets_the_frames_that_it_lacks() {
    let door = Door::new();
    let report = json!({"type": "ValueError", "message": "bad", "text": PYTHON});
    door.post("/api/v1/reports", &json!({ "reports": [report] })).await;
    let report = door.spool.reports().remove(0).report;
    assert_eq!(report.frames[0].file.as_deref(), Some("/app/a.py"));
    assert_eq!((report.message.as_str(), report.text.as_str()), ("bad", PYTHON));
}
