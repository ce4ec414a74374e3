//! The fault suite in its short form: a minute in which everything dies at random, single faults that a minute may miss, and
//! two outages. `cargo xtest faults` is the long form.

use std::{
    path::PathBuf,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use tests::{
    faults::{
        Plan,
        outage::{self, Away},
        proxy::Network,
        run,
        schedule::{Fault, Planned, Who},
        store::Kind,
    },
    programs::binary,
};

static MACHINE: RwLock<()> = RwLock::new(());

/// Runs that look at times need the machine for themselves.
fn alone() -> RwLockWriteGuard<'static, ()> {
    MACHINE.write().unwrap_or_else(PoisonError::into_inner)
}

/// The others do not mind each other.
fn together() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}

fn programs() -> PathBuf {
    binary("issuetracker-sidecar").parent().expect("a folder of programs").to_owned()
}

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_whatever_dies() {
    let _together = together();
    let plan = Plan::random(5, Duration::from_secs(45), Kind::Sqlite, programs());
    for planned in &plan.faults {
        eprintln!("{planned}");
    }
    let outcome = run(&plan).expect("the run comes to its end");
    eprintln!("{outcome}");
    assert!(outcome.wrong.is_empty(), "{outcome}");
    assert!(outcome.compared.acknowledged > 1_000, "too little was sent to tell: {outcome}");
}

fn check(faults: &[(u64, u64, Fault)], load: Duration, store: Kind) {
    let _together = together();
    let planned = |&(at, lasts, fault): &(u64, u64, Fault)| Planned {
        at: Duration::from_millis(at),
        lasts: Duration::from_millis(lasts),
        fault,
    };
    let faults = faults.iter().map(planned).collect();
    let plan = Plan { seed: 5, load, slow: 1, faults, programs: programs(), store };
    let outcome = run(&plan).expect("the run comes to its end");
    eprintln!("{outcome}");
    assert!(outcome.wrong.is_empty(), "{outcome}");
}

/// librdkafka's waits would end two hours later: only a new client, made while the brokers are away, finds them again.
#[test]
fn clocks_that_are_set_back_while_no_broker_answers_hold_up_nothing() {
    let faults = [
        (2_000, 5_000, Fault::KillKafka),
        (4_000, 0, Fault::ClockForGood(Who::Sidecar(0), -7200)),
        (4_100, 0, Fault::ClockForGood(Who::Sidecar(1), -7200)),
        (4_200, 0, Fault::ClockForGood(Who::Consumer, -7200)),
    ];
    check(&faults, Duration::from_secs(10), Kind::Sqlite);
}

/// From Kafka to the emulator, with commits that happen and are not answered, and a service that dies between them.
#[test]
fn a_service_killed_in_the_middle_of_writes_to_firestore_leaves_counts_exact() {
    let faults = [
        (2_500, 100, Fault::KillConsumer),
        (3_500, 60, Fault::StoreNetwork(Network::Cut)),
        (4_300, 100, Fault::KillConsumer),
        (5_300, 100, Fault::StoreNetwork(Network::Cut)),
        (5_500, 100, Fault::KillConsumer),
        (6_700, 40, Fault::StoreNetwork(Network::Cut)),
    ];
    check(&faults, Duration::from_secs(8), Kind::Firestore);
}

/// Absolute times depend on what else the machine does, so here one stretch of the run is held against another.
fn check_outage(away: Away) {
    let _alone = alone();
    let seen = outage::run(away, Duration::from_secs(10), 5, Kind::Sqlite, &programs())
        .expect("the run comes to its end");
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
