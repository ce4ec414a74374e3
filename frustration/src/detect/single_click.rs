//! Signals of one click: it did nothing, or it ended in an error. Repeated ones on a target are one signal.

use super::{Fact, Flags, Kind, Signal, Strength, View};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{DeadClickWait, ErrorClickWait, Window},
};

/// A click that changed nothing, and after which neither a request nor a navigation came.
pub(super) fn dead(view: &View, signals: &mut Vec<Signal>) {
    single(view, Kind::DeadClick, signals, |place, click| {
        let wait = view.thresholds(click.route)?.time(DeadClickWait);
        let answers = |fact: &Fact| matches!(fact.kind, EventKind::Network | EventKind::Navigation);
        let answered = view.within(place + 1, click.at + wait).any(|(_, fact)| answers(fact));
        (click.flags.has(Flags::UNCHANGED) && !answered).then_some(0)
    });
}

/// A click soon after which something was thrown.
pub(super) fn error(view: &View, signals: &mut Vec<Signal>) {
    single(view, Kind::ErrorClick, signals, |place, click| {
        let wait = view.thresholds(click.route)?.time(ErrorClickWait);
        let mut after = view.within(place + 1, click.at + wait);
        after.find(|(_, fact)| fact.kind == EventKind::Error).map(|(_, error)| error.target)
    });
}

/// One signal for a target and window of correlation, of the clicks that `judge` gives a refused target for.
fn single(view: &View, kind: Kind, signals: &mut Vec<Signal>, judge: impl Fn(usize, &Fact) -> Option<u16>) {
    for group in view.gathered(|fact| fact.kind == EventKind::Click) {
        let mut open: Option<Signal> = None;
        for (place, click) in group.into_iter().filter_map(|place| Some((place, view.fact(place)?))) {
            let Some(refused) = judge(place, click) else { continue };
            let window = view.thresholds(click.route).map_or(0, |thresholds| thresholds.time(Window));
            match &mut open {
                Some(signal) if click.at - signal.at <= window => {
                    (signal.end, signal.count) = (click.at, signal.count + 1);
                }
                _ => {
                    let signal = Signal::over(kind, Strength::Normal, click, click, 1);
                    signals.extend(open.replace(Signal { refused, ..signal }));
                }
            }
        }
        signals.extend(open);
    }
}
