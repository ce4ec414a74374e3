//! The counters that must add up: what became of every report that was read, and what the sidecars say of theirs.

use std::collections::{BTreeMap, HashMap};

use issue::{id::SourceId, outcome::ConsumerOutcome, record::LedgerBody};

/// So many sidecars' totals are kept apart; those of the one silent for longest are then added up with others that left.
const SIDECARS: usize = 20_000;

/// `consumed = stored + repeat + duplicate + sum(dead_lettered) + handed_back + in_flight`, in reports, since the start
/// of this process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Read from the topic.
    pub consumed: u64,
    /// First of their issue.
    pub stored: u64,
    /// Counted on a known issue.
    pub repeat: u64,
    /// Seen before.
    pub duplicate: u64,
    /// Can never be processed, by reason.
    pub dead_lettered: BTreeMap<&'static str, u64>,
    /// Read, and left to whoever reads the partition next.
    pub handed_back: u64,
    /// Read and not ended yet.
    pub in_flight: u64,
}

impl Ledger {
    /// So many were read.
    pub fn take(&mut self, reports: u64) {
        self.consumed += reports;
        self.in_flight += reports;
    }

    /// So many ended so. Dead letters have a reason and go through [`Ledger::bury`].
    pub fn end(&mut self, outcome: ConsumerOutcome, reports: u64) {
        let counter = match outcome {
            ConsumerOutcome::Stored => &mut self.stored,
            ConsumerOutcome::Repeat => &mut self.repeat,
            ConsumerOutcome::Duplicate => &mut self.duplicate,
            ConsumerOutcome::HandedBack => &mut self.handed_back,
            ConsumerOutcome::DeadLettered => self.dead_lettered.entry("unknown").or_default(),
        };
        *counter += reports;
        self.in_flight = self.in_flight.saturating_sub(reports);
    }

    /// So many ended as dead letters.
    pub fn bury(&mut self, reason: &'static str, reports: u64) {
        *self.dead_lettered.entry(reason).or_default() += reports;
        self.in_flight = self.in_flight.saturating_sub(reports);
    }

    /// Whether it adds up.
    pub fn is_balanced(&self) -> bool {
        let ended = self.stored + self.repeat + self.duplicate + self.handed_back;
        self.consumed == ended + self.dead_lettered.values().sum::<u64>() + self.in_flight
    }
}

/// What the sidecars say, each in its latest word.
#[derive(Clone, Debug, Default)]
pub struct Sidecars {
    latest: HashMap<SourceId, (u64, LedgerBody)>,
    left: LedgerBody,
}

impl Sidecars {
    /// Takes a sidecar's totals, unless a later word of it is known: a replay changes nothing.
    pub fn hear(&mut self, source: SourceId, seq: u64, body: LedgerBody) {
        if self.latest.get(&source).is_some_and(|(known, _)| *known >= seq) {
            return;
        }
        if self.latest.len() >= SIDECARS
            && !self.latest.contains_key(&source)
            && let Some(first) = self.latest.keys().next().cloned()
            && let Some((_, body)) = self.latest.remove(&first)
        {
            add(&mut self.left, &body);
        }
        self.latest.insert(source, (seq, body));
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.latest.len()
    }

    /// The sum over all of them.
    pub fn sum(&self) -> LedgerBody {
        let mut sum = self.left.clone();
        self.latest.values().for_each(|(_, body)| add(&mut sum, body));
        sum
    }
}

fn add(sum: &mut LedgerBody, more: &LedgerBody) {
    for (sum, more) in [
        (&mut sum.accepted, more.accepted),
        (&mut sum.recovered, more.recovered),
        (&mut sum.published, more.published),
        (&mut sum.paired, more.paired),
        (&mut sum.spooled, more.spooled),
        (&mut sum.gap_bytes, more.gap_bytes),
    ] {
        *sum = sum.saturating_add(more);
    }
    for (reason, more) in &more.dropped {
        let sum = sum.dropped.entry(reason.chars().take(40).collect()).or_default();
        *sum = sum.saturating_add(*more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_each_sidecar_counts() {
        let source = |n| SourceId { spool: uuid::Uuid::from_u128(n), partitions: 6 };
        let body = |accepted| LedgerBody { accepted, ..LedgerBody::default() };
        let mut sidecars = Sidecars::default();
        for (n, seq, accepted) in [(1, 5, 10), (1, 9, 30), (1, 9, 30), (1, 7, 20), (2, 1, 4)] {
            sidecars.hear(source(n), seq, body(accepted));
        }
        assert_eq!((sidecars.count(), sidecars.sum()), (2, body(34)));
    }

    #[test]
    fn every_outcome_keeps_the_balance() {
        let mut ledger = Ledger::default();
        ledger.take(100);
        for outcome in ConsumerOutcome::ALL {
            ledger.end(outcome, 7);
        }
        ledger.bury("malformed", 3);
        assert!(ledger.is_balanced());
        assert_eq!(ledger.in_flight, 62);
    }
}
