//! Dead letters on Kafka: the record as it was, in a topic of its own, with headers that say why.

use std::time::Duration;

use rdkafka::error::KafkaError;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};

use crate::client::{Connection, Logged, reason};
use crate::settings::Settings;
use crate::source::{Incoming, SourceError};

/// An explanation is for people; what is longer is cut.
const MAX_DETAIL: usize = 1024;

/// How long to wait for room in the client: there is always some, one dead letter is under way at a time.
const ROOM: Duration = Duration::from_secs(1);

/// Names of the headers, for whoever reads them back.
pub(super) const REASON: &str = "issuetracker-reason";
pub(super) const ERROR: &str = "issuetracker-error";
pub(super) const TOPIC: &str = "issuetracker-topic";
pub(super) const TOPIC_ID: &str = "issuetracker-topic-id";
pub(super) const PARTITION: &str = "issuetracker-partition";
pub(super) const OFFSET: &str = "issuetracker-offset";
pub(super) const AT: &str = "issuetracker-at";

/// Where a dead letter comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    /// The topic of records.
    pub(super) topic: &'a str,
    /// Its id: with partition and offset it names the record also when the topic is made anew.
    pub(super) topic_id: Option<&'a str>,
}

/// The topic of dead letters.
pub(super) struct DeadLetters {
    producer: FutureProducer<Logged>,
    topic: String,
    connection: Connection,
}

impl DeadLetters {
    pub(super) fn connect(settings: &Settings) -> Result<Self, SourceError> {
        let logged = Logged::default();
        let connection = logged.connection.clone();
        let producer = settings.dead_letter_publisher().create_with_context(logged).map_err(|error| {
            SourceError { step: "making a client for dead letters", reason: reason(&error) }
        })?;
        Ok(Self { producer, topic: settings.dead_letters(), connection })
    }

    fn why(&self, error: &KafkaError) -> String {
        self.connection.why(error)
    }

    /// Puts a record there and waits until the brokers have it.
    pub(super) async fn put(
        &self,
        from: Origin<'_>,
        record: &Incoming,
        why: &str,
        detail: &str,
    ) -> Result<(), SourceError> {
        let mut letter = FutureRecord::<[u8], [u8]>::to(&self.topic)
            .payload(record.payload.as_ref())
            .headers(headers(from, record, why, detail));
        if let Some(key) = &record.key {
            letter = letter.key(key.as_ref());
        }
        match self.producer.send(letter, ROOM).await {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(SourceError {
                step: "writing the dead letter",
                reason: format!("topic {}: {}", self.topic, self.why(&error)),
            }),
        }
    }
}

fn headers(from: Origin<'_>, record: &Incoming, why: &str, detail: &str) -> OwnedHeaders {
    let detail = detail.get(..detail.floor_char_boundary(MAX_DETAIL)).unwrap_or_default();
    let (partition, offset, at) =
        (record.partition.to_string(), record.offset.to_string(), record.at.to_string());
    [
        (REASON, why),
        (ERROR, detail),
        (TOPIC, from.topic),
        (TOPIC_ID, from.topic_id.unwrap_or_default()),
        (PARTITION, &partition),
        (OFFSET, &offset),
        (AT, &at),
    ]
    .into_iter()
    .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
