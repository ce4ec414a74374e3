//! Blocked progress: an action is refused, and tried again and again.

use super::{Fact, Kind, Signal, Strength, View};
use crate::{
    event::Kind as EventKind,
    facts::Flags,
    rules::{
        Threshold::{BlockedGap, BlockedRejection, BlockedRetries, BlockedStrongRetries, BlockedWindow},
        Thresholds,
    },
};

pub(super) fn detect(view: &View, signals: &mut Vec<Signal>) {
    for kind in [EventKind::FormSubmit, EventKind::Click] {
        let is_action = |fact: &Fact| fact.kind == kind && (kind != EventKind::Click || submits(view, fact));
        for group in view.gathered(is_action) {
            of_action(view, &group, signals);
        }
    }
}

/// A click on something that is called a submit.
fn submits(view: &View, fact: &Fact) -> bool {
    let target = view.text(fact.target);
    !target.starts_with('@') && target.to_ascii_lowercase().contains("submit")
}

/// All signals of one action, one behind the other.
fn of_action(view: &View, group: &[usize], signals: &mut Vec<Signal>) {
    let mut next = 0;
    while let Some(&start) = group.get(next) {
        let Some(action) = view.fact(start) else { break };
        let Some(thresholds) = view.thresholds(action.route) else { break };
        match rejection(view, start, action, thresholds)
            .and_then(|(at, refused)| chain(view, group, next, at, refused, thresholds))
        {
            Some((signal, retries)) => {
                signals.push(signal);
                next += 1 + retries;
            }
            None => next += 1,
        }
    }
}

/// The first refusal of an action. What the visitor typed wrong is no refusal of the page's making.
fn rejection<'v>(
    view: &View<'v>,
    start: usize,
    action: &Fact,
    thresholds: &Thresholds,
) -> Option<(usize, &'v Fact)> {
    let until = action.at + thresholds.time(BlockedRejection);
    let mut refusals = view.within(start + 1, until);
    refusals.find(|(_, fact)| fact.rejects() && !fact.flags.has(Flags::VALIDATION))
}

/// The retries after a refusal, if there are enough of them.
fn chain(
    view: &View,
    group: &[usize],
    started: usize,
    at: usize,
    refused: &Fact,
    thresholds: &Thresholds,
) -> Option<(Signal, usize)> {
    let until = refused.at + thresholds.time(BlockedWindow);
    let mut retries: Vec<usize> = Vec::new();
    let mut skipped = 0;
    for &place in group.get(started + 1..).unwrap_or_default() {
        let Some(fact) = view.fact(place).filter(|fact| fact.at <= until) else { break };
        if place < at {
            skipped += 1;
            continue;
        }
        let pause = retries.last().and_then(|&last| view.fact(last)).map_or(0, |last| fact.at - last.at);
        if pause > thresholds.time(BlockedGap) {
            break;
        }
        retries.push(place);
    }
    let last = *retries.last()?;
    let (first, last_fact) = (view.fact(*group.get(started)?)?, view.fact(last)?);
    let enough = retries.len() >= thresholds.count(BlockedRetries);
    if !enough || went_on(view, at, last, refused) {
        return None;
    }
    let strong = thresholds.count(BlockedStrongRetries);
    let strength = if strong > 0 && retries.len() >= strong { Strength::Strong } else { Strength::Normal };
    let mut signal = Signal::over(Kind::Blocked, strength, first, last_fact, 1 + retries.len());
    signal.refused = refused.target;
    Some((signal, skipped + retries.len()))
}

/// A network error after which the visitor moved on was an accident of the line.
fn went_on(view: &View, from: usize, to: usize, refused: &Fact) -> bool {
    let between = view.facts.get(from + 1..to).unwrap_or_default();
    refused.kind == EventKind::Network
        && between.iter().any(|fact| fact.kind == EventKind::Navigation && fact.route != refused.route)
}
