//! Which partitions this consumer holds, how far each is done, and the blocking questions that follow from it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use rdkafka::Offset;
use rdkafka::consumer::{Consumer, StreamConsumer};
use tokio::sync::oneshot::Receiver;

use super::begin::{self, Assignment, list, offsets};
use super::membership::Membership;
use crate::client::{aside, reason};
use crate::source::{Done, Lag, Polled, SourceError};

/// How long a seek may take.
const SEEK_TIMEOUT: Duration = Duration::from_secs(10);

/// How often the brokers are asked how much there is, and how long they may take.
const LOOK_EVERY: Duration = Duration::from_secs(1);
const LOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// A partition that this consumer holds.
#[derive(Clone, Copy, Debug)]
struct Position {
    /// Everything below is done and committed; reading begins here again after a resume.
    committed: i64,
    /// One more than the last offset that was seen to exist.
    high: i64,
    paused: bool,
}

/// All that this consumer holds, and what it owes the group.
#[derive(Debug, Default)]
pub(super) struct Positions {
    topic_id: Option<String>,
    held: BTreeMap<i32, Position>,
    /// Assigned by the group, which waits for an answer.
    to_assign: Option<Vec<i32>>,
    /// Resumed by the caller and not yet moved back.
    to_resume: BTreeSet<i32>,
}

/// A question under way. It runs to its end even when the poll that waits for it is dropped.
pub(super) type Work = Receiver<Result<Settled, SourceError>>;

/// Its answer.
#[derive(Debug)]
pub(super) enum Settled {
    /// The assignment was answered.
    Assigned(Assignment),
    /// These partitions are read from what is not committed.
    Resumed(BTreeMap<i32, i64>),
    /// The client cannot read from there: partitions must be asked for again.
    Lost(SourceError),
}

impl Positions {
    pub(super) fn topic_id(&self) -> Option<&str> {
        self.topic_id.as_deref()
    }

    /// The group gave these; an empty list wants an answer too.
    pub(super) fn assigned(&mut self, partitions: Vec<i32>) {
        self.to_assign.get_or_insert_default().extend(partitions);
    }

    /// The group took these back. Returns those that were held.
    pub(super) fn revoked(&mut self, partitions: &[i32]) -> Vec<i32> {
        self.to_resume.retain(|partition| !partitions.contains(partition));
        if let Some(to_assign) = &mut self.to_assign {
            to_assign.retain(|partition| !partitions.contains(partition));
        }
        partitions.iter().copied().filter(|partition| self.held.remove(partition).is_some()).collect()
    }

    /// Whether the group waits for an answer.
    pub(super) fn unanswered(&self) -> bool {
        self.to_assign.is_some()
    }

    /// Whether there is something to settle before reading.
    pub(super) fn unsettled(&self) -> bool {
        self.to_assign.is_some() || !self.to_resume.is_empty()
    }

    /// Whether records of this partition are wanted now.
    pub(super) fn delivers(&self, partition: i32) -> bool {
        self.held.get(&partition).is_some_and(|position| !position.paused)
            && !self.to_resume.contains(&partition)
    }

    /// Begins to settle what is unsettled.
    pub(super) fn start_work(&self, consumer: &Arc<StreamConsumer<Membership>>, topic: &str) -> Work {
        let (consumer, topic) = (Arc::clone(consumer), topic.to_owned());
        if let Some(partitions) = self.to_assign.clone() {
            return aside(move || Ok(begin(&consumer, &topic, begin::ask(&consumer, &topic, &partitions)?)));
        }
        let back = self.to_resume.iter().filter_map(|partition| {
            self.held.get(partition).map(|position| (*partition, position.committed))
        });
        let back: BTreeMap<i32, i64> = back.collect();
        aside(move || Ok(go_back(&consumer, &topic, back)))
    }

    /// The assignment is answered. Returns what is missing.
    pub(super) fn begun(&mut self, assignment: Assignment) -> Vec<Polled> {
        self.to_assign = None;
        self.topic_id = assignment.topic_id;
        let mut gaps = Vec::new();
        for (partition, begin) in assignment.begins {
            if let Some(from) = begin.gap_from {
                gaps.push(Polled::Gap { partition, from, to: begin.at });
            }
            let position = Position { committed: begin.at, high: begin.high, paused: false };
            self.held.insert(partition, position);
        }
        gaps
    }

    /// These were moved back. Returns those that the caller has paused again meanwhile.
    pub(super) fn resumed(&mut self, partitions: &BTreeMap<i32, i64>) -> Vec<i32> {
        self.to_resume.retain(|partition| !partitions.contains_key(partition));
        let paused = |partition: &&i32| self.held.get(*partition).is_some_and(|position| position.paused);
        partitions.keys().filter(paused).copied().collect()
    }

    /// Nothing is owed any more: partitions are asked for again.
    pub(super) fn forget_work(&mut self) {
        self.to_assign = None;
        self.to_resume.clear();
    }

    /// Forgets what is held and owed; the topic stays the same. Returns what was held.
    pub(super) fn leave(&mut self) -> Vec<i32> {
        self.forget_work();
        std::mem::take(&mut self.held).into_keys().collect()
    }

    /// Marks these as paused. Returns those that are held.
    pub(super) fn paused(&mut self, partitions: &[i32]) -> Vec<i32> {
        for partition in partitions {
            self.to_resume.remove(partition);
        }
        self.mark(partitions, true)
    }

    /// Marks these for resuming. Returns those that are held.
    pub(super) fn resume(&mut self, partitions: &[i32]) -> Vec<i32> {
        let held = self.mark(partitions, false);
        self.to_resume.extend(&held);
        held
    }

    fn mark(&mut self, partitions: &[i32], paused: bool) -> Vec<i32> {
        let mut held = Vec::new();
        for &partition in partitions {
            if let Some(position) = self.held.get_mut(&partition) {
                position.paused = paused;
                held.push(partition);
            }
        }
        held
    }

    /// What of this must be committed. What another consumer holds now is its to commit: it reads the records again
    /// and recognises them.
    pub(super) fn news(&self, done: &[Done]) -> BTreeMap<i32, i64> {
        let new = |done: &&Done| {
            self.held.get(&done.partition).is_some_and(|position| done.next > position.committed)
        };
        done.iter().filter(new).map(|done| (done.partition, done.next)).collect()
    }

    pub(super) fn committed(&mut self, news: &BTreeMap<i32, i64>) {
        for (partition, &next) in news {
            if let Some(position) = self.held.get_mut(partition) {
                position.committed = position.committed.max(next);
            }
        }
    }

    pub(super) fn lag(&self) -> Lag {
        let behind = |position: &Position| position.high.saturating_sub(position.committed);
        let records = self.held.values().map(behind).filter_map(|behind| u64::try_from(behind).ok()).sum();
        Lag { records }
    }
}

/// Answers the group with the offsets at which reading begins.
fn begin(consumer: &StreamConsumer<Membership>, topic: &str, assignment: Assignment) -> Settled {
    let begins = assignment.begins.iter().map(|(&partition, begin)| (partition, begin.at));
    match offsets(topic, begins, "").and_then(|offsets| consumer.incremental_assign(&offsets)) {
        Ok(()) => Settled::Assigned(assignment),
        Err(error) => Settled::Lost(SourceError { step: "taking partitions", reason: reason(&error) }),
    }
}

/// Resumes partitions and moves them back. In this order: a seek throws away what the client fetches in between.
fn go_back(consumer: &StreamConsumer<Membership>, topic: &str, back: BTreeMap<i32, i64>) -> Settled {
    let partitions: Vec<i32> = back.keys().copied().collect();
    let moved = consumer.resume(&list(topic, &partitions)).and_then(|()| {
        back.iter().try_for_each(|(&partition, &offset)| {
            consumer.seek(topic, partition, Offset::Offset(offset), SEEK_TIMEOUT)
        })
    });
    match moved {
        Ok(()) => Settled::Resumed(back),
        Err(error) => Settled::Lost(SourceError { step: "resuming", reason: reason(&error) }),
    }
}

/// Asks now and then how much there is. The client's own statistics stand still while a partition is paused, and that
/// is when people look.
#[derive(Debug, Default)]
pub(super) struct Lagging {
    asked: Option<Instant>,
    answer: Option<Receiver<BTreeMap<i32, i64>>>,
}

impl Lagging {
    /// Takes an answer when there is one, and asks again when it is time. Does not wait.
    pub(super) fn look(
        &mut self,
        consumer: &Arc<StreamConsumer<Membership>>,
        topic: &str,
        positions: &mut Positions,
    ) {
        if let Some(answer) = &mut self.answer {
            let Some(highs) = answer.now_or_never() else { return };
            self.answer = None;
            for (partition, high) in highs.unwrap_or_default() {
                if let Some(position) = positions.held.get_mut(&partition) {
                    position.high = position.high.max(high);
                }
            }
        }
        let due = self.asked.is_none_or(|asked| asked.elapsed() >= LOOK_EVERY);
        // While the connection is in doubt, somebody must notice that it is good again.
        if due && (!positions.held.is_empty() || consumer.context().connection.doubtful()) {
            self.asked = Some(Instant::now());
            let (consumer, topic) = (Arc::clone(consumer), topic.to_owned());
            let partitions: Vec<i32> = positions.held.keys().copied().collect();
            self.answer = Some(aside(move || highs(&consumer, &topic, &partitions)));
        }
    }

    /// Waits for a question that is under way.
    pub(super) async fn stop(&mut self) {
        if let Some(answer) = self.answer.take() {
            drop(answer.await);
        }
    }
}

/// How much there is, as far as the brokers say; the last answer stays in force where they do not.
fn highs(consumer: &StreamConsumer<Membership>, topic: &str, partitions: &[i32]) -> BTreeMap<i32, i64> {
    let mut highs = BTreeMap::new();
    let connection = &consumer.context().connection;
    if partitions.is_empty() {
        match consumer.fetch_metadata(Some(topic), LOOK_TIMEOUT) {
            Ok(_) => connection.answered(),
            Err(error) => connection.unanswered(&error),
        }
    }
    for &partition in partitions {
        match consumer.fetch_watermarks(topic, partition, LOOK_TIMEOUT) {
            Ok((_, high)) => {
                connection.answered();
                highs.insert(partition, high);
            }
            Err(error) => {
                connection.unanswered(&error);
                tracing::debug!(reason = %reason(&error), partition, "asking for the last offset");
                break;
            }
        }
    }
    highs
}
