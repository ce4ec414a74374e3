//! The one loop: poll → decode → coalesce → store → commit.
//!
//! A batch is held until all of it is stored or a dead letter; only then its offsets are committed. While the store (or
//! the dead-letter topic) does not answer, the batch's partitions are paused and polling goes on, so that the group does
//! not give up on this member; what else arrives meanwhile is paused too and delivered again later. So memory stays
//! bounded by one batch, and nothing is skipped. [`reader`] is that end of a topic; [`sessions`] reads the topic of events by
//! the same.

use std::{sync::Arc, time::Duration};

use issue::{id::TrackerName, outcome::ConsumerOutcome};
use kafka::source::{Incoming, Polled, RecordSource, SourceError};
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
mod reader;
pub mod sessions;
mod settle;

use batch::Batch;
use hold::Hold;
pub use pace::Pace;
use reader::{Reader, Waited};

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
    reader: Reader,
    store: Arc<dyn IssueStore>,
    health: Arc<Health>,
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
        let hold = Hold::new(store.pace());
        let reader = Reader::new(source, Arc::clone(&health), pace, stop);
        Self { tracker, reader, store, health, remembers: false, hold }
    }

    /// Reads until it is told to stop, and then ends the batch at hand.
    pub async fn run(mut self) {
        while let Some(polled) = self.reader.poll(self.hold.wait(WAIT)).await {
            self.remember().await;
            match polled {
                Polled::Records(records) => {
                    let batch = self.decode(records).await;
                    self.finish(batch).await;
                }
                Polled::Revoked(partitions) => self.forget(&partitions),
                Polled::Gap { partition, from, to } => self.health.gap(partition, from, to),
            }
            self.reader.resume();
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

    /// Stores the batch and commits it, however long that takes; gives it back when it is time to stop.
    async fn finish(&mut self, mut batch: Batch) {
        batch.works = self.hold.sift(batch.works);
        let mut backoff = self.reader.pace.start();
        while let Err(trouble) = self.settle(&mut batch).await {
            self.blame(&trouble);
            if !self.wait(&mut batch, backoff.next()).await {
                self.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, batch.reports()));
                return;
            }
        }
        let done = self.hold.done(batch.done());
        self.reader.done(done, self.hold.oldest()).await;
        self.reader.resume();
    }

    fn blame(&self, trouble: &Trouble) {
        match trouble {
            Trouble::DeadLetter(error) => self.health.fails(Part::DeadLetters, error),
            other => self.health.fails(Part::Store, other),
        }
    }

    /// Lets time pass with the batch's partitions paused. False: time to stop.
    async fn wait(&mut self, batch: &mut Batch, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            match self.reader.wait(batch.partitions(), until).await {
                Waited::Over => return true,
                Waited::Stop => return false,
                Waited::Records(records) => batch.join(self.decode(records).await),
                Waited::Revoked(partitions) => {
                    let left = batch.forget(&partitions);
                    self.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, left));
                    self.forget(&partitions);
                }
            }
        }
    }

    async fn decode(&mut self, records: Vec<Incoming>) -> Batch {
        let appended = records.iter().map(|record| record.at);
        self.health.read(appended.clone());
        if let Some(newest) = appended.max() {
            self.store.tell_time(newest);
        }
        let topic = self.reader.source.topic_id().unwrap_or_else(|| self.tracker.to_string());
        Batch::decode(&self.tracker, &topic, records, &self.health).await
    }

    /// Other members have these now: what is not committed is theirs to do again.
    fn forget(&mut self, partitions: &[i32]) {
        let left = self.hold.forget(partitions);
        self.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, left));
        self.reader.forget(partitions);
    }
}

#[cfg(test)]
pub(crate) mod tests;
