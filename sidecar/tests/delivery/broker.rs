//! A broker in memory, with scripted failures, and a reader behind it that counts as the real one does.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
};

use async_trait::async_trait;
use issue::record::{LedgerBody, Record, RecordKind};
use kafka::publish::{Delivery, Outgoing, PublishError, Publisher, SendError};
use tokio::sync::Notify;

/// What becomes of one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Lands and is acknowledged.
    Acked,
    /// Lands, and nobody is told.
    Silent,
    /// Lands, and is told as failed.
    LandedButFailed,
    /// Does not land, and is told as failed.
    Failed,
}

#[derive(Debug)]
struct Inner {
    partitions: u32,
    reachable: bool,
    script: VecDeque<Fate>,
    otherwise: Fate,
    /// Every record that landed, in order, repeated ones too, with the number of resets before it.
    log: Vec<(u32, Outgoing)>,
    resets: u32,
    outcomes: VecDeque<Delivery>,
    broken: bool,
}

/// Shared by the test and every publisher of it.
#[derive(Clone, Debug)]
pub struct Broker {
    inner: Arc<Mutex<Inner>>,
    told: Arc<Notify>,
}

impl Broker {
    /// Everything is acknowledged.
    pub fn new() -> Self {
        let inner = Inner {
            partitions: 6,
            reachable: true,
            script: VecDeque::new(),
            otherwise: Fate::Acked,
            log: Vec::new(),
            resets: 0,
            outcomes: VecDeque::new(),
            broken: false,
        };
        Self { inner: Arc::new(Mutex::new(inner)), told: Arc::new(Notify::new()) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("not poisoned")
    }

    /// The fates of the next records.
    pub fn script(&self, fates: impl IntoIterator<Item = Fate>) {
        self.inner().script = fates.into_iter().collect();
    }

    /// The fate of those that the script does not name.
    pub fn otherwise(&self, fate: Fate) {
        self.inner().otherwise = fate;
    }

    /// Whether it answers at all.
    pub fn reachable(&self, reachable: bool) {
        self.inner().reachable = reachable;
    }

    /// From now on.
    pub fn partitions(&self, count: u32) {
        self.inner().partitions = count;
    }

    /// Tells that the connection broke.
    pub fn break_connection(&self) {
        let mut inner = self.inner();
        inner.broken = true;
        inner.outcomes.push_back(Delivery::Failed { seq: 0, reason: "the connection broke".into() });
        drop(inner);
        self.told.notify_one();
    }

    /// The publisher for a sidecar. What an earlier one had in flight is forgotten with it.
    pub fn publisher(&self) -> Box<dyn Publisher> {
        let mut inner = self.inner();
        inner.outcomes.clear();
        inner.broken = false;
        inner.resets += 1;
        Box::new(Connection(self.clone()))
    }

    /// Everything that landed, with the number of the connection it came over.
    pub fn log(&self) -> Vec<(u32, Outgoing)> {
        self.inner().log.clone()
    }

    /// The records that a reader takes as new: the highest number of each issue and source goes up.
    pub fn read(&self) -> Vec<Record> {
        let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
        let mut bytes: BTreeMap<(String, u64), Outgoing> = BTreeMap::new();
        let mut taken = Vec::new();
        for (_, outgoing) in self.log() {
            let record = Record::decode(&outgoing.payload).expect("a record");
            let source = record.source.id.to_string();
            let same = bytes.entry((source.clone(), outgoing.seq)).or_insert_with(|| outgoing.clone());
            assert_eq!(*same, outgoing, "a record changed between two sends");
            let highest = seen.entry((outgoing.key.clone(), source)).or_default();
            if outgoing.seq > *highest {
                *highest = outgoing.seq;
                taken.push(record);
            }
        }
        taken
    }

    /// Reports of each fingerprint, and other things, as a reader counts them.
    pub fn counts(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for record in self.read().iter().filter(|record| record.kind != RecordKind::Ledger) {
            let name = record.report.as_ref().map_or("other", |report| report.report.fingerprint.as_str());
            *counts.entry(name.to_owned()).or_default() += record.count;
        }
        counts
    }

    /// All reports.
    pub fn total(&self) -> u64 {
        self.counts().values().sum()
    }

    /// What ledger records said, in order.
    pub fn ledgers(&self) -> Vec<LedgerBody> {
        self.read().into_iter().filter_map(|record| record.ledger).collect()
    }
}

struct Connection(Broker);

#[async_trait]
impl Publisher for Connection {
    async fn partitions(&mut self) -> Result<u32, PublishError> {
        let inner = self.0.inner();
        let unreachable = PublishError { step: "asking for partitions", reason: "unreachable".into() };
        if inner.reachable { Ok(inner.partitions) } else { Err(unreachable) }
    }

    fn send(&mut self, record: Outgoing) -> Result<(), SendError> {
        let mut inner = self.0.inner();
        if inner.broken {
            return Err(SendError::Broken("it must be reset".into()));
        }
        let fate = inner.script.pop_front().unwrap_or(inner.otherwise);
        let (seq, resets) = (record.seq, inner.resets);
        if fate != Fate::Failed {
            inner.log.push((resets, record));
        }
        match fate {
            Fate::Acked => inner.outcomes.push_back(Delivery::Acked { seq }),
            Fate::Silent => {}
            Fate::LandedButFailed | Fate::Failed => {
                inner.outcomes.push_back(Delivery::Failed { seq, reason: "scripted".into() });
                // As with an idempotent producer, nothing lands behind a failure.
                inner.broken = true;
            }
        }
        drop(inner);
        self.0.told.notify_one();
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        loop {
            let next = self.0.inner().outcomes.pop_front();
            match next {
                Some(delivery) => return delivery,
                None => self.0.told.notified().await,
            }
        }
    }

    async fn reset(&mut self) -> Result<(), PublishError> {
        let mut inner = self.0.inner();
        if !inner.reachable {
            return Err(PublishError { step: "connecting", reason: "unreachable".into() });
        }
        inner.outcomes.clear();
        inner.broken = false;
        inner.resets += 1;
        Ok(())
    }
}
