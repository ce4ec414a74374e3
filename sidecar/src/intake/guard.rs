//! What happens around every handler: who may come in, the request's name, and the one form of every refusal.

use std::time::Instant;

use ::intake::problem::{Fault, Problem};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serve::answer::{finish, request_id};

pub use serve::answer::Refusal;

use super::{IntakeState, hosts::Hosts};
use crate::metrics::REQUESTS;

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
    finished(Refusal(problem).into_response(), &Method::GET, request_id(&HeaderMap::new()), "other").0
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

/// Writes a refusal, names the request; and the outcome's metric label.
fn finished(
    response: Response,
    method: &Method,
    id: HeaderValue,
    route: &'static str,
) -> (Response, &'static str) {
    let (mut response, problem) = finish(response, method, id, NO_ADDRESS);
    let outcome = problem.as_ref().map_or("ok", |problem| problem.fault.slug());
    if let Some(problem) = problem {
        log(&problem, route);
        if problem.fault == Fault::UnsupportedMedia {
            // RFC 9110, section 12.5.3: with 415 it says which codings a request may have.
            let codings = HeaderValue::from_static("gzip, deflate, br");
            response.headers_mut().insert(header::ACCEPT_ENCODING, codings);
        }
    }
    (response, outcome)
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
