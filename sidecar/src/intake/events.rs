//! Events of front ends, for programs of this pod that tell of their visitors (a server that renders pages, say): handed to the
//! tracker service as they come, and answered with its answer.
//!
//! Nothing is kept here. Whose key it is, what may not be stored and how much is taken is judged in one place, the service; an
//! answer of 200 means what it means there: the events are on the brokers. While the service is away the answer is 503, and
//! whoever sent them keeps them: an event that is sent twice counts once.

use std::{str::FromStr, time::Duration};

use ::intake::problem::{Fault, Problem};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::Response,
};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::{net::TcpStream, time::timeout};

use super::{
    IntakeState,
    body::{self, Media},
    guard::Refusal,
};

/// How long the service may take to be reached, and to answer: it tells itself after 10 s that its brokers do not.
const REACHED: Duration = Duration::from_secs(2);
const ANSWERED: Duration = Duration::from_secs(15);

/// Bytes of its answer.
const ANSWER: usize = 64 * 1024;

/// Requests under way at once; more are refused at once, so that a slow service holds up nothing here.
pub(super) const UNDER_WAY: usize = 16;

/// Headers that go along: what the events are, and whose.
const ALONG: [HeaderName; 4] =
    [header::CONTENT_TYPE, header::AUTHORIZATION, header::ORIGIN, HeaderName::from_static("x-api-key")];

/// Headers of the answer that come back.
const BACK: [HeaderName; 3] = [header::CONTENT_TYPE, header::RETRY_AFTER, header::CACHE_CONTROL];

/// The tracker service, as the pods of its namespace reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    authority: String,
    address: String,
}

impl FromStr for Service {
    type Err = &'static str;

    /// `http://HOST[:PORT]`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let otherwise = "write http://HOST:PORT, the tracker service";
        let uri: Uri = text.parse().map_err(|_| otherwise)?;
        let plain = uri.scheme_str() == Some("http") && uri.path() == "/" && uri.query().is_none();
        let authority = uri.authority().filter(|authority| plain && !authority.as_str().contains('@'));
        let authority = authority.ok_or(otherwise)?;
        let address = format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(80));
        Ok(Self { authority: authority.to_string(), address })
    }
}

/// `POST /v1/events`.
pub async fn take(State(state): State<IntakeState>, request: Request) -> Result<Response, Refusal> {
    let Some(service) = state.events.clone() else {
        let detail = "no tracker of this sidecar takes events of front ends";
        return Err(Problem::new(Fault::NotFound, detail).into());
    };
    let Ok(_place) = state.events_under_way.clone().try_acquire_owned() else {
        return Ok(away("too many requests wait for it"));
    };
    // Read within the bounds of everything else here; the service has the narrower ones of events.
    let body::Read { head, bytes, place } = body::read(request, Media::Any, &state).await?;
    // Its place among large bodies is for reports again: this one has a place of its own.
    drop(place);
    let sent = forward(&service, &head.headers, bytes);
    Ok(match timeout(ANSWERED, sent).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(reason)) => {
            tracing::debug!(reason, "events were not handed on");
            away("it cannot be reached")
        }
        Err(_) => away("it does not answer in time"),
    })
}

async fn forward(service: &Service, headers: &HeaderMap, body: Vec<u8>) -> Result<Response, String> {
    let reached = timeout(REACHED, TcpStream::connect(&service.address)).await;
    let stream =
        reached.map_err(|_| "no connection in time".to_owned())?.map_err(|error| error.to_string())?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let mut request = hyper::Request::builder()
        .method(Method::POST)
        .uri("/v1/events")
        .header(header::HOST, service.authority.as_str())
        .header(header::CONNECTION, "close");
    for name in ALONG {
        if let Some(value) = headers.get(&name) {
            request = request.header(name, value);
        }
    }
    let request = request.body(Full::new(Bytes::from(body))).map_err(|error| error.to_string())?;
    let exchange = async move {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER).collect().await.map_err(|error| error.to_string())?.to_bytes();
        Ok::<_, String>((head, body))
    };
    let (exchanged, _) = tokio::join!(exchange, connection);
    let (head, body) = exchanged?;
    answered(head.status, &head.headers, body)
}

/// The service's own answer. What it never says (a redirection, a page) is somebody else's.
fn answered(status: StatusCode, headers: &HeaderMap, body: Bytes) -> Result<Response, String> {
    if !status.is_success() && !status.is_client_error() && !status.is_server_error() {
        return Err(format!("it answered {status}"));
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    for name in BACK {
        if let Some(value) = headers.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response)
}

/// In the words of the service, which is away.
fn away(reason: &str) -> Response {
    let error = format!("the events could not be made durable: the tracker service is away ({reason})");
    let body = json!({"success": false, "error": error, "reason": "unavailable"});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_address_of_a_service_is_one() {
        for (text, address) in [
            ("http://issuetracker.shop:6001", Some("issuetracker.shop:6001")),
            ("http://issuetracker.shop", Some("issuetracker.shop:80")),
            ("https://issuetracker.shop", None),
            ("http://a@b:1", None),
            ("http://b:1/path", None),
            ("issuetracker:6001", None),
            ("", None),
        ] {
            let read = text.parse::<Service>().ok().map(|service| service.address);
            assert_eq!(read.as_deref(), address, "{text}");
        }
    }
}
