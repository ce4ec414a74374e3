//! Dead letters: list, show, replay, discard. For administrators.

use ::intake::problem::{Fault, FieldError, Problem};
use axum::{
    Extension, Json,
    extract::{OriginalUri, Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use issue::{finish::Rules, report::Redacted};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ApiState, guard::Refusal, query, unavailable};
use crate::{
    dead_letters::{Fate, Letter, LetterError},
    people::{Identity, audit},
};

/// `GET /api/v1/dead-letters`, the oldest first: those that wait; with `state=all` also those that are done with.
pub async fn list(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    RawQuery(raw): RawQuery,
) -> Result<Response, Refusal> {
    let raw = raw.unwrap_or_default();
    let (all, rest) = state_of(&raw)?;
    let asked = query::stretch(&rest).map_err(Problem::invalid)?;
    let letters =
        state.letters.list(asked.cursor.as_deref(), asked.limit, all).await.map_err(Problem::from)?;
    let items: Vec<Value> = letters.items.iter().map(|letter| head(letter, &state.rules)).collect();
    let link = query::link(uri.path(), &raw, letters.next_cursor.as_deref());
    Ok((link, Json(json!({"dead_letters": items, "next_cursor": letters.next_cursor}))).into_response())
}

/// Takes `state` out of the query.
pub(super) fn state_of(raw: &str) -> Result<(bool, String), Problem> {
    let (given, rest): (Vec<&str>, Vec<&str>) = raw.split('&').partition(|pair| pair.starts_with("state="));
    let all = match given.as_slice() {
        [] | ["state="] | ["state=waiting"] => false,
        ["state=all"] => true,
        _ => {
            let message = "must be waiting or all".to_owned();
            return Err(Problem::invalid(vec![FieldError { pointer: "?state".to_owned(), message }]));
        }
    };
    Ok((all, rest.join("&")))
}

/// `GET /api/v1/dead-letters/{id}`: with what the record holds, as text.
pub async fn show(State(state): State<ApiState>, Path(id): Path<String>) -> Result<Json<Value>, Refusal> {
    let letter = state.letters.show(&id).await.map_err(Problem::from)?;
    let mut shown = head(&letter, &state.rules);
    let payload = &letter.letter.record.payload;
    if let Some(fields) = shown.as_object_mut() {
        fields.insert("payload".to_owned(), json!(payload_text(payload, &state.rules)));
        fields.insert("payload_is_text".to_owned(), json!(std::str::from_utf8(payload).is_ok()));
    }
    Ok(Json(shown))
}

/// `POST /api/v1/dead-letters/{id}/replay`.
pub async fn replay(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let by = identity.user;
    let fate = state.letters.replay(&id, &by, Timestamp::now()).await.map_err(Problem::from)?;
    let outcome = format!("{:?}", fate.outcome);
    audit::note(&*state.store, &by, "dead-letter-replayed", &id, &outcome).await;
    Ok(Json(fate_of(&id, &fate)))
}

/// `POST /api/v1/dead-letters/{id}/discard`.
pub async fn discard(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let by = identity.user;
    let fate = state.letters.discard(&id, &by, Timestamp::now()).await.map_err(Problem::from)?;
    audit::note(&*state.store, &by, "dead-letter-discarded", &id, "").await;
    Ok(Json(fate_of(&id, &fate)))
}

/// What a list shows of a letter.
fn head(letter: &Letter, rules: &Rules) -> Value {
    let Letter { letter, fate } = letter;
    let record = &letter.record;
    let mut head = fate_of(&letter.id, fate);
    let facts = json!({
        "at": letter.at,
        "reason": letter.reason,
        "detail": text(&letter.detail, rules),
        "partition": record.partition,
        "offset": record.offset,
        "received_at": record.at,
        "key": record.key.as_ref().map(|key| text(&String::from_utf8_lossy(key), rules)),
        "bytes": record.payload.len(),
    });
    if let (Some(head), Value::Object(facts)) = (head.as_object_mut(), facts) {
        head.extend(facts);
    }
    head
}

fn fate_of(id: &str, fate: &Fate) -> Value {
    json!({
        "id": id,
        "state": fate.state,
        "done_at": fate.at,
        "done_by": fate.by,
        "outcome": fate.outcome,
        "issue_id": fate.issue_id,
    })
}

/// No sidecar of ours need have seen what lies there: secrets are cut out before anybody reads it.
pub fn payload_text(payload: &[u8], rules: &Rules) -> String {
    match serde_json::from_slice::<Value>(payload) {
        Ok(mut value) => {
            rules.redact_value(&mut value, &mut Redacted::new());
            value.to_string()
        }
        Err(_) => text(&String::from_utf8_lossy(payload), rules),
    }
}

pub fn text(given: &str, rules: &Rules) -> String {
    rules.redact_text(given, &mut Redacted::new()).into_owned()
}

impl From<LetterError> for Problem {
    fn from(error: LetterError) -> Self {
        let detail = error.to_string();
        match error {
            LetterError::Nowhere | LetterError::Unknown => Self::new(Fault::NotFound, detail),
            LetterError::Source(_) => Self::new(Fault::Unavailable, detail).with_retry_after(5),
            LetterError::Store(error) => unavailable(error),
            LetterError::Still(_) | LetterError::Refused(_) => Self::new(Fault::Invalid, detail),
            LetterError::TooLate(_) | LetterError::Replayed | LetterError::Contended => {
                Self::new(Fault::Conflict, detail)
            }
        }
    }
}
