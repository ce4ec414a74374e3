//! How fast the embedded store lists, and how fast repeats go through the consumer. Prints figures; run it with
//! `cargo run --release -p consumer --example speed -- ISSUES RECORDS KINDS`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a measurement prints its figures"
)]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use bytes::Bytes;
use consumer::{
    Settings,
    store::{ChildKind, IssueQuery, Sort, Store, Wanted, sqlite::SqliteStore},
};
use issue::{
    document::Status,
    id::{IssueId, TrackerName},
};
use jiff::Timestamp;
use kafka::source::{Done, Incoming, Lag, Polled, RecordSource, SourceError};
use serde_json::json;

/// A topic in memory that has an end.
struct Tape {
    records: Mutex<VecDeque<Incoming>>,
    committed: Arc<tokio::sync::Notify>,
    last: i64,
}

#[async_trait]
impl RecordSource for Tape {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, SourceError> {
        let taken: Vec<Incoming> = {
            let mut records = self.records.lock().unwrap();
            let max = max.min(records.len());
            records.drain(..max).collect()
        };
        if taken.is_empty() {
            tokio::time::sleep(wait).await;
        }
        Ok(Polled::Records(taken))
    }

    fn pause(&mut self, _: &[i32]) -> Result<(), SourceError> {
        Ok(())
    }

    fn resume(&mut self, _: &[i32]) -> Result<(), SourceError> {
        Ok(())
    }

    async fn commit(&mut self, done: &[Done]) -> Result<(), SourceError> {
        if done.iter().any(|done| done.next > self.last) {
            self.committed.notify_one();
        }
        Ok(())
    }

    async fn dead_letter(&mut self, _: &Incoming, reason: &str, detail: &str) -> Result<(), SourceError> {
        panic!("{reason}: {detail}");
    }

    fn lag(&self) -> Lag {
        Lag::default()
    }
}

fn record(kind: u64, seq: u64, at: Timestamp, full: bool) -> Bytes {
    let fingerprint = format!("v1:{kind:064x}");
    let frames: Vec<_> = (0..if full { 20 } else { 0 })
        .map(|n| json!({"function": format!("handle_{n}"), "module": "app.orders", "file": "/app/orders.py", "line": n, "column": null, "in_app": true}))
        .collect();
    let record = json!({
        "v": 1, "kind": "report", "id": uuid::Uuid::from_u128(seq.into()),
        "issue_id": IssueId::of_fingerprint(&TrackerName::local(), &fingerprint), "tracker": "local/dev",
        "at": at, "first_at": at, "last_at": at, "count": 1,
        "source": {
            "id": format!("00000000-0000-0000-0000-{:012}/6", 1), "seq": seq, "via": "stderr", "namespace": "shop",
            "pod": "orders-6d5f-x2x1", "pod_uid": "5d4c0f3e-8a51-4a57-9d0e-9a4f0d6f1c11", "container": "app", "node": "n1",
            "workload": {"kind": "Deployment", "name": format!("orders-{}", kind % 50)},
            "image": "registry.example/orders:1", "release": format!("sha256:{}", kind % 9),
        },
        "report": {
            "kind": "exception", "level": "error", "language": "python", "type": "ValueError",
            "message": format!("order {kind} cannot be shipped to Elbonia"), "template": format!("order kind{kind} cannot be shipped to <*>"),
            "culprit": "/app/orders.py in ship", "fingerprint": fingerprint, "frames": frames,
            "title": format!("ValueError: order kind{kind} cannot be shipped"), "category": "code", "priority": "high", "full": full,
        },
    });
    Bytes::from(record.to_string())
}

async fn consume(store: &Arc<dyn Store>, records: VecDeque<Incoming>) -> Duration {
    let committed = Arc::new(tokio::sync::Notify::new());
    let last = records.back().map_or(0, |record| record.offset);
    let tape = Tape { records: Mutex::new(records), committed: Arc::clone(&committed), last };
    let begun = Instant::now();
    let tracker =
        consumer::start(Settings::local(TrackerName::local()), Box::new(tape), Arc::clone(store)).await;
    committed.notified().await;
    let took = begun.elapsed();
    let ledger = tracker.status().ledger;
    assert!(ledger.is_balanced());
    println!("  stored {} repeat {} duplicate {}", ledger.stored, ledger.repeat, ledger.duplicate);
    tracker.stop(Duration::from_secs(5)).await;
    took
}

fn tape(count: u64, kinds: u64, seq: u64, full: bool) -> VecDeque<Incoming> {
    let begin: Timestamp = "2026-11-01T00:00:00Z".parse().expect("a time");
    (0..count)
        .map(|n| {
            let at = begin + jiff::SignedDuration::from_millis(i64::try_from(seq + n).expect("small") * 20);
            let payload = record(n * 7919 % kinds, seq + n + 1, at, full);
            Incoming { partition: 0, offset: i64::try_from(n).expect("small"), at, key: None, payload }
        })
        .collect()
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|l| l.starts_with("VmRSS") || l.starts_with("VmHWM")).collect::<Vec<_>>().join(" ")
}

async fn lists(store: &Arc<dyn Store>) {
    let all = || IssueQuery { limit: 50, ..IssueQuery::default() };
    let some = |value: &str| Some(value.to_owned());
    let queries = [
        ("by last seen", all()),
        ("by count", IssueQuery { sort: Sort::Count, ..all() }),
        ("by priority", IssueQuery { sort: Sort::Priority, ..all() }),
        ("open", IssueQuery { status: vec![Status::Open], ..all() }),
        ("closed (none)", IssueQuery { status: vec![Status::Closed], ..all() }),
        ("workload", IssueQuery { workload: some("Deployment/orders-7"), ..all() }),
        ("release (many)", IssueQuery { release: some("sha256:3"), ..all() }),
        (
            "release and closed (none)",
            IssueQuery { release: some("sha256:3"), status: vec![Status::Closed], ..all() },
        ),
        ("assignee (none)", IssueQuery { assignee: some("bob"), ..all() }),
        ("text, one", IssueQuery { text: some("kind77777 shipped"), ..all() }),
        ("text, some", IssueQuery { text: some("kind777"), ..all() }),
        ("text, all", IssueQuery { text: some("cannot be shipped"), ..all() }),
        ("text, none", IssueQuery { text: some("zebra"), ..all() }),
        ("text, two letters, none", IssueQuery { text: some("zq"), ..all() }),
        (
            "text many and closed (none)",
            IssueQuery { text: some("shipped"), status: vec![Status::Closed], ..all() },
        ),
    ];
    let mut every = Vec::new();
    for (name, query) in queries {
        let mut times = Vec::new();
        let mut query = query;
        let mut found = 0;
        for round in 0..30 {
            let begun = Instant::now();
            let page = store.list(&query).await.expect("a page");
            times.push(begun.elapsed());
            found = found.max(page.items.len());
            query.cursor = if round % 5 == 4 { None } else { page.next_cursor };
        }
        times.sort();
        every.extend(times.clone());
        println!(
            "  {name:<32} found {found:>3}  p50 {:>8.2?}  p95 {:>8.2?}  max {:>8.2?}",
            times[15], times[28], times[29]
        );
    }
    every.sort();
    println!(
        "  over all: p50 {:.2?} p95 {:.2?} max {:.2?}",
        every[every.len() / 2],
        every[every.len() * 95 / 100],
        every[every.len() - 1]
    );
}

#[tokio::main]
async fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).map(|arg| arg.parse().expect("a number")).collect();
    let [issues, records, kinds] = numbers[..] else { panic!("ISSUES RECORDS KINDS") };
    let folder = std::env::temp_dir().join(format!("issuetracker-speed-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("issues.db")).expect("a store"));
    println!("new issues, full samples:");
    let took = consume(&store, tape(issues, issues, 0, true)).await;
    println!("  {issues} in {took:.2?}: {:.0}/s; {}", issues as f64 / took.as_secs_f64(), resident());
    for kinds in [1, kinds, issues] {
        println!("repeats of {kinds} known issues, one report a record:");
        let seq = issues + records * kinds.min(9);
        let took = consume(&store, tape(records, kinds, seq, false)).await;
        println!("  {records} in {took:.2?}: {:.0}/s; {}", records as f64 / took.as_secs_f64(), resident());
    }
    println!("lists over {issues} issues, pages of 50:");
    lists(&store).await;
    let id = IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{:064x}", 5));
    let begun = Instant::now();
    store.load(&[Wanted { id, sources: Vec::new() }]).await.expect("an issue");
    store.children(id, ChildKind::Occurrences, None, 50).await.expect("children");
    println!("one issue and its occurrences: {:.2?}", begun.elapsed());
    let size: u64 = std::fs::read_dir(&folder)
        .expect("files")
        .flatten()
        .filter_map(|f| f.metadata().ok())
        .map(|m| m.len())
        .sum();
    println!("on disk: {} MiB; {}", size >> 20, resident());
    std::fs::remove_dir_all(&folder).expect("removed");
}
