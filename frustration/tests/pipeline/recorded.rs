//! Visits that the SDK recorded in a real Chromium on the sample shop (`sdk/browser/test/browser.mjs --record`), from the
//! bytes that it sent to the incident, and to the ticket where it is confirmed.

use std::{fs, path::Path};

use frustration::{
    detect::Kind::{self, *},
    engine::{Effect, Engine},
    incident::{AutoConfirm, Incident},
    ingest,
    outbound::{Policy, Ticket, eligible},
    rules::Rules,
    score::{Kind as Sort, Level},
};

/// Recording, main signal, sort, failure point, confidence.
const RECORDINGS: &[(&str, Kind, Sort, &str, Level)] = &[
    ("rage", Rage, Sort::Bug, "/:buy:click", Level::High),
    ("blocked", Blocked, Sort::Bug, "/#/contact:contact:submit", Level::High),
    ("abandoned", Abandonment, Sort::Bug, "/#/checkout:pay:abandon", Level::High),
    ("lost", Confusion, Sort::Ux, "/#/shipping:navigation:navigate", Level::Medium),
];

/// Everything that a recording leads to.
fn replayed(name: &str) -> Vec<Incident> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/recorded").join(format!("{name}.json"));
    let request = ingest::read(&fs::read(path).expect("a recording")).expect("a request");
    let last = request.events.iter().filter_map(|event| event["timestamp"].as_i64()).max().expect("events");
    let batch = ingest::judge(&request.events, "dev", last, &Default::default());
    assert!(batch.rejected.is_empty(), "{name}: {:?}", batch.rejected);
    let (mut engine, rules) = (Engine::default(), Rules::default());
    crate::scenario::push(&mut engine, &batch.events);
    let effects = engine.advance(last + 3 * 3_600_000, |_| &rules);
    let incidents = effects.into_iter().filter_map(|effect| match effect {
        Effect::Incident(incident) => Some(*incident),
        _ => None,
    });
    incidents.collect()
}

#[test]
fn each_recorded_frustration_is_one_incident_of_its_kind() {
    for (name, main, sort, place, level) in RECORDINGS {
        let incidents = replayed(name);
        let [incident] = incidents.as_slice() else { panic!("{name}: {incidents:#?}") };
        let found =
            (incident.main_signal().map(|signal| signal.kind), incident.kind, incident.confidence_level);
        assert_eq!(found, (Some(*main), *sort, *level), "{name}: {incident:#?}");
        assert_eq!(incident.primary_failure_point, *place, "{name}");
    }
}

#[test]
fn what_confirms_itself_becomes_a_ticket() {
    for (name, .., level) in RECORDINGS {
        let mut incident = replayed(name).remove(0);
        incident.status = incident.initial_status(AutoConfirm::High);
        let sent = eligible(&incident, &Policy::default(), 0).is_ok();
        assert_eq!(sent, *level == Level::High, "{name}");
        assert_eq!(sent, sent && Ticket::of(&incident, None).is_some(), "{name}");
    }
}

#[test]
fn a_recorded_calm_visit_is_none() {
    assert_eq!(replayed("calm"), []);
}
