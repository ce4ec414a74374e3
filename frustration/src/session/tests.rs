//! The compact state says the same as the events did.

use serde_json::json;

use super::*;
use crate::event::{Kind as EventKind, Reading};

const NOW: i64 = 1_795_248_000_000;

fn event(at: i64, kind: &str, key: &str, target: &str) -> Event {
    let item = json!({"eventType": kind, "timestamp": NOW + at, "sessionId": "s", "route": format!("/r{}", at % 3),
        "target": {"type": "button", "id": target}, "idempotencyKey": key, "metadata": {"status": 503, "message": "no"}});
    Event::read(&item, "shop", NOW + at, &Reading::default()).unwrap()
}

fn session(events: &[Event]) -> Session {
    let mut session = Session::new(Key { project: "shop".into(), session: "s".into() });
    for event in events {
        session.apply(event);
    }
    session
}

#[test]
fn the_state_survives_being_written() {
    let session =
        session(&[event(2, "click", "a", "x"), event(1, "error", "b", "ü"), event(3, "network", "c", "x")]);
    let text = serde_json::to_string(&session).unwrap();
    assert_eq!(serde_json::from_str::<Session>(&text).unwrap(), session);
}

#[test]
fn of_two_events_with_one_key_the_earlier_stands_whichever_came_first() {
    let (early, late) = (event(1, "click", "k", "x"), event(9, "error", "k", "y"));
    for pair in [[early.clone(), late.clone()], [late, early]] {
        let session = session(&pair);
        let [fact] = session.facts() else { panic!("one event") };
        assert_eq!((fact.at - NOW, session.text(fact.target)), (1, "#x"));
    }
}

#[test]
fn causes_come_before_effects_and_the_document_lists_by_arrival() {
    let session =
        session(&[event(5, "error", "a", "x"), event(5, "click", "b", "x"), event(1, "scroll", "c", "")]);
    let kinds: Vec<_> = session.facts().iter().map(|fact| fact.kind).collect();
    assert_eq!(kinds, [EventKind::Scroll, EventKind::Click, EventKind::Error]);
    let document = session.document(NOW);
    let listed: Vec<_> = document.events.iter().map(|event| event.event_type).collect();
    assert_eq!(listed, ["scroll", "error", "click"]);
    assert_eq!(document.metadata["event_count"], 3);
    assert_eq!((document.start_time.as_str(), document.state), ("2026-11-21T08:00:00.001Z", State::Active));
    assert_eq!(document.route_transitions.len(), 1);
    assert_eq!(document.events[1].metadata["message"], "no");
    assert_eq!(document.events[1].target.id.as_deref(), Some("x"));
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut texts = Texts::default();
    let place = texts.place("#", &"ü".repeat(500), 150);
    assert_eq!(texts.get(place).chars().count(), 151);
    assert_eq!(texts.place("#", &"ü".repeat(150), 150), place);
    assert_eq!((texts.get(0), texts.get(999)), ("", ""));
}
