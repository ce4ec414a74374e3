//! One change for many issues.

use ::intake::{
    fields::{Errors, Fields},
    problem::{FieldError, Problem},
};
use axum::{Extension, Json, body::Body, extract::State, http::HeaderMap};
use futures::{StreamExt, stream};
use issue::{
    id::IssueId,
    lifecycle::{Changes, Event},
};
use serde_json::{Value, json};

use super::{ApiState, body, edit::cause, guard::Refusal, issues::changes};
use crate::{edit, people::Identity};

/// Issues in one request.
pub const MOST: usize = 100;

/// Changes at a time.
const AT_A_TIME: usize = 8;

/// `POST /api/v1/issues:bulk` `{"ids": […], "changes": {…}}`, the changes as in `PATCH`: an answer for each, in order. One
/// that fails does not keep the others from being done.
pub async fn bulk(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let asked = body::parse(&bytes, &state.rules)?;
    let (ids, changes) = read(asked, &identity.user).map_err(Problem::invalid)?;
    let event = Event::Changed(Box::new(changes));
    let each = ids.into_iter().map(|id| one(&state, id, &event, &identity));
    let items: Vec<Value> = stream::iter(each).buffered(AT_A_TIME).collect().await;
    Ok(Json(json!({"items": items})))
}

async fn one(state: &ApiState, id: IssueId, event: &Event, identity: &Identity) -> Value {
    let cause = cause(identity.user.clone());
    match edit::edit(&*state.store, id, event, &cause, |_| Ok::<(), Problem>(())).await {
        Ok(edited) => json!({"id": id, "status": 200, "issue": edited.issue}),
        Err(problem) => json!({"id": id, "status": problem.fault.status(), "error": problem}),
    }
}

fn read(body: Value, actor: &str) -> Result<(Vec<IssueId>, Changes), Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let listed = fields.list("ids");
    if !(1..=MOST).contains(&listed.len()) {
        fields.refuse("ids", format!("must hold 1 to {MOST} ids"));
    }
    let wished = fields.take("changes").unwrap_or_else(|| json!({}));
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not known here"));
    let mut ids: Vec<IssueId> = Vec::new();
    for (pointer, id) in listed.into_iter().take(MOST) {
        match id.as_str().and_then(|id| id.parse().ok()) {
            Some(id) if ids.contains(&id) => {}
            Some(id) => ids.push(id),
            None => errors.add(pointer, "must be the id of an issue"),
        }
    }
    let below = |error: FieldError| FieldError { pointer: format!("/changes{}", error.pointer), ..error };
    let changes = changes(wished, actor).map_err(|errors| errors.into_iter().map(below).collect::<Vec<_>>());
    match (errors.or(ids), changes) {
        (Ok(ids), Ok(changes)) => Ok((ids, changes)),
        (ids, changes) => Err([ids.err(), changes.err()].into_iter().flatten().flatten().collect()),
    }
}
