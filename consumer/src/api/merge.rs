//! Merging issues and taking them apart.

use ::intake::problem::{FieldError, Problem};
use axum::{
    Extension,
    body::Body,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use issue::id::IssueId;
use serde_json::Value;

use super::{ApiState, body, conditions::tagged, edit, guard::Refusal, issues::issue_id};
use crate::{merge, people::Identity};

/// `POST /api/v1/issues/{id}/merge` `{"into": id}`: answers the issue that shows the sum.
pub async fn merge(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let id = issue_id(&id)?;
    let cause = edit::cause(identity.user);
    let bytes = body::read(&headers, body).await?;
    let into = into(&body::parse(&bytes, &state.rules)?).map_err(Problem::invalid)?;
    let merged = merge::merge(&*state.store, id, into, &cause).await.map_err(Problem::from)?;
    Ok(tagged(&merged.issue, &merged.version))
}

/// `POST /api/v1/issues/{id}/unmerge`: answers the issue, as it stood before, with what it counted since.
pub async fn unmerge(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let cause = edit::cause(identity.user);
    let left = merge::unmerge(&*state.store, issue_id(&id)?, &cause).await.map_err(Problem::from)?;
    Ok(tagged(&left.issue, &left.version))
}

fn into(body: &Value) -> Result<IssueId, Vec<FieldError>> {
    let wrong = |pointer: &str, message: &str| {
        vec![FieldError { pointer: pointer.to_owned(), message: message.to_owned() }]
    };
    let fields = body.as_object().ok_or_else(|| wrong("", "must be an object"))?;
    if let Some(unknown) = fields.keys().find(|key| *key != "into") {
        return Err(wrong(&format!("/{unknown}"), "is not known here"));
    }
    let id = fields.get("into").and_then(Value::as_str).and_then(|id| id.parse().ok());
    id.ok_or_else(|| wrong("/into", "must be the id of an issue"))
}
