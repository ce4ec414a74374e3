//! A topic and a store that do what a test tells them.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use issue::id::{IssueId, SourceId, TrackerName};
use jiff::Timestamp;
use kafka::source::{Done, Incoming, Lag, Polled, RecordSource, SourceError};
use parking_lot::{Mutex, MutexGuard};
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use super::{
    super::{Consumer, Pace},
    DEADLINE,
};
use crate::{
    health::Health,
    store::{
        Child, ChildKind, IssueQuery, IssueStore, Loaded, Note, NoteKind, Page, StoreError, Wanted, Write,
        Written, sqlite::SqliteStore,
    },
};

/// The numbers of issues are one partition's: one spool numbers all of its records.
pub(crate) fn source_id(n: u128) -> SourceId {
    SourceId { spool: uuid::Uuid::from_u128(n), partitions: 6 }
}

pub(crate) fn issue_id(n: u64) -> IssueId {
    IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{n}"))
}

fn record(kind: &str, issue: u64, seq: u64, workload: &str) -> Value {
    json!({
        "v": 1, "kind": kind, "id": uuid::Uuid::from_u128(seq.into()), "issue_id": issue_id(issue),
        "tracker": "local/dev", "at": at(seq).to_string(),
        "source": {
            "id": source_id(1), "seq": seq, "via": "stderr", "pod": "api-1", "release": "r1",
            "workload": {"kind": "Deployment", "name": workload},
        },
    })
}

fn at(seq: u64) -> Timestamp {
    let seconds = i64::try_from(seq).expect("small") * 20;
    Timestamp::from_second(1_790_000_000 + seconds).expect("a time")
}

pub(crate) fn report(issue: u64, seq: u64, count: u64) -> Value {
    let mut record = record("report", issue, seq, "api");
    record["count"] = json!(count);
    record["report"] = json!({
        "kind": "exception", "level": "error", "language": "python", "type": "ValueError",
        "message": "bad 7", "template": "bad <int>", "culprit": null, "fingerprint": format!("v1:{issue}"),
        "title": "ValueError: bad 7", "category": "code", "priority": "high",
    });
    record
}

pub(crate) fn comment(issue: u64, seq: u64, content: &str) -> Value {
    let mut record = record("comment", issue, seq, "api");
    record["comment"] = json!({"author_id": "the-boss", "content": content});
    record
}

pub(crate) fn update(issue: u64, seq: u64, workload: &str, changes: Value) -> Value {
    let mut record = record("update", issue, seq, workload);
    record["update"] = json!({"actor_id": "the-boss", "changes": changes});
    record
}

pub(crate) fn ledger(spool: u128, seq: u64, accepted: u64) -> Value {
    let mut record = record("ledger", 0, seq, "api");
    record["source"]["id"] = json!(source_id(spool));
    record["ledger"] = json!({"accepted": accepted});
    record
}

/// A string is written as it is, everything else as JSON.
pub(crate) fn garbage() -> Value {
    json!("{\"v\":1,")
}

type OnCommit = Box<dyn Fn(&State) + Send>;

/// How a topic and its only reader stand.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) id: String,
    records: BTreeMap<i32, Vec<Incoming>>,
    position: BTreeMap<i32, i64>,
    pub(crate) committed: BTreeMap<i32, i64>,
    pub(crate) paused: BTreeSet<i32>,
    pub(crate) dead_letters: Vec<(Incoming, String)>,
    pub(crate) revocations: VecDeque<i32>,
    gone: BTreeSet<i32>,
    gaps: VecDeque<Polled>,
    at_most: Option<usize>,
    failing_dead_letters: u32,
    refuse_pauses: bool,
    pub(crate) refused_pauses: u32,
    on_commit: Option<OnCommit>,
}

impl State {
    fn take(&mut self, max: usize) -> Vec<Incoming> {
        let max = max.min(self.at_most.unwrap_or(max));
        let mut taken = Vec::new();
        for (partition, records) in &self.records {
            if self.paused.contains(partition) || self.gone.contains(partition) {
                continue;
            }
            let position = self.position.entry(*partition).or_default();
            let from = usize::try_from(*position).expect("small");
            let some: Vec<_> = records.iter().skip(from).take(max - taken.len()).cloned().collect();
            *position += i64::try_from(some.len()).expect("small");
            taken.extend(some);
        }
        taken
    }

    pub(crate) fn length(&self, partition: i32) -> i64 {
        self.records.get(&partition).map_or(0, Vec::len) as i64
    }

    fn is_done(&self) -> bool {
        let next = |partition: &i32| self.committed.get(partition).copied().unwrap_or_default();
        self.records.iter().all(|(partition, records)| next(partition) == records.len() as i64)
    }
}

/// A topic; its clones are the same one.
#[derive(Clone)]
pub(crate) struct Topic {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Topic {
    pub(crate) fn of(records: impl IntoIterator<Item = Value>) -> Self {
        let topic = Self { state: Arc::default(), changed: Arc::default() };
        topic.lock().id = "topic-1".to_owned();
        records.into_iter().for_each(|record| topic.push(0, record));
        topic
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    pub(crate) fn push(&self, partition: i32, record: Value) {
        let length = self.lock().records.get(&partition).map_or(0, Vec::len);
        self.push_at(partition, at(u64::try_from(length).expect("small")), record);
    }

    pub(crate) fn push_at(&self, partition: i32, at: Timestamp, record: Value) {
        let mut state = self.lock();
        let records = state.records.entry(partition).or_default();
        let offset = i64::try_from(records.len()).expect("small");
        let payload = match &record {
            Value::String(raw) => Bytes::from(raw.clone()),
            other => Bytes::from(other.to_string()),
        };
        records.push(Incoming { partition, offset, at, key: None, payload });
        drop(state);
        self.changed.notify_waiters();
    }

    pub(crate) fn at_most(&self, records: usize) {
        self.lock().at_most = Some(records);
    }

    pub(crate) fn fail_dead_letters(&self, times: u32) {
        self.lock().failing_dead_letters = times;
    }

    pub(crate) fn refuse_pauses(&self) {
        self.lock().refuse_pauses = true;
    }

    pub(crate) fn on_commit(&self, check: impl Fn(&State) + Send + 'static) {
        self.lock().on_commit = Some(Box::new(check));
    }

    pub(crate) fn revoke(&self, partition: i32) {
        self.lock().revocations.push_back(partition);
    }

    pub(crate) fn gap(&self, partition: i32, from: i64, to: i64) {
        self.lock().gaps.push_back(Polled::Gap { partition, from, to });
    }

    /// What a restart of the reader from an older commit looks like.
    pub(crate) fn rewind(&self, to: i64) {
        let mut state = self.lock();
        let length = state.records.get(&0).map_or(0, Vec::len) as i64;
        let to = to.min(length);
        state.committed.insert(0, to);
        state.position.insert(0, to);
    }

    pub(crate) async fn all_committed(&self) {
        self.until(State::is_done).await;
    }

    /// Waits for the topic to be so.
    pub(crate) async fn until(&self, so: impl Fn(&State) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if so(&self.lock()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.expect("it becomes so in time");
    }
}

#[async_trait]
impl RecordSource for Topic {
    async fn poll(&mut self, max: usize, wait: Duration) -> Result<Polled, SourceError> {
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state.lock();
                if let Some(partition) = state.revocations.pop_front() {
                    state.gone.insert(partition);
                    drop(state);
                    self.changed.notify_waiters();
                    return Ok(Polled::Revoked(vec![partition]));
                }
                if let Some(gap) = state.gaps.pop_front() {
                    return Ok(gap);
                }
                let taken = state.take(max);
                if !taken.is_empty() {
                    return Ok(Polled::Records(taken));
                }
            }
            if tokio::time::timeout_at(deadline, changed).await.is_err() {
                return Ok(Polled::Records(Vec::new()));
            }
        }
    }

    fn pause(&mut self, partitions: &[i32]) -> Result<(), SourceError> {
        let mut state = self.lock();
        let refuse = state.refuse_pauses;
        if refuse {
            state.refused_pauses += 1;
        } else {
            state.paused.extend(partitions);
        }
        drop(state);
        self.changed.notify_waiters();
        if refuse { Err(SourceError { step: "pause", reason: "no".to_owned() }) } else { Ok(()) }
    }

    fn resume(&mut self, partitions: &[i32]) -> Result<(), SourceError> {
        let mut state = self.lock();
        for partition in partitions {
            state.paused.remove(partition);
            let committed = state.committed.get(partition).copied().unwrap_or_default();
            state.position.insert(*partition, committed);
        }
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn commit(&mut self, done: &[Done]) -> Result<(), SourceError> {
        let mut state = self.lock();
        if let Some(check) = state.on_commit.take() {
            check(&state);
            state.on_commit = Some(check);
        }
        for Done { partition, next } in done {
            state.committed.insert(*partition, *next);
        }
        drop(state);
        self.changed.notify_waiters();
        Ok(())
    }

    async fn dead_letter(&mut self, record: &Incoming, reason: &str, _: &str) -> Result<(), SourceError> {
        let mut state = self.lock();
        if state.failing_dead_letters > 0 {
            state.failing_dead_letters -= 1;
            return Err(SourceError { step: "write the dead letter", reason: "no".to_owned() });
        }
        state.dead_letters.push((record.clone(), reason.to_owned()));
        Ok(())
    }

    fn lag(&self) -> Lag {
        Lag::default()
    }

    fn topic_id(&self) -> Option<String> {
        Some(self.lock().id.clone())
    }
}

/// What a store can be told to do wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// It cannot be asked.
    Load,
    /// It cannot be written.
    Write,
    /// It writes, and the answer is lost.
    AfterWrite,
    /// Somebody else is faster on every issue.
    Conflict,
    /// Notes cannot be written.
    Keep,
}

/// A real store behind a switch for each fault.
pub(crate) struct Flaky {
    inner: SqliteStore,
    faults: [AtomicU32; 5],
    writes: AtomicUsize,
    pace: Duration,
    _folder: tempfile::TempDir,
}

impl Flaky {
    pub(crate) fn new() -> Arc<Self> {
        Self::paced(Duration::ZERO)
    }

    /// One that takes a write of each issue only so often.
    pub(super) fn paced(pace: Duration) -> Arc<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = SqliteStore::open(&folder.path().join("issues.db")).expect("the store opens");
        Arc::new(Self {
            inner,
            faults: Default::default(),
            writes: AtomicUsize::new(0),
            pace,
            _folder: folder,
        })
    }

    pub(crate) fn as_store(self: &Arc<Self>) -> Arc<dyn IssueStore> {
        Arc::clone(self) as Arc<dyn IssueStore>
    }

    pub(crate) fn fail(&self, fault: Fault, times: u32) {
        self.faults[fault as usize].store(times, Ordering::SeqCst);
    }

    pub(crate) fn heal(&self) {
        self.faults.iter().for_each(|fault| fault.store(0, Ordering::SeqCst));
    }

    /// How many documents were written.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::SeqCst)
    }

    fn fails(&self, fault: Fault) -> Result<(), StoreError> {
        let left = self.faults[fault as usize]
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match left {
            Ok(_) => Err(StoreError { step: "do as told", source: format!("{fault:?}").into() }),
            Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl IssueStore for Flaky {
    fn tell_time(&self, appended: Timestamp) {
        self.inner.tell_time(appended);
    }

    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        self.fails(Fault::Load)?;
        self.inner.load(wanted).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        self.fails(Fault::Write)?;
        if self.fails(Fault::Conflict).is_err() {
            return Ok(vec![Written::Conflict; writes.len()]);
        }
        let count = writes.len();
        let written = self.inner.write(writes).await?;
        self.writes.fetch_add(count, Ordering::SeqCst);
        self.fails(Fault::AfterWrite)?;
        Ok(written)
    }

    async fn list(&self, query: &IssueQuery) -> Result<Page<issue::document::Issue>, StoreError> {
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
        self.fails(Fault::Keep)?;
        self.inner.keep(notes).await
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.fails(Fault::Load)?;
        self.inner.notes(kind, keys).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    fn pace(&self) -> Duration {
        self.pace
    }
}

/// A consumer at work.
pub(crate) struct Running {
    pub(crate) health: Arc<Health>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) fn start(topic: &Topic, store: &Arc<dyn IssueStore>) -> Self {
        let (health, stop) = (Health::new(), CancellationToken::new());
        let pace = Pace { first: Duration::from_millis(1), longest: Duration::from_millis(4) };
        let consumer = Consumer::new(
            TrackerName::local(),
            Box::new(topic.clone()),
            Arc::clone(store),
            Arc::clone(&health),
            pace,
            stop.clone(),
        );
        Self { health, stop, task: tokio::spawn(consumer.run()) }
    }

    pub(crate) async fn stop(self) -> Arc<Health> {
        self.stop.cancel();
        tokio::time::timeout(DEADLINE, self.task)
            .await
            .expect("it stops in time")
            .expect("it does not panic");
        self.health
    }
}
