//! `dev --frustration`: events of front ends, and the sample shop with its failing service, so that there is something to be
//! frustrated by.

use std::path::Path;

use axum::{
    Router,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use consumer::Events;
use frustration::settings::Settings;
use kafka::local::local;

/// The shop's files, and the SDK that they use: name, type, content.
const FILES: [(&str, &str, &str); 4] = [
    ("", "text/html; charset=utf-8", include_str!("../../../examples/shop/index.html")),
    ("shop.js", "text/javascript; charset=utf-8", include_str!("../../../examples/shop/shop.js")),
    ("shop.css", "text/css; charset=utf-8", include_str!("../../../examples/shop/shop.css")),
    (
        "issuetracker.js",
        "text/javascript; charset=utf-8",
        include_str!("../../../sdk/browser/dist/issuetracker.js"),
    ),
];

/// What the shop's service answers: it fails where visitors want something of it.
const SERVICE: [(&str, StatusCode); 3] = [
    ("/shop/api/contact", StatusCode::SERVICE_UNAVAILABLE),
    ("/shop/api/pay/card", StatusCode::BAD_GATEWAY),
    ("/shop/api/pay/invoice", StatusCode::OK),
];

/// Both ends of the topic of events, within this process.
pub fn events(data_dir: &Path) -> Events {
    let (publisher, source) = local(1, data_dir.join("dead-events.jsonl"));
    Events { settings: Settings::local(), ends: Some((Box::new(source), Box::new(publisher))) }
}

/// The shop below `/shop/`.
pub fn routes() -> Router {
    let mut router = Router::new().route("/shop", get(|| async { Redirect::to("/shop/") }));
    for (name, media, content) in FILES {
        router = router.route(&format!("/shop/{name}"), get(move || async move { file(media, content) }));
    }
    for (path, status) in SERVICE {
        router = router.route(path, post(move || async move { (status, "{}") }));
    }
    router
}

fn file(media: &'static str, content: &'static str) -> Response {
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
