//! The backlog: what people wish for.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use uuid::Uuid;

use super::{
    Asked, UiState,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    markdown::{self, Block, Span},
    text::Shown,
    vocabulary::{self, Choice},
    when::When,
};
use crate::{
    backlog::{self, Change, Item},
    store::documents::Document,
};

/// Items that are shown, and what their descriptions may take on the page.
const SHOWN: usize = 100;
const BYTES: usize = 500;

#[derive(Template)]
#[template(path = "backlog.html")]
struct BacklogPage {
    frame: Frame,
    rows: Vec<Row>,
    left_out: usize,
    categories: Vec<&'static str>,
}

struct Row {
    id: Uuid,
    /// What a form was made from: a later change of somebody else is not undone by it.
    rank: u64,
    title: Shown,
    description: Vec<Block>,
    category: String,
    priority: Choice,
    who: Shown,
    when: When,
    done: Option<When>,
}

/// `GET /backlog`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
) -> Result<Response, Failure> {
    let now = (state.clock)();
    let items = backlog::list(state.store.as_ref()).await?;
    let left_out = items.len().saturating_sub(SHOWN);
    let row = |found: &Document<Item>| {
        let item = &found.body;
        Row {
            id: item.id,
            rank: found.rank,
            title: Shown::line(&item.title, 200),
            description: markdown::parse(&item.description, BYTES),
            category: vocabulary::word(item.category).replace('-', " "),
            priority: vocabulary::priority(item.priority),
            who: Shown::line(&item.reporter_id, 100),
            when: When::at(item.updated_at, now),
            done: item.completed_at.map(|at| When::at(at, now)),
        }
    };
    Ok(frame::page(&BacklogPage {
        frame: Frame::new(&state, &asked),
        rows: items.iter().take(SHOWN).map(row).collect(),
        left_out,
        categories: backlog::CATEGORIES.iter().map(|(word, _)| *word).collect(),
    }))
}

/// `POST /backlog`: writes an item.
pub async fn create(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let now = (state.clock)();
    let description: String =
        fields.get("description").replace("\r\n", "\n").trim().chars().take(10_000).collect();
    let change = Change {
        title: Some(fields.text("title", 200, "An item needs a title of at most 200 characters.")?),
        description: Some(description),
        category: Some(
            vocabulary::parse(fields.get("category")).ok_or(Failure::Form("This category is not known."))?,
        ),
        priority: Some(
            vocabulary::parse(fields.get("priority")).ok_or(Failure::Form("This priority is not known."))?,
        ),
        ..Change::default()
    };
    let item = change.applied_to(Item::new(&asked.identity.user, now), now);
    backlog::items(state.store.as_ref()).put(&backlog::key(item.id), 0, &item).await?;
    Ok(Redirect::to("/backlog").into_response())
}

/// `POST /backlog/{item}`: done, or not.
pub async fn act(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let completed = match fields.get("value") {
        "done" => true,
        "reopen" => false,
        _ => return Err(Failure::Form("This cannot be done to an item.")),
    };
    let id = Uuid::try_parse(&id).map_err(|_| Failure::NotFound)?;
    let items = backlog::items(state.store.as_ref());
    let found = items.get(&backlog::key(id)).await?.ok_or(Failure::NotFound)?;
    if fields.get("rank") != found.rank.to_string() {
        return Err(Failure::Stale);
    }
    let change = Change { completed: Some(completed), ..Change::default() };
    let item = change.applied_to(found.body, (state.clock)());
    if !items.put(&found.key, found.rank, &item).await? {
        return Err(Failure::Stale);
    }
    Ok(Redirect::to("/backlog").into_response())
}
