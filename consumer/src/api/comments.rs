//! Comments: read in the order of time, written by people.

use ::intake::{problem::Problem, updates};
use axum::{
    Extension, Json,
    body::Body,
    extract::{OriginalUri, Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use issue::{document::Comment, lifecycle::Event};

use super::{ApiState, body, children, edit, guard::Refusal, issues::issue_id};
use crate::{people::Identity, store::ChildKind};

/// `GET /api/v1/issues/{id}/comments`, oldest first.
pub async fn list(
    state: State<ApiState>,
    id: Path<String>,
    uri: OriginalUri,
    raw: RawQuery,
) -> Result<Response, Refusal> {
    children::page(state, id, uri, raw, ChildKind::Comments, "comments").await
}

/// `POST /api/v1/issues/{id}/comments`. Who logged in speaks for themselves; `author_id` counts where nobody did.
pub async fn create(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let id = issue_id(&id)?;
    let bytes = body::read(&headers, body).await?;
    let mut value = body::parse(&bytes, &state.rules)?;
    body::sign(&mut value, "author_id", &identity);
    let said = updates::read_comment(value).map_err(Problem::invalid)?;
    let cause = edit::cause(said.author_id);
    let event = Event::Commented { content: said.content.clone() };
    edit::edit(&state, id, &event, &cause, &headers).await?;
    let comment = Comment {
        id: cause.id,
        issue_id: id,
        author_id: cause.actor,
        content: said.content,
        created_at: cause.at,
        updated_at: cause.at,
    };
    let location = [(header::LOCATION, format!("/api/v1/issues/{id}/comments"))];
    Ok((StatusCode::CREATED, location, Json(comment)).into_response())
}
