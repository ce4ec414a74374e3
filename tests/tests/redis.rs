//! The window that sidecars share, on a real Redis: what is stored is the same with it, without it, and with one that
//! is dead, frozen, slow, flushed, or answers garbage.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use consumer::store::{ChildKind, IssueQuery, IssueStore, Store, sqlite::SqliteStore};
use issue::{
    finish::{Origin, Rules, finish},
    id::TrackerName,
    record::{Place, ReportBody, Via},
    report::Level,
};
use jiff::Timestamp;
use kafka::{
    local::local,
    publish::{Delivery, Outgoing, PublishError, Publisher, SendError},
};
use serde_json::{Value, json};
use sidecar::{
    Sidecar,
    accept::{Submission, Submitted},
    shared::{SharedWindow, redis::RedisWindow},
    status::Link,
};
use tests::parts::{
    proxy::{Manner, Proxy},
    redis::Redis,
};

const PATIENCE: Duration = Duration::from_secs(60);

/// Kinds of errors, and how often each sidecar sees each.
const KINDS: usize = 30;
const TIMES: usize = 4;

/// Counts the bytes that go by.
struct Counted {
    publisher: Box<dyn Publisher>,
    bytes: Arc<AtomicU64>,
}

#[async_trait]
impl Publisher for Counted {
    async fn partitions(&mut self) -> Result<u32, PublishError> {
        self.publisher.partitions().await
    }

    fn send(&mut self, record: Outgoing) -> Result<(), SendError> {
        let bytes = record.payload.len() as u64;
        self.publisher.send(record)?;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        self.publisher.delivered().await
    }

    async fn reset(&mut self) -> Result<(), PublishError> {
        self.publisher.reset().await
    }
}

fn trace(kind: usize) -> String {
    let frames: String = (0..40)
        .map(|n| format!("  File \"/app/shop/cart.py\", line {n}, in step{n}\n    step{n}(cart)\n"))
        .collect();
    format!("Traceback (most recent call last):\n{frames}OrderError{kind}: order {kind} failed\n")
}

/// A crash as the way in from stderr would hand it over.
fn submission(kind: usize) -> Submission {
    let mut blocks = Vec::new();
    let mut assembler = issue::assemble::Assembler::default();
    assembler.push(trace(kind).as_bytes(), 0, &mut blocks);
    assembler.flush(&mut blocks);
    let parsed = issue::parse::parse(&blocks[0], Level::Error).unwrap();
    let report = finish(parsed, &Rules::default(), &Origin { component: Some("api"), fingerprint: None });
    let body = ReportBody {
        title: report.title(),
        report,
        full: true,
        component: Some("api".into()),
        tags: Vec::new(),
        context: None,
    };
    let (via, at, place) = (Via::Stderr, Timestamp::now(), Place::default());
    Submission { via, at, place, body: Submitted::Report(body), idempotency: None }
}

struct Replica {
    sidecar: Sidecar,
    tracker: consumer::Tracker,
    bytes: Arc<AtomicU64>,
}

impl Replica {
    async fn start(folder: &Path, store: Arc<dyn Store>, redis: Option<u16>) -> Self {
        let (publisher, source) = local(6, folder.join("dead-letters.jsonl"));
        let tracker =
            consumer::start(consumer::Settings::local(TrackerName::local()), Box::new(source), store).await;
        let bytes = Arc::<AtomicU64>::default();
        let publisher = Box::new(Counted { publisher: Box::new(publisher), bytes: bytes.clone() });
        let settings = sidecar::Settings {
            tracker: TrackerName::local(),
            place: Place::default(),
            component: Some("api".into()),
            spool_dir: folder.join("spool"),
            stderr: None,
            spool_limit: sidecar::spool::LIMIT,
            window: sidecar::dedup::Rules::default(),
            min_level: Level::Error,
            rules: Rules::default(),
        };
        let window = redis.map(|port| {
            let window: Box<dyn SharedWindow> = Box::new(RedisWindow::new(&Redis::url(port)).unwrap());
            window
        });
        let sidecar = sidecar::start_sharing(settings, publisher, window).await.unwrap();
        Self { sidecar, tracker, bytes }
    }

    /// Sees everything, and returns when all of it is stored. Says how long the slowest hand-over took.
    async fn see_all(&self) -> Duration {
        let mut slowest = Duration::ZERO;
        for _ in 0..TIMES {
            for kind in 0..KINDS {
                let began = Instant::now();
                self.sidecar.acceptor().accept(vec![submission(kind)], None).await.unwrap();
                slowest = slowest.max(began.elapsed());
            }
        }
        tokio::time::timeout(PATIENCE, self.sidecar.settle()).await.expect("all is acknowledged");
        let ledger = self.sidecar.status().read().ledger;
        assert!(
            sidecar::ledger::balanced(&ledger) && ledger.published == (KINDS * TIMES) as u64,
            "{ledger:?}"
        );
        slowest
    }

    fn link(&self) -> Option<Link> {
        self.sidecar.status().read().shared
    }

    async fn stop(self) {
        self.sidecar.stop(Duration::from_secs(10)).await;
        self.tracker.stop(Duration::from_secs(10)).await;
    }
}

/// What two replicas bring into a store, one after the other, and the bytes of each on the wire.
struct Outcome {
    stored: BTreeMap<String, Value>,
    bytes: [u64; 2],
    links: [Option<Link>; 2],
}

async fn outcome(redis: Option<u16>, mut between: impl FnMut()) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.path().join("issues.db")).unwrap());
    let (mut bytes, mut links) = ([0; 2], [None; 2]);
    for number in 0..2 {
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let replica = Replica::start(&folder, store.clone(), redis).await;
        replica.see_all().await;
        (bytes[number], links[number]) = (replica.bytes.load(Ordering::Relaxed), replica.link());
        replica.stop().await;
        between();
    }
    Outcome { stored: stored(&*store).await, bytes, links }
}

/// Every issue by what does not depend on when and where the test ran, and whether its frames can be seen.
async fn stored(store: &dyn IssueStore) -> BTreeMap<String, Value> {
    let page = store.list(&IssueQuery { limit: 1000, ..IssueQuery::default() }).await.unwrap();
    let mut issues = BTreeMap::new();
    for issue in page.items {
        let samples = store.children(issue.id, ChildKind::Occurrences, None, 100).await.unwrap();
        let samples = format!("{samples:?}");
        let whole = json!({
            "title": issue.title, "count": issue.count, "status": issue.status, "type": issue.issue_type,
            "priority": issue.priority, "component": issue.component, "reported": issue.reported,
            "frames": samples.contains("step39"),
        });
        issues.insert(issue.id.to_string(), whole);
    }
    assert_eq!(issues.len(), KINDS);
    assert!(issues.values().all(|issue| issue["count"] == (2 * TIMES) as u64), "{issues:?}");
    issues
}

fn same(what: &str, left: &BTreeMap<String, Value>, right: &BTreeMap<String, Value>) {
    assert_eq!(left, right, "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_is_the_same_with_and_without_and_the_second_replica_sends_less() {
    let redis = Redis::start().unwrap();
    let without = outcome(None, || {}).await;
    let with = outcome(Some(redis.port()), || {}).await;
    same("with Redis", &without.stored, &with.stored);
    eprintln!("bytes on the wire: without {:?}, with {:?}", without.bytes, with.bytes);
    assert!(with.bytes[1] * 2 < without.bytes[1], "{:?} {:?}", with.bytes, without.bytes);
    assert_eq!(with.links, [Some(Link::Up); 2]);
    assert_eq!(redis.keys().unwrap(), KINDS as u64);
    let life = redis.life_of_a_key().unwrap();
    assert!((86_000..=86_400).contains(&life), "{life}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_flushed_dies_or_freezes_changes_nothing_that_is_stored() {
    let without = outcome(None, || {}).await;
    let mut redis = Redis::start().unwrap();
    let flushed = outcome(Some(redis.port()), || redis.flush().unwrap()).await;
    same("flushed in between", &without.stored, &flushed.stored);
    redis.stop().unwrap();
    let frozen = outcome(Some(redis.port()), || {}).await;
    redis.cont().unwrap();
    same("frozen", &without.stored, &frozen.stored);
    assert_eq!(frozen.links, [Some(Link::Down); 2]);
    redis.flush().unwrap();
    let port = redis.port();
    let dying = outcome(Some(port), || redis.kill().unwrap()).await;
    same("dead in between", &without.stored, &dying.stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_is_slow_hangs_up_or_answers_garbage_changes_nothing_that_is_stored() {
    let redis = Redis::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let without = outcome(None, || {}).await;
    for manner in [
        Manner::Slow(Duration::from_millis(200)),
        Manner::Slow(Duration::from_millis(20)),
        Manner::HangUp,
        Manner::Garbage(b"$5\r\nhello\r\n"),
        Manner::Garbage(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        Manner::Garbage(b"*1000000000\r\n"),
        Manner::Garbage(b"$1000000000\r\nx"),
        Manner::Garbage(b"-OOM command not allowed\r\n"),
        Manner::Garbage(b"\x00\xff\xfe"),
    ] {
        redis.flush().unwrap();
        proxy.be(manner);
        let with = outcome(Some(proxy.port()), || {}).await;
        same(&format!("{manner:?}"), &without.stored, &with.stored);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_reports_waits_for_a_slow_redis() {
    let redis = Redis::start().unwrap();
    let proxy = Proxy::start(redis.port()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut slowest = Vec::new();
    for (number, port) in [None, Some(proxy.port())].into_iter().enumerate() {
        proxy.be(Manner::Slow(Duration::from_millis(45)));
        let folder = folder.path().join(number.to_string());
        std::fs::create_dir(&folder).unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&folder.join("issues.db")).unwrap());
        let replica = Replica::start(&folder, store, port).await;
        let began = Instant::now();
        replica.see_all().await;
        slowest.push(began.elapsed());
        replica.stop().await;
    }
    eprintln!(
        "{} hand-overs without Redis {:?}, with a slow one {:?}",
        KINDS * TIMES,
        slowest[0],
        slowest[1]
    );
    // One call waits for 45 ms; were each first report to wait, it would be 30 times that.
    assert!(slowest[1] < slowest[0] + Duration::from_millis(45 * 10), "{slowest:?}");
}

#[tokio::test]
async fn a_redis_behind_tls_is_used_when_its_certificate_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (_server, url) = Redis::start_tls(folder.path()).unwrap();
    let keys = ["trace".to_owned()];
    let refused = RedisWindow::new(&url).unwrap().noted(&keys).await.unwrap_err();
    assert!(refused.to_lowercase().contains("certificate"), "{refused}");
    let mut trusting = RedisWindow::new(&format!("{url}#insecure")).unwrap();
    trusting.note(&[("trace".to_owned(), "issue".to_owned())]).await.unwrap();
    assert_eq!(trusting.noted(&keys).await.unwrap(), [Some("issue".to_owned())]);
}
