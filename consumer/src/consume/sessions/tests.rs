//! Recorded visits through the loop: incidents and issues are the same whatever dies, fails or comes twice.

use std::{
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
};

use ::frustration::{incident::Status, ingest, settings::Settings};
use async_trait::async_trait;
use issue::{
    document::Issue,
    id::{IssueId, TrackerName},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    consume::tests::{
        DEADLINE,
        scripted::{Topic, garbage},
    },
    store::{
        Child, ChildKind, IssueQuery, IssueStore, Loaded, Note, Page, StoreError, Wanted, Write, Written,
        sqlite::SqliteStore,
    },
    visits::incidents::{self, Kept, Query},
};

/// A store that dies after so many calls: half of the time before it did what the last asked for, half of the time after.
struct Mortal {
    inner: SqliteStore,
    left: AtomicI64,
    /// Whether the last call is still done.
    late: bool,
    _folder: tempfile::TempDir,
}

impl Mortal {
    fn new(calls: i64) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens");
        Arc::new(Self { inner, left: AtomicI64::new(calls), late: calls % 2 == 0, _folder: folder })
    }

    fn dead() -> StoreError {
        StoreError { step: "live", source: "dead".into() }
    }

    async fn call<T>(&self, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        match left {
            1.. => work.await,
            0 if self.late => work.await.and(Err(Self::dead())),
            _ => Err(Self::dead()),
        }
    }

    fn lives_again(&self) {
        self.left.store(i64::MAX, Ordering::SeqCst);
    }

    fn is_dead(&self) -> bool {
        self.left.load(Ordering::SeqCst) < 0
    }
}

#[async_trait]
impl IssueStore for Mortal {
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        self.call(self.inner.load(wanted)).await
    }
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        self.call(self.inner.write(writes)).await
    }
    async fn list(&self, query: &IssueQuery) -> Result<Page<Issue>, StoreError> {
        self.inner.list(query).await
    }
    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError> {
        self.inner.children(id, kind, cursor, limit).await
    }
    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError> {
        self.inner.newest(id, kind, limit).await
    }
    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        self.call(self.inner.keep(notes)).await
    }
    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.call(self.inner.notes(kind, keys)).await
    }
    async fn ordered(&self, kind: NoteKind, stretch: &Stretch) -> Result<Vec<Note>, StoreError> {
        self.call(self.inner.ordered(kind, stretch)).await
    }
    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }
}

/// The events of a recorded visit, moved to a session of another name, and when the last of them came.
fn recorded(name: &str, session: &str) -> (Vec<::frustration::event::Event>, i64) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../frustration/testdata/recorded")
        .join(format!("{name}.json"));
    let body = std::fs::read(path).expect("a recording");
    let mut request = ingest::read(&body).expect("a request");
    let last = request.events.iter().filter_map(|event| event["timestamp"].as_i64()).max().expect("events");
    for event in &mut request.events {
        event["sessionId"] = json!(session);
        let key = format!("{session}.{}", event["idempotencyKey"]);
        event["idempotencyKey"] = json!(key);
    }
    let batch = ingest::judge(&request.events, "dev", last, &Default::default());
    assert!(batch.rejected.is_empty());
    (batch.events, last)
}

const VISITS: [&str; 5] = ["rage", "blocked", "abandoned", "lost", "calm"];

/// Every recording twice, by two visitors, in records of at most seven events; then three hours pass.
fn topic() -> Topic {
    let topic = Topic::of([]);
    let mut latest = 0;
    for name in VISITS {
        for visitor in ["one", "two"] {
            let (events, last) = recorded(name, &format!("{name}-{visitor}"));
            latest = latest.max(last);
            for events in events.chunks(7) {
                push(&topic, events, last);
            }
        }
    }
    // Somebody else comes hours later: time goes by what is read.
    for hours in [1, 2, 3] {
        let (events, _) = recorded("calm", "later");
        push(&topic, events.get(..1).expect("an event"), latest + hours * 3_600_000);
    }
    topic
}

fn push(topic: &Topic, events: &[::frustration::event::Event], at: i64) {
    let at = Timestamp::from_millisecond(at).expect("a time");
    for record in record::encode(&TrackerName::local(), events) {
        topic.push_at(0, at, Value::String(String::from_utf8(record.payload).expect("JSON")));
    }
}

fn visits(store: Arc<dyn IssueStore>) -> Arc<Visits> {
    Arc::new(Visits::new(TrackerName::local(), store, Settings::local()))
}

/// Runs the loop until `so`, then ends it as a killed process does.
async fn run(visits: &Arc<Visits>, topic: &Topic, mut so: impl AsyncFnMut() -> bool) {
    // What a process held ends with it; the next one begins at what is committed.
    topic.lock().paused.clear();
    let committed = topic.lock().committed.get(&0).copied().unwrap_or_default();
    topic.rewind(committed);
    let pace = Pace { first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    let sessions = Sessions::new(Arc::clone(visits), Box::new(topic.clone()), pace, CancellationToken::new());
    let task = tokio::spawn(sessions.run());
    let reached = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(2)).await; // tidy: allow
        }
    };
    tokio::time::timeout(DEADLINE, reached).await.expect("it becomes so in time");
    task.abort();
    // An aborted task says so.
    task.await.unwrap_or_default();
}

/// What the store holds in the end, but for times of writing.
#[derive(Debug, PartialEq)]
struct End {
    incidents: Vec<Value>,
    issues: Vec<(String, u64)>,
    sessions: usize,
}

async fn end(store: &Arc<Mortal>) -> End {
    store.lives_again();
    let query = Query { limit: 100, ..Query::default() };
    let found = incidents::list(&**store, &query).await.expect("a list").items;
    let plain = |kept: Kept| {
        let mut value = json!(kept);
        for time in ["createdAt", "updatedAt"] {
            value.as_object_mut().expect("an object").remove(time);
        }
        value
    };
    let issues = store.list(&IssueQuery { limit: 100, ..IssueQuery::default() }).await.expect("a list").items;
    let mut issues: Vec<_> = issues.into_iter().map(|issue| (issue.title, issue.count)).collect();
    issues.sort();
    let sessions = store.notes(NoteKind::Visit, None).await.expect("notes").len();
    let mut incidents: Vec<Value> = found.into_iter().map(plain).collect();
    incidents.sort_by_key(|value| value["incidentId"].to_string());
    End { incidents, issues, sessions }
}

/// Whether everything is committed and nothing is due any more but the last visitor.
async fn settled(store: &Arc<Mortal>, topic: &Topic) -> bool {
    let committed = topic.lock().committed.get(&0).copied().unwrap_or_default();
    let all = topic.lock().length(0);
    let due = store.inner.ordered(NoteKind::Visit, &Stretch::due(i64::MAX, 100)).await.expect("notes");
    committed == all && due.iter().all(|note| note.body["session"] == "later")
}

async fn clean() -> End {
    let (store, topic) = (Mortal::new(i64::MAX), topic());
    run(&visits(store.clone()), &topic, async || settled(&store, &topic).await).await;
    end(&store).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_recorded_visit_is_one_incident_and_visitors_meet_on_an_issue() {
    let end = clean().await;
    assert_eq!(end.incidents.len(), 8, "four kinds of two visitors: {:#?}", end.incidents);
    let confirmed = end.incidents.iter().filter(|incident| incident["status"] == "confirmed").count();
    assert_eq!(confirmed, 6, "who is lost wants a look first");
    let counts: Vec<u64> = end.issues.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [2, 2, 2], "{:?}", end.issues);
    assert_eq!(end.sessions, 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_of_everything_changes_nothing() {
    let (store, topic) = (Mortal::new(i64::MAX), topic());
    run(&visits(store.clone()), &topic, async || settled(&store, &topic).await).await;
    let ranks = async || {
        let mut notes = Vec::new();
        for kind in [NoteKind::Visit, NoteKind::Incident] {
            notes.extend(store.inner.notes(kind, None).await.expect("notes"));
        }
        notes.sort_by_key(|note| (note.kind.as_str(), note.key.clone()));
        notes
    };
    let before = ranks().await;
    topic.rewind(0);
    run(&visits(store.clone()), &topic, async || settled(&store, &topic).await).await;
    assert_eq!(ranks().await, before);
}

/// Wherever the process dies, the next one brings the same about.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_death_at_any_call_of_the_store_changes_nothing() {
    let clean = clean().await;
    let mut deaths = 0;
    for calls in (0..200).step_by(3) {
        let (store, topic) = (Mortal::new(calls), topic());
        topic.at_most(4);
        run(&visits(store.clone()), &topic, async || store.is_dead() || settled(&store, &topic).await).await;
        deaths += u32::from(store.is_dead());
        store.lives_again();
        run(&visits(store.clone()), &topic, async || settled(&store, &topic).await).await;
        assert_eq!(end(&store).await, clean, "died at call {calls}");
    }
    assert!(deaths > 20, "{deaths}");
}

#[tokio::test]
async fn what_is_no_record_of_events_is_put_aside() {
    let (store, topic) = (
        Mortal::new(i64::MAX),
        Topic::of([garbage(), json!({"v": 1, "kind": "report", "tracker": "local/dev"})]),
    );
    let visits = visits(store.clone());
    run(&visits, &topic, async || topic.lock().committed.get(&0) == Some(&2)).await;
    let reasons: Vec<String> = topic.lock().dead_letters.iter().map(|(_, reason)| reason.clone()).collect();
    assert_eq!(reasons, ["malformed", "unknown_version"]);
    assert!(visits.health.status().ledger.is_balanced());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_somebody_decided_stays_decided_whatever_is_told_anew() {
    let (store, topic) = (Mortal::new(i64::MAX), Topic::of([]));
    let visits = visits(store.clone());
    let (events, last) = recorded("rage", "a");
    push(&topic, &events, last);
    push(&topic, events.get(..1).expect("an event"), last + 20_000);
    let query = Query { limit: 10, ..Query::default() };
    let one = async || incidents::list(&*store, &query).await.expect("a list").items.pop();
    run(&visits, &topic, async || one().await.is_some()).await;
    let kept = one().await.expect("it is told while the visit goes on");
    assert_eq!(kept.incident.status, Status::New, "nothing confirms itself before the visit is over");
    let found = incidents::get(&*store, &kept.incident.incident_id).await.expect("asked").expect("there");
    let decision = incidents::Decision { status: Some(Status::Dismissed), suppressed: None };
    incidents::decide(&visits, found, decision, "jane", Timestamp::now()).await.expect("done").expect("kept");
    let (other, _) = recorded("calm", "later");
    push(&topic, other.get(..1).expect("an event"), last + 3 * 3_600_000);
    run(&visits, &topic, async || settled(&store, &topic).await).await;
    let kept = one().await.expect("it is there");
    assert_eq!(
        (kept.incident.status, kept.issue_id, kept.decided_by.as_deref()),
        (Status::Dismissed, None, Some("jane"))
    );
}
