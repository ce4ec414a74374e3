//! Who is let in, and how refusals look.

use axum::{body::Body, http::Request};
use serde_json::json;

use crate::spool::{Door, post};

const REPORT: &str = r#"{"reports":[{"message":"m"}]}"#;

#[tokio::test]
async fn only_our_names_and_our_pages_may_write() {
    let door = Door::new();
    for (host, origin, status) in [
        (Some("127.0.0.1:6001"), None, 202),
        (Some("localhost"), None, 202),
        (Some("[::1]:6001"), None, 202),
        (Some("Issues.Example"), None, 202),
        (None, None, 202),
        (Some("evil.example"), None, 403),
        (Some("127.0.0.1.evil.example:6001"), None, 403),
        (Some(""), None, 403),
        (Some("127.0.0.1"), Some("http://127.0.0.1:6001"), 202),
        (Some("127.0.0.1"), Some("http://localhost:3000"), 202),
        (Some("127.0.0.1"), Some("https://evil.example"), 403),
        (Some("127.0.0.1"), Some("null"), 403),
        (Some("127.0.0.1"), Some(""), 403),
    ] {
        let mut request = Request::post("/api/v1/reports").header("content-type", "application/json");
        if let Some(host) = host {
            request = request.header("host", host);
        }
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let answer = door.send(request.body(Body::from(REPORT)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{host:?} {origin:?}");
        if status == 403 {
            answer.problem(403);
        }
    }
}

#[tokio::test]
async fn requests_have_names_that_are_fit_for_logs() {
    let door = Door::new();
    let id_of = async |id: &str| {
        let request = post("/api/v1/reports").header("x-request-id", id);
        let answer = door.send(request.body(Body::from(REPORT)).unwrap()).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id_of("req-1.2_3").await, "req-1.2_3");
    for unfit in ["", "a b", "a\"b", &"x".repeat(129)] {
        let id = id_of(unfit).await;
        assert!(id != unfit && id.len() == 36, "{unfit:?} became {id:?}");
    }
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_both_dialects() {
    let door = Door::new();
    let send = async |method: &str, path: &str| {
        door.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
    };
    send("GET", "/nothing").await.problem(404);
    let answer = send("DELETE", "/api/v1/reports").await;
    assert!(answer.problem(405).contains("DELETE"));
    assert_eq!(answer.headers["allow"], "POST");
}

#[tokio::test]
async fn media_types_other_than_json_are_refused() {
    let door = Door::new();
    for (media, status) in [
        (Some("application/json"), 202),
        (Some("application/json; charset=utf-8"), 202),
        (Some("Application/JSON"), 202),
        (Some("application/vnd.api+json"), 202),
        (None, 202),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("multipart/form-data; boundary=x"), 415),
        (Some(""), 415),
    ] {
        let mut request = Request::post("/api/v1/reports");
        if let Some(media) = media {
            request = request.header("content-type", media);
        }
        let answer = door.send(request.body(Body::from(REPORT)).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{media:?}");
    }
}

#[tokio::test]
async fn bodies_that_are_not_json_are_refused_with_their_place() {
    let door = Door::new();
    for body in ["", "{", "{\"reports\": [}", "\u{0}", &"[".repeat(100_000)] {
        let request = post("/api/v1/reports").body(Body::from(body.to_owned())).unwrap();
        door.send(request).await.problem(400);
    }
}

#[tokio::test]
async fn broken_text_is_mended_and_kept() {
    let door = Door::new();
    let body = b"{\"reports\":[{\"message\":\"a\xff\\u0000\\u001b[31m<script>\"}]}".to_vec();
    let answer = door.send(post("/api/v1/reports").body(Body::from(body)).unwrap()).await;
    assert_eq!(answer.status, 202);
    assert_eq!(door.spool.reports()[0].report.message, "a\u{fffd}<script>");
}

#[tokio::test]
async fn outcomes_are_counted_by_route() {
    let door = Door::new();
    door.post("/api/v1/reports", &json!({"reports": [{"message": "m"}, {}]})).await;
    door.post("/api/v1/reports", &json!({})).await;
    let text = String::from_utf8(door.metrics.text().unwrap()).unwrap();
    for line in [
        "issuetracker_sidecar_requests_total{outcome=\"ok\",route=\"reports\"} 1",
        "issuetracker_sidecar_requests_total{outcome=\"invalid\",route=\"reports\"} 1",
        "issuetracker_sidecar_items_total{outcome=\"accepted\",protocol=\"json\"} 1",
        "issuetracker_sidecar_items_total{outcome=\"refused\",protocol=\"json\"} 1",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
