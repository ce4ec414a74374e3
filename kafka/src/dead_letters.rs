//! Records that could not be processed, to be looked at: one trait on Kafka's topic `<topic>.dlq` and on local mode's file.
//!
//! Only reading is here: a dead letter is written by [`crate::source::RecordSource::dead_letter`], and what is done with it
//! is the store's to remember, as nothing can be taken out of the middle of a topic.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::source::{Incoming, SourceError};

/// A record that was put aside, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Names it for ever: for Kafka `<partition>-<offset>-<id of the topic of dead letters>`, in local mode a UUID. Letters,
    /// digits, `-` and `_`.
    pub id: String,
    /// When it was put aside.
    pub at: Timestamp,
    /// The stable word that the consumer gave it.
    pub reason: String,
    /// The same for people.
    pub detail: String,
    /// The id of the topic that the record lay in, where the writer knew it.
    pub topic_id: Option<String>,
    /// The record as it came: with the partition, the offset and the append time that it had.
    pub record: Incoming,
}

/// Where dead letters are read.
#[async_trait]
pub trait DeadLetterReader: Send + Sync {
    /// At most `max` of them behind `after`, the oldest first; from the first one where `after` is none, or is not there
    /// any more.
    async fn list(&self, after: Option<&str>, max: usize) -> Result<Vec<DeadLetter>, SourceError>;

    /// The one with this id; none where it is gone, or the id is none of this place.
    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, SourceError>;
}
