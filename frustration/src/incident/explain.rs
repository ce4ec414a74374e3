//! An incident in four sentences: which signals, in which window, for which reason, in which place.

use super::{Place, bare};
use crate::{
    detect::{Kind, Signal, View},
    event::time,
};

/// How a signal is told; `{}` is how many events make it up.
const TOLD: &[(Kind, &str)] = &[
    (Kind::Rage, "{} quick clicks (rage)"),
    (Kind::Blocked, "{} attempts that were refused (blocked progress)"),
    (Kind::Abandonment, "a flow that was left unfinished (abandonment)"),
    (Kind::Confusion, "{} steps without progress (confusion)"),
    (Kind::FormLoop, "{} submits of one form (form loop)"),
    (Kind::RageBait, "{} clicks on something that only looks clickable (rage bait)"),
    (Kind::DeadClick, "{} clicks that did nothing (dead click)"),
    (Kind::ErrorClick, "{} clicks that ended in an error (error click)"),
    (Kind::ThrashedCursor, "{} changes of the pointer's direction (thrashed cursor)"),
];

pub(super) fn explain(view: &View, group: &[Signal], place: &Place) -> String {
    let signals: Vec<String> = group.iter().take(8).map(told).collect();
    let start = group.iter().map(|signal| signal.at).min().unwrap_or_default();
    let end = group.iter().map(|signal| signal.end).max().unwrap_or_default();
    let seconds = (end - start).max(0).div_euclid(1000) + 1;
    let reason = reason(view, group);
    format!(
        "Seen: {}. It happened within {seconds} s, from {}. {reason} The place is {} on {} at {}.",
        signals.join(", "),
        time::rfc3339(start),
        place.action,
        place.component,
        place.route,
    )
}

fn told(signal: &Signal) -> String {
    let row = TOLD.iter().find(|(kind, _)| *kind == signal.kind);
    row.map_or(String::new(), |(_, text)| text.replace("{}", &signal.count.to_string()))
}

/// The page's own word where there is one.
fn reason(view: &View, group: &[Signal]) -> String {
    let near = |signal: &Signal| view.within(view.first_at(signal.at), signal.end.saturating_add(10_000));
    let refusal = group.iter().flat_map(near).map(|(_, fact)| fact).find(|fact| fact.rejects());
    if let Some(refusal) = refusal {
        let what = if refusal.said > 0 { view.text(refusal.said) } else { bare(view.text(refusal.target)) };
        // A sentence of ours may not be ended or continued by a text of theirs.
        let what: String = what.chars().map(|c| if c.is_control() || c == '"' { ' ' } else { c }).collect();
        return match refusal.status {
            0 => format!("The page failed with \"{}\".", what.trim()),
            status => format!("A request was answered with {status} (\"{}\").", what.trim()),
        };
    }
    let slow = group.iter().any(|signal| signal.slow);
    if slow { "The page was slow.".to_owned() } else { "The page gave no answer that helped.".to_owned() }
}
