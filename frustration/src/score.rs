//! How bad it was, how sure we are, and what that makes it.

use serde::{Deserialize, Serialize};

use crate::detect::{Kind as SignalKind, Signal, Strength};

/// How bad, 0 to 100.
pub fn score(signals: &[Signal]) -> u32 {
    let count = u32::try_from(signals.len()).unwrap_or(u32::MAX);
    let weights: u32 = signals.iter().map(|signal| signal.kind.weight()).fold(0, u32::saturating_add);
    let start = signals.iter().map(|signal| signal.at).min().unwrap_or_default();
    let end = signals.iter().map(|signal| signal.end).max().unwrap_or_default();
    let minutes = u32::try_from((end - start) / 60_000).unwrap_or_default();
    let feedback = signals.iter().any(|signal| signal.feedback);
    count.saturating_mul(10).min(50)
        + (weights.saturating_mul(20) / 100).min(30)
        + minutes.saturating_mul(2).min(10)
        + if feedback { 10 } else { 0 }
}

/// How clearly the place of the failure is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clarity {
    /// An element with an id.
    Id,
    /// An element by a selector.
    Selector,
    /// The routes that were gone between.
    Routes,
    /// A kind of element.
    Type,
    /// The route alone.
    Route,
}

/// What each thing that is known adds to confidence. One strong signal at a place that has a name suffices for a ticket, once
/// somebody has confirmed it.
const BASE: u32 = 10;
const TYPES: [u32; 4] = [0, 15, 25, 35];
const FEEDBACK: u32 = 25;

/// How sure, 0 to 100: distinct kinds of signals, the page's own word, the strongest signal, how clear the place is.
pub fn confidence(signals: &[Signal], clarity: Clarity) -> u32 {
    let mut kinds: Vec<SignalKind> = signals.iter().map(|signal| signal.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let types = TYPES.get(kinds.len().min(TYPES.len() - 1)).copied().unwrap_or_default();
    let feedback = if signals.iter().any(|signal| signal.feedback) { FEEDBACK } else { 0 };
    let strength = match signals.iter().map(|signal| signal.strength).max() {
        Some(Strength::Strong) => 30,
        Some(Strength::Normal) => 10,
        Some(Strength::Weak) | None => 0,
    };
    let clarity = match clarity {
        Clarity::Id | Clarity::Routes => 15,
        Clarity::Selector => 12,
        Clarity::Type | Clarity::Route => 5,
    };
    (BASE + types + feedback + strength + clarity).min(100)
}

/// What a number of confidence is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    /// Not told at all.
    Low,
    /// Told, and marked as needing a look.
    Medium,
    /// Told.
    High,
}

impl Level {
    /// High from 80, Medium from 50.
    pub fn of(confidence: u32) -> Self {
        match confidence {
            80.. => Self::High,
            50..80 => Self::Medium,
            _ => Self::Low,
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
        }
    }
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Severity {
    /// Someday.
    Low,
    /// Soon.
    Medium,
    /// Next.
    High,
    /// Now.
    Critical,
}

impl Severity {
    /// By the score; where money is concerned one step up.
    pub fn of(score: u32, payment: bool) -> Self {
        const STEPS: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let step = match score {
            80.. => 3,
            60..80 => 2,
            40..60 => 1,
            _ => 0,
        };
        STEPS.get((step + usize::from(payment)).min(3)).copied().unwrap_or(Self::Critical)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
}

/// What sort of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// The page said that something failed.
    Bug,
    /// It was slow, and people scrolled.
    Performance,
    /// People could not find their way.
    #[serde(rename = "UX")]
    Ux,
    /// The page promises what it does not do.
    #[serde(rename = "Dark Pattern")]
    DarkPattern,
}

impl Kind {
    /// Of an incident's signals.
    pub fn of(signals: &[Signal]) -> Self {
        let has = |kind| signals.iter().any(|signal| signal.kind == kind);
        if has(SignalKind::RageBait) {
            return Self::DarkPattern;
        }
        if signals.iter().any(|signal| signal.feedback) {
            return Self::Bug;
        }
        let slow = signals.iter().any(|signal| signal.slow);
        if slow && has(SignalKind::Confusion) { Self::Performance } else { Self::Ux }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bug => "Bug",
            Self::Performance => "Performance",
            Self::Ux => "UX",
            Self::DarkPattern => "Dark Pattern",
        }
    }
}
