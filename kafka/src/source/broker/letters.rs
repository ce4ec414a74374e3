//! Reading dead letters back from their topic, without a group: people look at them now and then, and nothing is committed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::{Offset, TopicPartitionList};

use super::dead_letters::{AT, ERROR, OFFSET, PARTITION, REASON, TOPIC_ID};
use crate::client::{Logged, reason};
use crate::dead_letters::{DeadLetter, DeadLetterReader};
use crate::settings::Settings;
use crate::source::{Incoming, SourceError};
use crate::sys;

/// The client wants a name for a group; it is never joined.
const NO_GROUP: &str = "issuetracker-dead-letters";

/// How long the brokers may take for each question, and for a whole page.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Nothing is decided by a group that is never joined.
impl ConsumerContext for Logged {}

/// The topic of dead letters, for reading.
#[derive(Debug)]
pub(super) struct Letters {
    settings: Settings,
}

/// A place in the topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    partition: i32,
    offset: i64,
}

impl Letters {
    pub(super) fn of(settings: Settings) -> Self {
        Self { settings }
    }

    /// Asks on a thread where waiting is fine.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Topic) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let settings = self.settings.clone();
        tokio::task::spawn_blocking(move || question(&Topic::open(&settings)?))
            .await
            .map_err(|error| fail(error.to_string()))?
    }
}

#[async_trait]
impl DeadLetterReader for Letters {
    async fn list(&self, after: Option<&str>, max: usize) -> Result<Vec<DeadLetter>, SourceError> {
        let after = after.map(str::to_owned);
        self.ask(move |topic| topic.page(after.and_then(|after| topic.place(&after)), max)).await
    }

    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, SourceError> {
        let id = id.to_owned();
        self.ask(move |topic| {
            let Some(place) = topic.place(&id) else { return Ok(None) };
            let there = topic.extent(place.partition)?;
            if !there.contains(&place.offset) {
                return Ok(None);
            }
            Ok(topic.read(place.partition, place.offset..place.offset + 1, 1)?.pop())
        })
        .await
    }
}

/// The topic, with a client of its own: it is closed after one question.
struct Topic {
    consumer: BaseConsumer<Logged>,
    name: String,
    /// In the letters of an id.
    id: String,
}

impl Topic {
    fn open(settings: &Settings) -> Result<Self, SourceError> {
        let consumer: BaseConsumer<Logged> =
            settings.reader(NO_GROUP).create_with_context(Logged::default()).map_err(failed)?;
        let name = settings.dead_letters();
        let id = sys::topic_id(consumer.client(), &name, TIMEOUT)
            .map_err(|reason| fail(format!("topic {name}: {reason}")))?;
        // Standard base64 has two letters that an address cannot hold.
        Ok(Self { consumer, name, id: id.replace('+', "-").replace('/', "_") })
    }

    fn id(&self, place: Place) -> String {
        format!("{}-{}-{}", place.partition, place.offset, self.id)
    }

    /// What an id names, if it is one of this very topic.
    fn place(&self, id: &str) -> Option<Place> {
        let mut parts = id.splitn(3, '-');
        let place = Place { partition: parts.next()?.parse().ok()?, offset: parts.next()?.parse().ok()? };
        (place.partition >= 0 && place.offset >= 0 && parts.next()? == self.id).then_some(place)
    }

    /// The offsets that are there.
    fn extent(&self, partition: i32) -> Result<Range<i64>, SourceError> {
        let (low, high) = self.consumer.fetch_watermarks(&self.name, partition, TIMEOUT).map_err(failed)?;
        Ok(low..high)
    }

    fn partitions(&self) -> Result<Vec<i32>, SourceError> {
        let metadata = self.consumer.fetch_metadata(Some(self.name.as_str()), TIMEOUT).map_err(failed)?;
        let topic =
            metadata.topics().first().ok_or_else(|| fail(format!("there is no topic {}", self.name)))?;
        let mut partitions: Vec<i32> = topic.partitions().iter().map(|partition| partition.id()).collect();
        partitions.sort_unstable();
        Ok(partitions)
    }

    fn page(&self, after: Option<Place>, max: usize) -> Result<Vec<DeadLetter>, SourceError> {
        let mut page = Vec::new();
        for partition in self.partitions()? {
            if page.len() >= max {
                break;
            }
            let mut there = self.extent(partition)?;
            match after {
                Some(after) if partition < after.partition => continue,
                Some(after) if partition == after.partition => {
                    there.start = there.start.max(after.offset + 1)
                }
                _ => {}
            }
            page.extend(self.read(partition, there, max - page.len())?);
        }
        Ok(page)
    }

    /// Reads a stretch of a partition. Offsets without a record behind them are passed over.
    fn read(&self, partition: i32, there: Range<i64>, max: usize) -> Result<Vec<DeadLetter>, SourceError> {
        let mut letters = Vec::new();
        if there.is_empty() || max == 0 {
            return Ok(letters);
        }
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(&self.name, partition, Offset::Offset(there.start)).map_err(failed)?;
        self.consumer.assign(&list).map_err(failed)?;
        let deadline = Instant::now() + TIMEOUT;
        while letters.len() < max {
            let rest = deadline.saturating_duration_since(Instant::now());
            let message = match self.consumer.poll(rest) {
                Some(message) => message.map_err(failed)?,
                None => return Err(fail(format!("topic {}: the brokers sent nothing in time", self.name))),
            };
            if message.offset() < there.end {
                let place = Place { partition, offset: message.offset() };
                letters.push(letter(self.id(place), &message));
            }
            if message.offset() + 1 >= there.end {
                break;
            }
        }
        Ok(letters)
    }
}

/// What somebody else wrote into the topic has no headers of ours: it is shown as it lies there.
fn letter(id: String, message: &BorrowedMessage<'_>) -> DeadLetter {
    let headers = headers(message);
    let text = |name: &str| headers.get(name).cloned().unwrap_or_default();
    let put = match message.timestamp() {
        rdkafka::Timestamp::LogAppendTime(millis) | rdkafka::Timestamp::CreateTime(millis) => {
            Timestamp::from_millisecond(millis).unwrap_or_default()
        }
        rdkafka::Timestamp::NotAvailable => Timestamp::default(),
    };
    DeadLetter {
        id,
        at: put,
        reason: headers.get(REASON).cloned().unwrap_or_else(|| String::from("unknown")),
        detail: text(ERROR),
        topic_id: headers.get(TOPIC_ID).filter(|id| !id.is_empty()).cloned(),
        record: Incoming {
            partition: text(PARTITION).parse().unwrap_or_else(|_| message.partition()),
            offset: text(OFFSET).parse().unwrap_or_else(|_| message.offset()),
            at: text(AT).parse().unwrap_or(put),
            key: message.key().map(Bytes::copy_from_slice),
            payload: message.payload().map(Bytes::copy_from_slice).unwrap_or_default(),
        },
    }
}

fn headers(message: &BorrowedMessage<'_>) -> BTreeMap<String, String> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
    headers.map(|header| (header.key.to_owned(), header.value.map(text).unwrap_or_default())).collect()
}

fn fail(reason: String) -> SourceError {
    SourceError { step: "reading dead letters", reason }
}

fn failed(error: KafkaError) -> SourceError {
    fail(reason(&error))
}
