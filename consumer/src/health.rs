//! How the service is: one place that the loop writes and everybody else reads.

use std::{collections::BTreeMap, error::Error, sync::Arc};

use issue::{id::SourceId, record::LedgerBody};
use jiff::Timestamp;
use parking_lot::Mutex;
use serde::Serialize;

use crate::ledger::{Ledger, Sidecars};

/// So many gaps are told one by one; all are counted.
const GAPS: usize = 100;

/// What can fail on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Where records come from.
    Source,
    /// Where issues are kept.
    Store,
    /// Where records go that can never be processed.
    DeadLetters,
}

impl Part {
    /// Every part, for metrics that start at zero.
    pub const ALL: [Self; 3] = [Self::Source, Self::Store, Self::DeadLetters];

    /// The word in logs, metrics and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Store => "store",
            Self::DeadLetters => "dead_letters",
        }
    }
}

/// Since when a part does not work, and what it said last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// First failure of this stretch.
    pub since: Timestamp,
    /// For people.
    pub error: String,
}

/// Records that retention deleted before anybody read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Partition.
    pub partition: i32,
    /// First offset that is missing.
    pub from: i64,
    /// First offset that is there.
    pub to: i64,
}

/// What was lost in all gaps of one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GapSum {
    /// Records.
    pub records: u64,
    /// The latest gap: its first offset.
    pub from: i64,
    /// And the first that is there.
    pub to: i64,
}

/// What people did with dead letters, in letters, since the start of this process. Beside the ledger: a replay is not read
/// from the topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LettersDone {
    /// Processed after all.
    pub replayed: u64,
    /// Given up.
    pub discarded: u64,
}

/// How the service stands at one moment.
#[derive(Clone, Debug, Default)]
pub struct Status {
    /// What became of every report that was read.
    pub ledger: Ledger,
    /// What the sidecars say, added up.
    pub sidecars: LedgerBody,
    /// How many sidecars that is.
    pub sidecar_count: usize,
    /// Records in the topic that are not committed.
    pub lag: u64,
    /// When the oldest record that waits was appended: of those that were read and are not committed, or else the latest
    /// that was read, while there are more. `None`: everything is done.
    pub oldest_unprocessed: Option<Timestamp>,
    /// What does not work.
    pub failing: BTreeMap<Part, Failure>,
    /// The latest gaps.
    pub gaps: Vec<Gap>,
    /// Records lost in all gaps.
    pub gap_records: u64,
    /// The same by partition.
    pub gap_sums: BTreeMap<i32, GapSum>,
    /// Replayed and discarded.
    pub letters: LettersDone,
}

#[derive(Default)]
struct Inner {
    status: Status,
    sidecars: Sidecars,
    /// Append time of the oldest record that was read and is not committed.
    waiting: Option<Timestamp>,
    /// That of the newest one that was read.
    latest: Option<Timestamp>,
}

/// The live state.
#[derive(Default)]
pub struct Health {
    inner: Mutex<Inner>,
}

impl Health {
    /// A new one, all at zero.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How it stands now; all counters of one moment.
    pub fn status(&self) -> Status {
        let inner = self.inner.lock();
        let behind = inner.latest.filter(|_| inner.status.lag > 0);
        Status {
            oldest_unprocessed: inner.waiting.or(behind),
            sidecars: inner.sidecars.sum(),
            sidecar_count: inner.sidecars.count(),
            ..inner.status.clone()
        }
    }

    /// Counts.
    pub fn ledger(&self, count: impl FnOnce(&mut Ledger)) {
        count(&mut self.inner.lock().status.ledger);
    }

    /// Notes a sidecar's totals.
    pub fn hear(&self, source: SourceId, seq: u64, body: LedgerBody) {
        self.inner.lock().sidecars.hear(&source, seq, body);
    }

    /// Counts what people do with dead letters.
    pub fn letters(&self, count: impl FnOnce(&mut LettersDone)) {
        count(&mut self.inner.lock().status.letters);
    }

    /// Notes how far behind the reader is.
    pub fn lag(&self, records: u64) {
        self.inner.lock().status.lag = records;
    }

    /// Notes when records that were just read had been appended.
    pub fn read(&self, appended: impl Iterator<Item = Timestamp> + Clone) {
        let mut inner = self.inner.lock();
        inner.waiting = inner.waiting.into_iter().chain(appended.clone()).min();
        inner.latest = inner.latest.into_iter().chain(appended).max();
    }

    /// Everything that was read is committed, but for what is as old as this.
    pub fn done(&self, waiting: Option<Timestamp>) {
        self.inner.lock().waiting = waiting;
    }

    /// Notes records that are gone for good; said once, here.
    pub fn gap(&self, partition: i32, from: i64, to: i64) {
        tracing::error!(
            partition,
            from,
            to,
            "DataGap: retention deleted records before they were read; their reports are missing from the counts"
        );
        let status = &mut self.inner.lock().status;
        let records = to.saturating_sub(from).unsigned_abs();
        status.gap_records = status.gap_records.saturating_add(records);
        let sum = status.gap_sums.entry(partition).or_default();
        *sum = GapSum { records: sum.records.saturating_add(records), from, to };
        status.gaps.push(Gap { partition, from, to });
        if status.gaps.len() > GAPS {
            status.gaps.remove(0);
        }
    }

    /// A part answered. Said in the log when it had not before.
    pub fn works(&self, part: Part) {
        if let Some(failure) = self.inner.lock().status.failing.remove(&part) {
            let since = failure.since.to_string();
            tracing::info!(part = part.as_str(), since, "works again");
        }
    }

    /// A part failed. Said in the log when it had not before.
    pub fn fails(&self, part: Part, error: &dyn Error) {
        let error = told(error);
        let failing = &mut self.inner.lock().status.failing;
        if let Some(failure) = failing.get_mut(&part) {
            failure.error = error;
            return;
        }
        tracing::warn!(part = part.as_str(), error, "does not work; it is tried again until it does");
        failing.insert(part, Failure { since: Timestamp::now(), error });
    }
}

/// An error with all its causes in one line.
pub fn told(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !told.ends_with(&next) {
            told = format!("{told}: {next}");
        }
        cause = error.source();
    }
    told.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_record_that_waits_is_told_until_it_is_committed() {
        let health = Health::default();
        let at = |second| Timestamp::from_second(second).expect("a time");
        let oldest = || health.status().oldest_unprocessed;
        assert_eq!(oldest(), None);
        health.read([at(30), at(20)].into_iter());
        health.read([at(40)].into_iter());
        assert_eq!(oldest(), Some(at(20)));
        health.done(Some(at(40)));
        assert_eq!(oldest(), Some(at(40)), "it waits for the store's pace");
        health.done(None);
        assert_eq!(oldest(), None);
        health.lag(5);
        assert_eq!(oldest(), Some(at(40)), "what is in the topic is no older than what was read last");
    }
}
