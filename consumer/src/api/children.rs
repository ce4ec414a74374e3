//! What hangs below an issue and is only read here: occurrences and activities.

use ::intake::problem::Problem;
use axum::{
    Json,
    extract::{OriginalUri, Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{ApiState, edit, guard::Refusal, issues::issue_id, no_such_issue, query, unavailable};
use crate::store::{Child, ChildKind};

/// `GET /api/v1/issues/{id}/occurrences`, newest first.
pub async fn occurrences(
    state: State<ApiState>,
    id: Path<String>,
    uri: OriginalUri,
    raw: RawQuery,
) -> Result<Response, Refusal> {
    page(state, id, uri, raw, ChildKind::Occurrences, "occurrences").await
}

/// `GET /api/v1/issues/{id}/activities`, oldest first.
pub async fn activities(
    state: State<ApiState>,
    id: Path<String>,
    uri: OriginalUri,
    raw: RawQuery,
) -> Result<Response, Refusal> {
    page(state, id, uri, raw, ChildKind::Activities, "activities").await
}

/// One page of children under the key that names them. An issue that does not exist has none, and says so.
pub async fn page(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
    kind: ChildKind,
    name: &str,
) -> Result<Response, Refusal> {
    let id = issue_id(&id)?;
    let raw = raw.unwrap_or_default();
    let asked = query::stretch(&raw).map_err(Problem::invalid)?;
    let page =
        state.store.children(id, kind, asked.cursor.as_deref(), asked.limit).await.map_err(unavailable)?;
    if page.items.is_empty() {
        edit::load(&state, id, Vec::new()).await?.issue.ok_or_else(no_such_issue)?;
    }
    let items: Vec<Value> = page.items.iter().map(value).collect();
    let body = Json(json!({name: items, "next_cursor": page.next_cursor}));
    Ok((query::link(uri.path(), &raw, page.next_cursor.as_deref()), body).into_response())
}

fn value(child: &Child) -> Value {
    match child {
        Child::Occurrence(occurrence) => json!(occurrence),
        Child::Activity(activity) => json!(activity),
        Child::Comment(comment) => json!(comment),
    }
}
