//! Replays count once, on a real store and local mode's file of letters.

use bytes::Bytes;
use kafka::{
    local::{LocalSource, local},
    source::{Incoming, RecordSource},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    consume::tests::scripted::{Fault, Flaky, Running, Topic, comment, ledger as totals, report},
    store::IssueQuery,
};

/// Letters in a file, issues in a store that fails on command.
struct Desk {
    letters: DeadLetters,
    store: Arc<Flaky>,
    source: LocalSource,
    _folder: tempfile::TempDir,
}

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + hours * 3_600).expect("a time")
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (_, source) = local(1, folder.path().join("dead-letters.jsonl"));
        let store = Flaky::new();
        let letters = DeadLetters {
            tracker: TrackerName::local(),
            reader: source.dead_letters(),
            store: store.as_store(),
            health: Health::new(),
        };
        Self { letters, store, source, _folder: folder }
    }

    /// Puts a record aside, and answers the letter's id.
    async fn put(&mut self, record: &Value, offset: i64) -> String {
        let payload = Bytes::from(record.to_string());
        let record = Incoming { partition: 0, offset, at: at(0), key: None, payload };
        self.source
            .dead_letter(&record, "unknown_kind", "of a later release")
            .await
            .expect("it is put aside");
        let all = self.letters.list(None, 1_000, true).await.expect("letters");
        all.items.last().expect("the letter").letter.id.clone()
    }

    async fn replay(&self, id: &str) -> Result<(Standing, Option<Outcome>), LetterError> {
        self.letters.replay(id, "ada", at(1)).await.map(|fate| (fate.state, fate.outcome))
    }

    async fn counts(&self) -> Vec<u64> {
        let query = IssueQuery { limit: 100, ..IssueQuery::default() };
        let page = self.store.as_store().list(&query).await.expect("the store lists");
        page.items.iter().map(|issue| issue.count).collect()
    }

    async fn state(&self, id: &str) -> Standing {
        self.letters.show(id).await.expect("the letter").fate.state
    }
}

const REPLAYED: Standing = Standing::Replayed;

#[tokio::test]
async fn a_replayed_dead_letter_counts_once_however_often_it_is_replayed() {
    let mut desk = Desk::new();
    let id = desk.put(&report(1, 5, 3), 7).await;
    assert_eq!(desk.replay(&id).await.expect("replayed"), (REPLAYED, Some(Outcome::Stored)));
    assert_eq!(desk.replay(&id).await.expect("known"), (REPLAYED, Some(Outcome::Stored)));
    // A consumer that dies before it commits puts the same record aside once more.
    let again = desk.put(&report(1, 5, 3), 7).await;
    assert_eq!(desk.replay(&again).await.expect("replayed"), (REPLAYED, Some(Outcome::Duplicate)));
    let other = desk.put(&report(1, 4, 2), 6).await;
    assert_eq!(desk.replay(&other).await.expect("replayed"), (REPLAYED, Some(Outcome::Repeat)));
    assert_eq!(desk.counts().await, [5]);
    assert_eq!(desk.letters.health.status().letters.replayed, 3);
}

#[tokio::test]
async fn the_watermark_does_not_hide_a_replayed_dead_letter() {
    let mut desk = Desk::new();
    let topic = Topic::of([report(1, 9, 1)]);
    let running = Running::start(&topic, &desk.store.as_store());
    topic.all_committed().await;
    running.stop().await;
    let id = desk.put(&report(1, 5, 3), 7).await;
    assert_eq!(desk.replay(&id).await.expect("replayed"), (REPLAYED, Some(Outcome::Repeat)));
    assert_eq!(desk.counts().await, [4]);
    // And the mark of the replay does not hide what the source sends next.
    let topic = Topic::of([report(1, 9, 1), report(1, 10, 1)]);
    let running = Running::start(&topic, &desk.store.as_store());
    topic.all_committed().await;
    running.stop().await;
    assert_eq!(desk.counts().await, [5]);
}

#[tokio::test]
async fn a_crash_in_the_middle_of_a_replay_never_counts_twice() {
    use Fault::*;
    for faults in [
        &[Load][..],
        &[Write],
        &[AfterWrite],
        &[Keep],
        &[Conflict],
        &[AfterWrite, Keep],
        &[Write, Keep, Load],
    ] {
        let mut desk = Desk::new();
        let id = desk.put(&report(1, 5, 3), 7).await;
        for fault in faults {
            desk.store.fail(*fault, 1);
            let failed = desk.replay(&id).await.is_err();
            assert_eq!(failed, !matches!(fault, Conflict), "{fault:?}");
        }
        desk.store.heal();
        assert_eq!(desk.replay(&id).await.expect("replayed").0, REPLAYED, "{faults:?}");
        assert_eq!(desk.counts().await, [3], "{faults:?}");
        let waiting = desk.letters.list(None, 10, false).await.expect("letters");
        assert!(waiting.items.is_empty() && waiting.next_cursor.is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replays_at_the_same_moment_count_once() {
    let mut desk = Desk::new();
    let id = desk.put(&report(1, 5, 3), 7).await;
    let tries = futures::future::join_all((0..8).map(|_| desk.replay(&id))).await;
    assert!(tries.iter().any(Result::is_ok));
    for failed in tries.into_iter().filter_map(Result::err) {
        assert!(matches!(failed, LetterError::Contended), "{failed}");
    }
    assert_eq!(desk.counts().await, [3]);
}

#[tokio::test]
async fn a_replay_whose_end_is_not_known_is_not_tried_again_once_its_marks_are_forgotten() {
    let mut desk = Desk::new();
    let id = desk.put(&report(1, 5, 3), 7).await;
    desk.store.fail(Fault::AfterWrite, 1);
    assert!(matches!(desk.replay(&id).await, Err(LetterError::Store(_))));
    assert_eq!(desk.state(&id).await, Standing::Replaying);
    let late = desk.letters.replay(&id, "ada", at(1 + 7 * 24 + 1)).await;
    assert!(matches!(late, Err(LetterError::TooLate(_))), "{late:?}");
    let fate = desk.letters.discard(&id, "ada", at(200)).await.expect("discarded");
    assert_eq!((fate.state, desk.counts().await), (Standing::Discarded, vec![3]));
}

#[tokio::test]
async fn what_can_still_not_be_processed_goes_on_waiting() {
    let mut desk = Desk::new();
    let mut odd = report(1, 1, 1);
    odd["kind"] = json!("song");
    for (record, words) in
        [(odd, "unknown kind"), (comment(77, 2, "on nothing"), "no such issue"), (json!([1]), "malformed")]
    {
        let id = desk.put(&record, 1).await;
        let refused = desk.replay(&id).await.expect_err("refused").to_string();
        assert!(refused.contains(words), "{refused}");
        assert_eq!(desk.state(&id).await, Standing::Waiting);
    }
    assert_eq!(desk.counts().await, [] as [u64; 0]);
}

#[tokio::test]
async fn what_was_replayed_cannot_be_discarded_and_what_was_discarded_can_be_replayed() {
    let mut desk = Desk::new();
    let id = desk.put(&report(1, 5, 3), 7).await;
    for _ in 0..2 {
        assert_eq!(desk.letters.discard(&id, "ada", at(1)).await.expect("done").state, Standing::Discarded);
    }
    assert_eq!(desk.replay(&id).await.expect("replayed"), (REPLAYED, Some(Outcome::Stored)));
    assert!(matches!(desk.letters.discard(&id, "ada", at(2)).await, Err(LetterError::Replayed)));
    assert!(matches!(desk.replay("0-0-x").await, Err(LetterError::Unknown)));
    assert_eq!(desk.letters.health.status().letters.discarded, 1);
}

#[tokio::test]
async fn letters_come_in_pages_and_those_done_with_are_left_out() {
    let mut desk = Desk::new();
    let mut ids = Vec::new();
    for n in 0..7 {
        ids.push(desk.put(&report(n, 1, 1), i64::try_from(n).expect("small")).await);
    }
    desk.letters.discard(&ids[2], "ada", at(1)).await.expect("discarded");
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = desk.letters.list(cursor.as_deref(), 4, false).await.expect("letters");
        found.extend(page.items.into_iter().map(|letter| letter.letter.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    ids.remove(2);
    assert_eq!(found, ids);
}

#[tokio::test]
async fn a_sidecars_totals_and_an_older_message_can_be_replayed_too() {
    let mut desk = Desk::new();
    let id = desk.put(&totals(1, 5, 30), 1).await;
    assert_eq!(desk.replay(&id).await.expect("replayed").1, Some(Outcome::Repeat));
    assert_eq!(desk.letters.health.status().sidecars.accepted, 30);
    let bare = json!({"title": "Disk full", "component": "db"});
    for outcome in [Outcome::Stored, Outcome::Duplicate] {
        let id = desk.put(&bare, 3).await;
        assert_eq!(desk.replay(&id).await.expect("replayed").1, Some(outcome), "offset 3 is one message");
    }
    assert_eq!(desk.counts().await, [1]);
}
