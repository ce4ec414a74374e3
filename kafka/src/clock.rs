//! Notices that the wall clock was set back.
//!
//! librdkafka computes the deadlines of its waits by the wall clock, so where that is set back they end as much later. While
//! brokers answer, their answers wake its threads; while none does, nothing happens for as long as the clock was set
//! back, which may be hours. No setting changes that. Whoever owns a client looks here, and makes a new one.

use std::time::{Duration, Instant, SystemTime};

/// Clocks are corrected by less than this all the time, and waits that are longer by it harm nobody.
const TOLERANCE: Duration = Duration::from_secs(3);

/// How often whoever waits looks at the clocks.
const LOOK: Duration = Duration::from_secs(1);

/// For people, where a client is given up.
pub(crate) const SET_BACK: &str =
    "the wall clock was set back, which holds up the Kafka client: a new one is made";

/// The wall clock beside one that only goes forward, which tell different times when the former is set.
#[derive(Debug)]
pub(crate) struct Clock {
    wall: SystemTime,
    steady: Instant,
    set_back: bool,
}

impl Clock {
    /// For a client that is made now.
    pub(crate) fn new() -> Self {
        Self { wall: SystemTime::now(), steady: Instant::now(), set_back: false }
    }

    /// Whether the wall clock was set back since this was made.
    pub(crate) fn set_back(&mut self) -> bool {
        self.look(SystemTime::now(), Instant::now());
        self.set_back
    }

    /// Returns once the wall clock was set back. Cancel-safe.
    pub(crate) async fn until_set_back(&mut self) {
        while !self.set_back() {
            tokio::time::sleep(LOOK).await;
        }
    }

    fn look(&mut self, wall: SystemTime, steady: Instant) {
        let expected = self.wall + steady.saturating_duration_since(self.steady);
        self.set_back |= expected.duration_since(wall).is_ok_and(|back| back > TOLERANCE);
        (self.wall, self.steady) = (wall, steady);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What steps of the wall clock, one second after the other, come to.
    fn check(steps: &[i64], expect: bool) {
        let mut clock = Clock::new();
        let (mut wall, mut steady) = (clock.wall, clock.steady);
        for &step in steps {
            let moved = Duration::from_secs(step.unsigned_abs());
            wall = if step < 0 { wall - moved } else { wall + moved };
            steady += Duration::from_secs(1);
            clock.look(wall, steady);
        }
        assert_eq!(clock.set_back, expect, "{steps:?}");
    }

    #[test]
    fn only_a_clock_that_is_set_back_counts_and_it_is_not_forgotten() {
        check(&[1, 1, 1], false);
        check(&[1, -3600], true);
        check(&[1, -3600, 1, 1], true);
        check(&[-10], true);
        // Corrections, a machine that slept, a clock that is set forward.
        check(&[0, -1, 1], false);
        check(&[3600, 1], false);
        check(&[3600, -3600], true);
    }
}
