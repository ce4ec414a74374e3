//! What operators, probes and older clients ask: is it alive, is it ready, what has it counted.

use std::time::{Duration, Instant};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::ApiState;
use crate::{
    health::{Part, Status},
    metrics,
    store::{NEW, Store},
};

/// How old the counts of issues may be. Anybody may ask how the service is, and counting costs reads.
const COUNTED: Duration = Duration::from_secs(60);

/// How many issues there are, as it was counted last.
#[derive(Default)]
pub struct Counts(Mutex<Option<(Instant, Value)>>);

impl Counts {
    /// The counts, at most a minute old; none before the store has answered once.
    async fn get(&self, store: &dyn Store) -> Option<Value> {
        let last = self.0.lock().clone();
        if let Some((at, counts)) = &last
            && at.elapsed() < COUNTED
        {
            return Some(counts.clone());
        }
        let since = Timestamp::now().saturating_sub(NEW).ok()?;
        let Ok(Ok(stats)) = tokio::time::timeout(PATIENCE, store.stats(since)).await else {
            return last.map(|(_, counts)| counts);
        };
        let open = stats.by_status.iter().find(|(status, _)| *status == ::issue::document::Status::Open);
        let counts = json!({"open": open.map_or(0, |(_, count)| *count), "new_24h": stats.new});
        *self.0.lock() = Some((Instant::now(), counts.clone()));
        Some(counts)
    }
}

/// A store that takes longer is not ready to be read from.
const PATIENCE: Duration = Duration::from_secs(2);

/// `GET /api/health`: always 200 while the process lives; the parts say how they are.
pub async fn health(State(state): State<ApiState>) -> Json<Value> {
    let answers = store_answers(&state).await;
    let issues = if answers { state.counts.get(state.store.as_ref()).await } else { None };
    let status = state.health.status();
    let parts: serde_json::Map<String, Value> =
        Part::ALL.iter().map(|part| (part.as_str().to_owned(), part_of(&status, *part, answers))).collect();
    let ledger = &status.ledger;
    Json(json!({
        "status": "healthy",
        "service": "issuetracker-consumer",
        "version": env!("CARGO_PKG_VERSION"),
        "tracker": state.tracker,
        // The word of the older tracker for "the store answers".
        "firebase_available": answers,
        "parts": parts,
        "lag": status.lag,
        "oldest_unprocessed_seconds": metrics::oldest(&status),
        "ledger": {
            "consumed": ledger.consumed,
            "stored": ledger.stored,
            "repeat": ledger.repeat,
            "duplicate": ledger.duplicate,
            "dead_lettered": ledger.dead_lettered,
            "handed_back": ledger.handed_back,
            "in_flight": ledger.in_flight,
            "balanced": ledger.is_balanced(),
        },
        "sidecars": {"count": status.sidecar_count, "ledger": status.sidecars},
        "data_gaps": {"records": status.gap_records, "latest": status.gaps},
        "dead_letters": status.letters,
        "issues": issues,
    }))
}

fn part_of(status: &Status, part: Part, store_answers: bool) -> Value {
    match status.failing.get(&part) {
        Some(failure) => json!({"ok": false, "since": failure.since, "error": failure.error}),
        None => json!({"ok": part != Part::Store || store_answers}),
    }
}

async fn store_answers(state: &ApiState) -> bool {
    matches!(tokio::time::timeout(PATIENCE, state.store.check()).await, Ok(Ok(())))
}

/// `GET /livez`: the process answers. Never depends on Kafka or the store: a restart would mend neither.
pub async fn livez() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: whether pages and the API can be served.
pub async fn readyz(State(state): State<ApiState>) -> Response {
    if store_answers(&state).await {
        return "ok\n".into_response();
    }
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (StatusCode::SERVICE_UNAVAILABLE, plain, "the store does not answer\n").into_response()
}

/// `GET /metrics`: Prometheus' text format.
pub async fn metrics(State(state): State<ApiState>) -> Response {
    let plain = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    match metrics::text(&state.health.status(), Some(&state.visits)) {
        Ok(text) => (plain, text).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "metrics could not be written");
            (StatusCode::INTERNAL_SERVER_ERROR, plain, "metrics could not be written\n").into_response()
        }
    }
}
