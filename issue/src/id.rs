//! Names of things: trackers, issues, records and the sources that number them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The namespace (in the sense of RFC 9562, section 5.5) of every issue id that is derived from a fingerprint.
/// Fixed for ever: changing it would give every known issue a second id.
const ISSUE_NAMESPACE: Uuid = Uuid::from_u128(0x6f1d_2c0e_5b7a_4d53_9e0a_1c7f_8a42_b6d1);

/// What is wrong with a name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// A tracker is `<namespace>/<name>`.
    #[error("{0:?} is not a tracker: write <namespace>/<name>, both in lower-case letters, digits and '-'")]
    Tracker(String),
    /// A source is `<uuid>/<partitions>`.
    #[error("{0:?} is not a source: a UUID, a slash and a partition count are expected")]
    Source(String),
}

/// One `IssueTracker` resource: `<namespace>/<name>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackerName(String);

impl TrackerName {
    /// The tracker of local mode.
    pub fn local() -> Self {
        Self("local/dev".to_owned())
    }

    /// Reads `<namespace>/<name>`; both are DNS labels of at most 63 characters (RFC 1123, section 2.1).
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let label = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        match text.split_once('/') {
            Some((namespace, name)) if label(namespace) && label(name) => Ok(Self(text.to_owned())),
            _ => Err(NameError::Tracker(text.to_owned())),
        }
    }

    /// `<namespace>/<name>`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TrackerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TrackerName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for TrackerName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl From<TrackerName> for String {
    fn from(name: TrackerName) -> Self {
        name.0
    }
}

/// An issue's final id, known the moment a report is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IssueId(pub Uuid);

impl IssueId {
    /// The id of the issue that reports with this fingerprint belong to: UUIDv5 of tracker and fingerprint.
    pub fn of_fingerprint(tracker: &TrackerName, fingerprint: &str) -> Self {
        Self::named(tracker, fingerprint)
    }

    /// The id of a hand-written issue whose sender named the request: the same key gives the same issue.
    pub fn of_idempotency_key(tracker: &TrackerName, key: &str) -> Self {
        // A fingerprint never begins so, hence the two kinds of name cannot meet.
        Self::named(tracker, &format!("idempotency-key:{key}"))
    }

    fn named(tracker: &TrackerName, name: &str) -> Self {
        Self(Uuid::new_v5(&ISSUE_NAMESPACE, format!("{tracker}\n{name}").as_bytes()))
    }
}

impl fmt::Display for IssueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for IssueId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

/// Who numbered a record: one spool, for as long as the topic has one partition count. `<uuid>/<partitions>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SourceId {
    /// Made with the spool, at random.
    pub spool: Uuid,
    /// The partition count that its records' partitions were computed with.
    pub partitions: u32,
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.spool, self.partitions)
    }
}

impl FromStr for SourceId {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError::Source(text.to_owned());
        let (spool, partitions) = text.split_once('/').ok_or_else(wrong)?;
        match (spool.parse(), partitions.parse()) {
            (Ok(spool), Ok(partitions)) => Ok(Self { spool, partitions }),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for SourceId {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<SourceId> for String {
    fn from(id: SourceId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_fingerprint_never_changes() {
        let id = IssueId::of_fingerprint(&TrackerName::local(), "v1:00");
        assert_eq!(id.to_string(), "ec7fbe77-9928-5e73-abf5-06947df49d3b");
    }

    #[test]
    fn trackers_do_not_share_issues() {
        let other = TrackerName::parse("payments/main").expect("a tracker");
        assert_ne!(
            IssueId::of_fingerprint(&other, "v1:00"),
            IssueId::of_fingerprint(&TrackerName::local(), "v1:00")
        );
    }

    #[test]
    fn a_tracker_is_two_dns_labels() {
        for wrong in ["", "a", "a/", "/b", "A/b", "a/b/c", "a/-b", "a/b.c"] {
            assert!(TrackerName::parse(wrong).is_err(), "{wrong:?} was taken");
        }
    }

    #[test]
    fn a_source_reads_what_it_prints() {
        let id = SourceId { spool: Uuid::from_u128(7), partitions: 6 };
        assert_eq!(id.to_string().parse(), Ok(id));
    }
}
