//! False alarms: signals that fit a rule and are no frustration. Two more live where they are seen: wrong input is no
//! refusal of an action, and products are compared by going back and forth.

use crate::{
    detect::{Kind, Signal, View},
    event::Kind as EventKind,
    facts::Flags,
    rules::Threshold::DoubleClick,
};

/// Reason, the kinds it speaks of (none for all), and the judgement.
type Filter = (&'static str, &'static [Kind], fn(&View, &Signal) -> bool);

const FILTERS: &[Filter] = &[
    ("assisted", &[], |view, _| view.facts.iter().any(|fact| fact.flags.has(Flags::ASSISTED))),
    ("search", &[], |view, signal| view.purpose(signal.route).search),
    ("game", &[Kind::Rage], |view, signal| view.purpose(signal.route).game),
    ("double_click", &[Kind::Rage], is_double_click),
    ("not_ready", &[Kind::Rage], is_not_ready),
];

/// The reason why a signal is a false alarm.
pub fn reason(view: &View, signal: &Signal) -> Option<&'static str> {
    let speaks = |kinds: &[Kind]| kinds.is_empty() || kinds.contains(&signal.kind);
    let found = FILTERS.iter().find(|(_, kinds, judges)| speaks(kinds) && judges(view, signal));
    found.map(|(reason, ..)| *reason)
}

/// Exactly two clicks: a burst of more never is one, however close its first two are.
fn is_double_click(view: &View, signal: &Signal) -> bool {
    let apart = view.thresholds(signal.route).map_or(0, |thresholds| thresholds.time(DoubleClick));
    signal.count == 2 && signal.end - signal.at < apart
}

/// Something that says that it is loading or disabled is waited for by clicking.
fn is_not_ready(view: &View, signal: &Signal) -> bool {
    let mut clicks = view.within(view.first_at(signal.at), signal.end).map(|(_, fact)| fact);
    clicks.any(|fact| {
        let same =
            fact.kind == EventKind::Click && (fact.route, fact.target) == (signal.route, signal.target);
        same && fact.flags.has(Flags::NOT_READY)
    })
}
