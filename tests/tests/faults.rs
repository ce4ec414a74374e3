//! The fault suite in its short form: a minute in which everything dies at random, and two outages. `cargo xtest faults`
//! is the long form.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tests::{
    faults::{
        Plan,
        outage::{self, Away},
        run,
    },
    programs::binary,
};

/// The runs need the machine for themselves.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn programs() -> PathBuf {
    binary("issuetracker-sidecar").parent().expect("a folder of programs").to_owned()
}

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_whatever_dies() {
    let _alone = alone();
    let plan = Plan::random(5, Duration::from_secs(45), programs());
    for planned in &plan.faults {
        eprintln!("{planned}");
    }
    let outcome = run(&plan).expect("the run comes to its end");
    eprintln!("{outcome}");
    assert!(outcome.wrong.is_empty(), "{outcome}");
    assert!(outcome.compared.acknowledged > 1_000, "too little was sent to tell: {outcome}");
}

/// Absolute times depend on what else the machine does, so here one stretch of the run is held against another.
fn check_outage(away: Away) {
    let _alone = alone();
    let seen = outage::run(away, Duration::from_secs(12), 5, &programs()).expect("the run comes to its end");
    eprintln!("{seen}");
    assert!(seen.outcome.wrong.is_empty(), "{seen}");
    assert_eq!(seen.during.refused, 0, "{seen}");
    assert!(seen.offsets_stood, "{seen}");
    let bound = f64::max(10.0, 4.0 * seen.before.p99);
    assert!(seen.during.p99 < bound, "reporters notice that {away:?} is away: {seen}");
}

#[test]
fn kafka_away_under_load_is_not_noticed_and_everything_arrives() {
    check_outage(Away::Kafka);
}

#[test]
fn store_away_under_load_moves_no_offset_and_everything_arrives() {
    check_outage(Away::Store);
}
