//! Sentry's and OpenTelemetry's protocols, as far as a request made by hand shows them.

use axum::{body::Body, http::Request};
use issue::{
    record::Via,
    report::{Kind, Level},
};
use serde_json::json;
use sidecar::accept::AcceptError;

use crate::spool::{Answer, Door};

async fn envelope(door: &Door, body: &str) -> Answer {
    let request = Request::post("/api/1/envelope/").header("content-type", "application/x-sentry-envelope");
    door.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

const EVENT: &str = r#"{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","level":"fatal","platform":"python","release":"api@2","tags":{"a":"b"},"exception":{"values":[{"type":"KeyError","value":"'k'"},{"type":"ValueError","value":"bad","stacktrace":{"frames":[{"function":"main","abs_path":"/app/a.py","lineno":1},{"function":"f","abs_path":"/app/b.py","lineno":2}]}}]}}"#;

#[tokio::test]
async fn an_envelope_s_events_are_reports_and_the_rest_is_counted() {
    let door = Door::new();
    let body = format!(
        "{{}}\n{{\"type\":\"event\"}}\n{EVENT}\n{{\"type\":\"session\"}}\n{{}}\n{{\"type\":\"transaction\"}}\n{{}}\n"
    );
    let answer = envelope(&door, &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json, json!({"id": "9ec79c33ec9942ab8353589fcb2e04dc"}));
    let submission = door.spool.last();
    assert_eq!((submission.via, submission.place.release.as_deref()), (Via::Sentry, Some("api@2")));
    let body = door.spool.reports().remove(0);
    assert_eq!((body.report.kind, body.report.level), (Kind::Exception, Level::Fatal));
    assert_eq!(body.title, "ValueError: bad");
    assert_eq!(body.report.frames[0].file.as_deref(), Some("/app/b.py"));
    assert_eq!(body.report.causes[0].error_type.as_deref(), Some("KeyError"));
    assert_eq!(body.tags, ["a:b"]);
    let text = String::from_utf8(door.metrics.text().unwrap()).unwrap();
    assert!(text.contains("items_total{outcome=\"ignored\",protocol=\"sentry\"} 2"), "{text}");
}

#[tokio::test]
async fn an_envelope_without_events_is_taken_and_adds_nothing() {
    let door = Door::new();
    assert_eq!(envelope(&door, "{}\n{\"type\":\"session\"}\n{}").await.json, json!({"id": null}));
    assert!(door.spool.taken().is_empty());
}

#[tokio::test]
async fn the_store_endpoint_takes_one_event() {
    let door = Door::new();
    for path in ["/api/1/store/", "/api/1/store"] {
        let answer = door.send(Request::post(path).body(Body::from(EVENT)).unwrap()).await;
        assert_eq!(answer.status, 200);
    }
    assert_eq!(door.spool.reports().len(), 2);
}

#[tokio::test]
async fn broken_envelopes_are_malformed() {
    let door = Door::new();
    for body in [
        "",
        "x",
        "{}\n{\"type\":\"event\"}\n{",
        "{}\n{\"type\":\"event\"}\n{}",
        "{}\n{\"type\":\"event\",\"length\":99}\n{}",
    ] {
        envelope(&door, body).await.problem(400);
    }
    assert!(door.spool.taken().is_empty());
}

#[tokio::test]
async fn a_full_spool_is_told_in_sentry_s_own_words() {
    let door = Door::new();
    door.spool.refuse(Some(AcceptError::Full));
    let answer = envelope(&door, &format!("{{}}\n{{\"type\":\"event\"}}\n{EVENT}")).await;
    answer.problem(429);
    assert_eq!(answer.headers["retry-after"], "5");
    assert_eq!(answer.headers["x-sentry-rate-limits"], "5::organization:unavailable");
}

async fn logs(door: &Door, media: &str, body: impl Into<Body>) -> Answer {
    door.send(Request::post("/v1/logs").header("content-type", media).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn logs_that_tell_of_errors_are_reports() {
    let door = Door::new();
    let body = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.version", "value": {"stringValue": "3"}},
            {"key": "service.name", "value": {"stringValue": "checkout"}}]},
        "scopeLogs": [{"logRecords": [
            {"severityNumber": 9, "body": {"stringValue": "fine"}},
            {"severityNumber": 17, "body": {"stringValue": "lost"}},
            {"severityNumber": 17},
        ]}]
    }]});
    let answer = logs(&door, "application/json", body.to_string()).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json["partialSuccess"]["rejectedLogRecords"], "1");
    let submission = door.spool.last();
    assert_eq!((submission.via, submission.place.release.as_deref()), (Via::Otlp, Some("3")));
    let report = door.spool.reports().remove(0);
    assert_eq!((report.title.as_str(), report.component.as_deref()), ("lost", Some("api")));
    assert_eq!(report.tags, ["service:checkout"]);
}

#[tokio::test]
async fn both_encodings_are_answered_in_kind() {
    let door = Door::new();
    let answer = logs(&door, "application/x-protobuf", Vec::new()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.headers["content-type"]),
        (200, &"application/x-protobuf".parse().unwrap())
    );
    assert_eq!(logs(&door, "application/json; charset=utf-8", "{}").await.json, json!({}));
    logs(&door, "application/x-protobuf", "hello").await.problem(400);
    logs(&door, "application/json", "hello").await.problem(400);
    logs(&door, "text/plain", "hello").await.problem(415);
    door.spool.refuse(Some(AcceptError::Full));
    let one = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":17,"body":{"stringValue":"x"}}]}]}]}"#;
    logs(&door, "application/json", one).await.problem(503);
}
