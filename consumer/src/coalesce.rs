//! A batch of records → one change for each issue. Pure: loading and writing is [`crate::consume`]'s.

use std::collections::HashMap;

use issue::{
    id::{IssueId, SourceId},
    lifecycle::{self, Cause, Effect, Event, Refused, State, merge, reports},
    outcome::ConsumerOutcome,
};
use kafka::source::Incoming;

use crate::{
    merge::Carried,
    store::{Loaded, Wanted, Write},
};

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
    /// What is to be shown elsewhere, once it is written.
    pub carried: Option<Carried>,
}

/// Applies a work to the issue as it stands: records that were seen are dropped, the others happen one by one.
pub fn change(work: &Work, loaded: Loaded) -> Change {
    let mut seen: HashMap<&SourceId, u64> = HashMap::new();
    let before: HashMap<SourceId, u64> = loaded.seen.into_iter().collect();
    let mut state = State { issue: loaded.issue, ..State::default() };
    let mut outcomes = Vec::new();
    let mut refused = Vec::new();
    let target = state.issue.as_ref().and_then(merge::merged_into);
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
        notes: Vec::new(),
    });
    let is_report = |entry: &&Entry| matches!(entry.event, Event::Reported(_));
    let last = work.entries.iter().rfind(is_report).or(work.entries.last());
    let carried = target.zip(last).map(|(target, last)| Carried {
        target,
        member: work.issue_id,
        cause: last.cause.clone(),
    });
    Change { write, outcomes, refused, carried }
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

#[cfg(test)]
mod tests {
    use issue::id::TrackerName;
    use uuid::Uuid;

    use super::*;
    use crate::{
        consume::{
            decode::{Decoded, decode},
            tests::scripted::{report, source_id},
        },
        store::Version,
    };

    fn entry(seq: u64) -> Entry {
        let payload = bytes::Bytes::from(report(1, seq, 2).to_string());
        let at = jiff::Timestamp::from_second(1_790_000_000).expect("a time");
        let record = Incoming { partition: 0, offset: 0, at, key: None, payload };
        match decode(&TrackerName::local(), "topic", &record) {
            Ok(Decoded::Entry(entry)) => *entry,
            other => panic!("not an entry: {other:?}"),
        }
    }

    #[test]
    fn a_deleted_issue_leaves_a_tombstone_that_still_knows_what_was_seen() {
        let work = Work { issue_id: entry(1).issue_id, entries: vec![entry(4), entry(9)] };
        let version = Version::At("7".to_owned());
        let deleted =
            |seen| Loaded { issue: None, version: version.clone(), seen: vec![(source_id(1), seen)] };
        let redelivered = change(&work, deleted(9));
        assert!(redelivered.write.is_none(), "a redelivery makes no deleted issue again");
        assert_eq!(redelivered.outcomes, [(ConsumerOutcome::Duplicate, 2), (ConsumerOutcome::Duplicate, 2)]);
        let anew = change(&work, deleted(4)).write.expect("what is new makes it again");
        assert_eq!((anew.issue.count, anew.expect), (2, version));
        assert_eq!(anew.seen, [(source_id(1), 9)]);
    }

    #[test]
    fn the_order_of_an_issues_records_is_that_of_the_topic() {
        let written = Entry {
            issue_id: IssueId(Uuid::from_u128(1)),
            event: Event::Commented { content: "x".to_owned() },
            ..entry(2)
        };
        let works = coalesce([entry(1), written.clone(), entry(3), Entry { seq: 5, ..written }]);
        let seqs: Vec<Vec<u64>> =
            works.iter().map(|work| work.entries.iter().map(|entry| entry.seq).collect()).collect();
        assert_eq!(seqs, [[1, 3], [2, 5]]);
    }
}
