//! The consumer's side: how soon a report can be seen, and how fast a topic full of records is worked off.

use std::{
    collections::VecDeque,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use kafka::{
    publish::{Delivery, Outgoing, Publisher, SendError, broker::BrokerPublisher, partition_of},
    settings::Settings,
    topics,
};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use super::{Bench, PARTITIONS, PATIENCE, memory, program, time, usage};
use crate::{
    bench::{
        Figure,
        consumer::{inserts, record},
    },
    faults::{
        client::{Answer, Client},
        load::letters,
        offsets,
    },
    parts::say,
    wait::pass,
};

/// Requests a second, and reports of each: 1,000 reports a second.
const REQUESTS: u32 = 50;
const BATCH: u64 = 20;

/// How long.
const STRETCH: Duration = Duration::from_secs(15);

/// A store that is asked too often has no time for anything else.
const LOOK: Duration = Duration::from_millis(10);

/// From the request to the moment when a list would show the issue: each request brings one kind that is new.
pub(super) fn visible(bench: &Bench) -> Result<Vec<Figure>> {
    say("bench: from report to list at 1,000 reports/s");
    let store = bench.folder.path().join("issues.db");
    let (tell, told) = std::sync::mpsc::channel::<(Instant, Vec<u8>)>();
    let watcher = thread::spawn(move || -> Result<Vec<Duration>> {
        let store = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut find = store.prepare("SELECT 1 FROM issues WHERE id = ?1")?;
        let (mut waiting, mut times, mut open) = (VecDeque::new(), Vec::new(), true);
        let deadline = Instant::now() + STRETCH + PATIENCE;
        while open || !waiting.is_empty() {
            ensure!(Instant::now() < deadline, "{} issues were never seen", waiting.len());
            loop {
                match told.try_recv() {
                    Ok(sent) => waiting.push_back(sent),
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                        open = false;
                        break;
                    }
                }
            }
            let mut still = VecDeque::new();
            for (at, id) in waiting.drain(..) {
                match find.exists([&id])? {
                    true => times.push(at.elapsed()),
                    false => still.push_back((at, id)),
                }
            }
            waiting = still;
            pass(LOOK);
        }
        Ok(times)
    });
    let begun = Instant::now();
    let mut client = Client::new(bench.sidecar.port);
    for number in 0..u64::from(REQUESTS) * STRETCH.as_secs() {
        let due = begun + Duration::from_secs(1) / REQUESTS * u32::try_from(number)?;
        pass(due.saturating_duration_since(Instant::now()));
        let at = Instant::now();
        let headers = [("content-type", "application/json")];
        match client.post("/api/v1/reports", &headers, batch(number).as_bytes()).0 {
            Answer::Given(202, answer) => tell.send((at, first_id(&answer)?))?,
            other => bail!("the sidecar answered {other:?}"),
        }
    }
    drop(tell);
    let mut times = watcher.join().map_err(|_| anyhow::anyhow!("the watcher died"))??;
    times.sort();
    let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
    Ok(vec![
        time("report to list at 1,000/s: median", at(50)),
        time("report to list at 1,000/s: p99", at(99)),
    ])
}

fn batch(number: u64) -> String {
    let new =
        json!({"type": format!("Seen{}Error", letters(number)), "message": "first", "component": "bench"});
    let repeat = |n: u64| json!({"type": format!("Bench{}Error", letters(n * 37 % 1000)), "message": format!("order {n} failed"), "component": "bench"});
    let reports: Vec<Value> =
        [new].into_iter().chain((1..BATCH).map(|n| repeat(number * BATCH + n))).collect();
    json!({ "reports": reports }).to_string()
}

fn first_id(answer: &str) -> Result<Vec<u8>> {
    let answer: Value = serde_json::from_str(answer)?;
    let id = answer.pointer("/items/0/id").and_then(Value::as_str).context("the id of a report")?;
    Ok(uuid::Uuid::parse_str(id)?.as_bytes().to_vec())
}

/// A consumer of its own meets a topic that is full already.
pub(super) fn consumer(bench: &mut Bench) -> Result<Vec<Figure>> {
    // One consumer at a time has the cores.
    bench.consumer.kill()?;
    bench.sidecar.kill()?;
    let inserts = inserts(bench.folder.path())?;
    let baseline = || Some(("SQLite inserts of 1 KiB, 500 a commit".to_owned(), inserts));
    let mut figures = Vec::new();
    for (name, records, issues) in
        [("repeats of 100 issues", 200_000, 100), ("issues that are new", 20_000, 20_000)]
    {
        say(&format!("bench: {records} records from Kafka to the store, {name}"));
        let (rate, resident) = work_off(bench, records, issues)?;
        figures.push(Figure {
            name: format!("Kafka to store: {name}"),
            value: rate,
            unit: "records/s",
            baseline: baseline(),
        });
        figures.push(memory(&format!("Kafka to store: {name}, resident"), resident));
    }
    Ok(figures)
}

fn work_off(bench: &Bench, records: u64, issues: u64) -> Result<(f64, f64)> {
    let topic = format!("bench.{issues}");
    let settings = Settings::new(bench.kafka.bootstrap(), topic.clone());
    bench.runtime.block_on(topics::ensure(&settings, PARTITIONS, Duration::from_secs(86_400)))?;
    bench.runtime.block_on(fill(settings, records, issues))?;
    let group = format!("group.{topic}");
    let store = bench.folder.path().join(format!("{topic}.db"));
    let begun = Instant::now();
    let consumer = program(
        "consumer",
        bench.folder.path(),
        &bench.kafka,
        &[
            ("ISSUETRACKER_STORE", format!("sqlite:{}", store.display())),
            ("ISSUETRACKER_TRACKER", "local/dev".to_owned()),
            ("ISSUETRACKER_TOPIC", topic.clone()),
            ("ISSUETRACKER_GROUP", group.clone()),
        ],
    )?;
    let mut first = None;
    loop {
        let offsets = offsets::ask(&bench.kafka.bootstrap(), &topic, &group, PARTITIONS.cast_signed())?;
        let done: i64 = offsets.committed.iter().sum();
        if done > 0 && first.is_none() {
            first = Some((Instant::now(), done));
        }
        if offsets.done() {
            break;
        }
        ensure!(begun.elapsed() < PATIENCE, "the topic was not worked off: {offsets:?}");
        pass(Duration::from_millis(20));
    }
    let resident = usage(&consumer)?.resident;
    // Joining a group takes seconds and is none of the store's business: counted from the first commit on.
    let (at, done) = first.context("a first commit")?;
    let rest = records.saturating_sub(u64::try_from(done)?);
    Ok((rest as f64 / at.elapsed().as_secs_f64(), resident))
}

async fn fill(settings: Settings, records: u64, issues: u64) -> Result<()> {
    let mut publisher = BrokerPublisher::connect(settings)?;
    let (mut open, mut seq) = (0, 1);
    while open > 0 || seq <= records {
        if seq <= records {
            let (key, payload) = record(seq, seq % issues);
            let partition = partition_of(&key, PARTITIONS);
            match publisher.send(Outgoing { seq, partition, key, payload }) {
                Ok(()) => {
                    (seq, open) = (seq + 1, open + 1);
                    continue;
                }
                Err(SendError::Full) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match publisher.delivered().await {
            Delivery::Acked { .. } => open -= 1,
            Delivery::Failed { reason, .. } | Delivery::Broken { reason } => {
                bail!("a record was not delivered: {reason}")
            }
        }
    }
    Ok(())
}
