//! `POST /api/v1/incidents/{incident}/replay`: what other thresholds would have found in the same visit. Nothing is changed.

use std::collections::BTreeMap;

use ::frustration::{
    replay::Change,
    rules::{Sensitivity, SettingsError},
};
use ::intake::{
    fields::{Errors, Fields, pointer},
    problem::{Fault, FieldError, Problem},
    vocabulary::Words,
};
use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde_json::Value;

use super::super::{ApiState, body, guard::Refusal, unavailable};
use crate::visits::replay::{self, Unplayed};

/// Sensitivities by their words.
pub const SENSITIVITIES: Words<Sensitivity> =
    &[("low", Sensitivity::Low), ("medium", Sensitivity::Medium), ("high", Sensitivity::High)];

/// The handler.
pub async fn create(
    State(state): State<ApiState>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let change = read(body::parse(&bytes, &state.rules)?).map_err(Problem::invalid)?;
    let found = super::find(&state, &id).await?;
    let replayed = replay::replay(&state.visits, &found.body.incident, &change, Timestamp::now()).await;
    Ok(Json(replayed.map_err(refused)?).into_response())
}

fn refused(unplayed: Unplayed) -> Problem {
    match unplayed {
        Unplayed::Store(error) => unavailable(error),
        Unplayed::Settings(error) => Problem::invalid(vec![of_settings(&error)]),
        Unplayed::Gone => Problem::new(Fault::NotFound, "the events of this visit are not kept"),
    }
}

fn of_settings(error: &SettingsError) -> FieldError {
    let at = match error {
        SettingsError::OutOfRange { name, .. } => pointer("/thresholds", name),
        SettingsError::Unknown(name) => pointer("/thresholds", name),
        SettingsError::Glob(_) | SettingsError::TooManyRoutes(_) => String::new(),
    };
    FieldError { pointer: at, message: error.to_string() }
}

fn read(body: Value) -> Result<Change, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let sensitivity = fields.choice("sensitivity", SENSITIVITIES);
    let mut thresholds = BTreeMap::new();
    if let Some(Value::Object(given)) = fields.object("thresholds") {
        for (name, value) in given {
            match value.as_u64().and_then(|value| u32::try_from(value).ok()) {
                Some(value) => {
                    thresholds.insert(name, value);
                }
                None => fields.refuse("thresholds", "holds numbers alone, by name"),
            }
        }
    }
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not something to try"));
    errors.or(Change { sensitivity, thresholds })
}
