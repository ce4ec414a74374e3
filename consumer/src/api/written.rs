//! `POST /api/v1/issues`: somebody, or a service with a token, writes an issue straight into the store.

use ::intake::{
    issues::{self, Written},
    problem::{Fault, Problem},
    vocabulary::{ISSUE_TYPES, PRIORITIES, word},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use issue::{
    id::{IssueId, SourceId},
    lifecycle::{Body as Said, Cause, Event, Sighting},
    record::{IssueBody, Place, Via},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiState, body, edit, guard::Refusal};
use crate::{
    bug,
    edit::{EditError, TRIES, once},
    people::Identity,
};

/// The namespace of marks that remember requests by their key. Marks are forgotten after 8 days, and so are keys.
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x91c3_0a5e_4d2f_4b8b_b6a7_2f10_88d4_e35c);

/// The handler.
pub async fn create(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let named = key(&headers)?;
    let bytes = body::read(&headers, body).await?;
    let mut value = body::parse(&bytes, &state.rules)?;
    body::sign(&mut value, "reporter_id", &identity);
    let written = issues::read(value).map_err(Problem::invalid)?;
    let named = named.map(|key| Named::new(key, &bytes));
    let answer = answer(&written);
    let cause = edit::cause(written.body.reporter_id.clone());
    let (id, event) = event(&state, written, named.as_ref(), &cause);
    store(&state, id, &event, &cause, named).await?;
    Ok(accepted(id, answer))
}

/// A request that its sender named.
struct Named {
    key: String,
    /// Where its mark is kept.
    source: SourceId,
    /// What its mark says: a hash of the body.
    mark: u64,
}

impl Named {
    fn new(key: String, body: &[u8]) -> Self {
        let spool = Uuid::new_v5(&KEY_NAMESPACE, key.as_bytes());
        let (mark, _) = Uuid::new_v5(&KEY_NAMESPACE, body).as_u64_pair();
        // Stores keep marks as signed numbers.
        Self { key, source: SourceId { spool, partitions: 0 }, mark: mark >> 1 }
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let fit = (1..=255).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if fit => Ok(Some(key.to_owned())),
        _ => Err(Problem::new(Fault::Malformed, "an Idempotency-Key has 1 to 255 visible ASCII characters")),
    }
}

/// A bug is fingerprinted, so that an exact repeat counts on the same issue; all else stands for itself.
fn event(state: &ApiState, written: Written, named: Option<&Named>, cause: &Cause) -> (IssueId, Event) {
    let Written { body, fingerprint, .. } = written;
    if let Some(fingerprint) = bug::fingerprint(&body, fingerprint.as_deref(), &state.rules) {
        let at = body.created_at.unwrap_or(cause.at);
        let id = IssueId::of_fingerprint(&state.tracker, &fingerprint);
        let sighting = Sighting {
            count: 1,
            first_at: at,
            last_at: at,
            via: Via::Http,
            place: Place::default(),
            body: Said::Bug { fingerprint, body },
        };
        return (id, Event::Reported(Box::new(sighting)));
    }
    let id = match named {
        Some(named) => IssueId::of_idempotency_key(&state.tracker, &named.key),
        None => IssueId(cause.id),
    };
    (id, Event::Written { body: Box::new(body), place: None })
}

/// Writes it once: a request that was named and comes again changes nothing, and another body under its name is refused.
async fn store(
    state: &ApiState,
    id: IssueId,
    event: &Event,
    cause: &Cause,
    named: Option<Named>,
) -> Result<(), Problem> {
    let sources = || named.iter().map(|named| named.source.clone()).collect();
    let marks = || named.iter().map(|named| (named.source.clone(), named.mark)).collect();
    for _ in 0..TRIES {
        let loaded = edit::load(state, id, sources()).await?;
        let known = loaded.seen.first().map(|(_, mark)| *mark);
        match (known, &named) {
            (Some(known), Some(named)) if known == named.mark => return Ok(()),
            (Some(_), Some(_)) => {
                let detail = "this Idempotency-Key was used for a request with another body";
                return Err(Problem::new(Fault::Invalid, detail));
            }
            _ => {}
        }
        if once(&*state.store, id, event, cause, loaded, marks()).await?.is_some() {
            return Ok(());
        }
    }
    Err(EditError::Contended.into())
}

fn answer(written: &Written) -> Value {
    let IssueBody { title, issue_type, priority, .. } = &written.body;
    let notes: Vec<&str> =
        ["The id is final."].into_iter().chain(written.notes.iter().map(String::as_str)).collect();
    json!({
        "id": null,
        "title": title,
        "status": "open",
        "priority": word(PRIORITIES, *priority),
        "type": word(ISSUE_TYPES, *issue_type),
        "message": "Issue accepted",
        "note": notes.join(" "),
    })
}

fn accepted(id: IssueId, mut answer: Value) -> Response {
    if let Some(place) = answer.get_mut("id") {
        *place = json!(id);
    }
    (StatusCode::ACCEPTED, [(header::LOCATION, format!("/api/v1/issues/{id}"))], Json(answer)).into_response()
}
