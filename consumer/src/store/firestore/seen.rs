//! `seen` marks: which records an issue has counted.
//!
//! Marks are kept in epochs of eight days, so that forgetting is dropping an epoch whole, whatever is in it: a mark lives
//! for eight days at least and sixteen at most, counted from the last record of its source. The first 200 marks of an
//! epoch lie in the issue's document, `seen.e<epoch>.<source>`. Those that come when there is no more room lie in shards,
//! `issues/{id}/seen/<epoch>-<shard>`, written by the same commit; the document's `shards` names the epochs that have any.
//! A source may have marks in several places: the highest counts.

use std::collections::{BTreeMap, HashMap};

use firestore::gcloud_sdk::google::firestore::v1::{Document, Value, value::ValueType};
use issue::id::{IssueId, SourceId};
use jiff::Timestamp;

use super::{
    names::{Names, SEEN},
    value::{Fields, array, array_of, integer, map, map_of},
};
use crate::store::SEEN_KEPT;

/// Marks of one epoch in the issue's document.
const INLINE: usize = 200;

/// Shards of one epoch. Each holds some 10,000 sources before it is as large as a document may be.
const SHARDS: u8 = 64;

/// What a write needs to know of the marks that are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Marked {
    /// Marks in the document, by epoch.
    inline: BTreeMap<i64, usize>,
    /// Epochs that have shards.
    pub(super) shards: Vec<i64>,
}

impl Marked {
    /// Of a document.
    pub(super) fn of(fields: &Fields) -> Self {
        let inline = epochs(fields).map(|(epoch, marks)| (epoch, marks.len())).collect();
        let shards = array_of(fields, "shards").iter().filter_map(|value| match value.value_type {
            Some(ValueType::IntegerValue(epoch)) => Some(epoch),
            _ => None,
        });
        Self { inline, shards: shards.collect() }
    }
}

/// The marks of a document, by epoch.
fn epochs(fields: &Fields) -> impl Iterator<Item = (i64, &Fields)> {
    let epoch = |(name, value): (&String, &'_ Value)| {
        let number = name.strip_prefix('e')?.parse().ok()?;
        matches!(value.value_type, Some(ValueType::MapValue(_))).then_some((number, name.clone()))
    };
    let seen = map_of(fields, SEEN);
    seen.into_iter().flat_map(move |seen| {
        seen.iter().filter_map(epoch).filter_map(move |(number, name)| Some((number, map_of(seen, &name)?)))
    })
}

/// Which epoch it is.
pub(super) fn epoch(now: Timestamp) -> i64 {
    now.as_second().div_euclid(SEEN_KEPT.as_secs())
}

/// Whether marks of an epoch have outlived their time.
pub(super) fn is_over(of: i64, now: Timestamp) -> bool {
    of < epoch(now) - 1
}

/// The name of a shard, below its issue.
fn shard_name(epoch: i64, shard: u8) -> String {
    format!("{epoch}-{shard:02}")
}

/// The epoch of a shard, of its name.
pub(super) fn epoch_of_shard(name: &str) -> Option<i64> {
    name.rsplit_once('-')?.0.parse().ok()
}

/// Spools are random, so their last byte spreads them.
fn shard_of(source: &SourceId) -> u8 {
    source.spool.as_bytes().last().copied().unwrap_or_default() % SHARDS
}

/// Highest marks by source, as they are collected from several places.
#[derive(Debug, Default)]
pub(super) struct Highest(HashMap<String, u64>);

impl Highest {
    /// Takes in the marks of an issue's document.
    pub(super) fn inline(&mut self, fields: &Fields) {
        epochs(fields).for_each(|(_, marks)| self.take(marks));
    }

    /// Takes in the marks of a shard.
    pub(super) fn shard(&mut self, shard: &Document) {
        if let Some(marks) = map_of(&shard.fields, "marks") {
            self.take(marks);
        }
    }

    fn take(&mut self, marks: &Fields) {
        for (source, seq) in marks {
            if let Some(ValueType::IntegerValue(seq)) = seq.value_type {
                let highest = self.0.entry(source.clone()).or_default();
                *highest = (*highest).max(seq.cast_unsigned());
            }
        }
    }

    /// Those of these sources, in their order.
    pub(super) fn of(&self, sources: &[SourceId]) -> Vec<(SourceId, u64)> {
        let mark = |source: &SourceId| Some((source.clone(), *self.0.get(&source.to_string())?));
        sources.iter().filter_map(mark).collect()
    }

    /// All of them, in the order of sources.
    pub(super) fn all(&self) -> Vec<(SourceId, u64)> {
        let mark = |(source, seq): (&String, &u64)| Some((source.parse().ok()?, *seq));
        let mut all: Vec<(SourceId, u64)> = self.0.iter().filter_map(mark).collect();
        all.sort_unstable();
        all
    }
}

/// The shards that may have marks of these sources.
pub(super) fn shards_of(names: &Names, id: IssueId, marked: &Marked, sources: &[SourceId]) -> Vec<String> {
    let mut shards: Vec<u8> = sources.iter().map(shard_of).collect();
    shards.sort_unstable();
    shards.dedup();
    let of_epoch = |epoch: &i64| {
        let name = |shard: &u8| names.below(id, SEEN, &shard_name(*epoch, *shard));
        shards.iter().map(name).collect::<Vec<_>>()
    };
    marked.shards.iter().flat_map(of_epoch).collect()
}

/// What new marks come to.
#[derive(Debug, Default)]
pub(super) struct Marking {
    /// For the document's `seen`; all of it where the document is new.
    pub(super) inline: Fields,
    /// Paths of the marks in the document that change or go.
    pub(super) paths: Vec<String>,
    /// For the document's `shards`.
    pub(super) shards: Vec<i64>,
    /// Shards by name, with their marks and the paths of those.
    pub(super) documents: BTreeMap<String, (Fields, Vec<String>)>,
    /// What is there afterwards.
    pub(super) marked: Marked,
}

/// Where new marks go. Epochs that are over go, the shards of theirs are left to the sweep.
pub(super) fn mark(before: &Marked, new: &[(SourceId, u64)], now: Timestamp) -> Marking {
    let current = epoch(now);
    let mut marking = Marking { marked: before.clone(), ..Marking::default() };
    marking.marked.inline.retain(|&epoch, _| {
        let over = is_over(epoch, now);
        if over {
            marking.paths.push(format!("{SEEN}.e{epoch}"));
        }
        !over
    });
    let room = INLINE.saturating_sub(before.inline.get(&current).copied().unwrap_or_default());
    let (inline, sharded) = new.split_at(if new.len() <= room { new.len() } else { 0 });
    let mut marks = Fields::new();
    for (source, seq) in inline {
        marking.paths.push(format!("{SEEN}.e{current}.`{source}`"));
        marks.insert(source.to_string(), integer(seq.cast_signed()));
    }
    if !marks.is_empty() {
        *marking.marked.inline.entry(current).or_default() += marks.len();
        marking.inline.insert(format!("e{current}"), map(marks));
    }
    for (source, seq) in sharded {
        let name = shard_name(current, shard_of(source));
        let (marks, paths) = marking.documents.entry(name).or_default();
        paths.push(format!("marks.`{source}`"));
        marks.insert(source.to_string(), integer(seq.cast_signed()));
    }
    if !sharded.is_empty() && !marking.marked.shards.contains(&current) {
        marking.marked.shards.push(current);
    }
    marking.shards = marking.marked.shards.clone();
    marking
}

/// The epochs that have shards, as a field and as what the sweep looks for.
pub(super) fn shard_fields(shards: &[i64]) -> Option<(Value, Value)> {
    let oldest = shards.iter().min()?;
    Some((array(shards.iter().map(|&epoch| integer(epoch)).collect()), integer(*oldest)))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn sources(range: std::ops::Range<u128>) -> Vec<(SourceId, u64)> {
        range.map(|n| (SourceId { spool: Uuid::from_u128(n), partitions: 6 }, 7)).collect()
    }

    #[test]
    fn marks_lie_in_the_document_while_there_is_room() {
        let now = Timestamp::from_second(1_790_000_000).expect("a time");
        let first = mark(&Marked::default(), &sources(0..200), now);
        assert_eq!((first.paths.len(), first.documents.len(), first.shards.len()), (200, 0, 0));
        let second = mark(&first.marked, &sources(200..201), now);
        assert_eq!((second.paths.len(), second.documents.len()), (0, 1));
        assert_eq!(second.shards, [epoch(now)]);
    }

    #[test]
    fn an_epoch_goes_whole_when_it_is_over() {
        let now = Timestamp::from_second(1_790_000_000).expect("a time");
        let first = mark(&Marked::default(), &sources(0..3), now);
        for (days, over) in [(8, false), (17, true)] {
            let later = now + jiff::SignedDuration::from_hours(days * 24);
            let next = mark(&first.marked, &[], later);
            assert_eq!(next.paths, if over { vec![format!("seen.e{}", epoch(now))] } else { Vec::new() });
        }
    }
}
