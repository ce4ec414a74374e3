//! The SQLite store with as many issues as a large tracker has: what takes too long for the tests of its crate.

use consumer::store::{sqlite::SqliteStore, suite::many_issues};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_issues_are_listed_in_bounded_time() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("issues.db")).unwrap();
    let figures = many_issues(&store, 100_000).await;
    eprintln!("100,000 issues in SQLite: {:.0} new issues/s, three documents each", figures.writes);
    for (name, found, median, longest) in figures.lists {
        eprintln!("  {name:<24} found {found:>4}  median {median:>8.2?}  longest {longest:>8.2?}");
    }
}
