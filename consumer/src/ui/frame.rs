//! What every page has around its own content.

use std::sync::Arc;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::{RequestId, UiState, assets::Assets, failure::Failure, text::Shown};

/// The frame of a page: `base.html` reads it.
pub struct Frame {
    /// The files to link to.
    pub assets: Arc<Assets>,
    /// Whose issues.
    pub tracker: Shown,
    /// Who looks.
    pub person: Shown,
    /// Named on pages that report a failure.
    pub request_id: String,
    /// Goes into every form.
    pub form_token: Arc<str>,
}

impl Frame {
    /// For one request.
    pub fn new(state: &UiState, request_id: &RequestId) -> Self {
        Self {
            assets: state.assets.clone(),
            tracker: Shown::line(state.tracker.as_str(), 130),
            person: Shown::line(&state.person, 60),
            request_id: request_id.0.clone(),
            form_token: state.form_token.clone(),
        }
    }
}

/// A template as an answer.
pub fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => Failure::Render(error).into_response(),
    }
}
