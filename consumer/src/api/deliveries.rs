//! Deliveries of incidents: what waits, what was given up and why; and another try.

use ::intake::problem::{Fault, Problem};
use axum::{
    Extension, Json,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiState, dead_letters::state_of, guard::Refusal, query, unavailable};
use crate::{
    outbound::deliveries::{self, Delivery},
    people::{Identity, audit},
    visits::incidents,
};

/// `GET /api/v1/deliveries`: those that were given up, the latest first; `state=all` shows all.
pub async fn list(State(state): State<ApiState>, RawQuery(raw): RawQuery) -> Result<Response, Refusal> {
    let (all, rest) = state_of(&raw.unwrap_or_default())?;
    let asked = query::stretch(&rest).map_err(Problem::invalid)?;
    let store = &*state.visits.store;
    let found = match all {
        true => deliveries::latest(store, asked.limit).await,
        false => deliveries::dead(store, asked.limit).await,
    };
    let items: Vec<Value> = found.map_err(unavailable)?.iter().map(|found| shown(&found.body)).collect();
    Ok(Json(json!({"deliveries": items})).into_response())
}

/// `POST /api/v1/deliveries/{delivery}/retry`.
pub async fn retry(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let missing = || Problem::new(Fault::NotFound, "there is no delivery with this id that was given up");
    let id = Uuid::try_parse(&id).map_err(|_| missing())?.to_string();
    let store = &*state.visits.store;
    let again =
        deliveries::again(store, &id, Timestamp::now()).await.map_err(unavailable)?.ok_or_else(missing)?;
    audit::note(store, &identity.user, "delivery-retried", &id, &again.outlet).await;
    Ok(Json(shown(&again)).into_response())
}

/// `POST /v1/export/trigger`: what is confirmed and not sent is wanted now, instead of within five minutes. The answer does not
/// wait for the systems outside: how many incidents of the last day are confirmed, and how many deliveries wait.
pub async fn trigger(State(state): State<ApiState>) -> Result<Response, Refusal> {
    let incidents =
        incidents::follow_confirmed(&state.visits, Timestamp::now()).await.map_err(unavailable)?;
    let waiting = deliveries::waiting(&*state.visits.store).await.map_err(unavailable)?;
    Ok(Json(json!({"success": true, "incidents": incidents, "waiting": waiting})).into_response())
}

/// The place in the order is a time only while it waits.
fn shown(delivery: &Delivery) -> Value {
    let mut value = json!(delivery);
    if let Some(members) = value.as_object_mut() {
        members.remove("order");
    }
    value
}
