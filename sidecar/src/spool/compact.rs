//! A new file with what still matters: windows, drafts, sealed records, cursors, remembered requests, sums.

use std::io;

use issue::id::IssueId;

use super::{
    Health, ROTATE, Spool,
    disk::SpoolFile,
    entry::{Blob, Carried, Entry, Of, Payload, Seal},
    frame, recover,
};
use crate::{dedup::Live, seal};

/// A text that is kept only for repeats is carried in its slim form if it is longer than this.
const SLIM: u32 = 1024;

/// About what a remembered request or a cursor takes.
const SMALL: u64 = 128;

/// How much is handed to the disk at a time.
const CHUNK: usize = 256 * 1024;

/// Where things lie in the new file.
#[derive(Default)]
struct Moved {
    lives: Vec<(IssueId, Blob)>,
    singles: Vec<(u64, Blob)>,
    sealed: Vec<(usize, Blob)>,
}

impl Spool {
    /// Begins a new file if enough of this one is history.
    pub(super) fn tidy(&mut self) {
        let worth = self.written >= (2 * self.base).max(ROTATE.min(self.rules.limit / 4));
        let tight = self.written > self.rules.limit / 4 * 3;
        if (worth || tight)
            && self.written.saturating_sub(self.matters()) >= self.rules.limit / 8
            && let Err(error) = self.rotate()
        {
            tracing::warn!(%error, "the spool was not compacted");
            // The next attempt comes when the file has grown again, not at once.
            self.base = self.written;
        }
    }

    /// About how many bytes a new file would have.
    fn matters(&self) -> u64 {
        let state = &self.state;
        let text = |live: &Live<Blob>| {
            let len = live.body.map_or(0, |body| body.len);
            u64::from(if live.fresh { len } else { len.min(SLIM) })
        };
        let lives: u64 = state.windows.iter().map(|(_, live)| text(live) + SMALL).sum();
        let singles: u64 = state.singles.values().map(|blob| u64::from(blob.len)).sum();
        let small = (state.keys.len() + state.cursors.len() + state.sealed.len()) as u64 * SMALL;
        lives + singles + small + state.sealed_bytes
    }

    /// Begins a new file. On an error the old one is in force, if it was.
    pub(super) fn rotate(&mut self) -> io::Result<()> {
        let generation = self.generation + 1;
        self.generation = generation;
        match self.begin(generation) {
            Ok((file, size, moved)) => {
                self.adopt(file, size, moved);
                self.remove_others(generation);
                Ok(())
            }
            Err(error) => {
                self.withdraw(generation);
                Err(error)
            }
        }
    }

    fn begin(&self, generation: u64) -> io::Result<(Box<dyn SpoolFile>, u64, Moved)> {
        let file = self.directory.create(&recover::name(generation))?;
        let mut copy = Copy { file, buffer: Vec::new(), written: 0, answered: self.state.totals.taken };
        let moved = self.carry(&mut copy)?;
        copy.flush()?;
        copy.file.sync()?;
        self.directory.sync()?;
        Ok((copy.file, copy.written, moved))
    }

    fn carry(&self, copy: &mut Copy) -> io::Result<Moved> {
        let state = &self.state;
        let mut moved = Moved::default();
        copy.put(&Entry::Meta(state.as_meta()))?;
        for (issue, live) in state.windows.iter() {
            if let Some(blob) = self.carry_live(copy, issue, live)? {
                moved.lives.push((issue, blob));
            }
        }
        for (&lsn, single) in &state.singles {
            let bytes = self.read(*single)?;
            moved.singles.push((lsn, copy.single(lsn, &bytes)?));
        }
        for (index, sealed) in state.sealed.iter().enumerate().filter(|(_, sealed)| !sealed.gone) {
            let bytes = self.read(sealed.blob)?;
            let entry = Entry::Seal(Seal {
                of: Of::Carried,
                issue: sealed.issue,
                seq: sealed.seq,
                partitions: sealed.partitions,
                partition: sealed.partition,
                covers: 0,
                count: sealed.count,
                paired: 0,
                at: sealed.at,
                bytes: Payload::new(&bytes),
            });
            moved.sealed.push((index, copy.put_blob(&entry, bytes.len())?));
        }
        for cursor in state.cursors.values() {
            copy.put(&Entry::Cursor(cursor.clone()))?;
        }
        for key in state.keys_in_order() {
            copy.put(&Entry::Key(key.clone()))?;
        }
        copy.put(&Entry::Carried)?;
        Ok(moved)
    }

    /// A window without a text cannot be carried: it never counted anything.
    fn carry_live(&self, copy: &mut Copy, issue: IssueId, live: &Live<Blob>) -> io::Result<Option<Blob>> {
        let Some(body) = live.body else { return Ok(None) };
        let mut bytes = self.read(body)?;
        if !live.fresh
            && body.len > SLIM
            && let Ok(mut record) = issue::record::Record::decode(&bytes)
        {
            seal::slim(&mut record);
            bytes = record.encode();
        }
        let entry = Entry::Live(Carried {
            issue,
            seen: live.seen,
            counted: live.counted,
            owed: live.owed,
            pending: live.pending,
            repeats: live.repeats,
            window: u64::try_from(live.window.as_millis()).unwrap_or(u64::MAX),
            lsn: live.lsn,
            span: live.span,
            fresh: live.fresh,
            body: Payload::new(&bytes),
        });
        copy.put_blob(&entry, bytes.len()).map(Some)
    }

    /// From here on the new file is in force.
    fn adopt(&mut self, file: Box<dyn SpoolFile>, size: u64, moved: Moved) {
        // What frames that are not written yet say is part of the state, and so of the new file.
        self.buffer.clear();
        for (issue, blob) in moved.lives {
            self.state.windows.moved(issue, blob);
        }
        self.state.singles.extend(moved.singles);
        for (index, blob) in moved.sealed {
            if let Some(sealed) = self.state.sealed.get_mut(index) {
                // A record keeps its bytes; only where they lie changes.
                sealed.blob.at = blob.at;
            }
        }
        self.file = Some(file);
        (self.base, self.written, self.synced) = (size, size, size);
        (self.answered, self.durable) = (self.state.totals.taken, self.state.seq);
        self.health = Health::Good;
    }

    /// Makes sure that a file which was not taken into force is not found by the next start.
    fn withdraw(&mut self, generation: u64) {
        let gone = match self.directory.remove(&recover::name(generation)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.directory.sync(),
        };
        if let Err(error) = gone {
            // It may be complete and durable. Then it must not be followed by anything in the old file.
            tracing::warn!(%error, "an unfinished spool file could not be removed");
            self.health = self.health.doubted();
        }
    }

    fn remove_others(&mut self, generation: u64) {
        let others = self.directory.list().unwrap_or_default().into_iter();
        for name in others.filter(|name| recover::number(name).is_some_and(|number| number < generation)) {
            if let Err(error) = self.directory.remove(&name) {
                tracing::warn!(%error, name, "an old spool file was not removed; the next start tries again");
            }
        }
    }
}

/// A file on its way.
struct Copy {
    file: Box<dyn SpoolFile>,
    buffer: Vec<u8>,
    written: u64,
    answered: u64,
}

impl Copy {
    fn put(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let start = frame::begin(&mut self.buffer);
        super::entry::number(self.answered, &mut self.buffer);
        entry.encode(&mut self.buffer);
        frame::finish(&mut self.buffer, start);
        if self.buffer.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    /// Entries end with their payload.
    fn put_blob(&mut self, entry: &Entry<'_>, payload: usize) -> io::Result<Blob> {
        self.put(entry)?;
        let end = self.written + self.buffer.len() as u64;
        Ok(Blob { at: end - payload as u64, len: u32::try_from(payload).unwrap_or(u32::MAX) })
    }

    fn single(&mut self, lsn: u64, bytes: &[u8]) -> io::Result<Blob> {
        self.put_blob(&Entry::single(lsn, bytes), bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.append(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
