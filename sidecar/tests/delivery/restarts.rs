//! Kill it, start it again: counts stay exact.

use std::time::Duration;

use crate::{
    broker::Fate,
    world::{World, submission},
};
use issue::record::Via;

#[tokio::test]
async fn what_was_answered_survives_a_kill_and_is_sent_once() {
    let mut world = World::stopped();
    world.broker.otherwise(Fate::Silent);
    world.start().await;
    for kind in 0..20 {
        world.report(kind).await.expect("room");
        world.report(kind).await.expect("room");
    }
    world.restart().await;
    world.balanced();
    assert_eq!(world.sidecar().status().read().ledger.spooled, 40);
    world.broker.otherwise(Fate::Acked);
    world.restart().await;
    world.sidecar().settle().await;
    assert_eq!(world.broker.total(), 40);
    assert!(world.broker.counts().values().all(|&count| count == 2));
    world.balanced();
}

#[tokio::test]
async fn sealed_and_unacknowledged_records_are_resent_byte_for_byte_in_order() {
    let mut world = World::stopped();
    world.broker.otherwise(Fate::Silent);
    world.start().await;
    for kind in 0..10 {
        world.report(kind).await.expect("room");
    }
    world.until("sent", |world| world.broker.log().len() == 10).await;
    world.restart().await;
    world.until("sent again", |world| world.broker.log().len() == 20).await;
    let log = world.broker.log();
    let (first, second) = log.split_at(10);
    assert!(first.iter().map(|(_, record)| record).eq(second.iter().map(|(_, record)| record)));
}

#[tokio::test]
async fn kills_in_the_middle_of_publishing_and_failing_deliveries_leave_counts_exact() {
    let mut world = World::new().await;
    let mut answered = 0;
    for round in 0..15_u32 {
        let fates = [Fate::Acked, Fate::LandedButFailed, Fate::Silent, Fate::Failed, Fate::Acked];
        world.broker.script((0..7).map(|n| fates[((round * 3 + n) % 5) as usize]));
        let acceptor = world.sidecar().acceptor();
        let senders: Vec<_> = (0..8)
            .map(|sender| {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut told = 0_u64;
                    for n in 0..20 {
                        let job =
                            vec![submission(sender * 100 + n % 7, Via::Http), submission(n % 3, Via::Http)];
                        told += acceptor.accept(job, None).await.map_or(0, |receipts| receipts.len() as u64);
                    }
                    told
                })
            })
            .collect();
        if round % 3 == 2 {
            // The plug is pulled while hand-overs wait: those are told nothing, and may count or not.
            world.until("some are in", |world| world.sidecar().status().read().ledger.spooled > 5).await;
            world.kill();
        }
        for sender in senders {
            answered += sender.await.expect("a sender");
        }
        world.restart().await;
    }
    world.sidecar().settle().await;
    world.balanced();
    let ledger = world.sidecar().status().read().ledger;
    assert_eq!(ledger.spooled, 0);
    assert_eq!(world.broker.total(), ledger.accepted + ledger.recovered, "{ledger:?}");
    assert_eq!(world.broker.total(), ledger.published);
    assert!(world.broker.total() >= answered, "{} of {answered} arrived", world.broker.total());
}

#[tokio::test(start_paused = true)]
async fn a_stop_sends_what_it_can_within_the_grace_and_keeps_the_rest() {
    let mut world = World::stopped();
    world.broker.reachable(false);
    world.start().await;
    for kind in 0..10 {
        world.report(kind).await.expect("room");
        world.report(kind).await.expect("room");
    }
    world.stop(Duration::from_secs(5)).await;
    assert_eq!(world.broker.total(), 0);
    world.broker.reachable(true);
    world.start().await;
    world.stop(Duration::from_secs(5)).await;
    assert_eq!(world.broker.total(), 20);
    world.start().await;
    assert_eq!(world.sidecar().status().read().ledger.spooled, 0);
    world.balanced();
}

#[tokio::test]
async fn a_second_process_on_the_same_spool_is_refused() {
    let world = World::new().await;
    let second = sidecar::start(world.settings.clone(), world.broker.publisher()).await;
    let error = second.expect_err("refused");
    assert!(error.to_string().contains("in use by another process"), "{error}");
}
