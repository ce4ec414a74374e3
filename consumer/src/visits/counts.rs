//! What became of events, sessions and incidents since the start of this process, for metrics: one table of stages.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// A stage and what its counter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the table says what each counts")]
pub enum Stage {
    Processed,
    Refused,
    Rejected,
    Taken,
    Judged,
    Detected,
    Discarded,
    Emitted,
    Withdrawn,
    Decided,
    Exported,
    Skipped,
    Failed,
}

/// Name, help and label of each; a stage without a label has one value.
pub const STAGES: [(Stage, &str, &str, &str); 13] = [
    (
        Stage::Processed,
        "issuetracker_frustration_processed_events_total",
        "Events that were taken in and are durable.",
        "",
    ),
    (
        Stage::Refused,
        "issuetracker_frustration_refused_requests_total",
        "Requests that were refused as a whole, by reason.",
        "reason",
    ),
    (
        Stage::Rejected,
        "issuetracker_frustration_rejected_events_total",
        "Events that were refused, by reason.",
        "reason",
    ),
    (
        Stage::Taken,
        "issuetracker_frustration_session_events_total",
        "Events by what became of them in their session.",
        "outcome",
    ),
    (Stage::Judged, "issuetracker_frustration_judged_sessions_total", "Judgements of sessions.", ""),
    (Stage::Detected, "issuetracker_frustration_detected_signals_total", "Signals that count.", ""),
    (
        Stage::Discarded,
        "issuetracker_frustration_discarded_signals_total",
        "Signals and incidents that were found and do not count, by reason.",
        "reason",
    ),
    (
        Stage::Emitted,
        "issuetracker_frustration_emitted_incidents_total",
        "Incidents that were told, changes included.",
        "",
    ),
    (
        Stage::Withdrawn,
        "issuetracker_frustration_withdrawn_incidents_total",
        "Incidents that turned out to be none.",
        "",
    ),
    (
        Stage::Decided,
        "issuetracker_frustration_decided_incidents_total",
        "Incidents that were decided on, by what was decided.",
        "status",
    ),
    (
        Stage::Exported,
        "issuetracker_frustration_exported_incidents_total",
        "Deliveries that arrived, by where.",
        "system",
    ),
    (
        Stage::Skipped,
        "issuetracker_frustration_skipped_deliveries_total",
        "Deliveries that were not made, by reason.",
        "reason",
    ),
    (
        Stage::Failed,
        "issuetracker_frustration_failed_deliveries_total",
        "Attempts of deliveries that failed, by where.",
        "system",
    ),
];

/// The counters.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<(Stage, String), u64>>);

impl Counts {
    /// Counts. Labels come from closed sets: reasons, outcomes and kinds.
    pub fn add(&self, stage: Stage, label: &str, count: u64) {
        if count > 0 {
            *self.0.lock().entry((stage, label.to_owned())).or_default() += count;
        }
    }

    /// The values of a stage by label.
    pub fn of(&self, stage: Stage) -> Vec<(String, u64)> {
        let counts = self.0.lock();
        counts.iter().filter(|((of, _), _)| *of == stage).map(|((_, label), n)| (label.clone(), *n)).collect()
    }

    /// The sum of a stage.
    pub fn sum(&self, stage: Stage) -> u64 {
        self.of(stage).iter().map(|(_, count)| count).sum()
    }
}
