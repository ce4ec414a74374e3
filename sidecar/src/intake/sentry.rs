//! Sentry's SDKs, unchanged: `SENTRY_DSN=http://x@127.0.0.1:6001/1`. The DSN's key and project say nothing here.

use ::intake::{
    json,
    problem::{Fault, Problem},
    sentry,
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderName, HeaderValue},
    response::{IntoResponse, Response},
};
use issue::record::Via;
use serde_json::json;

use super::{
    IntakeState,
    body::{self, Media},
    engine,
    guard::Refusal,
    reports::{count, submissions},
};
use crate::{accept::Submission, metrics::ITEMS};

/// `POST /api/{project}/envelope/`.
pub async fn envelope(State(state): State<IntakeState>, request: Request) -> Result<Response, Response> {
    let read = body::read(request, Media::Any, &state).await.map_err(refusal)?;
    let envelope = sentry::split(&read.bytes).map_err(refusal)?;
    state.metrics.count(&ITEMS, &["sentry", "ignored"], envelope.ignored);
    take(&envelope.events, &state).await.map_err(refusal)
}

/// `POST /api/{project}/store/`: what older SDKs send, one event as the body.
pub async fn store(State(state): State<IntakeState>, request: Request) -> Result<Response, Response> {
    let read = body::read(request, Media::Any, &state).await.map_err(refusal)?;
    take(&[read.bytes.as_slice()], &state).await.map_err(refusal)
}

async fn take(events: &[&[u8]], state: &IntakeState) -> Result<Response, Problem> {
    let mut taken = Vec::new();
    let mut id = None;
    for event in events {
        let (name, mut submissions) = submissions_of(event, state)?;
        taken.append(&mut submissions);
        id = id.or(name);
    }
    let receipts = state.accept(taken).await?;
    count(state, "sentry", receipts.len(), 0);
    Ok(Json(json!({ "id": id })).into_response())
}

fn submissions_of(event: &[u8], state: &IntakeState) -> Result<(Option<String>, Vec<Submission>), Problem> {
    let mut value = json::parse(event)?;
    let redacted = engine::redact(&mut value, &state.rules);
    let event = sentry::read(value)?;
    Ok((event.id, submissions(event.item, &redacted, Via::Sentry, state)))
}

const RATE_LIMITS: HeaderName = HeaderName::from_static("x-sentry-rate-limits");

/// SDKs keep quiet for as long as this header says, and throw away what any other refusal hits; so a full spool is
/// told them in their own words: seconds, all categories, the whole organisation.
fn refusal(problem: Problem) -> Response {
    let Some(seconds) = problem.retry_after.filter(|_| problem.fault == Fault::Unavailable) else {
        return Refusal(problem).into_response();
    };
    let limits = HeaderValue::from_str(&format!("{seconds}::organization:unavailable"));
    let told = Problem { fault: Fault::TooMany, ..problem };
    let mut response = Refusal(told).into_response();
    if let Ok(limits) = limits {
        response.headers_mut().insert(RATE_LIMITS, limits);
    }
    response
}
