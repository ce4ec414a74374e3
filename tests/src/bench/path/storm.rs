//! A storm: a million reports of ten thousand kinds, as fast as they are taken.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{Bench, Usage, memory, plain, usage};
use crate::{
    bench::Figure,
    faults::{
        client::{Answer, Client},
        load::letters,
    },
    parts::say,
    wait::pass,
};

const REPORTS: u64 = 1_000_000;
const KINDS: u64 = 10_000;
/// Reports of one request.
const BATCH: u64 = 100;
const SENDERS: u64 = 4;
/// The storm ends after this, whatever was sent.
const LONGEST: Duration = Duration::from_secs(120);

/// Sends it, and looks at the processes meanwhile and until everything is stored.
pub(super) fn storm(bench: &mut Bench) -> Result<Vec<Figure>> {
    say("bench: a storm of 1,000,000 reports of 10,000 kinds");
    let begun = Instant::now();
    let port = bench.sidecar.port;
    let before = [usage(&bench.sidecar)?, usage(&bench.consumer)?];
    let senders: Vec<_> =
        (0..SENDERS).map(|number| thread::spawn(move || sender(port, number, begun + LONGEST))).collect();
    let mut most = [0.0_f64; 2];
    while !senders.iter().all(thread::JoinHandle::is_finished) {
        for (most, program) in most.iter_mut().zip([&bench.sidecar, &bench.consumer]) {
            *most = most.max(usage(program)?.resident);
        }
        pass(Duration::from_millis(100));
    }
    let mut sent = 0;
    for sender in senders {
        match sender.join() {
            Ok(reports) => sent += reports?,
            Err(_) => bail!("a sender died"),
        }
    }
    let took = begun.elapsed();
    let arrived = bench.arrived()?;
    let busy = |program, before: Usage| -> Result<f64> {
        let busy = usage(program)?.busy.saturating_sub(before.busy);
        Ok(busy.as_secs_f64() / (sent as f64 / 1_000_000.0))
    };
    let [sidecar, consumer] = before;
    Ok(vec![
        plain("storm: acknowledged", sent as f64, "reports"),
        plain("storm: acknowledged", sent as f64 / took.as_secs_f64(), "reports/s"),
        plain("storm: all stored after the last answer", arrived.as_secs_f64(), "s"),
        memory("storm: sidecar resident at most", most[0]),
        memory("storm: consumer resident at most", most[1]),
        plain("storm: sidecar, core time per million", busy(&bench.sidecar, sidecar)?, "s"),
        plain("storm: consumer, core time per million", busy(&bench.consumer, consumer)?, "s"),
    ])
}

/// Every `SENDERS`th batch. Says how many reports were taken.
fn sender(port: u16, number: u64, end: Instant) -> Result<u64> {
    let mut client = Client::new(port);
    let mut sent = 0;
    for batch in (number..REPORTS / BATCH).step_by(SENDERS as usize) {
        let body = body(batch);
        loop {
            if Instant::now() > end {
                return Ok(sent);
            }
            let headers = [("content-type", "application/json")];
            match client.post("/api/v1/reports", &headers, body.as_bytes()).0 {
                Answer::Given(202, _) => break,
                Answer::Given(503, _) => pass(Duration::from_millis(20)),
                other => bail!("the sidecar answered {other:?}"),
            }
        }
        sent += BATCH;
    }
    Ok(sent)
}

fn body(batch: u64) -> String {
    let report = |number: u64| {
        let kind = format!("Storm{}Error", letters(number.wrapping_mul(7919) % KINDS));
        json!({"type": kind, "message": format!("order {number} failed"), "component": "bench"})
    };
    let reports: Vec<Value> = (batch * BATCH..(batch + 1) * BATCH).map(report).collect();
    json!({ "reports": reports }).to_string()
}
