//! What somebody was told.

use ::intake::{
    fields::{Errors, Fields},
    problem::{FieldError, Problem},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{OriginalUri, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiState, body, guard::Refusal, query, unavailable};
use crate::people::Identity;

/// Ids in one request.
const MOST: usize = 100;

/// `GET /api/v1/notifications`: one's own, the newest first.
pub async fn list(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let raw = raw.unwrap_or_default();
    let asked = query::stretch(&raw).map_err(Problem::invalid)?;
    let page = state.store.inbox(&identity.user, asked.cursor.as_deref(), asked.limit);
    let page = page.await.map_err(unavailable)?;
    let unread = state.store.unread(&identity.user).await.map_err(unavailable)?;
    let link = query::link(uri.path(), &raw, page.next_cursor.as_deref());
    let body = json!({"notifications": page.items, "unread": unread, "next_cursor": page.next_cursor});
    Ok((link, Json(body)).into_response())
}

/// `POST /api/v1/notifications/read` `{"ids": […]}` or `{"all": true}`.
pub async fn read(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let ids = which(body::parse(&bytes, &state.rules)?).map_err(Problem::invalid)?;
    let marked = state.store.mark_read(&identity.user, ids).await.map_err(unavailable)?;
    Ok(Json(json!({"marked": marked})))
}

/// `None`: all.
fn which(body: Value) -> Result<Option<Vec<Uuid>>, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let all = fields.flag("all").unwrap_or_default();
    let listed = fields.list("ids");
    if !all && !(1..=MOST).contains(&listed.len()) {
        fields.refuse("ids", format!("must hold 1 to {MOST} ids, or all must be true"));
    }
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not known here"));
    let mut ids = Vec::new();
    for (pointer, id) in listed.into_iter().take(MOST) {
        match id.as_str().and_then(|id| Uuid::try_parse(id).ok()) {
            Some(id) => ids.push(id),
            None => errors.add(pointer, "must be the id of a notification"),
        }
    }
    errors.or((!all).then_some(ids))
}
