//! Bytes of the topic → what they ask for, or why they can never be processed.

use issue::{
    id::{SourceId, TrackerName},
    lifecycle::{Body, Cause, Changes, Event, Sighting},
    record::{DecodeError, IssueBody, LedgerBody, Place, Record, RecordKind, UpdateBody},
};
use kafka::source::Incoming;

use super::{bounds, older};
use crate::coalesce::Entry;

/// No producer of ours makes a record so large, and no document may become so.
const MAX_BYTES: usize = 1024 * 1024;

/// A record, read.
#[derive(Debug)]
pub enum Decoded {
    /// Something for an issue.
    Entry(Box<Entry>),
    /// A sidecar's totals.
    Ledger {
        /// Whose.
        source: SourceId,
        /// The last one counts.
        seq: u64,
        /// Cumulative.
        body: LedgerBody,
    },
}

/// A record that can never be processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poison {
    /// Stable word for metrics and headers.
    pub reason: &'static str,
    /// For people.
    pub detail: String,
}

impl Poison {
    fn invalid(detail: impl Into<String>) -> Self {
        Self { reason: "invalid", detail: detail.into() }
    }
}

impl From<DecodeError> for Poison {
    fn from(error: DecodeError) -> Self {
        Self { reason: error.reason(), detail: error.to_string() }
    }
}

/// Reads one record for this tracker. `topic_id` numbers what older producers wrote.
pub fn decode(tracker: &TrackerName, topic_id: &str, incoming: &Incoming) -> Result<Decoded, Poison> {
    if incoming.payload.len() > MAX_BYTES {
        let detail =
            format!("the record has {} bytes, at most {MAX_BYTES} are taken", incoming.payload.len());
        return Err(Poison { reason: "too_large", detail });
    }
    let record = match Record::decode(&incoming.payload) {
        Ok(record) => record,
        Err(error @ DecodeError::Malformed(_)) => {
            let older = older::read(tracker, topic_id, incoming).ok_or(error)?;
            return Ok(Decoded::Entry(Box::new(older)));
        }
        Err(error) => return Err(error.into()),
    };
    if record.tracker != *tracker {
        let detail = format!("the record is meant for {}", record.tracker);
        return Err(Poison { reason: "other_tracker", detail });
    }
    of_record(record, incoming)
}

fn of_record(mut record: Record, incoming: &Incoming) -> Result<Decoded, Poison> {
    bounds::place(&mut record.source.place);
    if record.kind == RecordKind::Ledger {
        let mut body = record.ledger.ok_or(DecodeError::Body("ledger"))?;
        bounds::ledger(&mut body);
        return Ok(Decoded::Ledger { source: record.source.id, seq: record.source.seq, body });
    }
    if record.count == 0 {
        return Err(Poison::invalid("the record counts no report"));
    }
    let component = component(&record);
    let cause = Cause {
        id: Cause::id_of_record(&record.source.id, record.source.seq),
        at: incoming.at,
        actor: service_user(&record.source.place, component),
    };
    let (issue_id, reports) = (record.issue_id, record.count);
    let (source, seq) = (record.source.id.clone(), record.source.seq);
    let event = event(record)?;
    Ok(Decoded::Entry(Box::new(Entry {
        issue_id,
        source,
        seq,
        reports,
        cause,
        event,
        origin: incoming.clone(),
    })))
}

fn component(record: &Record) -> Option<&str> {
    let of_report = record.report.as_ref().and_then(|report| report.component.as_deref());
    of_report.or_else(|| record.issue.as_ref().and_then(|issue| issue.component.as_deref()))
}

/// The user that acts for a service: a record's own word about its actor is only a claim.
pub(super) fn service_user(place: &Place, component: Option<&str>) -> String {
    let workload = place.workload.as_ref().map(|workload| workload.name.as_str());
    bounds::cut(workload.or(component).unwrap_or("system"), bounds::NAME)
}

fn event(record: Record) -> Result<Event, Poison> {
    let missing = |member| Poison::from(DecodeError::Body(member));
    match record.kind {
        RecordKind::Report => {
            let mut body = record.report.clone().ok_or_else(|| missing("report"))?;
            bounds::report(&mut body).map_err(Poison::invalid)?;
            Ok(sighting(record, Body::Report(body)))
        }
        RecordKind::Issue => {
            let mut body = record.issue.clone().ok_or_else(|| missing("issue"))?;
            bounds::written(&mut body).map_err(Poison::invalid)?;
            Ok(written(record, body))
        }
        RecordKind::Comment => {
            let body = record.comment.ok_or_else(|| missing("comment"))?;
            let content = bounds::cut(&body.content, 5_000);
            if content.trim().is_empty() {
                return Err(Poison::invalid("the comment is empty"));
            }
            Ok(Event::Commented { content })
        }
        RecordKind::Update => {
            let changes = changes(record.update.ok_or_else(|| missing("update"))?)?;
            Ok(Event::ChangedByReporter { changes: Box::new(changes), place: Box::new(record.source.place) })
        }
        RecordKind::Ledger => Err(missing("ledger")),
    }
}

/// A bug that carries a fingerprint is a report like others; all else somebody wrote stands for itself.
fn written(record: Record, mut body: IssueBody) -> Event {
    match body.fingerprint.take() {
        Some(fingerprint) => {
            let body = Body::Bug { fingerprint, body };
            sighting(record, body)
        }
        None => Event::Written { body: Box::new(body), place: Some(record.source.place) },
    }
}

fn sighting(record: Record, body: Body) -> Event {
    let last_at = record.last_at.or(record.first_at).unwrap_or(record.at);
    Event::Reported(Box::new(Sighting {
        count: record.count,
        first_at: record.first_at.unwrap_or(last_at),
        last_at,
        via: record.source.via,
        place: record.source.place,
        body,
    }))
}

fn changes(body: UpdateBody) -> Result<Changes, Poison> {
    let mut changes = Changes::read(body.changes).map_err(|error| Poison::invalid(error.to_string()))?;
    bounds::changes(&mut changes).map_err(Poison::invalid)?;
    Ok(changes)
}
