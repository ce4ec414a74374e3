//! How often a client may ask: a bucket of reads and one of writes for each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use ::intake::problem::{Fault, Problem};
use axum::{
    extract::{ConnectInfo, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;

use super::{ApiState, guard::Refusal};

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
}

impl Default for Limits {
    fn default() -> Self {
        Self { reads: 200, writes: 100 }
    }
}

/// The buckets.
#[derive(Debug)]
pub struct Limiter {
    limits: Limits,
    buckets: Mutex<HashMap<(IpAddr, bool), Bucket>>,
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
    fn take(&self, client: IpAddr, writes: bool, now: Instant) -> Result<(), Duration> {
        let most = f64::from(if writes { self.limits.writes } else { self.limits.reads });
        let mut buckets = self.buckets.lock();
        if buckets.len() >= CLIENTS && !buckets.contains_key(&(client, writes)) {
            buckets.retain(|_, bucket| now.saturating_duration_since(bucket.at) < MINUTE);
            if buckets.len() >= CLIENTS {
                return Err(MINUTE);
            }
        }
        let bucket = buckets.entry((client, writes)).or_insert(Bucket { tokens: most, at: now });
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

/// The layer. Where the connection's address is not known, all are one client.
pub async fn layer(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let client = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD);
    match state.limiter.take(client, writes, Instant::now()) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            let detail = format!("too many requests from this address; try again in {seconds} s");
            Refusal(Problem::new(Fault::TooMany, detail).with_retry_after(seconds)).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_its_own_reads_and_writes() {
        let limiter = Limiter::new(Limits { reads: 3, writes: 1 });
        let now = Instant::now();
        let (one, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        for _ in 0..3 {
            assert_eq!(limiter.take(one, false, now), Ok(()));
        }
        assert!(limiter.take(one, false, now).is_err_and(|wait| wait <= Duration::from_secs(20)));
        assert_eq!(limiter.take(one, true, now), Ok(()));
        assert_eq!(limiter.take(other, false, now), Ok(()));
        assert_eq!(limiter.take(one, false, now + Duration::from_secs(21)), Ok(()));
    }

    #[test]
    fn clients_are_bounded() {
        let limiter = Limiter::new(Limits::default());
        let now = Instant::now();
        for n in 0..20_000_u32 {
            let client = IpAddr::from(n.to_be_bytes());
            assert_eq!(limiter.take(client, false, now).is_ok(), n < 10_000);
        }
        assert_eq!(limiter.take(IpAddr::from([9, 9, 9, 9]), false, now + MINUTE), Ok(()));
    }
}
