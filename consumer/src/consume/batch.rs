//! What was read and is not committed yet.

use std::collections::{BTreeMap, BTreeSet};

use issue::{
    id::{SourceId, TrackerName},
    record::LedgerBody,
};
use kafka::source::Incoming;

use super::decode::{Decoded, Poison, decode};
use crate::{
    coalesce::{Entry, Work, coalesce},
    health::Health,
    merge::Carried,
};

/// Reading is pure computing: after so many records others get a turn on this thread.
const TURN: usize = 256;

/// A record on its way to the dead letters.
#[derive(Debug)]
pub(super) struct Corpse {
    pub(super) record: Incoming,
    pub(super) poison: Poison,
    pub(super) reports: u64,
}

/// A batch: what is left to do of it, and what it covers.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// To be stored.
    pub(super) works: Vec<Work>,
    /// To be put aside.
    pub(super) corpses: Vec<Corpse>,
    /// What merged issues have counted, to be shown by those that they were merged into.
    pub(super) carried: Vec<Carried>,
    /// Sidecars' totals, to be kept: the last of each source.
    pub(super) words: BTreeMap<SourceId, (u64, LedgerBody)>,
    next: BTreeMap<i32, i64>,
}

impl Batch {
    /// Reads records; sidecars' totals are told at once, as a redelivery of them changes nothing.
    pub(super) async fn decode(
        tracker: &TrackerName,
        topic_id: &str,
        records: Vec<Incoming>,
        health: &Health,
    ) -> Self {
        let mut batch = Self::default();
        let mut entries: Vec<Entry> = Vec::with_capacity(records.len());
        for (at, record) in records.into_iter().enumerate() {
            if at % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
            let next = batch.next.entry(record.partition).or_default();
            *next = (*next).max(record.offset + 1);
            match decode(tracker, topic_id, &record) {
                Ok(Decoded::Entry(entry)) => entries.push(*entry),
                Ok(Decoded::Ledger { source, seq, body }) => {
                    batch.hear(source.clone(), seq, body.clone());
                    health.hear(source, seq, body);
                }
                // Nobody can say how many reports it stands for.
                Err(poison) => batch.corpses.push(Corpse { record, poison, reports: 1 }),
            }
        }
        batch.works = coalesce(entries);
        health.ledger(|ledger| ledger.take(batch.reports()));
        batch
    }

    fn hear(&mut self, source: SourceId, seq: u64, body: LedgerBody) {
        let known = self.words.get(&source).map(|(seq, _)| *seq);
        if known.is_none_or(|known| known < seq) {
            self.words.insert(source, (seq, body));
        }
    }

    /// Takes in what came later.
    pub(super) fn join(&mut self, later: Self) {
        for (source, (seq, body)) in later.words {
            self.hear(source, seq, body);
        }
        let entries = std::mem::take(&mut self.works).into_iter().chain(later.works);
        self.works = coalesce(entries.flat_map(|work| work.entries));
        self.corpses.extend(later.corpses);
        self.carried.extend(later.carried);
        self.next.extend(later.next);
    }

    /// How many reports have not ended yet.
    pub(super) fn reports(&self) -> u64 {
        let entries = self.works.iter().flat_map(|work| &work.entries).map(|entry| entry.reports);
        entries.chain(self.corpses.iter().map(|corpse| corpse.reports)).sum()
    }

    /// The partitions that it has records of.
    pub(super) fn partitions(&self) -> BTreeSet<i32> {
        self.next.keys().copied().collect()
    }

    /// First offsets that are not done once the batch is.
    pub(super) fn done(self) -> BTreeMap<i32, i64> {
        self.next
    }

    /// Lets go of what belongs to these partitions; tells how many reports that was.
    pub(super) fn forget(&mut self, partitions: &[i32]) -> u64 {
        let before = self.reports();
        for work in &mut self.works {
            work.entries.retain(|entry| !partitions.contains(&entry.origin.partition));
        }
        self.works.retain(|work| !work.entries.is_empty());
        self.corpses.retain(|corpse| !partitions.contains(&corpse.record.partition));
        self.next.retain(|partition, _| !partitions.contains(partition));
        before - self.reports()
    }
}
