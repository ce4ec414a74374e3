//! Stores with a great deal in them: what lists cost, and what there is to move.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use issue::document::{Comment, Issue, Status};

use super::{
    activity, at, comment, delete, get, id_of, issue, occurrence, put, source, with_everything, write_of,
};
use crate::store::{IssueQuery, IssueStore, Sort, Upkeep, Version, Wanted, Write, Written};

/// How long lists over many issues took.
#[derive(Debug, Default)]
pub struct Figures {
    /// Issues written a second, with three documents each.
    pub writes: f64,
    /// Name of a list, how many it found, and the median and the longest of its pages.
    pub lists: Vec<(&'static str, usize, Duration, Duration)>,
}

/// Fills a store with so many issues and walks ten pages of each kind of list. Every page comes in bounded time and has
/// the right issues; the figures are for people.
pub async fn many_issues(store: &dyn IssueStore, issues: u32) -> Figures {
    let begun = Instant::now();
    let numbers: Vec<u32> = (0..issues).collect();
    for batch in numbers.chunks(500) {
        put_all(store, batch).await;
    }
    let mut figures =
        Figures { writes: f64::from(issues) / begun.elapsed().as_secs_f64(), ..Figures::default() };
    let all = || IssueQuery { limit: 50, ..IssueQuery::default() };
    let some = |text: &str| Some(text.to_owned());
    let queries = [
        ("by last seen", all(), usize::MAX),
        ("by count", IssueQuery { sort: Sort::Count, ..all() }, usize::MAX),
        ("by priority", IssueQuery { sort: Sort::Priority, ..all() }, usize::MAX),
        ("open", IssueQuery { status: vec![Status::Open], ..all() }, usize::MAX),
        ("closed (none)", IssueQuery { status: vec![Status::Closed], ..all() }, 0),
        ("workload", IssueQuery { workload: some("orders-7"), ..all() }, usize::MAX),
        ("assignee (none)", IssueQuery { assignee: some("bob"), ..all() }, 0),
        ("text, one", IssueQuery { text: some(&format!("number{}", issues - 1)), ..all() }, 1),
        ("text, some", IssueQuery { text: some("number77"), sort: Sort::Count, ..all() }, usize::MAX),
        ("text, all", IssueQuery { text: some("valueerror"), ..all() }, usize::MAX),
        ("text, none", IssueQuery { text: some("zebra"), ..all() }, 0),
        ("text, two letters", IssueQuery { text: some("99"), ..all() }, usize::MAX),
        ("text, two letters, none", IssueQuery { text: some("zq"), ..all() }, 0),
    ];
    for (name, query, expected) in queries {
        figures.lists.push(walk(store, name, query, expected).await);
    }
    figures
}

/// As the consumer does it: what a slow store did not answer in time is looked at, and written again where it is missing.
async fn put_all(store: &dyn IssueStore, numbers: &[u32]) {
    let mut missing = numbers.to_vec();
    for _ in 0..5 {
        let written = put(store, missing.iter().map(|n| one_of_many(*n)).collect()).await;
        if written.iter().all(|written| matches!(written, Written::Done(_))) {
            return;
        }
        let wanted: Vec<_> = missing.iter().map(|n| Wanted { id: id_of(*n), sources: Vec::new() }).collect();
        let loaded = store.load(&wanted).await.expect("the store loads");
        missing =
            missing.into_iter().zip(loaded).filter(|(_, l)| l.issue.is_none()).map(|(n, _)| n).collect();
        if missing.is_empty() {
            return;
        }
    }
    panic!("{} issues could not be written", missing.len());
}

fn one_of_many(n: u32) -> Write {
    let issue = Issue {
        status: if n.is_multiple_of(3) { Status::Resolved } else { Status::Open },
        count: u64::from(n % 1_000),
        workloads: [(format!("Deployment/orders-{}", n % 50), 1)].into(),
        ..issue(n)
    };
    Write {
        seen: vec![(source(1), u64::from(n) + 1)],
        occurrences: vec![occurrence(id_of(n), n, at(n.into()))],
        activities: vec![activity(id_of(n), n)],
        ..write_of(issue, Version::Absent)
    }
}

async fn walk(
    store: &dyn IssueStore,
    name: &'static str,
    mut query: IssueQuery,
    expected: usize,
) -> (&'static str, usize, Duration, Duration) {
    let mut times = Vec::new();
    let mut found = BTreeSet::new();
    for _ in 0..10 {
        let begun = Instant::now();
        let page = store.list(&query).await.expect("a page");
        times.push(begun.elapsed());
        found.extend(page.items.iter().map(|issue| issue.id));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    assert!(
        found.len() <= expected && (found.len() == expected || expected == usize::MAX),
        "{name}: {}",
        found.len()
    );
    assert!(expected != usize::MAX || !found.is_empty(), "{name} found nothing");
    times.sort();
    let longest = times.last().copied().unwrap_or_default();
    assert!(longest < Duration::from_secs(10), "{name} took {longest:?}");
    (name, found.len(), times.get(times.len() / 2).copied().unwrap_or_default(), longest)
}

/// Puts so many issues with children into a store, and deletes the first.
pub async fn fill(store: &dyn Upkeep, issues: u32) {
    let numbers: Vec<u32> = (0..issues).collect();
    for some in numbers.chunks(500) {
        put(store, some.iter().map(|n| with_everything(*n)).collect()).await;
    }
    if issues > 1 {
        let version = get(store, id_of(0), Vec::new()).await.version;
        delete(store, id_of(0), version).await;
    }
}

/// Puts one issue with so many comments of so many characters into a store.
pub async fn fill_one(store: &dyn IssueStore, comments: u32, length: usize) {
    let long = |n: u32| Comment { content: "x".repeat(length), ..comment(id_of(1), n) };
    let write = Write { comments: (0..comments).map(long).collect(), ..with_everything(1) };
    put(store, vec![write]).await;
}

/// Counts one report more on the first issue.
pub async fn count_up(store: &dyn IssueStore) {
    let loaded = get(store, id_of(0), Vec::new()).await;
    let issue = loaded.issue.expect("an issue");
    put(store, vec![write_of(Issue { count: issue.count + 1, ..issue }, loaded.version)]).await;
}
