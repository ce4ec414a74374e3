//! Rage: quick clicks on one target while nothing succeeds. One signal for a target and burst, as strong as its densest
//! part.

use super::{Kind, Signal, Strength, View, densest};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{
        self, RageClicks, RageGap, RageStrongClicks, RageStrongGap, RageStrongWindow, RageWeakClicks,
        RageWeakGap, RageWeakWindow, RageWindow,
    },
};

/// Strengths with their count, window and gap; the first that fits stands.
const TIERS: &[(Strength, Threshold, Threshold, Threshold)] = &[
    (Strength::Strong, RageStrongClicks, RageStrongWindow, RageStrongGap),
    (Strength::Normal, RageClicks, RageWindow, RageGap),
    (Strength::Weak, RageWeakClicks, RageWeakWindow, RageWeakGap),
];

pub(super) fn detect(view: &View, signals: &mut Vec<Signal>) {
    for group in view.gathered(|fact| fact.kind == EventKind::Click) {
        let Some(first) = group.first().and_then(|&place| view.fact(place)) else { continue };
        let Some(thresholds) = view.thresholds(first.route) else { continue };
        let widest = TIERS.iter().map(|(.., gap)| thresholds.time(*gap)).max().unwrap_or_default();
        // A click that visibly did what it should (a `+` beside a quantity) is no rage, however quick.
        let idle: Vec<usize> = group.into_iter().filter(|&place| !view.worked(place)).collect();
        for burst in view.runs(&idle, widest) {
            let clicks = view.at(&burst);
            let found = TIERS.iter().find_map(|(strength, count, window, gap)| {
                let (count, window, gap) =
                    (thresholds.count(*count), thresholds.time(*window), thresholds.time(*gap));
                Some((*strength, densest(&clicks, count, window, gap)?))
            });
            let Some((strength, part)) = found else { continue };
            if let (Some(first), Some(last)) = (part.first(), part.last()) {
                signals.push(Signal::over(Kind::Rage, strength, first, last, part.len()));
            }
        }
    }
}
