//! How long to wait before trying again.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

/// Waits double from the first to the longest.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Before the second try.
    pub first: Duration,
    /// Before any.
    pub longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { first: Duration::from_millis(200), longest: Duration::from_secs(30) }
    }
}

impl Pace {
    /// A series of waits.
    pub(super) fn start(self) -> Backoff {
        Backoff { next: self.first, longest: self.longest }
    }
}

/// A series of waits, each between a half and the whole of its step: replicas do not come back in step.
pub(super) struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Backoff {
    /// How long to wait now.
    pub(super) fn next(&mut self) -> Duration {
        let step = self.next.min(self.longest);
        self.next = step.saturating_mul(2);
        // The standard library's hasher keys are its only source of chance, and good enough to spread waits.
        let chance = u32::try_from(RandomState::new().hash_one(0_u8) % 1_000).unwrap_or_default();
        step / 2 + step / 2 * chance / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        let mut backoff = Pace::default().start();
        let mut step = Duration::from_millis(200);
        for _ in 0..20 {
            let wait = backoff.next();
            assert!(wait >= step / 2 && wait <= step, "{wait:?} of {step:?}");
            step = (step * 2).min(Duration::from_secs(30));
        }
    }
}
