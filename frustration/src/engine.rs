//! Many sessions at once: which event goes where, and what is due at a time of the watermark.
//!
//! Sans-IO: events go in by [`Engine::push`], time by [`Engine::advance`], and what follows comes out as [`Effect`]s.
//! The watermark is the largest time of arrival that the partition has seen (the broker's append time), or the clock
//! where nothing arrives; it never goes back. The owner keeps what [`Engine::dirty`] names in its store, in one write
//! with the effects and its place in the partition; after a restart it gives states back by [`Engine::restore`].

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use crate::{
    evaluate::{Judgement, evaluate},
    event::Event,
    id,
    incident::Incident,
    rules::Rules,
    session::{Applied, Key, Session},
};

/// What follows from events and time.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// An incident is new, or is no longer what was told of it: one with this id replaces it.
    Incident(Box<Incident>),
    /// What was told of it turned out to be none (a success that came later, a late event).
    Withdrawn {
        /// The incident.
        id: String,
        /// Whose.
        session: Key,
    },
    /// The session is over and was judged; [`Engine::session`] shows it.
    Completed(Key),
    /// Late events are no longer taken. Its state may go; its tombstone stays as long as events may be redelivered.
    Closed(Box<Session>),
}

/// Counts for metrics.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that became part of a session.
    pub added: u64,
    /// Events that were already.
    pub duplicate: u64,
    /// Events that a full session did not take.
    pub over_limit: u64,
    /// Events of a closed session, or behind its end.
    pub too_late: u64,
    /// Judgements.
    pub judged: u64,
    /// Signals that were found, and incidents that were told.
    pub signals: u64,
    /// Incidents that were told, changes included.
    pub incidents: u64,
    /// What was found and discarded, by reason.
    pub discarded: std::collections::BTreeMap<&'static str, u64>,
}

/// So many closed sessions are remembered here; the store remembers the rest.
const CLOSED: usize = 200_000;

struct Held {
    session: Session,
    due: i64,
    dirty: bool,
}

/// The sessions of one partition.
pub struct Engine {
    sessions: HashMap<Key, Held>,
    due: BTreeSet<(i64, Key)>,
    closed: HashSet<u64>,
    closed_order: VecDeque<u64>,
    watermark: i64,
    bytes: usize,
    counts: Counts,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            sessions: HashMap::new(),
            due: BTreeSet::new(),
            closed: HashSet::new(),
            closed_order: VecDeque::new(),
            watermark: i64::MIN,
            bytes: 0,
            counts: Counts::default(),
        }
    }
}

impl Engine {
    /// Takes an event in. A session that the store holds has to be restored before.
    pub fn push(&mut self, event: &Event) -> Applied {
        let key = Key::of(event);
        if !self.sessions.contains_key(&key) && self.closed.contains(&short(&key)) {
            self.counts.too_late += 1;
            return Applied::TooLate;
        }
        let held = self.sessions.entry(key.clone()).or_insert_with(|| Held {
            session: Session::new(key),
            due: i64::MAX,
            dirty: false,
        });
        let before = if held.due == i64::MAX { 0 } else { held.session.bytes() };
        let applied = held.session.apply(event);
        held.dirty = true;
        self.bytes = self.bytes + held.session.bytes() - before;
        // More events move the end away, which is seen when it is due; only what is due earlier is set here.
        let early = match (held.due, held.session.look_at) {
            (i64::MAX, _) => Some(held.session.due()),
            (due, Some(look)) if look < due && !held.session.completed => Some(look),
            (due, _) if event.metadata.contains_key("reset") => {
                Some(held.session.due()).filter(|at| *at < due)
            }
            _ => None,
        };
        if let Some(at) = early {
            let key = held.session.key.clone();
            self.due.remove(&(held.due, key.clone()));
            held.due = at;
            self.due.insert((at, key));
        }
        let count = match applied {
            Applied::Added => &mut self.counts.added,
            Applied::Duplicate => &mut self.counts.duplicate,
            Applied::OverLimit => &mut self.counts.over_limit,
            Applied::TooLate => &mut self.counts.too_late,
        };
        *count += 1;
        applied
    }

    /// Lets time pass to `watermark` (Unix milliseconds) and judges what is due.
    pub fn advance<'r>(&mut self, watermark: i64, rules: impl Fn(&str) -> &'r Rules) -> Vec<Effect> {
        self.watermark = self.watermark.max(watermark);
        let mut effects = Vec::new();
        while self.due.first().is_some_and(|(at, _)| *at <= self.watermark) {
            let Some((_, key)) = self.due.pop_first() else { break };
            let Some(mut held) = self.sessions.remove(&key) else { continue };
            self.bytes = self.bytes.saturating_sub(held.session.bytes());
            self.settle(&mut held, rules(&key.project), &mut effects);
            if held.session.closed {
                self.close(&held.session);
                effects.push(Effect::Closed(Box::new(held.session)));
                continue;
            }
            self.bytes += held.session.bytes();
            held.due = held.session.due().max(self.watermark.saturating_add(1));
            self.due.insert((held.due, key.clone()));
            self.sessions.insert(key, held);
        }
        effects
    }

    /// Does what is due with one session.
    fn settle(&mut self, held: &mut Held, rules: &Rules, effects: &mut Vec<Effect>) {
        let session = &mut held.session;
        let extent = session.extent();
        let completes = self.watermark >= session.settled(extent.completes_at);
        if !session.completed && completes {
            (session.completed, session.look_at, held.dirty) = (true, None, true);
            self.judge(session, rules, true, effects);
            effects.push(Effect::Completed(session.key.clone()));
        }
        if session.completed && self.watermark >= session.closes() {
            // The one evaluation anew: with all late events, when no more of them are taken.
            if session.unjudged {
                self.judge(session, rules, true, effects);
            }
            session.closed = true;
            self.counts.too_late += (session.facts().len() - extent.events) as u64;
        }
        if !session.completed && session.look_at.is_some_and(|at| at <= self.watermark) {
            (session.look_at, held.dirty) = (None, true);
            self.judge(session, rules, false, effects);
        }
    }

    /// Judges a session and tells what differs from what was told.
    fn judge(&mut self, session: &mut Session, rules: &Rules, over: bool, effects: &mut Vec<Effect>) {
        let Judgement { incidents, signals, discarded } = evaluate(session, rules, over);
        self.counts.judged += 1;
        self.counts.signals += signals.len() as u64;
        for (reason, count) in discarded {
            *self.counts.discarded.entry(reason).or_default() += count;
        }
        session.unjudged &= !over;
        let mut gone = std::mem::take(&mut session.told);
        for incident in incidents {
            // While the visit goes on, only what a strong signal carries cannot wait.
            let known = gone.remove(&incident.incident_id);
            if !over && known.is_none() && !incident.is_strong() {
                continue;
            }
            let digest = incident.digest();
            session.told.insert(incident.incident_id.clone(), digest);
            if known != Some(digest) {
                self.counts.incidents += 1;
                effects.push(Effect::Incident(Box::new(incident)));
            }
        }
        let withdrawn = gone.into_keys().map(|id| Effect::Withdrawn { id, session: session.key.clone() });
        effects.extend(withdrawn);
    }

    fn close(&mut self, session: &Session) {
        let name = short(&session.key);
        if self.closed.insert(name) {
            self.closed_order.push_back(name);
        }
        if self.closed_order.len() > CLOSED
            && let Some(oldest) = self.closed_order.pop_front()
        {
            self.closed.remove(&oldest);
        }
    }

    /// Gives a state back that the store kept. One that is held already stays.
    pub fn restore(&mut self, session: Session) {
        if session.closed {
            return self.close(&session);
        }
        let (key, due) = (session.key.clone(), session.due());
        if !self.sessions.contains_key(&key) {
            self.bytes += session.bytes();
            self.due.insert((due, key.clone()));
            self.sessions.insert(key, Held { session, due, dirty: false });
        }
    }

    /// The states that changed since they were last asked for: what has to be written.
    pub fn dirty(&mut self) -> Vec<Session> {
        let changed = |held: &mut Held| std::mem::take(&mut held.dirty).then(|| held.session.clone());
        self.sessions.values_mut().filter_map(changed).collect()
    }

    /// Lets go of sessions, the one that is due last first, until the rest takes at most `bytes`. They have to be in
    /// the store: what [`Engine::dirty`] would name stays.
    pub fn shed(&mut self, bytes: usize) -> usize {
        let mut shed = 0;
        let candidates: Vec<_> = self.due.iter().rev().cloned().collect();
        for (at, key) in candidates {
            if self.bytes <= bytes {
                break;
            }
            if let Some(held) = self.sessions.get(&key).filter(|held| !held.dirty) {
                self.bytes = self.bytes.saturating_sub(held.session.bytes());
                self.sessions.remove(&key);
                self.due.remove(&(at, key));
                shed += 1;
            }
        }
        shed
    }

    /// A session that is held.
    pub fn session(&self, key: &Key) -> Option<&Session> {
        self.sessions.get(key).map(|held| &held.session)
    }

    /// Whether an event's session need not be asked of the store.
    pub fn knows(&self, key: &Key) -> bool {
        self.sessions.contains_key(key) || self.closed.contains(&short(key))
    }

    /// When something is due next.
    pub fn next_due(&self) -> Option<i64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// How many sessions are held, and in how many bytes.
    pub fn size(&self) -> (usize, usize) {
        // Beside its state each session has two copies of its key and its places in the two tables.
        let beside = |key: &Key| 2 * (key.project.len() + key.session.len()) + 2 * size_of::<Key>() + 48;
        (self.sessions.len(), self.bytes + self.sessions.keys().map(beside).sum::<usize>())
    }

    /// What happened so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

fn short(key: &Key) -> u64 {
    let digest = id::digest(&[&key.project, &key.session]);
    digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}
