//! What one was told.

use askama::Template;
use axum::{
    Extension,
    extract::{Query, Request, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Asked, UiState,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    text::Shown,
    url::{Stretch, Url},
    when::When,
};

/// Notifications of one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "notifications.html")]
struct NotificationsPage {
    frame: Frame,
    items: Vec<Told>,
    next: Option<String>,
}

struct Told {
    id: String,
    url: String,
    message: Shown,
    when: When,
    is_read: bool,
}

/// `GET /notifications`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Query(stretch): Query<Stretch>,
) -> Result<Response, Failure> {
    let now = (state.clock)();
    let page = state.store.inbox(&asked.identity.user, stretch.cursor.as_deref(), PAGE).await?;
    let told = |told: &::issue::document::Notification| Told {
        id: told.id.to_string(),
        url: format!("/issues/{}", told.issue_id),
        message: Shown::line(&told.message, 300),
        when: When::at(told.created_at, now),
        is_read: told.read,
    };
    let next = page.next_cursor.as_deref();
    Ok(frame::page(&NotificationsPage {
        frame: Frame::new(&state, &asked),
        items: page.items.iter().map(told).collect(),
        next: next.map(|next| Url::of("/notifications").with("cursor", Some(next)).build()),
    }))
}

/// `POST /notifications`: marks one, or all, as read.
pub async fn read(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let ids = match fields.get("value") {
        "all" => None,
        id => Some(vec![id.parse().map_err(|_| Failure::Form("There is no such notification."))?]),
    };
    state.store.mark_read(&asked.identity.user, ids).await?;
    Ok(Redirect::to("/notifications").into_response())
}
