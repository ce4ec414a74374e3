//! The trait through which records reach the tracker service.

#[cfg(feature = "broker")]
pub mod broker;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;

use crate::dead_letters::DeadLetterReader;

/// A record as it lies in the topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Partition.
    pub partition: i32,
    /// Offset within it.
    pub offset: i64,
    /// When the broker appended it; the consumer's clock for state.
    pub at: Timestamp,
    /// The message key; older producers send none.
    pub key: Option<Bytes>,
    /// The value.
    pub payload: Bytes,
}

/// What a poll brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// Records, in order within each partition. Empty when the wait ran out.
    Records(Vec<Incoming>),
    /// These partitions were given to another consumer: work on them that is not committed must be dropped.
    Revoked(Vec<i32>),
    /// Retention overtook the group: the records between were deleted before anybody read them.
    Gap {
        /// Partition.
        partition: i32,
        /// First offset that is missing.
        from: i64,
        /// First offset that is there.
        to: i64,
    },
}

/// How far a partition is done: everything below `next` is stored or a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Partition.
    pub partition: i32,
    /// First offset that is not done.
    pub next: i64,
}

/// The broker cannot be asked.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{step}: {reason}")]
pub struct SourceError {
    /// The step that failed, lower case.
    pub step: &'static str,
    /// What the client said.
    pub reason: String,
}

/// How far behind the reader is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    /// Records that are in the topic and not committed.
    pub records: u64,
}

/// Where records come from. One caller.
#[async_trait]
pub trait RecordSource: Send {
    /// At most `max` records, waiting at most `wait` for the first. Cancel-safe.
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, SourceError>;

    /// Stops delivering these partitions until [`RecordSource::resume`], or until they are revoked: what is assigned
    /// again is delivered. Group membership is kept by polling on.
    fn pause(&mut self, partitions: &[i32]) -> Result<(), SourceError>;

    /// Delivers them again, from the first record that was polled and not committed.
    fn resume(&mut self, partitions: &[i32]) -> Result<(), SourceError>;

    /// Records how far each partition is done. Never before store or dead letter.
    async fn commit(&mut self, done: &[Done]) -> Result<(), SourceError>;

    /// Puts a record that can never be processed aside, durably, with its reason (a stable word) and an explanation.
    async fn dead_letter(&mut self, record: &Incoming, reason: &str, detail: &str)
    -> Result<(), SourceError>;

    /// How far behind the reader is, as last known.
    fn lag(&self) -> Lag;

    /// Names the topic as long as it exists: one that is made anew has another id. Older producers' messages have no
    /// source of their own and are numbered by it. `None` where no such messages can come, or before it is known.
    fn topic_id(&self) -> Option<String> {
        None
    }

    /// Where what was put aside by [`RecordSource::dead_letter`] is read, if it can be.
    fn dead_letters(&self) -> Option<Arc<dyn DeadLetterReader>> {
        None
    }
}
