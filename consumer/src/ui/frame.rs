//! What every page has around its own content.

use std::sync::Arc;

use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use super::{Asked, UiState, assets::Assets, failure::Failure, text::Shown};
use crate::people::{
    identity::Via,
    roles::{Act, Grant, grant},
};

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
    /// Light or dark, where they chose.
    pub theme: &'static str,
    /// What whoever looks may do, and is told.
    pub may: May,
}

impl Frame {
    /// For one request.
    pub fn new(state: &UiState, asked: &Asked) -> Self {
        let identity = &asked.identity;
        let form_token = match identity.form_token.as_str() {
            "" => state.form_token.clone(),
            token => token.into(),
        };
        Self {
            assets: state.assets.clone(),
            tracker: Shown::line(state.tracker.as_str(), 130),
            person: Shown::line(&identity.user, 60),
            request_id: asked.id.clone(),
            form_token,
            theme: asked.theme,
            may: May::of(asked),
        }
    }
}

/// What a page offers: it shows no button that would be refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct May {
    /// Whether whoever looks is known.
    pub known: bool,
    /// Whether there is a login to end.
    pub leave: bool,
    /// Write issues and backlog items.
    pub write: bool,
    /// Comment.
    pub comment: bool,
    /// Change fields.
    pub edit: bool,
    /// Merge, and change many.
    pub triage: bool,
    /// Have notifications and tokens.
    pub personal: bool,
    /// Administer.
    pub administer: bool,
    /// Notifications that were not read.
    pub unread: u64,
}

impl May {
    fn of(asked: &Asked) -> Self {
        let identity = &asked.identity;
        let known = identity.via != Via::Nobody;
        let may = |act| known && grant(identity.role, act) == Grant::Yes;
        Self {
            known,
            leave: identity.via == Via::Session,
            write: may(Act::Write),
            comment: may(Act::Comment),
            edit: may(Act::Edit),
            triage: may(Act::Triage),
            personal: may(Act::Personal),
            administer: may(Act::Administer),
            unread: asked.unread,
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
