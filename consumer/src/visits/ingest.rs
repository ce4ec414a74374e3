//! `POST /v1/events`: events of front ends in, answered when they are durable. Open to whoever has a project's key, from the
//! origins that the project declares; what a request says is judged by `frustration::ingest`.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ::frustration::{
    event::limits::BODY,
    ingest::{self, Answer, Refusal, Request, bucket::Bucket},
    record,
};
use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::json;
use tokio::{sync::Semaphore, time::timeout};

use super::{Ready, Visits, counts::Stage, lane::Lane};

/// Bodies that are in memory at once; further ones wait.
const BODIES: usize = 64;
/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(10);
/// How long a browser may remember what it was told of the address.
const REMEMBER: &str = "600";

/// What the addresses stand on.
#[derive(Clone)]
pub struct Intake {
    visits: Arc<Visits>,
    lane: Lane,
    /// One for each project; there are no more than were set.
    buckets: Arc<Mutex<HashMap<String, Bucket>>>,
    bodies: Arc<Semaphore>,
}

/// The addresses that take events, those of the older services among them.
pub fn routes(visits: Arc<Visits>, lane: Lane) -> Router {
    let bodies = Arc::new(Semaphore::new(BODIES));
    let state = Intake { visits, lane, buckets: Arc::default(), bodies };
    Router::new()
        .route("/v1/events", post(take).options(preflight))
        .route("/v1/sessions/events", post(take_older))
        .route("/v1/sessions/process", post(take_older))
        .route("/health", get(|| async { Json(json!({"status": "healthy"})) }))
        .layer(DefaultBodyLimit::disable())
        .with_state(state)
}

/// What a browser asks before it sends a header of its own.
async fn preflight(State(intake): State<Intake>, headers: HeaderMap) -> Response {
    let allowed =
        origin(&headers).filter(|origin| is_own(&headers, origin) || intake.visits.takes_any(origin));
    let Some(origin) = allowed else { return StatusCode::FORBIDDEN.into_response() };
    let mut response = StatusCode::NO_CONTENT.into_response();
    let told = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, x-api-key, authorization"),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBER),
    ];
    for (name, value) in told {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    allow(&mut response, origin);
    response
}

/// `POST /v1/events`.
async fn take(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Response {
    let body = intake.body(body).await;
    let read = body.as_ref().map_err(|refusal| *refusal).and_then(|body| ingest::read(body));
    intake.answer(&headers, body, read).await
}

/// The addresses and bodies of the older services, answered alike.
async fn take_older(State(intake): State<Intake>, headers: HeaderMap, body: Body) -> Response {
    let body = intake.body(body).await;
    let read = body.as_ref().map_err(|refusal| *refusal).and_then(|body| ingest::older::read(body));
    intake.answer(&headers, body, read.map(|told| told.request)).await
}

impl Intake {
    /// The whole body, within its bounds.
    async fn body(&self, body: Body) -> Result<Vec<u8>, Refusal> {
        // The semaphore is never closed.
        let _place = self.bodies.acquire().await.ok();
        // A little more is read than is taken: whoever is cut off while they write do not see why.
        let read = timeout(BODY_TIME, to_bytes(body, 2 * BODY)).await;
        let read = read.map_err(|_| Refusal::Malformed("it did not arrive in time"))?;
        let bytes = read.map_err(|_| Refusal::TooLarge)?;
        if bytes.len() > BODY { Err(Refusal::TooLarge) } else { Ok(bytes.to_vec()) }
    }

    /// Takes the events of a request and says what became of them.
    async fn answer(
        &self,
        headers: &HeaderMap,
        body: Result<Vec<u8>, Refusal>,
        read: Result<Request, Refusal>,
    ) -> Response {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let in_body = match &read {
            Ok(request) => request.api_key.clone(),
            Err(_) => body.ok().and_then(|body| ingest::named_key(&body)),
        };
        let key = ingest::key(text("x-api-key"), text("authorization"), in_body.as_deref());
        let ready = key.and_then(|key| self.visits.of_key(key));
        let origin = origin(headers);
        let silent = ready.is_some_and(|ready| ready.project.silent);
        let allowed = origin.is_none_or(|origin| {
            is_own(headers, origin) || ready.is_some_and(|ready| ready.project.takes(origin))
        });
        let answer = match (ready, read) {
            // Whether the body could be read is nobody's business who has no key.
            (None, _) => self.refused(Refusal::UnknownKey, false),
            (Some(_), _) if !allowed => self.strange(),
            (Some(_), Err(refusal)) => self.refused(refusal, silent),
            (Some(ready), Ok(request)) => self.durable(ready, request).await,
        };
        let mut response = respond(&answer);
        if let Some(origin) = origin.filter(|_| allowed) {
            allow(&mut response, origin);
        }
        response
    }

    fn refused(&self, refusal: Refusal, silent: bool) -> Answer {
        self.visits.counts.add(Stage::Refused, refusal.reason(), 1);
        ingest::refuse(refusal, silent)
    }

    /// A page of an origin that the project did not declare.
    fn strange(&self) -> Answer {
        self.visits.counts.add(Stage::Refused, "origin", 1);
        let error = "pages of this origin may not send events to this project";
        Answer {
            status: 403,
            retry_after: None,
            body: json!({"success": false, "error": error, "reason": "origin"}),
        }
    }

    /// Judges, publishes, and counts only what is durable.
    async fn durable(&self, ready: &Ready, request: Request) -> Answer {
        let (project, now) = (&ready.project, Timestamp::now().as_millisecond());
        let taken = {
            let mut buckets = self.buckets.lock();
            let bucket = buckets.entry(project.name.clone()).or_insert_with(|| Bucket::new(now));
            bucket.take(request.events.len(), now)
        };
        if let Err(refusal) = taken {
            return self.refused(refusal, project.silent);
        }
        let batch = ingest::judge(&request.events, &project.name, now, &ready.reading);
        let records = record::encode(&self.visits.tracker, &batch.events);
        if let Err(error) = self.lane.publish(records).await {
            self.visits.counts.add(Stage::Refused, "unavailable", 1);
            let body = json!({"success": false, "error": error.to_string(), "reason": "unavailable"});
            return Answer { status: 503, retry_after: Some(5), body };
        }
        self.visits.counts.add(Stage::Processed, "", batch.events.len() as u64);
        for rejected in &batch.rejected {
            self.visits.counts.add(Stage::Rejected, rejected.refused.reason(), 1);
        }
        ingest::answer(batch.events.len(), &batch.rejected, project.silent)
    }
}

/// As HTTP.
fn respond(answer: &Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(&answer.body)).into_response();
    if let Some(seconds) = answer.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page's origin, as the browser tells it.
fn origin(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::ORIGIN).and_then(|value| value.to_str().ok()).filter(|origin| origin.len() <= 300)
}

/// Whether the page came from this address itself.
fn is_own(headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let of = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    host.is_some() && of == host
}

fn allow(response: &mut Response, origin: &str) {
    if let Ok(origin) = HeaderValue::from_str(origin) {
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
}
