//! The tracker service on a real broker: counts stay exact while members of its group come and go.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use consumer::{
    Settings, Tracker,
    store::{IssueQuery, Store, sqlite::SqliteStore},
};
use issue::id::{IssueId, TrackerName};
use kafka::{
    publish::{Delivery, Outgoing, Publisher, SendError, broker::BrokerPublisher, partition_of},
    settings::Settings as KafkaSettings,
    source::broker::BrokerSource,
    topics,
};
use serde_json::json;
use tests::parts::kafka::Kafka;

const PARTITIONS: u32 = 6;
const KINDS: u64 = 40;
const RECORDS: u64 = 4_000;
const PATIENCE: Duration = Duration::from_secs(120);

fn record(seq: u64) -> Outgoing {
    let fingerprint = format!("v1:{}", seq % KINDS);
    let id = IssueId::of_fingerprint(&TrackerName::local(), &fingerprint);
    let record = json!({
        "v": 1, "kind": "report", "id": uuid::Uuid::from_u128(seq.into()), "issue_id": id, "tracker": "local/dev",
        "at": "2026-11-21T08:00:00Z", "count": 3,
        "source": {"id": format!("00000000-0000-0000-0000-000000000001/{PARTITIONS}"), "seq": seq, "via": "http"},
        "report": {
            "kind": "log", "level": "error", "type": null, "culprit": null, "message": "m", "template": "m",
            "fingerprint": fingerprint, "title": "m",
        },
    });
    let key = id.to_string();
    Outgoing { seq, partition: partition_of(&key, PARTITIONS), key, payload: Bytes::from(record.to_string()) }
}

async fn publish(settings: &KafkaSettings, seqs: std::ops::Range<u64>) {
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    let mut open = 0;
    let mut records = seqs.map(record).peekable();
    while open > 0 || records.peek().is_some() {
        if let Some(record) = records.next_if(|_| open < 500) {
            match publisher.send(record) {
                Ok(()) => open += 1,
                Err(SendError::Full | SendError::Broken(_)) => panic!("the broker takes nothing"),
            }
            continue;
        }
        match publisher.delivered().await {
            Delivery::Acked { .. } => open -= 1,
            Delivery::Failed { reason, .. } | Delivery::Broken { reason } => panic!("{reason}"),
        }
    }
}

async fn member(settings: &KafkaSettings, store: &Arc<dyn Store>) -> Tracker {
    let source = BrokerSource::subscribe(settings.clone(), "tracker").unwrap();
    consumer::start(Settings::local(TrackerName::local()), Box::new(source), Arc::clone(store)).await
}

async fn total(store: &Arc<dyn Store>) -> u64 {
    let query = IssueQuery { limit: 100, ..IssueQuery::default() };
    store.list(&query).await.unwrap().items.iter().map(|issue| issue.count).sum()
}

/// Waits until so many reports are counted.
async fn counted(store: &Arc<dyn Store>, reports: u64) {
    let begun = Instant::now();
    let mut ask = tokio::time::interval(Duration::from_millis(20));
    while total(store).await < reports {
        assert!(begun.elapsed() < PATIENCE, "{} of {reports} are counted", total(store).await);
        ask.tick().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_stay_exact_while_members_come_and_go() {
    let kafka = Kafka::start().await.unwrap();
    let settings = KafkaSettings::new(kafka.bootstrap(), "issuetracker.local.dev");
    topics::ensure(&settings, PARTITIONS, Duration::from_secs(3_600)).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("issues.db")).unwrap());
    publish(&settings, 1..RECORDS / 2).await;
    let first = member(&settings, &store).await;
    counted(&store, 30).await;
    let second = member(&settings, &store).await;
    first.stop(Duration::ZERO).await;
    let third = member(&settings, &store).await;
    publish(&settings, RECORDS / 2..RECORDS + 1).await;
    counted(&store, RECORDS * 3).await;
    for tracker in [&second, &third] {
        let ledger = tracker.status().ledger;
        assert!(ledger.is_balanced(), "{ledger:?}");
    }
    second.stop(PATIENCE).await;
    third.stop(PATIENCE).await;
    // Whoever comes now finds everything committed or seen.
    let last = member(&settings, &store).await;
    publish(&settings, RECORDS + 1..RECORDS + 2).await;
    counted(&store, (RECORDS + 1) * 3).await;
    let ledger = last.status().ledger;
    last.stop(PATIENCE).await;
    assert_eq!(ledger.stored + ledger.repeat, 3, "{ledger:?}");
    let query = IssueQuery { limit: 100, ..IssueQuery::default() };
    let counts: Vec<u64> = store.list(&query).await.unwrap().items.iter().map(|issue| issue.count).collect();
    assert_eq!((counts.len() as u64, counts.iter().sum()), (KINDS, (RECORDS + 1) * 3));
    assert!(counts.iter().all(|count| (300..=303).contains(count)), "{counts:?}");
}
