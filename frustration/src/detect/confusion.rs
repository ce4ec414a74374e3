//! Confusion: going back and forth between two routes, or scrolling on and on without getting anywhere.

use super::{Fact, Kind, Signal, Strength, View, densest};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{
        ConfusionOscillations, ConfusionScrollWindow, ConfusionScrolls, ConfusionStrong, ConfusionWindow,
    },
};

/// A return A-B-A: when A was left, and the visit that came back to it.
struct Return<'f> {
    left: i64,
    back: &'f Fact,
}

pub(super) fn oscillations(view: &View, signals: &mut Vec<Signal>) {
    let visits: Vec<&Fact> =
        view.facts.chunk_by(|one, other| one.route == other.route).filter_map(<[_]>::first).collect();
    let returns: Vec<Return> = visits
        .windows(3)
        .filter_map(|three| match three {
            [a, b, back] if a.route == back.route && !browses(view, a, b) => {
                Some(Return { left: b.at, back })
            }
            _ => None,
        })
        .collect();
    let mut next = 0;
    while let Some(first) = returns.get(next) {
        let Some(thresholds) = view.thresholds(first.back.route) else { break };
        let until = first.left + thresholds.time(ConfusionWindow);
        let near: Vec<&Return> = returns
            .get(next..)
            .unwrap_or_default()
            .iter()
            .take_while(|other| other.back.at <= until)
            .collect();
        let (normal, strong) = (thresholds.count(ConfusionOscillations), thresholds.count(ConfusionStrong));
        match near.last().filter(|_| near.len() >= normal) {
            Some(last) => {
                let is_strong = strong > 0 && near.len() >= strong;
                let strength = if is_strong { Strength::Strong } else { Strength::Normal };
                let signal = Signal::over(Kind::Confusion, strength, first.back, last.back, near.len());
                signals.push(Signal { at: first.left, target: 0, ..signal });
                next += near.len();
            }
            None => next += 1,
        }
    }
}

/// Comparing products and filling a cart goes back and forth by nature.
fn browses(view: &View, one: &Fact, other: &Fact) -> bool {
    [one, other].into_iter().any(|fact| view.purpose(fact.route).browse)
}

pub(super) fn scrolling(view: &View, signals: &mut Vec<Signal>) {
    let progresses = |fact: &Fact| {
        matches!(
            fact.kind,
            EventKind::Navigation | EventKind::FormSubmit | EventKind::Input | EventKind::Click
        )
    };
    for stretch in view.facts.split(progresses) {
        let scrolls: Vec<&Fact> = stretch.iter().filter(|fact| fact.kind == EventKind::Scroll).collect();
        let Some(thresholds) = scrolls.first().and_then(|first| view.thresholds(first.route)) else {
            continue;
        };
        // In less than the window, not within it.
        let window = thresholds.time(ConfusionScrollWindow) - 1;
        let Some(part) = densest(&scrolls, thresholds.count(ConfusionScrolls), window, window) else {
            continue;
        };
        if let (Some(first), Some(last)) = (part.first(), part.last()) {
            let signal = Signal::over(Kind::Confusion, Strength::Normal, first, last, part.len());
            signals.push(Signal { target: 0, ..signal });
        }
    }
}
