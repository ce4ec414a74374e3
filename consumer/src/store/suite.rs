//! What every adapter must do. An adapter's tests call [`passes`] with a way to get an empty store.

// Cases are tests: a broken promise panics with what was seen.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a test fails by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use issue::{
    document::{
        Activity, ActivityType, Comment, Issue, Merge, Mute, Notification, Occurrence, Rate, ReleaseSeen,
        Reported, SCHEMA, Status, Tally,
    },
    id::{IssueId, SourceId, TrackerName},
    record::{IssueType, Place, Via},
    report::{Category, Kind, Language, Level, Priority},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

mod notes;
mod scale;

pub use self::scale::{Figures, count_up, fill, fill_one, many_issues};
use super::{
    Child, ChildKind, Deletion, IssueQuery, IssueStore, Kept, Loaded, STATUSES, Sort, Store, Upkeep, Version,
    Wanted, Write, Written,
};

/// Runs every case, each on a store of its own.
pub async fn passes<F: Future<Output = Arc<dyn Store>>>(empty: impl Fn() -> F) {
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
    notes::of_notes_the_highest_rank_stays(&*empty().await).await;
    notes::notes_with_an_order_are_read_in_it(&*empty().await).await;
    notes::notes_are_written_with_the_change_that_they_belong_to(&*empty().await).await;
    concurrent_creators_make_one_issue(empty().await).await;
    marks_of_many_sources_are_kept(&*empty().await).await;
    a_change_of_any_size_is_written_whole(&*empty().await).await;
    a_batch_of_many_issues_is_answered_in_order(&*empty().await).await;
    what_a_program_sent_comes_back_as_it_was(&*empty().await).await;
    fields_that_end_are_gone(&*empty().await).await;
    a_deleted_issue_leaves_its_marks_only(&*empty().await).await;
    a_deletion_is_compare_and_set(&*empty().await).await;
    a_tombstone_can_be_laid_where_nothing_was(&*empty().await).await;
    what_outlives_its_time_is_swept(&*empty().await).await;
    issues_are_counted_by_how_they_stand(&*empty().await).await;
    everything_is_exported(&*empty().await).await;
    people_read_what_they_were_told(&*empty().await).await;
}

async fn people_read_what_they_were_told(store: &dyn Store) {
    let told = |n: u32, user: &str| Notification {
        id: Uuid::from_u128(n.into()),
        user_id: user.to_owned(),
        notification_type: "assigned".to_owned(),
        message: format!("number {n}"),
        read: false,
        issue_id: id_of(1),
        created_at: at(n.into()),
    };
    let mut notifications: Vec<_> = (1..=5).map(|n| told(n, "ada")).collect();
    notifications.push(told(6, "bob"));
    let write = Write { notifications, ..write_of(issue(1), Version::Absent) };
    put(store, vec![write]).await;
    let first = store.inbox("ada", None, 3).await.expect("a page");
    let messages = |page: &[Notification]| page.iter().map(|n| n.message.clone()).collect::<Vec<_>>();
    assert_eq!(messages(&first.items), ["number 5", "number 4", "number 3"]);
    let next = store.inbox("ada", first.next_cursor.as_deref(), 3).await.expect("a page");
    assert_eq!((messages(&next.items), next.next_cursor), (vec!["number 2".into(), "number 1".into()], None));
    assert!(store.inbox("ada", Some("nonsense"), 3).await.expect("a page").items.is_empty());
    assert_eq!(store.unread("ada").await.expect("a count"), 5);
    let some = vec![Uuid::from_u128(2), Uuid::from_u128(6), Uuid::from_u128(99)];
    assert_eq!(store.mark_read("ada", Some(some)).await.expect("marked"), 1);
    assert_eq!(
        (store.unread("ada").await.expect("a count"), store.unread("bob").await.expect("a count")),
        (4, 1)
    );
    assert_eq!(store.mark_read("ada", None).await.expect("marked"), 4);
    assert!(store.inbox("ada", None, 9).await.expect("a page").items.iter().all(|n| n.read));
    assert_eq!(store.unread("bob").await.expect("a count"), 1);
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

/// An issue with every field that an issue can have.
pub fn full_issue() -> Issue {
    let release = ReleaseSeen { first_seen: at(0), last_seen: at(1), count: 3 };
    let rate = Rate { seconds: 6, stretches: [(298_333_333, 2)].into(), count: 3, told: Some(298_333_333) };
    let tally = |count: u64| Tally { count, ..Tally::default() };
    Issue {
        resolved_at: Some(at(5)),
        resolved_in: Some("sha256:1".to_owned()),
        assignee_id: Some("bob@example.org".to_owned()),
        severity: Some("error".to_owned()),
        first_release: Some("sha256:1".to_owned()),
        last_release: Some("sha256:1".to_owned()),
        releases: [("sha256:1".to_owned(), release)].into(),
        mute: Some(Mute::Until(at(100))),
        regressed: true,
        escalated: Some(at(4)),
        rates: [("chat".to_owned(), rate)].into(),
        merge: Some(Box::new(Merge::Of { own: tally(1), members: [(id_of(2), tally(2))].into() })),
        ..issue(1)
    }
}

/// An issue as the `n`th kind of report would make it.
pub fn issue(n: u32) -> Issue {
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
        escalated: None,
        rates: Default::default(),
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
        notes: Vec::new(),
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
        title: "Ünïque \"quoted\" title 100% of_it sük".to_owned(),
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
    special.regressed = true;
    if let Some(reported) = &mut special.reported {
        reported.category = Category::Security;
        reported.culprit = Some("vault.rs in unseal".to_owned());
        reported.template = "no key for <user>".to_owned();
    }
    put_new(store, [issue(0), special.clone()]).await;
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
        IssueQuery { workload: some("nightly"), ..all() },
        IssueQuery {
            workload: some("nightly"),
            release: some("sha256:1"),
            component: some("billing"),
            ..all()
        },
        IssueQuery { release: some("sha256:1"), ..all() },
        IssueQuery { regressed: true, ..all() },
        IssueQuery { regressed: true, status: vec![Status::InProgress], sort: Sort::Priority, ..all() },
        IssueQuery { regressed: true, workload: some("nightly"), ..text("vault key") },
        text("ÜNÏQUE"),
        text("\"quoted\""),
        text("100%"),
        text("of_it"),
        text("title \"q"),
        text("unseal"),
        text("<USER>"),
        text("vault key"),
        text("ük qu ün of"),
        text("ü"),
    ];
    for query in queries {
        assert_eq!(list(store, &query).await, (vec![id_of(1)], None), "{query:?}");
        assert!(query.shows(&special) && !query.shows(&issue(0)), "{query:?}");
    }
    for nothing in ["nowhere", "x OR y", "\"zz OR \"key", "title*", "%", "ofXit"] {
        let found = list(store, &text(nothing)).await.0;
        let expected = if nothing == "%" { vec![id_of(1)] } else { Vec::new() };
        assert_eq!(found, expected, "{nothing:?}");
        assert_eq!(text(nothing).shows(&special), !expected.is_empty(), "{nothing:?}");
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
        notifications: vec![notification(1)],
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
        let newest = store.newest(id, kind, 3).await.expect("the store lists");
        let newest: Vec<_> = newest.iter().map(child_id).collect();
        assert_eq!(newest, [5, 4, 3].map(Uuid::from_u128), "{kind:?}");
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

/// Eight tasks make the same issue at once, each of a record of its own: one of them makes it, all of them are counted.
async fn concurrent_creators_make_one_issue(store: Arc<dyn Upkeep>) {
    let creators: Vec<_> = (0..8_u32)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                loop {
                    let loaded = get(&*store, id_of(1), Vec::new()).await;
                    let count = loaded.issue.map_or(0, |issue| issue.count) + 1;
                    let write = Write {
                        seen: vec![(source(n.into()), 1)],
                        activities: vec![activity(id_of(1), n)],
                        ..write_of(Issue { count, ..issue(1) }, loaded.version)
                    };
                    if matches!(put(&*store, vec![write]).await.as_slice(), [Written::Done(_)]) {
                        return;
                    }
                }
            })
        })
        .collect();
    for creator in creators {
        creator.await.expect("the creator ends");
    }
    let loaded = get(&*store, id_of(1), (0..8).map(source).collect()).await;
    assert_eq!((loaded.issue.map(|issue| issue.count), loaded.seen.len()), (Some(8), 8));
    assert_eq!(children_of(&*store, id_of(1), ChildKind::Activities).await, 8);
}

async fn children_of(store: &dyn IssueStore, id: IssueId, kind: ChildKind) -> usize {
    let mut cursor = None;
    let mut count = 0;
    loop {
        let page = store.children(id, kind, cursor.as_deref(), 500).await.expect("the store lists");
        count += page.items.len();
        cursor = page.next_cursor;
        if cursor.is_none() {
            return count;
        }
    }
}

/// More sources than any document would hold in one place: 600 in four writes, each with some that were there before.
async fn marks_of_many_sources_are_kept(store: &dyn Upkeep) {
    let mut expected: BTreeMap<SourceId, u64> = BTreeMap::new();
    for round in 0..4_u64 {
        let first = u128::from(round) * 150;
        let seen: Vec<_> = (first.saturating_sub(50)..first + 150).map(|n| (source(n), round + 7)).collect();
        expected.extend(seen.iter().cloned());
        let version = get(store, id_of(1), Vec::new()).await.version;
        let write = Write { seen, ..write_of(Issue { count: round, ..issue(1) }, version) };
        assert!(matches!(put(store, vec![write]).await.as_slice(), [Written::Done(_)]));
    }
    let sources: Vec<_> = expected.keys().cloned().collect();
    assert_eq!(get(store, id_of(1), sources).await.seen, expected.clone().into_iter().collect::<Vec<_>>());
    let page = store.export(None, 10).await.expect("the store exports");
    let [Kept::Issue { seen, .. }] = page.items.as_slice() else { panic!("one issue") };
    assert_eq!(seen.iter().cloned().collect::<BTreeMap<_, _>>(), expected);
}

async fn a_change_of_any_size_is_written_whole(store: &dyn IssueStore) {
    let write = Write {
        comments: (0..1_200).map(|n| comment(id_of(1), n)).collect(),
        seen: vec![(source(1), 1_200)],
        ..write_of(issue(1), Version::Absent)
    };
    assert!(matches!(put(store, vec![write]).await.as_slice(), [Written::Done(_)]));
    assert_eq!(children_of(store, id_of(1), ChildKind::Comments).await, 1_200);
    assert_eq!(get(store, id_of(1), vec![source(1)]).await.seen, [(source(1), 1_200)]);
}

/// As many as the consumer writes at once, every seventh with a state that is not so.
async fn a_batch_of_many_issues_is_answered_in_order(store: &dyn IssueStore) {
    put_new(store, (0..500).filter(|n| n % 7 == 0).map(issue)).await;
    let write = |n: u32| Write {
        activities: vec![activity(id_of(n), n)],
        occurrences: vec![occurrence(id_of(n), n, at(n.into()))],
        ..write_of(issue(n), Version::Absent)
    };
    let written = put(store, (0..500).map(write).collect()).await;
    assert_eq!(written.len(), 500);
    for (n, written) in (0..).zip(&written) {
        assert_eq!(matches!(written, Written::Conflict), n % 7 == 0, "{n}: {written:?}");
    }
    let wanted: Vec<_> = (0..500).map(|n| Wanted { id: id_of(n), sources: Vec::new() }).collect();
    for ((n, loaded), written) in (0..).zip(store.load(&wanted).await.expect("it loads")).zip(written) {
        assert_eq!(loaded.issue, Some(issue(n)));
        assert!(n % 7 == 0 || written == Written::Done(loaded.version), "{n}");
    }
}

async fn what_a_program_sent_comes_back_as_it_was(store: &dyn IssueStore) {
    let deep = (0..40).fold(serde_json::json!("x"), |below, _| serde_json::json!({ "a": below }));
    for (n, context) in (0..).zip([
        serde_json::json!([[1, [2]], {"b": []}]),
        serde_json::json!({"__name__": 1, "": {"a.b`c": null}, "createdAt": "2026-11-21T08:00:00Z"}),
        serde_json::json!([u64::MAX, i64::MIN, 0.5, -0.0, true]),
        deep,
        serde_json::json!("\u{0}\n<script>"),
    ]) {
        let strange = Issue {
            context: Some(context),
            releases: [("__r__".to_owned(), ReleaseSeen { first_seen: at(0), last_seen: at(0), count: 1 })]
                .into(),
            workloads: [("a.`b".to_owned(), 1)].into(),
            ..issue(n)
        };
        put_new(store, [strange.clone()]).await;
        let loaded = get(store, id_of(n), Vec::new()).await;
        assert_eq!(loaded.issue, Some(strange.clone()));
        // And can be replaced by what is kept in another way.
        put(store, vec![write_of(issue(n), loaded.version)]).await;
        assert_eq!(get(store, id_of(n), Vec::new()).await.issue, Some(issue(n)));
    }
}

async fn fields_that_end_are_gone(store: &dyn IssueStore) {
    put_new(store, [full_issue()]).await;
    let version = get(store, id_of(1), Vec::new()).await.version;
    let bare = Issue { reported: None, ..issue(1) };
    put(store, vec![write_of(bare.clone(), version)]).await;
    assert_eq!(get(store, id_of(1), Vec::new()).await.issue, Some(bare));
}

fn with_everything(n: u32) -> Write {
    Write {
        seen: vec![(source(1), 5)],
        occurrences: vec![occurrence(id_of(n), n, at(1))],
        activities: vec![activity(id_of(n), n)],
        comments: vec![comment(id_of(n), n)],
        notifications: vec![notification(n)],
        notes: vec![notes::notice(n)],
        ..write_of(issue(n), Version::Absent)
    }
}

fn notification(n: u32) -> Notification {
    Notification {
        id: Uuid::from_u128(u128::from(n) + 1),
        user_id: "ada@example.org".to_owned(),
        notification_type: "assigned".to_owned(),
        message: "yours".to_owned(),
        read: false,
        issue_id: id_of(n),
        created_at: at(0),
    }
}

async fn delete(store: &dyn Upkeep, id: IssueId, expect: Version) -> Written {
    store.delete(Deletion { id, expect, seen: Vec::new() }).await.expect("the store deletes")
}

/// What was counted before stays counted; what is reported after makes the issue anew, and nothing old hangs below it.
async fn a_deleted_issue_leaves_its_marks_only(store: &dyn Upkeep) {
    put(store, vec![with_everything(1), with_everything(2)]).await;
    let version = get(store, id_of(1), Vec::new()).await.version;
    let Written::Done(after) = delete(store, id_of(1), version).await else { panic!("it is deleted") };
    let loaded = get(store, id_of(1), vec![source(1)]).await;
    assert_eq!((loaded.issue, loaded.seen, &loaded.version), (None, vec![(source(1), 5)], &after));
    assert_eq!(list(store, &IssueQuery { limit: 9, ..IssueQuery::default() }).await.0, [id_of(2)]);
    for kind in [ChildKind::Occurrences, ChildKind::Activities, ChildKind::Comments] {
        assert_eq!(children_of(store, id_of(1), kind).await, 0, "{kind:?}");
        assert_eq!(children_of(store, id_of(2), kind).await, 1, "{kind:?} of another issue");
    }
    let again = Write { seen: vec![(source(2), 1)], ..write_of(issue(1), after) };
    assert!(matches!(put(store, vec![again]).await.as_slice(), [Written::Done(_)]));
    let loaded = get(store, id_of(1), vec![source(1), source(2)]).await;
    assert_eq!((loaded.issue, loaded.seen), (Some(issue(1)), vec![(source(1), 5), (source(2), 1)]));
    assert_eq!(children_of(store, id_of(1), ChildKind::Comments).await, 0);
}

async fn a_deletion_is_compare_and_set(store: &dyn Upkeep) {
    put_new(store, [issue(1)]).await;
    let stale = get(store, id_of(1), Vec::new()).await.version;
    put(store, vec![write_of(Issue { count: 2, ..issue(1) }, stale.clone())]).await;
    assert_eq!(delete(store, id_of(1), stale).await, Written::Conflict);
    assert_eq!(delete(store, id_of(1), Version::Absent).await, Written::Conflict);
    assert!(get(store, id_of(1), Vec::new()).await.issue.is_some());
}

async fn a_tombstone_can_be_laid_where_nothing_was(store: &dyn Upkeep) {
    let seen: Vec<_> = (0..300).map(|n| (source(n), 9)).collect();
    let deletion = Deletion { id: id_of(1), expect: Version::Absent, seen: seen.clone() };
    assert!(matches!(store.delete(deletion).await, Ok(Written::Done(_))));
    let loaded = get(store, id_of(1), seen.iter().map(|(source, _)| source.clone()).collect()).await;
    assert_eq!((loaded.issue, loaded.seen), (None, seen));
}

async fn what_outlives_its_time_is_swept(store: &dyn Upkeep) {
    let now = Timestamp::now();
    let days = |days: i64| now + SignedDuration::from_hours(24 * days);
    let mut living = with_everything(1);
    living.occurrences = vec![occurrence(id_of(1), 1, days(-40)), occurrence(id_of(1), 2, days(-1))];
    put(store, vec![living, with_everything(2)]).await;
    let version = get(store, id_of(2), Vec::new()).await.version;
    delete(store, id_of(2), version).await;
    store.sweep(days(7)).await.expect("the store sweeps");
    for n in [1, 2] {
        assert_eq!(
            get(store, id_of(n), vec![source(1)]).await.seen,
            [(source(1), 5)],
            "{n} after seven days"
        );
    }
    assert_eq!(children_of(store, id_of(1), ChildKind::Occurrences).await, 1);
    store.sweep(days(32)).await.expect("the store sweeps");
    let loaded = get(store, id_of(2), vec![source(1)]).await;
    assert_eq!((loaded.version, loaded.seen), (Version::Absent, Vec::new()));
    assert_eq!(children_of(store, id_of(1), ChildKind::Occurrences).await, 0);
    assert_eq!(children_of(store, id_of(1), ChildKind::Comments).await, 1);
    assert_eq!(get(store, id_of(1), Vec::new()).await.issue, Some(issue(1)));
}

async fn issues_are_counted_by_how_they_stand(store: &dyn Upkeep) {
    let of = |n: u32| Issue { status: STATUSES[n as usize % 3], regressed: n.is_multiple_of(10), ..issue(n) };
    put_new(store, (0..30).map(of)).await;
    let version = get(store, id_of(29), Vec::new()).await.version;
    delete(store, id_of(29), version).await;
    let stats = store.stats(at(20)).await.expect("the store counts");
    let counts: Vec<u64> = stats.by_status.iter().map(|(_, count)| *count).collect();
    assert_eq!((counts, stats.regressed, stats.new), (vec![10, 10, 9, 0], 3, 9));
}

async fn everything_is_exported(store: &dyn Upkeep) {
    put(store, (0..25).map(with_everything).collect()).await;
    let version = get(store, id_of(7), Vec::new()).await.version;
    delete(store, id_of(7), version).await;
    let (mut kept, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.export(cursor.as_deref(), 4).await.expect("the store exports");
        kept.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let mut expected: Vec<(IssueId, Kept)> = (0..25)
        .map(|n| (id_of(n), n))
        .map(|(id, n)| {
            let seen = vec![(source(1), 5)];
            let issue =
                || Kept::Issue { issue: issue(n), seen: seen.clone(), notifications: vec![notification(n)] };
            (id, if n == 7 { Kept::Tombstone { id, seen: seen.clone() } } else { issue() })
        })
        .collect();
    expected.sort_by_key(|(id, _)| *id);
    assert_eq!(kept, expected.into_iter().map(|(_, kept)| kept).collect::<Vec<_>>());
}
