//! Waiting for a condition, with a deadline and a word on what was missing.

use std::time::{Duration, Instant};

/// How often a condition is asked.
const PACE: Duration = Duration::from_millis(20);

/// Asks `condition` until it answers something, at most for `patience`; then panics with `what` was waited for.
pub fn until<T>(what: &str, patience: Duration, condition: impl FnMut() -> Option<T>) -> T {
    until_every(PACE, what, patience, condition)
}

/// [`until`] at a pace of its own, for who limits how often it is asked.
#[expect(clippy::panic, reason = "a test that waits in vain has failed")]
#[expect(clippy::disallowed_methods, reason = "the pace of asking, never a substitute for the condition")]
pub fn until_every<T>(
    pace: Duration,
    what: &str,
    patience: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = condition() {
            return found;
        }
        if Instant::now() > deadline {
            panic!("waited {patience:?} in vain: {what}");
        }
        std::thread::sleep(pace);
    }
}

/// Lets time pass: the pace of a load or of a schedule of faults, never a substitute for a condition.
#[expect(clippy::disallowed_methods, reason = "a load and its faults happen in time")]
pub fn pass(time: Duration) {
    std::thread::sleep(time);
}

/// How often a condition is asked whose question costs something, as a process.
const SLOW_PACE: Duration = Duration::from_millis(100);

/// [`until`] for what is no test itself: in vain and a failure on the way are errors.
#[expect(clippy::disallowed_methods, reason = "the pace of asking, never a substitute for the condition")]
pub fn reached<T>(
    what: &str,
    patience: Duration,
    mut condition: impl FnMut() -> anyhow::Result<Option<T>>,
) -> anyhow::Result<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = condition()? {
            return Ok(found);
        }
        anyhow::ensure!(Instant::now() <= deadline, "waited {patience:?} in vain: {what}");
        std::thread::sleep(SLOW_PACE);
    }
}
