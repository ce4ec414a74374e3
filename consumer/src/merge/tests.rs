//! Merges on a real store, while records of the members come in.

use std::sync::Arc;

use issue::{document::Status, lifecycle::Changes, lifecycle::Event};
use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::{
    consume::tests::scripted::{Fault, Flaky, Running, Topic, issue_id, report},
    edit::edit,
};

fn by(name: &str) -> Cause {
    let at = Timestamp::from_second(1_790_000_000).expect("a time");
    Cause { id: Uuid::now_v7(), at, actor: name.to_owned() }
}

async fn consume(store: &Arc<Flaky>, records: impl IntoIterator<Item = Value>) {
    let topic = Topic::of(records);
    let running = Running::start(&topic, &store.as_store());
    topic.all_committed().await;
    assert!(running.stop().await.status().ledger.is_balanced());
}

async fn issue(store: &Arc<Flaky>, n: u64) -> Issue {
    load(&**store, issue_id(n), Vec::new()).await.expect("it loads").issue.expect("an issue")
}

async fn counts(store: &Arc<Flaky>) -> (u64, u64) {
    (issue(store, 1).await.count, issue(store, 2).await.count)
}

#[tokio::test]
async fn merged_issues_keep_seen_and_counts_per_member_and_unmerge_is_exact() {
    let store = Flaky::new();
    let all = || (1..9).map(|seq| report(seq % 2 + 1, seq, 10));
    consume(&store, all()).await;
    merge(&*store, issue_id(2), issue_id(1), &by("ada")).await.expect("merged");
    assert_eq!(counts(&store).await, (80, 40));
    // A replay changes nothing, and what is new of the member shows in the sum.
    consume(&store, all().chain((9..13).map(|seq| report(seq % 2 + 1, seq, 1)))).await;
    assert_eq!(counts(&store).await, (84, 42));
    assert_eq!(
        (issue(&store, 2).await.status, issue(&store, 1).await.hours.values().sum::<u64>()),
        (Status::Closed, 84)
    );
    unmerge(&*store, issue_id(2), &by("ada")).await.expect("taken apart");
    assert_eq!(counts(&store).await, (42, 42));
    assert_eq!(issue(&store, 2).await.status, Status::Open);
    consume(&store, all().chain((9..15).map(|seq| report(seq % 2 + 1, seq, 1)))).await;
    assert_eq!(counts(&store).await, (43, 43));
}

#[tokio::test]
async fn a_crash_between_the_two_documents_of_a_merge_is_made_up_for() {
    for unfinished in [Fault::Load, Fault::Write, Fault::AfterWrite, Fault::Conflict] {
        let store = Flaky::new();
        consume(&store, (1..9).map(|seq| report(seq % 2 + 1, seq, 1))).await;
        // Wherever the merge breaks off, doing it again ends it.
        for times in 1..4 {
            store.fail(unfinished, times);
            drop(merge(&*store, issue_id(2), issue_id(1), &by("ada")).await);
        }
        store.heal();
        merge(&*store, issue_id(2), issue_id(1), &by("ada")).await.expect("merged");
        assert_eq!(counts(&store).await, (8, 4), "{unfinished:?}");
        // The member is written, and its sum is not: the record comes again.
        store.fail(Fault::AfterWrite, 1);
        consume(&store, [report(2, 20, 5)]).await;
        assert_eq!(counts(&store).await, (13, 9), "{unfinished:?}");
        for times in 1..4 {
            store.fail(unfinished, times);
            drop(unmerge(&*store, issue_id(2), &by("ada")).await);
            store.heal();
            let (sum, own) = counts(&store).await;
            assert!((sum == 13 || sum == 4) && own == 9, "{unfinished:?}: {sum}");
        }
        unmerge(&*store, issue_id(2), &by("ada")).await.expect("taken apart");
        assert_eq!(counts(&store).await, (4, 9), "{unfinished:?}");
    }
}

#[tokio::test]
async fn a_record_of_a_member_finishes_a_merge_that_was_only_begun() {
    let store = Flaky::new();
    consume(&store, [report(1, 1, 1), report(2, 2, 2)]).await;
    change(&*store, issue_id(2), |state| issue::lifecycle::merge::enter(state, issue_id(1), &by("ada")))
        .await
        .expect("marked");
    assert_eq!(counts(&store).await, (1, 2));
    consume(&store, [report(2, 2, 2)]).await;
    assert_eq!(counts(&store).await, (3, 2), "a redelivery is enough");
}

#[tokio::test]
async fn a_members_report_brings_a_resolved_sum_back() {
    let store = Flaky::new();
    consume(&store, [report(1, 1, 1), report(2, 2, 1)]).await;
    merge(&*store, issue_id(2), issue_id(1), &by("ada")).await.expect("merged");
    let resolved = Changes { status: Some(Status::Resolved), ..Changes::default() };
    let event = Event::Changed(Box::new(resolved));
    let early = Cause { at: Timestamp::from_second(1_789_000_000).expect("a time"), ..by("ada") };
    edit(&*store, issue_id(1), &event, &early, |_| Ok::<(), EditError>(())).await.expect("resolved");
    assert_eq!(issue(&store, 1).await.status, Status::Resolved);
    consume(&store, [report(2, 3, 1)]).await;
    let back = issue(&store, 1).await;
    assert_eq!((back.status, back.regressed, back.count), (Status::Open, true, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merging_back_and_forth_under_load_keeps_every_count() {
    let store = Flaky::new();
    consume(&store, [report(1, 1, 1), report(2, 2, 1)]).await;
    let topic = Topic::of((3..403).map(|seq| report(seq % 2 + 1, seq, 1)));
    topic.at_most(3);
    let running = Running::start(&topic, &store.as_store());
    let people = async {
        for _ in 0..20 {
            // Who is beaten again and again is told so, and comes back.
            drop(merge(&*store, issue_id(2), issue_id(1), &by("ada")).await);
            drop(unmerge(&*store, issue_id(2), &by("bob")).await);
        }
    };
    tokio::join!(people, topic.all_committed());
    running.stop().await;
    unmerge(&*store, issue_id(2), &by("ada")).await.expect("taken apart");
    assert_eq!(counts(&store).await, (201, 201));
    merge(&*store, issue_id(2), issue_id(1), &by("ada")).await.expect("merged");
    assert_eq!(counts(&store).await, (402, 201));
    unmerge(&*store, issue_id(2), &by("ada")).await.expect("taken apart");
    assert_eq!(counts(&store).await, (201, 201));
}
