//! Thrashed cursor: the pointer changes its direction again and again. Pages do not send each move: a summary tells how
//! often the direction changed (`directionChanges`), its events are the changes themselves or windows of them.

use super::{Kind, Signal, Strength, View};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{ThrashedChanges, ThrashedWindow},
};

pub(super) fn detect(view: &View, signals: &mut Vec<Signal>) {
    let mut quiet_until = i64::MIN;
    for (place, first) in (0..).zip(view.facts) {
        if first.kind != EventKind::Cursor || first.at <= quiet_until {
            continue;
        }
        let Some(thresholds) = view.thresholds(first.route) else { continue };
        let window = thresholds.time(ThrashedWindow);
        let near = view.within(place, first.at + window);
        let moves: Vec<_> = near
            .map(|(_, fact)| fact)
            .filter(|fact| fact.kind == EventKind::Cursor && fact.route == first.route)
            .collect();
        let changes: usize = moves.iter().map(|fact| (fact.amount as usize).max(1)).sum();
        if changes >= thresholds.count(ThrashedChanges)
            && let Some(last) = moves.last()
        {
            signals.push(Signal::over(Kind::ThrashedCursor, Strength::Normal, first, last, changes));
            quiet_until = first.at + window;
        }
    }
}
