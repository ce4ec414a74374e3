//! What the journal adds up to: the one place that says what an entry does, for the running spool and for recovery.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::{Duration, Instant},
};

use issue::id::IssueId;
use jiff::Timestamp;
use uuid::Uuid;

use super::entry::{Blob, Carried, Entry, Fate, Key, Meta, Of, Seal};
use crate::{
    accept::Cursor,
    dedup::{self, Due, Live, Sighting, Windows},
    ledger::Totals,
};

/// Now, by both clocks: windows and ages are measured by the one that never jumps.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// For intervals.
    pub now: Instant,
    /// For people and for what outlives a process.
    pub wall: Timestamp,
}

/// A sealed record that the other side has not acknowledged.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its number.
    pub seq: u64,
    /// Its issue.
    pub issue: IssueId,
    /// The partition count of its source.
    pub partitions: u32,
    /// Its partition.
    pub partition: i32,
    /// Its bytes.
    pub blob: Blob,
    /// Reports it stands for.
    pub count: u64,
    /// When it was sealed.
    pub at: Timestamp,
    /// Its age when this process first saw it.
    pub age: Duration,
    /// When that was.
    pub since: Instant,
    /// Whether the other side may have it.
    pub sent: bool,
    /// Whether it has left already and only waits for those before it.
    pub gone: bool,
}

/// Requests are remembered this long.
const KEY_LIFE: Duration = Duration::from_secs(24 * 3600);

/// At most this many.
const KEYS: usize = 10_000;

/// At most this many cursors are kept, those of the latest runs: more than a pod has containers.
const CURSORS: usize = 256;

/// Everything that a spool knows.
#[derive(Debug)]
pub struct State {
    /// The spool's name.
    pub spool: Uuid,
    /// The next record's number.
    pub seq: u64,
    /// Last known partition count.
    pub partitions: Option<u32>,
    /// The sums.
    pub totals: Totals,
    /// Live fingerprints.
    pub windows: Windows<Blob>,
    /// Drafts of submissions that join no window and are not sealed yet, by number.
    pub singles: BTreeMap<u64, Blob>,
    /// Sealed records, by number.
    pub sealed: VecDeque<Sealed>,
    /// Bytes of those.
    pub sealed_bytes: u64,
    /// How far each stream is covered, by container and run.
    pub cursors: BTreeMap<(String, String), Cursor>,
    /// Remembered requests.
    pub keys: HashMap<Uuid, Key>,
    key_order: VecDeque<(Timestamp, Uuid)>,
    /// Reports that are known to have been answered.
    pub answered: u64,
    /// Reports that the beginning of the file knew of.
    pub begun: u64,
    /// Whether [`Entry::Carried`] was read.
    pub complete: bool,
}

impl State {
    /// A spool that holds nothing.
    pub fn new(rules: dedup::Rules) -> Self {
        Self {
            spool: Uuid::new_v4(),
            seq: 1,
            partitions: None,
            totals: Totals::default(),
            windows: Windows::new(rules),
            singles: BTreeMap::new(),
            sealed: VecDeque::new(),
            sealed_bytes: 0,
            cursors: BTreeMap::new(),
            keys: HashMap::new(),
            key_order: VecDeque::new(),
            answered: 0,
            begun: 0,
            complete: false,
        }
    }

    /// Reports in the spool, counted one by one.
    pub fn recount(&self) -> u64 {
        let live: u64 = self.windows.iter().map(|(_, live)| live.pending).sum();
        let sealed: u64 = self.sealed.iter().filter(|sealed| !sealed.gone).map(|sealed| sealed.count).sum();
        live + sealed + self.singles.len() as u64
    }

    /// Reports in the spool, by the identity.
    pub fn held(&self) -> u64 {
        self.totals.taken.saturating_sub(self.totals.left())
    }

    /// Does what an entry says.
    pub fn apply(&mut self, entry: Entry<'_>, at: Moment) {
        match entry {
            Entry::Meta(meta) => self.meta(&meta),
            Entry::Carried => self.complete = true,
            Entry::Accept { lsn, issue, via, at: happened, report, draft } => {
                self.totals.taken = self.totals.taken.max(lsn);
                let draft = draft.map(|draft| draft.blob());
                if report {
                    self.thin();
                    self.windows.note(issue, Sighting { via, at: happened, lsn }, draft, at.now);
                } else if let Some(draft) = draft {
                    self.singles.insert(lsn, draft);
                }
            }
            Entry::Seal(seal) => self.seal(&seal, at),
            Entry::Close { issue, paired, after } => {
                self.totals.paired += paired;
                self.windows.closed(issue, paired, after, at.now);
            }
            Entry::Lost(issue) => {
                self.totals.corrupt += self.windows.forget(issue).map_or(0, |live| live.pending);
            }
            Entry::LostSingle(lsn) => {
                self.totals.corrupt += u64::from(self.singles.remove(&lsn).is_some());
            }
            Entry::Done { seq, fate } => self.done(seq, fate),
            Entry::Live(live) => self.live(&live, at.now),
            Entry::Cursor(cursor) => self.cursor(cursor),
            Entry::Key(key) => self.key(key),
            // The number is the container's word, and may be anything.
            Entry::Gap(bytes) => self.totals.gap_bytes = self.totals.gap_bytes.saturating_add(bytes),
            Entry::Partitions(count) => self.partitions = (count > 0).then_some(count),
        }
    }

    /// Makes room for one fingerprint where that costs nothing.
    fn thin(&mut self) {
        if let Some(oldest) = self.windows.crowded()
            && self.windows.get(oldest).is_some_and(|live| live.pending == 0)
        {
            self.windows.forget(oldest);
        }
    }

    fn meta(&mut self, meta: &Meta) {
        self.begun = meta.lsn;
        self.spool = meta.spool;
        self.seq = meta.seq;
        self.partitions = (meta.partitions > 0).then_some(meta.partitions);
        self.totals = Totals {
            taken: meta.lsn,
            recovered: meta.recovered,
            published: meta.published,
            paired: meta.paired,
            replay_horizon: meta.replay_horizon,
            corrupt: meta.corrupt,
            gap_bytes: meta.gap_bytes,
        };
    }

    /// The totals as the beginning of a new file says them.
    pub fn as_meta(&self) -> Meta {
        Meta {
            spool: self.spool,
            seq: self.seq,
            lsn: self.totals.taken,
            partitions: self.partitions.unwrap_or(0),
            recovered: self.totals.recovered,
            published: self.totals.published,
            paired: self.totals.paired,
            replay_horizon: self.totals.replay_horizon,
            corrupt: self.totals.corrupt,
            gap_bytes: self.totals.gap_bytes,
        }
    }

    fn seal(&mut self, seal: &Seal<'_>, at: Moment) {
        let blob = seal.bytes.blob();
        self.totals.paired += seal.paired;
        match seal.of {
            Of::Window(after) => {
                let due = Due { count: seal.count, paired: seal.paired };
                self.windows.sealed(seal.issue, due, blob, after, at.now);
            }
            Of::Single(lsn) => drop(self.singles.remove(&lsn)),
            Of::Ledger | Of::Carried => {}
        }
        self.seq = self.seq.max(seal.seq + 1);
        self.sealed_bytes += u64::from(blob.len);
        self.sealed.push_back(Sealed {
            seq: seal.seq,
            issue: seal.issue,
            partitions: seal.partitions,
            partition: seal.partition,
            blob,
            count: seal.count,
            at: seal.at,
            age: Duration::try_from(at.wall.duration_since(seal.at)).unwrap_or_default(),
            since: at.now,
            sent: false,
            gone: false,
        });
    }

    fn done(&mut self, seq: u64, fate: Fate) {
        let Ok(index) = self.sealed.binary_search_by_key(&seq, |sealed| sealed.seq) else { return };
        let Some(sealed) = self.sealed.get_mut(index).filter(|sealed| !sealed.gone) else { return };
        sealed.gone = true;
        self.sealed_bytes -= u64::from(sealed.blob.len);
        match fate {
            Fate::Acked => self.totals.published += sealed.count,
            Fate::ReplayHorizon => self.totals.replay_horizon += sealed.count,
        }
        while self.sealed.front().is_some_and(|sealed| sealed.gone) {
            self.sealed.pop_front();
        }
    }

    fn live(&mut self, carried: &Carried<'_>, now: Instant) {
        let live = Live {
            seen: carried.seen,
            counted: carried.counted,
            owed: carried.owed,
            pending: carried.pending,
            repeats: carried.repeats,
            span: carried.span,
            lsn: carried.lsn,
            body: Some(carried.body.blob()),
            fresh: carried.fresh,
            ..Live::opened(Duration::from_millis(carried.window), now, now, 0)
        };
        self.windows.restore(carried.issue, live, now);
    }

    /// One position for each run of each container: two runs can write at once.
    fn cursor(&mut self, cursor: Cursor) {
        let key = (cursor.container.clone(), cursor.run().to_owned());
        self.cursors.insert(key, cursor);
        if self.cursors.len() > CURSORS {
            let oldest = self.cursors.keys().min_by(|a, b| a.1.cmp(&b.1)).cloned();
            oldest.and_then(|oldest| self.cursors.remove(&oldest));
        }
    }

    /// Remembered requests, the oldest first.
    pub fn keys_in_order(&self) -> impl Iterator<Item = &Key> {
        self.key_order.iter().filter_map(|(at, name)| self.keys.get(name).filter(|key| key.at == *at))
    }

    fn key(&mut self, key: Key) {
        self.key_order.push_back((key.at, key.name));
        let at = key.at;
        self.keys.insert(key.name, key);
        while let Some(&(answered, name)) = self.key_order.front() {
            let old = at.duration_since(answered).unsigned_abs() > KEY_LIFE;
            if self.keys.len() <= KEYS && !old {
                break;
            }
            self.key_order.pop_front();
            // Answered anew since then: the later place in the order holds it.
            if self.keys.get(&name).is_some_and(|key| key.at == answered) {
                self.keys.remove(&name);
            }
        }
    }
}
