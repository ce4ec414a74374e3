//! Publishing to Kafka with an idempotent producer.
//!
//! Within one producer Kafka drops what a retry doubles and keeps the order of each partition. Over a new producer
//! it does not, which is why a caller resends from its lowest unacked record after every failure: then whatever order
//! the broker sees, a record comes after all that it may shadow.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use issue::record::{VERSION_HEADER, VERSION_TEXT};
use rdkafka::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, PurgeConfig, ThreadedProducer};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{Delivery, Outgoing, PublishError, Publisher, SendError};
use crate::client::{self, Connection, aside, reason};
use crate::clock::{Clock, SET_BACK};
use crate::settings::Settings;

/// Bounds of what is in flight. One record is always taken, whatever its size.
const MAX_RECORDS: usize = 4096;
const MAX_BYTES: usize = 8 * 1024 * 1024;

/// How long the brokers may take to say how many partitions there are.
const METADATA_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the end of a producer is waited for. It may take hours, see [`crate::clock`], and nothing depends on it: what it
/// may still send is sent again by its successor, in the same order.
const END: Duration = Duration::from_secs(5);

/// The headers of every record.
const HEADERS: [(&str, &str); 2] = [(VERSION_HEADER, VERSION_TEXT), ("content-type", "application/json")];

/// A publisher on a Kafka topic.
pub struct BrokerPublisher {
    settings: Settings,
    /// The same over all resets.
    connection: Connection,
    producer: ThreadedProducer<Outcomes>,
    outcomes: UnboundedReceiver<(Ticket, Delivery)>,
    records: usize,
    bytes: usize,
    /// Set by the first failure: what is in flight may have landed or not.
    broken: Option<String>,
    clock: Clock,
}

impl BrokerPublisher {
    /// Makes the client. The brokers need not be there yet: they are looked for until they are.
    pub fn connect(settings: Settings) -> Result<Self, PublishError> {
        let connection = Connection::default();
        let (producer, outcomes) = producer(&settings, &connection)?;
        let (records, bytes, broken, clock) = (0, 0, None, Clock::new());
        Ok(Self { settings, connection, producer, outcomes, records, bytes, broken, clock })
    }

    fn enqueue(&self, record: &Outgoing) -> Result<(), KafkaError> {
        let headers =
            HEADERS.iter().fold(OwnedHeaders::new_with_capacity(HEADERS.len()), |headers, &(key, value)| {
                headers.insert(Header { key, value: Some(value) })
            });
        let ticket = Box::new(Ticket { seq: record.seq, bytes: record.payload.len() });
        let message = BaseRecord::with_opaque_to(&self.settings.topic, ticket)
            .partition(record.partition)
            .key(record.key.as_str())
            .payload(record.payload.as_ref())
            .headers(headers);
        self.producer.send(message).map_err(|(error, _)| error)
    }
}

#[async_trait]
impl Publisher for BrokerPublisher {
    async fn partitions(&mut self) -> Result<u32, PublishError> {
        let (producer, topic) = (self.producer.clone(), self.settings.topic.clone());
        let fail = |reason| PublishError { step: "asking for the partitions", reason };
        let answer = aside(move || partitions(&producer, &topic));
        tokio::select! {
            answer = answer => answer.map_err(|error| fail(error.to_string()))?.map_err(fail),
            () = self.clock.until_set_back() => Err(fail(SET_BACK.to_owned())),
        }
    }

    fn send(&mut self, record: Outgoing) -> Result<(), SendError> {
        if let Some(reason) = &self.broken {
            return Err(SendError::Broken(reason.clone()));
        }
        let full = self.records >= MAX_RECORDS || self.bytes.saturating_add(record.payload.len()) > MAX_BYTES;
        if full && self.records > 0 {
            return Err(SendError::Full);
        }
        match self.enqueue(&record) {
            Ok(()) => {
                self.records += 1;
                self.bytes += record.payload.len();
                Ok(())
            }
            Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => Err(SendError::Full),
            Err(error) => {
                let reason = reason(&error);
                self.broken = Some(reason.clone());
                Err(SendError::Broken(reason))
            }
        }
    }

    async fn delivered(&mut self) -> Delivery {
        let outcome = tokio::select! {
            biased;
            outcome = self.outcomes.recv() => outcome,
            () = self.clock.until_set_back() => {
                self.broken.get_or_insert_with(|| SET_BACK.to_owned());
                return Delivery::Broken { reason: SET_BACK.to_owned() };
            }
        };
        // The producer holds the other end, so the channel does not end; if it did, no outcome would ever come.
        let Some((ticket, delivery)) = outcome else {
            return std::future::pending().await;
        };
        self.records = self.records.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(ticket.bytes);
        match &delivery {
            Delivery::Acked { .. } => self.connection.answered(),
            Delivery::Failed { reason, .. } => {
                self.broken.get_or_insert_with(|| reason.clone());
            }
            Delivery::Broken { .. } => {}
        }
        delivery
    }

    fn outage(&self) -> Option<String> {
        self.connection.outage()
    }

    async fn reset(&mut self) -> Result<(), PublishError> {
        let (producer, outcomes) = producer(&self.settings, &self.connection)?;
        let old = std::mem::replace(&mut self.producer, producer);
        self.outcomes = outcomes;
        (self.records, self.bytes, self.broken) = (0, 0, None);
        self.clock = Clock::new();
        // Ending a producer joins its threads.
        if tokio::time::timeout(END, aside(move || end(old))).await.is_err() {
            tracing::debug!("the old producer takes its time to end");
        }
        Ok(())
    }
}

impl fmt::Debug for BrokerPublisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerPublisher")
            .field("settings", &self.settings)
            .field("records", &self.records)
            .field("bytes", &self.bytes)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
    }
}

type Outcome = (Ticket, Delivery);

fn producer(
    settings: &Settings,
    connection: &Connection,
) -> Result<(ThreadedProducer<Outcomes>, UnboundedReceiver<Outcome>), PublishError> {
    // Unbounded, and yet bounded: there is one outcome for each record in flight.
    let (told, outcomes) = unbounded_channel();
    let context = Outcomes { told, connection: connection.clone() };
    let producer = ThreadedProducer::from_config_and_context(&settings.publisher(), context)
        .map_err(|error| PublishError { step: "making a Kafka client", reason: reason(&error) })?;
    Ok((producer, outcomes))
}

fn partitions(producer: &ThreadedProducer<Outcomes>, topic: &str) -> Result<u32, String> {
    let connection = &producer.client().context().connection;
    let metadata = producer.client().fetch_metadata(Some(topic), METADATA_TIMEOUT).map_err(|error| {
        connection.unanswered(&error);
        connection.why(&error)
    })?;
    connection.answered();
    let found = metadata.topics().iter().find(|found| found.name() == topic);
    let found = found.ok_or_else(|| format!("the brokers say nothing of the topic {topic}"))?;
    if let Some(code) = found.error() {
        return Err(format!("topic {topic}: {}", RDKafkaErrorCode::from(code)));
    }
    match u32::try_from(found.partitions().len()) {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("topic {topic} has no partitions")),
    }
}

/// Nothing of the old producer is worth waiting for.
fn end(old: ThreadedProducer<Outcomes>) {
    old.purge(PurgeConfig::default().queue().inflight());
    drop(old);
}

/// What comes back with the outcome of a record.
struct Ticket {
    seq: u64,
    bytes: usize,
}

/// Sends outcomes from the producer's thread to the caller.
struct Outcomes {
    told: UnboundedSender<Outcome>,
    connection: Connection,
}

impl ClientContext for Outcomes {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        client::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.connection.trouble(&error, reason);
    }
}

impl ProducerContext for Outcomes {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Box<Ticket>) {
        let seq = ticket.seq;
        let delivery = match result {
            Ok(_) => Delivery::Acked { seq },
            Err((error, _)) => Delivery::Failed { seq, reason: reason(error) },
        };
        // Nobody listens any more after a reset; the outcome is of a record that is sent again.
        drop(self.told.send((*ticket, delivery)));
    }
}
