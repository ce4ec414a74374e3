//! From the spool to the other side.

use std::time::Duration;

use issue::record::Via;
use sidecar::{accept::AcceptError, status::Link};

use crate::{broker::Fate, world::World};

/// Numbers over one connection, in the order in which they landed.
fn connections(world: &World) -> Vec<Vec<u64>> {
    let mut found: Vec<(u32, Vec<u64>)> = Vec::new();
    for (connection, record) in world.broker.log() {
        match found.last_mut() {
            Some((last, numbers)) if *last == connection => numbers.push(record.seq),
            _ => found.push((connection, vec![record.seq])),
        }
    }
    found.into_iter().map(|(_, numbers)| numbers).collect()
}

#[tokio::test]
async fn a_first_report_is_sent_at_once_and_counted_as_published() {
    let world = World::new().await;
    let receipt = world.report(1).await.expect("room").remove(0);
    assert!(receipt.new);
    world.until("published", |world| world.sidecar().status().read().ledger.published == 1).await;
    let records = world.broker.read();
    assert_eq!(records[0].issue_id, receipt.issue_id);
    assert_eq!(records[0].source.place.pod, None, "a place is the sender's");
    assert_eq!(world.sidecar().status().read().publisher, Link::Up);
    world.balanced();
}

#[tokio::test(start_paused = true)]
async fn after_any_failed_delivery_all_that_is_unacknowledged_is_sent_again_in_order() {
    for fate in [Fate::Failed, Fate::LandedButFailed] {
        let world = World::new().await;
        world.broker.script([Fate::Acked, Fate::Acked, Fate::Silent, fate]);
        for kind in 0..20 {
            world.report(kind).await.expect("room");
        }
        world.until("all published", |world| world.sidecar().status().read().ledger.published == 20).await;
        let connections = connections(&world);
        assert!(connections.iter().all(|numbers| numbers.is_sorted()), "{connections:?}");
        // The silent one was the lowest that was not acknowledged.
        let third = connections[0][2];
        assert_eq!(connections[1][0], third, "{connections:?}");
        assert_eq!(world.broker.total(), 20);
        world.balanced();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_told_and_forgotten_once_it_goes_right() {
    let world = World::new().await;
    world.broker.reachable(false);
    world.broker.break_connection();
    world.until("told", |world| world.sidecar().status().read().publisher == Link::Down).await;
    assert!(world.sidecar().status().read().last_error.is_some());
    world.broker.reachable(true);
    world.report(1).await.expect("room");
    world.until("up", |world| world.sidecar().status().read().publisher == Link::Up).await;
    assert_eq!(world.sidecar().status().read().last_error, None);
}

#[tokio::test(start_paused = true)]
async fn with_the_other_side_away_reports_are_answered_and_all_arrive_after_it_returns() {
    let mut world = World::stopped();
    world.broker.reachable(false);
    world.start().await;
    for kind in 0..50 {
        for _ in 0..3 {
            world.report(kind).await.expect("room");
        }
    }
    assert_eq!(world.broker.total(), 0);
    assert_eq!(world.sidecar().status().read().ledger.spooled, 150);
    tokio::time::advance(Duration::from_secs(600)).await;
    world.broker.reachable(true);
    world.until("all published", |world| world.sidecar().status().read().ledger.published == 150).await;
    assert_eq!(world.broker.total(), 150);
    assert!(world.broker.log().len() <= 100, "{} records for 50 kinds", world.broker.log().len());
    world.balanced();
}

#[tokio::test(start_paused = true)]
async fn sealing_is_late_while_the_publisher_is_behind() {
    let world = World::new().await;
    world.broker.otherwise(Fate::Silent);
    world.report(1).await.expect("room");
    world.until("sent", |world| world.broker.log().len() == 1).await;
    for _ in 0..20 {
        tokio::time::advance(Duration::from_secs(11)).await;
        world.report(1).await.expect("room");
    }
    assert_eq!(world.broker.log().len(), 1, "a record was sealed for each window");
    world.broker.otherwise(Fate::Acked);
    world.broker.break_connection();
    world.until("all published", |world| world.sidecar().status().read().ledger.published == 21).await;
    assert_eq!(world.broker.total(), 21);
}

#[tokio::test(start_paused = true)]
async fn silence_is_told_as_down() {
    let world = World::new().await;
    world.report(1).await.expect("room");
    world.until("up", |world| world.sidecar().status().read().publisher == Link::Up).await;
    world.broker.otherwise(Fate::Silent);
    world.report(2).await.expect("room");
    tokio::time::advance(Duration::from_secs(20)).await;
    world.until("down", |world| world.sidecar().status().read().publisher == Link::Down).await;
}

#[tokio::test(start_paused = true)]
async fn when_the_partition_count_changes_new_records_have_a_new_source() {
    let world = World::new().await;
    world.report(1).await.expect("room");
    world.until("published", |world| world.broker.total() == 1).await;
    world.broker.partitions(12);
    tokio::time::advance(Duration::from_secs(301)).await;
    // The count is asked for in the background: reports of one kind after another show when it is in force.
    let mut kind = 2;
    while !world.broker.read().iter().any(|record| record.source.id.partitions == 12) {
        world.report(kind).await.expect("room");
        kind += 1;
        assert!(kind < 10_000, "the new count never came into force");
    }
    let records = world.broker.read();
    assert_eq!(records[0].source.id.partitions, 6);
    assert!(records.iter().all(|record| record.source.id.spool == records[0].source.id.spool));
    assert!(records.is_sorted_by_key(|record| record.source.seq));
}

#[tokio::test(start_paused = true)]
async fn pairs_are_counted_once_and_told_in_the_ledger() {
    let world = World::new().await;
    for via in [Via::Stderr, Via::Sentry] {
        world.report_by(1, via).await.expect("room");
    }
    tokio::time::advance(Duration::from_secs(11)).await;
    world.until("paired", |world| world.sidecar().status().read().ledger.paired == 1).await;
    world.until("published", |world| world.sidecar().status().read().ledger.published == 1).await;
    assert_eq!(world.broker.total(), 1);
    world.balanced();
}

#[tokio::test(start_paused = true)]
async fn the_ledger_is_sent_every_30_seconds_when_it_changed_and_at_the_end() {
    let mut world = World::new().await;
    world.report(1).await.expect("room");
    world.until("published", |world| world.broker.total() == 1).await;
    tokio::time::advance(Duration::from_secs(31)).await;
    world.until("a ledger", |world| world.broker.ledgers().len() == 1).await;
    tokio::time::advance(Duration::from_secs(300)).await;
    world.report(1).await.expect("room");
    tokio::time::advance(Duration::from_secs(31)).await;
    world.until("another", |world| world.broker.ledgers().len() >= 2).await;
    world.report(2).await.expect("room");
    world.stop(Duration::from_secs(60)).await;
    let ledgers = world.broker.ledgers();
    assert!(ledgers.len() <= 4, "{} ledgers", ledgers.len());
    let last = ledgers.last().expect("a ledger");
    assert_eq!((last.accepted, last.published, last.spooled), (3, 3, 0));
    assert!(ledgers.iter().all(sidecar::ledger::balanced));
}

#[tokio::test(start_paused = true)]
async fn a_full_spool_is_refused_and_recovers_and_nothing_accepted_is_dropped() {
    let mut world = World::stopped();
    world.settings.spool_limit = 256 * 1024;
    world.broker.otherwise(Fate::Silent);
    world.start().await;
    let mut accepted = 0;
    while world.report(accepted).await.is_ok() {
        accepted += 1;
    }
    assert_eq!(world.report(accepted).await, Err(AcceptError::Full));
    assert!(accepted > 50, "{accepted} fitted");
    let snapshot = world.sidecar().status().read();
    assert!(snapshot.spool_bytes <= snapshot.spool_limit);
    world.broker.otherwise(Fate::Acked);
    world.broker.break_connection();
    world.until("all published", |world| world.broker.total() == u64::from(accepted)).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    let mut again = world.report(accepted).await;
    for _ in 0..1000 {
        if again.is_ok() {
            break;
        }
        tokio::time::advance(Duration::from_millis(100)).await;
        again = world.report(accepted).await;
    }
    assert!(again.is_ok(), "{again:?}");
    world.balanced();
}

#[tokio::test]
async fn a_stopped_sidecar_takes_nothing() {
    let mut world = World::new().await;
    let acceptor = world.sidecar().acceptor();
    world.stop(Duration::from_secs(10)).await;
    let refused = acceptor.accept(Vec::new(), None).await;
    assert_eq!(refused, Err(AcceptError::Stopping));
}
