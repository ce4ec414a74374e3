//! What detectors see: a session's events in the order of judgement, and what is often asked of them, answered once.

use super::{Fact, Flags, Purpose, Rules, Session, Thresholds};
use crate::event::Kind as EventKind;

/// A route of the session.
struct Place<'s> {
    purpose: Purpose,
    thresholds: &'s Thresholds,
}

/// A session, ready to be looked at.
pub struct View<'s> {
    /// The events that belong to it, in the order of judgement.
    pub facts: &'s [Fact],
    /// Whether the visit is over.
    pub over: bool,
    session: &'s Session,
    /// Routes by their place in the texts, which are few.
    places: Vec<(u16, Place<'s>)>,
    /// How many successes stand before each event: another route, or a request that was answered well.
    successes: Vec<u32>,
    /// Whether each event's route or target tells that a flow was completed.
    completes: Vec<bool>,
}

impl<'s> View<'s> {
    /// Of a session under some rules.
    pub fn new(session: &'s Session, rules: &'s Rules, over: bool) -> Self {
        let facts = session.facts().get(..session.extent().events).unwrap_or_default();
        let mut view =
            Self { facts, over, session, places: Vec::new(), successes: Vec::new(), completes: Vec::new() };
        view.learn_places(rules);
        view.count_successes();
        view.learn_completions();
        view
    }

    fn learn_places(&mut self, rules: &'s Rules) {
        for fact in self.facts {
            if let Err(at) = self.places.binary_search_by_key(&fact.route, |(place, _)| *place) {
                let text = self.session.text(fact.route);
                let place = Place { purpose: Purpose::of(text), thresholds: rules.at(text) };
                self.places.insert(at, (fact.route, place));
            }
        }
    }

    fn count_successes(&mut self) {
        let (mut count, mut route) = (0, None);
        for fact in self.facts {
            self.successes.push(count);
            let moved = fact.kind == EventKind::Navigation && route != Some(fact.route);
            count += u32::from(moved || fact.is_answered());
            route = Some(fact.route);
        }
        self.successes.push(count);
    }

    /// Addresses are read once each: a session may hold thousands of requests to a few of them.
    fn learn_completions(&mut self) {
        let mut addresses: Vec<(u16, bool)> = Vec::new();
        for fact in self.facts {
            let arrives = fact.kind == EventKind::Navigation || fact.is_answered();
            let tells = arrives
                && (self.purpose(fact.route).complete
                    || match addresses.binary_search_by_key(&fact.target, |(target, _)| *target) {
                        Ok(at) => addresses.get(at).is_some_and(|(_, tells)| *tells),
                        Err(at) => {
                            let tells = Purpose::of(self.text(fact.target)).complete;
                            addresses.insert(at, (fact.target, tells));
                            tells
                        }
                    });
            self.completes.push(tells);
        }
    }

    /// Whether the event at a place tells that a flow was completed: by arriving on a route that does, or by a request
    /// to such an address that was answered well.
    pub fn completes(&self, place: usize) -> bool {
        self.completes.get(place).copied().unwrap_or_default()
    }

    fn place(&self, route: u16) -> Option<&Place<'s>> {
        let at = self.places.binary_search_by_key(&route, |(place, _)| *place).ok()?;
        self.places.get(at).map(|(_, place)| place)
    }

    /// What a route is for.
    pub fn purpose(&self, route: u16) -> Purpose {
        self.place(route).map(|place| place.purpose).unwrap_or_default()
    }

    /// The thresholds on a route; `None` only for a place that is no route.
    pub fn thresholds(&self, route: u16) -> Option<&'s Thresholds> {
        self.place(route).map(|place| place.thresholds)
    }

    /// A text of the session.
    pub fn text(&self, place: u16) -> &'s str {
        self.session.text(place)
    }

    /// Whether something succeeded between two events, given by their places.
    pub fn succeeded_between(&self, first: usize, second: usize) -> bool {
        self.successes
            .get(first + 1)
            .zip(self.successes.get(second))
            .is_some_and(|(after, before)| before > after)
    }

    /// The events from `from` on that are not later than `until`, with their places.
    pub fn within(&self, from: usize, until: i64) -> impl Iterator<Item = (usize, &'s Fact)> {
        let rest = self.facts.get(from..).unwrap_or_default();
        (from..).zip(rest).take_while(move |(_, fact)| fact.at <= until)
    }

    /// The place of the first event that is not earlier than `at`.
    pub fn first_at(&self, at: i64) -> usize {
        self.facts.partition_point(|fact| fact.at < at)
    }

    /// The places of events of some kind, gathered by route and target, each group by time.
    pub fn gathered(&self, wanted: impl Fn(&Fact) -> bool) -> Vec<Vec<usize>> {
        let mut found: Vec<(u16, u16, usize)> = (0..)
            .zip(self.facts)
            .filter(|(_, fact)| wanted(fact))
            .map(|(place, fact)| (fact.route, fact.target, place))
            .collect();
        found.sort_unstable();
        let groups = found.chunk_by(|one, other| (one.0, one.1) == (other.0, other.1));
        groups.map(|group| group.iter().map(|(.., place)| *place).collect()).collect()
    }

    /// The event at a place.
    pub fn fact(&self, place: usize) -> Option<&'s Fact> {
        self.facts.get(place)
    }

    /// Whether a click did something, as its page told, and no error followed at once.
    pub fn worked(&self, place: usize) -> bool {
        self.fact(place).is_some_and(|click| click.flags.has(Flags::CHANGED)) && !self.failed(place)
    }

    /// Whether an error followed a click at once: something is behind what was clicked, and it is broken.
    pub fn failed(&self, place: usize) -> bool {
        let Some(click) = self.fact(place) else { return false };
        let wait =
            self.thresholds(click.route).map_or(0, |t| t.time(crate::rules::Threshold::ErrorClickWait));
        self.within(place + 1, click.at + wait).any(|(_, fact)| fact.rejects())
    }

    /// Runs of a group: parts with pauses of at most `gap`, without a success between two of them.
    pub fn runs(&self, group: &[usize], gap: i64) -> Vec<Vec<usize>> {
        let apart = |one: usize, other: usize| {
            let pause = self.fact(other).zip(self.fact(one)).map_or(i64::MAX, |(b, a)| b.at - a.at);
            pause > gap || self.succeeded_between(one, other)
        };
        let runs = group.chunk_by(|&one, &other| !apart(one, other));
        runs.map(<[usize]>::to_vec).collect()
    }

    /// The events at some places.
    pub fn at(&self, places: &[usize]) -> Vec<&'s Fact> {
        places.iter().filter_map(|&place| self.fact(place)).collect()
    }
}
