//! What went wrong with a request, as a page that says what happened and what to do, and as one line in the log.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use issue::lifecycle::Refused;

use super::frame::{self, Frame};
use crate::{edit::EditError, store::StoreError};

/// Why a page is not there.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No such page or issue.
    #[error("there is no such page")]
    NotFound,
    /// A page asked for in a way that it does not answer to.
    #[error("the page does not answer to this method")]
    Method,
    /// The form came from another site, or from a page of an earlier process.
    #[error("the form was refused: {0}")]
    Forged(&'static str),
    /// The form holds something that cannot be used.
    #[error("the form cannot be used: {0}")]
    Form(&'static str),
    /// Others changed the issue again and again while this change was tried.
    #[error("the change met others of the same issue")]
    Busy,
    /// The store does not answer.
    #[error("the store cannot be asked")]
    Store(#[from] StoreError),
    /// A template failed: a defect of ours.
    #[error("the page cannot be rendered")]
    Render(#[source] askama::Error),
}

/// What the reader is told.
struct Told {
    status: StatusCode,
    title: &'static str,
    advice: &'static str,
}

impl Failure {
    fn told(&self) -> Told {
        let (status, title, advice) = match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "There is nothing here",
                "The address may be mistyped, or the issue was deleted. Every known issue is in the list.",
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "This address does not take that",
                "It was asked for in a way that it does not answer to. Go back to the page and use its buttons.",
            ),
            Self::Forged(_) => (
                StatusCode::FORBIDDEN,
                "The form was not accepted",
                "It came from another site, or from a page that was opened before the tracker was restarted. \
                 Open the issue again and repeat the change. Nothing was changed.",
            ),
            Self::Form(_) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "The form cannot be used",
                "A value is missing, too long or not known. Go back, correct it and send it again. Nothing was changed.",
            ),
            Self::Busy => (
                StatusCode::CONFLICT,
                "Somebody else is changing this issue",
                "The change was tried several times and met others each time. Open the issue again and repeat it.",
            ),
            Self::Store(_) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The store does not answer",
                "Issues cannot be read or changed now. Reports are not lost meanwhile: they wait and are counted once the \
                 store is back. Try again in a moment.",
            ),
            Self::Render(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "This page failed",
                "That is a defect of the tracker. The log has more under the request's id.",
            ),
        };
        Told { status, title, advice }
    }

    /// One line for what an operator should know of; what a reader mistyped is none of it.
    pub fn log(&self, request_id: &str, path: &str) {
        match self {
            Self::NotFound | Self::Method | Self::Form(_) => {}
            Self::Forged(_) | Self::Busy => tracing::warn!(request_id, path, "{self}"),
            Self::Store(_) | Self::Render(_) => {
                tracing::error!(request_id, path, error = self as &dyn std::error::Error, "{self}");
            }
        }
    }

    /// The page. `plain` is what the handler answered: its headers stay (`Allow` belongs to a 405).
    pub fn page(&self, frame: Frame, plain: Response) -> Response {
        let Told { status, title, advice } = self.told();
        let detail = match self {
            Self::Form(detail) | Self::Forged(detail) => detail,
            _ => "",
        };
        let (mut parts, _) = plain.into_parts();
        let page = FailurePage { frame, code: status.as_u16(), title, advice, detail };
        let (dressed, body) = match page.render() {
            Ok(html) => axum::response::Html(html).into_response().into_parts(),
            // Even the page for failures failed: the sentence alone has to do.
            Err(_) => format!("{title}. {advice}").into_response().into_parts(),
        };
        parts.headers.extend(dressed.headers);
        parts.headers.remove(axum::http::header::CONTENT_LENGTH);
        parts.status = status;
        Response::from_parts(parts, body)
    }

    /// The sentences for a banner on a page that is otherwise there.
    pub fn banner(&self) -> (&'static str, &'static str) {
        let Told { title, advice, .. } = self.told();
        (title, advice)
    }
}

impl From<EditError> for Failure {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Store(error) => Self::Store(error),
            EditError::Refused(Refused::Merged) => {
                Self::Form("This issue is merged into another one: change that one, or unmerge first.")
            }
            // All else that a change by a person can be refused for is that there is nothing to change.
            EditError::Refused(_) => Self::NotFound,
            EditError::Contended => Self::Busy,
        }
    }
}

impl IntoResponse for Failure {
    /// Only carries the failure out to [`super::dress`], which knows the frame of its page.
    fn into_response(self) -> Response {
        let mut response = self.told().status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    frame: Frame,
    code: u16,
    title: &'static str,
    advice: &'static str,
    detail: &'static str,
}

/// A page with another status than 200.
pub fn with_status(status: StatusCode, page: &impl Template) -> Response {
    let mut response = frame::page(page);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}
