//! One's API tokens; for admins everybody's.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Asked, UiState,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    text::Shown,
    when::When,
};
use crate::{
    api::tokens::{self as api, Asked as Wanted},
    people::{
        Role,
        tokens::{self, MAX_DAYS, Token},
        users,
    },
};

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    frame: Frame,
    /// Shown this once.
    made: Option<String>,
    scopes: Vec<&'static str>,
    /// Whether whoever looks is a user, who can own one.
    is_user: bool,
    tokens: Vec<Row>,
}

struct Row {
    id: String,
    name: Shown,
    user: Shown,
    scope: &'static str,
    expires: String,
    is_over: bool,
    used: Option<When>,
}

/// `GET /tokens`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
) -> Result<Response, Failure> {
    list(&state, &asked, None).await
}

async fn list(state: &UiState, asked: &Asked, made: Option<String>) -> Result<Response, Failure> {
    let now = (state.clock)();
    let identity = &asked.identity;
    let all = tokens::list(state.store.as_ref()).await?;
    let theirs = |token: &&Token| identity.role == Role::Admin || api::is_theirs(token, identity);
    let row = |token: &Token| Row {
        id: token.id.clone(),
        name: Shown::line(&token.name, 100),
        user: Shown::line(&token.user, 120),
        scope: token.scope.as_str(),
        expires: token.expires_at.strftime("%Y-%m-%d").to_string(),
        is_over: token.expires_at <= now,
        used: token.last_used_at.map(|at| When::at(at, now)),
    };
    let scopes =
        Role::ALL.into_iter().filter(|role| *role != Role::Service && identity.role.at_most(*role) == *role);
    Ok(frame::page(&TokensPage {
        frame: Frame::new(state, asked),
        made,
        scopes: scopes.map(Role::as_str).collect(),
        is_user: users::find(state.store.as_ref(), &identity.user).await?.is_some(),
        tokens: all.iter().filter(theirs).map(row).collect(),
    }))
}

/// `POST /tokens`: makes one; the answer shows it.
pub async fn create(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let name = fields.text("name", 100, "A token needs a name of at most 100 characters.")?;
    let days = fields.get("days").parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
    let days = days.ok_or(Failure::Form("A token lasts 1 to 366 days."))?;
    let service = Some(fields.get("service").trim()).filter(|name| !name.is_empty()).map(str::to_owned);
    let scope = Role::parse(fields.get("scope")).filter(|_| service.is_none());
    let wanted = Wanted { name, scope, days, service };
    let (_, text) = api::make(state.store.as_ref(), &state.tracker, wanted, &asked.identity)
        .await
        .map_err(Failure::Refused)?;
    list(&state, &asked, Some(text)).await
}

/// `POST /tokens/{token}`: revokes one.
pub async fn revoke(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    Fields::read(&state, &asked, request).await?;
    api::end(state.store.as_ref(), &id, &asked.identity).await.map_err(Failure::Refused)?;
    Ok(Redirect::to("/tokens").into_response())
}
