//! Hand-written issues, comments and updates.

use ::intake::{
    issues::{self, Written},
    json,
    problem::{Fault, FieldError, Problem},
    updates,
    vocabulary::{ISSUE_TYPES, PRIORITIES, word},
};
use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use issue::{
    id::IssueId,
    record::{IssueBody, Via},
    report::Redacted,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    IntakeState,
    body::{self, Media, Read},
    engine,
    guard::Refusal,
};
use crate::accept::{Idempotency, Submitted};

/// `POST /api/v1/issues`.
pub async fn create(State(state): State<IntakeState>, request: Request) -> Result<Response, Refusal> {
    let read = body::read(request, Media::Json, &state).await?;
    let key = idempotency(&read)?;
    let Read { bytes, place, .. } = read;
    let mut written =
        state.work(bytes.len(), move |state| read_redacted(&bytes, state, issues::read)).await?;
    state.take_turn(&written.body.reporter_id)?;
    let issue_id = identify(&mut written, key.as_ref(), &state);
    let answer = answer(&written);
    let at = written.body.created_at;
    let submitted = Submitted::Issue { issue_id, body: written.body };
    let receipt = state.accept_one(state.submission(Via::Http, at, submitted, key)).await?;
    drop(place);
    Ok(accepted(receipt.issue_id, answer))
}

/// The final id. A bug that a service writes is fingerprinted, so that an exact repeat counts on the same issue;
/// everything else is new, except that the same `Idempotency-Key` names the same issue.
fn identify(written: &mut Written, key: Option<&Idempotency>, state: &IntakeState) -> IssueId {
    let body = &mut written.body;
    let Some(parsed) = issues::as_parsed(body) else {
        return match key {
            Some(key) => IssueId::of_idempotency_key(&state.tracker, &key.key),
            None => IssueId(Uuid::now_v7()),
        };
    };
    let component = body.component.clone().or_else(|| state.workload());
    let report = engine::report(
        parsed,
        component.as_deref(),
        written.fingerprint.as_deref(),
        &Default::default(),
        &state.settings().rules,
    );
    let id = engine::issue_of(&state.tracker, &report);
    body.component = component;
    body.fingerprint = Some(report.fingerprint);
    id
}

const NOTE: &str = "The id is final; the issue is shown once the tracker has taken it over.";

fn answer(written: &Written) -> Value {
    let IssueBody { title, issue_type, priority, .. } = &written.body;
    let note: Vec<&str> = [NOTE].into_iter().chain(written.notes.iter().map(String::as_str)).collect();
    json!({
        "title": title,
        "status": "open",
        "priority": word(PRIORITIES, *priority),
        "type": word(ISSUE_TYPES, *issue_type),
        "message": "Issue accepted",
        "note": note.join(" "),
    })
}

fn accepted(id: IssueId, mut answer: Value) -> Response {
    if let Some(answer) = answer.as_object_mut() {
        answer.shift_insert(0, "id".to_owned(), json!(id));
    }
    (StatusCode::ACCEPTED, [(header::LOCATION, format!("/api/v1/issues/{id}"))], Json(answer)).into_response()
}

/// `POST /api/v1/issues/{id}/comments`.
pub async fn comment(
    State(state): State<IntakeState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let issue_id = issue_id(&id)?;
    write(&state, request, "Comment accepted", move |value| {
        updates::read_comment(value).map(|body| Submitted::Comment { issue_id, body })
    })
    .await
}

/// `PATCH /api/v1/issues/{id}`.
pub async fn update(
    State(state): State<IntakeState>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let issue_id = issue_id(&id)?;
    let actor = claimed_user(request.headers(), &state)
        .or_else(|| state.workload())
        .unwrap_or_else(|| "service".to_owned());
    write(&state, request, "Update accepted", move |value| {
        let body = updates::read_update(value, &actor)?;
        Ok(Submitted::Update { issue_id, body })
    })
    .await
}

/// Whom the service says it acts for.
fn claimed_user(headers: &HeaderMap, state: &IntakeState) -> Option<String> {
    let user = headers.get("x-user-id")?.to_str().ok().filter(|user| !user.trim().is_empty())?;
    Some(state.settings().rules.redact_text(user, &mut Redacted::new()).into_owned())
}

/// What comments and updates share: they are published, and applied by the tracker service.
async fn write(
    state: &IntakeState,
    request: Request,
    message: &str,
    read_body: impl FnOnce(Value) -> Result<Submitted, Vec<FieldError>> + Send + 'static,
) -> Result<Response, Refusal> {
    let read = body::read(request, Media::Json, state).await?;
    let key = idempotency(&read)?;
    let Read { bytes, place, .. } = read;
    let submitted = state.work(bytes.len(), move |state| read_redacted(&bytes, state, read_body)).await?;
    let receipt = state.accept_one(state.submission(Via::Http, None, submitted, key)).await?;
    drop(place);
    let answer = json!({"id": receipt.issue_id, "message": message, "note": "It is applied once the tracker has taken it over."});
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// Reads a body after all secrets have been cut out of it.
fn read_redacted<T>(
    body: &[u8],
    state: &IntakeState,
    read: impl FnOnce(Value) -> Result<T, Vec<FieldError>>,
) -> Result<T, Problem> {
    let mut value = json::parse(body)?;
    engine::redact(&mut value, &state.settings().rules);
    read(value).map_err(Problem::invalid)
}

fn issue_id(id: &str) -> Result<IssueId, Problem> {
    id.parse()
        .map_err(|_| Problem::new(Fault::NotFound, "an issue's id is a UUID, as it was answered with 202"))
}

/// The sender's name for the request, if it gave one.
pub fn idempotency(read: &Read) -> Result<Option<Idempotency>, Problem> {
    let Some(key) = read.head.headers.get("idempotency-key") else { return Ok(None) };
    let fit = (1..=255).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if fit => {
            Ok(Some(Idempotency { key: key.to_owned(), body: Sha256::digest(&read.bytes).into() }))
        }
        _ => Err(Problem::new(Fault::Malformed, "an Idempotency-Key has 1 to 255 visible ASCII characters")),
    }
}
