//! Random histories of records and of what people do between them, on documents in memory: however the records are cut into
//! batches, whatever dies between two documents, and however often all of it comes again, the documents are the same.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use futures::FutureExt as _;
use issue::{
    document::{ActivityType, Issue},
    id::{IssueId, SourceId, TrackerName},
    lifecycle::{Cause, Changes, Event, merge as merging, reports},
};
use jiff::Timestamp;
use kafka::source::Incoming;
use parking_lot::Mutex;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::scripted::{comment, issue_id, report};
use crate::{
    coalesce::{Entry, Work, change, coalesce},
    consume::decode::{Decoded, decode},
    edit::{self, EditError},
    merge,
    store::{
        Child, ChildKind, IssueQuery, IssueStore, Loaded, Note, NoteKind, Page, StoreError, Version, Wanted,
        Write, Written,
    },
};

/// What is kept of one issue; a deleted one keeps its marks.
#[derive(Clone, Debug, Default, PartialEq)]
struct Document {
    version: u64,
    issue: Option<Issue>,
    seen: BTreeMap<SourceId, u64>,
    occurrences: Vec<issue::document::Occurrence>,
    below: BTreeMap<String, Value>,
}

/// Documents in memory, which never make anybody wait.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<IssueId, Document>>);

#[async_trait]
impl IssueStore for Shelf {
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        let all = self.0.lock();
        let load = |wanted: &Wanted| {
            let document = all.get(&wanted.id).cloned().unwrap_or_default();
            let seen = document.seen.into_iter().filter(|(source, _)| wanted.sources.contains(source));
            let version = match document.version {
                0 => Version::Absent,
                version => Version::At(version.to_string()),
            };
            Loaded { issue: document.issue, version, seen: seen.collect() }
        };
        Ok(wanted.iter().map(load).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        let mut all = self.0.lock();
        let write = |write: Write| {
            let document = all.entry(write.issue.id).or_default();
            let known = if document.version == 0 { "".to_owned() } else { document.version.to_string() };
            let expected = if let Version::At(version) = write.expect { version } else { String::new() };
            assert_eq!(known, expected, "nobody else writes");
            document.version += 1;
            document.issue = Some(write.issue);
            document.seen.extend(write.seen);
            document.occurrences.extend(write.occurrences);
            document.occurrences = reports::thinned(std::mem::take(&mut document.occurrences));
            let below = &mut document.below;
            below.extend(write.activities.iter().map(|each| (format!("activity {}", each.id), json!(each))));
            below.extend(write.comments.iter().map(|each| (format!("comment {}", each.id), json!(each))));
            below.extend(write.notifications.iter().map(|each| (format!("told {}", each.id), json!(each))));
            Written::Done(Version::At(document.version.to_string()))
        };
        Ok(writes.into_iter().map(write).collect())
    }

    async fn list(&self, _: &IssueQuery) -> Result<Page<Issue>, StoreError> {
        unreachable!("nothing is listed here")
    }

    async fn children(
        &self,
        _: IssueId,
        _: ChildKind,
        _: Option<&str>,
        _: usize,
    ) -> Result<Page<Child>, StoreError> {
        unreachable!("nothing is listed here")
    }

    async fn newest(&self, _: IssueId, _: ChildKind, _: usize) -> Result<Vec<Child>, StoreError> {
        unreachable!("nothing is listed here")
    }

    async fn keep(&self, _: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        unreachable!("nothing is noted here")
    }

    async fn notes(&self, _: NoteKind, _: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        unreachable!("nothing is noted here")
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What a future gives that never waits.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("documents in memory make nobody wait")
}

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Report { issue: u64, count: u64, late: i64, release: u8 },
    Comment { issue: u64 },
    Change { issue: u64, changes: &'static str },
    Merge { issue: u64, into: u64 },
    Unmerge { issue: u64 },
    Delete { issue: u64 },
}

/// An issue that is never merged. When a sum was carried to last is told by its records one way or another, so mutes that
/// end by the clock are looked at here.
const ALONE: u64 = 3;

fn step() -> impl Strategy<Value = Step> {
    let changes = prop::sample::select(vec![
        r#"{"status": "resolved"}"#,
        r#"{"status": "resolved", "resolution": "next-release"}"#,
        r#"{"status": "open"}"#,
        r#"{"status": "closed"}"#,
        r#"{"mute": {"count": 7}}"#,
        r#"{"mute": {"nextRelease": ""}}"#,
        r#"{"mute": null, "priority": "low"}"#,
        r#"{"assignee_id": "bob", "tags": ["x"]}"#,
    ]);
    const UNTIL: &str = r#"{"mute": {"until": "2026-09-21T14:20:00Z"}}"#;
    prop_oneof![
        14 => (0_u64..4, 1_u64..5, 0_i64..300, 0_u8..3)
            .prop_map(|(issue, count, late, release)| Step::Report { issue, count, late, release }),
        2 => (0_u64..4).prop_map(|issue| Step::Comment { issue }),
        3 => (0_u64..4, changes).prop_map(|(issue, changes)| Step::Change { issue, changes }),
        1 => Just(Step::Change { issue: ALONE, changes: UNTIL }),
        2 => (0..ALONE, 0..ALONE).prop_map(|(issue, into)| Step::Merge { issue, into }),
        1 => (0..ALONE).prop_map(|issue| Step::Unmerge { issue }),
        1 => (0_u64..4).prop_map(|issue| Step::Delete { issue }),
    ]
}

fn at(n: u64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + i64::try_from(n).expect("small") * 20).expect("a time")
}

/// The record of a step, as the topic gives it; `None`: a person does it.
fn record(n: u64, step: &Step) -> Option<Entry> {
    let record = match step {
        Step::Report { issue, count, late, release } => {
            let mut record = report(*issue, n, *count);
            record["source"]["release"] = json!(format!("r{release}"));
            record["last_at"] = json!(at(n) - jiff::SignedDuration::from_secs(*late));
            record
        }
        Step::Comment { issue } => comment(*issue, n, "hm, @bob"),
        _ => return None,
    };
    let payload = Bytes::from(record.to_string());
    let incoming = Incoming { partition: 0, offset: 0, at: at(n), key: None, payload };
    match decode(&TrackerName::local(), "topic", &incoming) {
        Ok(Decoded::Entry(entry)) => Some(*entry),
        other => panic!("not an entry: {other:?}"),
    }
}

/// How the records of a history come in.
#[derive(Clone, Debug)]
struct Way {
    /// Lengths of batches, over and over.
    cuts: Vec<usize>,
    /// Whether a process dies in this batch after its documents are written, before sums follow; over and over.
    dies: Vec<bool>,
}

/// Lets one batch be stored; `dies` before the sums of merged issues follow.
fn store(shelf: &Shelf, batch: &[Entry], dies: bool) {
    let works = coalesce(batch.iter().cloned());
    let wanted: Vec<Wanted> = works.iter().map(Work::wanted).collect();
    let loaded = now(shelf.load(&wanted)).expect("loaded");
    let mut carried = Vec::new();
    for (work, loaded) in works.iter().zip(loaded) {
        let change = change(work, loaded);
        now(shelf.write(change.write.into_iter().collect())).expect("written");
        carried.extend(change.carried);
    }
    for carried in carried.iter().filter(|_| !dies) {
        match now(merge::carry(shelf, carried)) {
            Ok(()) | Err(EditError::Refused(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Lets a person do something; what comes of it is part of the history.
fn act(shelf: &Shelf, n: u64, step: &Step) -> String {
    let cause = Cause { id: Uuid::from_u128(n.into()), at: at(n), actor: "ada".to_owned() };
    let done = match step {
        Step::Change { issue, changes } => {
            let changes: Changes = serde_json::from_str(changes).expect("changes");
            let event = Event::Changed(Box::new(changes));
            now(edit::edit(shelf, issue_id(*issue), &event, &cause, |_| Ok::<(), EditError>(()))).map(drop)
        }
        Step::Merge { issue, into } => {
            now(merge::merge(shelf, issue_id(*issue), issue_id(*into), &cause)).map(drop)
        }
        Step::Unmerge { issue } => now(merge::unmerge(shelf, issue_id(*issue), &cause)).map(drop),
        Step::Delete { issue } => {
            if let Some(document) = shelf.0.lock().get_mut(&issue_id(*issue))
                && document.issue.as_ref().is_some_and(|issue| issue.merge.is_none())
            {
                let (version, seen) = (document.version + 1, std::mem::take(&mut document.seen));
                *document = Document { version, seen, ..Document::default() };
            }
            Ok(())
        }
        Step::Report { .. } | Step::Comment { .. } => panic!("a record"),
    };
    format!("{n}: {done:?}")
}

/// Everything that is so after a history: what people were answered, and every document.
fn after(steps: &[Step], way: &Way) -> (Vec<String>, Vec<Value>) {
    let shelf = Shelf::default();
    let mut answers = Vec::new();
    let mut ways = way.cuts.iter().cycle().zip(way.dies.iter().cycle());
    let mut come = |batch: &mut Vec<Entry>| {
        while !batch.is_empty() {
            let (cut, dies) = ways.next().expect("endless");
            let some: Vec<Entry> = batch.drain(..(*cut).min(batch.len())).collect();
            store(&shelf, &some, *dies);
            if *dies {
                some.iter().for_each(|entry| store(&shelf, std::slice::from_ref(entry), false));
            }
        }
    };
    let mut batch = Vec::new();
    let mut all = Vec::new();
    for (n, step) in (1..).zip(steps) {
        match record(n, step) {
            Some(entry) => {
                all.push(entry.clone());
                batch.push(entry);
            }
            None => {
                come(&mut batch);
                answers.push(act(&shelf, n, step));
            }
        }
    }
    come(&mut batch);
    let documents = shown(&shelf);
    come(&mut all);
    assert_eq!(shown(&shelf), documents, "what comes again changes nothing");
    (answers, documents)
}

/// The documents as people see them. Members and their sum lie on different partitions, so between them records have no
/// order: which of several reports brought a sum back or changed it last, and whether that was still silent, is not told.
fn shown(shelf: &Shelf) -> Vec<Value> {
    let any_of = |of: &[ActivityType], word: &Value| of.iter().any(|each| json!(each) == *word);
    let show = |document: &Document| {
        let is_sum = document.below.values().any(|each| each["changes"][0]["field"] == "members");
        let loose = |each: &Value| {
            is_sum
                && (any_of(&[ActivityType::Regressed, ActivityType::Muted], &each["type"])
                    || each["type"] == "regressed")
                && each["userId"] != "ada"
        };
        let mut below: Vec<Value> = document.below.values().filter(|each| !loose(each)).cloned().collect();
        let rest = document.below.values().filter(|each| loose(each) && each["changes"].is_array());
        let mut rest: Vec<String> = rest.map(|each| each["changes"].to_string()).collect();
        rest.sort();
        below.push(json!(rest));
        let mut issue = json!(document.issue);
        if is_sum {
            issue["updatedAt"] = Value::Null;
        }
        json!({"issue": issue, "occurrences": document.occurrences, "below": below})
    };
    shelf.0.lock().values().map(show).collect()
}

#[test]
fn a_carried_report_that_died_on_its_way_still_brings_the_sum_back() {
    let steps = [
        Step::Report { issue: 0, count: 1, late: 0, release: 1 },
        Step::Report { issue: 1, count: 1, late: 0, release: 1 },
        Step::Merge { issue: 1, into: 0 },
        Step::Change { issue: 0, changes: r#"{"status": "resolved"}"# },
        Step::Report { issue: 1, count: 1, late: 0, release: 1 },
    ];
    for dies in [false, true] {
        let (_, documents) = after(&steps, &Way { cuts: vec![9], dies: vec![dies] });
        let sum = documents.iter().find(|each| each["issue"]["id"] == json!(issue_id(0))).expect("the sum");
        assert_eq!(sum["issue"]["regressed"], true, "dies: {dies}");
    }
}

#[test]
fn a_mute_by_count_of_a_sum_ends_in_any_batch() {
    let one = |issue| Step::Report { issue, count: 1, late: 0, release: 1 };
    let mut steps = vec![one(0), one(1), Step::Merge { issue: 1, into: 0 }];
    steps.push(Step::Change { issue: 0, changes: r#"{"mute": {"count": 7}}"# });
    steps.extend((0..8).map(|_| one(1)));
    for cuts in [vec![1], vec![100]] {
        let (_, documents) = after(&steps, &Way { cuts, dies: vec![false] });
        assert!(documents.iter().all(|each| each["issue"]["mute"].is_null()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_batch_split_any_death_and_any_replay_give_the_same_documents(
        steps in prop::collection::vec(step(), 1..60),
        cuts in prop::collection::vec(1_usize..12, 1..10),
        dies in prop::collection::vec(any::<bool>(), 1..8),
    ) {
        let whole = after(&steps, &Way { cuts: vec![steps.len()], dies: vec![false] });
        prop_assert_eq!(&after(&steps, &Way { cuts, dies }), &whole);
        prop_assert_eq!(&after(&steps, &Way { cuts: vec![1], dies: vec![false] }), &whole);
    }
}

/// The histories reach what they are about: without this the test above could compare nothing with nothing.
#[test]
fn a_merged_issue_is_in_a_sum() {
    let one = |issue| Step::Report { issue, count: 2, late: 0, release: 1 };
    let steps = [one(0), one(1), Step::Merge { issue: 1, into: 0 }, one(1)];
    let (answers, documents) = after(&steps, &Way { cuts: vec![9], dies: vec![false] });
    let counts: Vec<_> = documents.iter().map(|each| each["issue"]["count"].clone()).collect();
    assert_eq!(answers, ["3: Ok(())"]);
    assert!(counts.contains(&json!(6)) && counts.contains(&json!(4)), "{counts:?}");
    let merged = merging::merged_into;
    assert!(documents.iter().any(|each| {
        serde_json::from_value::<Issue>(each["issue"].clone()).ok().and_then(|issue| merged(&issue))
            == Some(issue_id(0))
    }));
}
