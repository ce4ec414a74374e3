//! Incidents of visitors: read, told of, confirmed, dismissed, suppressed.

use ::frustration::incident::Status;
use ::intake::{
    fields::{Errors, Fields},
    json::parse,
    problem::{Fault, FieldError, Problem},
    vocabulary::Words,
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{OriginalUri, Path, RawQuery, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    ApiState, body,
    conditions::{check_match, is_known, not_modified, of_rank, stale, tagged},
    guard::Refusal,
    query, unavailable,
};
use crate::{
    people::Identity,
    store::documents::Document,
    visits::{
        given,
        incidents::{self, Decision, Kept},
    },
};

pub mod replay;
mod told;

/// Statuses by their words.
pub const STATUSES: Words<Status> =
    &[("new", Status::New), ("confirmed", Status::Confirmed), ("dismissed", Status::Dismissed)];

/// `GET /api/v1/incidents`, the newest first.
pub async fn list(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let raw = raw.unwrap_or_default();
    let asked = query::incidents(&raw).map_err(Problem::invalid)?;
    let page = incidents::list(&*state.visits.store, &asked).await.map_err(unavailable)?;
    let link = query::link(uri.path(), &raw, page.next_cursor.as_deref());
    let items: Vec<Value> = page.items.iter().map(shown).collect();
    Ok((link, Json(json!({"incidents": items, "next_cursor": page.next_cursor}))).into_response())
}

/// `GET /api/v1/incidents/{incident}`.
pub async fn show(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let found = find(&state, &id).await?;
    let version = of_rank(found.rank);
    Ok(if is_known(&headers, &version) {
        not_modified(&version)
    } else {
        tagged(shown(&found.body), &version)
    })
}

/// `POST /api/v1/incidents`: an incident that something else found. It is kept once, and decided on like any other.
pub async fn create(
    State(state): State<ApiState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let now = Timestamp::now();
    let bytes = body::read(&headers, body).await?;
    let mut told = body::parse(&bytes, &state.rules)?;
    told::keep_visit(&mut told, &parse(&bytes)?);
    let told = told::read(told, now).map_err(Problem::invalid)?;
    let taken = given::take(&state.visits, told, now).await.map_err(unavailable)?;
    let answer = json!({"success": true, "duplicate": taken.duplicate, "incident_id": taken.id});
    Ok(Json(answer).into_response())
}

/// `PATCH /api/v1/incidents/{incident}`: what is absent stays. What is confirmed becomes an occurrence of an issue, and goes
/// out where the settings say so.
pub async fn change(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let decision = read(body::parse(&bytes, &state.rules)?).map_err(Problem::invalid)?;
    let found = find(&state, &id).await?;
    check_match(&headers, &of_rank(found.rank))?;
    incidents::decide(&state.visits, found, decision, &identity.user, Timestamp::now())
        .await
        .map_err(unavailable)?
        .ok_or_else(stale)?;
    let found = find(&state, &id).await?;
    Ok(tagged(shown(&found.body), &of_rank(found.rank)))
}

async fn find(state: &ApiState, id: &str) -> Result<Document<Kept>, Problem> {
    let found = incidents::get(&*state.visits.store, id).await.map_err(unavailable)?;
    found.ok_or_else(|| Problem::new(Fault::NotFound, "there is no incident with this id"))
}

/// The place in lists is nobody's business.
fn shown(kept: &Kept) -> Value {
    let mut value = json!(kept);
    if let Some(members) = value.as_object_mut() {
        members.remove("order");
    }
    value
}

fn read(body: Value) -> Result<Decision, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let decision =
        Decision { status: fields.choice("status", STATUSES), suppressed: fields.flag("suppressed") };
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not something to decide on an incident"));
    if fields.is_sound() && decision == Decision::default() {
        fields.refuse("status", "or suppressed says what is decided");
    }
    errors.or(decision)
}
