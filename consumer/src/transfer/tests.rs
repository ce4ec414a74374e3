//! From one store into another, whole or not at all taken for whole.

use super::*;
use crate::store::{Upkeep, sqlite::SqliteStore, suite};

fn sqlite(folder: &Path, name: &str) -> SqliteStore {
    SqliteStore::open(&folder.join(name)).expect("the store opens")
}

async fn exported(store: &dyn Upkeep) -> Vec<String> {
    let mut out = Vec::new();
    export(store, &mut out, |_| {}).await.expect("it is exported");
    String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
}

async fn imported(store: &dyn Upkeep, lines: &[String]) -> Result<Moved, TransferError> {
    import(store, &mut lines.join("\n").as_bytes(), |_| {}).await
}

#[tokio::test]
async fn what_was_exported_is_imported_and_exported_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (sqlite(folder.path(), "one.db"), sqlite(folder.path(), "other.db"));
    suite::fill(&one, 250).await;
    let lines = exported(&one).await;
    let moved = imported(&other, &lines).await.expect("it is imported");
    assert_eq!((moved.issues, moved.tombstones, moved.notes, moved.left), (249, 1, 250, 0));
    // All but the first line, which has the time.
    assert_eq!(exported(&other).await[1..], lines[1..]);
    assert_eq!(imported(&other, &lines).await.expect("again"), moved);
    assert_eq!(exported(&other).await[1..], lines[1..], "an import that is repeated changes nothing");
}

#[tokio::test]
async fn what_is_there_in_another_state_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (sqlite(folder.path(), "one.db"), sqlite(folder.path(), "other.db"));
    suite::fill(&one, 20).await;
    let lines = exported(&one).await;
    suite::fill(&other, 1).await;
    suite::count_up(&other).await;
    let before = exported(&other).await;
    let moved = imported(&other, &lines).await.expect("it is imported");
    assert_eq!(moved.left, 1);
    let after = exported(&other).await;
    assert!(
        before.iter().filter(|line| line.contains("\"kind\":\"issue\"")).all(|line| after.contains(line))
    );
}

#[tokio::test]
async fn half_a_file_is_not_taken_for_a_whole_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = sqlite(folder.path(), "one.db");
    suite::fill(&one, 9).await;
    let lines = exported(&one).await;
    for (name, cut, reason) in [
        ("empty", Vec::new(), "it is empty"),
        ("no end", lines[..lines.len() - 1].to_vec(), "last line is missing"),
        ("a gap", [&lines[..3], &lines[4..]].concat(), ""),
        ("no begin", lines[1..].to_vec(), "first line"),
        ("garbage", vec![lines[0].clone(), "{".to_owned()], "line 2"),
        ("later", vec![lines[0].replace("\"format\":2", "\"format\":3")], "forms up to 2"),
    ] {
        let other = sqlite(folder.path(), &format!("{name}.db"));
        let error = imported(&other, &cut).await.expect_err(name).to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

/// What hangs below one issue may be more than one write takes.
#[tokio::test]
async fn an_issue_of_any_size_goes_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (sqlite(folder.path(), "one.db"), sqlite(folder.path(), "other.db"));
    suite::fill_one(&one, 3_000, 2_000).await;
    let lines = exported(&one).await;
    imported(&other, &lines).await.expect("it is imported");
    assert_eq!(exported(&other).await[1..], lines[1..]);
}
