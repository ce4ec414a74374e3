//! What happens around every handler: who may come in, the request's name, and the one form of every refusal.

use std::time::Instant;

use ::intake::problem::{CONTENT_TYPE, Fault, Problem};
use axum::{
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::{IntakeState, hosts::Hosts};
use crate::metrics::REQUESTS;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A problem on its way out of a handler: [`guard`] writes it, because only it knows the request's name.
#[derive(Debug)]
pub struct Refusal(pub Problem);

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self.0);
        response
    }
}

/// The layer around every handler.
pub async fn guard(State(state): State<IntakeState>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = route_of(&request);
    let id = request_id(request.headers());
    let method = request.method().clone();
    let response = match admit(&state.hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => Refusal(problem).into_response(),
    };
    let (response, outcome) = finished(response, &method, id, route);
    state.metrics.count(&REQUESTS, &[route, outcome], 1);
    state.metrics.took(started.elapsed());
    response
}

/// The answer to an address that does not exist: the fallback for whoever puts the routers together.
pub async fn not_found() -> Response {
    let problem = Problem::new(Fault::NotFound, NO_ADDRESS);
    finished(Refusal(problem).into_response(), &Method::GET, new_id(), "other").0
}

const NO_ADDRESS: &str = "no such address; see POST /api/v1/issues and POST /api/v1/reports";

/// The metric label of an address: a closed set.
const ROUTES: &[(&str, &str)] = &[
    ("/api/v1/issues", "issues"),
    ("/api/v1/issues/{id}", "update"),
    ("/api/v1/issues/{id}/comments", "comments"),
    ("/api/v1/reports", "reports"),
    ("/api/{project}/envelope/", "sentry_envelope"),
    ("/api/{project}/envelope", "sentry_envelope"),
    ("/api/{project}/store/", "sentry_store"),
    ("/api/{project}/store", "sentry_store"),
    ("/v1/logs", "otlp_logs"),
    ("/v1/events", "events"),
];

fn route_of(request: &Request) -> &'static str {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    ROUTES.iter().find(|(known, _)| *known == path).map_or("other", |(_, label)| label)
}

/// Lets in what is addressed to us and not sent by a page of somebody else.
fn admit(hosts: &Hosts, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let host = match headers.get(header::HOST) {
        Some(host) => Some(host.to_str().unwrap_or_default()),
        None => request.uri().authority().map(|authority| authority.as_str()),
    };
    // Only a program can leave the header out: a browser always sends it.
    if host.is_some_and(|host| !hosts.know(host)) {
        let detail = "the Host is none of the names of this address: use 127.0.0.1 or localhost";
        return Err(Problem::new(Fault::Forbidden, detail));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    if !reads && origin.is_some_and(|origin| !hosts.know_origin(origin)) {
        return Err(Problem::new(Fault::Forbidden, "pages of another origin may not write here"));
    }
    Ok(())
}

/// The sender's name for the request if it is fit to be logged, or a fresh one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let fit = |id: &&HeaderValue| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=128).contains(&id.len()) && id.as_bytes().iter().all(plain)
    };
    headers.get(REQUEST_ID).filter(fit).cloned().unwrap_or_else(new_id)
}

fn new_id() -> HeaderValue {
    let id = Uuid::now_v7().to_string();
    // A UUID is letters, digits and dashes.
    HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("unnamed"))
}

/// Writes a refusal, names the request; and the outcome's metric label.
fn finished(
    mut response: Response,
    method: &Method,
    id: HeaderValue,
    route: &'static str,
) -> (Response, &'static str) {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| bare(&response, method));
    let outcome = problem.as_ref().map_or("ok", |problem| problem.fault.slug());
    if let Some(problem) = problem {
        let problem = problem.with_request_id(id.to_str().unwrap_or_default());
        log(&problem, route);
        write(&problem, &mut response);
    }
    response.headers_mut().insert(REQUEST_ID, id);
    (response, outcome)
}

/// The problem that axum answers with nothing but a status.
fn bare(response: &Response, method: &Method) -> Option<Problem> {
    match response.status() {
        StatusCode::NOT_FOUND => Some(Problem::new(Fault::NotFound, NO_ADDRESS)),
        StatusCode::METHOD_NOT_ALLOWED => {
            let detail =
                format!("this address does not take {method}; the header Allow names those it takes");
            Some(Problem::new(Fault::MethodNotAllowed, detail))
        }
        _ => None,
    }
}

fn write(problem: &Problem, response: &mut Response) {
    *response.status_mut() =
        StatusCode::from_u16(problem.fault.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.body_mut() = Body::from(problem.to_json());
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.fault == Fault::UnsupportedMedia {
        // RFC 9110, section 12.5.3: with 415 it says which codings a request may have.
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, deflate, br"));
    }
}

/// What the sender did wrong is the sender's to read; what we could not do is ours.
fn log(problem: &Problem, route: &'static str) {
    let id = problem.request_id.as_deref().unwrap_or_default();
    // That the spool takes nothing is said once, by the pipeline; there may be thousands of these a second.
    if problem.fault == Fault::Internal {
        tracing::warn!(request_id = id, route, detail = problem.detail, "a request was not taken");
    } else {
        tracing::debug!(request_id = id, route, detail = problem.detail, "a request was refused");
    }
}
