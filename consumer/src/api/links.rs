//! Issues that tell of the same request or visit as another.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{ApiState, edit, guard::Refusal, issues::issue_id, no_such_issue, unavailable};
use crate::visits::links::{self, Linked};

/// `GET /api/v1/issues/{id}/links`.
pub async fn list(State(state): State<ApiState>, Path(id): Path<String>) -> Result<Response, Refusal> {
    let id = issue_id(&id)?;
    let found = links::of_issue(&*state.visits.store, id).await.map_err(unavailable)?;
    if found.is_empty() {
        edit::load(&state, id, Vec::new()).await?.issue.ok_or_else(no_such_issue)?;
    }
    let items: Vec<Value> = found.iter().map(shown).collect();
    Ok(Json(json!({"links": items})).into_response())
}

fn shown(linked: &Linked) -> Value {
    let Linked { link, issue } = linked;
    json!({
        "issueId": issue.id, "title": issue.title, "status": issue.status, "count": issue.count,
        "by": link.by, "incidentId": link.incident_id, "at": link.at,
    })
}
