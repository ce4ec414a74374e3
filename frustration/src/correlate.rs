//! What belongs together: signals of one route within a window of time.

use crate::detect::{Signal, Strength, View};
use crate::rules::Threshold::Window;

/// Signals of one route, by time; never empty.
pub type Group = Vec<Signal>;

/// Windows that do not overlap: each begins with the first signal that is in none before it.
pub fn correlate(view: &View, signals: &[Signal]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for signal in signals {
        let window = view.thresholds(signal.route).map_or(0, |thresholds| thresholds.time(Window));
        // The last group of a route is its only open one, because signals come by time.
        let open =
            groups.iter_mut().rev().find(|group| group.first().is_some_and(|f| f.route == signal.route));
        match open {
            Some(group) if group.first().is_some_and(|first| signal.at - first.at <= window) => {
                group.push(*signal);
            }
            _ => groups.push(vec![*signal]),
        }
    }
    groups
}

/// Two signals of which one has feedback, or a strong one. The error is the reason why it is no incident.
pub fn valid(group: &[Signal]) -> Result<(), &'static str> {
    let strong = group.iter().any(|signal| signal.strength == Strength::Strong);
    match (strong, group.len() >= 2, group.iter().any(|signal| signal.feedback)) {
        (true, ..) | (_, true, true) => Ok(()),
        (_, false, _) => Err("lone_signal"),
        (_, true, false) => Err("group_without_feedback"),
    }
}
