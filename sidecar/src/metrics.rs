//! What Prometheus reads: every metric is one row of `COUNTED` or `OBSERVED`; labels come from closed sets.

use std::{collections::BTreeMap, time::Duration};

use issue::outcome::DropReason;
use prometheus::{
    Encoder, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
    core::Collector,
};

use crate::status::{Link, Snapshot, Status};

/// A counter of events that this module's callers count.
#[derive(Debug)]
pub struct Counted {
    name: &'static str,
    help: &'static str,
    labels: &'static [&'static str],
}

/// HTTP requests by the address they met and how they were answered: `ok`, or the word of the refusal.
pub const REQUESTS: Counted = Counted {
    name: "issuetracker_sidecar_requests_total",
    help: "HTTP requests by route and outcome.",
    labels: &["route", "outcome"],
};
/// What requests brought, by protocol and what became of it.
pub const ITEMS: Counted = Counted {
    name: "issuetracker_sidecar_items_total",
    help: "Items of HTTP requests by protocol and outcome (accepted, refused, ignored).",
    labels: &["protocol", "outcome"],
};

const COUNTED: &[&Counted] = &[&REQUESTS, &ITEMS];

const REQUEST_SECONDS: &str = "issuetracker_sidecar_request_seconds";
/// Upper bounds in seconds; the promise is 10 ms at the 99th percentile.
const BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0];

/// A metric read from the sidecar's status when it is asked for.
struct Observed {
    name: &'static str,
    help: &'static str,
    sort: Sort,
    read: fn(&Snapshot) -> u64,
}

/// Whether a value only grows.
#[derive(Clone, Copy)]
enum Sort {
    Total,
    Level,
}

/// The ledger's identity: `accepted + recovered = published + paired + sum(dropped) + spooled`.
const OBSERVED: &[Observed] = &[
    Observed {
        name: "issuetracker_sidecar_accepted_reports_total",
        help: "Reports taken in since the spool was made.",
        sort: Sort::Total,
        read: |s| s.ledger.accepted,
    },
    Observed {
        name: "issuetracker_sidecar_recovered_reports_total",
        help: "Reports found in the spool at a start whose acceptance the totals did not hold.",
        sort: Sort::Total,
        read: |s| s.ledger.recovered,
    },
    Observed {
        name: "issuetracker_sidecar_published_reports_total",
        help: "Reports whose record the broker has acknowledged.",
        sort: Sort::Total,
        read: |s| s.ledger.published,
    },
    Observed {
        name: "issuetracker_sidecar_paired_reports_total",
        help: "Second sightings of one crash, told twice by different ways in.",
        sort: Sort::Total,
        read: |s| s.ledger.paired,
    },
    Observed {
        name: "issuetracker_sidecar_spooled_reports",
        help: "Reports in the spool.",
        sort: Sort::Level,
        read: |s| s.ledger.spooled,
    },
    Observed {
        name: "issuetracker_sidecar_gap_bytes_total",
        help: "Bytes of stderr that were overwritten before they could be read.",
        sort: Sort::Total,
        read: |s| s.ledger.gap_bytes,
    },
    Observed {
        name: "issuetracker_sidecar_spool_bytes",
        help: "Bytes in the spool.",
        sort: Sort::Level,
        read: |s| s.spool_bytes,
    },
    Observed {
        name: "issuetracker_sidecar_spool_limit_bytes",
        help: "Bytes that the spool may hold.",
        sort: Sort::Level,
        read: |s| s.spool_limit,
    },
    Observed {
        name: "issuetracker_sidecar_redis_up",
        help: "1 while the window that replicas share answers.",
        sort: Sort::Level,
        read: |s| u64::from(s.shared == Some(Link::Up)),
    },
    Observed {
        name: "issuetracker_sidecar_settings_refused",
        help: "1 while the settings file cannot be used and earlier settings are in force.",
        sort: Sort::Level,
        read: |s| u64::from(s.settings_error.is_some()),
    },
    Observed {
        name: "issuetracker_sidecar_publisher_up",
        help: "1 while the latest record was acknowledged.",
        sort: Sort::Level,
        read: |s| u64::from(s.publisher == Link::Up),
    },
];

const DROPPED: Counted = Counted {
    name: "issuetracker_sidecar_dropped_reports_total",
    help: "Reports given up, by reason.",
    labels: &["reason"],
};

/// Every metric of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    counted: BTreeMap<&'static str, IntCounterVec>,
    seconds: Option<Histogram>,
    status: Status,
}

impl Metrics {
    /// All metrics at zero; the ledger's are read from `status` whenever they are asked for.
    pub fn new(status: Status) -> Self {
        let registry = Registry::new();
        let counters = COUNTED.iter().filter_map(|row| {
            let counter = IntCounterVec::new(Opts::new(row.name, row.help), row.labels).ok()?;
            registry.register(Box::new(counter.clone())).ok()?;
            Some((row.name, counter))
        });
        let counted = counters.collect();
        let help = "Time from a request's head to its answer.";
        let seconds =
            Histogram::with_opts(HistogramOpts::new(REQUEST_SECONDS, help).buckets(BUCKETS.to_vec())).ok();
        let seconds = seconds.filter(|seconds| registry.register(Box::new(seconds.clone())).is_ok());
        Self { registry, counted, seconds, status }
    }

    /// Counts `n` events; `labels` in the order of the row.
    pub fn count(&self, row: &Counted, labels: &[&str], n: usize) {
        let counter = self.counted.get(row.name).map(|counter| counter.get_metric_with_label_values(labels));
        match counter {
            Some(Ok(counter)) => counter.inc_by(u64::try_from(n).unwrap_or(u64::MAX)),
            _ => debug_assert!(false, "{} has other labels than {labels:?}", row.name),
        }
    }

    /// Notes how long a request took.
    pub fn took(&self, time: Duration) {
        if let Some(seconds) = &self.seconds {
            seconds.observe(time.as_secs_f64());
        }
    }

    /// The text exposition format of Prometheus.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let snapshot = self.status.read();
        let mut families = self.registry.gather();
        for row in OBSERVED {
            let value = (row.read)(&snapshot);
            families.extend(match row.sort {
                Sort::Total => {
                    let total = IntCounter::new(row.name, row.help)?;
                    total.inc_by(value);
                    total.collect()
                }
                Sort::Level => {
                    let level = IntGauge::new(row.name, row.help)?;
                    level.set(i64::try_from(value).unwrap_or(i64::MAX));
                    level.collect()
                }
            });
        }
        let dropped = IntCounterVec::new(Opts::new(DROPPED.name, DROPPED.help), DROPPED.labels)?;
        for reason in DropReason::ALL.map(DropReason::as_str) {
            let count = snapshot.ledger.dropped.get(reason).copied().unwrap_or_default();
            dropped.get_metric_with_label_values(&[reason])?.inc_by(count);
        }
        families.extend(dropped.collect());
        let mut text = Vec::new();
        TextEncoder::new().encode(&families, &mut text)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_there_from_the_start_and_the_ledger_is_the_status() {
        let status = Status::default();
        let metrics = Metrics::new(status.clone());
        status.update(|s| {
            s.ledger.accepted = 7;
            s.ledger.dropped.insert("corrupt".into(), 2);
            s.publisher = Link::Up;
        });
        metrics.count(&REQUESTS, &["issues", "ok"], 1);
        metrics.took(Duration::from_millis(3));
        let text = String::from_utf8(metrics.text().expect("text")).expect("UTF-8");
        for line in [
            "issuetracker_sidecar_accepted_reports_total 7",
            "issuetracker_sidecar_dropped_reports_total{reason=\"corrupt\"} 2",
            "issuetracker_sidecar_dropped_reports_total{reason=\"replay_horizon\"} 0",
            "issuetracker_sidecar_publisher_up 1",
            "issuetracker_sidecar_requests_total{outcome=\"ok\",route=\"issues\"} 1",
            "issuetracker_sidecar_request_seconds_bucket{le=\"0.005\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        for row in OBSERVED {
            assert!(text.contains(row.name) && row.name.starts_with("issuetracker_sidecar_"), "{}", row.name);
        }
    }
}
