//! The Firestore store on the official emulator: the suite of all stores, and what only this one can show.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use consumer::store::{
    ChildKind, Deletion, IssueQuery, IssueStore, Store, Upkeep, Version, Wanted, Write, Written,
    choice::FirestoreSettings,
    firestore::FirestoreStore,
    sqlite::SqliteStore,
    suite::{self, many_issues, passes},
};
use issue::{
    document::{SCHEMA, Status},
    id::IssueId,
};
use serde_json::{Value, json};
use tests::parts::firestore::Firestore;

static EMULATOR: LazyLock<Firestore> = LazyLock::new(|| Firestore::start().unwrap());

/// A project that no other test has.
fn project() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn store_in(project: &str, prefix: &str) -> Arc<FirestoreStore> {
    let settings = FirestoreSettings { prefix: prefix.to_owned(), ..EMULATOR.settings() };
    FirestoreStore::open(project, "(default)", &settings).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_of_all_stores() {
    passes(async || store_in(&project(), "") as Arc<dyn Store>).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passes_the_suite_below_a_document() {
    passes(async || store_in(&project(), "trackers/payments.main/") as Arc<dyn Store>).await;
}

/// The emulator has no indexes: it reads every document for a search of the text, 30 s for 10,000 of them. So this is about
/// the answers, and says nothing of the time that production takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_issues_are_listed_in_bounded_time() {
    let figures = many_issues(&*store_in(&project(), ""), 1_000).await;
    eprintln!("1,000 issues in the emulator: {:.0} new issues/s, three documents each", figures.writes);
    for (name, found, median, longest) in figures.lists {
        eprintln!("  {name:<20} found {found:>4}  median {median:>8.2?}  longest {longest:>8.2?}");
    }
}

fn issue_write(count: u64, expect: Version) -> Write {
    Write {
        issue: issue::document::Issue { count, ..suite::issue(1) },
        expect,
        seen: Vec::new(),
        occurrences: Vec::new(),
        activities: Vec::new(),
        comments: Vec::new(),
        notifications: Vec::new(),
        notes: Vec::new(),
    }
}

async fn version(store: &FirestoreStore, id: IssueId) -> Version {
    let loaded = store.load(&[Wanted { id, sources: Vec::new() }]).await.unwrap();
    loaded.into_iter().next().unwrap().version
}

/// The emulator's own REST door: documents as others see them.
fn raw(project: &str, path: &str) -> String {
    format!("http://{}/v1/projects/{project}/databases/(default)/documents/{path}", EMULATOR.host())
}

#[tokio::test]
async fn trackers_of_one_database_do_not_see_each_other() {
    let project = project();
    let (one, other) = (store_in(&project, "a_"), store_in(&project, "b_"));
    one.write(vec![issue_write(1, Version::Absent)]).await.unwrap();
    let id = suite::issue(1).id;
    assert_eq!(version(&other, id).await, Version::Absent);
    assert!(other.list(&IssueQuery { limit: 9, ..IssueQuery::default() }).await.unwrap().items.is_empty());
    assert_eq!(one.list(&IssueQuery { limit: 9, ..IssueQuery::default() }).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn documents_are_what_the_data_model_says() {
    let project = project();
    store_in(&project, "").write(vec![issue_write(3, Version::Absent)]).await.unwrap();
    let id = suite::issue(1).id;
    let url = raw(&project, &format!("issues/{id}"));
    let document: Value = tokio::task::spawn_blocking(move || {
        let call = ureq::get(&url).header("Authorization", "Bearer owner").call();
        call.unwrap().body_mut().read_json().unwrap()
    })
    .await
    .unwrap();
    let fields = &document["fields"];
    assert_eq!(fields["status"], json!({"stringValue": "open"}));
    assert_eq!(fields["count"], json!({"integerValue": "3"}));
    assert!(fields["createdAt"]["timestampValue"].is_string(), "{fields}");
    assert_eq!(fields["schema"], json!({"integerValue": SCHEMA.to_string()}));
}

/// An issue of the tracker before this one: hand-written, with no mark of a schema and without what lists sort by.
#[tokio::test]
async fn an_older_document_is_read_and_upgraded() {
    let project = project();
    let id = suite::issue(1).id;
    let url = raw(&project, &format!("issues?documentId={id}"));
    tokio::task::spawn_blocking(move || {
        let old = json!({"fields": {
            "title": {"stringValue": "Payment fails"}, "status": {"stringValue": "in-progress"},
            "source": {"stringValue": "service"}, "createdAt": {"timestampValue": "2025-01-02T03:04:05Z"},
        }});
        ureq::post(&url).header("Authorization", "Bearer owner").send_json(old).unwrap();
    })
    .await
    .unwrap();
    let store = store_in(&project, "");
    let loaded = store.load(&[Wanted { id, sources: Vec::new() }]).await.unwrap().remove(0);
    let issue = loaded.issue.unwrap();
    assert_eq!(
        (issue.status, issue.schema, issue.title.as_str()),
        (Status::InProgress, SCHEMA, "Payment fails")
    );
    let write = Write { issue, ..issue_write(0, loaded.version) };
    assert!(matches!(store.write(vec![write]).await.unwrap().as_slice(), [Written::Done(_)]));
    let page = store.list(&IssueQuery { limit: 9, ..IssueQuery::default() }).await.unwrap();
    assert_eq!(page.items.iter().map(|issue| issue.id).collect::<Vec<_>>(), [id]);
}

/// Writers that are dropped in the middle of their writes leave each change whole or not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_dropped_leaves_whole_changes() {
    let store = store_in(&project(), "");
    let id = suite::issue(1).id;
    store.write(vec![issue_write(0, Version::Absent)]).await.unwrap();
    for round in 0..60_u64 {
        let before = store.load(&[Wanted { id, sources: Vec::new() }]).await.unwrap().remove(0);
        let count = before.issue.unwrap().count + 1;
        let comment = issue::document::Comment {
            id: uuid::Uuid::from_u128(round.into()),
            issue_id: id,
            author_id: "ada".to_owned(),
            content: "x".to_owned(),
            created_at: suite::issue(1).created_at,
            updated_at: suite::issue(1).created_at,
        };
        let write = Write { comments: vec![comment], ..issue_write(count, before.version) };
        // Between nothing sent and all answered.
        let patience = Duration::from_micros(round * 100);
        drop(tokio::time::timeout(patience, store.write(vec![write])).await);
    }
    // What is still on its way arrives or not; then the two agree.
    let mut last = None;
    tests::wait::until("the store to settle", Duration::from_secs(20), || {
        let now = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let loaded = store.load(&[Wanted { id, sources: Vec::new() }]).await.unwrap().remove(0);
                let page = store.children(id, ChildKind::Comments, None, 1_000).await.unwrap();
                (loaded.issue.unwrap().count, page.items.len() as u64)
            })
        });
        let settled = last == Some(now);
        last = Some(now);
        (settled && now.0 == now.1).then_some(())
    });
    assert!(last.unwrap().0 > 0, "no write arrived");
}

/// A deletion that a crash cut short: its tombstone says so, and the next sweep ends it.
#[tokio::test]
async fn a_deletion_that_was_cut_short_is_ended_by_the_sweep() {
    let project = project();
    let store = store_in(&project, "");
    let id = suite::issue(1).id;
    let comments = (0..900).map(|n| issue::document::Comment {
        id: uuid::Uuid::from_u128(n),
        issue_id: id,
        author_id: "ada".to_owned(),
        content: "x".to_owned(),
        created_at: suite::issue(1).created_at,
        updated_at: suite::issue(1).created_at,
    });
    let write = Write { comments: comments.collect(), ..issue_write(1, Version::Absent) };
    store.write(vec![write]).await.unwrap();
    let left = async || store.children(id, ChildKind::Comments, None, 1_000).await.unwrap().items.len();
    let expect = version(&store, id).await;
    let deletion = Deletion { id, expect, seen: Vec::new() };
    // Dropped as soon as the tombstone stands.
    tokio::select! {
        _ = store.delete(deletion) => panic!("900 comments were gone before anybody could look"),
        () = async {
            while store.load(&[Wanted { id, sources: Vec::new() }]).await.unwrap().remove(0).issue.is_some() {}
        } => {}
    }
    store.sweep(jiff::Timestamp::now()).await.unwrap();
    assert_eq!(left().await, 0);
    let again = issue_write(1, version(&store, id).await);
    assert!(matches!(store.write(vec![again]).await.unwrap().as_slice(), [Written::Done(_)]));
}

#[tokio::test]
async fn a_store_that_is_away_is_an_error_in_bounded_time_and_comes_back() {
    let mut emulator = Firestore::start().unwrap();
    let store = FirestoreStore::open("away", "(default)", &emulator.settings()).unwrap();
    store.check().await.unwrap();
    emulator.kill().unwrap();
    let begun = std::time::Instant::now();
    assert!(store.write(vec![issue_write(1, Version::Absent)]).await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    emulator.restart().unwrap();
    store.write(vec![issue_write(1, Version::Absent)]).await.unwrap();
    assert_ne!(version(&store, suite::issue(1).id).await, Version::Absent);
}

#[tokio::test]
async fn who_reads_from_a_store_that_hangs_is_told_soon() {
    let emulator = Firestore::start().unwrap();
    let query = IssueQuery { limit: 10, ..IssueQuery::default() };
    let store = FirestoreStore::open("hangs", "(default)", &emulator.settings()).unwrap();
    store.write(vec![issue_write(1, Version::Absent)]).await.unwrap();
    emulator.stop().unwrap();
    for most in [20, 4, 4] {
        let begun = std::time::Instant::now();
        assert!(store.list(&query).await.is_err());
        assert!(begun.elapsed() < Duration::from_secs(most), "{:?}", begun.elapsed());
    }
    emulator.cont().unwrap();
    let begun = std::time::Instant::now();
    let found = loop {
        match store.list(&query).await {
            Ok(found) => break found,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}"),
        }
    };
    assert_eq!(found.items.len(), 1);
}

fn consumer(words: &[&str]) -> std::process::Output {
    let program = tests::parts::binary("issuetracker-consumer").unwrap();
    std::process::Command::new(program)
        .args(words)
        .env_clear()
        .env("FIRESTORE_EMULATOR_HOST", EMULATOR.host())
        .output()
        .unwrap()
}

/// Exports a store into a file; answers its lines but the first, which tells the time.
fn exported(store: &str, file: &std::path::Path) -> Vec<String> {
    let output = consumer(&["export", "--store", store, "-o", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    std::fs::read_to_string(file).unwrap().lines().skip(1).map(str::to_owned).collect()
}

fn imported(store: &str, file: &std::path::Path) -> Option<i32> {
    consumer(&["import", "--store", store, file.to_str().unwrap()]).status.code()
}

#[tokio::test]
async fn everything_goes_from_a_file_into_firestore_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let sqlite = |name: &str| format!("sqlite:{}", file(name).display());
    let firestore = format!("firestore:{}", project());
    suite::fill(&SqliteStore::open(&file("one.db")).unwrap(), 250).await;
    let lines = exported(&sqlite("one.db"), &file("1.jsonl"));
    assert_eq!(imported(&firestore, &file("1.jsonl")), Some(0));
    assert_eq!(imported(&firestore, &file("1.jsonl")), Some(0), "an import can be repeated");
    assert_eq!(exported(&firestore, &file("2.jsonl")), lines);
    assert_eq!(imported(&sqlite("two.db"), &file("2.jsonl")), Some(0));
    assert_eq!(exported(&sqlite("two.db"), &file("3.jsonl")), lines);
    let three = SqliteStore::open(&file("three.db")).unwrap();
    suite::fill(&three, 1).await;
    suite::count_up(&three).await;
    drop(three);
    assert_eq!(imported(&sqlite("three.db"), &file("2.jsonl")), Some(1), "somebody's work stays");
    std::fs::write(file("half.jsonl"), lines[..100].join("\n")).unwrap();
    assert_eq!(imported(&sqlite("four.db"), &file("half.jsonl")), Some(2));
}
