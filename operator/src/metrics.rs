//! What the operator counts, at `/metrics`. Names: `issuetracker_operator_<noun>_<unit>`.

use std::time::Duration;

use prometheus::{
    Encoder as _, Histogram, HistogramOpts, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};

/// Every metric.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    admissions: IntCounterVec,
    admission_seconds: Histogram,
    containers: IntCounterVec,
    reconciles: IntCounterVec,
    /// 1 while this replica holds the lease.
    pub leader: IntGauge,
    /// Active trackers.
    pub trackers: IntGauge,
    /// Pods that should carry the sidecar and do not.
    pub missed: IntGauge,
}

impl Metrics {
    /// Registers every metric once.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let counter = |name: &str, help: &str, label: &str| -> Result<IntCounterVec, prometheus::Error> {
            let counter = IntCounterVec::new(Opts::new(name, help), &[label])?;
            registry.register(Box::new(counter.clone()))?;
            Ok(counter)
        };
        let gauge = |name: &str, help: &str| -> Result<IntGauge, prometheus::Error> {
            let gauge = IntGauge::new(name, help)?;
            registry.register(Box::new(gauge.clone()))?;
            Ok(gauge)
        };
        let admission_seconds = Histogram::with_opts(
            HistogramOpts::new(
                "issuetracker_operator_admission_seconds",
                "Time that the handler took for a pod.",
            )
            .buckets(vec![0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.1, 1.0]),
        )?;
        registry.register(Box::new(admission_seconds.clone()))?;
        Ok(Self {
            admissions: counter(
                "issuetracker_operator_admissions_total",
                "Pods that the webhook saw, by what became of them.",
                "outcome",
            )?,
            containers: counter(
                "issuetracker_operator_containers_skipped_total",
                "Containers whose stderr is not read, and pods without sidecar, by reason.",
                "reason",
            )?,
            reconciles: counter(
                "issuetracker_operator_reconciles_total",
                "Reconciliations of a resource, by the reason of its condition Ready.",
                "reason",
            )?,
            leader: gauge("issuetracker_operator_leader_info", "1 while this replica holds the lease.")?,
            trackers: gauge("issuetracker_operator_trackers_count", "Active IssueTracker resources.")?,
            missed: gauge(
                "issuetracker_operator_missed_pods_count",
                "Pods that should carry the sidecar and do not: the webhook could not be asked when they were made.",
            )?,
            admission_seconds,
            registry,
        })
    }

    /// A pod was admitted.
    pub fn admitted(&self, outcome: &str, took: Duration) {
        self.admissions.with_label_values(&[outcome]).inc();
        self.admission_seconds.observe(took.as_secs_f64());
    }

    /// A container's stderr is not read, or a pod has no sidecar.
    pub fn container_skipped(&self, reason: &str) {
        self.containers.with_label_values(&[reason]).inc();
    }

    /// A resource was reconciled.
    pub fn reconciled(&self, reason: &str) {
        self.reconciles.with_label_values(&[reason]).inc();
    }

    /// The text format of Prometheus.
    pub fn text(&self) -> String {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "metrics cannot be written");
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}
