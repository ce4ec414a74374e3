//! Abandonment: a flow is begun, something gets in the way, and the flow is never completed. Only the end of a visit
//! shows it.

use super::{Fact, Flags, Kind, Signal, Strength, View};
use crate::{
    event::Kind as EventKind,
    rules::Threshold::{AbandonmentFriction, AbandonmentSlow},
};

pub(super) fn detect(view: &View, signals: &mut Vec<Signal>) {
    if !view.over {
        return;
    }
    // When each flow was last begun or gone on with; a flow is a route. Flows that have their signal are done.
    let mut begun: Vec<(u16, i64, u16)> = Vec::new();
    let mut done: Vec<u16> = Vec::new();
    for (place, fact) in (0..).zip(view.facts) {
        let friction = friction(view, fact);
        if let Some((_, start, target)) = begun.iter().copied().find(|(route, ..)| *route == fact.route)
            && let Some(strength) = friction
            && !done.contains(&fact.route)
            && is_near(view, fact, start)
            && !completed(view, place)
            && !left_on_purpose(view, place)
        {
            done.push(fact.route);
            signals.push(Signal {
                refused: if fact.rejects() { fact.target } else { 0 },
                slow: !fact.rejects(),
                target,
                ..Signal::over(Kind::Abandonment, strength, fact, fact, 1)
            });
        }
        begin(view, fact, &mut begun);
    }
}

/// A form that is sent, or any step on a route of money, begins a flow or goes on with it.
fn begin(view: &View, fact: &Fact, begun: &mut Vec<(u16, i64, u16)>) {
    let submits = fact.kind == EventKind::FormSubmit;
    let acts = matches!(fact.kind, EventKind::Click | EventKind::Input | EventKind::Navigation) || submits;
    if !(submits || acts && view.purpose(fact.route).payment) {
        return;
    }
    // A route that was entered has no target yet; what was acted on tells more.
    let known = begun.iter().position(|(route, ..)| *route == fact.route);
    let acted = if fact.kind == EventKind::Navigation { 0 } else { fact.target };
    let target = known.and_then(|at| begun.get(at)).map_or(0, |(.., target)| *target);
    let entry = (fact.route, fact.at, if acted == 0 { target } else { acted });
    match known.and_then(|at| begun.get_mut(at)) {
        Some(known) => *known = entry,
        None => begun.push(entry),
    }
}

/// A refusal in a flow of money carries an incident alone; slowness, or another form's refusal, does not.
fn friction(view: &View, fact: &Fact) -> Option<Strength> {
    let slow = view.thresholds(fact.route).map_or(i64::MAX, |thresholds| thresholds.time(AbandonmentSlow));
    let is_slow = fact.kind == EventKind::Performance && i64::from(fact.amount) > slow;
    match (fact.rejects() && !fact.flags.has(Flags::VALIDATION), is_slow) {
        (true, _) if view.purpose(fact.route).payment => Some(Strength::Strong),
        (true, _) | (_, true) => Some(Strength::Normal),
        _ => None,
    }
}

fn is_near(view: &View, fact: &Fact, start: i64) -> bool {
    view.thresholds(fact.route)
        .is_some_and(|thresholds| fact.at - start <= thresholds.time(AbandonmentFriction))
}

/// A success on the way to, or on, what tells of one; or the same form, or what was refused, gone through later.
fn completed(view: &View, friction: usize) -> bool {
    let Some(refused) = view.fact(friction) else { return false };
    let mut sent = false;
    (friction + 1..).zip(view.facts.get(friction + 1..).unwrap_or_default()).any(|(place, fact)| {
        if fact.kind == EventKind::FormSubmit && fact.route == refused.route {
            sent = true;
        }
        sent &= !fact.rejects();
        let again = fact.is_answered() && refused.rejects() && fact.target == refused.target;
        let form = fact.is_answered() && fact.route == refused.route && sent;
        view.completes(place) || again || form
    })
}

/// The last that is known of the visitor is a way out that was chosen.
fn left_on_purpose(view: &View, friction: usize) -> bool {
    let after = view.facts.get(friction + 1..).unwrap_or_default();
    let steps = |fact: &&Fact| matches!(fact.kind, EventKind::Click | EventKind::Navigation);
    after.iter().rev().find(steps).is_some_and(|last| last.flags.has(Flags::LEFT))
}
