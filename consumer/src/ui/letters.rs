//! Dead letters, for admins: what could not be processed, why, and what to do about it.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, Request, State},
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
use crate::{
    api::dead_letters::{payload_text, text},
    dead_letters::{Letter, LetterError},
    people::audit,
};

/// Letters of one page.
const PAGE: usize = 25;

#[derive(Template)]
#[template(path = "letters.html")]
struct LettersPage {
    frame: Frame,
    rows: Vec<Row>,
    next: Option<String>,
    /// Why there are none to be seen.
    trouble: Option<Shown>,
}

struct Row {
    id: String,
    url: String,
    when: When,
    reason: Shown,
    detail: Shown,
    payload: Shown,
}

/// `GET /dead-letters`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Query(stretch): Query<Stretch>,
) -> Result<Response, Failure> {
    let now = (state.clock)();
    let frame = Frame::new(&state, &asked);
    let found = match state.letters.as_deref() {
        Some(letters) => letters.list(stretch.cursor.as_deref(), PAGE, false).await,
        None => Err(LetterError::Nowhere),
    };
    let page = match found {
        Ok(letters) => {
            let row = |letter: &Letter| Row {
                id: letter.letter.id.clone(),
                url: Url::of(&format!("/dead-letters/{}", letter.letter.id)).build(),
                when: When::at(letter.letter.at, now),
                reason: Shown::line(&letter.letter.reason, 60),
                detail: Shown::line(&text(&letter.letter.detail, &state.rules), 300),
                payload: Shown::block(&payload_text(&letter.letter.record.payload, &state.rules), 2_000),
            };
            let next = letters.next_cursor.as_deref();
            LettersPage {
                frame,
                rows: letters.items.iter().map(row).collect(),
                next: next.map(|next| Url::of("/dead-letters").with("cursor", Some(next)).build()),
                trouble: None,
            }
        }
        Err(LetterError::Store(error)) => return Err(error.into()),
        Err(error) => LettersPage {
            frame,
            rows: Vec::new(),
            next: None,
            trouble: Some(Shown::line(&error.to_string(), 300)),
        },
    };
    Ok(frame::page(&page))
}

/// `POST /dead-letters/{letter}`: replay or discard.
pub async fn act(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let letters = state.letters.as_deref().ok_or(Failure::NotFound)?;
    let (by, now) = (asked.identity.user.as_str(), (state.clock)());
    let (done, act) = match fields.get("value") {
        "replay" => (letters.replay(&id, by, now).await, "dead-letter-replayed"),
        "discard" => (letters.discard(&id, by, now).await, "dead-letter-discarded"),
        _ => return Err(Failure::Form("This cannot be done to a dead letter.")),
    };
    let fate = done.map_err(|error| Failure::Refused(error.into()))?;
    audit::note(state.store.as_ref(), by, act, &id, "").await;
    Ok(match fate.issue_id {
        Some(issue) => Redirect::to(&format!("/issues/{issue}")).into_response(),
        None => Redirect::to("/dead-letters").into_response(),
    })
}
