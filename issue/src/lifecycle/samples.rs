//! Which occurrences of an issue are kept as samples.
//!
//! The rule is a function of the set alone, and keeping the kept of two parts gives the same as keeping of the whole:
//! however a history is cut into batches, and whoever prunes when, the same samples remain.

use std::{
    collections::{BTreeMap, HashSet},
    hash::Hash,
};

use jiff::Timestamp;

/// The first ones always stay: they tell how it began.
const FIRST: usize = 10;

/// One for each of the latest minutes in which reports came. With the first ones, the newest and the newest full one
/// this keeps at most 50.
const MINUTES: usize = 38;

/// What the rule needs to know of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<K> {
    /// Names it, and orders those of one moment.
    pub key: K,
    /// The broker's append time.
    pub received_at: Timestamp,
    /// Whether it carries frames and text.
    pub full: bool,
}

/// The keys of those that stay: the first 10, one a minute (a full one where there is one) for the latest minutes, the
/// newest, and the newest full one; 50 at most.
pub fn kept<K: Copy + Ord + Hash>(samples: &[Sample<K>]) -> HashSet<K> {
    let mut ordered: Vec<&Sample<K>> = samples.iter().collect();
    ordered.sort_unstable_by_key(|sample| (sample.received_at, sample.key));
    let mut minutes: BTreeMap<i64, &Sample<K>> = BTreeMap::new();
    for sample in &ordered {
        let best = minutes.entry(sample.received_at.as_second().div_euclid(60)).or_insert(sample);
        if sample.full && !best.full {
            *best = sample;
        }
    }
    let newest = ordered.last();
    let newest_full = ordered.iter().rev().find(|sample| sample.full);
    ordered
        .iter()
        .take(FIRST)
        .chain(newest)
        .chain(newest_full)
        .chain(minutes.values().rev().take(MINUTES))
        .map(|sample| sample.key)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(key: u32, second: i64, full: bool) -> Sample<u32> {
        Sample { key, received_at: Timestamp::from_second(second).expect("a time"), full }
    }

    fn prune(samples: Vec<Sample<u32>>) -> Vec<Sample<u32>> {
        let kept = kept(&samples);
        samples.into_iter().filter(|sample| kept.contains(&sample.key)).collect()
    }

    #[test]
    fn a_storm_keeps_how_it_began_one_a_minute_and_how_it_stands() {
        let storm: Vec<_> = (0..600).map(|n| sample(n, i64::from(n), false)).collect();
        let keys: Vec<u32> = prune(storm).iter().map(|sample| sample.key).collect();
        assert_eq!(keys, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 60, 120, 180, 240, 300, 360, 420, 480, 540, 599]);
    }

    #[test]
    fn the_newest_full_sample_outlives_any_number_of_slim_ones() {
        let mut samples = vec![sample(0, 0, true)];
        samples.extend((1..10_000).map(|n| sample(n, i64::from(n) * 30, false)));
        let pruned = prune(samples);
        assert!(pruned.len() <= 50, "{} were kept", pruned.len());
        assert!(pruned.iter().any(|sample| sample.full));
    }

    proptest! {
        #[test]
        fn any_batch_split_keeps_the_same_samples(
            history in prop::collection::vec((0_i64..9_000, prop::bool::weighted(0.1)), 0..300),
            cuts in prop::collection::vec(1_usize..40, 1..40),
        ) {
            let all: Vec<_> = (0_u32..).zip(&history).map(|(n, &(at, full))| sample(n, at, full)).collect();
            let mut parts = Vec::new();
            let mut rest = all.as_slice();
            for cut in cuts.iter().cycle() {
                let (batch, later) = rest.split_at((*cut).min(rest.len()));
                parts.extend(prune(batch.to_vec()));
                parts = prune(parts);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            prop_assert!(parts.len() <= 50);
            prop_assert_eq!(parts, prune(all));
        }
    }
}
