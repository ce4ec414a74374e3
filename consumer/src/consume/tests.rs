//! The rules of delivery, each as a test of its name, against a topic and a store that fail on command.

mod histories;
pub(crate) mod scripted;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use issue::{document::Issue, id::IssueId, lifecycle::Cause};
use proptest::prelude::*;
use scripted::*;
use serde_json::{Value, json};

use super::*;
use crate::store::{Child, ChildKind, IssueQuery, Wanted};

/// Runs a consumer on a topic and a store until everything in the topic is committed.
async fn consume(topic: &Topic, store: &Arc<dyn IssueStore>) -> Arc<Health> {
    let running = Running::start(topic, store);
    topic.all_committed().await;
    running.stop().await
}

async fn issues(store: &Arc<dyn IssueStore>) -> Vec<Issue> {
    let query = IssueQuery { limit: 100, ..IssueQuery::default() };
    let mut issues = store.list(&query).await.expect("the store lists").items;
    issues.sort_by_key(|issue| issue.id);
    issues
}

async fn counts(store: &Arc<dyn IssueStore>) -> Vec<u64> {
    issues(store).await.iter().map(|issue| issue.count).collect()
}

/// Everything that the store holds, except for versions.
async fn everything(store: &Arc<dyn IssueStore>) -> Vec<(Issue, Vec<Value>)> {
    let mut all = Vec::new();
    for issue in issues(store).await {
        let mut below = Vec::new();
        for kind in [ChildKind::Occurrences, ChildKind::Activities, ChildKind::Comments] {
            let page = store.children(issue.id, kind, None, 1_000).await.expect("the store lists");
            below.extend(page.items.into_iter().map(|child| match child {
                Child::Occurrence(occurrence) => json!(occurrence),
                Child::Activity(activity) => json!(activity),
                Child::Comment(comment) => json!(comment),
            }));
        }
        all.push((issue, below));
    }
    all
}

#[tokio::test]
async fn a_batch_becomes_one_write_per_issue_and_counts_are_exact() {
    let store = Flaky::new();
    let topic = Topic::of((0..100).map(|n| report(n % 4, n / 4 + 1, 3)));
    let health = consume(&topic, &store.as_store()).await;
    assert_eq!(counts(&store.as_store()).await, [75, 75, 75, 75]);
    assert_eq!(store.writes(), 4);
    let ledger = health.status().ledger;
    assert!(ledger.is_balanced());
    assert_eq!((ledger.consumed, ledger.stored, ledger.repeat, ledger.in_flight), (300, 4, 296, 0));
}

/// Where a store takes a write of each issue only so often: the first is visible at once, those that follow become one, and
/// another issue waits for neither. An offset is committed when all before it is written.
#[tokio::test]
async fn writes_of_one_issue_keep_the_pace_of_the_store() {
    let store = Flaky::paced(Duration::from_secs(3_600));
    let topic = Topic::of([report(1, 1, 1)]);
    let running = Running::start(&topic, &store.as_store());
    topic.all_committed().await;
    for seq in 2..20 {
        topic.push(0, report(1, seq, 1));
        topic.push(1, report(2, 100 + seq, 1));
    }
    topic.until(|topic| topic.committed.get(&1).is_some_and(|next| *next >= 1)).await;
    assert_eq!(counts(&store.as_store()).await.iter().min(), Some(&1), "both issues are visible");
    assert_eq!(topic.lock().committed.get(&0), Some(&1), "what waits is not committed");
    let health = running.stop().await;
    assert_eq!(counts(&store.as_store()).await.iter().sum::<u64>(), 37);
    assert!(store.writes() <= 4, "{} writes", store.writes());
    let ledger = health.status().ledger;
    assert!(ledger.is_balanced() && ledger.in_flight == 0, "{ledger:?}");
    topic.all_committed().await;
}

#[tokio::test]
async fn what_waits_is_written_when_its_time_comes() {
    let store = Flaky::paced(Duration::from_millis(50));
    let topic = Topic::of((1..40).map(|seq| report(1, seq, 1)));
    topic.at_most(5);
    let running = Running::start(&topic, &store.as_store());
    topic.all_committed().await;
    running.stop().await;
    assert_eq!(counts(&store.as_store()).await, [39]);
    assert!(store.writes() <= 3, "{} writes", store.writes());
}

#[tokio::test]
async fn an_offset_is_committed_only_after_store_or_dead_letter() {
    let store = Flaky::new();
    store.fail(Fault::Load, 3);
    store.fail(Fault::Write, 3);
    let topic = Topic::of([report(1, 1, 1), garbage(), report(2, 2, 1)]);
    topic.fail_dead_letters(2);
    let stored = Arc::clone(&store);
    topic.on_commit(move |topic| {
        assert!(stored.writes() >= 1, "committed before the store had it");
        assert_eq!(topic.dead_letters.len(), 1, "committed before the dead letter was there");
    });
    let health = consume(&topic, &store.as_store()).await;
    assert_eq!(counts(&store.as_store()).await, [1, 1]);
    assert!(health.status().ledger.is_balanced());
}

#[tokio::test]
async fn a_store_outage_pauses_the_partition_and_makes_no_dead_letter() {
    let store = Flaky::new();
    store.fail(Fault::Write, 20);
    let topic = Topic::of((1..50).map(|n| report(1, n, 1)));
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| !topic.paused.is_empty()).await;
    let during = running.health.status();
    assert!(during.failing.contains_key(&Part::Store) && during.ledger.is_balanced());
    assert_eq!((during.ledger.in_flight, topic.lock().committed.clone()), (49, Default::default()));
    topic.all_committed().await;
    let health = running.stop().await;
    assert_eq!(counts(&store.as_store()).await, [49]);
    assert!(topic.lock().dead_letters.is_empty() && topic.lock().paused.is_empty());
    assert!(health.status().failing.is_empty());
}

#[tokio::test]
async fn what_arrives_during_an_outage_is_delivered_after_it() {
    let store = Flaky::new();
    store.fail(Fault::Write, 20);
    let topic = Topic::of([report(1, 1, 1)]);
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| !topic.paused.is_empty()).await;
    topic.push(1, report(2, 1, 1));
    topic.until(|topic| topic.paused.contains(&1)).await;
    topic.all_committed().await;
    let health = running.stop().await;
    assert_eq!(counts(&store.as_store()).await, [1, 1]);
    assert_eq!(health.status().ledger.consumed, 2, "what was put off counts once");
}

#[tokio::test]
async fn a_partition_that_cannot_be_paused_loses_nothing() {
    let store = Flaky::new();
    store.fail(Fault::Write, 20);
    let topic = Topic::of([report(1, 1, 1)]);
    topic.refuse_pauses();
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| topic.refused_pauses > 0).await;
    (2..20).for_each(|seq| topic.push(0, report(1, seq, 1)));
    topic.all_committed().await;
    running.stop().await;
    assert_eq!(counts(&store.as_store()).await, [19]);
}

#[tokio::test]
async fn a_write_that_was_done_and_not_answered_counts_once() {
    let store = Flaky::new();
    store.fail(Fault::AfterWrite, 1);
    let topic = Topic::of((1..11).map(|n| report(1, n, 2)));
    let ledger = consume(&topic, &store.as_store()).await.status().ledger;
    assert_eq!(counts(&store.as_store()).await, [20]);
    assert!(ledger.is_balanced());
    assert_eq!(ledger.duplicate, 20);
}

#[tokio::test]
async fn a_lost_race_is_loaded_and_applied_again() {
    let store = Flaky::new();
    store.fail(Fault::Conflict, 3);
    let topic = Topic::of((0..20).map(|n| report(n % 5, n / 5 + 1, 1)));
    let ledger = consume(&topic, &store.as_store()).await.status().ledger;
    assert_eq!(counts(&store.as_store()).await, [4; 5]);
    assert_eq!((ledger.stored, ledger.repeat, ledger.duplicate), (5, 15, 0));
}

#[tokio::test]
async fn seen_makes_any_replay_a_no_op() {
    let store = Flaky::new();
    let topic = Topic::of((0..60).map(|n| report(n % 3, n / 3 + 1, 2)));
    consume(&topic, &store.as_store()).await;
    let before = everything(&store.as_store()).await;
    for from in [0, 31, 59] {
        topic.rewind(from);
        let ledger = consume(&topic, &store.as_store()).await.status().ledger;
        assert_eq!((ledger.stored, ledger.repeat, ledger.duplicate), (0, 0, (60 - from.unsigned_abs()) * 2));
        assert_eq!(everything(&store.as_store()).await, before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zombie_after_a_rebalance_is_harmless() {
    let store = Flaky::new();
    let records = || (0..200).map(|n| report(n % 3, n / 3 + 1, 1));
    let (one, other) = (Topic::of(records()), Topic::of(records()));
    one.at_most(7);
    other.at_most(11);
    let shared = store.as_store();
    let (first, second) = tokio::join!(consume(&one, &shared), consume(&other, &shared));
    assert_eq!(counts(&shared).await.iter().sum::<u64>(), 200);
    let (first, second) = (first.status().ledger, second.status().ledger);
    assert!(first.is_balanced() && second.is_balanced());
    assert_eq!(first.stored + first.repeat + second.stored + second.repeat, 200);
}

#[tokio::test]
async fn a_revoked_partition_drops_its_uncommitted_work() {
    let store = Flaky::new();
    store.fail(Fault::Write, 1_000_000);
    let topic = Topic::of((1..6).map(|n| report(1, n, 2)));
    topic.push(1, report(2, 1, 1));
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| !topic.paused.is_empty()).await;
    topic.revoke(0);
    topic.until(|topic| topic.revocations.is_empty()).await;
    store.heal();
    topic.until(|topic| topic.committed.get(&1) == Some(&1)).await;
    let ledger = running.stop().await.status().ledger;
    assert_eq!((ledger.handed_back, ledger.stored, ledger.in_flight), (10, 1, 0));
    assert!(ledger.is_balanced());
    assert_eq!(topic.lock().committed.get(&0), None, "another member's partition was committed");
}

#[tokio::test]
async fn stopping_during_an_outage_hands_the_batch_back() {
    let store = Flaky::new();
    store.fail(Fault::Load, 1_000_000);
    let topic = Topic::of([report(1, 1, 5)]);
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| !topic.paused.is_empty()).await;
    let ledger = running.stop().await.status().ledger;
    assert_eq!((ledger.handed_back, ledger.in_flight, ledger.is_balanced()), (5, 0, true));
    assert!(topic.lock().committed.is_empty());
}

#[tokio::test]
async fn only_what_the_data_causes_becomes_a_dead_letter_with_its_reason() {
    let changed = |change: fn(&mut Value)| {
        let mut record = report(1, 100, 1);
        change(&mut record);
        record
    };
    let cases = [
        (garbage(), "malformed"),
        (json!([1]), "malformed"),
        (changed(|r| r["v"] = json!(9)), "unknown_version"),
        (changed(|r| r["kind"] = json!("song")), "unknown_kind"),
        (changed(|r| r["report"] = Value::Null), "missing_body"),
        (changed(|r| r["source"]["id"] = json!("x")), "malformed"),
        (changed(|r| r["tracker"] = json!("other/team")), "other_tracker"),
        (changed(|r| r["count"] = json!(0)), "invalid"),
        (changed(|r| r["report"]["fingerprint"] = json!("")), "invalid"),
        (changed(|r| r["extra"] = json!("x".repeat(1 << 20))), "too_large"),
        (comment(77, 1, "on nothing"), "unknown_issue"),
        (comment(1, 1, "  "), "invalid"),
        (update(1, 2, "web", json!({"status": "resolved"})), "not_reported_by_sender"),
        (update(1, 3, "api", json!({"status": "gone"})), "invalid"),
        (update(1, 4, "api", json!({"count": 7})), "invalid"),
    ];
    let store = Flaky::new();
    let mut records = vec![report(1, 1, 1)];
    records.extend(cases.iter().map(|(record, _)| record.clone()));
    let topic = Topic::of(records);
    topic.at_most(1);
    let ledger = consume(&topic, &store.as_store()).await.status().ledger;
    let reasons: Vec<String> = topic.lock().dead_letters.iter().map(|(_, reason)| reason.clone()).collect();
    assert_eq!(reasons, cases.iter().map(|(_, reason)| *reason).collect::<Vec<_>>());
    assert_eq!(counts(&store.as_store()).await, [1]);
    assert!(ledger.is_balanced());
    assert_eq!(ledger.dead_lettered.values().sum::<u64>(), cases.len() as u64);
}

#[tokio::test]
async fn without_a_dead_letter_topic_the_partition_stands_still() {
    let store = Flaky::new();
    let topic = Topic::of([garbage(), report(1, 1, 1)]);
    topic.fail_dead_letters(u32::MAX);
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| !topic.paused.is_empty()).await;
    let status = running.health.status();
    assert!(status.failing.contains_key(&Part::DeadLetters) && status.ledger.is_balanced());
    assert!(topic.lock().committed.is_empty());
    running.stop().await;
}

#[tokio::test]
async fn bare_older_messages_are_identified_by_topic_id_partition_and_offset() {
    let store = Flaky::new();
    let bare = || json!({"title": "Disk full", "component": "db", "context": {"error_type": "OSError"}});
    let topic = Topic::of([bare(), bare()]);
    consume(&topic, &store.as_store()).await;
    topic.rewind(0);
    consume(&topic, &store.as_store()).await;
    assert_eq!(counts(&store.as_store()).await, [2], "a replay is recognised");
    let anew = Topic::of([bare()]);
    anew.lock().id = "made-anew".to_owned();
    consume(&anew, &store.as_store()).await;
    assert_eq!(counts(&store.as_store()).await, [3], "offset 0 of another topic is another message");
    let reported = issues(&store.as_store()).await[0].reported.clone().expect("it is reported");
    assert_eq!(reported.error_type.as_deref(), Some("OSError"));
}

#[tokio::test]
async fn of_a_sidecars_ledger_records_the_last_seq_wins() {
    let store = Flaky::new();
    let topic = Topic::of([ledger(1, 5, 10), ledger(1, 9, 30), ledger(2, 1, 4)]);
    let status = consume(&topic, &store.as_store()).await.status();
    assert_eq!((status.sidecars.accepted, status.sidecar_count), (34, 2));
    assert_eq!(status.ledger.consumed, 0, "the unit is reports");
}

#[tokio::test]
async fn a_sidecars_ledger_outlives_the_consumer() {
    let store = Flaky::new();
    let topic = Topic::of([ledger(1, 5, 10), ledger(1, 9, 30), ledger(2, 1, 4), report(1, 1, 1)]);
    store.fail(Fault::Keep, 3);
    consume(&topic, &store.as_store()).await;
    // Another process, which reads nothing of that again, and an older word of it at most. Its store is away at first.
    store.fail(Fault::Load, 1);
    let later = Topic::of([ledger(1, 8, 20)]);
    let running = Running::start(&later, &store.as_store());
    later.all_committed().await;
    later.push(0, ledger(2, 2, 6));
    later.all_committed().await;
    let status = running.stop().await.status();
    assert_eq!((status.sidecars.accepted, status.sidecar_count), (36, 2));
    assert!(status.failing.is_empty(), "{:?}", status.failing);
}

#[tokio::test]
async fn an_offset_is_committed_only_after_the_sidecars_totals_are_kept() {
    let store = Flaky::new();
    store.fail(Fault::Keep, 20);
    let topic = Topic::of([ledger(1, 5, 10)]);
    let running = Running::start(&topic, &store.as_store());
    topic.until(|topic| !topic.paused.is_empty()).await;
    assert!(topic.lock().committed.is_empty() && running.health.status().failing.contains_key(&Part::Store));
    topic.all_committed().await;
    running.stop().await;
}

#[tokio::test]
async fn a_gap_is_told_and_never_silent() {
    let topic = Topic::of([report(1, 1, 1)]);
    topic.gap(0, 10, 25);
    let status = consume(&topic, &Flaky::new().as_store()).await.status();
    assert_eq!((status.gaps.len(), status.gap_records), (1, 15));
}

#[tokio::test]
async fn children_derive_from_source_and_seq() {
    let store = Flaky::new();
    let topic = Topic::of([report(1, 1, 1), comment(1, 2, "hello @bob")]);
    consume(&topic, &store.as_store()).await;
    let page = store.as_store().children(issue_id(1), ChildKind::Comments, None, 9).await.expect("comments");
    let [Child::Comment(comment)] = page.items.as_slice() else { panic!("one comment") };
    assert_eq!(comment.id, Cause::id_of_record(&source_id(1), 2));
    assert_eq!(comment.author_id, "api", "an actor in a record is a claim");
}

#[tokio::test]
async fn a_service_changes_what_it_reported() {
    let store = Flaky::new();
    let topic = Topic::of([report(1, 1, 1), update(1, 2, "api", json!({"priority": "low"}))]);
    consume(&topic, &store.as_store()).await;
    assert_eq!(issues(&store.as_store()).await[0].priority, issue::report::Priority::Low);
}

#[tokio::test]
async fn a_storm_of_one_error_keeps_a_bounded_sample() {
    let store = Flaky::new();
    let topic = Topic::of((1..5_000).map(|n| report(1, n, 10)));
    consume(&topic, &store.as_store()).await;
    assert_eq!(counts(&store.as_store()).await, [49_990]);
    let page =
        store.as_store().children(issue_id(1), ChildKind::Occurrences, None, 100).await.expect("samples");
    assert!((11..=50).contains(&page.items.len()), "{} are kept", page.items.len());
}

/// What a sender did, and what its clock said of it.
#[derive(Clone, Debug)]
enum Step {
    Report { issue: u64, count: u64, spool: u128, clock: i64, release: u8 },
    Bare { title: u8, clock: i64 },
    Comment { issue: u64 },
    Change { issue: u64, changes: &'static str },
}

/// Clocks run up to an hour behind and ahead: beyond five minutes ahead of the broker they are not believed.
fn step() -> impl Strategy<Value = Step> {
    let report = (0_u64..4, 1_u64..5, 1_u128..4, -3_600_i64..3_600, 0_u8..3).prop_map(
        |(issue, count, spool, clock, release)| Step::Report { issue, count, spool, clock, release },
    );
    let changes = prop::sample::select(vec![
        r#"{"status": "resolved"}"#,
        r#"{"status": "resolved", "resolution": "next-release"}"#,
        r#"{"status": "closed"}"#,
        r#"{"mute": {"count": 3}}"#,
        r#"{"assignee_id": "ada", "priority": "low"}"#,
    ]);
    prop_oneof![
        8 => report,
        1 => (0_u8..2, -3_600_i64..3_600).prop_map(|(title, clock)| Step::Bare { title, clock }),
        1 => (0_u64..4).prop_map(|issue| Step::Comment { issue }),
        2 => (0_u64..4, changes).prop_map(|(issue, changes)| Step::Change { issue, changes }),
    ]
}

fn record_of(seq: u64, step: &Step) -> Value {
    let claimed = |clock: i64| {
        let second = 1_790_000_000 + i64::try_from(seq).expect("small") * 20 + clock;
        json!(jiff::Timestamp::from_second(second).expect("a time"))
    };
    match step {
        Step::Report { issue, count, spool, clock, release } => {
            let mut record = report(*issue, seq, *count);
            record["source"]["id"] = json!(source_id(*spool));
            record["source"]["release"] = json!(format!("r{release}"));
            record["last_at"] = claimed(*clock);
            record
        }
        Step::Bare { title, clock } => json!({"title": format!("t{title}"), "created_at": claimed(*clock)}),
        Step::Comment { issue } => comment(*issue, seq, "hm"),
        Step::Change { issue, changes } => {
            update(*issue, seq, "api", serde_json::from_str(changes).expect("changes"))
        }
    }
}

/// What is said of an issue comes after the report that makes it: what comes before is refused, and that is a rule of its own.
fn history() -> impl Strategy<Value = Vec<Value>> {
    prop::collection::vec(step(), 1..60).prop_map(|steps| {
        let mut made = BTreeSet::new();
        let mut happens = |step: &&Step| match step {
            Step::Report { issue, .. } => {
                made.insert(*issue);
                true
            }
            Step::Bare { .. } => true,
            Step::Comment { issue } | Step::Change { issue, .. } => made.contains(issue),
        };
        let steps: Vec<&Step> = steps.iter().filter(|step| happens(step)).collect();
        (1..).zip(steps).map(|(seq, step)| record_of(seq, step)).collect()
    })
}

#[tokio::test]
async fn what_was_refused_and_comes_again_may_succeed_and_counts_nothing() {
    let store = Flaky::new();
    let mut later = report(1, 2, 3);
    later["source"]["id"] = json!(source_id(2));
    let topic = Topic::of([comment(1, 1, "too early"), later]);
    consume(&topic, &store.as_store()).await;
    for comments in [0, 1, 1] {
        let page = store.as_store().children(issue_id(1), ChildKind::Comments, None, 9).await;
        assert_eq!(page.expect("comments").items.len(), comments);
        topic.rewind(0);
        assert!(consume(&topic, &store.as_store()).await.status().ledger.is_balanced());
        assert_eq!(counts(&store.as_store()).await, [3]);
    }
    assert_eq!(topic.lock().dead_letters.len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn any_batch_split_and_any_replay_gives_the_same_documents_in_two_stores(
        records in history(),
        most in 1_usize..9,
        rewinds in prop::collection::vec(0_i64..60, 0..3),
        lost_answers in 0_u32..4,
        lost_races in 0_u32..4,
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let (whole, split) = (Flaky::new(), Flaky::new());
            let ledger = consume(&Topic::of(records.clone()), &whole.as_store()).await.status().ledger;
            assert!(ledger.is_balanced());
            let topic = Topic::of(records);
            topic.at_most(most);
            split.fail(Fault::AfterWrite, lost_answers);
            split.fail(Fault::Conflict, lost_races);
            consume(&topic, &split.as_store()).await;
            for to in rewinds {
                topic.rewind(to);
                assert!(consume(&topic, &split.as_store()).await.status().ledger.is_balanced());
            }
            assert_eq!(everything(&whole.as_store()).await, everything(&split.as_store()).await);
        });
    }
}

#[tokio::test]
async fn times_are_held_against_the_brokers_append_time() {
    let store = Flaky::new();
    let mut ahead = report(1, 1, 1);
    ahead["last_at"] = json!("2100-01-01T00:00:00Z");
    let mut behind = report(2, 2, 1);
    behind["last_at"] = json!("2026-09-21T12:00:00Z");
    consume(&Topic::of([ahead, behind]), &store.as_store()).await;
    let seen: Vec<_> = issues(&store.as_store()).await.iter().map(|i| (i.id, i.last_seen)).collect();
    // The topic appends its first record at 2026-09-21T14:13:20Z.
    let expect = |id, at: &str| (id, Some(at.parse().expect("a time")));
    let mut expected =
        [expect(issue_id(1), "2026-09-21T14:18:20Z"), expect(issue_id(2), "2026-09-21T12:00:00Z")];
    expected.sort();
    assert_eq!(seen, expected);
}

/// What the store says of an issue's marks, for tests that look behind the documents.
#[tokio::test]
async fn seen_holds_the_highest_seq_of_each_source() {
    let store = Flaky::new();
    let topic = Topic::of([report(1, 4, 1), report(1, 9, 1)]);
    consume(&topic, &store.as_store()).await;
    let id: IssueId = issue_id(1);
    let wanted = [Wanted { id, sources: vec![source_id(1)] }];
    let loaded = store.as_store().load(&wanted).await.expect("it loads");
    assert_eq!(loaded[0].seen, [(source_id(1), 9)]);
}

pub(crate) const DEADLINE: Duration = Duration::from_secs(20);
