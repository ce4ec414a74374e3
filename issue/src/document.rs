//! The documents of the tracker, in the JSON form (camelCase) that the API answers and the stores keep.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    id::IssueId,
    record::{IssueType, Place, Via},
    report::{Category, Kind, Language, Level, Priority, Report},
};

/// The version of the documents that this code writes; older ones are read.
pub const SCHEMA: u32 = 1;

/// Where an issue stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nobody has taken it, or it came back.
    #[default]
    Open,
    /// Somebody is on it.
    InProgress,
    /// Believed mended; a later report regresses it.
    Resolved,
    /// Ended without mending; reports are counted and change nothing else.
    Closed,
}

/// When a muted issue makes itself heard again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mute {
    /// At this time.
    Until(Timestamp),
    /// Once this many more reports have come: the count at which it ends.
    Count(u64),
    /// With the first report of another release than this one.
    NextRelease(String),
}

/// What one release contributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseSeen {
    /// Its first report.
    pub first_seen: Timestamp,
    /// Its last.
    pub last_seen: Timestamp,
    /// How many.
    pub count: u64,
}

/// A file that belongs to an issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "kept from the older tracker as it was")]
pub struct Attachment {
    pub url: String,
    pub name: String,
    pub size: u64,
    pub uploaded_at: Timestamp,
}

/// The thing people triage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// Final from the moment its first report was accepted.
    pub id: IssueId,
    /// One line.
    pub title: String,
    /// Free text; for a report its message.
    pub description: String,
    /// Where it stands.
    pub status: Status,
    /// How soon.
    pub priority: Priority,
    /// What it is for.
    #[serde(rename = "type")]
    pub issue_type: IssueType,
    /// A person, or the service user that reported it.
    pub reporter_id: String,
    /// Who has it.
    pub assignee_id: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// When the document was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Set while `status` is resolved.
    pub resolved_at: Option<Timestamp>,
    /// Set by "resolved in the next release": the release that was current then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_in: Option<String>,
    /// Workload, or the caller's word.
    pub component: Option<String>,
    /// As a hand-written issue gave it.
    pub severity: Option<String>,
    /// What the caller said besides.
    pub context: Option<Value>,
    /// Where the latest report came from.
    pub source: Option<Place>,
    /// What reports tell of it; absent on a hand-written issue.
    #[serde(flatten)]
    pub reported: Option<Reported>,
    /// How many reports it stands for; 0 for a hand-written issue.
    #[serde(default)]
    pub count: u64,
    /// Time of the earliest report.
    pub first_seen: Option<Timestamp>,
    /// Time of the latest.
    pub last_seen: Option<Timestamp>,
    /// Release of the earliest report that named one.
    pub first_release: Option<String>,
    /// Release of the latest.
    pub last_release: Option<String>,
    /// By release; bounded, the least recent leaves.
    #[serde(default)]
    pub releases: BTreeMap<String, ReleaseSeen>,
    /// Reports by `kind/name` of the workload; bounded.
    #[serde(default)]
    pub workloads: BTreeMap<String, u64>,
    /// Reports by hour (`2026-11-21T08`), the latest 48.
    #[serde(default)]
    pub hours: BTreeMap<String, u64>,
    /// Reports by day (`2026-11-21`), the latest 30.
    #[serde(default)]
    pub days: BTreeMap<String, u64>,
    /// Counted, silent until the condition ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<Mute>,
    /// Whether it came back after it had been resolved and has not been resolved since.
    #[serde(default)]
    pub regressed: bool,
    /// The hour in which it was last said to escalate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalated: Option<Timestamp>,
    /// How often reports came lately, for each outlet that is told of that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, Rate>,
    /// Whether it was merged into another issue, or others into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Box<Merge>>,
    /// The version of this document's form.
    pub schema: u32,
}

/// Reports of the latest minutes, as many as an outlet asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rate {
    /// How long a stretch is, in seconds.
    pub seconds: i64,
    /// Reports by stretch since 1970; only the latest are kept.
    pub stretches: BTreeMap<i64, u64>,
    /// The issue's count at its latest change.
    pub count: u64,
    /// The stretch in which this was told last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<i64>,
}

/// How an issue takes part in a merge. A member keeps its own document: its reports go on being counted there, with their
/// own marks of what was seen, and the issue that it was merged into shows the sum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Merge {
    /// It is a member of another issue, and closed as long as it is one.
    Into {
        /// Of which.
        issue: IssueId,
        /// How it stood before.
        status: Status,
        /// Likewise.
        #[serde(rename = "resolvedAt")]
        resolved_at: Option<Timestamp>,
        /// Likewise.
        #[serde(rename = "resolvedIn")]
        resolved_in: Option<String>,
        /// It is being taken out: the other one shows it no more.
        #[serde(default)]
        leaving: bool,
    },
    /// It has members: its counts are the sum.
    Of {
        /// What it counted itself.
        own: Tally,
        /// What the members contribute, as last seen.
        members: BTreeMap<IssueId, Tally>,
    },
}

/// Everything of an issue that is counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "each is the field of its name in Issue")]
pub struct Tally {
    pub count: u64,
    pub first_seen: Option<Timestamp>,
    pub last_seen: Option<Timestamp>,
    pub first_release: Option<String>,
    pub last_release: Option<String>,
    pub releases: BTreeMap<String, ReleaseSeen>,
    pub workloads: BTreeMap<String, u64>,
    pub hours: BTreeMap<String, u64>,
    pub days: BTreeMap<String, u64>,
}

/// The part of an issue that its reports tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// What decides that reports belong here.
    pub fingerprint: String,
    /// Sort of end.
    pub kind: Kind,
    /// Exception class.
    pub error_type: Option<String>,
    /// The normalised first line of the message.
    pub template: String,
    /// Who most likely is to blame.
    pub culprit: Option<String>,
    /// What it is about.
    pub category: Category,
    /// Runtime.
    pub language: Language,
    /// Severity of the latest report.
    pub level: Level,
}

/// A report counted on an issue, kept as a sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Occurrence {
    /// UUIDv5 of the record's source and seq.
    pub id: Uuid,
    /// Whose.
    pub issue_id: IssueId,
    /// Time of the last report it stands for.
    pub at: Timestamp,
    /// Broker's append time.
    pub received_at: Timestamp,
    /// How many reports came in its record.
    pub count: u64,
    /// The way in.
    pub via: Via,
    /// What it ran on.
    pub place: Place,
    /// Frames, causes and text, where the record carried a full sample.
    pub report: Option<Report>,
    /// Free labels.
    #[serde(default)]
    pub tags: Vec<String>,
    /// What the caller said besides.
    pub context: Option<Value>,
}

/// What people write to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comment {
    /// UUIDv7, or derived from the record that brought it.
    pub id: Uuid,
    /// On what.
    pub issue_id: IssueId,
    /// By whom.
    pub author_id: String,
    /// 1–5,000 characters, Markdown.
    pub content: String,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
}

/// What somebody, or a report, did to an issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Derived from what caused it, so that a replay makes the same one.
    pub id: Uuid,
    /// On what.
    pub issue_id: IssueId,
    /// What was done.
    #[serde(rename = "type")]
    pub activity_type: ActivityType,
    /// By whom.
    pub user_id: String,
    /// Old and new values.
    #[serde(default)]
    pub changes: Vec<FieldChange>,
    /// When.
    pub created_at: Timestamp,
}

/// The closed set of things that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is the act of its name")]
pub enum ActivityType {
    Created,
    Updated,
    Assigned,
    StatusChanged,
    Commented,
    Regressed,
    Muted,
    Merged,
}

/// One field, before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The JSON key.
    pub field: String,
    /// Before; null when it had none.
    pub old_value: Value,
    /// After.
    pub new_value: Value,
}

/// Tells a person that something happened to an issue of theirs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Derived from what caused it and for whom.
    pub id: Uuid,
    /// Whom.
    pub user_id: String,
    /// What happened: assigned, mentioned, status-changed, commented, regressed.
    #[serde(rename = "type")]
    pub notification_type: String,
    /// One sentence.
    pub message: String,
    /// Whether they have seen it.
    pub read: bool,
    /// On what.
    pub issue_id: IssueId,
    /// When.
    pub created_at: Timestamp,
}
