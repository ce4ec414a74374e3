//! The incidents of a session are a function of its events: no order of arrival, no batches, no duplicates and no
//! restart change them.

use std::collections::BTreeMap;

use frustration::{
    engine::{Effect, Engine},
    event::Event,
    incident::Incident,
    rules::Rules,
    session::Session,
};
use proptest::prelude::*;

use crate::scenario::{START, events, of_session};

/// What a visitor may do, as steps of a timeline relative to its own start.
const PIECES: &[&str] = &[
    "0..1200/300 click #a",
    "0..1500/500 click #a; 1600 error message=oops",
    "0..1000/500 click $b",
    "0 form_submit #f; 400 network #/f status=500; 1500 form_submit #f; 3000 form_submit #f",
    "0 network #/f status=200",
    "0 navigation @/checkout; 900 click #pay; 1800 network #/pay status=502",
    "0 navigation @/a; 500 navigation @/b; 1000 navigation @/a; 1500 navigation @/b; 2000 navigation @/a; 2500 navigation @/b; 3000 navigation @/a; 3500 navigation @/b",
    "0 navigation @/thank-you",
    "0..9000/600 scroll; 9500 performance duration=4000",
    "0 click #a mutated=false; 700 error",
    "0..4000/1000 click #bait isDeceptive=true cursor=pointer",
    "0 navigation reset=true @/start",
    "0 click #a mutated=true",
    "0 cursor directionChanges=9",
];

/// A visit: pieces with pauses between them, all within the time of one session and its late events.
fn visit() -> impl Strategy<Value = Vec<Event>> {
    let step = (0..PIECES.len(), prop_oneof![8 => 0i64..40_000, 1 => 0i64..1_100_000]);
    prop::collection::vec(step, 1..8).prop_map(|steps| {
        let mut at = START;
        let mut all = Vec::new();
        for (piece, pause) in steps {
            at += pause;
            all.extend(of_session("s1", at, PIECES[piece]));
            at += 5_000;
        }
        all
    })
}

/// The final word on every incident.
fn fold(told: &mut BTreeMap<String, Incident>, effects: Vec<Effect>) {
    for effect in effects {
        match effect {
            Effect::Incident(incident) => drop(told.insert(incident.incident_id.clone(), *incident)),
            Effect::Withdrawn { id, .. } => {
                assert!(told.remove(&id).is_some(), "withdrawn without having been told");
            }
            Effect::Completed(_) | Effect::Closed(_) => {}
        }
    }
}

/// Runs a visit through an engine; `plan` tells after which events time passes and after which the process dies.
fn run(events: &[Event], plan: &[(bool, bool)]) -> BTreeMap<String, Incident> {
    let (mut engine, rules, mut told) = (Engine::default(), Rules::default(), BTreeMap::new());
    let mut latest = START;
    for (event, (advance, restart)) in events.iter().zip(plan.iter().cycle()) {
        engine.push(event);
        latest = latest.max(event.received);
        if *advance {
            fold(&mut told, engine.advance(latest, |_| &rules));
        }
        if *restart {
            engine = restarted(&mut engine);
        }
    }
    fold(&mut told, engine.advance(latest + 100 * 60_000, |_| &rules));
    assert_eq!(engine.size().0, 0, "every session ends");
    told
}

/// A process that dies after its states were written, and the next one that reads them.
fn restarted(engine: &mut Engine) -> Engine {
    let mut next = Engine::default();
    for state in engine.dirty() {
        let text = serde_json::to_string(&state).expect("JSON");
        let back: Session = serde_json::from_str(&text).expect("a state");
        assert_eq!(back, state);
        next.restore(back);
    }
    next
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_arrival_changes_nothing((events, shuffled) in visit().prop_flat_map(|events| {
        (Just(events.clone()), Just(events).prop_shuffle())
    })) {
        prop_assert_eq!(run(&events, &[(false, false)]), run(&shuffled, &[(false, false)]));
    }

    #[test]
    fn duplicates_change_nothing(events in visit(), again in prop::collection::vec(any::<prop::sample::Index>(), 0..30)) {
        let mut twice = events.clone();
        for index in again {
            let event = events[index.index(events.len())].clone();
            twice.insert(index.index(twice.len()), event);
        }
        prop_assert_eq!(run(&events, &[(false, false)]), run(&twice, &[(false, false)]));
    }

    #[test]
    fn batches_and_restarts_change_nothing(
        events in visit(),
        plan in prop::collection::vec((any::<bool>(), prop::bool::weighted(0.2)), 1..20),
    ) {
        prop_assert_eq!(run(&events, &[(false, false)]), run(&events, &plan));
    }

    #[test]
    fn a_network_that_delays_by_seconds_changes_nothing(
        events in visit(),
        delays in prop::collection::vec(0i64..20_000, 60),
        plan in prop::collection::vec((any::<bool>(), prop::bool::weighted(0.2)), 1..20),
    ) {
        let mut delayed: Vec<Event> = events.iter().zip(delays.iter().cycle())
            .map(|(event, delay)| Event { received: event.received + delay, ..event.clone() })
            .collect();
        delayed.sort_by_key(|event| event.received);
        prop_assert_eq!(run(&events, &[(false, false)]), run(&delayed, &plan));
    }

    #[test]
    fn sessions_do_not_touch_each_other(one in visit(), other in visit()) {
        let other: Vec<Event> =
            other.into_iter().map(|event| Event { session_id: "s2".to_owned(), ..event }).collect();
        let mut both: Vec<Event> = one.iter().chain(&other).cloned().collect();
        both.sort_by_key(|event| event.received);
        let mut apart = run(&one, &[(true, false)]);
        apart.extend(run(&other, &[(true, false)]));
        prop_assert_eq!(run(&both, &[(true, false)]), apart);
    }
}

#[test]
fn generated_visits_do_find_incidents() {
    let found: usize = PIECES.iter().map(|piece| run(&events(piece), &[(true, false)]).len()).sum();
    assert!(found >= 5, "the properties are about something: {found}");
}
