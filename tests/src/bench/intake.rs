//! The sidecar's intake: reports over HTTP that are answered once they are on the disk.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use issue::{finish::Rules, id::TrackerName, record::Place, report::Level};
use kafka::{local::local, source::RecordSource};
use sidecar::{
    Sidecar,
    intake::{Hosts, IntakeState, Limits, routes},
    metrics::Metrics,
};
use tokio::net::TcpListener;

use super::Figure;

/// Connections that ask at once.
const CONNECTIONS: usize = 64;

/// Requests of each.
const REQUESTS: usize = 400;

/// Measures acknowledgements a second and their times.
pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let sync = syncs(folder.path())?;
    let (sidecar, address) = runtime.block_on(start(folder.path()))?;
    let (took, mut times) = load(address)?;
    times.sort();
    let all = CONNECTIONS * REQUESTS;
    let at = |share: usize| times.get(all * share / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let rate = all as f64 / took.as_secs_f64();
    runtime.block_on(sidecar.stop(Duration::from_secs(10)));
    let figure = |name: &str, value, unit, baseline| Figure { name: name.to_owned(), value, unit, baseline };
    Ok(vec![
        figure(
            "intake: durable acknowledgements",
            rate,
            "reports/s",
            Some(("write + fdatasync".to_owned(), sync)),
        ),
        figure("intake: time to acknowledge, median", at(50), "ms", None),
        figure("intake: time to acknowledge, p99", at(99), "ms", None),
    ])
}

/// A sidecar whose records are taken at once, and its address.
async fn start(folder: &std::path::Path) -> anyhow::Result<(Sidecar, SocketAddr)> {
    let (publisher, mut source) = local(1, folder.join("dead-letters.jsonl"));
    tokio::spawn(async move {
        while let Ok(polled) = source.poll(1000, Duration::from_secs(1)).await {
            let kafka::source::Polled::Records(records) = polled else { continue };
            let Some(last) = records.last() else { continue };
            let done = kafka::source::Done { partition: last.partition, next: last.offset + 1 };
            if source.commit(&[done]).await.is_err() {
                break;
            }
        }
    });
    let settings = sidecar::Settings {
        tracker: TrackerName::local(),
        place: Place::default(),
        component: None,
        spool_dir: folder.join("spool"),
        stderr: None,
        spool_limit: sidecar::spool::LIMIT,
        window: sidecar::dedup::Rules::default(),
        min_level: Level::Error,
        rules: Rules::default(),
    };
    let sidecar = sidecar::start(settings, Box::new(publisher)).await?;
    let state = IntakeState::new(
        sidecar.acceptor(),
        Arc::new(Rules::default()),
        TrackerName::local(),
        Place::default(),
        Hosts::default(),
        Limits::default(),
        Arc::new(Metrics::new(sidecar.status())),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, routes(state)).await });
    Ok((sidecar, address))
}

/// Asks from all connections; answers the whole time and that of each request.
fn load(address: SocketAddr) -> anyhow::Result<(Duration, Vec<Duration>)> {
    let start = Instant::now();
    let clients: Vec<_> =
        (0..CONNECTIONS).map(|number| thread::spawn(move || client(address, number))).collect();
    let mut times = Vec::with_capacity(CONNECTIONS * REQUESTS);
    for client in clients {
        times.extend(client.join().ok().context("a client died")??);
    }
    Ok((start.elapsed(), times))
}

fn client(address: SocketAddr, number: usize) -> anyhow::Result<Vec<Duration>> {
    let mut out = TcpStream::connect(address)?;
    out.set_nodelay(true)?;
    let mut answers = BufReader::new(out.try_clone()?);
    let mut times = Vec::with_capacity(REQUESTS);
    for request in 0..REQUESTS {
        let kind = (number * REQUESTS + request) % 1000;
        let body = format!(
            r#"{{"reports":[{{"type":"Error{kind}","message":"order {request} failed","component":"bench","frames":[{{"function":"pay","file":"/app/cart.py","line":{request}}}]}}]}}"#
        );
        let start = Instant::now();
        write!(
            out,
            "POST /api/v1/reports HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )?;
        answer(&mut answers)?;
        times.push(start.elapsed());
    }
    Ok(times)
}

fn answer(answers: &mut impl BufRead) -> anyhow::Result<()> {
    let mut line = String::new();
    answers.read_line(&mut line)?;
    ensure!(line.contains(" 202 "), "the sidecar answered {line}");
    let mut length = 0;
    loop {
        line.clear();
        answers.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    answers.take(length).read_to_end(&mut Vec::new())?;
    Ok(())
}

/// What the disk gives: single records written and synced one after the other, in a second.
pub(super) fn syncs(folder: &std::path::Path) -> anyhow::Result<f64> {
    const ROUNDS: u32 = 300;
    let mut file = std::fs::File::create(folder.join("baseline"))?;
    let start = Instant::now();
    for _ in 0..ROUNDS {
        file.write_all(&[b'x'; 512])?;
        file.sync_data()?;
    }
    Ok(f64::from(ROUNDS) / start.elapsed().as_secs_f64())
}
