//! Small documents beside the issues, and those that are written with a change of one.

use serde_json::json;
use uuid::Uuid;

use super::{get, id_of, issue, put, source, write_of};
use crate::store::{IssueStore, Note, NoteKind, Stretch, Version, Write, Written};

pub(super) async fn of_notes_the_highest_rank_stays(store: &dyn IssueStore) {
    let note = |kind, key: &str, rank, text: &str| Note {
        kind,
        key: key.to_owned(),
        rank,
        body: json!({"text": text}),
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

pub(super) async fn notes_with_an_order_are_read_in_it(store: &dyn IssueStore) {
    let note = |kind, key: &str, body| Note { kind, key: key.to_owned(), rank: 1, body };
    let visit = |key: &str, order: i64| note(NoteKind::Visit, key, json!({"order": order, "of": key}));
    let all = [visit("b", 5), visit("a", 5), visit("c", -2), visit("d", 90)];
    let others = [
        note(NoteKind::Incident, "i", json!({"order": 5})),
        note(NoteKind::Visit, "n", json!({"order": null})),
        note(NoteKind::Visit, "z", serde_json::Value::Null),
    ];
    store.keep(all.into_iter().chain(others).collect()).await.expect("the store keeps");
    let keys = async |stretch: Stretch| -> Vec<String> {
        let found = store.ordered(NoteKind::Visit, &stretch).await.expect("the store reads");
        found.into_iter().map(|note| note.key).collect()
    };
    assert_eq!(keys(Stretch::due(5, 10)).await, ["c", "a", "b"]);
    assert_eq!(keys(Stretch::due(5, 2)).await, ["c", "a"]);
    let newest = Stretch { from: 0, to: i64::MAX, descending: true, after: None, limit: 10 };
    assert_eq!(keys(newest.clone()).await, ["d", "b", "a"]);
    assert_eq!(keys(Stretch { after: Some((5, "b".to_owned())), ..newest }).await, ["a"]);
    let rising = Stretch { after: Some((5, "a".to_owned())), ..Stretch::due(i64::MAX, 10) };
    assert_eq!(keys(rising).await, ["b", "d"]);
    let moved = Note { rank: 2, ..visit("c", 100) };
    store.keep(vec![moved]).await.expect("the store keeps");
    assert_eq!(keys(Stretch::due(99, 10)).await, ["a", "b", "d"]);
}

/// One that is written with a change.
pub(super) fn notice(n: u32) -> Note {
    let body = json!({"order": n, "text": "bad \u{1F525}"});
    Note { kind: NoteKind::Notice, key: format!("n{n}"), rank: 1, body }
}

/// They are there when the change is, and only then.
pub(super) async fn notes_are_written_with_the_change_that_they_belong_to(store: &dyn IssueStore) {
    let change = |count: u64, expect: Version, notes: &[u32]| Write {
        notes: notes.iter().map(|n| notice(*n)).collect(),
        seen: vec![(source(1), count)],
        ..write_of(issue::document::Issue { count, ..issue(1) }, expect)
    };
    let read = async || {
        let all =
            store.ordered(NoteKind::Notice, &Stretch::due(i64::MAX, 100)).await.expect("the store reads");
        all.into_iter().map(|note| note.key).collect::<Vec<_>>()
    };
    put(store, vec![change(1, Version::Absent, &[1, 2])]).await;
    let first = get(store, id_of(1), Vec::new()).await.version;
    assert_eq!(
        store.notes(NoteKind::Notice, Some(vec!["n2".to_owned()])).await.expect("a note"),
        [notice(2)]
    );
    put(store, vec![change(2, first.clone(), &[3])]).await;
    assert_eq!(read().await, ["n1", "n2", "n3"]);
    // Whoever looked at an older version, and whoever makes what is there.
    for (expect, n) in [(first, 4), (Version::Absent, 5)] {
        assert_eq!(put(store, vec![change(3, expect, &[n])]).await, [Written::Conflict]);
    }
    assert_eq!(read().await, ["n1", "n2", "n3"]);
    // From then on they are notes like others.
    let taken = Note { rank: 2, body: json!({"order": 90}), ..notice(1) };
    assert_eq!(store.keep(vec![taken, notice(2)]).await.expect("the store keeps"), [true, false]);
    assert_eq!(read().await, ["n2", "n3", "n1"]);
}
