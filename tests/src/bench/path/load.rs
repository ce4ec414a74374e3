//! Generators: many connections that each ask as soon as they are answered.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::json;

use crate::{
    faults::{
        client::{Answer, Client},
        load::letters,
    },
    wait::pass,
};

/// Connections that ask at once.
const CONNECTIONS: u64 = 32;

/// Kinds of errors in a burst.
const KINDS: u64 = 1000;

/// What a burst came to.
pub(super) struct Burst {
    /// Acknowledged a second.
    pub(super) rate: f64,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    /// Requests.
    pub(super) answered: usize,
    /// Requests that were told to come again: the spool was full.
    pub(super) refused: usize,
}

/// Asks for so long from all connections.
pub(super) fn burst(
    port: u16,
    path: &'static str,
    media: &'static str,
    body: fn(u64) -> String,
    time: Duration,
) -> Result<Burst> {
    let begun = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|number| thread::spawn(move || client(port, path, media, number, body, begun + time)))
        .collect();
    let (mut times, mut refused) = (Vec::new(), 0);
    for client in clients {
        match client.join() {
            Ok(Ok((answered, turned_away))) => {
                times.extend(answered);
                refused += turned_away;
            }
            Ok(Err(error)) => return Err(error),
            Err(_) => bail!("a client died"),
        }
    }
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    Ok(Burst { rate, p50: at(50), p99: at(99), answered: times.len(), refused })
}

fn client(
    port: u16,
    path: &str,
    media: &str,
    number: u64,
    body: fn(u64) -> String,
    end: Instant,
) -> Result<(Vec<Duration>, usize)> {
    let mut client = Client::new(port);
    let (mut times, mut refused) = (Vec::new(), 0);
    let mut request = number;
    while Instant::now() < end {
        let body = body(request);
        match client.post(path, &[("content-type", media)], body.as_bytes()) {
            (Answer::Given(200 | 202, _), took) => times.push(took),
            (Answer::Given(429 | 503, _), _) => {
                refused += 1;
                pass(Duration::from_millis(20));
            }
            (other, _) => bail!("the sidecar answered {other:?}"),
        }
        request += CONNECTIONS;
    }
    Ok((times, refused))
}

/// One report in JSON.
pub(super) fn reports(number: u64) -> String {
    let kind = format!("Bench{}Error", letters(number % KINDS));
    let frames = json!([{"function": "pay", "file": "/app/cart.py", "line": number % 1000}]);
    json!({"reports": [{"type": kind, "message": format!("order {number} failed"), "component": "bench", "frames": frames}]})
        .to_string()
}

/// One event of about 5 KB, as an SDK sends it.
pub(super) fn envelope(number: u64) -> String {
    let frame = |at: u64| {
        json!({"function": format!("handle_step_{}", letters(at)), "module": "shop.orders.checkout",
            "filename": "shop/orders/checkout.py", "abs_path": "/app/shop/orders/checkout.py", "lineno": 40 + at,
            "in_app": !at.is_multiple_of(3), "context_line": "        result = self.backend.place(order, timeout=timeout)"})
    };
    let frames: Vec<_> = (0..19).map(frame).collect();
    let kind = format!("Sentry{}Error", letters(number % KINDS));
    let value =
        json!({"type": kind, "value": format!("order {number} failed"), "stacktrace": {"frames": frames}});
    let event = json!({"level": "error", "platform": "python", "release": "shop@1.2.3", "environment": "production",
        "exception": {"values": [value]}, "tags": {"region": "eu-1"}, "contexts": {"runtime": {"name": "CPython", "version": "3.12"}},
        "request": {"url": "http://shop.example/checkout", "method": "POST"}});
    format!("{{}}\n{{\"type\":\"event\"}}\n{event}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_has_the_size_that_it_claims() {
        let size = envelope(7).len();
        assert!((4_500..5_500).contains(&size), "{size}");
    }
}
