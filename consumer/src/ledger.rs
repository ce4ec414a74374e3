//! The counters that must add up: what became of every report that was read, and what the sidecars say of theirs.

use std::collections::{BTreeMap, HashMap};

use issue::{id::SourceId, outcome::ConsumerOutcome, record::LedgerBody};
use uuid::Uuid;

use crate::store::{Note, NoteKind};

/// So many sidecars' totals are kept apart; those silent for longest are then added up.
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

/// What the sidecars say, each in its latest word. A sidecar is its spool: the totals go on when the partition count, and
/// with it the source, changes.
#[derive(Clone, Debug, Default)]
pub struct Sidecars {
    latest: HashMap<Uuid, Word>,
    /// Of those whose words had to make room.
    left: LedgerBody,
    heard: u64,
}

#[derive(Clone, Debug)]
struct Word {
    partitions: u32,
    seq: u64,
    body: LedgerBody,
    /// In the order of hearing.
    at: u64,
}

impl Word {
    /// Within a source the last seq wins; between two sources of one spool, the totals that have grown further.
    fn is_later(&self, partitions: u32, seq: u64, body: &LedgerBody) -> bool {
        let taken = |body: &LedgerBody| body.accepted.saturating_add(body.recovered);
        if self.partitions == partitions { seq > self.seq } else { taken(body) > taken(&self.body) }
    }
}

impl Sidecars {
    /// Takes a sidecar's totals, unless a later word of it is known: a replay changes nothing.
    pub fn hear(&mut self, source: &SourceId, seq: u64, body: LedgerBody) {
        let SourceId { spool, partitions } = *source;
        if self.latest.get(&spool).is_some_and(|known| !known.is_later(partitions, seq, &body)) {
            return;
        }
        if self.latest.len() >= SIDECARS && !self.latest.contains_key(&spool) {
            self.make_room();
        }
        self.heard += 1;
        self.latest.insert(spool, Word { partitions, seq, body, at: self.heard });
    }

    /// Adds up the tenth that has been silent for longest: looking for them one by one would be slow.
    fn make_room(&mut self) {
        let mut heard: Vec<u64> = self.latest.values().map(|word| word.at).collect();
        heard.sort_unstable();
        let until = heard.get(SIDECARS / 10).copied().unwrap_or_default();
        self.latest.retain(|_, word| {
            let stays = word.at > until;
            if !stays {
                add(&mut self.left, &word.body);
            }
            stays
        });
    }

    /// How many are known.
    pub fn count(&self) -> usize {
        self.latest.len()
    }

    /// The sum over all of them.
    pub fn sum(&self) -> LedgerBody {
        let mut sum = self.left.clone();
        self.latest.values().for_each(|word| add(&mut sum, &word.body));
        sum
    }
}

/// A sidecar's word as the store keeps it, so that it outlives this process.
pub fn note(source: &SourceId, seq: u64, body: &LedgerBody) -> Note {
    let key = format!("{}.{}", source.spool, source.partitions);
    // Numbers and a map of names: serialising it cannot fail.
    let body = serde_json::to_value(body).unwrap_or_default();
    Note { kind: NoteKind::Sidecar, key, rank: seq, body }
}

/// Reads such a note; `None` where it has another form.
pub fn word(note: Note) -> Option<(SourceId, u64, LedgerBody)> {
    let (spool, partitions) = note.key.split_once('.')?;
    let source = SourceId { spool: spool.parse().ok()?, partitions: partitions.parse().ok()? };
    Some((source, note.rank, serde_json::from_value(note.body).ok()?))
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
            sidecars.hear(&source(n), seq, body(accepted));
        }
        assert_eq!((sidecars.count(), sidecars.sum()), (2, body(34)));
    }

    #[test]
    fn more_partitions_make_no_second_sidecar() {
        let source = |partitions| SourceId { spool: Uuid::from_u128(1), partitions };
        let body = |accepted| LedgerBody { accepted, ..LedgerBody::default() };
        let mut sidecars = Sidecars::default();
        for (partitions, seq, accepted) in [(6, 90, 30), (12, 1, 31), (6, 91, 30), (12, 2, 35)] {
            sidecars.hear(&source(partitions), seq, body(accepted));
        }
        assert_eq!((sidecars.count(), sidecars.sum()), (1, body(35)));
    }

    #[test]
    fn sidecars_are_bounded_and_their_sum_stays() {
        let mut sidecars = Sidecars::default();
        for n in 0..25_000 {
            let source = SourceId { spool: Uuid::from_u128(n), partitions: 6 };
            sidecars.hear(&source, 1, LedgerBody { accepted: 1, ..LedgerBody::default() });
        }
        assert!(sidecars.count() <= SIDECARS);
        assert_eq!(sidecars.sum().accepted, 25_000);
    }

    #[test]
    fn a_word_is_read_back_from_its_note() {
        let source = SourceId { spool: Uuid::from_u128(9), partitions: 6 };
        let dropped = BTreeMap::from([("corrupt".to_owned(), 3)]);
        let body = LedgerBody { accepted: 7, dropped, ..LedgerBody::default() };
        assert_eq!(word(note(&source, 4, &body)), Some((source, 4, body)));
        let foreign = Note {
            key: "x".to_owned(),
            ..note(&SourceId { spool: Uuid::nil(), partitions: 1 }, 1, &LedgerBody::default())
        };
        assert_eq!(word(foreign), None);
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
