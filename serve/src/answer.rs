//! What stands around every answer: the request's name, and the one form of every refusal.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use intake::problem::{CONTENT_TYPE, Fault, Problem};
use uuid::Uuid;

/// The header in which a request and its answer carry the request's name.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A problem on its way out of a handler: [`finish`] writes it, because only the layer around handlers knows the request's name.
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

/// The sender's name for the request if it is fit to be logged, or a fresh one.
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    let fit = |id: &&HeaderValue| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        (1..=128).contains(&id.len()) && id.as_bytes().iter().all(plain)
    };
    headers.get(REQUEST_ID).filter(fit).cloned().unwrap_or_else(|| {
        // A UUID is letters, digits and dashes, so it always is a header's value.
        HeaderValue::from_str(&Uuid::now_v7().to_string()).unwrap_or(HeaderValue::from_static("unnamed"))
    })
}

/// Names the request, and writes the refusal if it is one: a handler's, or the router's own of an address or a method that does
/// not exist, for which `nowhere` says what there is. Returns what was refused.
pub fn finish(
    mut response: Response,
    method: &Method,
    id: HeaderValue,
    nowhere: &str,
) -> (Response, Option<Problem>) {
    let problem =
        response.extensions_mut().remove::<Problem>().or_else(|| bare(&response, method, nowhere)).map(
            |problem| {
                let problem = problem.with_request_id(id.to_str().unwrap_or_default());
                write(&problem, &mut response);
                problem
            },
        );
    response.headers_mut().insert(REQUEST_ID, id);
    (response, problem)
}

/// The problem that the router answers with nothing but a status.
fn bare(response: &Response, method: &Method, nowhere: &str) -> Option<Problem> {
    match response.status() {
        // An answer of a handler names its type; the router's own does not.
        _ if response.headers().contains_key(header::CONTENT_TYPE) => None,
        StatusCode::NOT_FOUND => Some(Problem::new(Fault::NotFound, nowhere)),
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
}
