//! What the sidecar says of itself: `/api/health` for people and programs, the two probes, and `/metrics`.
//!
//! Neither probe asks for Kafka or for room in the spool: a sidecar that is cut off keeps accepting as long as it can,
//! and a pod must not leave its service because its error tracking has trouble.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::{metrics::Metrics, status::Status};

#[derive(Clone)]
struct HealthState {
    status: Status,
    metrics: Arc<Metrics>,
}

/// `GET /api/health`, `/livez`, `/readyz` and `/metrics`.
pub fn health_routes(status: Status, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/api/health", get(async |State(state): State<HealthState>| Json(health(&state.status))))
        .route("/livez", get(async || "ok"))
        .route("/readyz", get(async || "ok"))
        .route("/metrics", get(async |State(state): State<HealthState>| metrics_text(&state.metrics)))
        .with_state(HealthState { status, metrics })
}

/// `status` is `healthy` as long as the process answers: what is cut off is told by the parts.
fn health(status: &Status) -> Value {
    let now = status.read();
    let full = now.spool_limit > 0 && now.spool_bytes >= now.spool_limit;
    json!({
        "status": "healthy",
        "kafka": now.publisher,
        "last_error": now.last_error,
        "redis": now.shared,
        "settings_error": now.settings_error,
        "spool": {"bytes": now.spool_bytes, "limit": now.spool_limit, "reports": now.ledger.spooled, "full": full},
        "ledger": now.ledger,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

fn metrics_text(metrics: &Metrics) -> Response {
    match metrics.text() {
        Ok(text) => {
            ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::status::Link;

    async fn get_text(status: &Status, path: &str) -> (StatusCode, String) {
        let router = health_routes(status.clone(), Arc::new(Metrics::new(status.clone())));
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        let code = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (code, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }

    #[tokio::test]
    async fn health_is_200_whatever_is_broken_and_names_it() {
        let status = Status::default();
        status.update(|s| {
            s.publisher = Link::Down;
            s.last_error = Some("no broker".into());
            (s.spool_bytes, s.spool_limit) = (10, 10);
        });
        let (code, body) = get_text(&status, "/api/health").await;
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(code, StatusCode::OK);
        assert_eq!(body["status"], "healthy");
        assert_eq!(body["kafka"], "down");
        assert_eq!(body["last_error"], "no broker");
        assert_eq!(body["spool"]["full"], true);
        assert_eq!(body["ledger"]["accepted"], 0);
        for probe in ["/livez", "/readyz"] {
            assert_eq!(get_text(&status, probe).await, (StatusCode::OK, "ok".to_owned()));
        }
        assert!(get_text(&status, "/metrics").await.1.contains("issuetracker_sidecar_publisher_up 0"));
    }
}
