//! The end of a topic that a loop reads: polls, pauses and commits, and stays a member of the group while a batch waits.
//!
//! Whoever reads says by [`Reader::done`] how far it is; an offset is never committed before store or dead letter.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use kafka::source::{Done, Incoming, Polled, RecordSource, SourceError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Pace, batch::Corpse};
use crate::health::{Health, Part};

/// Enough to make a transaction worth its sync; the sources bound a poll's bytes.
const MAX_RECORDS: usize = 4_000;

/// What came while a batch waited.
pub(super) enum Waited {
    /// The time is over: try again.
    Over,
    /// It is time to stop.
    Stop,
    /// Records of partitions that could not be paused, which would be passed over: they join the batch.
    Records(Vec<Incoming>),
    /// Others have these partitions now.
    Revoked(Vec<i32>),
}

/// A topic, read by one loop.
pub(super) struct Reader {
    pub(super) source: Box<dyn RecordSource>,
    pub(super) health: Arc<Health>,
    pub(super) pace: Pace,
    stop: CancellationToken,
    /// Done, and not known to be committed.
    uncommitted: BTreeMap<i32, i64>,
    /// Held back until the batch is settled.
    paused: BTreeSet<i32>,
}

impl Reader {
    pub(super) fn new(
        source: Box<dyn RecordSource>,
        health: Arc<Health>,
        pace: Pace,
        stop: CancellationToken,
    ) -> Self {
        Self { source, health, pace, stop, uncommitted: BTreeMap::new(), paused: BTreeSet::new() }
    }

    /// The next thing, looked for until there is one, or nothing for so long; `None` when it is time to stop.
    pub(super) async fn poll(&mut self, wait: Duration) -> Option<Polled> {
        let mut backoff = self.pace.start();
        loop {
            let polled = tokio::select! {
                biased;
                () = self.stop.cancelled() => return None,
                polled = self.source.poll(MAX_RECORDS, wait) => polled,
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

    /// Notes what is done and commits it. A failure costs nothing but a redelivery: the next commit covers it. `waiting`
    /// is when the oldest record was appended that was read and is not done.
    pub(super) async fn done(&mut self, next: BTreeMap<i32, i64>, waiting: Option<Timestamp>) {
        self.uncommitted.extend(next);
        let done: Vec<Done> =
            self.uncommitted.iter().map(|(&partition, &next)| Done { partition, next }).collect();
        if done.is_empty() {
            return;
        }
        match self.source.commit(&done).await {
            Ok(()) => {
                self.uncommitted.clear();
                self.health.done(waiting);
                self.health.lag(self.source.lag().records);
            }
            Err(error) => self.health.fails(Part::Source, &error),
        }
    }

    /// Lets time pass with these partitions paused, staying a member of the group; comes back early for what the batch
    /// has to know.
    pub(super) async fn wait(&mut self, partitions: BTreeSet<i32>, until: Instant) -> Waited {
        self.pause(partitions);
        loop {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return Waited::Over;
            }
            let polled = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Waited::Stop,
                polled = self.source.poll(1, rest) => polled,
            };
            self.health.lag(self.source.lag().records);
            match polled {
                Ok(Polled::Records(records)) => {
                    let kept = self.put_off(records);
                    if !kept.is_empty() {
                        return Waited::Records(kept);
                    }
                }
                Ok(Polled::Revoked(partitions)) => return Waited::Revoked(partitions),
                Ok(Polled::Gap { partition, from, to }) => self.health.gap(partition, from, to),
                Err(error) => {
                    self.health.fails(Part::Source, &error);
                    tokio::time::sleep_until(until.min(Instant::now() + self.pace.first)).await;
                }
            }
        }
    }

    /// Records that come while a batch waits are not taken in: once their partitions are resumed they are delivered
    /// again. Gives back those of a partition that cannot be paused.
    fn put_off(&mut self, records: Vec<Incoming>) -> Vec<Incoming> {
        self.pause(records.iter().map(|record| record.partition).collect());
        records.into_iter().filter(|record| !self.paused.contains(&record.partition)).collect()
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

    /// Lets all partitions go on.
    pub(super) fn resume(&mut self) {
        let paused: Vec<i32> = self.paused.iter().copied().collect();
        if paused.is_empty() {
            return;
        }
        match self.source.resume(&paused) {
            Ok(()) => self.paused.clear(),
            Err(error) => self.health.fails(Part::Source, &error),
        }
    }

    /// Puts aside what can never be processed, in the order of the topic. What is put aside is gone from the list, also when
    /// the rest could not be.
    pub(super) async fn bury(&mut self, corpses: &mut Vec<Corpse>) -> Result<(), SourceError> {
        corpses.sort_by_key(|corpse| (corpse.record.partition, corpse.record.offset));
        while let Some(Corpse { record, poison, reports }) = corpses.first() {
            self.source.dead_letter(record, poison.reason, &poison.detail).await?;
            self.health.works(Part::DeadLetters);
            self.health.ledger(|ledger| ledger.bury(poison.reason, *reports));
            corpses.remove(0);
        }
        Ok(())
    }

    /// Other members have these now: what is not committed is theirs to do again.
    pub(super) fn forget(&mut self, partitions: &[i32]) {
        for partition in partitions {
            self.uncommitted.remove(partition);
            self.paused.remove(partition);
        }
    }
}
