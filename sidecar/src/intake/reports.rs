//! Reports told field by field or as raw text; and the way from any protocol's item to the spool.

use ::intake::{
    json,
    problem::Problem,
    reports::{self, Around, Item, What},
};
use axum::{
    Json,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use issue::{
    record::{ReportBody, Via},
    report::{Parsed, Redacted},
};
use serde_json::{Value, json};

use super::{
    IntakeState,
    body::{self, Media, Read},
    engine,
    guard::Refusal,
    issues::idempotency,
};
use crate::{
    accept::{Idempotency, Receipt, Submission, Submitted},
    metrics::ITEMS,
};

/// `POST /api/v1/reports`.
pub async fn create(State(state): State<IntakeState>, request: Request) -> Result<Response, Refusal> {
    let read = body::read(request, Media::Json, &state).await?;
    let key = idempotency(&read)?;
    let Read { bytes, place, .. } = read;
    let (taken, answers) = state.work(bytes.len(), move |state| taken_apart(&bytes, state)).await?;
    let receipts = state.accept(named(taken, key)).await?;
    drop(place);
    count(&state, "json", receipts.len(), answers.iter().filter(|answer| answer.is_err()).count());
    Ok((StatusCode::ACCEPTED, Json(json!({"items": in_order(answers, receipts)}))).into_response())
}

fn taken_apart(body: &[u8], state: &IntakeState) -> Result<(Vec<Submission>, Vec<Answer>), Problem> {
    let items = reports::split(json::parse(body)?).map_err(Problem::invalid)?;
    let items = items.into_iter().enumerate();
    apart(items.map(|(index, item)| submissions_of(item, index, state)).collect())
}

fn submissions_of(mut item: Value, index: usize, state: &IntakeState) -> Result<Vec<Submission>, Problem> {
    let redacted = engine::redact(&mut item, &state.settings().rules);
    let item = reports::read(item, index).map_err(Problem::invalid)?;
    Ok(submissions(item, &redacted, Via::Http, state))
}

/// What one item of any protocol comes to: one submission per error, none for text without any.
pub fn submissions(item: Item, redacted: &Redacted, via: Via, state: &IntakeState) -> Vec<Submission> {
    let errors = match item.what {
        What::Error(parsed) => vec![engine::completed(*parsed)],
        What::Text { text, min_level } => engine::read_text(&text, min_level),
    };
    errors.into_iter().map(|parsed| submission(parsed, &item.around, redacted, via, state)).collect()
}

fn submission(
    parsed: Parsed,
    around: &Around,
    redacted: &Redacted,
    via: Via,
    state: &IntakeState,
) -> Submission {
    let component = around.component.clone().or_else(|| state.workload());
    let report = engine::report(
        parsed,
        component.as_deref(),
        around.fingerprint.as_deref(),
        redacted,
        &state.settings().rules,
    );
    let body = ReportBody {
        title: report.title(),
        report,
        full: true,
        component,
        tags: around.tags.clone(),
        context: around.context.clone(),
    };
    let mut submission = state.submission(via, around.at, Submitted::Report(body), None);
    if around.release.is_some() {
        submission.place.release = around.release.clone();
    }
    submission
}

/// How each item will be answered: by so many receipts, or by a problem.
type Answer = Result<usize, Problem>;

/// What was read from the items apart from what is wrong with them. When all are wrong, nothing is accepted.
fn apart(read: Vec<Result<Vec<Submission>, Problem>>) -> Result<(Vec<Submission>, Vec<Answer>), Problem> {
    if read.iter().all(Result::is_err) {
        return Err(Problem::invalid(
            read.into_iter().filter_map(Result::err).flat_map(|p| p.errors).collect(),
        ));
    }
    let mut taken = Vec::new();
    let answers = read
        .into_iter()
        .map(|item| {
            item.map(|mut submissions| {
                let count = submissions.len();
                taken.append(&mut submissions);
                count
            })
        })
        .collect();
    Ok((taken, answers))
}

/// A named request names each of its submissions after itself.
fn named(mut submissions: Vec<Submission>, key: Option<Idempotency>) -> Vec<Submission> {
    if let Some(Idempotency { key, body }) = key {
        for (index, submission) in submissions.iter_mut().enumerate() {
            submission.idempotency = Some(Idempotency { key: format!("{key}/{index}"), body });
        }
    }
    submissions
}

/// The answers in the order of the items.
fn in_order(answers: Vec<Answer>, receipts: Vec<Receipt>) -> Vec<Value> {
    let mut receipts = receipts.into_iter();
    let mut items = Vec::new();
    for answer in answers {
        match answer {
            Ok(count) => items.extend(receipts.by_ref().take(count).map(|receipt| receipt_json(&receipt))),
            Err(problem) => items.push(json!({"error": problem})),
        }
    }
    items
}

fn receipt_json(receipt: &Receipt) -> Value {
    json!({
        "id": receipt.issue_id,
        "fingerprint": receipt.fingerprint,
        "state": if receipt.new { "new" } else { "repeat" },
    })
}

/// Counts what became of a request's items.
pub fn count(state: &IntakeState, protocol: &'static str, accepted: usize, refused: usize) {
    state.metrics.count(&ITEMS, &[protocol, "accepted"], accepted);
    state.metrics.count(&ITEMS, &[protocol, "refused"], refused);
}
