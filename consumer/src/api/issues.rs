//! Issues: list, show, change.

use ::intake::{
    problem::{FieldError, Problem},
    updates,
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{OriginalUri, Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use issue::{
    id::IssueId,
    lifecycle::{Changes, Event, Resolution},
};
use serde_json::{Value, json};

use super::{
    ApiState, body,
    conditions::{is_known, not_modified, tagged},
    edit,
    guard::Refusal,
    no_such_issue, query, unavailable,
};
use crate::{people::Identity, store::Sort};

/// `GET /api/v1/issues`.
pub async fn list(state: State<ApiState>, uri: OriginalUri, raw: RawQuery) -> Result<Response, Refusal> {
    page(state, uri, raw, None).await
}

/// `GET /api/v1/issues/recent`: the list by last report, whatever else is asked for.
pub async fn recent(state: State<ApiState>, uri: OriginalUri, raw: RawQuery) -> Result<Response, Refusal> {
    page(state, uri, raw, Some(Sort::LastSeen)).await
}

async fn page(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
    sort: Option<Sort>,
) -> Result<Response, Refusal> {
    let raw = raw.unwrap_or_default();
    let mut query = query::issues(&raw).map_err(Problem::invalid)?;
    query.sort = sort.unwrap_or(query.sort);
    let page = state.store.list(&query).await.map_err(unavailable)?;
    let body = Json(json!({"issues": page.items, "next_cursor": page.next_cursor}));
    Ok((query::link(uri.path(), &raw, page.next_cursor.as_deref()), body).into_response())
}

/// `GET /api/v1/issues/{id}`.
pub async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let loaded = edit::load(&state, issue_id(&id)?, Vec::new()).await?;
    let issue = loaded.issue.ok_or_else(no_such_issue)?;
    let version = &loaded.version;
    Ok(if is_known(&headers, version) { not_modified(version) } else { tagged(&issue, version) })
}

/// `PATCH /api/v1/issues/{id}`. Beside the fields, `resolution` (`now` or `next-release`) may come with
/// `status: resolved`.
pub async fn change(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let id = issue_id(&id)?;
    let actor = identity.user;
    let bytes = body::read(&headers, body).await?;
    let changes = changes(body::parse(&bytes, &state.rules)?, &actor).map_err(Problem::invalid)?;
    let event = Event::Changed(Box::new(changes));
    let edited = edit::edit(&state, id, &event, &edit::cause(actor), &headers).await?;
    Ok(tagged(&edited.issue, &edited.version))
}

/// Reads what shall change.
pub fn changes(mut body: Value, actor: &str) -> Result<Changes, Vec<FieldError>> {
    let resolution = body.as_object_mut().and_then(|body| body.shift_remove("resolution"));
    let update = updates::read_update(body, actor)?;
    let unreadable =
        |pointer: &str, message: String| vec![FieldError { pointer: pointer.to_owned(), message }];
    let mut changes = Changes::read(update.changes).map_err(|error| unreadable("", error.to_string()))?;
    if let Some(resolution) = resolution {
        changes.resolution = serde_json::from_value(resolution)
            .map_err(|_| unreadable("/resolution", r#"must be "now" or "next-release""#.to_owned()))?;
        if changes.resolution == Resolution::NextRelease
            && changes.status != Some(issue::document::Status::Resolved)
        {
            let message = "goes only with status resolved".to_owned();
            return Err(unreadable("/resolution", message));
        }
    }
    Ok(changes)
}

/// An issue's id out of an address. What is no id names no issue.
pub fn issue_id(id: &str) -> Result<IssueId, Problem> {
    id.parse().map_err(|_| no_such_issue())
}
