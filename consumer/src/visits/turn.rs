//! One step of some sessions: load their states, let events and time act on them, keep what follows.
//!
//! Incidents are written before the state that says that they were told, and the state before the offset of the events:
//! whatever dies in between, the step is done again and finds what it did. The state is kept by compare-and-set; whoever
//! lost a race does the step again on the state of the winner.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::frustration::{
    engine::{Effect, Engine},
    evaluate::evaluate,
    event::Event,
    rules::Rules,
    session::{Key, Session, State},
};
use jiff::Timestamp;

use super::{Visits, counts::Stage, incidents, states};
use crate::store::{Note, StoreError};

/// What is to be done with one session.
#[derive(Clone, Debug)]
pub struct Work {
    /// Which.
    pub key: Key,
    /// What came, with the partition that it came from.
    pub events: Vec<(i32, Event)>,
    /// Time has come so far, Unix milliseconds.
    pub watermark: i64,
    /// Incidents of a step that lost its race: what it said of them is said again.
    said: BTreeSet<String>,
}

impl Work {
    /// Lets events and time act.
    pub fn new(key: Key, events: Vec<(i32, Event)>, watermark: i64) -> Self {
        Self { key, events, watermark, said: BTreeSet::new() }
    }
}

/// What a step comes to.
struct Outcome {
    effects: Vec<Effect>,
    /// The state to keep, where it is another.
    note: Option<Note>,
    /// The incidents that stand once it is kept, where the visit has just ended.
    ended: Vec<String>,
    engine: Engine,
}

/// Does a step for each; gives back those that lost a race. Each session is named once.
pub async fn settle(visits: &Visits, works: Vec<Work>) -> Result<Vec<Work>, StoreError> {
    let keys: Vec<&Key> = works.iter().map(|work| &work.key).collect();
    let kept = states::load(&*visits.store, &keys).await?;
    let mut kept: HashMap<Key, states::Kept> =
        kept.into_iter().map(|kept| (kept.session.key.clone(), kept)).collect();
    let mut outcomes = Vec::with_capacity(works.len());
    for work in &works {
        outcomes.push(step(work, kept.remove(&work.key), &visits.project(&work.key.project).rules)?);
    }
    let now = Timestamp::now();
    for outcome in &outcomes {
        for effect in &outcome.effects {
            incidents::follow(visits, effect, now).await?;
        }
        for id in &outcome.ended {
            incidents::ended(visits, id, now).await?;
        }
    }
    let notes: Vec<Note> = outcomes.iter().filter_map(|outcome| outcome.note.clone()).collect();
    let mut done = if notes.is_empty() { Vec::new() } else { visits.store.keep(notes).await? }.into_iter();
    let mut again = Vec::new();
    for (mut work, outcome) in works.into_iter().zip(outcomes) {
        // A store that answers less than it was asked has not said that it is done.
        if outcome.note.is_none() || done.next() == Some(true) {
            count(visits, &outcome);
        } else {
            work.said.extend(outcome.effects.iter().filter_map(named));
            again.push(work);
        }
    }
    Ok(again)
}

fn named(effect: &Effect) -> Option<String> {
    match effect {
        Effect::Incident(incident) => Some(incident.incident_id.clone()),
        Effect::Withdrawn { id, .. } => Some(id.clone()),
        Effect::Completed(_) | Effect::Closed(_) => None,
    }
}

/// Pure: from the state that was loaded to the one that is kept.
fn step(work: &Work, kept: Option<states::Kept>, rules: &Rules) -> Result<Outcome, StoreError> {
    let mut engine = Engine::default();
    if let Some(kept) = &kept {
        engine.restore(kept.session.clone());
    }
    for (_, event) in &work.events {
        engine.push(event);
    }
    let mut effects = engine.advance(work.watermark, |_| rules);
    let closed = effects.iter().find_map(|effect| match effect {
        Effect::Closed(session) => Some(Session::clone(session)),
        _ => None,
    });
    let open = engine.session(&work.key).cloned();
    let rank = kept.as_ref().map_or(0, |kept| kept.rank) + 1;
    let next = match (&closed, &open) {
        // What a visitor did is kept only where there is something to be seen of it.
        (Some(session), _) if session.incidents().next().is_none() => {
            Some(states::packed(&session.tombstone(), rank, None)?)
        }
        (Some(session), _) => Some(states::packed(session, rank, None)?),
        (None, Some(session)) => {
            let look = session.due().max(work.watermark.saturating_add(1));
            Some(states::packed(session, rank, Some(look))?)
        }
        // Closed long ago: nothing changes it.
        (None, None) => None,
    };
    let session = closed.or(open);
    if let Some(session) = session.as_ref().filter(|_| !work.said.is_empty()) {
        effects.extend(said_again(work, session, rules));
    }
    let ends = effects.iter().any(|effect| matches!(effect, Effect::Completed(_) | Effect::Closed(_)));
    let ended = session.filter(|_| ends);
    let ended = ended.map(|session| session.incidents().map(str::to_owned).collect()).unwrap_or_default();
    let note = next.filter(|note| kept.is_none_or(|kept| !kept.is(note)));
    Ok(Outcome { effects, note, ended, engine })
}

/// What a step that lost its race said of incidents may not be true of the winner's state.
fn said_again(work: &Work, session: &Session, rules: &Rules) -> Vec<Effect> {
    let over = matches!(session.state(work.watermark), State::Completed | State::Closed);
    let judged: BTreeMap<String, _> = evaluate(session, rules, over)
        .incidents
        .into_iter()
        .map(|incident| (incident.incident_id.clone(), incident))
        .collect();
    let stands = |id: &str| session.incidents().any(|known| known == id);
    let again = |id: &String| match judged.get(id).filter(|_| stands(id)) {
        Some(incident) => Effect::Incident(Box::new(incident.clone())),
        None => Effect::Withdrawn { id: id.clone(), session: work.key.clone() },
    };
    work.said.iter().map(again).collect()
}

fn count(visits: &Visits, outcome: &Outcome) {
    let counts = outcome.engine.counts();
    let taken = [
        ("added", counts.added),
        ("duplicate", counts.duplicate),
        ("over_limit", counts.over_limit),
        ("too_late", counts.too_late),
    ];
    for (word, count) in taken {
        visits.counts.add(Stage::Taken, word, count);
    }
    visits.counts.add(Stage::Judged, "", counts.judged);
    visits.counts.add(Stage::Detected, "", counts.signals);
    for (reason, count) in &counts.discarded {
        visits.counts.add(Stage::Discarded, reason, *count);
    }
    let told =
        |wanted: fn(&Effect) -> bool| outcome.effects.iter().filter(|effect| wanted(effect)).count() as u64;
    visits.counts.add(Stage::Emitted, "", told(|effect| matches!(effect, Effect::Incident(_))));
    visits.counts.add(Stage::Withdrawn, "", told(|effect| matches!(effect, Effect::Withdrawn { .. })));
}
