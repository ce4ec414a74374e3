//! One visit: its events in compact form, and what follows from them alone.
//!
//! A session is a set of events. Whatever is said of it (its end, its late events, its incidents) is a function of that
//! set and of the thresholds, never of the order or the batches in which the events came: so redelivery, restarts and
//! slow networks change nothing. The state serialises as a whole; a store keeps it by compare-and-set.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    event::{
        Event, Kind,
        time::{DAY, HOUR, MINUTE, SECOND},
    },
    facts::{self, Fact, Flags, Told},
    id,
};

mod document;
mod texts;

pub use self::document::{Document, Shown, Transition};
use self::texts::Texts;

/// Without events for so long a session is idle.
pub const IDLE: i64 = 5 * MINUTE;
/// Idle for so much longer it is completed.
pub const COMPLETES: i64 = 10 * MINUTE;
/// Late events are taken for so long after completion.
pub const LATE: i64 = HOUR;
/// From this age on a session completes as soon as it is idle.
pub const SOFT: i64 = 4 * HOUR;
/// At this age it completes in any case.
pub const HARD: i64 = DAY;
/// As many events are kept, the earliest.
pub const EVENTS: usize = 10_000;
/// Nothing is judged sooner after an arrival: what was sent together may arrive apart.
pub const SETTLE: i64 = 30 * SECOND;
/// A strong signal of an open session is looked for so long after what may be one.
pub const LOOK: i64 = 5 * SECOND;

/// The end of the year 9999.
const LATEST: i64 = 253_402_300_799_999;

/// Traces of requests that are kept, the earliest.
const TRACES: usize = 50;

/// Characters of a route and of a target that are kept.
const ROUTE: usize = 200;
const TARGET: usize = 150;

/// Which visit of which project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The project.
    pub project: String,
    /// The client's name of the visit.
    pub session: String,
}

impl Key {
    /// Of an event.
    pub fn of(event: &Event) -> Self {
        Self { project: event.project_id.clone(), session: event.session_id.clone() }
    }
}

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Events come.
    Active,
    /// None came for five minutes.
    Idle,
    /// Over; late events are still taken.
    Completed,
    /// Nothing is taken any more.
    Closed,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is part of the session.
    Added,
    /// It was already.
    Duplicate,
    /// The session is full of earlier ones, or a later one had to go.
    OverLimit,
    /// The session is closed.
    TooLate,
}

/// A session's events and what was already told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// Which.
    pub key: Key,
    /// In the order of judgement.
    facts: Vec<Fact>,
    texts: Texts,
    /// The latest arrival, Unix milliseconds.
    received: i64,
    arrivals: u32,
    /// Something arrived since the last judgement.
    pub(crate) unjudged: bool,
    /// A look for strong signals is due then, while the session is open.
    pub(crate) look_at: Option<i64>,
    /// The end was told.
    pub(crate) completed: bool,
    /// Late events are no longer taken.
    pub(crate) closed: bool,
    /// The incidents that were told, each with a digest of its content.
    pub(crate) told: BTreeMap<String, u64>,
    /// Traces of requests and when they were made, Unix milliseconds. A set, as the events are one.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    traces: BTreeSet<(i64, String)>,
}

/// How far a session reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// So many of its events belong to it; those behind came after it was closed.
    pub events: usize,
    /// When it was, or will be, complete.
    pub completes_at: i64,
}

impl Extent {
    /// When late events are no longer taken.
    pub fn closes_at(&self) -> i64 {
        self.completes_at.saturating_add(LATE)
    }
}

impl Session {
    /// A session without events.
    pub fn new(key: Key) -> Self {
        Self {
            key,
            facts: Vec::new(),
            texts: Texts::default(),
            received: i64::MIN,
            arrivals: 0,
            unjudged: false,
            look_at: None,
            completed: false,
            closed: false,
            told: BTreeMap::new(),
            traces: BTreeSet::new(),
        }
    }

    /// The events, in the order of judgement.
    pub fn facts(&self) -> &[Fact] {
        &self.facts
    }

    /// The ids of the incidents that were told of it and not withdrawn.
    pub fn incidents(&self) -> impl Iterator<Item = &str> {
        self.told.keys().map(String::as_str)
    }

    /// Whether late events are no longer taken.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// A text that a fact refers to.
    pub fn text(&self, place: u16) -> &str {
        self.texts.get(place)
    }

    /// Bytes that the state takes in memory.
    pub fn bytes(&self) -> usize {
        let key = self.key.project.capacity() + self.key.session.capacity();
        // A node of the map of told incidents holds an id of 36 bytes.
        size_of::<Self>()
            + key
            + self.facts.capacity() * size_of::<Fact>()
            + self.texts.bytes()
            + self.told.len() * 96
            + self.traces.len() * 96
    }

    /// Takes an event in.
    pub fn apply(&mut self, event: &Event) -> Applied {
        if self.closed {
            return Applied::TooLate;
        }
        let fact = self.fact(event);
        self.trace(event);
        self.received = self.received.max(event.received.clamp(0, LATEST));
        let known = self.facts.iter().position(|known| known.key == fact.key);
        if let Some(known) = known {
            return self.meet(known, fact);
        }
        self.arrivals = self.arrivals.saturating_add(1);
        let place = self.facts.partition_point(|other| other.order() < fact.order());
        if place >= EVENTS {
            return Applied::OverLimit;
        }
        self.facts.insert(place, fact);
        self.unjudged = true;
        self.expect_strong(place, &fact);
        if self.facts.len() > EVENTS {
            self.facts.truncate(EVENTS);
            return Applied::OverLimit;
        }
        Applied::Added
    }

    fn trace(&mut self, event: &Event) {
        if let Some(trace) = facts::trace(event) {
            self.traces.insert((event.timestamp.clamp(0, LATEST), trace));
        }
        if self.traces.len() > TRACES {
            self.traces.pop_last();
        }
    }

    /// Traces of requests that were made in a time (Unix milliseconds), each once.
    pub fn traces(&self, from: i64, to: i64) -> Vec<String> {
        let mut found = Vec::new();
        for (_, trace) in self.traces.iter().filter(|(at, _)| (from..=to).contains(at)) {
            if !found.contains(trace) {
                found.push(trace.clone());
            }
        }
        found
    }

    /// Two events with one key: the earlier stands, whichever came first.
    fn meet(&mut self, known: usize, fact: Fact) -> Applied {
        let Some(other) = self.facts.get(known) else { return Applied::Duplicate };
        if self.content(&fact) < self.content(other) {
            let arrival = other.arrival;
            self.facts.remove(known);
            let place = self.facts.partition_point(|other| other.order() < fact.order());
            self.facts.insert(place, Fact { arrival, ..fact });
            self.unjudged = true;
        }
        Applied::Duplicate
    }

    /// All that an event says, in an order that does not depend on how this session came about.
    fn content(&self, fact: &Fact) -> impl Ord + '_ {
        let texts = [fact.route, fact.target, fact.said].map(|place| self.text(place));
        (fact.order(), fact.flags, fact.status, fact.amount, texts)
    }

    fn fact(&mut self, event: &Event) -> Fact {
        let told = Told::of(event);
        let to =
            event.metadata.get("to").and_then(serde_json::Value::as_str).filter(|to| to.starts_with('/'));
        let moved = to.filter(|_| event.event_type == Kind::Navigation);
        let plain = moved.map(|to| crate::event::privacy::route(to, false));
        let target = &event.target;
        let (mark, name) = match (&target.id, &target.selector, &told.address) {
            (Some(id), ..) => ('#', id.as_str()),
            (None, Some(selector), _) => ('$', selector.as_str()),
            (None, None, Some(address)) => ('#', address.as_str()),
            (None, None, None) => ('@', target.kind.as_str()),
        };
        Fact {
            // Ingest has checked it; a record from elsewhere may hold anything, and sums of times must not overflow.
            at: event.timestamp.clamp(0, LATEST),
            key: key(&event.key),
            arrival: self.arrivals,
            amount: told.amount,
            flags: told.flags,
            status: told.status,
            route: self.texts.place("", plain.as_deref().unwrap_or(&event.route), ROUTE),
            target: self.texts.place(mark.encode_utf8(&mut [0; 4]), name, TARGET),
            said: self.texts.place("", &told.said, ROUTE),
            kind: event.event_type,
        }
    }

    /// Whether this may complete a strong signal: five acts of one kind on one target within ten seconds. Cheap, and
    /// wrong only by looking too often; what is a signal is decided by the detectors.
    fn expect_strong(&mut self, place: usize, fact: &Fact) {
        const ACTS: usize = 5;
        let acts = matches!(fact.kind, Kind::Click | Kind::FormSubmit | Kind::Navigation);
        if !acts || self.completed || self.look_at.is_some() {
            return;
        }
        let earlier = self.facts.get(..place).unwrap_or_default().iter().rev();
        let near = earlier.take(40).take_while(|other| fact.at - other.at <= MINUTE);
        if near.filter(|other| other.kind == fact.kind).count() + 1 >= ACTS {
            self.look_at = Some(self.received.saturating_add(LOOK));
        }
    }

    /// How far it reaches: up to the first pause that completes it, a reset, or its largest age; and an hour of late
    /// events beyond.
    pub fn extent(&self) -> Extent {
        let Some(first) = self.facts.first() else {
            return Extent { events: 0, completes_at: i64::MIN };
        };
        let mut completes_at = None;
        for (index, fact) in self.facts.iter().enumerate() {
            let next = self.facts.get(index + 1).map_or(i64::MAX, |next| next.at);
            let patience = if fact.at - first.at >= SOFT { IDLE } else { IDLE + COMPLETES };
            let resets = fact.kind == Kind::Navigation && fact.flags.has(Flags::RESET);
            let ends = if resets { fact.at } else { (fact.at + patience).min(first.at + HARD) };
            // A full session is complete with its last event.
            let ends = if index + 1 >= EVENTS { fact.at } else { ends };
            if next > ends {
                completes_at = Some(ends);
                break;
            }
        }
        let completes_at = completes_at.unwrap_or(first.at);
        let late = completes_at.saturating_add(LATE);
        Extent { events: self.facts.partition_point(|fact| fact.at <= late), completes_at }
    }

    /// Active, idle, completed or closed, at a time of the watermark.
    pub fn state(&self, watermark: i64) -> State {
        let last = self.facts.last().map_or(i64::MIN, |fact| fact.at);
        match self.extent() {
            _ if self.closed => State::Closed,
            extent if watermark >= self.settled(extent.completes_at) => State::Completed,
            _ if watermark >= last.saturating_add(IDLE) => State::Idle,
            _ => State::Active,
        }
    }

    /// When something has to be done with it next.
    pub fn due(&self) -> i64 {
        let extent = self.extent();
        if self.completed {
            return self.closes();
        }
        let completes = self.settled(extent.completes_at);
        self.look_at.map_or(completes, |look| look.min(completes))
    }

    /// When it is closed: an hour after its end, and not sooner than an hour after the last arrival, because the end of
    /// a visit that comes out of an offline queue lies hours back.
    pub(crate) fn closes(&self) -> i64 {
        self.extent().closes_at().max(self.received.saturating_add(LATE))
    }

    /// Not before what was sent together has arrived. Events of an offline queue are hours old when they come.
    pub(crate) fn settled(&self, at: i64) -> i64 {
        at.max(self.received.saturating_add(SETTLE))
    }

    /// What is left of a closed session: enough to know that it was, and nothing that a visitor did.
    pub fn tombstone(&self) -> Self {
        Self { received: self.received, completed: true, closed: true, ..Self::new(self.key.clone()) }
    }
}

/// The first half of an event's key. Keys that are not ours are hashed.
fn key(text: &str) -> u64 {
    let ours = text.get(..16).and_then(|half| u64::from_str_radix(half, 16).ok());
    ours.unwrap_or_else(|| {
        let digest = id::digest(&[text]);
        digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
    })
}

#[cfg(test)]
mod tests;
