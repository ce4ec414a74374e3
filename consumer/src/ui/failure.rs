//! What went wrong with a request, as a page that says what happened and what to do, and as one line in the log.

use std::sync::Arc;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use ::intake::problem::{Fault, Problem};
use issue::lifecycle::Refused;

use super::{
    forms::Typed,
    frame::{self, Frame},
    text::Shown,
};
use crate::{edit::EditError, people::login::LoginError, store::StoreError};

/// Why a page is not there.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// No such page or issue.
    #[error("there is no such page")]
    NotFound,
    /// A page asked for in a way that it does not answer to.
    #[error("the page does not answer to this method")]
    Method,
    /// Whoever asks may not, or too often, or cannot be told from others just now.
    #[error("the request was refused: {}", .0.detail)]
    Refused(Problem),
    /// A login ended before a form was sent.
    #[error("the login has ended")]
    Ended,
    /// Somebody else changed the issue since the page was opened; what was written.
    #[error("the issue has changed since the page was opened")]
    Stale,
    /// The issuer does not let somebody in.
    #[error(transparent)]
    Login(#[from] LoginError),
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
            Self::Refused(problem) => refused(problem.fault),
            Self::Ended => (
                StatusCode::UNAUTHORIZED,
                "Your login has ended",
                "Nothing was changed. Log in again and repeat it; what you wrote is kept below to be copied.",
            ),
            Self::Stale => (
                StatusCode::PRECONDITION_FAILED,
                "Somebody else was faster",
                "This issue was changed after you opened its page. Nothing of yours was done. Open the issue again, see \
                 what is new, and decide anew.",
            ),
            Self::Login(error) => not_let_in(error),
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
            Self::NotFound | Self::Method | Self::Form(_) | Self::Refused(_) | Self::Ended | Self::Stale => {}
            Self::Forged(_) | Self::Busy | Self::Login(_) => tracing::warn!(request_id, path, "{self}"),
            Self::Store(_) | Self::Render(_) => {
                tracing::error!(request_id, path, error = self as &dyn std::error::Error, "{self}");
            }
        }
    }

    /// The page, with what was `typed` into the form that failed. `plain` is what the handler answered: its headers stay
    /// (`Allow` belongs to a 405).
    pub fn page(&self, frame: Frame, typed: &Typed, plain: Response) -> Response {
        let Told { status, title, advice } = self.told();
        let detail = match self {
            Self::Form(detail) | Self::Forged(detail) => (*detail).to_owned(),
            Self::Refused(problem) => problem.detail.clone(),
            Self::Login(LoginError::Issuer(_) | LoginError::Store(_)) => String::new(),
            Self::Login(error) => error.to_string(),
            _ => String::new(),
        };
        let (detail, kept) = (Shown::line(&detail, 400), Shown::block(typed.text(), 50_000));
        let (mut parts, _) = plain.into_parts();
        let page = FailurePage { frame, code: status.as_u16(), title, advice, detail, kept };
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

/// What the door says, in the words of a page.
fn not_let_in(error: &LoginError) -> (StatusCode, &'static str, &'static str) {
    match error {
        LoginError::Issuer(_) | LoginError::Store(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Nobody can log in just now",
            "The service that knows who you are does not answer. Try again in a moment.",
        ),
        _ => (
            StatusCode::FORBIDDEN,
            "You were not let in",
            "Begin once more from the login page. If that does not help, ask an admin of this tracker.",
        ),
    }
}

fn refused(fault: Fault) -> (StatusCode, &'static str, &'static str) {
    match fault {
        Fault::TooMany => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too fast",
            "That was more than the tracker takes from one client. Nothing was changed. Wait a little.",
        ),
        Fault::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The store does not answer",
            "Who you are cannot be looked up now, and nothing was changed. Reports are not lost meanwhile: they wait and \
             are counted once the store is back. Try again in a moment.",
        ),
        _ => (
            StatusCode::FORBIDDEN,
            "This is not for you",
            "Your role does not allow it, or it came from another site. Nothing was changed. An admin of this tracker can \
             give you another role.",
        ),
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
    detail: Shown,
    kept: Shown,
}

/// A page with another status than 200.
pub fn with_status(status: StatusCode, page: &impl Template) -> Response {
    let mut response = frame::page(page);
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}
