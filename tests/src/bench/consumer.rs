//! The consumer on SQLite: repeats of known issues, and issues that are new.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ::consumer::{Settings, store::sqlite::SqliteStore};
use anyhow::ensure;
use bytes::Bytes;
use issue::{
    finish::{Origin, Rules, finish},
    id::{IssueId, SourceId, TrackerName},
    record::{Place, Record, RecordKind, ReportBody, Source, VERSION, Via},
    report::{Kind, Language, Level, Parsed},
};
use jiff::Timestamp;
use kafka::{
    local::local,
    publish::{Delivery, Outgoing, Publisher, SendError},
};
use serde_json::Map;
use uuid::Uuid;

use super::Figure;

/// Measures both sorts of record.
pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let inserts = inserts(folder.path())?;
    let repeats = runtime.block_on(measure(folder.path(), "repeats", 200_000, 100))?;
    let new = runtime.block_on(measure(folder.path(), "new", 20_000, 20_000))?;
    let baseline = || Some(("SQLite inserts of 1 KiB, 500 a commit".to_owned(), inserts));
    let figure =
        |name: &str, value| Figure { name: name.to_owned(), value, unit: "records/s", baseline: baseline() };
    Ok(vec![figure("consumer: repeats of 100 issues", repeats), figure("consumer: issues that are new", new)])
}

/// Records a second from hand-over to commit.
async fn measure(folder: &Path, name: &str, records: u64, issues: u64) -> anyhow::Result<f64> {
    let payloads: Vec<(String, Bytes)> = (1..=records).map(|seq| record(seq, seq % issues)).collect();
    let (mut publisher, source) = local(1, folder.join("dead-letters.jsonl"));
    let store = Arc::new(SqliteStore::open(&folder.join(format!("{name}.db")))?);
    let tracker = ::consumer::start(Settings::local(TrackerName::local()), Box::new(source), store).await;
    let start = Instant::now();
    let mut seq = 0;
    let mut acked = 0;
    let mut waiting = payloads.into_iter().peekable();
    while acked < records {
        while let Some((key, payload)) = waiting.peek() {
            let outgoing =
                Outgoing { seq: seq + 1, partition: 0, key: key.clone(), payload: payload.clone() };
            match publisher.send(outgoing) {
                Ok(()) => {
                    seq += 1;
                    waiting.next();
                }
                Err(SendError::Full) => break,
                Err(error) => return Err(error.into()),
            }
        }
        ensure!(matches!(publisher.delivered().await, Delivery::Acked { .. }), "a record was not stored");
        acked += 1;
    }
    let took = start.elapsed();
    tracker.stop(Duration::from_secs(10)).await;
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(records as f64 / took.as_secs_f64())
}

/// A record of kind `number`, and its key.
pub(super) fn record(seq: u64, number: u64) -> (String, Bytes) {
    let parsed = Parsed {
        error_type: Some(format!("Error{number}")),
        ..Parsed::of_text(Kind::Exception, Level::Error, Language::Python, format!("order {seq} failed"))
    };
    let report = finish(parsed, &Rules::default(), &Origin { component: Some("bench"), fingerprint: None });
    let tracker = TrackerName::local();
    let issue_id = IssueId::of_fingerprint(&tracker, &report.fingerprint);
    let now = Timestamp::now();
    let body = ReportBody {
        title: report.title(),
        report,
        full: false,
        component: Some("bench".to_owned()),
        tags: Vec::new(),
        context: None,
    };
    let record = Record {
        v: VERSION,
        kind: RecordKind::Report,
        id: Uuid::now_v7(),
        issue_id,
        tracker,
        at: now,
        source: Source {
            id: SourceId { spool: Uuid::from_u128(1), partitions: 1 },
            seq,
            via: Via::Stderr,
            place: Place::default(),
        },
        count: 1,
        first_at: Some(now),
        last_at: Some(now),
        report: Some(body),
        issue: None,
        comment: None,
        update: None,
        ledger: None,
        extra: Map::new(),
    };
    (issue_id.to_string(), Bytes::from(record.encode()))
}

/// What SQLite itself does with rows of that size, durably.
pub(super) fn inserts(folder: &Path) -> anyhow::Result<f64> {
    const ROWS: u32 = 20_000;
    let mut db = rusqlite::Connection::open(folder.join("baseline.db"))?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body BLOB)", [])?;
    let start = Instant::now();
    for batch in 0..ROWS / 500 {
        let transaction = db.transaction()?;
        for row in 0..500 {
            transaction.execute("INSERT INTO row VALUES (?1, zeroblob(1024))", [batch * 500 + row])?;
        }
        transaction.commit()?;
    }
    Ok(f64::from(ROWS) / start.elapsed().as_secs_f64())
}
