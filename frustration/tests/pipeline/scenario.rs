//! Timelines as text: `0..1500/500 click #pay; 1600 error; 2000 navigation @/done; 2100 network #POST/pay status=200`.
//!
//! Each step is a time in milliseconds (or `from..to/step`), a type, and then in any order a target (`#id`, `$selector`,
//! `%type`), a route (`@/path`, which stays in force) and metadata (`name=value`).

use frustration::{
    detect::{self, Kind, Signal, Strength, View},
    engine::Engine,
    evaluate::{Judgement, evaluate},
    event::{Event, Reading},
    incident::Incident,
    rules::Rules,
    session::{Key, Session},
};
use serde_json::{Map, Value, json};

/// 2026-11-21T08:00:00Z.
pub const START: i64 = 1_795_248_000_000;

/// The events of a timeline of one session.
pub fn events(timeline: &str) -> Vec<Event> {
    of_session("s1", START, timeline)
}

/// The events of a timeline of a session that starts at a time.
pub fn of_session(session: &str, start: i64, timeline: &str) -> Vec<Event> {
    let mut route = "/page".to_owned();
    let steps = timeline.split(';').map(str::trim).filter(|step| !step.is_empty());
    steps.flat_map(|text| step(session, start, text, &mut route)).collect()
}

fn step(session: &str, start: i64, text: &str, route: &mut String) -> Vec<Event> {
    let mut words = text.split_whitespace();
    let times = times(words.next().expect("a time"));
    let kind = words.next().expect("a type");
    let mut target = json!({"type": if kind == "form_submit" { "form" } else { "element" }});
    let mut metadata = Map::new();
    for word in words {
        match (word.chars().next(), word.get(1..).unwrap_or_default()) {
            (Some('#'), id) => target["id"] = json!(id),
            (Some('$'), selector) => target["selector"] = json!(selector),
            (Some('%'), name) => target["type"] = json!(name),
            (Some('@'), path) => *route = path.to_owned(),
            _ => {
                let (name, value) = word.split_once('=').expect("name=value");
                metadata.insert(name.to_owned(), serde_json::from_str(value).unwrap_or(json!(value)));
            }
        }
    }
    let event = |at: i64| {
        let item = json!({"eventType": kind, "timestamp": start + at, "sessionId": session, "route": route.as_str(),
            "target": target, "metadata": Value::Object(metadata.clone())});
        Event::read(&item, "shop", start + at.max(0), &Reading::default()).expect("a fine event")
    };
    times.into_iter().map(event).collect()
}

fn times(text: &str) -> Vec<i64> {
    let Some((from, rest)) = text.split_once("..") else { return vec![text.parse().expect("milliseconds")] };
    let (to, by) = rest.split_once('/').expect("a step");
    let [from, to, by] = [from, to, by].map(|number| number.parse::<i64>().expect("milliseconds"));
    (0..).map(|n| from + n * by).take_while(|at| *at <= to).collect()
}

/// A session of some events.
pub fn session(events: &[Event]) -> Session {
    let mut session = Session::new(Key { project: "shop".to_owned(), session: "s1".to_owned() });
    for event in events {
        session.apply(event);
    }
    session
}

/// Pushes events one after the other.
pub fn push(engine: &mut Engine, events: &[Event]) {
    for event in events {
        engine.push(event);
    }
}

/// What detectors find in a timeline, before false alarms and qualification.
pub fn signals(timeline: &str, rules: &Rules) -> Vec<Signal> {
    let session = session(&events(timeline));
    detect::detect(&View::new(&session, rules, true))
}

/// The strengths of the signals of a kind.
pub fn found(timeline: &str, kind: Kind) -> Vec<Strength> {
    let signals = signals(timeline, &Rules::default());
    signals.into_iter().filter(|signal| signal.kind == kind).map(|signal| signal.strength).collect()
}

/// The judgement of a timeline whose visit is over.
pub fn judged(timeline: &str) -> Judgement {
    evaluate(&session(&events(timeline)), &Rules::default(), true)
}

/// The only incident of a timeline.
pub fn incident(timeline: &str) -> Incident {
    let judgement = judged(timeline);
    assert_eq!(judgement.incidents.len(), 1, "one incident is expected of {timeline}: {judgement:#?}");
    judgement.incidents.into_iter().next().expect("it is one")
}
