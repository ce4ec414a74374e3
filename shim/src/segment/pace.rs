//! How much of the copier's time goes into segments. Plain arithmetic: the caller says what time it is.

use std::time::{Duration, Instant};

/// One part in so many of all time may be spent writing, bursts aside: some 50 MB a second on an idle disk.
const SHARE: u32 = 16;
/// Time that may be spent at once after a rest: the whole ring on a disk that takes 500 MB a second.
const BURST: Duration = Duration::from_millis(32);
/// Time to be saved up before writing goes on, enough for all that waits in memory. What is saved meanwhile is written
/// in few large frames, which take a fraction of the time of many small ones.
const STRETCH: Duration = Duration::from_micros(250);
/// How long nothing is tried after a failed write.
const RETRY: Duration = Duration::from_millis(100);

/// A budget of time: what a flood or a slow disk would take beyond it, the program would have to wait for.
#[derive(Debug)]
pub struct Pace {
    credit: Duration,
    counted: Instant,
    rests: bool,
    retry_at: Option<Instant>,
}

impl Pace {
    /// With a full budget.
    pub fn new(now: Instant) -> Self {
        Self { credit: BURST, counted: now, rests: false, retry_at: None }
    }

    /// Whether bytes are to be written while others wait to be copied.
    pub fn may_write(&mut self, now: Instant) -> bool {
        let earned = now.saturating_duration_since(self.counted) / SHARE;
        self.counted = now;
        self.credit = BURST.min(self.credit + earned);
        self.rests &= self.credit < STRETCH;
        !self.rests && self.retry_in(now).is_zero()
    }

    /// So long took a write.
    pub fn spent(&mut self, time: Duration) {
        self.credit = self.credit.saturating_sub(time);
        self.rests |= self.credit.is_zero();
    }

    /// A write failed.
    pub fn failed(&mut self, now: Instant) {
        self.retry_at = Some(now + RETRY);
    }

    /// How long after a failure nothing is to be tried yet.
    pub fn retry_in(&self, now: Instant) -> Duration {
        self.retry_at.map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_gets_a_burst_and_then_its_share() {
        let begin = Instant::now();
        let (mut pace, mut now, mut writing) = (Pace::new(begin), begin, Duration::ZERO);
        let write = Duration::from_micros(100);
        while now < begin + Duration::from_secs(10) {
            if pace.may_write(now) {
                pace.spent(write);
                writing += write;
                now += write;
            }
            now += write;
        }
        assert!((600..=750).contains(&writing.as_millis()), "{writing:?}");
    }

    #[test]
    fn a_failure_is_followed_by_a_pause() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!(pace.may_write(now));
        pace.failed(now);
        assert!(!pace.may_write(now + RETRY / 2));
        assert!(pace.may_write(now + RETRY));
    }
}
