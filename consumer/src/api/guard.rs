//! What happens around every handler: who may come in, the request's name, and the one form of every refusal.

use ::intake::problem::{CONTENT_TYPE, Fault, Problem};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use uuid::Uuid;

use super::ApiState;

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

/// The layer around everything that shows or changes an issue.
pub async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    let (mut parts, body) = request.into_parts();
    let response = match state.door.admit(&mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => Refusal(problem).into_response(),
    };
    finished(response, &method, &id)
}

/// The layer around what is open to all: names requests and writes refusals.
pub async fn name(request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let method = request.method().clone();
    finished(next.run(request).await, &method, &id)
}

/// The answer to an address that does not exist: the fallback for whoever puts the routers together.
pub async fn not_found(request: Request) -> Response {
    let id = request_id(request.headers());
    finished(StatusCode::NOT_FOUND.into_response(), request.method(), &id)
}

/// The sender's name for the request if it is fit to be logged, or a fresh one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let fit = |id: &&HeaderValue| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=128).contains(&id.len()) && id.as_bytes().iter().all(plain)
    };
    let fresh = || HeaderValue::from_str(&Uuid::now_v7().to_string());
    let given = headers.get(REQUEST_ID).filter(fit).cloned();
    // A UUID is letters, digits and dashes, so it always is a header's value.
    given.unwrap_or_else(|| fresh().unwrap_or(HeaderValue::from_static("unnamed")))
}

/// Writes a refusal and names the request.
fn finished(mut response: Response, method: &Method, id: &HeaderValue) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| bare(&response, method));
    if let Some(problem) = problem {
        let problem = problem.with_request_id(id.to_str().unwrap_or_default());
        tracing::debug!(request_id = problem.request_id, detail = problem.detail, "a request was refused");
        write(&problem, &mut response);
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id.clone());
    // Answers hold what people wrote: no browser shall take one for a page, keep it, or show it in a frame.
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The problem that the router answers with nothing but a status.
fn bare(response: &Response, method: &Method) -> Option<Problem> {
    match response.status() {
        // An answer of a handler names its type; the router's own does not.
        _ if response.headers().contains_key(header::CONTENT_TYPE) => None,
        StatusCode::NOT_FOUND => Some(Problem::new(Fault::NotFound, "no such address")),
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
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.fault == Fault::Unauthorized {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"issuetracker\""));
    }
}
