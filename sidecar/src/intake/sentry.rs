//! Sentry's SDKs, unchanged: `SENTRY_DSN=http://x@127.0.0.1:6001/1`. The DSN's key and project say nothing here.

use ::intake::{
    json,
    problem::{Fault, Problem},
    sentry::{self, Envelope},
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
    body::{self, Media, Read},
    engine,
    guard::Refusal,
    reports::{count, submissions},
};
use crate::{accept::Submission, metrics::ITEMS};

/// `POST /api/{project}/envelope/`.
pub async fn envelope(State(state): State<IntakeState>, request: Request) -> Result<Response, Response> {
    take(request, state, sentry::split).await.map_err(refusal)
}

/// `POST /api/{project}/store/`: what older SDKs send, one event as the body.
pub async fn store(State(state): State<IntakeState>, request: Request) -> Result<Response, Response> {
    take(request, state, |body| Ok(Envelope { events: vec![body], ignored: 0 })).await.map_err(refusal)
}

async fn take(
    request: Request,
    state: IntakeState,
    split: fn(&[u8]) -> Result<Envelope<'_>, Problem>,
) -> Result<Response, Problem> {
    let Read { bytes, place, .. } = body::read(request, Media::Any, &state).await?;
    let told = state.work(bytes.len(), move |state| told(split(&bytes)?, state)).await?;
    let receipts = state.accept(told.submissions).await?;
    drop(place);
    state.metrics.count(&ITEMS, &["sentry", "ignored"], told.ignored);
    count(&state, "sentry", receipts.len(), 0);
    Ok(Json(json!({ "id": told.id })).into_response())
}

/// What an envelope comes to.
struct Told {
    /// The first event's name, which is the answer.
    id: Option<String>,
    submissions: Vec<Submission>,
    ignored: usize,
}

fn told(envelope: Envelope<'_>, state: &IntakeState) -> Result<Told, Problem> {
    let mut told = Told { id: None, submissions: Vec::new(), ignored: envelope.ignored };
    for event in envelope.events {
        let mut value = json::parse(event)?;
        let redacted = engine::redact(&mut value, &state.settings().rules);
        let event = sentry::read(value)?;
        told.id = told.id.or(event.id);
        told.submissions.extend(submissions(event.item, &redacted, Via::Sentry, state));
    }
    Ok(told)
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
