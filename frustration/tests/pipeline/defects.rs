//! Each known defect of the older system, and that it is gone. (Defects of its services themselves, such as health
//! behind authentication, belong to the tests of the service.)

use frustration::{
    detect::Kind,
    engine::{Effect, Engine},
    incident::{AutoConfirm, Incident, Status},
    ingest,
    outbound::{Policy, Priority, Ticket, eligible, linear},
    rules::Rules,
    score::{Level, Severity},
    session::State,
};
use serde_json::json;

use crate::scenario::{START, events, incident, judged};

/// Rage on a broken button, with the page's own word.
const BROKEN: &str = "0..1200/300 click #pay @/checkout; 1300 error message=boom";

#[test]
fn a_session_completes() {
    let mut engine = Engine::default();
    let rules = Rules::default();
    for event in events("0 click #a") {
        engine.push(&event);
    }
    let minutes = |minutes: i64| START + minutes * 60_000;
    assert!(engine.advance(minutes(15) - 1, |_| &rules).is_empty());
    let effects = engine.advance(minutes(15), |_| &rules);
    assert!(matches!(effects.as_slice(), [Effect::Completed(_)]), "{effects:?}");
}

#[test]
fn high_confidence_is_reached() {
    let incident = incident(BROKEN);
    assert_eq!(incident.confidence_level, Level::High, "{incident:#?}");
    assert!(!incident.needs_review);
}

#[test]
fn a_burst_is_not_taken_for_a_double_click() {
    assert_eq!(incident("0..900/100 click #a; 1000 error").main_signal().map(|s| s.kind), Some(Kind::Rage));
}

#[test]
fn two_signals_are_one_incident() {
    let timeline =
        "0 form_submit #f; 500 network #/api/f status=500; 2000 form_submit #f; 4000 form_submit #f";
    let incident = incident(timeline);
    assert_eq!(incident.triggering_signals, [Kind::Blocked, Kind::FormLoop, Kind::Abandonment]);
}

#[test]
fn an_incident_can_be_confirmed() {
    let incident = incident(BROKEN);
    assert_eq!(incident.initial_status(AutoConfirm::High), Status::Confirmed);
    assert_eq!(incident.initial_status(AutoConfirm::Never), Status::New);
    let confirmed = Incident { status: Status::Confirmed, ..incident };
    assert_eq!(eligible(&confirmed, &Policy::default(), 0), Ok(()));
}

#[test]
fn an_incident_without_optional_fields_can_be_read_and_exported() {
    let mut value = serde_json::to_value(incident(BROKEN)).unwrap();
    for name in ["externalTicketId", "externalSystem", "exportedAt", "createdAt", "updatedAt"] {
        assert!(value.get(name).is_none());
        value[name] = json!(null);
    }
    value["status"] = json!("confirmed");
    let incident = ingest::older::incident(value.to_string().as_bytes()).unwrap();
    assert_eq!(eligible(&incident, &Policy::default(), 0), Ok(()));
}

#[test]
fn every_severity_meets_the_matrix() {
    let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
    for severity in severities {
        assert!(Priority::of(70, severity).is_some());
        let text = serde_json::to_value(severity).unwrap();
        assert_eq!(serde_json::from_value::<Severity>(text).unwrap(), severity);
    }
}

#[test]
fn the_component_is_known() {
    assert_eq!(incident(BROKEN).primary_failure_point, "/checkout:pay:click");
    let by_selector = "0..1200/300 click $.pay-now; 1300 error";
    assert_eq!(incident(by_selector).primary_failure_point, "/page:.pay-now:click");
    let by_type = "0..1200/300 click %button; 1300 error";
    assert_eq!(incident(by_type).primary_failure_point, "/page:button:click");
}

#[test]
fn the_clients_own_time_is_kept() {
    let item = json!({"eventType": "click", "timestamp": "2026-11-21T08:00:00.250Z", "sessionId": "s", "route": "/"});
    let late = START + 3_600_000;
    let batch = ingest::judge(&[item], "shop", late, &Default::default());
    assert_eq!((batch.events[0].timestamp, batch.events[0].received), (START + 250, late));
}

#[test]
fn linears_scale_is_not_inverted() {
    let priority = |severity, confidence| {
        let incident = Incident { severity_type: severity, confidence_score: confidence, ..incident(BROKEN) };
        let target = linear::Target { team_id: "t".to_owned(), label_ids: vec![], labels: vec![] };
        linear::body(&Ticket::of(&incident, None).unwrap(), &target, &[])["variables"]["input"]["priority"]
            .clone()
    };
    assert_eq!(priority(Severity::Critical, 95), 1);
    assert_eq!(priority(Severity::Low, 95), 4);
    assert_eq!(priority(Severity::Low, 75), 0);
}

#[test]
fn nothing_is_dropped_without_a_count() {
    let mut engine = Engine::default();
    let rules = Rules::default();
    let all = events("0..900/100 click #a; 1000 error");
    for event in all.iter().chain(&all) {
        engine.push(event);
    }
    engine.advance(START + 3 * 3_600_000, |_| &rules);
    for event in &all {
        engine.push(event);
    }
    let counts = engine.counts();
    assert_eq!((counts.added, counts.duplicate, counts.too_late), (11, 11, 11));
    let judgement = judged("0..1500/500 click #a");
    assert_eq!(judgement.discarded.get("no_feedback"), Some(&1));
}

#[test]
fn a_session_is_active_then_idle_then_completed() {
    let session = crate::scenario::session(&events("0 click #a"));
    let minutes = |minutes: i64| session.state(START + minutes * 60_000);
    assert_eq!(
        [minutes(4), minutes(5), minutes(14), minutes(15)],
        [State::Active, State::Idle, State::Idle, State::Completed]
    );
}
