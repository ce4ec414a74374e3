//! Finding signals: each detector looks at the whole of a session and knows one kind of frustration.
//!
//! A detector is a function of the [`View`] alone. What it finds may still be a false alarm ([`crate::alarms`]) or lack
//! what makes it count ([`crate::qualify`]).

use serde::{Deserialize, Serialize};

use crate::{
    facts::{Fact, Flags},
    rules::{Rules, Thresholds},
    session::Session,
    words::Purpose,
};

mod abandonment;
mod blocked;
mod confusion;
mod cursor;
mod form_loop;
mod rage;
mod rage_bait;
mod single_click;
mod view;

pub use self::view::View;

/// Everything that is looked for, in the order in which it is named.
const DETECTORS: &[fn(&View, &mut Vec<Signal>)] = &[
    rage::detect,
    blocked::detect,
    abandonment::detect,
    confusion::oscillations,
    confusion::scrolling,
    form_loop::detect,
    rage_bait::detect,
    single_click::dead,
    single_click::error,
    cursor::detect,
];

/// A kind of frustration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Quick clicks on one thing.
    Rage,
    /// An action that is refused again and again.
    Blocked,
    /// A flow left after friction.
    Abandonment,
    /// Back and forth, or scrolling without end.
    Confusion,
    /// One form, sent again and again.
    FormLoop,
    /// Clicks on what only looks as if it did something.
    RageBait,
    /// A click that does nothing.
    DeadClick,
    /// A click that ends in an error.
    ErrorClick,
    /// A pointer that is shaken.
    ThrashedCursor,
}

/// Kind, name, weight in hundredths (in the score, and for which signal names the incident), what a visitor did.
const KINDS: &[(Kind, &str, u32, &str)] = &[
    (Kind::Rage, "rage", 30, "click"),
    (Kind::Blocked, "blocked", 40, "submit"),
    (Kind::Abandonment, "abandonment", 30, "abandon"),
    (Kind::Confusion, "confusion", 10, "navigate"),
    (Kind::FormLoop, "form_loop", 35, "submit"),
    (Kind::RageBait, "rage_bait", 50, "click"),
    (Kind::DeadClick, "dead_click", 20, "click"),
    (Kind::ErrorClick, "error_click", 25, "click"),
    (Kind::ThrashedCursor, "thrashed_cursor", 10, "move"),
];

impl Kind {
    fn row(self) -> (&'static str, u32, &'static str) {
        let row = KINDS.iter().find(|(kind, ..)| *kind == self);
        row.map_or(("", 0, ""), |(_, name, weight, action)| (*name, *weight, *action))
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// In hundredths.
    pub fn weight(self) -> u32 {
        self.row().1
    }

    /// What the visitor did, in one word.
    pub fn action(self) -> &'static str {
        self.row().2
    }
}

/// How sure a signal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strength {
    /// Supports another, and carries nothing alone.
    Weak,
    /// The rule.
    Normal,
    /// Carries an incident alone.
    Strong,
}

impl Strength {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Normal => "normal",
            Self::Strong => "strong",
        }
    }
}

/// A sign of frustration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Of what.
    pub kind: Kind,
    /// How sure.
    pub strength: Strength,
    /// Its first event, Unix milliseconds.
    pub at: i64,
    /// Its last event.
    pub end: i64,
    /// Where, a place in the session's texts.
    pub route: u16,
    /// On what, a place in the session's texts; 0 for nothing.
    pub target: u16,
    /// What was refused: the target of the request or error; 0 for nothing.
    pub refused: u16,
    /// How many events make it up.
    pub count: u32,
    /// The page itself said that something was wrong.
    pub feedback: bool,
    /// Something took too long.
    pub slow: bool,
}

impl Signal {
    /// From the first to the last of some events on one route and target.
    fn over(kind: Kind, strength: Strength, first: &Fact, last: &Fact, count: usize) -> Self {
        Self {
            kind,
            strength,
            at: first.at,
            end: last.at,
            route: first.route,
            target: first.target,
            refused: 0,
            count: u32::try_from(count).unwrap_or(u32::MAX),
            feedback: false,
            slow: false,
        }
    }
}

/// All signals of a session, by time.
pub fn detect(view: &View) -> Vec<Signal> {
    let mut signals = Vec::new();
    for detector in DETECTORS {
        detector(view, &mut signals);
    }
    signals.sort_by_key(|signal| (signal.at, signal.kind, signal.target, signal.end));
    signals
}

/// The longest part of `run` (facts by time) that has at least `count` members, pauses of at most `gap`, and spans at
/// most `window`; the first of equally long ones.
fn densest<'f>(run: &[&'f Fact], count: usize, window: i64, gap: i64) -> Option<Vec<&'f Fact>> {
    if count == 0 || run.len() < count {
        return None;
    }
    let mut best: Option<(usize, usize)> = None;
    let mut start = 0;
    for (end, fact) in run.iter().enumerate() {
        let pause =
            end.checked_sub(1).and_then(|before| run.get(before)).map_or(0, |before| fact.at - before.at);
        if pause > gap {
            start = end;
        }
        while run.get(start).is_some_and(|first| fact.at - first.at > window) {
            start += 1;
        }
        let length = end + 1 - start;
        if length >= count && best.is_none_or(|(from, to)| length > to - from) {
            best = Some((start, end + 1));
        }
    }
    best.and_then(|(from, to)| run.get(from..to)).map(<[_]>::to_vec)
}
