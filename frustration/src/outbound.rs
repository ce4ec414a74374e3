//! What leaves the house: which incident becomes a ticket, how urgent it is, what it says, and how it is sent once.
//!
//! Everything here is a value; the worker that delivers holds the client. [`eligible`] gives the reason where nothing is
//! sent, [`Ticket::of`] writes the text once for all targets, and each target's module puts it into the target's form:
//! bounded, escaped, and named by a key that stays the same however often it is sent.

use serde::{Deserialize, Serialize};

use crate::{
    id,
    incident::{Incident, Status},
    score::Severity,
};

pub mod email;
pub mod jira;
pub mod linear;
pub mod markup;
pub mod notice;
pub mod slack;
pub mod ticket;
pub mod webhook;

pub use self::ticket::{About, Ticket};

/// Below this confidence nothing is sent, whatever a project says.
pub const MINIMUM: u32 = 70;

/// What a project says of sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Policy {
    /// Its own minimum of confidence; below [`MINIMUM`] it changes nothing.
    pub min_confidence: u32,
    /// Tickets a minute.
    pub per_minute: u32,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min_confidence: MINIMUM, per_minute: 10 }
    }
}

/// Why an incident is not sent. The name is shown with the incident and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Nobody confirmed it.
    StatusNotConfirmed,
    /// Below 70.
    ConfidenceBelowMinimum,
    /// Below what the project asks.
    ConfidenceBelowThreshold,
    /// Suppressed by someone.
    Suppressed,
    /// There is a ticket.
    AlreadyExported,
    /// Too many this minute; it is tried again.
    RateLimitExceeded,
}

impl Skip {
    /// As it is written.
    pub fn reason(self) -> &'static str {
        match self {
            Self::StatusNotConfirmed => "status_not_confirmed",
            Self::ConfidenceBelowMinimum => "confidence_below_minimum",
            Self::ConfidenceBelowThreshold => "confidence_below_threshold",
            Self::Suppressed => "suppressed",
            Self::AlreadyExported => "already_exported",
            Self::RateLimitExceeded => "rate_limit_exceeded",
        }
    }
}

/// Whether an incident is sent; `sent_this_minute` are the project's tickets of the current minute. The first reason
/// stands.
pub fn eligible(incident: &Incident, policy: &Policy, sent_this_minute: u32) -> Result<(), Skip> {
    let checks = [
        (incident.status != Status::Confirmed, Skip::StatusNotConfirmed),
        (incident.confidence_score < MINIMUM, Skip::ConfidenceBelowMinimum),
        (incident.confidence_score < policy.min_confidence, Skip::ConfidenceBelowThreshold),
        (incident.suppressed, Skip::Suppressed),
        (incident.external_ticket_id.is_some(), Skip::AlreadyExported),
        (sent_this_minute >= policy.per_minute, Skip::RateLimitExceeded),
    ];
    checks.into_iter().find(|(skips, _)| *skips).map_or(Ok(()), |(_, skip)| Err(skip))
}

/// How urgent a ticket is: P0 to P4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Priority(u8);

/// Rows by least confidence; columns Critical, High, Medium, Low.
const MATRIX: &[(u32, [u8; 4])] = &[(90, [0, 1, 2, 3]), (80, [1, 1, 2, 3]), (70, [2, 2, 3, 4])];

impl Priority {
    /// Of confidence and severity; `None` below what is sent at all.
    pub fn of(confidence: u32, severity: Severity) -> Option<Self> {
        let (_, row) = MATRIX.iter().find(|(least, _)| confidence >= *least)?;
        let column = match severity {
            Severity::Critical => 0,
            Severity::High => 1,
            Severity::Medium => 2,
            Severity::Low => 3,
        };
        row.get(column).copied().map(Self)
    }

    /// Of an issue's own, which knows four: P0 to P3.
    pub fn of_issue(priority: issue::report::Priority) -> Self {
        use issue::report::Priority::{Critical, High, Low, Medium};
        Self(match priority {
            Critical => 0,
            High => 1,
            Medium => 2,
            Low => 3,
        })
    }

    /// 0 for the most urgent to 4.
    pub fn number(self) -> usize {
        usize::from(self.0)
    }

    /// `P0` to `P4`.
    pub fn name(self) -> String {
        format!("P{}", self.0)
    }
}

/// The key of one delivery: the same incident (or event of an issue) to the same target is the same delivery, in every
/// attempt. It is the id of Linear's issue, the marker of Jira's, the `Idempotency-Key` of a webhook, the `Message-ID`
/// of a mail.
pub fn delivery_key(target: &str, what: &str, subject: &str) -> String {
    id::uuid(&["delivery", target, what, subject])
}

/// Pauses before each further attempt, in milliseconds: 100, 200, … up to five minutes; what the target asks for by
/// `Retry-After` (seconds) counts where it is longer, up to an hour.
pub fn pause(attempt: u32, retry_after: Option<u64>) -> u64 {
    let own = 100u64.checked_shl(attempt.min(12)).unwrap_or(u64::MAX).min(300_000);
    retry_after.map_or(own, |seconds| own.max(seconds.saturating_mul(1000).min(3_600_000)))
}

#[cfg(test)]
mod tests;
