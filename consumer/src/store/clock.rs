//! The clock that a store forgets by: the brokers', as records tell it.
//!
//! What outlives its time is told by the age of marks. By this machine's clock a wrong date would make them all old at once,
//! and what is delivered again would count again. So marks carry the newest append time that is known, and a sweep
//! goes by it too: while no record comes, nothing grows old.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;

/// Shared by all that write. Nothing was told yet while it is 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A record was appended at this time.
    pub(super) fn tell(&self, appended: Timestamp) {
        self.0.fetch_max(appended.as_microsecond(), Ordering::AcqRel);
    }

    /// For marks. Without any record it is this machine's: an import, or a person, is at work.
    pub(super) fn now(&self) -> Timestamp {
        self.told().unwrap_or_else(Timestamp::now)
    }

    /// For sweeps; `None` while nobody knows what time it is.
    pub(super) fn told(&self) -> Option<Timestamp> {
        let told = self.0.load(Ordering::Acquire);
        (told != 0).then(|| Timestamp::from_microsecond(told).ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_grow_old_by_the_brokers_clock_and_not_by_this_machines() {
        let clock = Clock::default();
        assert_eq!(clock.told(), None, "this machine's date alone lets nothing be swept");
        let at = |second| Timestamp::from_second(second).expect("a time");
        for (appended, expect) in [(1_000, 1_000), (5_000, 5_000), (2_000, 5_000)] {
            clock.tell(at(appended));
            assert_eq!((clock.now(), clock.told()), (at(expect), Some(at(expect))));
        }
    }
}
