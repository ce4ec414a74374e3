//! The pages: what a person sees of a tracker. Rendered here, readable without JavaScript, and every text in them hostile.
//!
//! A request runs through [`dress`], which names it, hands out the headers that keep a page harmless and turns a
//! [`failure::Failure`] into a page. The handlers stand in a file for each page; what they show passes through
//! [`text::Shown`] and then through askama's escaping. Changes go through [`actions`] alone, behind [`guard`].

mod actions;
mod assets;
mod chart;
mod failure;
mod filter;
mod frame;
mod guard;
mod headers;
mod issue;
mod issues;
mod markdown;
mod number;
mod terms;
mod text;
mod url;
mod vocabulary;
mod when;

use std::sync::Arc;

use ::issue::id::TrackerName;
use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use uuid::Uuid;

use self::{assets::Assets, failure::Failure, frame::Frame};
use crate::{api::NOBODY, store::IssueStore};

/// What the pages need.
#[derive(Clone)]
pub struct UiState {
    /// Where issues are.
    pub store: Arc<dyn IssueStore>,
    /// Whose pages these are.
    pub tracker: TrackerName,
    /// Who acts, where nobody logs in: `assigned:me`, and the author of what is done on a page. The API's word for it,
    /// unless it is set.
    pub person: String,
    /// The clock, so that a test can stop it.
    pub clock: fn() -> Timestamp,
    assets: Arc<Assets>,
    form_token: Arc<str>,
}

impl UiState {
    /// The pages of one tracker. Forms carry a token of this process: those of a page older than the process are refused.
    pub fn new(store: Arc<dyn IssueStore>, tracker: TrackerName) -> Self {
        Self {
            store,
            tracker,
            person: NOBODY.to_owned(),
            clock: Timestamp::now,
            assets: Arc::new(Assets::new()),
            form_token: Uuid::new_v4().simple().to_string().into(),
        }
    }
}

/// The name of one request, for the log and for whoever asks about it.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Every page. Holds the fallback too (the 404 page), so that a router with a fallback of its own must be nested, not merged.
pub fn routes(state: UiState) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/issues") }))
        .route("/issues", get(issues::show))
        .route("/issues/recent", get(|| async { Redirect::to("/issues") }))
        .route("/issues/all", get(|| async { Redirect::to("/issues?q=") }))
        .route("/issues/{id}", get(issue::show))
        .route("/issues/{id}/text", get(issue::text))
        .route("/issues/{id}/{act}", post(issue::act))
        .route("/assets/{hash}/{name}", get(assets::serve))
        .fallback(no_such_page)
        .method_not_allowed_fallback(|| async { Failure::Method })
        .layer(middleware::from_fn_with_state(state.clone(), dress))
        .with_state(state)
}

/// Programs read JSON: below `/api` the answer is left bare, and the guard around all routes writes the problem.
async fn no_such_page(uri: Uri) -> Response {
    match uri.path().strip_prefix("/api") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => StatusCode::NOT_FOUND.into_response(),
        _ => Failure::NotFound.into_response(),
    }
}

/// Names the request, and makes of every answer one that can be shown.
async fn dress(State(state): State<UiState>, mut request: Request, next: Next) -> Response {
    let id = headers::request_id(request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() {
        failure.log(&id, &path);
        response = failure.page(Frame::new(&state, &RequestId(id.clone())), response);
    }
    headers::harden(response.headers_mut(), &id);
    response
}
