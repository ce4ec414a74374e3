//! Brings a batch to its end: every record stored, seen before, or a dead letter.

use super::{
    Consumer, Trouble,
    batch::{Batch, Corpse},
    decode::Poison,
};
use crate::{
    coalesce::{Change, Work, change},
    edit::{self, EditError},
    health::Part,
    ledger, merge,
    store::{Wanted, Written},
};

/// Issues in one write: what Firestore commits at once is 500 documents, and an issue brings a few.
const MAX_ISSUES: usize = 500;

/// Every lost race means that somebody else got on; so many in a row mean that something is wrong.
const MAX_ROUNDS: usize = 100;

impl Consumer {
    /// What ended is gone from the batch, also when the rest could not be done.
    pub(super) async fn settle(&mut self, batch: &mut Batch) -> Result<(), Trouble> {
        let mut rounds = 0;
        while !batch.works.is_empty() {
            let before = batch.works.len();
            self.store_some(batch).await?;
            rounds = if batch.works.len() < before { 0 } else { rounds + 1 };
            if rounds >= MAX_ROUNDS {
                return Err(Trouble::Contended(rounds));
            }
        }
        self.carry(batch).await?;
        self.keep_words(batch).await?;
        Ok(self.reader.bury(&mut batch.corpses).await?)
    }

    /// Brings the sums of merged issues up to date.
    async fn carry(&mut self, batch: &mut Batch) -> Result<(), Trouble> {
        while let Some(carried) = batch.carried.first() {
            match merge::carry(&*self.store, carried).await {
                Ok(()) | Err(EditError::Refused(_)) => drop(batch.carried.remove(0)),
                Err(EditError::Store(error)) => return Err(error.into()),
                Err(EditError::Contended) => return Err(Trouble::Contended(edit::TRIES)),
            }
        }
        Ok(())
    }

    /// What the sidecars say outlives this process, as their records do not: they are committed next.
    async fn keep_words(&mut self, batch: &mut Batch) -> Result<(), Trouble> {
        if batch.words.is_empty() {
            return Ok(());
        }
        let notes =
            batch.words.iter().map(|(source, (seq, body))| ledger::note(source, *seq, body)).collect();
        self.store.keep(notes).await?;
        self.health.works(Part::Store);
        batch.words.clear();
        Ok(())
    }

    /// Loads, applies and writes a stretch of the batch. What lost its race stays, to be loaded and applied again.
    async fn store_some(&mut self, batch: &mut Batch) -> Result<(), Trouble> {
        let stretch = batch.works.len().min(MAX_ISSUES);
        let wanted: Vec<Wanted> = batch.works.iter().take(stretch).map(Work::wanted).collect();
        let loaded = self.store.load(&wanted).await?;
        let mut changes: Vec<Change> =
            batch.works.iter().zip(loaded).map(|(work, loaded)| change(work, loaded)).collect();
        let writes: Vec<_> = changes.iter_mut().map(|change| change.write.take()).collect();
        let asked: Vec<bool> = writes.iter().map(Option::is_some).collect();
        let writes: Vec<_> = writes.into_iter().flatten().collect();
        let mut written =
            if writes.is_empty() { Vec::new() } else { self.store.write(writes).await? }.into_iter();
        self.health.works(Part::Store);
        let mut again = Vec::new();
        let works: Vec<Work> = batch.works.drain(..changes.len()).collect();
        for ((work, change), asked) in works.into_iter().zip(changes).zip(asked) {
            // A store that answers less than it was asked has not said that it is done.
            if asked && !matches!(written.next(), Some(Written::Done(_))) {
                again.push(work);
            } else {
                batch.carried.extend(change.carried.clone());
                if asked {
                    self.hold.wrote(work.issue_id);
                }
                self.end(batch, work, change);
            }
        }
        batch.works.splice(0..0, again);
        Ok(())
    }

    /// Counts what is now true for good.
    fn end(&self, batch: &mut Batch, work: Work, change: Change) {
        self.health.ledger(|ledger| {
            for (outcome, reports) in &change.outcomes {
                ledger.end(*outcome, *reports);
            }
        });
        let mut entries: Vec<_> = work.entries.into_iter().map(Some).collect();
        for (at, refused) in change.refused {
            if let Some(entry) = entries.get_mut(at).and_then(Option::take) {
                let poison = Poison { reason: refused.reason(), detail: refused.to_string() };
                batch.corpses.push(Corpse { record: entry.origin, poison, reports: entry.reports });
            }
        }
    }
}
