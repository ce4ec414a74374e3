//! Where reading of a partition begins: decided once, when the partition is assigned.
//!
//! `auto.offset.reset` cannot tell a first start from a loss, so librdkafka is never left to reset: every assignment
//! is answered with explicit offsets.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{Consumer, StreamConsumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::membership::Membership;
use crate::client::reason;
use crate::source::SourceError;
use crate::sys;

/// How long the brokers may take for each question.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Commit metadata: says which topic the offset belongs to.
const TOPIC_ID: &str = "topic=";

/// What is known of a partition when it is assigned.
#[derive(Clone, Copy, Debug)]
struct Known<'a> {
    /// The group's offset, and the id of the topic that it was committed for, when it said so.
    committed: Option<(i64, Option<&'a str>)>,
    /// The topic's id, when the brokers tell it.
    topic_id: Option<&'a str>,
    /// First offset that is there.
    low: i64,
    /// One more than the last offset that is there.
    high: i64,
}

/// Where a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    /// First offset to read.
    pub(super) at: i64,
    /// Retention deleted what lies from here to `at`, unread.
    pub(super) gap_from: Option<i64>,
    /// One more than the last offset that is there.
    pub(super) high: i64,
}

/// All that an assignment needs to know.
#[derive(Debug)]
pub(super) struct Assignment {
    /// Goes into the metadata of commits.
    pub(super) topic_id: Option<String>,
    /// By partition.
    pub(super) begins: BTreeMap<i32, Begin>,
}

fn begin(known: Known<'_>) -> Begin {
    let Known { committed, topic_id, low, high } = known;
    let begin = |at, gap_from| Begin { at, gap_from, high };
    let Some((offset, of)) = committed else {
        return begin(low, None);
    };
    let made_anew = matches!((of, topic_id), (Some(of), Some(is)) if of != is);
    // An offset that is not there yet means that the topic lost its end, or was made anew by a broker that tells no
    // ids. Everything that is there may be new; what is not is recognised by the store.
    if made_anew || offset > high {
        begin(low, None)
    } else if offset < low {
        begin(low, Some(offset))
    } else {
        begin(offset, None)
    }
}

/// Asks the brokers where to begin. Blocks.
pub(super) fn ask(
    consumer: &Arc<StreamConsumer<Membership>>,
    topic: &str,
    partitions: &[i32],
) -> Result<Assignment, SourceError> {
    let fail = |step| move |error: KafkaError| SourceError { step, reason: reason(&error) };
    let topic_id = sys::topic_id(consumer.client(), topic, TIMEOUT)
        .inspect_err(|reason| tracing::warn!(topic, reason, "the topic's id is not known"))
        .ok();
    let committed = consumer
        .committed_offsets(list(topic, partitions), TIMEOUT)
        .map_err(fail("asking for committed offsets"))?;
    let mut begins = BTreeMap::new();
    for element in committed.elements() {
        element.error().map_err(fail("asking for committed offsets"))?;
        let partition = element.partition();
        let (low, high) = consumer
            .fetch_watermarks(topic, partition, TIMEOUT)
            .map_err(fail("asking for the first and last offset"))?;
        let committed = match element.offset() {
            Offset::Offset(offset) => Some((offset, element.metadata().strip_prefix(TOPIC_ID))),
            _ => None,
        };
        begins.insert(partition, begin(Known { committed, topic_id: topic_id.as_deref(), low, high }));
    }
    Ok(Assignment { topic_id, begins })
}

/// The metadata of a commit.
pub(super) fn commit_metadata(topic_id: Option<&str>) -> String {
    topic_id.map(|id| format!("{TOPIC_ID}{id}")).unwrap_or_default()
}

/// Partitions, without offsets.
pub(super) fn list(topic: &str, partitions: &[i32]) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for &partition in partitions {
        list.add_partition(topic, partition);
    }
    list
}

/// Partitions with offsets, and metadata where they are to be committed.
pub(super) fn offsets(
    topic: &str,
    offsets: impl Iterator<Item = (i32, i64)>,
    metadata: &str,
) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in offsets {
        let mut element = list.add_partition(topic, partition);
        element.set_offset(Offset::Offset(offset))?;
        if !metadata.is_empty() {
            element.set_metadata(metadata);
        }
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(committed: Option<(i64, Option<&str>)>, topic_id: Option<&str>, at: i64, gap_from: Option<i64>) {
        let begun = begin(Known { committed, topic_id, low: 10, high: 20 });
        assert_eq!(begun, Begin { at, gap_from, high: 20 }, "{committed:?} {topic_id:?}");
    }

    #[test]
    fn a_group_begins_where_it_ended_and_a_gap_is_told() {
        let id = Some("mine");
        check(None, id, 10, None);
        check(Some((15, id)), id, 15, None);
        check(Some((10, id)), id, 10, None);
        check(Some((20, id)), id, 20, None);
        check(Some((4, id)), id, 10, Some(4));
        check(Some((4, None)), id, 10, Some(4));
        check(Some((15, None)), None, 15, None);
    }

    #[test]
    fn on_a_topic_made_anew_it_begins_with_the_first_record() {
        check(Some((15, Some("old"))), Some("new"), 10, None);
        check(Some((4, Some("old"))), Some("new"), 10, None);
        check(Some((21, None)), None, 10, None);
    }
}
