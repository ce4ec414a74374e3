//! What happens around every handler: who may come in, the request's name, and the one form of every refusal.

use ::intake::problem::Fault;
use axum::{
    extract::{Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serve::answer::{finish, request_id};

pub use serve::answer::Refusal;

use super::ApiState;

/// What is said of an address that does not exist.
const NOWHERE: &str = "no such address";

/// The layer around everything that shows or changes an issue.
pub async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let (mut parts, body) = request.into_parts();
    let response = match state.door.admit(&mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => Refusal(problem).into_response(),
    };
    finished(response, &method, id)
}

/// The layer around what is open to all: names requests and writes refusals.
pub async fn name(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    finished(next.run(request).await, &method, id)
}

/// The answer to an address that does not exist: the fallback for whoever puts the routers together.
pub async fn not_found(request: Request) -> Response {
    let id = request_id(request.headers());
    finished(StatusCode::NOT_FOUND.into_response(), request.method(), id)
}

/// Writes a refusal and names the request.
fn finished(response: Response, method: &Method, id: HeaderValue) -> Response {
    let (mut response, problem) = finish(response, method, id, NOWHERE);
    let headers = response.headers_mut();
    if let Some(problem) = problem {
        tracing::debug!(request_id = problem.request_id, detail = problem.detail, "a request was refused");
        if problem.fault == Fault::Unauthorized {
            let scheme = HeaderValue::from_static("Bearer realm=\"issuetracker\"");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
    }
    // Answers hold what people wrote: no browser shall take one for a page, keep it, or show it in a frame.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
