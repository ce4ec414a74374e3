//! What every adapter must do. An adapter's tests call [`passes`] with a way to get an empty store.

use std::{collections::BTreeSet, sync::Arc};

use issue::{
    document::{
        Activity, ActivityType, Comment, Issue, Notification, Occurrence, ReleaseSeen, Reported, SCHEMA,
        Status,
    },
    id::{IssueId, SourceId, TrackerName},
    record::{IssueType, Place, Via},
    report::{Category, Kind, Language, Level, Priority},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Child, ChildKind, IssueQuery, IssueStore, Loaded, Note, NoteKind, Sort, Version, Wanted, Write, Written,
};

/// Runs every case, each on a store of its own.
pub(super) async fn passes<F: Future<Output = Arc<dyn IssueStore>>>(empty: impl Fn() -> F) {
    what_is_written_is_read_back(&*empty().await).await;
    a_stale_version_conflicts_and_leaves_no_trace(&*empty().await).await;
    a_second_creator_conflicts(&*empty().await).await;
    a_lost_write_does_not_hold_up_the_others(&*empty().await).await;
    seen_marks_are_kept_by_issue_and_source(&*empty().await).await;
    concurrent_writers_lose_no_count(empty().await).await;
    each_filter_finds_what_it_names(&*empty().await).await;
    filters_narrow_each_other(&*empty().await).await;
    each_sort_order_pages_through_everything_once(&*empty().await).await;
    a_cursor_is_stable_under_inserts(&*empty().await).await;
    a_foreign_cursor_gives_an_empty_page(&*empty().await).await;
    a_changed_title_is_found_by_its_new_words_only(&*empty().await).await;
    children_come_in_order_and_in_pages(&*empty().await).await;
    samples_are_pruned(&*empty().await).await;
    of_notes_the_highest_rank_stays(&*empty().await).await;
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).expect("a time")
}

fn id_of(n: u32) -> IssueId {
    IssueId::of_fingerprint(&TrackerName::local(), &format!("v1:{n}"))
}

fn source(n: u128) -> SourceId {
    SourceId { spool: Uuid::from_u128(n), partitions: 6 }
}

/// An issue as the `n`th kind of report would make it.
pub(super) fn issue(n: u32) -> Issue {
    Issue {
        id: id_of(n),
        title: format!("ValueError: bad <int> number{n}"),
        description: "bad 7".to_owned(),
        status: Status::Open,
        priority: Priority::Medium,
        issue_type: IssueType::Bug,
        reporter_id: "api".to_owned(),
        assignee_id: None,
        tags: vec!["a".to_owned()],
        attachments: Vec::new(),
        created_at: at(n.into()),
        updated_at: at(n.into()),
        resolved_at: None,
        resolved_in: None,
        component: Some("api".to_owned()),
        severity: None,
        context: Some(serde_json::json!({"user": "<b>"})),
        source: Some(Place { pod: Some("api-1".to_owned()), ..Place::default() }),
        reported: Some(Reported {
            fingerprint: format!("v1:{n}"),
            kind: Kind::Exception,
            error_type: Some("ValueError".to_owned()),
            template: "bad <int>".to_owned(),
            culprit: Some("app.py in main".to_owned()),
            category: Category::Code,
            language: Language::Python,
            level: Level::Error,
        }),
        count: 1,
        first_seen: Some(at(n.into())),
        last_seen: Some(at(n.into())),
        first_release: None,
        last_release: None,
        releases: Default::default(),
        workloads: [("Deployment/api".to_owned(), 1)].into(),
        hours: [("2026-11-21T08".to_owned(), 1)].into(),
        days: [("2026-11-21".to_owned(), 1)].into(),
        mute: None,
        regressed: false,
        merge: None,
        schema: SCHEMA,
    }
}

fn write_of(issue: Issue, expect: Version) -> Write {
    Write {
        issue,
        expect,
        seen: Vec::new(),
        occurrences: Vec::new(),
        activities: Vec::new(),
        comments: Vec::new(),
        notifications: Vec::new(),
    }
}

fn occurrence(issue_id: IssueId, n: u32, received_at: Timestamp) -> Occurrence {
    Occurrence {
        id: Uuid::from_u128(u128::from(n) + 1),
        issue_id,
        at: received_at,
        received_at,
        count: 1,
        via: Via::Stderr,
        place: Place::default(),
        report: None,
        tags: Vec::new(),
        context: None,
    }
}

fn activity(issue_id: IssueId, n: u32) -> Activity {
    Activity {
        id: Uuid::from_u128(u128::from(n) + 1),
        issue_id,
        activity_type: ActivityType::Updated,
        user_id: "ada@example.org".to_owned(),
        changes: Vec::new(),
        created_at: at(n.into()),
    }
}

fn comment(issue_id: IssueId, n: u32) -> Comment {
    Comment {
        id: Uuid::from_u128(u128::from(n) + 1),
        issue_id,
        author_id: "ada@example.org".to_owned(),
        content: format!("comment {n}"),
        created_at: at(n.into()),
        updated_at: at(n.into()),
    }
}

async fn put(store: &dyn IssueStore, writes: Vec<Write>) -> Vec<Written> {
    store.write(writes).await.expect("the store writes")
}

async fn put_new(store: &dyn IssueStore, issues: impl IntoIterator<Item = Issue>) {
    let writes = issues.into_iter().map(|issue| write_of(issue, Version::Absent)).collect();
    for written in put(store, writes).await {
        assert!(matches!(written, Written::Done(_)), "{written:?}");
    }
}

async fn get(store: &dyn IssueStore, id: IssueId, sources: Vec<SourceId>) -> Loaded {
    let mut loaded = store.load(&[Wanted { id, sources }]).await.expect("the store loads");
    loaded.pop().expect("an answer for each")
}

async fn list(store: &dyn IssueStore, query: &IssueQuery) -> (Vec<IssueId>, Option<String>) {
    let page = store.list(query).await.expect("the store lists");
    (page.items.iter().map(|issue| issue.id).collect(), page.next_cursor)
}

async fn what_is_written_is_read_back(store: &dyn IssueStore) {
    let absent = get(store, id_of(1), Vec::new()).await;
    assert!(absent.issue.is_none() && absent.version == Version::Absent);
    put_new(store, [issue(1)]).await;
    let loaded = get(store, id_of(1), Vec::new()).await;
    assert_eq!(loaded.issue, Some(issue(1)));
    assert!(matches!(loaded.version, Version::At(_)));
    store.check().await.expect("the store answers");
}

async fn a_stale_version_conflicts_and_leaves_no_trace(store: &dyn IssueStore) {
    put_new(store, [issue(1)]).await;
    let stale = get(store, id_of(1), Vec::new()).await.version;
    let first = put(store, vec![write_of(Issue { count: 2, ..issue(1) }, stale.clone())]).await;
    assert!(matches!(first.as_slice(), [Written::Done(version)] if *version != stale));
    let late = Write {
        seen: vec![(source(1), 9)],
        occurrences: vec![occurrence(id_of(1), 1, at(1))],
        activities: vec![activity(id_of(1), 1)],
        comments: vec![comment(id_of(1), 1)],
        ..write_of(Issue { count: 77, ..issue(1) }, stale)
    };
    assert_eq!(put(store, vec![late]).await, [Written::Conflict]);
    let loaded = get(store, id_of(1), vec![source(1)]).await;
    assert_eq!(loaded.issue.map(|issue| issue.count), Some(2));
    assert_eq!(loaded.seen, []);
    for kind in [ChildKind::Occurrences, ChildKind::Activities, ChildKind::Comments] {
        let page = store.children(id_of(1), kind, None, 10).await.expect("the store lists");
        assert!(page.items.is_empty(), "{kind:?} of a write that lost");
    }
}

async fn a_second_creator_conflicts(store: &dyn IssueStore) {
    put_new(store, [issue(1)]).await;
    let second = put(store, vec![write_of(Issue { count: 5, ..issue(1) }, Version::Absent)]).await;
    assert_eq!(second, [Written::Conflict]);
}

async fn a_lost_write_does_not_hold_up_the_others(store: &dyn IssueStore) {
    put_new(store, [issue(1)]).await;
    let writes = [issue(0), issue(1), issue(2)].map(|issue| write_of(issue, Version::Absent));
    let written = put(store, writes.into()).await;
    assert!(
        matches!(written.as_slice(), [Written::Done(_), Written::Conflict, Written::Done(_)]),
        "{written:?}"
    );
    assert!(get(store, id_of(2), Vec::new()).await.issue.is_some());
}

async fn seen_marks_are_kept_by_issue_and_source(store: &dyn IssueStore) {
    let seen = vec![(source(1), 7), (source(2), u64::from(u32::MAX) + 1)];
    let one = Write { seen: seen.clone(), ..write_of(issue(1), Version::Absent) };
    let two = Write { seen: vec![(source(1), 3)], ..write_of(issue(2), Version::Absent) };
    put(store, vec![one, two]).await;
    let asked = vec![source(1), source(2), source(3)];
    assert_eq!(get(store, id_of(1), asked.clone()).await.seen, seen);
    assert_eq!(get(store, id_of(2), asked).await.seen, [(source(1), 3)]);
}

/// Eight tasks count one issue up, each by compare-and-set: the sum must be exact.
async fn concurrent_writers_lose_no_count(store: Arc<dyn IssueStore>) {
    put_new(&*store, [Issue { count: 0, ..issue(1) }]).await;
    let writers: Vec<_> = (0..8_u32)
        .map(|writer| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in 0..10 {
                    count_one_up(&*store, writer * 10 + n).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("the writer ends");
    }
    assert_eq!(get(&*store, id_of(1), Vec::new()).await.issue.map(|issue| issue.count), Some(80));
    let page = store.children(id_of(1), ChildKind::Comments, None, 100).await.expect("the store lists");
    assert_eq!(page.items.len(), 80);
}

async fn count_one_up(store: &dyn IssueStore, n: u32) {
    loop {
        let loaded = get(store, id_of(1), Vec::new()).await;
        let issue = loaded.issue.expect("the issue is there");
        let count = issue.count + 1;
        let next = Write {
            comments: vec![comment(id_of(1), n)],
            ..write_of(Issue { count, ..issue }, loaded.version)
        };
        if matches!(put(store, vec![next]).await.as_slice(), [Written::Done(_)]) {
            return;
        }
    }
}

/// Issue 1 has the value that each filter asks for, issue 0 has not.
async fn each_filter_finds_what_it_names(store: &dyn IssueStore) {
    let release = ReleaseSeen { first_seen: at(0), last_seen: at(0), count: 1 };
    let mut special = Issue {
        title: "Ünïque \"quoted\" title 100% of_it".to_owned(),
        status: Status::InProgress,
        priority: Priority::Critical,
        issue_type: IssueType::Task,
        reporter_id: "eve@example.org".to_owned(),
        assignee_id: Some("bob@example.org".to_owned()),
        component: Some("billing".to_owned()),
        workloads: [("Job/nightly".to_owned(), 1)].into(),
        releases: [("sha256:1".to_owned(), release)].into(),
        ..issue(1)
    };
    if let Some(reported) = &mut special.reported {
        reported.category = Category::Security;
        reported.culprit = Some("vault.rs in unseal".to_owned());
        reported.template = "no key for <user>".to_owned();
    }
    put_new(store, [issue(0), special]).await;
    let all = || IssueQuery { limit: 10, ..IssueQuery::default() };
    let text = |text: &str| IssueQuery { text: Some(text.to_owned()), ..all() };
    let some = |value: &str| Some(value.to_owned());
    let queries = [
        IssueQuery { status: vec![Status::InProgress, Status::Closed], ..all() },
        IssueQuery { priority: vec![Priority::Critical], ..all() },
        IssueQuery { issue_type: vec![IssueType::Task], ..all() },
        IssueQuery { category: vec![Category::Security], ..all() },
        IssueQuery { assignee: some("bob@example.org"), ..all() },
        IssueQuery { reporter: some("eve@example.org"), ..all() },
        IssueQuery { component: some("billing"), ..all() },
        IssueQuery { workload: some("Job/nightly"), ..all() },
        IssueQuery { release: some("sha256:1"), ..all() },
        text("ÜNÏQUE"),
        text("\"quoted\""),
        text("100%"),
        text("of_it"),
        text("title \"q"),
        text("unseal"),
        text("<USER>"),
        text("vault key"),
    ];
    for query in queries {
        assert_eq!(list(store, &query).await, (vec![id_of(1)], None), "{query:?}");
    }
    for nothing in ["nowhere", "x OR y", "\"zz OR \"key", "title*", "%", "ofXit"] {
        let found = list(store, &text(nothing)).await.0;
        let expected = if nothing == "%" { vec![id_of(1)] } else { Vec::new() };
        assert_eq!(found, expected, "{nothing:?}");
    }
    assert_eq!(list(store, &all()).await.0, [id_of(1), id_of(0)]);
}

async fn filters_narrow_each_other(store: &dyn IssueStore) {
    let of = |n: u32| Issue {
        status: if n.is_multiple_of(2) { Status::Open } else { Status::Resolved },
        component: Some(if n.is_multiple_of(3) { "web" } else { "api" }.to_owned()),
        ..issue(n)
    };
    put_new(store, (0..60).map(of)).await;
    let query = IssueQuery {
        status: vec![Status::Resolved],
        component: Some("web".to_owned()),
        text: Some("number5 bad".to_owned()),
        limit: 10,
        ..IssueQuery::default()
    };
    let expected: Vec<_> = (0..60)
        .rev()
        .filter(|n| n % 2 == 1 && n % 3 == 0 && format!("number{n}").contains("number5"))
        .map(id_of)
        .collect();
    assert_eq!(list(store, &query).await.0, expected);
}

async fn each_sort_order_pages_through_everything_once(store: &dyn IssueStore) {
    let priorities = [Priority::Low, Priority::Critical, Priority::High, Priority::Medium];
    let of = |n: u32| Issue {
        priority: priorities[n as usize % 4],
        count: u64::from(n % 7),
        last_seen: Some(at(i64::from(n) * 37 % 50)),
        ..issue(n)
    };
    put_new(store, (0..50).map(of)).await;
    for sort in [Sort::LastSeen, Sort::FirstSeen, Sort::Count, Sort::Priority] {
        let mut query = IssueQuery { sort, limit: 7, ..IssueQuery::default() };
        let mut shown = Vec::new();
        loop {
            let page = store.list(&query).await.expect("the store lists");
            assert!(page.items.len() <= 7);
            shown.extend(page.items);
            query.cursor = page.next_cursor;
            if query.cursor.is_none() {
                break;
            }
        }
        let key = |issue: &Issue| match sort {
            Sort::LastSeen => (issue.last_seen.map_or(0, Timestamp::as_second), 0),
            Sort::FirstSeen => (issue.first_seen.map_or(0, Timestamp::as_second), 0),
            Sort::Count => (i64::try_from(issue.count).expect("small"), 0),
            Sort::Priority => (issue.priority as i64, issue.last_seen.map_or(0, Timestamp::as_second)),
        };
        assert!(shown.iter().map(key).is_sorted_by(|a, b| a >= b), "{sort:?} is out of order");
        let ids: BTreeSet<_> = shown.iter().map(|issue| issue.id).collect();
        assert_eq!((shown.len(), ids.len()), (50, 50), "{sort:?}");
    }
}

async fn a_cursor_is_stable_under_inserts(store: &dyn IssueStore) {
    put_new(store, (0..20).map(issue)).await;
    let mut query = IssueQuery { limit: 8, ..IssueQuery::default() };
    let (first, cursor) = list(store, &query).await;
    put_new(store, (100..120).map(issue)).await;
    query.cursor = cursor;
    let (second, cursor) = list(store, &query).await;
    query.cursor = cursor;
    let (third, end) = list(store, &query).await;
    let shown = [first, second, third].concat();
    assert_eq!(shown, (0..20).rev().map(id_of).collect::<Vec<_>>());
    assert_eq!(end, None);
}

async fn a_foreign_cursor_gives_an_empty_page(store: &dyn IssueStore) {
    put_new(store, (0..3).map(issue)).await;
    for foreign in
        ["", "x", "l", "l.", "l.1", "c.1.2", "l.1.2.3", "l.1.2'", "l.99999999999999999999.1", "é.1.1"]
    {
        let query = IssueQuery { cursor: Some(foreign.to_owned()), limit: 8, ..IssueQuery::default() };
        assert_eq!(list(store, &query).await, (Vec::new(), None), "{foreign:?}");
        let page =
            store.children(id_of(1), ChildKind::Comments, Some(foreign), 8).await.expect("the store lists");
        assert!(page.items.is_empty() && page.next_cursor.is_none(), "{foreign:?}");
    }
}

async fn a_changed_title_is_found_by_its_new_words_only(store: &dyn IssueStore) {
    put_new(store, [issue(1)]).await;
    let version = get(store, id_of(1), Vec::new()).await.version;
    let renamed = Issue {
        title: "Payment gateway".to_owned(),
        assignee_id: Some("bob@example.org".to_owned()),
        ..issue(1)
    };
    put(store, vec![write_of(renamed, version)]).await;
    let text = |text: &str| IssueQuery { text: Some(text.to_owned()), limit: 8, ..IssueQuery::default() };
    assert_eq!(list(store, &text("gateway")).await.0, [id_of(1)]);
    assert_eq!(list(store, &text("number1")).await.0, []);
    let assigned =
        IssueQuery { assignee: Some("bob@example.org".to_owned()), limit: 8, ..IssueQuery::default() };
    assert_eq!(list(store, &assigned).await.0, [id_of(1)]);
}

async fn children_come_in_order_and_in_pages(store: &dyn IssueStore) {
    let id = id_of(1);
    let write = Write {
        comments: (0..5).rev().map(|n| comment(id, n)).collect(),
        activities: (0..5).rev().map(|n| activity(id, n)).collect(),
        occurrences: (0..5).map(|n| occurrence(id, n, at(n.into()))).collect(),
        notifications: vec![Notification {
            id: Uuid::from_u128(1),
            user_id: "ada@example.org".to_owned(),
            notification_type: "assigned".to_owned(),
            message: "yours".to_owned(),
            read: false,
            issue_id: id,
            created_at: at(0),
        }],
        ..write_of(issue(1), Version::Absent)
    };
    put(store, vec![write]).await;
    for (kind, expected) in [
        (ChildKind::Comments, [1, 2, 3, 4, 5]),
        (ChildKind::Activities, [1, 2, 3, 4, 5]),
        (ChildKind::Occurrences, [5, 4, 3, 2, 1]),
    ] {
        let mut cursor = None;
        let mut ids = Vec::new();
        loop {
            let page = store.children(id, kind, cursor.as_deref(), 2).await.expect("the store lists");
            ids.extend(page.items.iter().map(child_id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(ids, expected.map(Uuid::from_u128), "{kind:?}");
    }
}

fn child_id(child: &Child) -> Uuid {
    match child {
        Child::Occurrence(occurrence) => occurrence.id,
        Child::Activity(activity) => activity.id,
        Child::Comment(comment) => comment.id,
    }
}

async fn samples_are_pruned(store: &dyn IssueStore) {
    let id = id_of(1);
    put_new(store, [issue(1)]).await;
    for batch in 0..30 {
        let version = get(store, id, Vec::new()).await.version;
        let occurrences =
            (batch * 10..batch * 10 + 10).map(|n| occurrence(id, n, at(i64::from(n) * 20))).collect();
        put(store, vec![Write { occurrences, ..write_of(issue(1), version) }]).await;
    }
    let page = store.children(id, ChildKind::Occurrences, None, 100).await.expect("the store lists");
    let ids: BTreeSet<_> = page.items.iter().map(child_id).collect();
    assert!(page.items.len() <= 50, "{} are kept", page.items.len());
    for n in (0..10).chain([299]) {
        assert!(ids.contains(&Uuid::from_u128(n + 1)), "sample {n} is gone");
    }
}

async fn of_notes_the_highest_rank_stays(store: &dyn IssueStore) {
    let note = |kind, key: &str, rank, text: &str| Note {
        kind,
        key: key.to_owned(),
        rank,
        body: serde_json::json!({"text": text}),
    };
    let key = format!("{}.6", Uuid::from_u128(7));
    let kept = |notes: Vec<Note>| async { store.keep(notes).await.expect("the store keeps") };
    let sidecar = |rank, text: &str| note(NoteKind::Sidecar, &key, rank, text);
    assert_eq!(kept(vec![sidecar(5, "a"), note(NoteKind::DeadLetter, &key, 9, "z")]).await, [true, true]);
    assert_eq!(
        kept(vec![sidecar(5, "b"), sidecar(4, "c"), sidecar(6, "d"), sidecar(6, "e")]).await,
        [false, false, true, false]
    );
    let read = |kind, keys| async move { store.notes(kind, keys).await.expect("the store reads") };
    assert_eq!(read(NoteKind::Sidecar, None).await, [sidecar(6, "d")]);
    let other = || Some(vec!["other".to_owned(), key.clone()]);
    assert_eq!(read(NoteKind::DeadLetter, other()).await, [note(NoteKind::DeadLetter, &key, 9, "z")]);
    assert_eq!(read(NoteKind::DeadLetter, Some(vec!["other".to_owned()])).await, []);
}
