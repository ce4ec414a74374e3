//! How often one name may do something: a token bucket per name, in bounded memory.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Buckets by name. Each holds `burst` tokens when full and refills evenly over `period`.
///
/// A bucket is kept as one instant, the time at which it will be full again (the generic cell rate algorithm, ITU-T
/// I.371), so an idle name costs nothing once that has passed. When `names` names are live at once, further ones
/// share one bucket: memory stays bounded and nobody escapes the limit by inventing names.
#[derive(Debug)]
pub struct Limiter {
    interval: Duration,
    period: Duration,
    names: usize,
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    full_at: HashMap<String, Instant>,
    swept_at: Option<Instant>,
}

/// The bucket of those who came when the table was full. No name from outside is empty.
const SHARED: &str = "";

impl Limiter {
    /// `burst` per `period` for each name, at most `names` names apart.
    pub fn new(burst: u32, period: Duration, names: usize) -> Self {
        Self { interval: period / burst.max(1), period, names, buckets: Mutex::default() }
    }

    /// Takes a token, or says how long to wait for the next one.
    pub fn take(&self, name: &str, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock();
        let name =
            if buckets.full_at.contains_key(name) || buckets.room(self.names, now) { name } else { SHARED };
        let full_at = buckets.full_at.get(name).copied().unwrap_or(now).max(now);
        let next = full_at + self.interval;
        // Half an interval of slack keeps rounding from costing the last token.
        match (next - now).checked_sub(self.period + self.interval / 2) {
            Some(_) => Err(next - now - self.period),
            None => {
                buckets.full_at.insert(name.to_owned(), next);
                Ok(())
            }
        }
    }
}

impl Buckets {
    /// Whether another name fits; forgets full buckets first, at most once a second.
    fn room(&mut self, names: usize, now: Instant) -> bool {
        let full = self.full_at.len() >= names;
        if full && self.swept_at.is_none_or(|at| now - at >= Duration::from_secs(1)) {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.swept_at = Some(now);
        }
        self.full_at.len() < names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_burst_is_exact_and_refills_evenly() {
        let limiter = Limiter::new(100, MINUTE, 10);
        let start = Instant::now();
        for n in 0..100 {
            assert_eq!(limiter.take("a", start), Ok(()), "{n}");
        }
        let wait = limiter.take("a", start).expect_err("empty");
        assert_eq!(wait, MINUTE / 100);
        assert_eq!(limiter.take("b", start), Ok(()), "names are apart");
        assert_eq!(limiter.take("a", start + wait), Ok(()));
        assert!(limiter.take("a", start + wait).is_err());
        let later = start + MINUTE * 3;
        assert_eq!((0..200).filter(|_| limiter.take("a", later).is_ok()).count(), 100);
    }

    #[test]
    fn names_beyond_the_bound_share_one_bucket() {
        let limiter = Limiter::new(5, MINUTE, 2);
        let start = Instant::now();
        let taken = (0..100).filter(|n| limiter.take(&format!("n{n}"), start).is_ok()).count();
        assert_eq!(taken, 2 + 5);
        assert_eq!(limiter.buckets.lock().full_at.len(), 3);
        assert_eq!(limiter.take("fresh", start + MINUTE), Ok(()), "idle names are forgotten");
        assert_eq!(limiter.buckets.lock().full_at.len(), 1);
    }
}
