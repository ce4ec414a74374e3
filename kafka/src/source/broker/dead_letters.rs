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
        from: &str,
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

fn headers(from: &str, record: &Incoming, why: &str, detail: &str) -> OwnedHeaders {
    let detail = detail.get(..detail.floor_char_boundary(MAX_DETAIL)).unwrap_or_default();
    let (partition, offset, at) =
        (record.partition.to_string(), record.offset.to_string(), record.at.to_string());
    [
        ("issuetracker-reason", why),
        ("issuetracker-error", detail),
        ("issuetracker-topic", from),
        ("issuetracker-partition", &partition),
        ("issuetracker-offset", &offset),
        ("issuetracker-at", &at),
    ]
    .into_iter()
    .fold(OwnedHeaders::new(), |headers, (key, value)| headers.insert(Header { key, value: Some(value) }))
}
