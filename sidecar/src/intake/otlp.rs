//! OpenTelemetry logs: `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://127.0.0.1:6001/v1/logs`.

use ::intake::{
    otlp::{self, Export, Log},
    problem::{Fault, Problem},
    reports::Item,
};
use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use issue::{record::Via, report::Redacted};
use serde_json::{Value, json};

use super::{
    IntakeState,
    body::{self, Media, Read},
    engine,
    guard::Refusal,
    reports::{count, submissions},
};
use crate::{accept::Submission, metrics::ITEMS};

/// The two encodings of OTLP/HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

const PROTOBUF: &str = "application/x-protobuf";

/// `POST /v1/logs`.
pub async fn logs(State(state): State<IntakeState>, request: Request) -> Result<Response, Refusal> {
    let encoding = encoding(request.headers())?;
    let read = body::read(request, Media::Any, &state).await?;
    let Read { bytes, place, .. } = read;
    let told = state.work(bytes.len(), move |state| told(encoding, &bytes, state)).await?;
    let Told { submissions, ignored, rejected } = told;
    let receipts = state.accept(submissions).await?;
    drop(place);
    state.metrics.count(&ITEMS, &["otlp", "ignored"], ignored);
    count(&state, "otlp", receipts.len(), rejected);
    Ok(answer(encoding, rejected))
}

/// What an export comes to.
struct Told {
    submissions: Vec<Submission>,
    ignored: usize,
    rejected: usize,
}

fn told(encoding: Encoding, body: &[u8], state: &IntakeState) -> Result<Told, Problem> {
    let Export { logs, ignored, rejected } = match encoding {
        Encoding::Protobuf => otlp::decode_protobuf(body)?,
        Encoding::Json => otlp::decode_json(body)?,
    };
    let told: Vec<Vec<Submission>> = logs.into_iter().map(|log| submissions_of(log, state)).collect();
    let empty = told.iter().filter(|submissions| submissions.is_empty()).count();
    Ok(Told { submissions: told.into_iter().flatten().collect(), ignored, rejected: rejected + empty })
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    match media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        PROTOBUF | "application/protobuf" => Ok(Encoding::Protobuf),
        "application/json" => Ok(Encoding::Json),
        _ => {
            let detail = format!("send the export as {PROTOBUF} or application/json");
            Err(Problem::new(Fault::UnsupportedMedia, detail))
        }
    }
}

/// What a record comes to; nothing if it says nothing.
fn submissions_of(mut log: Log, state: &IntakeState) -> Vec<Submission> {
    let mut told = Value::Object(std::mem::take(&mut log.told));
    let redacted: Redacted = engine::redact(&mut told, &state.settings().rules);
    if let Value::Object(told) = told {
        log.told = told;
    }
    let Some(mut item) = otlp::read(log) else { return Vec::new() };
    name_component(&mut item, state);
    submissions(item, &redacted, Via::Otlp, state)
}

/// In a pod the workload is the component, whatever the service calls itself: the same crash on stderr must get the
/// same fingerprint. The service's name is a tag, too.
fn name_component(item: &mut Item, state: &IntakeState) {
    if let Some(workload) = state.workload() {
        item.around.component = Some(workload);
    }
}

/// What was not taken is told by the partial success that OTLP has for it.
fn answer(encoding: Encoding, rejected: usize) -> Response {
    const WHY: &str =
        "records without a body or an exception, and more than 1000 errors at once, are not taken";
    match encoding {
        Encoding::Protobuf => {
            ([(header::CONTENT_TYPE, PROTOBUF)], otlp::rejected_protobuf(rejected, WHY)).into_response()
        }
        Encoding::Json if rejected == 0 => Json(json!({})).into_response(),
        Encoding::Json => {
            let partial = json!({"rejectedLogRecords": rejected.to_string(), "errorMessage": WHY});
            Json(json!({ "partialSuccess": partial })).into_response()
        }
    }
}
