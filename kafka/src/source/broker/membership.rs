//! What the group decides, noted down by librdkafka's callback for [`super::BrokerSource`] to act on.
//!
//! The callback runs within a poll, so it must not wait. Partitions that are taken away are given up at once. New ones
//! are only noted: where to begin needs questions to the brokers, and the group waits for the answer meanwhile.

use std::sync::{Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::TopicPartitionList;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use tokio::sync::Notify;

use crate::client::{self, Connection};

/// A decision of the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// These partitions are this consumer's, as soon as it says where it begins.
    Assigned(Vec<i32>),
    /// These are not any more.
    Revoked(Vec<i32>),
}

/// The callbacks of one consumer.
#[derive(Debug, Default)]
pub(super) struct Membership {
    changes: Mutex<Vec<Change>>,
    changed: Notify,
    pub(super) connection: Connection,
}

impl Membership {
    /// The decisions since the last call, in order.
    pub(super) fn take(&self) -> Vec<Change> {
        std::mem::take(&mut *self.changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until there may be a decision to take.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn note(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        self.changed.notify_one();
    }
}

impl ClientContext for Membership {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection.trouble(&error, reason);
    }
}

impl ConsumerContext for Membership {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        decision: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        // Only a coordinator decides.
        self.connection.answered();
        let partitions = list.elements().iter().map(|element| element.partition()).collect();
        if decision == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.note(Change::Assigned(partitions));
            return;
        }
        self.note(Change::Revoked(partitions));
        if let Err(error) = give_up(consumer, list) {
            tracing::warn!(reason = %client::reason(&error), "giving up partitions");
        }
    }
}

/// librdkafka remembers over the end of an assignment that a partition is paused; its next owner may be this very
/// consumer, which begins unpaused.
fn give_up(consumer: &BaseConsumer<Membership>, list: &TopicPartitionList) -> KafkaResult<()> {
    let resumed = consumer.resume(list);
    consumer.incremental_unassign(list)?;
    resumed
}
