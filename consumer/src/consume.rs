//! The one loop: poll → decode → coalesce → store → commit.
//!
//! A batch is held until all of it is stored or a dead letter; only then its offsets are committed. While the store (or
//! the dead-letter topic) does not answer, the batch's partitions are paused and polling goes on, so that the group does
//! not give up on this member; what else arrives meanwhile is paused too and delivered again later. So memory stays
//! bounded by one batch, and nothing is skipped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use issue::{id::TrackerName, outcome::ConsumerOutcome};
use kafka::source::{Done, Incoming, Polled, RecordSource, SourceError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{
    health::{Health, Part},
    ledger,
    store::{IssueStore, NoteKind, StoreError},
};

mod batch;
mod bounds;
pub mod decode;
mod hold;
mod older;
mod pace;
mod settle;

use batch::Batch;
use hold::Hold;
pub use pace::Pace;

/// Enough to make a transaction worth its sync; the sources bound a poll's bytes.
const MAX_RECORDS: usize = 4_000;

/// How long a poll waits for the first record. Only paces the look at the lag: records wake it.
const WAIT: Duration = Duration::from_secs(1);

/// What keeps a batch from being settled; all of it passes.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    DeadLetter(#[from] SourceError),
    #[error("other writers were faster {0} times in a row")]
    Contended(usize),
}

/// Reads a tracker's records into its store.
pub struct Consumer {
    tracker: TrackerName,
    source: Box<dyn RecordSource>,
    store: Arc<dyn IssueStore>,
    health: Arc<Health>,
    pace: Pace,
    stop: CancellationToken,
    /// Done, and not known to be committed.
    uncommitted: BTreeMap<i32, i64>,
    /// Held back until the batch is settled.
    paused: BTreeSet<i32>,
    /// Whether what sidecars said to an earlier process was read.
    remembers: bool,
    /// Waits for the store's pace.
    hold: Hold,
}

impl Consumer {
    /// Everything that it needs; nothing happens before [`Consumer::run`].
    pub fn new(
        tracker: TrackerName,
        source: Box<dyn RecordSource>,
        store: Arc<dyn IssueStore>,
        health: Arc<Health>,
        pace: Pace,
        stop: CancellationToken,
    ) -> Self {
        let (uncommitted, paused) = Default::default();
        let hold = Hold::new(store.pace());
        Self { tracker, source, store, health, pace, stop, uncommitted, paused, remembers: false, hold }
    }

    /// Reads until it is told to stop, and then ends the batch at hand.
    pub async fn run(mut self) {
        while let Some(polled) = self.poll().await {
            self.remember().await;
            match polled {
                Polled::Records(records) => {
                    let batch = self.decode(records).await;
                    self.finish(batch).await;
                }
                Polled::Revoked(partitions) => self.forget(&partitions),
                Polled::Gap { partition, from, to } => self.health.gap(partition, from, to),
            }
            self.resume();
        }
        if self.hold.open() {
            self.finish(Batch::default()).await;
        }
    }

    /// Takes up what sidecars said to an earlier process, as soon as the store answers. Which word comes first does not
    /// matter: the latest counts.
    async fn remember(&mut self) {
        if self.remembers {
            return;
        }
        match self.store.notes(NoteKind::Sidecar, None).await {
            Ok(notes) => {
                self.remembers = true;
                self.health.works(Part::Store);
                for (source, seq, body) in notes.into_iter().filter_map(ledger::word) {
                    self.health.hear(source, seq, body);
                }
            }
            Err(error) => self.health.fails(Part::Store, &error),
        }
    }

    /// The next thing, looked for until there is one; `None` when it is time to stop.
    async fn poll(&mut self) -> Option<Polled> {
        let mut backoff = self.pace.start();
        loop {
            let polled = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                polled = self.source.poll(MAX_RECORDS, self.hold.wait(WAIT)) => polled,
            };
            self.health.lag(self.source.lag().records);
            match polled {
                Ok(polled) => {
                    self.health.works(Part::Source);
                    return Some(polled);
                }
                Err(error) => self.health.fails(Part::Source, &error),
            }
            tokio::select! {
                () = self.stop.cancelled() => return None,
                () = tokio::time::sleep(backoff.next()) => {}
            }
        }
    }

    /// Stores the batch and commits it, however long that takes; gives it back when it is time to stop.
    async fn finish(&mut self, mut batch: Batch) {
        batch.works = self.hold.sift(batch.works);
        let mut backoff = self.pace.start();
        while let Err(trouble) = self.settle(&mut batch).await {
            self.blame(&trouble);
            if !self.wait(&mut batch, backoff.next()).await {
                self.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, batch.reports()));
                return;
            }
        }
        self.uncommitted.extend(self.hold.done(batch.done()));
        self.commit().await;
        self.resume();
    }

    fn blame(&self, trouble: &Trouble) {
        match trouble {
            Trouble::DeadLetter(error) => self.health.fails(Part::DeadLetters, error),
            other => self.health.fails(Part::Store, other),
        }
    }

    /// Commits what is done. A failure costs nothing but a redelivery: the next commit covers it.
    async fn commit(&mut self) {
        let done: Vec<Done> =
            self.uncommitted.iter().map(|(&partition, &next)| Done { partition, next }).collect();
        if done.is_empty() {
            return;
        }
        match self.source.commit(&done).await {
            Ok(()) => {
                self.uncommitted.clear();
                self.health.done(self.hold.oldest());
                self.health.lag(self.source.lag().records);
            }
            Err(error) => self.health.fails(Part::Source, &error),
        }
    }

    /// Lets time pass with the batch's partitions paused, staying a member of the group. False: time to stop.
    async fn wait(&mut self, batch: &mut Batch, time: Duration) -> bool {
        let until = Instant::now() + time;
        self.pause(batch.partitions());
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return true;
            }
            let polled = tokio::select! {
                biased;
                () = self.stop.cancelled() => return false,
                polled = self.source.poll(1, rest) => polled,
            };
            self.health.lag(self.source.lag().records);
            match polled {
                Ok(Polled::Records(records)) => self.put_off(batch, records).await,
                Ok(Polled::Revoked(partitions)) => {
                    let left = batch.forget(&partitions);
                    self.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, left));
                    self.forget(&partitions);
                }
                Ok(Polled::Gap { partition, from, to }) => self.health.gap(partition, from, to),
                Err(error) => {
                    self.health.fails(Part::Source, &error);
                    tokio::time::sleep_until(until.min(Instant::now() + self.pace.first)).await;
                }
            }
        }
    }

    /// Records that come while a batch waits are not taken in: once their partitions are resumed they are delivered
    /// again. Those of a partition that cannot be paused would be passed over, so they join the batch.
    async fn put_off(&mut self, batch: &mut Batch, records: Vec<Incoming>) {
        self.pause(records.iter().map(|record| record.partition).collect());
        let kept: Vec<Incoming> =
            records.into_iter().filter(|record| !self.paused.contains(&record.partition)).collect();
        if !kept.is_empty() {
            batch.join(self.decode(kept).await);
        }
    }

    async fn decode(&mut self, records: Vec<Incoming>) -> Batch {
        let appended = records.iter().map(|record| record.at);
        self.health.read(appended.clone());
        if let Some(newest) = appended.max() {
            self.store.tell_time(newest);
        }
        let topic = self.source.topic_id().unwrap_or_else(|| self.tracker.to_string());
        Batch::decode(&self.tracker, &topic, records, &self.health).await
    }

    fn pause(&mut self, partitions: BTreeSet<i32>) {
        let new: Vec<i32> = partitions.difference(&self.paused).copied().collect();
        if new.is_empty() {
            return;
        }
        match self.source.pause(&new) {
            Ok(()) => self.paused.extend(new),
            Err(error) => self.health.fails(Part::Source, &error),
        }
    }

    fn resume(&mut self) {
        let paused: Vec<i32> = self.paused.iter().copied().collect();
        if paused.is_empty() {
            return;
        }
        match self.source.resume(&paused) {
            Ok(()) => self.paused.clear(),
            Err(error) => self.health.fails(Part::Source, &error),
        }
    }

    /// Other members have these now: what is not committed is theirs to do again.
    fn forget(&mut self, partitions: &[i32]) {
        let left = self.hold.forget(partitions);
        self.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, left));
        for partition in partitions {
            self.uncommitted.remove(partition);
            self.paused.remove(partition);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
