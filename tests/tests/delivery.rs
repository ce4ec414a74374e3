//! What the tracker service promises of a real topic: dead letters, gaps, more partitions, topics made anew, stores that
//! are away. Each test is named after its rule (docs/delivery.md).

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use consumer::{
    Settings, Tracker,
    api::Limits,
    consume::Pace,
    store::{IssueQuery, Store, sqlite::SqliteStore},
};
use issue::id::{IssueId, TrackerName};
use kafka::{
    publish::{Delivery, Outgoing, Publisher, broker::BrokerPublisher, partition_of},
    settings::{Properties, Settings as KafkaSettings},
    source::{RecordSource, broker::BrokerSource},
    topics,
};
use rdkafka::{
    ClientConfig, Offset, TopicPartitionList,
    admin::{AdminClient, AdminOptions, NewPartitions},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    error::KafkaError,
    types::RDKafkaErrorCode,
};
use serde_json::{Value, json};
use tests::parts::{self, kafka::Kafka, process::Process};
use tokio::{net::TcpListener, sync::OnceCell};

const PATIENCE: Duration = Duration::from_secs(120);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

/// One broker for all; each test has its own topic and store.
async fn shared() -> &'static Kafka {
    static SHARED: OnceCell<Kafka> = OnceCell::const_new();
    SHARED.get_or_init(|| async { Kafka::start().await.unwrap() }).await
}

async fn topic(partitions: u32) -> KafkaSettings {
    let mut settings =
        KafkaSettings::new(shared().await.bootstrap(), format!("issuetracker.{}", uuid::Uuid::new_v4()));
    // New partitions and topics made anew are noticed within a second instead of half a minute.
    settings.properties = Properties::parse("topic.metadata.refresh.interval.ms=1000").unwrap();
    topics::ensure(&settings, partitions, WEEK).await.unwrap();
    settings
}

fn source(partitions: u32) -> String {
    format!("00000000-0000-0000-0000-000000000001/{partitions}")
}

/// A record of this kind; the member that the kind names is to be added.
fn record(kind: &str, fingerprint: &str, partitions: u32, seq: u64) -> Value {
    json!({
        "v": 1, "kind": kind, "id": uuid::Uuid::from_u128(seq.into()), "tracker": "local/dev",
        "issue_id": IssueId::of_fingerprint(&TrackerName::local(), fingerprint), "at": "2026-11-21T08:00:00Z",
        "source": {"id": source(partitions), "seq": seq, "via": "http"},
    })
}

fn report(fingerprint: &str, partitions: u32, seq: u64, count: u64) -> Value {
    let mut record = record("report", fingerprint, partitions, seq);
    record["count"] = json!(count);
    record["report"] = json!({
        "kind": "log", "level": "error", "type": null, "culprit": null, "message": "m", "template": "m",
        "fingerprint": fingerprint, "title": fingerprint,
    });
    record
}

fn comment(fingerprint: &str, partitions: u32, seq: u64) -> Value {
    let mut record = record("comment", fingerprint, partitions, seq);
    record["comment"] = json!({"author_id": "x", "content": "hello"});
    record
}

/// Sends these; what is no object is sent as it stands. The partition follows from the issue, among `partitions`.
async fn publish(settings: &KafkaSettings, partitions: u32, records: &[Value]) {
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    until("the partitions are there", async || {
        publisher.partitions().await.is_ok_and(|there| there >= partitions)
    })
    .await;
    for (seq, record) in (1..).zip(records) {
        let key = record["issue_id"].as_str().unwrap_or("none").to_owned();
        let payload = record.as_str().map_or_else(|| record.to_string(), str::to_owned);
        let partition = partition_of(&key, partitions);
        publisher.send(Outgoing { seq, partition, key, payload: Bytes::from(payload) }).unwrap();
    }
    for _ in records {
        match publisher.delivered().await {
            Delivery::Acked { .. } => {}
            Delivery::Failed { reason, .. } | Delivery::Broken { reason } => panic!("{reason}"),
        }
    }
}

/// A tracker at work, with its API.
struct Site {
    tracker: Tracker,
    url: String,
    server: tokio::task::JoinHandle<()>,
}

impl Site {
    async fn start(settings: &KafkaSettings, store: &Arc<dyn Store>) -> Self {
        let source = BrokerSource::subscribe(settings.clone(), "tracker").unwrap();
        let mut own = Settings::local(TrackerName::local());
        own.pace = Pace { first: Duration::from_millis(50), longest: Duration::from_millis(500) };
        own.limits = Limits { reads: u32::MAX, writes: u32::MAX, logins: u32::MAX };
        let tracker = consumer::start(own, Box::new(source), Arc::clone(store)).await;
        let routes = tracker
            .health_routes()
            .merge(tracker.api_routes())
            .merge(tracker.write_routes())
            .merge(tracker.ui_routes());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
        let server = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { tracker, url, server }
    }

    fn get(&self, path: &str) -> Value {
        tokio::task::block_in_place(|| {
            ureq::get(format!("{}{path}", self.url)).call().unwrap().body_mut().read_json().unwrap()
        })
    }

    fn text(&self, path: &str) -> String {
        tokio::task::block_in_place(|| {
            ureq::get(format!("{}{path}", self.url)).call().unwrap().body_mut().read_to_string().unwrap()
        })
    }

    /// Runs the command line against this tracker.
    fn cli(&self, words: &[&str]) -> (bool, String) {
        let program = parts::binary("issuetracker").unwrap();
        let run = || Command::new(program).args(words).args(["--server", &self.url]).output().unwrap();
        let output = tokio::task::block_in_place(run);
        let told = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(told).unwrap())
    }

    async fn stop(self) {
        self.server.abort();
        let ledger = self.tracker.status().ledger;
        assert!(ledger.is_balanced(), "{ledger:?}");
        self.tracker.stop(PATIENCE).await;
    }
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    let mut ask = tokio::time::interval(Duration::from_millis(50));
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        ask.tick().await;
    }
}

fn store() -> (Arc<dyn Store>, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("issues.db");
    (Arc::new(SqliteStore::open(&path).unwrap()), path, folder)
}

async fn counts(store: &Arc<dyn Store>) -> Vec<u64> {
    let query = IssueQuery { limit: 100, ..IssueQuery::default() };
    let mut counts: Vec<u64> =
        store.list(&query).await.unwrap().items.iter().map(|issue| issue.count).collect();
    counts.sort_unstable();
    counts
}

async fn total(store: &Arc<dyn Store>) -> u64 {
    counts(store).await.iter().sum()
}

fn admin(settings: &KafkaSettings) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().unwrap()
}

/// What the group has committed, over all partitions; `None` before the first commit, and while the broker that
/// coordinates the group is still finding out that it does.
fn committed(settings: &KafkaSettings, partitions: i32) -> Option<i64> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", "tracker")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition(&settings.topic, partition);
    }
    let committed = tokio::task::block_in_place(|| consumer.committed_offsets(list, PATIENCE));
    let committed = match committed {
        Err(KafkaError::MetadataFetch(
            RDKafkaErrorCode::NotCoordinator
            | RDKafkaErrorCode::CoordinatorNotAvailable
            | RDKafkaErrorCode::CoordinatorLoadInProgress,
        )) => return None,
        committed => committed.unwrap(),
    };
    let offsets: Vec<i64> = committed
        .elements()
        .iter()
        .filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        })
        .collect();
    (!offsets.is_empty()).then(|| offsets.iter().sum())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_shown_replayed_and_discarded_from_the_command_line() {
    let settings = topic(1).await;
    let (store, _, _folder) = store();
    let mut song = record("song", "v1:a", 1, 3);
    song["song"] = json!({"password": "hunter2hunter2"});
    publish(&settings, 1, &[json!("{\"v\":1,"), comment("v1:a", 1, 1), song, report("v1:a", 1, 4, 5)]).await;
    let site = Site::start(&settings, &store).await;
    until("all is done", async || committed(&settings, 1) == Some(4)).await;
    let page = site.get("/api/v1/dead-letters?limit=2");
    let letters = page["dead_letters"].as_array().unwrap();
    assert_eq!((letters.len(), &letters[0]["reason"]), (2, &json!("malformed")));
    let rest = site.get(&format!("/api/v1/dead-letters?cursor={}", page["next_cursor"].as_str().unwrap()));
    assert_eq!(rest["dead_letters"][0]["reason"], "unknown_kind");

    let (done, told) = site.cli(&["dead-letters", "list"]);
    assert!(done && told.lines().count() == 4, "{told}");
    assert!(told.lines().nth(2).unwrap().starts_with("0-1  waiting  unknown_issue"), "{told}");
    let (done, told) = site.cli(&["dead-letters", "show", "0-2"]);
    assert!(done && told.contains("\"kind\":\"song\"") && !told.contains("hunter2"), "{told}");
    // The comment came before its issue. By now the watermark of its source is past it, and it counts all the same, once.
    for outcome in ["counted", "counted"] {
        let (done, told) = site.cli(&["dead-letters", "replay", "0-1"]);
        assert!(done && told.contains(outcome), "{told}");
    }
    let issue = IssueId::of_fingerprint(&TrackerName::local(), "v1:a");
    let comments = site.get(&format!("/api/v1/issues/{issue}/comments"));
    assert_eq!(comments["comments"].as_array().unwrap().len(), 1);
    let (done, told) = site.cli(&["dead-letters", "replay", "0-0"]);
    assert!(!done && told.contains("still not be processed (malformed)"), "{told}");
    let (done, told) = site.cli(&["dead-letters", "discard", "--all", "--reason", "malformed"]);
    assert!(done && told.starts_with("0-0: discarded"), "{told}");
    let (_, told) = site.cli(&["dead-letters", "list"]);
    assert!(told.lines().count() == 2 && told.contains("unknown_kind"), "{told}");
    let (_, told) = site.cli(&["dead-letters", "list", "--all", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["dead_letters"].as_array().unwrap().len(), 3);
    assert_eq!(site.get("/api/health")["dead_letters"], json!({"replayed": 1, "discarded": 1}));
    assert_eq!(counts(&store).await, [5]);
    // Another process knows what was done.
    site.stop().await;
    let site = Site::start(&settings, &store).await;
    let (done, told) = site.cli(&["dead-letters", "replay", "0-1"]);
    assert!(done && told.contains("replayed"), "{told}");
    let comments = site.get(&format!("/api/v1/issues/{issue}/comments"));
    assert_eq!(comments["comments"].as_array().unwrap().len(), 1);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_dead_letter_topic_the_partition_pauses_and_nothing_is_committed() {
    let settings = topic(1).await;
    let dead_letters = settings.dead_letters();
    admin(&settings).delete_topics(&[&dead_letters], &AdminOptions::new()).await.unwrap();
    let (store, _, _folder) = store();
    publish(&settings, 1, &[report("v1:a", 1, 1, 1), json!("{"), report("v1:a", 1, 2, 1)]).await;
    let site = Site::start(&settings, &store).await;
    until("the trouble is told", async || {
        site.get("/api/health")["parts"]["dead_letters"]["error"].as_str().is_some_and(|e| e.contains(".dlq"))
    })
    .await;
    assert_eq!(committed(&settings, 1), None);
    // Somebody makes the topic.
    until("the topic is made", async || topics::ensure(&settings, 1, WEEK).await.is_ok()).await;
    until("all is done", async || committed(&settings, 1) == Some(3)).await;
    assert_eq!(counts(&store).await, [2]);
    assert_eq!(site.get("/api/health")["parts"]["dead_letters"], json!({"ok": true}));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_data_gap_is_named_in_health_and_metrics() {
    let settings = topic(1).await;
    let (store, _, _folder) = store();
    let records: Vec<Value> = (1..=20).map(|seq| report("v1:a", 1, seq, 1)).collect();
    publish(&settings, 1, &records[..5]).await;
    let site = Site::start(&settings, &store).await;
    until("five are done", async || committed(&settings, 1) == Some(5)).await;
    site.stop().await;
    publish(&settings, 1, &records[5..]).await;
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&settings.topic, 0, Offset::Offset(8)).unwrap();
    admin(&settings).delete_records(&list, &AdminOptions::new()).await.unwrap();
    let site = Site::start(&settings, &store).await;
    until("the rest is done", async || committed(&settings, 1) == Some(20)).await;
    assert_eq!(counts(&store).await, [17]);
    let gap = json!({"records": 3, "latest": [{"partition": 0, "from": 5, "to": 8}]});
    assert_eq!(site.get("/api/health")["data_gaps"], gap);
    let metrics = site.text("/metrics");
    for line in [
        "issuetracker_consumer_partition_gap_records_total{partition=\"0\"} 3",
        "issuetracker_consumer_latest_gap_first_offset{partition=\"0\"} 5",
        "issuetracker_consumer_latest_gap_next_offset{partition=\"0\"} 8",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_partitions_and_a_second_consumer_leave_counts_exact() {
    let settings = topic(3).await;
    let (store, _, _folder) = store();
    let kinds = |seq: u64| format!("v1:{}", seq % 20);
    let batch = |partitions: u32, seqs: std::ops::Range<u64>| {
        seqs.map(|seq| report(&kinds(seq), partitions, seq, 2)).collect::<Vec<_>>()
    };
    let first = Site::start(&settings, &store).await;
    publish(&settings, 3, &batch(3, 1..501)).await;
    until("the first are counted", async || total(&store).await == 1_000).await;
    let second = Site::start(&settings, &store).await;
    admin(&settings)
        .create_partitions(&[NewPartitions::new(&settings.topic, 6)], &AdminOptions::new())
        .await
        .unwrap();
    // Records that were sealed before keep their source and partition; new ones have a source of their own.
    publish(&settings, 6, &batch(6, 1..1_001)).await;
    publish(&settings, 3, &batch(3, 451..601)).await;
    until("all are counted", async || committed(&settings, 6) == Some(1_650)).await;
    assert_eq!(total(&store).await, 2 * (600 + 1_000));
    let ledgers = [first.tracker.status().ledger, second.tracker.status().ledger];
    let fresh: u64 = ledgers.iter().map(|ledger| ledger.stored + ledger.repeat).sum();
    assert_eq!(fresh, 3_200, "{ledgers:?}");
    assert!(ledgers.iter().all(|ledger| ledger.consumed > 0), "both read: {ledgers:?}");
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_topic_made_anew_every_message_counts_also_without_a_source() {
    let settings = topic(1).await;
    let (store, _, _folder) = store();
    let bare = |n: usize| vec![json!({"title": "Disk full", "component": "db"}); n];
    let site = Site::start(&settings, &store).await;
    publish(&settings, 1, &bare(5)).await;
    until("five are counted", async || total(&store).await == 5).await;
    admin(&settings).delete_topics(&[&settings.topic], &AdminOptions::new()).await.unwrap();
    until("the topic is made anew", async || topics::ensure(&settings, 1, WEEK).await.is_ok()).await;
    publish(&settings, 1, &bare(3)).await;
    until("three more are counted", async || total(&store).await == 8).await;
    assert_eq!(site.get("/api/health")["data_gaps"]["records"], 0);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_sqlite_is_locked_the_offsets_stand_still_and_all_is_counted_after_it() {
    let settings = topic(2).await;
    let (store, path, _folder) = store();
    let site = Site::start(&settings, &store).await;
    publish(&settings, 2, &[report("v1:0", 2, 1, 1)]).await;
    until("the first is done", async || committed(&settings, 2) == Some(1)).await;
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let records: Vec<Value> = (2..20_002).map(|seq| report(&format!("v1:{}", seq % 50), 2, seq, 1)).collect();
    for some in records.chunks(2_000) {
        publish(&settings, 2, some).await;
    }
    until("the trouble is told", async || {
        site.get("/api/health")["parts"]["store"]["error"].as_str().is_some_and(|e| e.contains("locked"))
    })
    .await;
    until("the lag is told", async || site.get("/api/health")["lag"].as_u64() > Some(0)).await;
    let health = site.get("/api/health");
    assert_eq!(health["ledger"]["balanced"], true, "{health}");
    // One batch is held in memory; the rest waits in the topic.
    assert!(health["ledger"]["in_flight"].as_u64().unwrap() <= 4_000, "{health}");
    assert_eq!(committed(&settings, 2), Some(1));
    assert_eq!(total(&store).await, 1, "the API still reads");
    other.execute_batch("ROLLBACK").unwrap();
    until("all are counted", async || committed(&settings, 2) == Some(20_001)).await;
    assert_eq!(total(&store).await, 20_001);
    assert_eq!(site.get("/api/health")["parts"]["store"], json!({"ok": true}));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_clean_stop_nothing_is_read_twice() {
    let settings = topic(3).await;
    let (store, _, _folder) = store();
    let records: Vec<Value> = (1..301).map(|seq| report(&format!("v1:{}", seq % 7), 3, seq, 1)).collect();
    publish(&settings, 3, &records).await;
    let site = Site::start(&settings, &store).await;
    until("all are counted", async || committed(&settings, 3) == Some(300)).await;
    site.stop().await;
    let mut source = BrokerSource::subscribe(settings.clone(), "tracker").unwrap();
    until("it knows where it stands", async || {
        let polled = source.poll(10, Duration::from_millis(100)).await.unwrap();
        assert_eq!(polled, kafka::source::Polled::Records(Vec::new()));
        source.topic_id().is_some()
    })
    .await;
    source.close().await;
}

/// The service as a process, in a world where files may not grow: what a full disk is to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_disk_is_full_the_offsets_stand_still_and_all_is_counted_after_it() {
    let settings = topic(1).await;
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Without the signal, a write beyond the limit fails as one on a full disk does.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -S -f 3000; exec \"$0\""])
        .arg(parts::binary("issuetracker-consumer").unwrap())
        .env("ISSUETRACKER_TRACKER", "local/dev")
        .env("ISSUETRACKER_LISTEN", format!("127.0.0.1:{port}"))
        .env("ISSUETRACKER_KAFKA_BROKERS", &settings.brokers)
        .env("ISSUETRACKER_TOPIC", &settings.topic)
        .env("ISSUETRACKER_GROUP", "tracker")
        .env("ISSUETRACKER_STORE", format!("sqlite:{}", folder.path().join("issues.db").display()))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let process = Process::start(&mut command, None).unwrap();
    let health = || -> Option<Value> {
        let url = format!("http://127.0.0.1:{port}/api/health");
        tokio::task::block_in_place(|| ureq::get(url).call().ok()?.body_mut().read_json().ok())
    };
    until("it serves", async || health().is_some()).await;
    // Each record makes an issue of some kilobytes: more than the store may hold.
    let long = "x".repeat(8_000);
    let records: Vec<Value> = (1..1_001)
        .map(|seq| {
            let mut record = report(&format!("v1:{seq}"), 1, seq, 1);
            record["report"]["message"] = json!(long);
            record
        })
        .collect();
    for some in records.chunks(50) {
        publish(&settings, 1, some).await;
    }
    let told = |health: &Value| health["parts"]["store"]["error"].as_str().map(str::to_owned);
    until("the trouble is told", async || health().is_some_and(|health| told(&health).is_some())).await;
    until("the lag is told", async || health().is_some_and(|health| health["lag"].as_u64() > Some(0))).await;
    let stands = committed(&settings, 1);
    let during = health().unwrap();
    eprintln!("{:?}, committed {stands:?}", told(&during));
    assert!(stands.is_none_or(|offset| offset < 1_000), "{stands:?}");
    assert_eq!(during["ledger"]["balanced"], true, "{during}");
    let pid = rustix::process::Pid::from_raw(i32::try_from(process.id()).unwrap()).unwrap();
    let unlimited = rustix::process::Rlimit { current: None, maximum: None };
    rustix::process::prlimit(Some(pid), rustix::process::Resource::Fsize, unlimited).unwrap();
    until("all is done", async || committed(&settings, 1) == Some(1_000)).await;
    let after = health().unwrap();
    assert_eq!((&after["ledger"]["stored"], &after["parts"]["store"]["ok"]), (&json!(1_000), &json!(true)));
}
