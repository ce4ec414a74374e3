//! A token bucket for one key: 1,000 events a second, 2,000 at once.

use super::Refusal;

/// Thousandths of an event, so that milliseconds count without fractions.
const EVENT: u64 = 1000;
/// Events a second, which is also thousandths of an event a millisecond.
const RATE: u64 = 1000;
/// Events at once.
const BURST: u64 = 2000;

/// What is left at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    left: u64,
    at: i64,
}

impl Bucket {
    /// A full one at `now` (milliseconds).
    pub fn new(now: i64) -> Self {
        Self { left: BURST * EVENT, at: now }
    }

    /// Takes `events`, all or none. A clock that goes back gives nothing, and counts on from there: one that was ahead for a
    /// while holds nobody up for as long.
    pub fn take(&mut self, events: usize, now: i64) -> Result<(), Refusal> {
        let passed = u64::try_from(now.saturating_sub(self.at)).unwrap_or_default();
        self.left = self.left.saturating_add(passed.saturating_mul(RATE)).min(BURST * EVENT);
        self.at = now;
        let wanted = (events as u64).saturating_mul(EVENT);
        match self.left.checked_sub(wanted) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Refusal::TooMany((wanted - self.left).div_ceil(RATE * 1000).max(1))),
        }
    }
}
