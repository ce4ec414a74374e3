//! What is bounded stays bounded: events of a session, its age, open sessions in memory, incidents of a session.

use frustration::{
    engine::{Effect, Engine},
    event::Event,
    rules::Rules,
    session::{self, Applied, Session},
};

use crate::scenario::{START, events, of_session, push};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// Name, timeline, when it completes after its start, and how many of its events belong to it.
const EXTENTS: &[(&str, &str, i64, usize)] = &[
    ("one event", "0 click #a", 15 * MINUTE, 1),
    ("a pause of 15 min goes on", "0 click #a; 900000 click #a", 30 * MINUTE, 2),
    ("a longer one completes; late events are taken", "0 click #a; 900001 click #a", 15 * MINUTE, 2),
    ("up to an hour after the end", "0 click #a; 4500000 click #a", 15 * MINUTE, 2),
    ("and none later", "0 click #a; 4500001 click #a", 15 * MINUTE, 1),
    ("a reset completes", "0 click #a; 1000 navigation reset=true; 2000 click #a", 1000, 3),
    (
        "an old session completes when it is idle",
        "0..14400000/600000 click #a; 14700001 click #a",
        4 * HOUR + 5 * MINUTE,
        26,
    ),
    (
        "a younger one does not",
        "0..13800000/600000 click #a; 14100001 click #a",
        14_100_001 + 15 * MINUTE,
        25,
    ),
    ("after a day it is over", "0..90000000/200000 click #a", 24 * HOUR, 451),
];

#[test]
fn a_session_reaches_as_far_as_its_rules_say() {
    for (name, timeline, completes, count) in EXTENTS {
        let extent = crate::scenario::session(&events(timeline)).extent();
        assert_eq!((extent.completes_at - START, extent.events), (*completes, *count), "{name}");
    }
}

#[test]
fn a_session_keeps_its_earliest_ten_thousand_events() {
    let mut all = events("0..11999/1 scroll");
    let in_order: Session = crate::scenario::session(&all);
    all.reverse();
    let reversed = crate::scenario::session(&all);
    assert_eq!(in_order.facts().len(), session::EVENTS);
    let keys = |session: &Session| session.facts().iter().map(|fact| fact.key).collect::<Vec<_>>();
    assert_eq!(keys(&in_order), keys(&reversed));
    let mut full = in_order.clone();
    assert_eq!(full.apply(&events("20000 scroll")[0]), Applied::OverLimit);
}

#[test]
fn memory_is_bounded_with_a_hundred_thousand_open_sessions() {
    const SESSIONS: usize = 100_000;
    const BOUND: usize = 64 << 20;
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let mut most = 0;
    let visit =
        of_session("x", START, "0 navigation @/home; 900 click #menu; 2500 scroll; 4000 click #product");
    for number in 0..SESSIONS {
        for event in &visit {
            engine.push(&Event { session_id: format!("visit-{number}"), ..event.clone() });
        }
        if number % 1000 == 999 {
            let (open, bytes) = engine.size();
            most = most.max(bytes / open);
            if open == SESSIONS {
                assert!(bytes < 200 << 20, "{bytes} bytes for {open} sessions");
            }
        }
    }
    assert_eq!(engine.size().0, SESSIONS);
    assert!(most <= 2048, "{most} bytes for a session");
    // What the store has may go from memory; nothing else may.
    assert_eq!(engine.shed(BOUND), 0);
    let kept = engine.dirty();
    assert_eq!(kept.len(), SESSIONS);
    let shed = engine.shed(BOUND / 2);
    assert!(shed > 0 && engine.size().1 < BOUND, "{shed} {:?}", engine.size());
    // The rest comes back from the store, and every visit ends once.
    for state in kept {
        engine.restore(state);
    }
    assert_eq!(engine.size().0, SESSIONS);
    let effects = engine.advance(START + 2 * HOUR, |_| &rules);
    let closed = effects.iter().filter(|effect| matches!(effect, Effect::Closed(_))).count();
    assert_eq!((closed, engine.size()), (SESSIONS, (0, 0)));
}

#[test]
fn a_closed_session_leaves_no_event_behind() {
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let all = events("0..1200/300 click #a; 1300 error");
    push(&mut engine, &all);
    let effects = engine.advance(START + 2 * HOUR, |_| &rules);
    let Some(Effect::Closed(session)) = effects.last() else { panic!("{effects:?}") };
    let tombstone = session.tombstone();
    assert!(tombstone.facts().is_empty() && !serde_json::to_string(&tombstone).unwrap().contains("/page"));
    let mut next = Engine::default();
    next.restore(tombstone);
    assert!(all.iter().all(|event| next.push(event) == Applied::TooLate));
}

#[test]
fn what_comes_out_of_an_offline_queue_hours_later_is_one_visit() {
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let mut told = 0;
    for event in events("0..1200/300 click #a; 1300 error; 5000..200000/5000 scroll") {
        let received = START + 5 * HOUR + (event.timestamp - START) / 10;
        engine.push(&Event { received, ..event });
        told +=
            engine.advance(received, |_| &rules).iter().filter(|e| matches!(e, Effect::Incident(_))).count();
    }
    engine.advance(START + 9 * HOUR, |_| &rules);
    assert_eq!((told, engine.counts().too_late), (1, 0));
}

#[test]
fn the_worst_session_is_judged_in_time() {
    let worst = [
        "0..4000/1 click #submit @/checkout mutated=true; 4001..9000/1 error; 9001 navigation @/thank-you",
        "0..9999/1 network #/pay @/checkout status=500",
        "0..9999/1 form_submit #f",
        "0..9990000/1000 cursor directionChanges=8",
    ];
    for timeline in worst {
        let session = crate::scenario::session(&events(timeline));
        let start = std::time::Instant::now();
        frustration::evaluate(&session, &Rules::default(), true);
        let taken = start.elapsed();
        assert!(taken.as_secs() < 5, "{taken:?} for {timeline}");
    }
}
