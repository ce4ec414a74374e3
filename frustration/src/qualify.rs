//! What makes a signal count: the page itself said that something was wrong, and nothing succeeded later.
//!
//! A signal's own events are the context that has to be there, so that none is asked for beyond.

use crate::{
    detect::{Kind, Signal, Strength, View},
    event::Kind as EventKind,
    facts::Fact,
    rules::Threshold::{AbandonmentSlow, Feedback},
};

/// Kinds that count only with feedback, unless they are strong.
const NEED_FEEDBACK: &[Kind] = &[Kind::Rage, Kind::Blocked, Kind::FormLoop, Kind::RageBait];

/// Kinds that are about a form or a flow, which may go through later.
const OF_FLOWS: &[Kind] = &[Kind::Blocked, Kind::FormLoop, Kind::Abandonment];

/// The signal with what is known of the page's answer, or the reason why it does not count.
pub fn qualify(view: &View, mut signal: Signal) -> Result<Signal, &'static str> {
    let Some(thresholds) = view.thresholds(signal.route) else { return Err("no_route") };
    let (near, slow) = (thresholds.time(Feedback), thresholds.time(AbandonmentSlow));
    let around = view.within(view.first_at(signal.at - near), signal.end + near);
    for (_, fact) in around.filter(|(_, fact)| fact.route == signal.route) {
        signal.feedback |= fact.rejects();
        signal.slow |= fact.kind == EventKind::Performance && i64::from(fact.amount) > slow;
    }
    if NEED_FEEDBACK.contains(&signal.kind) && signal.strength != Strength::Strong && !signal.feedback {
        return Err("no_feedback");
    }
    if succeeds_later(view, &signal) { Err("later_success") } else { Ok(signal) }
}

/// A later success on the same target, or of the same flow.
fn succeeds_later(view: &View, signal: &Signal) -> bool {
    let payment = view.purpose(signal.route).payment;
    let of_flow = payment || OF_FLOWS.contains(&signal.kind);
    let start = view.facts.partition_point(|fact| fact.at <= signal.end);
    let (mut before, mut sent) = (signal.route, false);
    for (place, fact) in (start..).zip(view.facts.get(start..).unwrap_or_default()) {
        let from = std::mem::replace(&mut before, fact.route);
        let here = fact.route == signal.route || from == signal.route;
        let on_target =
            is_on(signal, fact.target) && (fact.is_answered() || is_working_click(view, place, fact, signal));
        let completes = of_flow && (payment || here) && view.completes(place);
        sent |=
            fact.kind == EventKind::FormSubmit && fact.route == signal.route && fact.target == signal.target;
        sent &= !fact.rejects();
        let goes_through = sent && fact.is_answered() && fact.route == signal.route;
        if on_target || completes || goes_through {
            return true;
        }
    }
    false
}

fn is_on(signal: &Signal, target: u16) -> bool {
    target != 0 && (target == signal.target || target == signal.refused)
}

/// The same thing was clicked again on the same route, and did something.
fn is_working_click(view: &View, place: usize, fact: &Fact, signal: &Signal) -> bool {
    fact.kind == EventKind::Click && fact.route == signal.route && view.worked(place)
}
