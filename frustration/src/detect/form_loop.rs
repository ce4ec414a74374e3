//! Form loop: one form is sent again and again, and nothing succeeds.

use super::{Kind, Signal, Strength, View, densest};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{
        self, FormLoopFast, FormLoopFastGap, FormLoopFastWindow, FormLoopSlow, FormLoopSlowGap,
        FormLoopSlowWindow, FormLoopStrong,
    },
};

const TIERS: &[(Strength, Threshold, Threshold, Threshold)] = &[
    (Strength::Strong, FormLoopStrong, FormLoopFastWindow, FormLoopFastGap),
    (Strength::Normal, FormLoopFast, FormLoopFastWindow, FormLoopFastGap),
    (Strength::Normal, FormLoopSlow, FormLoopSlowWindow, FormLoopSlowGap),
];

pub(super) fn detect(view: &View, signals: &mut Vec<Signal>) {
    for group in view.gathered(|fact| fact.kind == EventKind::FormSubmit) {
        let Some(first) = group.first().and_then(|&place| view.fact(place)) else { continue };
        let Some(thresholds) = view.thresholds(first.route) else { continue };
        let widest = TIERS.iter().map(|(.., gap)| thresholds.time(*gap)).max().unwrap_or_default();
        for run in view.runs(&group, widest) {
            let submits = view.at(&run);
            let found = TIERS.iter().find_map(|(strength, count, window, gap)| {
                let (count, window, gap) =
                    (thresholds.count(*count), thresholds.time(*window), thresholds.time(*gap));
                Some((*strength, densest(&submits, count, window, gap)?))
            });
            if let Some((strength, part)) = found
                && let (Some(first), Some(last)) = (part.first(), part.last())
            {
                signals.push(Signal::over(Kind::FormLoop, strength, first, last, part.len()));
            }
        }
    }
}
