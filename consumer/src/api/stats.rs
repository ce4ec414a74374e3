//! Totals.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{ApiState, guard::Refusal, unavailable};
use crate::store::NEW;

/// `GET /api/v1/stats`: how issues stand, and how records come in.
pub async fn show(State(state): State<ApiState>) -> Result<Json<Value>, Refusal> {
    let since = Timestamp::now().saturating_sub(NEW).unwrap_or(Timestamp::MIN);
    let stats = state.store.stats(since).await.map_err(unavailable)?;
    let by_status = stats.by_status.iter().map(|(status, number)| {
        let word = serde_json::to_value(status).ok().and_then(|word| word.as_str().map(str::to_owned));
        (word.unwrap_or_default(), json!(number))
    });
    let by_status: Map<String, Value> = by_status.collect();
    let status = state.health.status();
    Ok(Json(json!({
        "by_status": by_status,
        "regressed": stats.regressed,
        "new": stats.new,
        "new_since": since,
        "lag": status.lag,
        "data_gaps": status.gap_records,
        "dead_lettered": status.ledger.dead_lettered,
    })))
}
