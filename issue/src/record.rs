//! What travels from a sidecar to the tracker service: one module owns the format, in both directions.
//!
//! A record is JSON. `kind` names the one member that holds the rest: `{"v":1,"kind":"report",…,"report":{…}}`.
//! A reader takes every released version; fields that it does not know are kept in [`Record::extra`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::{
    id::{IssueId, SourceId, TrackerName},
    report::{Priority, Report},
};

/// The version that this module writes.
pub const VERSION: u32 = 1;

/// [`VERSION`] as a header's value.
pub const VERSION_TEXT: &str = "1";

/// Name of the Kafka header that carries [`VERSION_TEXT`].
pub const VERSION_HEADER: &str = "issuetracker-version";

/// An encoded record is cut to this many bytes: text first, then context, then the outer frames.
pub const MAX_BYTES: usize = 512 * 1024;

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Format version.
    pub v: u32,
    /// What sort of record; names the member among the last five that is present.
    pub kind: RecordKind,
    /// UUIDv7, for people who search logs. Identity is `(source.id, seq)`.
    pub id: Uuid,
    /// The issue it belongs to; also the Kafka key. Ledger records carry the nil UUID.
    pub issue_id: IssueId,
    /// The tracker it is meant for.
    pub tracker: TrackerName,
    /// When it was sealed.
    pub at: Timestamp,
    /// Where it comes from.
    pub source: Source,
    /// How many reports it stands for.
    #[serde(default = "one")]
    pub count: u64,
    /// Time of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
    /// Time of the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_at: Option<Timestamp>,
    /// `kind: report`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<ReportBody>,
    /// `kind: issue`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue: Option<IssueBody>,
    /// `kind: comment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<CommentBody>,
    /// `kind: update`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<UpdateBody>,
    /// `kind: ledger`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerBody>,
    /// What a newer writer added.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

fn one() -> u64 {
    1
}

/// The closed set of record kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// One or more reports of one fingerprint; the reader decides whether they are the first.
    Report,
    /// A hand-written issue.
    Issue,
    /// A comment on an issue.
    Comment,
    /// A change of an issue's fields.
    Update,
    /// The sidecar's cumulative totals.
    Ledger,
}

/// Where a record comes from. All but `id` and `seq` are attributes: they identify nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The spool.
    pub id: SourceId,
    /// Strictly increasing per `id`.
    pub seq: u64,
    /// How the report came in.
    pub via: Via,
    /// What the report ran on.
    #[serde(flatten)]
    pub place: Place,
}

/// What a report ran on, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "the names are those of the Kubernetes objects")]
pub struct Place {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_uid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<Workload>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Image digest, or the label that overrides it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
}

/// The object that owns a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workload {
    /// `Deployment`, `StatefulSet`, `DaemonSet`, `Job`, `CronJob`, or `Process` in local mode.
    pub kind: String,
    /// Its name.
    pub name: String,
}

impl std::fmt::Display for Workload {
    /// `kind/name`, as documents name it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.kind, self.name)
    }
}

/// The way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is the protocol of its name")]
pub enum Via {
    Stderr,
    Http,
    Sentry,
    Otlp,
}

/// `kind: report`. Every record carries enough to make the issue from it; frames and text are present in full samples
/// (`full: true`) only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportBody {
    /// The report; without frames, causes and text unless `full`.
    #[serde(flatten)]
    pub report: Report,
    /// One line for a list.
    pub title: String,
    /// Whether frames, causes and text are here.
    #[serde(default)]
    pub full: bool,
    /// Workload or the caller's word; part of the fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Free labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What the caller said besides: request, user, breadcrumbs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
}

/// What an issue is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the tracker's enum")]
pub enum IssueType {
    #[default]
    Bug,
    Feature,
    Task,
    Enhancement,
}

/// `kind: issue`, as a person or a service wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IssueBody {
    /// 1–200 characters.
    pub title: String,
    /// 1–10,000 characters.
    pub description: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub issue_type: IssueType,
    /// How soon.
    pub priority: Priority,
    /// At most 100 characters.
    pub reporter_id: String,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee_id: Option<String>,
    /// Each at most 50 characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Part of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// `warning`, `error` or `critical`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What the caller said besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Value>,
    /// Set where exact repeats are occurrences of one issue (bugs written by services).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The writer's own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

/// `kind: comment`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommentBody {
    /// A claim: the actor of a record is always the service user.
    pub author_id: String,
    /// 1–5,000 characters.
    pub content: String,
}

/// `kind: update`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UpdateBody {
    /// A claim, as in [`CommentBody::author_id`].
    pub actor_id: String,
    /// New values by field: status priority type assignee_id title description tags mute.
    pub changes: Map<String, Value>,
}

/// `kind: ledger`: cumulative totals of one source, in reports. `accepted + recovered = published + paired +
/// sum(dropped) + spooled`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LedgerBody {
    /// Reports taken in since the spool was made.
    pub accepted: u64,
    /// Reports found in the spool at a start whose acceptance the totals did not hold.
    pub recovered: u64,
    /// Reports whose record the broker has acknowledged.
    pub published: u64,
    /// Second sightings of one crash, told twice by different ways in.
    pub paired: u64,
    /// Given up, by reason.
    pub dropped: std::collections::BTreeMap<String, u64>,
    /// Still in the spool.
    pub spooled: u64,
    /// Bytes of stderr that were overwritten before they could be read: nobody knows how many reports they held.
    pub gap_bytes: u64,
}

/// Why bytes are not a record. Each has a stable `reason` for metrics and dead letters.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not JSON, or not of the shape.
    #[error("the record is not readable: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A version from the future.
    #[error("the record has version {0}; this reader knows versions up to {VERSION}")]
    Version(u64),
    /// A kind that this reader does not know.
    #[error("the record has the unknown kind {0:?}")]
    Kind(String),
    /// The member that `kind` names is not there.
    #[error("the record says kind {0:?} but has no such member")]
    Body(&'static str),
}

impl DecodeError {
    /// Stable word for metrics and headers.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Version(_) => "unknown_version",
            Self::Kind(_) => "unknown_kind",
            Self::Body(_) => "missing_body",
        }
    }
}

impl Record {
    /// The bytes that travel.
    pub fn encode(&self) -> Vec<u8> {
        // A record holds only strings, numbers and maps with string keys, so serialising it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads bytes written by any released version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let record: Self = match serde_json::from_slice(bytes) {
            Ok(record) => record,
            Err(error) => return Err(explain(bytes, error)),
        };
        if record.v != VERSION {
            return Err(DecodeError::Version(record.v.into()));
        }
        let (present, name) = match record.kind {
            RecordKind::Report => (record.report.is_some(), "report"),
            RecordKind::Issue => (record.issue.is_some(), "issue"),
            RecordKind::Comment => (record.comment.is_some(), "comment"),
            RecordKind::Update => (record.update.is_some(), "update"),
            RecordKind::Ledger => (record.ledger.is_some(), "ledger"),
        };
        if present { Ok(record) } else { Err(DecodeError::Body(name)) }
    }
}

/// Says why, in the order in which an operator would ask: is it JSON, is it of our time, do we know the kind.
fn explain(bytes: &[u8], error: serde_json::Error) -> DecodeError {
    #[derive(Deserialize)]
    struct Head {
        v: Option<u64>,
        kind: Option<String>,
    }
    match serde_json::from_slice::<Head>(bytes) {
        Ok(Head { v: Some(v), .. }) if v != u64::from(VERSION) => DecodeError::Version(v),
        Ok(Head { kind: Some(kind), .. })
            if serde_json::from_value::<RecordKind>(Value::String(kind.clone())).is_err() =>
        {
            DecodeError::Kind(kind)
        }
        _ => DecodeError::Malformed(error),
    }
}
