//! A batch of records → one change for each issue. Pure: loading and writing is [`crate::consume`]'s.

use std::collections::HashMap;

use issue::{
    id::{IssueId, SourceId},
    lifecycle::{self, Cause, Effect, Event, Refused, State, reports},
    outcome::ConsumerOutcome,
};
use kafka::source::Incoming;

use crate::store::{Loaded, Wanted, Write};

/// What one record asks for.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Of which issue.
    pub issue_id: IssueId,
    /// Who numbered the record.
    pub source: SourceId,
    /// Strictly increasing per source.
    pub seq: u64,
    /// How many reports end with it.
    pub reports: u64,
    /// Who and when.
    pub cause: Cause,
    /// What shall happen.
    pub event: Event,
    /// The record as it came.
    pub origin: Incoming,
}

/// The records of a batch for one issue, in the order of the topic.
#[derive(Clone, Debug)]
pub struct Work {
    /// Which.
    pub issue_id: IssueId,
    /// At least one.
    pub entries: Vec<Entry>,
}

impl Work {
    /// What to load for it.
    pub fn wanted(&self) -> Wanted {
        let mut sources: Vec<SourceId> = self.entries.iter().map(|entry| entry.source.clone()).collect();
        sources.sort_unstable();
        sources.dedup();
        Wanted { id: self.issue_id, sources }
    }
}

/// Groups a batch by issue, keeping the order of each issue's records.
pub fn coalesce(entries: impl IntoIterator<Item = Entry>) -> Vec<Work> {
    let mut works: Vec<Work> = Vec::new();
    let mut place: HashMap<IssueId, usize> = HashMap::new();
    for entry in entries {
        let issue_id = entry.issue_id;
        let at = *place.entry(issue_id).or_insert(works.len());
        match works.get_mut(at) {
            Some(work) => work.entries.push(entry),
            None => works.push(Work { issue_id, entries: vec![entry] }),
        }
    }
    works
}

/// What a work comes to, seen from the state that was loaded.
#[derive(Debug)]
pub struct Change {
    /// What to write; `None` where all of it was seen before or refused.
    pub write: Option<Write>,
    /// How many reports end how, once it is written.
    pub outcomes: Vec<(ConsumerOutcome, u64)>,
    /// Entries that can never happen, by their place in the work.
    pub refused: Vec<(usize, Refused)>,
}

/// Applies a work to the issue as it stands: records that were seen are dropped, the others happen one by one.
pub fn change(work: &Work, loaded: Loaded) -> Change {
    let mut seen: HashMap<&SourceId, u64> = HashMap::new();
    let before: HashMap<SourceId, u64> = loaded.seen.into_iter().collect();
    let mut state = State { issue: loaded.issue, ..State::default() };
    let mut outcomes = Vec::new();
    let mut refused = Vec::new();
    for (at, entry) in work.entries.iter().enumerate() {
        let known = seen.get(&entry.source).or_else(|| before.get(&entry.source));
        if known.is_some_and(|known| entry.seq <= *known) {
            outcomes.push((ConsumerOutcome::Duplicate, entry.reports));
            continue;
        }
        match lifecycle::apply(&mut state, work.issue_id, entry.event.clone(), &entry.cause) {
            Ok(effect) => {
                seen.insert(&entry.source, entry.seq);
                outcomes.extend(outcomes_of(effect, entry.reports));
            }
            Err(reason) => refused.push((at, reason)),
        }
        if state.occurrences.len() >= 1_000 {
            state.occurrences = reports::thinned(state.occurrences);
        }
    }
    let seen: Vec<_> = seen.into_iter().map(|(source, seq)| (source.clone(), seq)).collect();
    let write = state.issue.filter(|_| !seen.is_empty()).map(|issue| Write {
        issue,
        expect: loaded.version,
        seen,
        occurrences: reports::thinned(state.occurrences),
        activities: state.activities,
        comments: state.comments,
        notifications: state.notifications,
    });
    Change { write, outcomes, refused }
}

/// The first report makes the issue, the others of its record are repeats.
fn outcomes_of(effect: Effect, reports: u64) -> Vec<(ConsumerOutcome, u64)> {
    match effect {
        Effect::Created => {
            vec![(ConsumerOutcome::Stored, 1), (ConsumerOutcome::Repeat, reports.saturating_sub(1))]
        }
        Effect::Changed => vec![(ConsumerOutcome::Repeat, reports)],
        Effect::Nothing => vec![(ConsumerOutcome::Duplicate, reports)],
    }
}
