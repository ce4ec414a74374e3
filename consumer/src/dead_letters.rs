//! What people do with dead letters: look at them, replay them, give them up.
//!
//! A letter cannot be taken out of its topic, so what was done with it is a note in the store. A replay is the consumer's
//! own path (decode, apply, compare-and-set) with one difference: by now the source's watermark is past the record, so what
//! tells that it was counted is an exact mark, written in the same commit as the count. There is a mark for the letter and
//! one for the record in it: a consumer that dies between putting a record aside and committing puts it aside twice, and
//! two letters of one record count once.

use std::{collections::HashMap, sync::Arc};

use issue::{
    id::{IssueId, SourceId, TrackerName},
    lifecycle::{Cause, Refused},
};
use jiff::{SignedDuration, Timestamp};
use kafka::{
    dead_letters::{DeadLetter, DeadLetterReader},
    source::SourceError,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    coalesce::Entry,
    consume::decode::{Decoded, Poison, decode},
    edit::{EditError, TRIES, load, once},
    health::Health,
    ledger,
    store::{IssueStore, Note, NoteKind, StoreError},
};

/// The namespace of exact marks. Fixed for ever: they are in stores.
const MARK_NAMESPACE: Uuid = Uuid::from_u128(0x52e8_13c4_7f0d_4a96_8b1e_d470_35ac_69f2);

/// Marks are forgotten after 8 days; a replay that began and whose end is not known may be tried again only while they last.
const MARKS_LAST: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many letters one look into the topic brings, and how many looks one page may take.
const LOOK: usize = 500;
const LOOKS: usize = 20;

/// What was done with a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Nothing.
    #[default]
    Waiting,
    /// A replay began, and its end was not noted yet.
    Replaying,
    /// It was processed after all.
    Replayed,
    /// Somebody gave it up.
    Discarded,
}

/// How a replay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It made an issue.
    Stored,
    /// It was counted on one, or changed it.
    Repeat,
    /// It had been counted before.
    Duplicate,
}

/// What is known of a letter beside the letter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fate {
    /// Where it stands.
    pub state: Standing,
    /// Since when; for `replaying` since the first try.
    pub at: Option<Timestamp>,
    /// Who did it.
    pub by: Option<String>,
    /// Of a replay.
    pub outcome: Option<Outcome>,
    /// Where it was counted.
    pub issue_id: Option<IssueId>,
}

/// A letter and its fate.
#[derive(Clone, Debug)]
pub struct Letter {
    /// As it lies there.
    pub letter: DeadLetter,
    /// What was done with it.
    pub fate: Fate,
}

/// A stretch of the letters.
#[derive(Clone, Debug, Default)]
pub struct Letters {
    /// The oldest first.
    pub items: Vec<Letter>,
    /// Where the next stretch begins; `None` at the end.
    pub next_cursor: Option<String>,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// They cannot be read here.
    #[error("this tracker's records do not come from a topic, so there are no dead letters to read")]
    Nowhere,
    /// The topic cannot be asked.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store cannot be asked.
    #[error("the store does not answer")]
    Store(#[from] StoreError),
    /// Retention took it, or there never was one.
    #[error("there is no dead letter with this id")]
    Unknown,
    /// The reason is still there.
    #[error("the record can still not be processed ({}): {}", .0.reason, .0.detail)]
    Still(Poison),
    /// The reason is another one, and lies in the issue.
    #[error("the record cannot be applied: {0}")]
    Refused(Refused),
    /// It cannot be known whether it was counted.
    #[error(
        "a replay began at {0} and its end is not known, and what would tell has been forgotten since; discard it"
    )]
    TooLate(Timestamp),
    /// It has been replayed: that cannot be undone.
    #[error("the letter was replayed and cannot be discarded any more")]
    Replayed,
    /// Somebody else is at it.
    #[error("somebody else deals with this letter or its issue; try again")]
    Contended,
}

impl From<EditError> for LetterError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Store(error) => Self::Store(error),
            EditError::Refused(refused) => Self::Refused(refused),
            EditError::Contended => Self::Contended,
        }
    }
}

/// The letters of one tracker.
pub struct DeadLetters {
    /// Whose.
    pub tracker: TrackerName,
    /// Where they lie.
    pub reader: Option<Arc<dyn DeadLetterReader>>,
    /// Where issues and notes are.
    pub store: Arc<dyn IssueStore>,
    /// Where it is counted.
    pub health: Arc<Health>,
}

impl DeadLetters {
    fn reader(&self) -> Result<&dyn DeadLetterReader, LetterError> {
        self.reader.as_deref().ok_or(LetterError::Nowhere)
    }

    /// At most `limit` letters behind `after`; those that are done with only where `all` are wanted.
    pub async fn list(&self, after: Option<&str>, limit: usize, all: bool) -> Result<Letters, LetterError> {
        let mut letters = Letters { items: Vec::new(), next_cursor: after.map(str::to_owned) };
        for _ in 0..LOOKS {
            let found = self.reader()?.list(letters.next_cursor.as_deref(), LOOK).await?;
            let end = found.len() < LOOK;
            let mut fates = self.fates(found.iter().map(|letter| letter.id.clone()).collect()).await?;
            for letter in found {
                if letters.items.len() == limit {
                    return Ok(letters);
                }
                let (fate, _) = fates.remove(&letter.id).unwrap_or_default();
                letters.next_cursor = Some(letter.id.clone());
                if all || matches!(fate.state, Standing::Waiting | Standing::Replaying) {
                    letters.items.push(Letter { letter, fate });
                }
            }
            if end {
                letters.next_cursor = None;
                break;
            }
        }
        Ok(letters)
    }

    /// One letter.
    pub async fn show(&self, id: &str) -> Result<Letter, LetterError> {
        let letter = self.reader()?.get(id).await?.ok_or(LetterError::Unknown)?;
        let (fate, _) = self.fate(id).await?;
        Ok(Letter { letter, fate })
    }

    /// Processes the record after all. Whoever asks twice, and whatever dies in the middle: it counts once.
    pub async fn replay(&self, id: &str, by: &str, now: Timestamp) -> Result<Fate, LetterError> {
        let letter = self.reader()?.get(id).await?.ok_or(LetterError::Unknown)?;
        let (fate, rank) = self.fate(id).await?;
        if fate.state == Standing::Replayed {
            return Ok(fate);
        }
        let topic = letter.topic_id.as_deref().unwrap_or(self.tracker.as_str());
        let decoded = decode(&self.tracker, topic, &letter.record).map_err(LetterError::Still)?;
        let rank = self.begin(id, &fate, rank, by, now).await?;
        let end = |state, outcome, issue_id| Fate {
            state,
            at: Some(now),
            by: Some(by.to_owned()),
            outcome,
            issue_id,
        };
        let done = match self.process(id, decoded).await {
            Ok((outcome, issue_id)) => end(Standing::Replayed, Some(outcome), issue_id),
            Err(LetterError::Refused(refused)) => {
                // Nothing was written, so nothing is open.
                self.note(id, rank + 1, &end(Standing::Waiting, None, None)).await?;
                return Err(LetterError::Refused(refused));
            }
            Err(error) => return Err(error),
        };
        // Where it was not kept, somebody who replayed it at the same moment has noted and counted it.
        if self.note(id, rank + 1, &done).await? {
            self.health.letters(|letters| letters.replayed += 1);
        }
        Ok(done)
    }

    /// Gives a letter up.
    pub async fn discard(&self, id: &str, by: &str, now: Timestamp) -> Result<Fate, LetterError> {
        self.reader()?.get(id).await?.ok_or(LetterError::Unknown)?;
        let (fate, rank) = self.fate(id).await?;
        match fate.state {
            Standing::Discarded => return Ok(fate),
            Standing::Replayed => return Err(LetterError::Replayed),
            Standing::Waiting | Standing::Replaying => {}
        }
        let fate =
            Fate { state: Standing::Discarded, at: Some(now), by: Some(by.to_owned()), ..Fate::default() };
        if !self.note(id, rank + 1, &fate).await? {
            return Err(LetterError::Contended);
        }
        self.health.letters(|letters| letters.discarded += 1);
        Ok(fate)
    }

    /// Notes that a replay begins, before anything is counted; one that began before goes on under its first time.
    async fn begin(
        &self,
        id: &str,
        fate: &Fate,
        rank: u64,
        by: &str,
        now: Timestamp,
    ) -> Result<u64, LetterError> {
        if fate.state == Standing::Replaying {
            let began = fate.at.unwrap_or(now);
            let lost = now.duration_since(began) > MARKS_LAST;
            return if lost { Err(LetterError::TooLate(began)) } else { Ok(rank) };
        }
        let begun =
            Fate { state: Standing::Replaying, at: Some(now), by: Some(by.to_owned()), ..Fate::default() };
        if self.note(id, rank + 1, &begun).await? { Ok(rank + 1) } else { Err(LetterError::Contended) }
    }

    async fn process(&self, id: &str, decoded: Decoded) -> Result<(Outcome, Option<IssueId>), LetterError> {
        match decoded {
            Decoded::Entry(entry) => {
                let outcome = self.apply(id, &entry).await?;
                Ok((outcome, Some(entry.issue_id)))
            }
            Decoded::Ledger { source, seq, body } => {
                let kept = self.store.keep(vec![ledger::note(&source, seq, &body)]).await?;
                self.health.hear(source, seq, body);
                let new = kept.first().is_some_and(|kept| *kept);
                Ok((if new { Outcome::Repeat } else { Outcome::Duplicate }, None))
            }
        }
    }

    async fn apply(&self, id: &str, entry: &Entry) -> Result<Outcome, LetterError> {
        let record = Cause::id_of_record(&entry.source, entry.seq);
        let marks = [mark(&format!("letter\n{id}")), mark(&format!("record\n{record}"))];
        for _ in 0..TRIES {
            let loaded = load(&*self.store, entry.issue_id, marks.to_vec()).await?;
            if !loaded.seen.is_empty() {
                return Ok(Outcome::Duplicate);
            }
            let outcome = if loaded.issue.is_some() { Outcome::Repeat } else { Outcome::Stored };
            let seen = marks.iter().map(|mark| (mark.clone(), 1)).collect();
            let edited = once(&*self.store, entry.issue_id, &entry.event, &entry.cause, loaded, seen).await?;
            if edited.is_some() {
                return Ok(outcome);
            }
        }
        Err(LetterError::Contended)
    }

    async fn fate(&self, id: &str) -> Result<(Fate, u64), LetterError> {
        Ok(self.fates(vec![id.to_owned()]).await?.remove(id).unwrap_or_default())
    }

    /// Fates by id, each with the rank of its note.
    async fn fates(&self, ids: Vec<String>) -> Result<HashMap<String, (Fate, u64)>, LetterError> {
        let notes = self.store.notes(NoteKind::DeadLetter, Some(ids)).await?;
        // A note that cannot be read was written by a later version: what it says is not known, so it is nothing.
        let fate =
            |note: Note| (note.key, (serde_json::from_value(note.body).unwrap_or_default(), note.rank));
        Ok(notes.into_iter().map(fate).collect())
    }

    /// Whether the note was kept; otherwise somebody else was faster.
    async fn note(&self, id: &str, rank: u64, fate: &Fate) -> Result<bool, LetterError> {
        let body = serde_json::to_value(fate).unwrap_or_default();
        let note = Note { kind: NoteKind::DeadLetter, key: id.to_owned(), rank, body };
        Ok(self.store.keep(vec![note]).await?.first().is_some_and(|kept| *kept))
    }
}

/// A source that stands for one thing alone: its mark is there or not.
fn mark(name: &str) -> SourceId {
    SourceId { spool: Uuid::new_v5(&MARK_NAMESPACE, name.as_bytes()), partitions: 0 }
}

#[cfg(test)]
mod tests;
