//! The loop of events: poll → decode → bring each session forward → commit. The same reader, the same waiting and the same
//! dead letters as the loop of records.
//!
//! Time is the brokers': a session is judged when the append time of what was read has come so far. Where nothing is left to
//! be read, the clock goes on instead, so that the last visitor of the day is judged, too.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use ::frustration::{record, session::Key};
use issue::outcome::ConsumerOutcome;
use jiff::Timestamp;
use kafka::source::{Incoming, Polled, RecordSource};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{
    Pace, Trouble,
    batch::Corpse,
    decode::Poison,
    reader::{Reader, Waited},
};
use crate::{
    health::Part,
    store::{NoteKind, StoreError, Stretch},
    visits::{
        Visits, states,
        turn::{self, Work},
    },
};

/// How long a poll waits for the first record; so often it is seen which sessions are due.
const WAIT: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 500 });

/// Sessions in one step.
const STEP: usize = 200;

/// Every lost race means that somebody else got on; so many in a row mean that something is wrong.
const MAX_ROUNDS: usize = 100;

/// Without anything to read for so long, nothing is left: how far the topic reaches is asked only now and then.
const QUIET: Duration = Duration::from_secs(30);

/// What was appended within this time shows that nothing old is left.
const FRESH: i64 = 60_000;

/// Reads a tracker's events into its sessions.
pub struct Sessions {
    visits: Arc<Visits>,
    reader: Reader,
    /// How far the last records had come, and when they were read.
    read_to: Option<i64>,
    quiet_since: Instant,
    looked: Option<Instant>,
}

/// A batch: what is left to do of it, and what it covers.
#[derive(Default)]
struct Batch {
    works: Vec<Work>,
    corpses: Vec<Corpse>,
    records: u64,
    next: BTreeMap<i32, i64>,
}

impl Sessions {
    /// Nothing happens before [`Sessions::run`].
    pub fn new(
        visits: Arc<Visits>,
        source: Box<dyn RecordSource>,
        pace: Pace,
        stop: CancellationToken,
    ) -> Self {
        let reader = Reader::new(source, Arc::clone(&visits.health), pace, stop);
        Self { visits, reader, read_to: None, quiet_since: Instant::now(), looked: None }
    }

    /// Reads until it is told to stop.
    pub async fn run(mut self) {
        while let Some(polled) = self.reader.poll(WAIT).await {
            match polled {
                Polled::Records(records) => {
                    let batch = self.decode(records);
                    self.finish(batch).await;
                }
                Polled::Revoked(partitions) => self.reader.forget(&partitions),
                Polled::Gap { partition, from, to } => self.visits.health.gap(partition, from, to),
            }
            self.reader.resume();
            self.look().await;
        }
    }

    fn decode(&mut self, records: Vec<Incoming>) -> Batch {
        let visits = Arc::clone(&self.visits);
        let appended = records.iter().map(|record| record.at);
        visits.health.read(appended.clone());
        if let Some(newest) = appended.max() {
            visits.store.tell_time(newest);
            self.quiet_since = Instant::now();
        }
        visits.health.ledger(|ledger| ledger.take(records.len() as u64));
        let mut batch = Batch { records: records.len() as u64, ..Batch::default() };
        let mut times: BTreeMap<i32, i64> = BTreeMap::new();
        let mut sessions: HashMap<Key, usize> = HashMap::new();
        for incoming in records {
            let (partition, at) = (incoming.partition, incoming.at.as_millisecond());
            let next = batch.next.entry(partition).or_default();
            *next = (*next).max(incoming.offset + 1);
            let time = times.entry(partition).or_insert(at);
            *time = (*time).max(at);
            match record::decode(&visits.tracker, &incoming.payload) {
                Ok((key, events)) => {
                    let place = *sessions.entry(key.clone()).or_insert(batch.works.len());
                    let events = events.into_iter().map(|event| (partition, event.arrived(at)));
                    match batch.works.get_mut(place) {
                        Some(work) => {
                            work.events.extend(events);
                            work.watermark = work.watermark.max(at);
                        }
                        None => batch.works.push(Work::new(key, events.collect(), at)),
                    }
                }
                Err(error) => {
                    let poison = Poison { reason: error.reason(), detail: error.to_string() };
                    batch.corpses.push(Corpse { record: incoming, poison, reports: 1 });
                }
            }
        }
        self.read_to = times.into_values().min().or(self.read_to);
        batch
    }

    /// Stores the batch and commits it, however long that takes; gives it back when it is time to stop.
    async fn finish(&mut self, mut batch: Batch) {
        let mut backoff = self.reader.pace.start();
        while let Err(trouble) = self.settle(&mut batch).await {
            self.blame(&trouble);
            if !self.wait(&mut batch, backoff.next()).await {
                self.visits.health.ledger(|ledger| ledger.end(ConsumerOutcome::HandedBack, batch.records));
                return;
            }
        }
        self.visits.health.ledger(|ledger| ledger.end(ConsumerOutcome::Stored, batch.records));
        self.reader.done(batch.next, None).await;
    }

    fn blame(&self, trouble: &Trouble) {
        match trouble {
            Trouble::DeadLetter(error) => self.visits.health.fails(Part::DeadLetters, error),
            other => self.visits.health.fails(Part::Store, other),
        }
    }

    async fn settle(&mut self, batch: &mut Batch) -> Result<(), Trouble> {
        let mut rounds = 0;
        while !batch.works.is_empty() {
            let stretch: Vec<Work> = batch.works.iter().take(STEP).cloned().collect();
            let asked = stretch.len();
            let again = turn::settle(&self.visits, stretch).await?;
            self.visits.health.works(Part::Store);
            rounds = if again.len() < asked { 0 } else { rounds + 1 };
            batch.works.splice(..asked, again);
            if rounds >= MAX_ROUNDS {
                return Err(Trouble::Contended(rounds));
            }
        }
        let before = batch.corpses.len();
        let buried = self.reader.bury(&mut batch.corpses).await;
        batch.records = batch.records.saturating_sub((before - batch.corpses.len()) as u64);
        Ok(buried?)
    }

    /// Lets time pass with the batch's partitions paused. False: time to stop.
    async fn wait(&mut self, batch: &mut Batch, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            let partitions: BTreeSet<i32> = batch.next.keys().copied().collect();
            match self.reader.wait(partitions, until).await {
                Waited::Over => return true,
                Waited::Stop => return false,
                Waited::Records(records) => {
                    let later = self.decode(records);
                    batch.join(later);
                }
                // Events of partitions that others have now may stay: they are the same events, once.
                Waited::Revoked(partitions) => {
                    batch.next.retain(|partition, _| !partitions.contains(partition));
                    batch.corpses.retain(|corpse| !partitions.contains(&corpse.record.partition));
                    for work in &mut batch.works {
                        work.events.retain(|(partition, _)| !partitions.contains(partition));
                    }
                    batch.works.retain(|work| !work.events.is_empty());
                    self.reader.forget(&partitions);
                }
            }
        }
    }

    /// Judges what is due. What the store does not answer is due the next time, too.
    async fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < WAIT) {
            return;
        }
        self.looked = Some(Instant::now());
        let Some(watermark) = self.watermark() else { return };
        match judge(&Arc::clone(&self.visits), watermark).await {
            Ok(()) => self.visits.health.works(Part::Store),
            Err(error) => self.visits.health.fails(Part::Store, &error),
        }
    }

    /// How far time has come: by the clock where all is read, else as far as what was read last. `None` as long as nobody
    /// knows what there is to be read.
    fn watermark(&self) -> Option<i64> {
        let now = Timestamp::now().as_millisecond();
        let status = self.visits.health.status();
        let fresh = self.read_to.is_some_and(|read_to| now.saturating_sub(read_to) < FRESH);
        let quiet = self.quiet_since.elapsed() >= QUIET && !status.failing.contains_key(&Part::Source);
        let by_clock = self.reader.source.lag().records == 0 && (fresh || quiet);
        // The brokers' clock may be ahead of ours, by hours where ours was set back: from what was read last on it goes on as
        // fast as ours does. Time never goes back.
        let since = i64::try_from(self.quiet_since.elapsed().as_millis()).unwrap_or(i64::MAX);
        let goes_on = self.read_to.filter(|_| by_clock).map(|read_to| read_to.saturating_add(since));
        self.read_to.into_iter().chain(goes_on).chain(by_clock.then_some(now)).max()
    }
}

/// Judges the sessions that are due at a time of the watermark.
async fn judge(visits: &Visits, watermark: i64) -> Result<(), StoreError> {
    for _ in 0..MAX_ROUNDS {
        let due = visits.store.ordered(NoteKind::Visit, &Stretch::due(watermark, STEP)).await?;
        let full = due.len() == STEP;
        let work = |note| Ok(Work::new(states::unpacked(note)?.session.key, Vec::new(), watermark));
        let works = due.into_iter().map(work).collect::<Result<Vec<Work>, StoreError>>()?;
        if works.is_empty() {
            break;
        }
        // Whoever won a race has judged it.
        turn::settle(visits, works).await?;
        if !full {
            break;
        }
    }
    Ok(())
}

impl Batch {
    /// Takes in what came later.
    fn join(&mut self, later: Self) {
        for work in later.works {
            match self.works.iter_mut().find(|known| known.key == work.key) {
                Some(known) => {
                    known.events.extend(work.events);
                    known.watermark = known.watermark.max(work.watermark);
                }
                None => self.works.push(work),
            }
        }
        self.corpses.extend(later.corpses);
        self.records += later.records;
        self.next.extend(later.next);
    }
}

#[cfg(test)]
mod tests;
