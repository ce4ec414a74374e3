//! How often a client may ask: a bucket of each sort for each client. A client is a user where one is known, for behind a
//! proxy all people come from one address, and else an address.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// So many clients are told apart; when more come, those that have not asked for a minute are forgotten.
const CLIENTS: usize = 10_000;

const MINUTE: Duration = Duration::from_secs(60);

/// Requests a minute for each client.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// GET and HEAD.
    pub reads: u32,
    /// All others.
    pub writes: u32,
    /// Tries to log in, and tokens that are none.
    pub logins: u32,
}

/// What is counted by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the limit of its name")]
pub enum Sort {
    Read,
    Write,
    Login,
}

impl Default for Limits {
    fn default() -> Self {
        Self { reads: 200, writes: 100, logins: 20 }
    }
}

/// The buckets.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    buckets: Mutex<HashMap<(String, Sort), Bucket>>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Limiter {
    /// All buckets full.
    pub fn new(limits: Limits) -> Self {
        Self { limits, buckets: Mutex::default() }
    }

    /// One request less, or how long to wait for the next.
    pub fn take(&self, client: &str, sort: Sort, now: Instant) -> Result<(), Duration> {
        let most = f64::from(match sort {
            Sort::Read => self.limits.reads,
            Sort::Write => self.limits.writes,
            Sort::Login => self.limits.logins,
        });
        let key = (client.to_owned(), sort);
        let mut buckets = self.buckets.lock();
        if buckets.len() >= CLIENTS && !buckets.contains_key(&key) {
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < MINUTE);
            if buckets.len() >= CLIENTS {
                return Err(MINUTE);
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: most, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * most / MINUTE.as_secs_f64()).min(most);
        bucket.at = now;
        if bucket.tokens < 1.0 {
            return Err(Duration::from_secs_f64(
                (1.0 - bucket.tokens) * MINUTE.as_secs_f64() / most.max(1.0),
            ));
        }
        bucket.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_own_reads_and_writes() {
        let limiter = Limiter::new(Limits { reads: 3, writes: 1, logins: 1 });
        let now = Instant::now();
        let (one, other) = ("10.0.0.1", "ada@example.com");
        for _ in 0..3 {
            assert_eq!(limiter.take(one, Sort::Read, now), Ok(()));
        }
        assert!(limiter.take(one, Sort::Read, now).is_err_and(|wait| wait <= Duration::from_secs(20)));
        assert_eq!(limiter.take(one, Sort::Write, now), Ok(()));
        assert_eq!(limiter.take(other, Sort::Read, now), Ok(()));
        assert_eq!(limiter.take(one, Sort::Read, now + Duration::from_secs(21)), Ok(()));
    }

    #[test]
    fn clients_are_bounded() {
        let limiter = Limiter::new(Limits::default());
        let now = Instant::now();
        for n in 0..20_000_u32 {
            let client = n.to_string();
            assert_eq!(limiter.take(&client, Sort::Read, now).is_ok(), n < 10_000);
        }
        assert_eq!(limiter.take("another", Sort::Read, now + MINUTE), Ok(()));
    }
}
