//! Each detector just inside and just outside each of its thresholds.

use std::collections::BTreeMap;

use frustration::{
    detect::{
        Kind::{self, *},
        Strength::{self, *},
    },
    rules::{RouteSettings, Rules, Sensitivity, Settings},
};

use crate::scenario::{found, signals};

/// What is looked at, of what kind, the timeline, and the strengths of the signals that have to be found.
type Case = (&'static str, Kind, &'static str, &'static [Strength]);

const RAGE: &[Case] = &[
    ("four clicks with gaps of 500 ms", Rage, "0..1500/500 click #a", &[Normal]),
    ("four clicks with gaps of 501 ms are weak", Rage, "0..1503/501 click #a", &[Weak]),
    ("three clicks are not four", Rage, "0..1000/500 click #a", &[Weak]),
    ("two clicks are none", Rage, "0..400/400 click #a", &[]),
    ("five clicks with gaps of 300 ms", Rage, "0..1200/300 click #a", &[Strong]),
    ("five clicks with gaps of 301 ms", Rage, "0..1204/301 click #a", &[Normal]),
    ("four quick clicks are not strong", Rage, "0..900/300 click #a", &[Normal]),
    ("three clicks with gaps of 800 ms", Rage, "0..1600/800 click #a", &[Weak]),
    ("three clicks with gaps of 801 ms", Rage, "0..1602/801 click #a", &[]),
    ("one of four gaps too long", Rage, "0 click #a; 500 click #a; 1001 click #a; 1501 click #a", &[Weak]),
    ("clicks on two targets", Rage, "0..800/400 click #a; 200..1000/400 click #b", &[Weak, Weak]),
    ("a success between", Rage, "0..400/400 click #a; 500 network status=200; 800..1200/400 click #a", &[]),
    (
        "a refusal between is none",
        Rage,
        "0..400/400 click #a; 500 network status=500; 800..1200/400 click #a",
        &[Normal],
    ),
    (
        "another route between",
        Rage,
        "0..400/400 click #a; 500 navigation @/b; 600 navigation @/page; 800..1200/400 click #a",
        &[],
    ),
    (
        "status 199 is no success",
        Rage,
        "0..400/400 click #a; 500 network status=199; 800..1200/400 click #a",
        &[Normal],
    ),
    ("status 299 is one", Rage, "0..400/400 click #a; 500 network status=299; 800..1200/400 click #a", &[]),
    (
        "two bursts are two signals",
        Rage,
        "0..1200/300 click #a; 60000..61200/300 click #a",
        &[Strong, Strong],
    ),
    ("one burst is one signal", Rage, "0..6000/300 click #a", &[Strong]),
    ("clicks that work are none", Rage, "0..1200/300 click #a mutated=true", &[]),
    (
        "a change followed by an error did not work",
        Rage,
        "0..1200/300 click #a mutated=true; 1000 error; 1250 error",
        &[Strong],
    ),
    (
        "targets without id are told apart by selector",
        Rage,
        "0..600/600 click $a; 300..900/600 click $b",
        &[],
    ),
    ("and else by type", Rage, "0..1500/500 click %button", &[Normal]),
];

const BLOCKED: &[Case] = &[
    (
        "two retries after a refusal",
        Blocked,
        "0 form_submit #f; 500 error; 2000 form_submit #f; 7000 form_submit #f",
        &[Normal],
    ),
    ("one retry", Blocked, "0 form_submit #f; 500 error; 2000 form_submit #f", &[]),
    (
        "a gap of 5001 ms",
        Blocked,
        "0 form_submit #f; 500 error; 2000 form_submit #f; 7001 form_submit #f",
        &[],
    ),
    (
        "refused after 30 s",
        Blocked,
        "0 form_submit #f; 30000 network status=400; 31000 form_submit #f; 32000 form_submit #f",
        &[Normal],
    ),
    (
        "refused after more",
        Blocked,
        "0 form_submit #f; 30001 network status=400; 31000 form_submit #f; 32000 form_submit #f",
        &[],
    ),
    (
        "the last retry 30 s after the refusal",
        Blocked,
        "0 form_submit #f; 500 error; 25600 form_submit #f; 30500 form_submit #f",
        &[Normal],
    ),
    (
        "the last retry later",
        Blocked,
        "0 form_submit #f; 500 error; 25601 form_submit #f; 30501 form_submit #f",
        &[],
    ),
    (
        "status 399 refuses nothing",
        Blocked,
        "0 form_submit #f; 500 network status=399; 2000 form_submit #f; 4000 form_submit #f",
        &[],
    ),
    (
        "a request that failed without a status",
        Blocked,
        "0 form_submit #f; 500 network error=\"refused\"; 2000 form_submit #f; 4000 form_submit #f",
        &[Normal],
    ),
    (
        "four retries are strong",
        Blocked,
        "0 form_submit #f; 500 error; 1000..4000/1000 form_submit #f",
        &[Strong],
    ),
    ("three are not", Blocked, "0 form_submit #f; 500 error; 1000..3000/1000 form_submit #f", &[Normal]),
    (
        "a button that is called submit",
        Blocked,
        "0 click #submit-order; 500 error; 2000 click #submit-order; 4000 click #submit-order",
        &[Normal],
    ),
    ("a button that is not", Blocked, "0 click #go; 500 error; 2000 click #go; 4000 click #go", &[]),
    (
        "retries of something else",
        Blocked,
        "0 form_submit #f; 500 error; 2000 form_submit #g; 4000 form_submit #h",
        &[],
    ),
];

const FORM_LOOP: &[Case] = &[
    ("four submits with gaps of 2 s", FormLoop, "0..6000/2000 form_submit #f", &[Normal]),
    ("three with gaps of 5 s", FormLoop, "0..10000/5000 form_submit #f", &[Normal]),
    ("three with gaps of 5001 ms", FormLoop, "0..10002/5001 form_submit #f", &[]),
    ("two", FormLoop, "0..1000/1000 form_submit #f", &[]),
    (
        "a success between",
        FormLoop,
        "0..1000/1000 form_submit #f; 1500 network status=201; 2000 form_submit #f",
        &[],
    ),
    ("six quick ones are strong", FormLoop, "0..10000/2000 form_submit #f", &[Strong]),
    ("five are not", FormLoop, "0..8000/2000 form_submit #f", &[Normal]),
    (
        "six in more than 10 s are not",
        FormLoop,
        "0..8000/2000 form_submit #f; 10001 form_submit #f",
        &[Normal],
    ),
];

const CONFUSION: &[Case] = &[
    (
        "four returns in 60 s",
        Confusion,
        "0 navigation @/a; 1000 navigation @/b; 2000 navigation @/a; 3000 navigation @/b; 4000 navigation @/a; 61000 navigation @/b",
        &[Normal],
    ),
    (
        "four returns in more",
        Confusion,
        "0 navigation @/a; 1000 navigation @/b; 2000 navigation @/a; 3000 navigation @/b; 4000 navigation @/a; 61001 navigation @/b",
        &[],
    ),
    (
        "three returns",
        Confusion,
        "0 navigation @/a; 1000 navigation @/b; 2000 navigation @/a; 3000 navigation @/b; 4000 navigation @/a",
        &[],
    ),
    (
        "six returns are strong",
        Confusion,
        "0 navigation @/a; 1 navigation @/b; 2 navigation @/a; 3 navigation @/b; 4 navigation @/a; 5 navigation @/b; 6 navigation @/a; 7 navigation @/b",
        &[Strong],
    ),
    (
        "a tour is no oscillation",
        Confusion,
        "0 navigation @/a; 1 navigation @/b; 2 navigation @/c; 3 navigation @/d; 4 navigation @/e; 5 navigation @/f; 6 navigation @/g",
        &[],
    ),
    ("fifteen scrolls in less than 30 s", Confusion, "0..28000/2000 scroll", &[Normal]),
    ("fourteen scrolls", Confusion, "0..26000/2000 scroll", &[]),
    ("fifteen scrolls in 29,999 ms", Confusion, "0..26000/2000 scroll; 29999 scroll", &[Normal]),
    ("fifteen scrolls in 30 s", Confusion, "0..26000/2000 scroll; 30000 scroll", &[]),
    ("progress between", Confusion, "0..14000/2000 scroll; 15000 click #a; 16000..28000/2000 scroll", &[]),
];

const ABANDONMENT: &[Case] = &[
    ("an error in a checkout", Abandonment, "0 navigation @/checkout; 60000 error", &[Strong]),
    ("an error after more than 60 s", Abandonment, "0 navigation @/checkout; 60001 error", &[]),
    ("a form that is refused", Abandonment, "0 form_submit #f; 500 network status=500", &[Normal]),
    ("neither form nor flow", Abandonment, "0 click #a; 500 network status=500", &[]),
    ("something slow", Abandonment, "0 navigation @/cart; 500 performance duration=3001", &[Normal]),
    ("something not too slow", Abandonment, "0 navigation @/cart; 500 performance duration=3000", &[]),
    (
        "completed by a route",
        Abandonment,
        "0 navigation @/checkout; 500 error; 9000 navigation @/order-complete",
        &[],
    ),
    (
        "completed by a request",
        Abandonment,
        "0 navigation @/checkout; 500 error; 9000 network #/api/confirm status=200",
        &[],
    ),
    (
        "completed by the same request",
        Abandonment,
        "0 navigation @/checkout; 500 network #/pay status=500; 9000 network #/pay status=200",
        &[],
    ),
    (
        "another request completes nothing",
        Abandonment,
        "0 navigation @/checkout; 500 network #/pay status=500; 9000 network #/ads status=200",
        &[Strong],
    ),
    (
        "left by a link to elsewhere",
        Abandonment,
        "0 navigation @/checkout; 500 error; 9000 click #ad external=true",
        &[],
    ),
    ("left by sharing", Abandonment, "0 navigation @/checkout; 500 error; 9000 navigation via=share", &[]),
    ("a word within a word", Abandonment, "0 navigation @/border; 500 error", &[]),
];

const OTHERS: &[Case] = &[
    (
        "three clicks on a bait",
        RageBait,
        "0..5000/2500 click #a cursor=pointer hasClickHandler=false",
        &[Normal],
    ),
    (
        "in more than 5 s",
        RageBait,
        "0..2500/2500 click #a cursor=pointer hasClickHandler=false; 5001 click #a cursor=pointer hasClickHandler=false",
        &[],
    ),
    ("two clicks", RageBait, "0..2500/2500 click #a cursor=pointer hasClickHandler=false", &[]),
    ("one trait", RageBait, "0..2000/1000 click #a cursor=pointer", &[]),
    ("traits one by one", RageBait, "0..2000/1000 click #a isDeceptive=true isDistracting=true", &[Normal]),
    (
        "five clicks are strong",
        RageBait,
        "0..4000/1000 click #a looksLikeButton=true isDeceptive=true",
        &[Strong],
    ),
    ("a dead click", DeadClick, "0 click #a mutated=false; 2501 network status=200", &[Normal]),
    ("answered in time", DeadClick, "0 click #a mutated=false; 2500 network status=200", &[]),
    ("the page changed", DeadClick, "0 click #a mutated=true", &[]),
    ("nobody looked", DeadClick, "0 click #a", &[]),
    ("dead clicks of 30 s are one signal", DeadClick, "0..30000/15000 click #a mutated=false", &[Normal]),
    (
        "and later ones another",
        DeadClick,
        "0 click #a mutated=false; 30001 click #a mutated=false",
        &[Normal, Normal],
    ),
    ("an error after a click", ErrorClick, "0 click #a; 1000 error", &[Normal]),
    ("an error later", ErrorClick, "0 click #a; 1001 error", &[]),
    ("a failed request is no error event", ErrorClick, "0 click #a; 500 network status=500", &[]),
    (
        "eight changes of direction",
        ThrashedCursor,
        "0 cursor directionChanges=4; 2000 cursor directionChanges=4",
        &[Normal],
    ),
    ("seven", ThrashedCursor, "0 cursor directionChanges=4; 2000 cursor directionChanges=3", &[]),
    (
        "eight in more than 2 s",
        ThrashedCursor,
        "0 cursor directionChanges=4; 2001 cursor directionChanges=4",
        &[],
    ),
];

#[test]
fn every_detector_keeps_to_its_thresholds() {
    let mut wrong = Vec::new();
    let tables = [RAGE, BLOCKED, FORM_LOOP, CONFUSION, ABANDONMENT, OTHERS];
    for (name, kind, timeline, expected) in tables.into_iter().flatten() {
        let found = found(timeline, *kind);
        if found != *expected {
            wrong.push(format!("{kind:?}, {name}: {found:?}, not {expected:?}\n    {timeline}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn settings(sensitivity: Sensitivity, thresholds: &[(&str, u32)]) -> Settings {
    let thresholds = thresholds.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    Settings { sensitivity, thresholds, ..Settings::default() }
}

fn rages(timeline: &str, settings: &Settings) -> Vec<Strength> {
    let found = signals(timeline, &Rules::new(settings).expect("fine settings"));
    found.into_iter().filter(|signal| signal.kind == Rage).map(|signal| signal.strength).collect()
}

#[test]
fn a_project_changes_single_thresholds() {
    let six = settings(
        Sensitivity::Medium,
        &[("rage.clicks", 6), ("rage.strong.clicks", 0), ("rage.weak.clicks", 0)],
    );
    assert_eq!(rages("0..1500/300 click #a", &six), [Normal]);
    assert_eq!(rages("0..1200/300 click #a", &six), []);
}

#[test]
fn sensitivity_scales_counts_and_times() {
    let low = settings(Sensitivity::Low, &[]);
    let high = settings(Sensitivity::High, &[]);
    // Low: 6 normal, 8 strong, 5 weak. High: 3 clicks with gaps of 625 ms.
    assert_eq!(rages("0..2500/500 click #a", &low), [Normal]);
    assert_eq!(rages("0..2000/500 click #a", &low), [Weak]);
    assert_eq!(rages("0..1250/625 click #a", &high), [Normal]);
    assert_eq!(rages("0..1252/626 click #a", &high), [Weak]);
}

#[test]
fn a_route_may_differ() {
    let mut project = settings(Sensitivity::Medium, &[]);
    let thresholds = BTreeMap::from([("rage.clicks".to_owned(), 3)]);
    project.routes = vec![RouteSettings { glob: "/checkout/**".to_owned(), sensitivity: None, thresholds }];
    assert_eq!(rages("0..1000/500 click #a @/checkout/pay", &project), [Normal]);
    assert_eq!(rages("0..1000/500 click #a @/home", &project), [Weak]);
}
