//! The counters for Prometheus: one table, filled from one moment's [`Status`].

use jiff::Timestamp;
use prometheus::{GaugeVec, Opts, Registry, TextEncoder};

use crate::{
    health::{GapSum, Part, Status},
    visits::{Visits, counts::STAGES},
};

/// One metric: name, help, label (empty: none) and its values.
struct Metric {
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: Vec<(String, u64)>,
}

fn plain(name: &'static str, help: &'static str, value: u64) -> Metric {
    Metric { name, help, label: "", values: vec![(String::new(), value)] }
}

fn labelled(
    name: &'static str,
    help: &'static str,
    label: &'static str,
    values: impl IntoIterator<Item = (impl Into<String>, u64)>,
) -> Metric {
    Metric { name, help, label, values: values.into_iter().map(|(value, n)| (value.into(), n)).collect() }
}

/// What this process has done.
fn own(status: &Status) -> Vec<Metric> {
    let ledger = &status.ledger;
    let outcomes = [
        ("stored", ledger.stored),
        ("repeat", ledger.repeat),
        ("duplicate", ledger.duplicate),
        ("dead_lettered", ledger.dead_lettered.values().sum()),
        ("handed_back", ledger.handed_back),
    ];
    let reasons = ledger.dead_lettered.iter().map(|(reason, n)| (*reason, *n));
    let failing = Part::ALL.map(|part| (part.as_str(), status.failing.contains_key(&part).into()));
    vec![
        plain(
            "issuetracker_consumer_consumed_reports_total",
            "Reports read from the topic.",
            ledger.consumed,
        ),
        labelled(
            "issuetracker_consumer_ended_reports_total",
            "Reports by how they ended; with those in flight they add up to those consumed.",
            "outcome",
            outcomes,
        ),
        plain("issuetracker_consumer_inflight_reports", "Reports read and not ended yet.", ledger.in_flight),
        labelled(
            "issuetracker_consumer_dead_letters_total",
            "Reports that can never be processed, by reason.",
            "reason",
            reasons,
        ),
        plain(
            "issuetracker_consumer_lag_records",
            "Records in the topic that are not committed.",
            status.lag,
        ),
        plain(
            "issuetracker_consumer_oldest_unprocessed_seconds",
            "Age of the oldest record that waits; 0 when all is done.",
            oldest(status),
        ),
        labelled(
            "issuetracker_consumer_done_letters_total",
            "Dead letters that people dealt with.",
            "act",
            [("replayed", status.letters.replayed), ("discarded", status.letters.discarded)],
        ),
        labelled("issuetracker_consumer_failing_parts", "1 while the part does not work.", "part", failing),
    ]
}

/// In whole seconds.
pub(crate) fn oldest(status: &Status) -> u64 {
    let age = status.oldest_unprocessed.map(|at| Timestamp::now().duration_since(at).as_secs());
    age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default()
}

/// What retention deleted unread.
fn gaps(status: &Status) -> Vec<Metric> {
    let by_partition = |value: fn(&GapSum) -> u64| {
        status.gap_sums.iter().map(move |(partition, sum)| (partition.to_string(), value(sum)))
    };
    vec![
        plain(
            "issuetracker_consumer_gap_records_total",
            "Records that retention deleted before they were read.",
            status.gap_records,
        ),
        labelled(
            "issuetracker_consumer_partition_gap_records_total",
            "The same by partition.",
            "partition",
            by_partition(|sum| sum.records),
        ),
        labelled(
            "issuetracker_consumer_latest_gap_first_offset",
            "First offset that is missing in the partition's latest gap.",
            "partition",
            by_partition(|sum| sum.from.unsigned_abs()),
        ),
        labelled(
            "issuetracker_consumer_latest_gap_next_offset",
            "First offset that is there behind the partition's latest gap.",
            "partition",
            by_partition(|sum| sum.to.unsigned_abs()),
        ),
    ]
}

/// What the sidecars say, added up.
fn sidecars(status: &Status) -> Vec<Metric> {
    let sidecars = &status.sidecars;
    let states = [
        ("accepted", sidecars.accepted),
        ("recovered", sidecars.recovered),
        ("published", sidecars.published),
        ("paired", sidecars.paired),
        ("spooled", sidecars.spooled),
    ];
    let dropped = sidecars.dropped.iter().map(|(reason, n)| (reason.as_str(), *n));
    vec![
        labelled(
            "issuetracker_consumer_sidecar_reports",
            "What the sidecars say of their reports, added up.",
            "state",
            states,
        ),
        labelled(
            "issuetracker_consumer_sidecar_dropped_reports",
            "What the sidecars gave up, by reason.",
            "reason",
            dropped,
        ),
    ]
}

/// What became of events of front ends; a tracker that takes none tells nothing of them.
fn visits(visits: &Visits) -> Vec<Metric> {
    if visits.settings.projects.is_empty() {
        return Vec::new();
    }
    let status = visits.health.status();
    let stages = STAGES.iter().map(|(stage, name, help, label)| match *label {
        "" => plain(name, help, visits.counts.sum(*stage)),
        label => labelled(name, help, label, visits.counts.of(*stage)),
    });
    let failing = Part::ALL.map(|part| (part.as_str(), status.failing.contains_key(&part).into()));
    let reasons = status.ledger.dead_lettered.iter().map(|(reason, n)| (*reason, *n));
    let own = [
        plain(
            "issuetracker_frustration_lag_records",
            "Records of events that are not committed.",
            status.lag,
        ),
        labelled(
            "issuetracker_frustration_dead_letters_total",
            "Records of events that can never be processed, by reason.",
            "reason",
            reasons,
        ),
        labelled(
            "issuetracker_frustration_failing_parts",
            "1 while the part does not work for events.",
            "part",
            failing,
        ),
        plain(
            "issuetracker_frustration_gap_records_total",
            "Records of events that retention deleted before they were read.",
            status.gap_records,
        ),
    ];
    stages.chain(own).collect()
}

/// Prometheus' text format.
pub fn text(status: &Status, of: Option<&Visits>) -> prometheus::Result<String> {
    let registry = Registry::new();
    let visits = of.map(visits).unwrap_or_default();
    for metric in own(status).into_iter().chain(gaps(status)).chain(sidecars(status)).chain(visits) {
        let labels: &[&str] = if metric.label.is_empty() { &[] } else { &[metric.label] };
        let gauges = GaugeVec::new(Opts::new(metric.name, metric.help), labels)?;
        for (label, value) in &metric.values {
            let values: &[&str] = if metric.label.is_empty() { &[] } else { &[label] };
            // Exact up to 2^53, as every number of this format is.
            gauges.get_metric_with_label_values(values)?.set(*value as f64);
        }
        registry.register(Box::new(gauges))?;
    }
    TextEncoder::new().encode_to_string(&registry.gather())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_told_from_the_start() {
        let text = text(&Status::default(), None).expect("text");
        for line in [
            "issuetracker_consumer_consumed_reports_total 0",
            "issuetracker_consumer_ended_reports_total{outcome=\"repeat\"} 0",
            "issuetracker_consumer_failing_parts{part=\"store\"} 0",
            "issuetracker_consumer_lag_records 0",
            "issuetracker_consumer_oldest_unprocessed_seconds 0",
            "issuetracker_consumer_gap_records_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_gap_names_its_partition_and_offsets() {
        let health = crate::health::Health::default();
        health.gap(3, 5, 8);
        health.gap(3, 10, 12);
        let text = text(&health.status(), None).expect("text");
        for line in [
            "issuetracker_consumer_gap_records_total 5",
            "issuetracker_consumer_partition_gap_records_total{partition=\"3\"} 5",
            "issuetracker_consumer_latest_gap_first_offset{partition=\"3\"} 10",
            "issuetracker_consumer_latest_gap_next_offset{partition=\"3\"} 12",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
