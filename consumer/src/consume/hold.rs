//! Keeps a store's pace: what comes for an issue that was written a moment ago waits, together with all that comes for it
//! meanwhile, and becomes one write when the issue may be written again. The first report of a quiet issue waits for
//! nothing, so nobody sees it later; and everything else of its batch goes on.
//!
//! What waits is not done: its offsets are not committed, so a crash costs a redelivery and no record.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use issue::id::IssueId;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::coalesce::{Work, coalesce};

/// So many records, and bytes of them, wait at most. Past that memory comes before pace, and all of it is written.
const MOST: usize = 8_000;
const BYTES: usize = 32 << 20;

/// Works that wait.
#[derive(Debug, Default)]
pub(super) struct Hold {
    pace: Duration,
    written: HashMap<IssueId, Instant>,
    works: Vec<Work>,
    /// First offsets that are not done once nothing waits.
    next: BTreeMap<i32, i64>,
}

impl Hold {
    pub(super) fn new(pace: Duration) -> Self {
        Self { pace, ..Self::default() }
    }

    /// An issue was written now.
    pub(super) fn wrote(&mut self, id: IssueId) {
        if !self.pace.is_zero() {
            self.written.insert(id, Instant::now());
        }
    }

    /// Takes in what came; gives out what may be written now, what waited longest first.
    pub(super) fn sift(&mut self, new: Vec<Work>) -> Vec<Work> {
        if self.pace.is_zero() && self.works.is_empty() {
            return new;
        }
        let pace = self.pace;
        self.written.retain(|_, at| at.elapsed() < pace);
        let entries = std::mem::take(&mut self.works).into_iter().chain(new).flat_map(|work| work.entries);
        let (waiting, due): (Vec<_>, Vec<_>) =
            coalesce(entries).into_iter().partition(|work| self.written.contains_key(&work.issue_id));
        let entries = || waiting.iter().flat_map(|work| &work.entries);
        let bytes: usize = entries().map(|entry| entry.origin.payload.len()).sum();
        if entries().count() > MOST || bytes > BYTES {
            return waiting.into_iter().chain(due).collect();
        }
        self.works = waiting;
        due
    }

    /// First offsets that are not done, given those of a batch that is done but for what waits.
    pub(super) fn done(&mut self, batch: BTreeMap<i32, i64>) -> BTreeMap<i32, i64> {
        self.next.extend(batch);
        let mut done = self.next.clone();
        let origins = self.works.iter().flat_map(|work| &work.entries).map(|entry| &entry.origin);
        let mut held = Vec::new();
        for origin in origins {
            if let Some(next) = done.get_mut(&origin.partition) {
                *next = (*next).min(origin.offset);
            }
            held.push(origin.partition);
        }
        self.next.retain(|partition, _| held.contains(partition));
        done
    }

    /// When the oldest record that waits was appended.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.works.iter().flat_map(|work| &work.entries).map(|entry| entry.origin.at).min()
    }

    /// How long a poll may wait for records: until something may be written.
    pub(super) fn wait(&self, longest: Duration) -> Duration {
        let due = |work: &Work| {
            let at = self.written.get(&work.issue_id)?;
            Some(self.pace.saturating_sub(at.elapsed()))
        };
        let first = self.works.iter().map(|work| due(work).unwrap_or_default()).min();
        first.map_or(longest, |first| first.clamp(Duration::from_millis(1), longest))
    }

    /// Lets everything go at the next sift; tells whether there is anything.
    pub(super) fn open(&mut self) -> bool {
        self.pace = Duration::ZERO;
        self.written.clear();
        !self.works.is_empty()
    }

    /// Lets go of what belongs to these partitions; tells how many reports that was.
    pub(super) fn forget(&mut self, partitions: &[i32]) -> u64 {
        let mut reports = 0;
        for work in &mut self.works {
            work.entries.retain(|entry| {
                let gone = partitions.contains(&entry.origin.partition);
                reports += if gone { entry.reports } else { 0 };
                !gone
            });
        }
        self.works.retain(|work| !work.entries.is_empty());
        self.next.retain(|partition, _| !partitions.contains(partition));
        reports
    }
}
