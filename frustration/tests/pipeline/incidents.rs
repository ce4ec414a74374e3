//! From signals to incidents: what qualifies, what belongs together, how it is judged and told.

use frustration::{
    detect::Kind::{self, *},
    engine::{Effect, Engine},
    incident::Incident,
    rules::{Rules, Settings},
    score::{Kind as Sort, Level, Severity},
};

use crate::scenario::{START, events, incident, judged, push, session};

/// Name, timeline, signals of the only incident, its sort, its failure point.
const ONE: &[(&str, &str, &[Kind], Sort, &str)] = &[
    (
        "rage on a broken button",
        "0..1200/300 click #buy; 1400 error message=oops",
        &[Rage, ErrorClick],
        Sort::Bug,
        "/page:buy:click",
    ),
    (
        "strong rage without a word of the page",
        "0..1200/300 click #buy",
        &[Rage],
        Sort::Ux,
        "/page:buy:click",
    ),
    (
        "a form that blocks",
        "0 form_submit #f; 500 network #/f status=500; 2000 form_submit #f; 4000 form_submit #f",
        &[Blocked, FormLoop, Abandonment],
        Sort::Bug,
        "/page:f:submit",
    ),
    (
        "an abandoned checkout",
        "0 navigation @/checkout; 5000 click #pay; 6000 network #/pay status=502; 60000 navigation @/home",
        &[Abandonment],
        Sort::Bug,
        "/checkout:pay:abandon",
    ),
    (
        "a lost visitor",
        "0 navigation @/a; 1000 navigation @/b; 2000 navigation @/a; 3000 navigation @/b; 4000 navigation @/a; 5000 navigation @/b; 6000 navigation @/a; 7000 navigation @/b",
        &[Confusion],
        Sort::Ux,
        "/a:navigation:navigate",
    ),
    (
        "a bait",
        "0..4000/1000 click #ad isDeceptive=true isDistracting=true",
        &[RageBait],
        Sort::DarkPattern,
        "/page:ad:click",
    ),
];

/// Name, timeline, a reason that has to be counted.
const NONE: &[(&str, &str, &str)] = &[
    ("rage without feedback", "0..1500/500 click #a", "no_feedback"),
    ("feedback too late", "0..1500/500 click #a; 11501 error", "no_feedback"),
    ("a lone signal", "0..1500/500 click #a; 11500 error", "lone_signal"),
    (
        "two signals without feedback",
        "0 click #a mutated=false; 9000 cursor directionChanges=9",
        "group_without_feedback",
    ),
    (
        "a later success of the same request",
        "0 form_submit #f; 500 network #/f status=500; 2000 form_submit #f; 4000 form_submit #f; 90000 network #/f status=200",
        "later_success",
    ),
    (
        "a form that goes through",
        "0 form_submit #f; 500 network #/f status=500; 2000 form_submit #f; 4000 form_submit #f; 90000 form_submit #f; 90100 network #/g status=201",
        "later_success",
    ),
    (
        "a payment that is completed",
        "0..1200/300 click #pay @/checkout; 1300 error; 60000 navigation @/thank-you",
        "later_success",
    ),
    (
        "a button that works later",
        "0..1200/300 click #a; 1300 error; 60000 click #a mutated=true",
        "later_success",
    ),
    (
        "signals in two windows",
        "0..1500/500 click #a; 1600 network status=500; 40000..41500/500 click #b; 41600 network status=500",
        "lone_signal",
    ),
];

#[test]
fn each_frustration_is_one_incident() {
    for (name, timeline, signals, sort, place) in ONE {
        let incident = incident(timeline);
        assert_eq!(incident.triggering_signals, *signals, "{name}");
        assert_eq!((incident.kind, incident.primary_failure_point.as_str()), (*sort, *place), "{name}");
        assert!(
            (1..=100).contains(&incident.frustration_score) && incident.confidence_score <= 100,
            "{name}"
        );
        assert_eq!(incident.explanation.matches(". ").count(), 3, "{name}: {}", incident.explanation);
    }
}

#[test]
fn what_does_not_qualify_is_none_and_counted() {
    for (name, timeline, reason) in NONE {
        let judgement = judged(timeline);
        assert!(judgement.incidents.is_empty(), "{name}: {judgement:#?}");
        assert!(judgement.discarded.contains_key(reason), "{name}: {:?}", judgement.discarded);
    }
}

#[test]
fn feedback_counts_within_ten_seconds() {
    let qualified = |timeline: &str| judged(timeline).signals.iter().any(|signal| signal.kind == Rage);
    assert!(qualified("0..1500/500 click #a; 11500 error"));
    assert!(!qualified("0..1500/500 click #a; 11501 error"));
    assert!(qualified("0 error; 10000..11500/500 click #a"));
    assert!(!qualified("0 error; 10001..11501/500 click #a"));
    assert!(!qualified("0..1500/500 click #a; 1600 error @/elsewhere"));
}

#[test]
fn an_incident_of_two_windows_in_one_place_is_one() {
    let judgement = judged("0..1200/300 click #a; 1300 error; 100000..101200/300 click #a; 101300 error");
    assert_eq!((judgement.incidents.len(), judgement.discarded.get("same_failure_point")), (1, Some(&1)));
}

#[test]
fn two_places_are_two_incidents() {
    let judgement = judged("0..1200/300 click #a; 1300 error; 100000..101200/300 click #b; 101300 error");
    assert_eq!(judgement.incidents.len(), 2);
}

#[test]
fn where_money_is_concerned_it_is_more_severe() {
    let elsewhere = incident("0..1200/300 click #a; 1300 error");
    let checkout =
        incident("0..1200/300 click #a @/payment; 1300 error; 9000 navigation external=true @/out");
    assert_eq!(elsewhere.frustration_score, 10 * 2 + 11 + 10);
    assert_eq!((elsewhere.severity_type, checkout.severity_type), (Severity::Medium, Severity::High));
}

#[test]
fn a_duplicate_is_the_same_place_within_five_minutes() {
    let first = incident("0..1200/300 click #a; 1300 error");
    let other = |timestamp: &str| Incident {
        incident_id: "other".to_owned(),
        timestamp: timestamp.to_owned(),
        ..first.clone()
    };
    assert!(first.is_duplicate_of(&first));
    assert!(first.is_duplicate_of(&other("2026-11-21T08:05:00Z")));
    assert!(!first.is_duplicate_of(&other("2026-11-21T08:05:00.001Z")));
}

#[test]
fn incidents_of_other_visits_are_one_issue() {
    let rules = issue::finish::Rules::default();
    let one = incident("0..1200/300 click #a; 1300 error");
    let two = Incident { session_id: "s2".to_owned(), incident_id: "x".to_owned(), ..one.clone() };
    let other = incident("0..1200/300 click #b; 1300 error");
    assert_eq!(one.report(&rules).fingerprint, two.report(&rules).fingerprint);
    assert_ne!(one.report(&rules).fingerprint, other.report(&rules).fingerprint);
}

#[test]
fn a_strong_signal_is_told_within_ten_seconds_while_the_visit_goes_on() {
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let mut told = None;
    for event in events("0..1200/300 click #a; 1300 error; 2000..60000/1000 scroll") {
        engine.push(&event);
        let effects = engine.advance(event.received, |_| &rules);
        if effects.iter().any(|effect| matches!(effect, Effect::Incident(_))) {
            told.get_or_insert(event.received - START);
        }
    }
    let told = told.expect("told before the end");
    assert!((1200..=11_200).contains(&told), "{told}");
}

#[test]
fn an_incident_that_turns_out_to_be_none_is_withdrawn() {
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let mut seen = Vec::new();
    for event in events("0..1200/300 click #a; 1300 error; 20000 scroll; 30000 click #a mutated=true") {
        engine.push(&event);
        seen.extend(engine.advance(event.received, |_| &rules));
    }
    seen.extend(engine.advance(START + 3_600_000, |_| &rules));
    let [Effect::Incident(incident), Effect::Withdrawn { id, .. }, Effect::Completed(_)] = seen.as_slice()
    else {
        panic!("{seen:#?}")
    };
    assert_eq!(*id, incident.incident_id);
}

#[test]
fn late_events_change_the_judgement_once() {
    let (mut engine, rules) = (Engine::default(), Rules::default());
    let all = events("0..1500/500 click #a; 1600 click #b; 1200000..1202000/100 scroll");
    let (visit, late) = all.split_at(5);
    push(&mut engine, visit);
    let at = |minutes: i64| START + minutes * 60_000;
    assert_eq!(engine.advance(at(16), |_| &rules).len(), 1);
    let mut error = events("1700 error").remove(0);
    error.received = at(20);
    engine.push(&error);
    push(&mut engine, late);
    assert!(engine.advance(at(60), |_| &rules).is_empty());
    let effects = engine.advance(at(100), |_| &rules);
    assert!(matches!(effects.as_slice(), [Effect::Incident(_), Effect::Closed(_)]), "{effects:#?}");
}

#[test]
fn a_replay_shows_what_other_thresholds_change() {
    let session = session(&events("0..1200/300 click #a; 1300 error"));
    let strict = Settings {
        thresholds: [("rage.clicks", 9), ("rage.strong.clicks", 9), ("rage.weak.clicks", 9)]
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..Settings::default()
    };
    let now = frustration::evaluate(&session, &Rules::default(), true);
    let then = frustration::evaluate(&session, &Rules::new(&strict).unwrap(), true);
    let difference = now.difference(&then);
    assert_eq!((difference.gone.len(), difference.new.len(), difference.changed.len()), (1, 0, 0));
    assert!(now.difference(&now).gone.is_empty());
}

#[test]
fn levels_begin_at_fifty_and_eighty() {
    let levels = [49, 50, 79, 80].map(Level::of);
    assert_eq!(levels, [Level::Low, Level::Medium, Level::Medium, Level::High]);
}
