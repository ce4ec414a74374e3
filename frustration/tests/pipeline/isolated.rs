//! Each row of the table of thresholds alone, just inside and just outside: where rows hide one another out of the box, those
//! in the way are moved.

use std::collections::BTreeSet;

use frustration::{
    detect::{
        Kind::{self, *},
        Strength::{self, *},
    },
    rules::{Rules, Sensitivity, Settings},
};

use crate::scenario::{judged, signals};

/// A timeline and the strengths of the signals that have to be found.
type Side = (&'static str, &'static [Strength]);

/// The row, rows that are moved, the kind of signal, just inside, just outside.
type Row = (&'static str, &'static [(&'static str, u32)], Kind, Side, Side);

const ONLY_RAGE: &[(&str, u32)] = &[("rage.strong.clicks", 0), ("rage.weak.clicks", 0)];
const ONLY_FAST: &[(&str, u32)] = &[("form_loop.slow.submits", 50), ("form_loop.strong.submits", 0)];
const ONLY_SLOW: &[(&str, u32)] = &[("form_loop.fast.submits", 50), ("form_loop.strong.submits", 0)];

const ROWS: &[Row] = &[
    ("rage.clicks", ONLY_RAGE, Rage, ("0..1500/500 click #a", &[Normal]), ("0..1000/500 click #a", &[])),
    (
        "rage.window_ms",
        &[("rage.gap_ms", 1500), ("rage.strong.clicks", 0), ("rage.weak.clicks", 0)],
        Rage,
        ("0..3000/1000 click #a", &[Normal]),
        ("0..2000/1000 click #a; 3001 click #a", &[]),
    ),
    (
        "rage.gap_ms",
        ONLY_RAGE,
        Rage,
        ("0..1500/500 click #a", &[Normal]),
        ("0..1000/500 click #a; 1501 click #a", &[]),
    ),
    (
        "rage.strong.clicks",
        &[],
        Rage,
        ("0..1200/300 click #a", &[Strong]),
        ("0..900/300 click #a", &[Normal]),
    ),
    (
        "rage.strong.window_ms",
        &[("rage.strong.gap_ms", 1000)],
        Rage,
        ("0..2000/500 click #a", &[Strong]),
        ("0..1500/500 click #a; 2001 click #a", &[Normal]),
    ),
    (
        "rage.strong.gap_ms",
        &[],
        Rage,
        ("0..1200/300 click #a", &[Strong]),
        ("0..1204/301 click #a", &[Normal]),
    ),
    ("rage.weak.clicks", &[], Rage, ("0..1600/800 click #a", &[Weak]), ("0..800/800 click #a", &[])),
    (
        "rage.weak.window_ms",
        &[("rage.weak.gap_ms", 5000)],
        Rage,
        ("0..5000/2500 click #a", &[Weak]),
        ("0..2500/2500 click #a; 5001 click #a", &[]),
    ),
    ("rage.weak.gap_ms", &[], Rage, ("0..1600/800 click #a", &[Weak]), ("0..1602/801 click #a", &[])),
    (
        "blocked.rejection_ms",
        &[],
        Blocked,
        ("0 form_submit #f; 30000 error; 31000 form_submit #f; 32000 form_submit #f", &[Normal]),
        ("0 form_submit #f; 30001 error; 31000 form_submit #f; 32000 form_submit #f", &[]),
    ),
    (
        "blocked.retries",
        &[],
        Blocked,
        ("0 form_submit #f; 500 error; 2000 form_submit #f; 4000 form_submit #f", &[Normal]),
        ("0 form_submit #f; 500 error; 2000 form_submit #f", &[]),
    ),
    (
        "blocked.window_ms",
        &[],
        Blocked,
        ("0 form_submit #f; 500 error; 25600 form_submit #f; 30500 form_submit #f", &[Normal]),
        ("0 form_submit #f; 500 error; 25601 form_submit #f; 30501 form_submit #f", &[]),
    ),
    (
        "blocked.gap_ms",
        &[],
        Blocked,
        ("0 form_submit #f; 500 error; 2000 form_submit #f; 7000 form_submit #f", &[Normal]),
        ("0 form_submit #f; 500 error; 2000 form_submit #f; 7001 form_submit #f", &[]),
    ),
    (
        "blocked.strong.retries",
        &[],
        Blocked,
        ("0 form_submit #f; 500 error; 1000..4000/1000 form_submit #f", &[Strong]),
        ("0 form_submit #f; 500 error; 1000..3000/1000 form_submit #f", &[Normal]),
    ),
    (
        "abandonment.friction_ms",
        &[],
        Abandonment,
        ("0 navigation @/checkout; 60000 error", &[Strong]),
        ("0 navigation @/checkout; 60001 error", &[]),
    ),
    (
        "abandonment.slow_ms",
        &[],
        Abandonment,
        ("0 navigation @/cart; 500 performance duration=3001", &[Normal]),
        ("0 navigation @/cart; 500 performance duration=3000", &[]),
    ),
    (
        "confusion.oscillations",
        &[],
        Confusion,
        (
            "0 navigation @/a; 1 navigation @/b; 2 navigation @/a; 3 navigation @/b; 4 navigation @/a; 5 navigation @/b",
            &[Normal],
        ),
        ("0 navigation @/a; 1 navigation @/b; 2 navigation @/a; 3 navigation @/b; 4 navigation @/a", &[]),
    ),
    (
        "confusion.window_ms",
        &[],
        Confusion,
        (
            "0 navigation @/a; 1000 navigation @/b; 2000 navigation @/a; 3000 navigation @/b; 4000 navigation @/a; \
             61000 navigation @/b",
            &[Normal],
        ),
        (
            "0 navigation @/a; 1000 navigation @/b; 2000 navigation @/a; 3000 navigation @/b; 4000 navigation @/a; \
             61001 navigation @/b",
            &[],
        ),
    ),
    (
        "confusion.strong.oscillations",
        &[],
        Confusion,
        (
            "0 navigation @/a; 1 navigation @/b; 2 navigation @/a; 3 navigation @/b; 4 navigation @/a; \
             5 navigation @/b; 6 navigation @/a; 7 navigation @/b",
            &[Strong],
        ),
        (
            "0 navigation @/a; 1 navigation @/b; 2 navigation @/a; 3 navigation @/b; 4 navigation @/a; \
             5 navigation @/b; 6 navigation @/a",
            &[Normal],
        ),
    ),
    ("confusion.scrolls", &[], Confusion, ("0..28000/2000 scroll", &[Normal]), ("0..26000/2000 scroll", &[])),
    (
        "confusion.scroll_window_ms",
        &[],
        Confusion,
        ("0..26000/2000 scroll; 29999 scroll", &[Normal]),
        ("0..26000/2000 scroll; 30000 scroll", &[]),
    ),
    (
        "form_loop.fast.submits",
        ONLY_FAST,
        FormLoop,
        ("0..6000/2000 form_submit #f", &[Normal]),
        ("0..4000/2000 form_submit #f", &[]),
    ),
    (
        "form_loop.fast.window_ms",
        &[("form_loop.fast.gap_ms", 5000), ("form_loop.slow.submits", 50), ("form_loop.strong.submits", 0)],
        FormLoop,
        ("0..6000/3000 form_submit #f; 10000 form_submit #f", &[Normal]),
        ("0..6000/3000 form_submit #f; 10001 form_submit #f", &[]),
    ),
    (
        "form_loop.fast.gap_ms",
        ONLY_FAST,
        FormLoop,
        ("0..6000/2000 form_submit #f", &[Normal]),
        ("0..6003/2001 form_submit #f", &[]),
    ),
    (
        "form_loop.slow.submits",
        ONLY_SLOW,
        FormLoop,
        ("0..10000/5000 form_submit #f", &[Normal]),
        ("0..5000/5000 form_submit #f", &[]),
    ),
    (
        "form_loop.slow.window_ms",
        &[("form_loop.slow.gap_ms", 20_000), ("form_loop.fast.submits", 50), ("form_loop.strong.submits", 0)],
        FormLoop,
        ("0..30000/15000 form_submit #f", &[Normal]),
        ("0..15000/15000 form_submit #f; 30001 form_submit #f", &[]),
    ),
    (
        "form_loop.slow.gap_ms",
        ONLY_SLOW,
        FormLoop,
        ("0..10000/5000 form_submit #f", &[Normal]),
        ("0..10002/5001 form_submit #f", &[]),
    ),
    (
        "form_loop.strong.submits",
        &[],
        FormLoop,
        ("0..10000/2000 form_submit #f", &[Strong]),
        ("0..8000/2000 form_submit #f", &[Normal]),
    ),
    (
        "rage_bait.clicks",
        &[],
        RageBait,
        ("0..5000/2500 click #a cursor=pointer isDeceptive=true", &[Normal]),
        ("0..2500/2500 click #a cursor=pointer isDeceptive=true", &[]),
    ),
    (
        "rage_bait.window_ms",
        &[],
        RageBait,
        ("0..5000/2500 click #a cursor=pointer isDeceptive=true", &[Normal]),
        ("0..5002/2501 click #a cursor=pointer isDeceptive=true", &[]),
    ),
    (
        "rage_bait.traits",
        &[],
        RageBait,
        ("0..2000/1000 click #a cursor=pointer isDeceptive=true", &[Normal]),
        ("0..2000/1000 click #a cursor=pointer", &[]),
    ),
    (
        "rage_bait.strong.clicks",
        &[],
        RageBait,
        ("0..4000/1000 click #a cursor=pointer isDeceptive=true", &[Strong]),
        ("0..3000/1000 click #a cursor=pointer isDeceptive=true", &[Normal]),
    ),
    (
        "dead_click.wait_ms",
        &[],
        DeadClick,
        ("0 click #a mutated=false; 2501 network status=200", &[Normal]),
        ("0 click #a mutated=false; 2500 network status=200", &[]),
    ),
    (
        "error_click.wait_ms",
        &[],
        ErrorClick,
        ("0 click #a; 1000 error", &[Normal]),
        ("0 click #a; 1001 error", &[]),
    ),
    (
        "thrashed_cursor.changes",
        &[],
        ThrashedCursor,
        ("0 cursor directionChanges=4; 2000 cursor directionChanges=4", &[Normal]),
        ("0 cursor directionChanges=4; 2000 cursor directionChanges=3", &[]),
    ),
    (
        "thrashed_cursor.window_ms",
        &[],
        ThrashedCursor,
        ("0 cursor directionChanges=4; 2000 cursor directionChanges=4", &[Normal]),
        ("0 cursor directionChanges=4; 2001 cursor directionChanges=4", &[]),
    ),
];

/// Rows that decide what becomes of signals: `alarms.rs` has the first, `incidents.rs` the second, the third is below.
const BEHIND: &[&str] = &["rage.double_click_ms", "qualify.feedback_ms", "correlate.window_ms"];

#[test]
fn every_row_alone_decides_at_its_edge() {
    let mut wrong = Vec::new();
    for (row, moved, kind, inside, outside) in ROWS {
        let thresholds = moved.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let settings = Settings { sensitivity: Sensitivity::Medium, thresholds, ..Settings::default() };
        let rules = Rules::new(&settings).expect("fine settings");
        for (side, (timeline, expected)) in [("inside", inside), ("outside", outside)] {
            let found: Vec<Strength> = signals(timeline, &rules)
                .into_iter()
                .filter(|signal| signal.kind == *kind)
                .map(|signal| signal.strength)
                .collect();
            if found != *expected {
                wrong.push(format!("{row}, {side}: {found:?}, not {expected:?}\n    {timeline}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_row_is_left_out() {
    let tested: BTreeSet<&str> = ROWS.iter().map(|(row, ..)| *row).chain(BEHIND.iter().copied()).collect();
    let there: BTreeSet<&str> = Rules::default().list("/").into_iter().map(|(name, ..)| name).collect();
    assert_eq!(tested, there);
}

#[test]
fn signals_within_thirty_seconds_are_one_incident_and_later_ones_are_alone() {
    let apart = |at: i64| {
        judged(&format!("0 click #a; 100 error; {at} click #b; {} error", at + 100)).incidents.len()
    };
    assert_eq!((apart(30_000), apart(30_001)), (1, 0));
}
