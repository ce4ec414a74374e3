//! What administrators did.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::{ApiState, guard::Refusal, unavailable};
use crate::people::audit;

/// Entries of one answer.
const MOST: usize = 500;

/// `GET /api/v1/audit`: the latest acts, the newest first.
pub async fn list(State(state): State<ApiState>) -> Result<Json<Value>, Refusal> {
    let entries = audit::list(&*state.store, MOST).await.map_err(unavailable)?;
    Ok(Json(json!({"entries": entries})))
}
