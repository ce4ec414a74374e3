//! The backlog: what people wish for. An item is like an issue without a status: it is done when it has a time of completion.

use ::intake::{
    fields::{Errors, Fields},
    issues::{COMPONENT, DESCRIPTION, PERSON, TAG, TAGS, TITLE},
    problem::{Fault, FieldError, Problem},
    vocabulary::PRIORITIES,
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{OriginalUri, Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ApiState, body,
    conditions::{check_match, is_known, not_modified, of_rank, stale, tagged},
    guard::Refusal,
    query, unavailable,
};
use crate::{
    backlog::{self, CATEGORIES, Change, Item},
    people::{Identity, audit},
    store::documents::Document,
};

/// `GET /api/v1/backlog`: what is not done first, and of these what changed last. The cursor is the id of the last one.
pub async fn list(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let raw = raw.unwrap_or_default();
    let asked = query::stretch(&raw).map_err(Problem::invalid)?;
    let items = backlog::list(&*state.store).await.map_err(unavailable)?;
    let items: Vec<Item> = items.into_iter().map(|found| found.body).collect();
    let begin = match asked.cursor.as_deref() {
        None => 0,
        Some(cursor) => {
            let last = items.iter().position(|item| item.id.simple().to_string() == cursor);
            last.map_or(items.len(), |last| last + 1)
        }
    };
    let page: Vec<&Item> = items.iter().skip(begin).take(asked.limit).collect();
    let more = begin + page.len() < items.len();
    let next = page.last().filter(|_| more).map(|last| last.id.simple().to_string());
    let link = query::link(uri.path(), &raw, next.as_deref());
    Ok((link, Json(json!({"items": page, "next_cursor": next}))).into_response())
}

/// `POST /api/v1/backlog`.
pub async fn create(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let change = read(body::parse(&bytes, &state.rules)?, true).map_err(Problem::invalid)?;
    let item = change.applied_to(Item::new(&identity.user, Timestamp::now()), Timestamp::now());
    backlog::items(&*state.store).put(&backlog::key(item.id), 0, &item).await.map_err(unavailable)?;
    let location = [(header::LOCATION, format!("/api/v1/backlog/{}", item.id))];
    Ok((StatusCode::CREATED, location, tagged(&item, &of_rank(1))).into_response())
}

/// `GET /api/v1/backlog/{item}`.
pub async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let found = find(&state, &id).await?;
    let version = of_rank(found.rank);
    Ok(if is_known(&headers, &version) { not_modified(&version) } else { tagged(&found.body, &version) })
}

/// `PATCH /api/v1/backlog/{item}`: what is absent stays; `null` clears the assignee and the component.
pub async fn change(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let change = read(body::parse(&bytes, &state.rules)?, false).map_err(Problem::invalid)?;
    let found = find(&state, &id).await?;
    check_match(&headers, &of_rank(found.rank))?;
    let item = change.applied_to(found.body, Timestamp::now());
    let items = backlog::items(&*state.store);
    if !items.put(&found.key, found.rank, &item).await.map_err(unavailable)? {
        return Err(stale().into());
    }
    Ok(tagged(&item, &of_rank(found.rank + 1)))
}

/// `DELETE /api/v1/backlog/{item}`.
pub async fn remove(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let found = find(&state, &id).await?;
    check_match(&headers, &of_rank(found.rank))?;
    let items = backlog::items(&*state.store);
    if !items.remove(&found.key, found.rank).await.map_err(unavailable)? {
        return Err(stale().into());
    }
    let item = found.body;
    audit::note(&*state.store, &identity.user, "backlog-deleted", &item.id.to_string(), &item.title).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn find(state: &ApiState, id: &str) -> Result<Document<Item>, Problem> {
    let missing = || Problem::new(Fault::NotFound, "there is no backlog item with this id");
    let id: Uuid = Uuid::try_parse(id).map_err(|_| missing())?;
    let found = backlog::items(&*state.store).get(&backlog::key(id)).await.map_err(unavailable)?;
    found.ok_or_else(missing)
}

/// Reads a new item, or what shall be different about one.
fn read(body: Value, whole: bool) -> Result<Change, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let mut change = Change::default();
    let some = |key: &'static str, fields: &mut Fields<'_>| {
        let value = fields.take_or_null(key);
        let there = value.is_some();
        if let Some(value) = value {
            fields.put(key, value);
        }
        there
    };
    if whole || some("title", &mut fields) {
        change.title = Some(fields.required("title", &TITLE));
    }
    if some("description", &mut fields) {
        change.description = Some(fields.required("description", &DESCRIPTION));
    }
    if whole || some("category", &mut fields) {
        change.category = fields.required_choice("category", CATEGORIES);
    }
    if some("priority", &mut fields) {
        change.priority = fields.required_choice("priority", PRIORITIES);
    }
    if some("assignee_id", &mut fields) {
        change.assignee_id = Some(fields.text("assignee_id", &PERSON));
    }
    if some("component", &mut fields) {
        change.component = Some(fields.text("component", &COMPONENT));
    }
    if some("tags", &mut fields) {
        change.tags = Some(fields.texts("tags", TAGS, &TAG));
    }
    change.completed = fields.flag("completed");
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not a field of a backlog item"));
    errors.or(change)
}
