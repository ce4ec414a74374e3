//! The journal: what was answered is here, on disk, until the other side has it.
//!
//! One folder, one file in force. A hand-over is one frame of entries: `Accept`, where the text is wanted with its draft;
//! `Seal` with the bytes of a record; later `Done`. Nothing is answered before its frame is synced, nothing is sent
//! before its seal is synced, and a sealed record never changes. [`state::State`] is what the entries add up to.
//!
//! When much of a file is history, a new one is begun with what still matters, and the old one is removed once the
//! new one is durable. A start does the same, so a torn tail is simply never carried over. A file that refused a
//! write or a sync is never written again: the state is read anew from what is known to be durable, and a new file
//! is begun; until one can be made, nothing is taken in.

pub mod compact;
pub mod disk;
pub mod entry;
pub mod frame;
mod intake;
pub mod recover;
mod sealing;
mod sharing;
pub mod state;

use std::{
    io,
    time::{Duration, Instant},
};

use issue::{id::TrackerName, record::LedgerBody};
use kafka::publish::Outgoing;

use self::{
    disk::{Directory, SpoolFile},
    entry::{Blob, Entries, Entry, Fate},
    sharing::Sharing,
    state::{Moment, State},
};
use crate::{accept::Cursor, dedup, status::Snapshot};

/// How a spool behaves.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Whose records it makes.
    pub tracker: TrackerName,
    /// The window.
    pub windows: dedup::Rules,
    /// Bytes that it may hold.
    pub limit: u64,
}

/// The default of [`Rules::limit`].
pub const LIMIT: u64 = 32 * 1024 * 1024;

/// A hand-over may use all but one part in this many; the rest is for seals of what was accepted.
const RESERVE: u64 = 16;

/// A file with less than this is not worth a new one.
const ROTATE: u64 = 4 * 1024 * 1024;

/// How long a disk that refused is left alone.
const REST: Duration = Duration::from_millis(100);

/// What the disk may be trusted with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    /// The state is what is durable, but the file refused a write: a new one is needed.
    Unwritable,
    /// The state holds what may not be durable: it must be read anew first.
    Unknown,
}

impl Health {
    /// After a doubt about which file is in force.
    fn doubted(self) -> Self {
        if self == Self::Good { Self::Unwritable } else { self }
    }
}

/// The spool. It does not wait and has no clock; it blocks on the disk.
pub struct Spool {
    rules: Rules,
    directory: Box<dyn Directory>,
    file: Option<Box<dyn SpoolFile>>,
    /// The file's number; names only grow.
    generation: u64,
    /// Size of the file when it was new.
    base: u64,
    /// Bytes handed to the file.
    written: u64,
    /// Of those, durable.
    synced: u64,
    /// Reports that were durable at the latest sync.
    answered: u64,
    /// Records below this number are durable.
    durable: u64,
    /// Frames that are not written yet.
    buffer: Vec<u8>,
    /// Whether the buffer holds more than acknowledgements.
    urgent: bool,
    state: State,
    health: Health,
    /// When a new file was last tried for.
    tried: Option<Instant>,
    /// Counts the times that the state was read anew: what was sent before must be sent again.
    rebuilt: u64,
    /// Where replicas share a window.
    sharing: Option<Sharing>,
}

impl Spool {
    /// Recovers what the folder holds.
    pub fn open(directory: Box<dyn Directory>, rules: Rules, at: Moment) -> io::Result<Self> {
        let found = recover::newest(&*directory, &rules, at)?;
        let mut spool = Self {
            rules,
            directory,
            file: found.file,
            generation: found.generation,
            base: 0,
            written: found.size,
            synced: found.size,
            answered: found.state.totals.taken,
            durable: found.state.seq,
            buffer: Vec::new(),
            urgent: false,
            state: found.state,
            health: Health::Unwritable,
            tried: None,
            rebuilt: 0,
            sharing: None,
        };
        match spool.rotate() {
            // What is there was read, so nothing is lost: it takes nothing in until there is room, as at any other time.
            Err(error)
                if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                tracing::error!(%error, "there is no room for the spool: nothing is taken in until there is");
                spool.tried = Some(at.now);
            }
            rotated => rotated?,
        }
        Ok(spool)
    }

    /// What the journal adds up to, frames that are not written yet included.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Bytes that wait to be written.
    pub fn waiting(&self) -> usize {
        self.buffer.len()
    }

    /// Whether something waits that somebody waits for.
    pub fn urgent(&self) -> bool {
        self.urgent
    }

    /// Changes whenever everything unacknowledged must be sent again from the lowest.
    pub fn rebuilt(&self) -> u64 {
        self.rebuilt
    }

    /// Bytes that a hand-over may still add.
    fn room(&self) -> u64 {
        let used = self.written + self.buffer.len() as u64;
        (self.rules.limit - self.rules.limit / RESERVE).saturating_sub(used)
    }

    /// One frame of what `fill` puts.
    fn frame<T>(&mut self, fill: impl FnOnce(&mut Self) -> T) -> T {
        let start = frame::begin(&mut self.buffer);
        // Whatever a later start finds behind this number was perhaps never answered.
        entry::number(self.answered, &mut self.buffer);
        let empty = self.buffer.len();
        let result = fill(self);
        if self.buffer.len() == empty {
            self.buffer.truncate(start);
        } else {
            frame::finish(&mut self.buffer, start);
        }
        result
    }

    /// Writes an entry and does what it says, by the code that a restart would use.
    fn put(&mut self, entry: &Entry<'_>, at: Moment) {
        let start = self.buffer.len();
        entry.encode(&mut self.buffer);
        let offset = self.written + start as u64;
        let written = self.buffer.get(start..).unwrap_or_default();
        for entry in Entries::new(written, offset) {
            self.state.apply(entry, at);
        }
    }

    fn read(&self, blob: Blob) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; blob.len as usize];
        match blob.at.checked_sub(self.written) {
            Some(start) => {
                let start = start as usize;
                let found = self.buffer.get(start..start + bytes.len());
                bytes.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
            None => self.file.as_ref().ok_or(io::ErrorKind::NotFound)?.read_at(blob.at, &mut bytes)?,
        }
        Ok(bytes)
    }

    /// Writes what waits, and, with `sync`, makes it durable. After an error nothing of it counts: the state is what
    /// was durable before.
    pub fn commit(&mut self, sync: bool, at: Moment) -> io::Result<()> {
        self.usable(at)?;
        match self.write(sync) {
            Ok(()) => {
                self.tidy();
                Ok(())
            }
            Err(error) => {
                self.fail();
                self.mend(at);
                Err(error)
            }
        }
    }

    fn write(&mut self, sync: bool) -> io::Result<()> {
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        if !self.buffer.is_empty() {
            file.append(&self.buffer)?;
            self.written += self.buffer.len() as u64;
            self.buffer.clear();
            self.buffer.shrink_to(256 * 1024);
        }
        if sync && self.synced < self.written {
            file.sync()?;
            self.synced = self.written;
            self.answered = self.state.totals.taken;
            self.durable = self.state.seq;
            self.urgent = false;
        }
        Ok(())
    }

    /// Whether the spool can take something in; tries to make it so, but not for every hand-over of a storm.
    pub fn usable(&mut self, at: Moment) -> io::Result<()> {
        let rested = self.tried.is_none_or(|tried| at.now.duration_since(tried) >= REST);
        if self.health != Health::Good && rested {
            self.tried = Some(at.now);
            self.mend(at);
        }
        match self.health {
            Health::Good => Ok(()),
            Health::Unwritable | Health::Unknown => Err(io::Error::other("the spool cannot be written")),
        }
    }

    /// Nothing since the last sync counts.
    fn fail(&mut self) {
        self.health = Health::Unknown;
        self.buffer.clear();
        self.urgent = false;
        if let Some(file) = &mut self.file
            && let Err(error) = file.truncate(self.synced)
        {
            tracing::debug!(%error, "the space of a failed write was not given back");
        }
    }

    fn mend(&mut self, at: Moment) {
        if self.health == Health::Unknown {
            match self.file.as_deref().map(|file| recover::read(file, self.synced, &self.rules, at)) {
                Some(Ok(mut state)) => {
                    recover::account(&mut state, self.answered);
                    self.written = self.synced;
                    self.durable = state.seq;
                    self.state = state;
                    self.rebuilt += 1;
                    self.health = Health::Unwritable;
                }
                Some(Err(error)) => return tracing::warn!(%error, "the spool cannot be read"),
                None => return,
            }
        }
        if let Err(error) = self.rotate() {
            tracing::debug!(%error, "no new spool file can be made");
        }
    }

    /// The next record after `seq` that is durable and not acknowledged.
    pub fn outgoing(&mut self, after: u64) -> io::Result<Option<Outgoing>> {
        if self.health == Health::Unknown {
            return Ok(None);
        }
        let start = self.state.sealed.partition_point(|sealed| sealed.seq <= after);
        let next = self.state.sealed.range(start..).find(|sealed| !sealed.gone);
        let Some(sealed) = next.filter(|sealed| sealed.seq < self.durable).cloned() else { return Ok(None) };
        let payload = self.read(sealed.blob)?.into();
        if let Ok(index) = self.state.sealed.binary_search_by_key(&sealed.seq, |sealed| sealed.seq)
            && let Some(sealed) = self.state.sealed.get_mut(index)
        {
            sealed.sent = true;
        }
        Ok(Some(Outgoing {
            seq: sealed.seq,
            partition: sealed.partition,
            key: sealed.issue.to_string(),
            payload,
        }))
    }

    /// The other side has a record.
    pub fn acked(&mut self, seq: u64, at: Moment) {
        self.done(seq, Fate::Acked, at);
        self.sample_acked(seq);
    }

    fn done(&mut self, seq: u64, fate: Fate, at: Moment) {
        self.frame(|spool| spool.put(&Entry::Done { seq, fate }, at));
    }

    /// Bytes of stderr that nobody could read, and how far the stream is covered with them.
    pub fn gap(&mut self, bytes: u64, cursor: Option<Cursor>, at: Moment) -> io::Result<()> {
        self.usable(at)?;
        self.frame(|spool| {
            spool.put(&Entry::Gap(bytes), at);
            if let Some(cursor) = cursor {
                spool.put(&Entry::Cursor(cursor), at);
            }
        });
        self.urgent = true;
        Ok(())
    }

    /// How repeats are held together from here on.
    pub fn set_windows(&mut self, windows: dedup::Rules) {
        self.rules.windows = windows.clone();
        self.state.windows.set_rules(windows);
    }

    /// The partition count in force.
    pub fn partitions(&mut self, count: u32, at: Moment) {
        if count > 0 && self.state.partitions != Some(count) {
            self.frame(|spool| spool.put(&Entry::Partitions(count), at));
        }
    }

    /// The sums as they stand.
    pub fn ledger(&self) -> LedgerBody {
        self.state.totals.body(self.state.held())
    }

    /// Whether everything taken in was acknowledged or given up.
    pub fn drained(&self) -> bool {
        self.state.sealed.is_empty() && self.state.held() == 0
    }

    /// Says how things stand.
    pub fn tell(&self, snapshot: &mut Snapshot) {
        snapshot.spool_bytes = self.written + self.buffer.len() as u64;
        snapshot.spool_limit = self.rules.limit;
        snapshot.ledger = self.ledger();
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod simulated;
#[cfg(test)]
mod tests;
