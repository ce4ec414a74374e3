//! Events of front ends at the sidecar's port: the service's own answer, or an honest 503.

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    http::{HeaderMap, StatusCode},
    routing::post as on_post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use serve::{Times, serve};
use sidecar::intake::Limits;
use tokio::{net::TcpListener, sync::oneshot};

use crate::spool::{Door, post};

/// What the service was asked: its key, and the body.
type Asked = Arc<Mutex<Vec<(String, Value)>>>;

/// A tracker service that takes everything but what has no key.
async fn service(asked: Asked) -> (String, oneshot::Sender<()>) {
    let take = move |headers: HeaderMap, Json(body): Json<Value>| async move {
        let key = headers.get("x-api-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
        asked.lock().push((key.to_owned(), body));
        if key.is_empty() {
            return (StatusCode::UNAUTHORIZED, [("retry-after", "7")], Json(json!({"success": false})));
        }
        (
            StatusCode::OK,
            [("retry-after", "0")],
            Json(json!({"success": true, "processed": 1, "rejected": []})),
        )
    };
    let router = Router::new().route("/v1/events", on_post(take));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    tokio::spawn(serve(listener, router, shutdown, Times::default()));
    (format!("http://{address}"), stop)
}

fn events() -> Value {
    json!({"events": [{"eventType": "click", "timestamp": 1, "sessionId": "s", "route": "/"}]})
}

#[tokio::test]
async fn events_are_answered_by_the_service_and_by_503_without_it() {
    let asked = Asked::default();
    let (url, stop) = service(Arc::clone(&asked)).await;
    let door = Door::to(Limits::default(), Some(&url));
    let send = |key: Option<&str>| {
        let mut request = post("/v1/events");
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        request.body(Body::from(events().to_string())).unwrap()
    };
    let answer = door.send(send(Some("shop-web"))).await;
    assert_eq!((answer.status, &answer.json["processed"]), (StatusCode::OK, &json!(1)));
    let refused = door.send(send(None)).await;
    assert_eq!(
        (refused.status, &refused.headers["retry-after"]),
        (StatusCode::UNAUTHORIZED, &"7".parse().unwrap())
    );
    assert_eq!(*asked.lock(), [("shop-web".to_owned(), events()), (String::new(), events())]);
    assert_eq!(door.spool.taken().len(), 0, "nothing of it goes the way of reports");
    // A page of somewhere else is refused as it is everywhere here.
    let foreign = post("/v1/events").header("origin", "https://evil.example");
    assert_eq!(
        door.send(foreign.body(Body::from("{}")).unwrap()).await.problem(403),
        "pages of another origin may not write here"
    );
    drop(stop);
    let away = Door::to(Limits::default(), Some("http://127.0.0.1:1")).send(send(Some("shop-web"))).await;
    assert_eq!((away.status, &away.json["reason"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("unavailable")));
    assert_eq!(away.headers["retry-after"], "5");
}

#[tokio::test]
async fn without_a_service_there_is_no_such_address() {
    let answer = Door::new().post("/v1/events", &events()).await;
    assert!(answer.problem(404).contains("events of front ends"), "{answer:?}");
}
