//! A session as others see it: the document that the store lists and the older process address emitted.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Session, State};
use crate::{
    event::{Target, time},
    facts::{Fact, Flags},
};

/// `{sessionId, projectId, state, events[], startTime, …}`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// The visit.
    pub session_id: String,
    /// The project.
    pub project_id: String,
    /// At the watermark.
    pub state: State,
    /// By time, those of one millisecond as they arrived.
    pub events: Vec<Shown>,
    /// RFC 3339; empty for a session without events.
    pub start_time: String,
    /// RFC 3339.
    pub end_time: String,
    /// RFC 3339.
    pub last_activity: String,
    /// Every change of route.
    pub route_transitions: Vec<Transition>,
    /// `event_count`.
    pub metadata: Map<String, Value>,
}

/// An event of the document.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Shown {
    /// Its type.
    pub event_type: &'static str,
    /// RFC 3339.
    pub timestamp: String,
    /// Where.
    pub route: String,
    /// On what.
    pub target: Target,
    /// What is known of it.
    pub metadata: Map<String, Value>,
}

/// A change of route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Transition {
    /// Before.
    pub from: String,
    /// After.
    pub to: String,
    /// RFC 3339.
    pub timestamp: String,
}

impl Session {
    /// The document at a time of the watermark.
    pub fn document(&self, watermark: i64) -> Document {
        let extent = self.extent();
        let mut facts: Vec<&Fact> = self.facts().iter().take(extent.events).collect();
        facts.sort_by_key(|fact| (fact.at, fact.arrival));
        let time_of = |fact: Option<&&Fact>| fact.map(|fact| time::rfc3339(fact.at)).unwrap_or_default();
        let transition = |pair: &[&Fact]| match pair {
            [from, to] if from.route != to.route => Some(Transition {
                from: self.text(from.route).to_owned(),
                to: self.text(to.route).to_owned(),
                timestamp: time::rfc3339(to.at),
            }),
            _ => None,
        };
        Document {
            session_id: self.key.session.clone(),
            project_id: self.key.project.clone(),
            state: self.state(watermark),
            start_time: time_of(facts.first()),
            end_time: time_of(facts.last()),
            last_activity: time_of(facts.last()),
            route_transitions: facts.windows(2).filter_map(transition).collect(),
            metadata: Map::from_iter([("event_count".to_owned(), json!(facts.len()))]),
            events: facts.iter().map(|fact| self.shown(fact)).collect(),
        }
    }

    fn shown(&self, fact: &Fact) -> Shown {
        const NAMES: &[(Flags, &str, bool)] = &[
            (Flags::UNCHANGED, "mutated", false),
            (Flags::CHANGED, "mutated", true),
            (Flags::NOT_READY, "disabled", true),
            (Flags::VALIDATION, "validation", true),
            (Flags::FAILED, "error", true),
            (Flags::LEFT, "external", true),
            (Flags::RESET, "reset", true),
        ];
        let told = NAMES.iter().filter(|(flag, ..)| fact.flags.has(*flag));
        let mut metadata: Map<String, Value> =
            told.map(|(_, name, truth)| ((*name).to_owned(), json!(truth))).collect();
        let mut numbers = [("status", u32::from(fact.status)), ("duration", fact.amount)].into_iter();
        metadata.extend(
            numbers
                .by_ref()
                .filter(|(_, value)| *value > 0)
                .map(|(name, value)| (name.to_owned(), json!(value))),
        );
        if fact.said > 0 {
            metadata.insert("message".to_owned(), json!(self.text(fact.said)));
        }
        Shown {
            event_type: fact.kind.name(),
            timestamp: time::rfc3339(fact.at),
            route: self.text(fact.route).to_owned(),
            target: target(self.text(fact.target)),
            metadata,
        }
    }
}

/// The kept form of a target begins with a mark of what it is.
fn target(text: &str) -> Target {
    let mut target = Target::default();
    let name = || text.chars().skip(1).collect::<String>();
    match text.chars().next() {
        Some('#') => target.id = Some(name()),
        Some('$') => target.selector = Some(name()),
        _ => target.kind = name(),
    }
    target
}
