//! Rage bait: repeated clicks on what only looks as if it did something.

use super::{Fact, Flags, Kind, Signal, Strength, View, densest};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{RageBaitClicks, RageBaitStrong, RageBaitTraits, RageBaitWindow},
};

pub(super) fn detect(view: &View, signals: &mut Vec<Signal>) {
    for group in view.gathered(|fact| fact.kind == EventKind::Click) {
        let Some(first) = group.first().and_then(|&place| view.fact(place)) else { continue };
        let Some(thresholds) = view.thresholds(first.route) else { continue };
        let traits = thresholds.count(RageBaitTraits);
        let window = thresholds.time(RageBaitWindow);
        let is_bait = |&place: &usize| {
            let looks = view.fact(place).is_some_and(|fact| traits_of(fact) >= traits);
            // What answers with an error has something behind it: that is a defect, not a deception.
            looks && !view.worked(place) && !view.failed(place)
        };
        let baited: Vec<usize> = group.into_iter().filter(is_bait).collect();
        for run in view.runs(&baited, window) {
            let clicks = view.at(&run);
            let tiers = [(Strength::Strong, RageBaitStrong), (Strength::Normal, RageBaitClicks)];
            let found = tiers.into_iter().find_map(|(strength, count)| {
                Some((strength, densest(&clicks, thresholds.count(count), window, window)?))
            });
            if let Some((strength, part)) = found
                && let (Some(first), Some(last)) = (part.first(), part.last())
            {
                signals.push(Signal::over(Kind::RageBait, strength, first, last, part.len()));
            }
        }
    }
}

fn traits_of(fact: &Fact) -> usize {
    Flags::TRAITS.into_iter().filter(|bait| fact.flags.has(*bait)).count()
}
