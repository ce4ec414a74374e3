//! One line of an export.

use std::collections::BTreeMap;

use issue::{
    document::{Activity, Comment, Notification, Occurrence},
    id::{IssueId, SourceId},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The form of the lines. A reader takes every one up to its own. The first had no notes.
pub(super) const FORMAT: u32 = 2;

/// A line. What belongs to an issue follows its line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "short-lived, one at a time")]
pub(super) enum Line {
    /// The first one.
    Export {
        format: u32,
        at: Timestamp,
    },
    /// An issue of any schema, and which records it has counted.
    Issue {
        issue: Map<String, Value>,
        seen: BTreeMap<SourceId, u64>,
    },
    Occurrence {
        occurrence: Occurrence,
    },
    Activity {
        activity: Activity,
    },
    Comment {
        comment: Comment,
    },
    Notification {
        notification: Notification,
    },
    /// A deleted issue.
    Tombstone {
        id: IssueId,
        seen: BTreeMap<SourceId, u64>,
    },
    /// A small document beside the issues. The body of one that was removed is null.
    Note {
        about: String,
        key: String,
        rank: u64,
        body: Value,
    },
    /// The last one.
    End {
        issues: u64,
        below: u64,
        tombstones: u64,
        #[serde(default)]
        notes: u64,
    },
}
