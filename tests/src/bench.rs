//! `cargo xbench`: figures of this machine, each beside a baseline measured in the same run.

pub mod admission;
pub mod consumer;
pub mod engine;
pub mod intake;
pub mod pages;
pub mod path;
pub mod usage;
pub mod visits;

use std::time::{Duration, Instant};

/// One measured thing.
pub struct Figure {
    /// What was measured.
    pub name: String,
    /// How much of `unit` in a second, or the time itself.
    pub value: f64,
    /// `MiB/s`, `records/s`, `ms`.
    pub unit: &'static str,
    /// What it is held against, in the same unit.
    pub baseline: Option<(String, f64)>,
}

impl Figure {
    /// One line: the figure, and its ratio to the baseline.
    pub fn line(&self) -> String {
        let head = format!("{:<44} {:>12.1} {:<10}", self.name, self.value, self.unit);
        match &self.baseline {
            Some((name, value)) => format!("{head} {:>6.2} × {name} ({value:.1})", self.value / value),
            None => head,
        }
    }
}

/// The shortest of several runs: what else the machine did can only have made a run longer.
pub fn best_of<T>(runs: usize, mut run: impl FnMut() -> T) -> (Duration, T) {
    let mut timed = || {
        let start = Instant::now();
        let value = run();
        (start.elapsed(), value)
    };
    let first = timed();
    (1..runs).map(|_| timed()).chain([first]).min_by_key(|(time, _)| *time).unwrap_or_else(timed)
}

/// Bytes in a duration as MiB/s.
#[expect(clippy::cast_precision_loss, reason = "sizes of benchmarks are far below 2^52")]
pub fn mib_per_second(bytes: usize, time: Duration) -> f64 {
    bytes as f64 / (1024.0 * 1024.0) / time.as_secs_f64()
}
