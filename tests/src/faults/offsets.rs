//! How far a group has come, asked of Kafka itself.

use std::time::Duration;

use anyhow::{Context, Result};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Committed and last offsets of a topic, by partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offsets {
    /// First offset that is not done; 0 where nothing was committed yet.
    pub committed: Vec<i64>,
    /// One more than the last offset that is there.
    pub ends: Vec<i64>,
}

impl Offsets {
    /// Whether everything that is there is done.
    pub fn done(&self) -> bool {
        !self.ends.is_empty() && self.committed == self.ends
    }
}

/// Asks a broker.
pub fn ask(brokers: &str, topic: &str, group: &str, partitions: i32) -> Result<Offsets> {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", group)
        .create()
        .context("making a Kafka client")?;
    let mut list = TopicPartitionList::new();
    list.add_partition_range(topic, 0, partitions - 1);
    let list = client.committed_offsets(list, TIMEOUT).context("asking for committed offsets")?;
    let mut offsets = Offsets::default();
    for element in list.elements() {
        let committed = if let Offset::Offset(offset) = element.offset() { offset } else { 0 };
        let (_, end) = client.fetch_watermarks(topic, element.partition(), TIMEOUT)?;
        offsets.committed.push(committed);
        offsets.ends.push(end);
    }
    Ok(offsets)
}
