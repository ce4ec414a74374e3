//! Reading from Kafka as a member of a consumer group.
//!
//! A poll returns, in this order: what the group decided, what is missing, records. Questions that block (where a
//! partition begins, commits, seeks) run on threads of their own; a poll that is dropped leaves them running and the
//! next one picks up the answer, so nothing is lost and the runtime is never held up.

mod begin;
mod dead_letters;
mod letters;
mod membership;
mod position;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt;
use jiff::Timestamp;
use rdkafka::Message;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use tokio::sync::oneshot::error::RecvError;

use self::begin::{commit_metadata, list, offsets};
use self::dead_letters::DeadLetters;
use self::membership::{Change, Membership};
use self::position::{Lagging, Positions, Settled, Work};
use super::{Done, Incoming, Lag, Polled, RecordSource, SourceError};
use crate::client::{aside, is_refused, is_unreachable, reason};
use crate::clock::{Clock, SET_BACK};
use crate::dead_letters::DeadLetterReader;
use crate::settings::Settings;

/// A poll stops collecting here, whatever the number of records.
const MAX_POLL_BYTES: usize = 16 * 1024 * 1024;

/// A record source on a Kafka topic.
pub struct BrokerSource {
    settings: Settings,
    group: String,
    clock: Clock,
    consumer: Arc<StreamConsumer<Membership>>,
    positions: Positions,
    work: Option<Work>,
    lagging: Lagging,
    /// To be told before any record.
    told: VecDeque<Polled>,
    /// Read and not handed out yet.
    read: VecDeque<Incoming>,
    /// Told after what was read before it.
    failed: Option<SourceError>,
    dead_letters: Option<DeadLetters>,
}

impl BrokerSource {
    /// Joins the group. The brokers need not be there yet: they are looked for until they are. Must be called within
    /// a Tokio runtime.
    pub fn subscribe(settings: Settings, group: &str) -> Result<Self, SourceError> {
        Ok(Self {
            consumer: member(&settings, group)?,
            settings,
            group: group.to_owned(),
            clock: Clock::new(),
            positions: Positions::default(),
            work: None,
            lagging: Lagging::default(),
            told: VecDeque::new(),
            read: VecDeque::new(),
            failed: None,
            dead_letters: None,
        })
    }

    /// Leaves the group, so that its other members take over at once. Dropping the source does the same, but holds up
    /// the thread meanwhile.
    pub async fn close(mut self) {
        if let Some(work) = self.work.take() {
            drop(work.await);
        }
        self.lagging.stop().await;
        if let Err(error) = aside(move || drop(self)).await {
            tracing::warn!(%error, "leaving the group");
        }
    }

    /// The client may stand still for hours: another one joins the group. What this one held is somebody else's, as after
    /// any decision of the group; the group notices that it is gone, or when it comes back and leaves.
    fn renew(&mut self) -> Result<(), SourceError> {
        tracing::warn!("{SET_BACK}");
        let old = std::mem::replace(&mut self.consumer, member(&self.settings, &self.group)?);
        self.clock = Clock::new();
        let unanswered = self.positions.unanswered();
        let held = self.positions.leave();
        self.read.clear();
        if !held.is_empty() {
            self.told.push_back(Polled::Revoked(held));
        }
        let (work, letters) = (self.work.take(), self.dead_letters.take());
        self.lagging = Lagging::default();
        let topic = self.settings.topic.clone();
        // Nobody waits for that.
        drop(aside(move || {
            give_back(&old, &topic, unanswered);
            drop((old, work, letters));
        }));
        Ok(())
    }

    /// The flow of a poll. Nothing is taken from librdkafka without being kept in `self` before the next wait.
    async fn next(&mut self, max: usize) -> Result<Polled, SourceError> {
        loop {
            self.follow_the_group();
            if let Some(told) = self.told.pop_front() {
                return Ok(told);
            }
            if !self.read.is_empty() {
                let count = max.min(self.read.len());
                return Ok(Polled::Records(self.read.drain(..count).collect()));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.positions.unsettled() || self.work.is_some() {
                self.settle().await?;
                continue;
            }
            self.read(max).await;
        }
    }

    /// Waits for a record or a decision of the group, and takes what else is there.
    async fn read(&mut self, max: usize) {
        let consumer = Arc::clone(&self.consumer);
        let first = tokio::select! {
            biased;
            () = consumer.context().changed() => return,
            first = consumer.recv() => first,
        };
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Ok(message) => bytes += self.keep(&message),
                Err(error) => return self.stumble(&error),
            }
            let more = self.read.len() < max && bytes < MAX_POLL_BYTES;
            next = if more { consumer.recv().now_or_never() } else { None };
        }
    }

    fn keep(&mut self, message: &BorrowedMessage<'_>) -> usize {
        if !self.positions.delivers(message.partition()) {
            return 0;
        }
        self.consumer.context().connection.answered();
        let incoming = incoming(message);
        let bytes = incoming.payload.len();
        self.read.push_back(incoming);
        bytes
    }

    /// An error between records. librdkafka mends connections by itself; an offset that is not there is settled by a
    /// new assignment, which tells the gap; the rest is for the caller.
    fn stumble(&mut self, error: &KafkaError) {
        match error.rdkafka_error_code() {
            // The connection knows, and tells when it lasts.
            Some(code) if is_unreachable(code) || is_refused(code) => {}
            Some(RDKafkaErrorCode::AutoOffsetReset | RDKafkaErrorCode::OffsetOutOfRange) => self.rejoin(),
            _ => {
                let reason = format!("topic {}: {}", self.settings.topic, reason(error));
                self.failed = Some(SourceError { step: "reading", reason });
            }
        }
    }

    /// Gives every partition back and asks for partitions again. Where to read is decided in one place only, at an
    /// assignment, so that is how a lost position is found again.
    fn rejoin(&mut self) {
        tracing::info!(topic = self.settings.topic, "reading a partition again from its committed offset");
        self.consumer.unsubscribe();
        if let Err(error) = self.consumer.subscribe(&[&self.settings.topic]) {
            self.failed = Some(fail("joining the group")(error));
        }
    }

    fn follow_the_group(&mut self) {
        for change in self.consumer.context().take() {
            match change {
                Change::Assigned(partitions) => self.positions.assigned(partitions),
                Change::Revoked(partitions) => {
                    let held = self.positions.revoked(&partitions);
                    self.read.retain(|record| !partitions.contains(&record.partition));
                    if !held.is_empty() {
                        self.told.push_back(Polled::Revoked(held));
                    }
                }
            }
        }
    }

    /// Does what blocks: answers an assignment, or moves resumed partitions back to what is not committed.
    async fn settle(&mut self) -> Result<(), SourceError> {
        let work = match &mut self.work {
            Some(work) => work,
            None => self.work.insert(self.positions.start_work(&self.consumer, &self.settings.topic)),
        };
        let done = work.await;
        self.work = None;
        match done.unwrap_or_else(|error| Err(unanswered(&error))) {
            Ok(Settled::Assigned(assignment)) => self.told.extend(self.positions.begun(assignment)),
            Ok(Settled::Resumed(partitions)) => {
                let paused_again = self.positions.resumed(&partitions);
                self.consumer.pause(&list(&self.settings.topic, &paused_again)).map_err(fail("pausing"))?;
            }
            Ok(Settled::Lost(error)) => {
                self.positions.forget_work();
                self.rejoin();
                return Err(error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[async_trait]
impl RecordSource for BrokerSource {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, SourceError> {
        if self.clock.set_back() {
            self.renew()?;
        }
        self.lagging.look(&self.consumer, &self.settings.topic, &mut self.positions);
        match tokio::time::timeout(wait, self.next(max.max(1))).await {
            Ok(polled) => polled,
            Err(_) => match self.consumer.context().connection.outage() {
                Some(reason) => Err(SourceError { step: "reaching the brokers", reason }),
                None => Ok(Polled::Records(Vec::new())),
            },
        }
    }

    fn pause(&mut self, partitions: &[i32]) -> Result<(), SourceError> {
        let held = self.positions.paused(partitions);
        self.read.retain(|record| !held.contains(&record.partition));
        self.consumer.pause(&list(&self.settings.topic, &held)).map_err(fail("pausing"))
    }

    fn resume(&mut self, partitions: &[i32]) -> Result<(), SourceError> {
        let held = self.positions.resume(partitions);
        self.read.retain(|record| !held.contains(&record.partition));
        Ok(())
    }

    async fn commit(&mut self, done: &[Done]) -> Result<(), SourceError> {
        let news = self.positions.news(done);
        if news.is_empty() {
            return Ok(());
        }
        let metadata = commit_metadata(self.positions.topic_id());
        let topic = self.settings.topic.clone();
        let consumer = Arc::clone(&self.consumer);
        let wanted = news.clone();
        let answer = aside(move || commit(&consumer, &topic, wanted, &metadata));
        tokio::select! {
            answer = answer => answer.unwrap_or_else(|error| Err(unanswered(&error)))?,
            () = self.clock.until_set_back() => return Err(stalled("committing")),
        }
        self.positions.committed(&news);
        Ok(())
    }

    async fn dead_letter(
        &mut self,
        record: &Incoming,
        reason: &str,
        detail: &str,
    ) -> Result<(), SourceError> {
        let letters = match self.dead_letters.take() {
            Some(letters) => letters,
            None => DeadLetters::connect(&self.settings)?,
        };
        let letters = self.dead_letters.insert(letters);
        let from = dead_letters::Origin { topic: &self.settings.topic, topic_id: self.positions.topic_id() };
        tokio::select! {
            put = letters.put(from, record, reason, detail) => put,
            () = self.clock.until_set_back() => Err(stalled("writing the dead letter")),
        }
    }

    fn dead_letters(&self) -> Option<Arc<dyn DeadLetterReader>> {
        Some(Arc::new(letters::Letters::of(self.settings.clone())))
    }

    fn topic_id(&self) -> Option<String> {
        self.positions.topic_id().map(str::to_owned)
    }

    fn lag(&self) -> Lag {
        self.positions.lag()
    }
}

impl Drop for BrokerSource {
    fn drop(&mut self) {
        give_back(&self.consumer, &self.settings.topic, self.positions.unanswered());
    }
}

impl fmt::Debug for BrokerSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerSource")
            .field("settings", &self.settings)
            .field("positions", &self.positions)
            .finish_non_exhaustive()
    }
}

/// A client that asks for a share of the topic.
fn member(settings: &Settings, group: &str) -> Result<Arc<StreamConsumer<Membership>>, SourceError> {
    let consumer: StreamConsumer<Membership> = settings
        .reader(group)
        .create_with_context(Membership::default())
        .map_err(fail("making a Kafka client"))?;
    consumer.subscribe(&[&settings.topic]).map_err(fail("joining the group"))?;
    Ok(Arc::new(consumer))
}

/// The group waits for an answer to an assignment, and leaving it would wait for the group.
fn give_back(consumer: &StreamConsumer<Membership>, topic: &str, unanswered: bool) {
    if unanswered && let Err(error) = consumer.incremental_assign(&list(topic, &[])) {
        tracing::debug!(reason = %reason(&error), "answering an assignment");
    }
}

fn commit(
    consumer: &StreamConsumer<Membership>,
    topic: &str,
    news: BTreeMap<i32, i64>,
    metadata: &str,
) -> Result<(), SourceError> {
    let list = offsets(topic, news.into_iter(), metadata).map_err(fail("committing"))?;
    consumer.commit(&list, CommitMode::Sync).map_err(fail("committing"))
}

/// Records carry the time at which the broker appended them. A topic that was not made by us may carry the sender's
/// clock instead; it is not believed when it is ahead.
fn incoming(message: &BorrowedMessage<'_>) -> Incoming {
    let now = Timestamp::now();
    let at = match message.timestamp() {
        rdkafka::Timestamp::NotAvailable => now,
        rdkafka::Timestamp::LogAppendTime(millis) => Timestamp::from_millisecond(millis).unwrap_or(now),
        rdkafka::Timestamp::CreateTime(millis) => {
            Timestamp::from_millisecond(millis).map_or(now, |at| at.min(now))
        }
    };
    Incoming {
        partition: message.partition(),
        offset: message.offset(),
        at,
        key: message.key().map(Bytes::copy_from_slice),
        payload: message.payload().map(Bytes::copy_from_slice).unwrap_or_default(),
    }
}

fn fail(step: &'static str) -> impl Fn(KafkaError) -> SourceError {
    move |error| SourceError { step, reason: reason(&error) }
}

fn unanswered(error: &RecvError) -> SourceError {
    SourceError { step: "waiting for the Kafka client", reason: error.to_string() }
}

fn stalled(step: &'static str) -> SourceError {
    SourceError { step, reason: SET_BACK.to_owned() }
}
