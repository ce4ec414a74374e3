//! People, tokens, plans and the audit go along when a store is moved.

use std::path::Path;

use consumer::{
    backlog::{self, Item},
    people::{
        Role, audit, sessions,
        tokens::{self, Wish},
        users::{self, User},
    },
    store::sqlite::SqliteStore,
    transfer::{Moved, TransferError, export, import},
};
use issue::id::TrackerName;
use jiff::Timestamp;

fn sqlite(folder: &Path, name: &str) -> SqliteStore {
    SqliteStore::open(&folder.join(name)).expect("the store opens")
}

async fn exported(store: &SqliteStore) -> Vec<String> {
    let mut out = Vec::new();
    export(store, &mut out, |_| {}).await.expect("it is exported");
    String::from_utf8(out).expect("text").lines().map(str::to_owned).collect()
}

async fn imported(store: &SqliteStore, lines: &[String]) -> Result<Moved, TransferError> {
    import(store, &mut lines.join("\n").as_bytes(), |_| {}).await
}

/// Who may what, whose token is whose, what was planned and what admins did survive the way into another store.
#[tokio::test]
async fn people_and_plans_go_along() {
    let folder = tempfile::tempdir().expect("a folder");
    let (one, other) = (sqlite(folder.path(), "one.db"), sqlite(folder.path(), "other.db"));
    let now = Timestamp::now();
    let user = |role| User { role, ..User::service(&TrackerName::local(), "api", now) };
    let key = users::key(&user(Role::Admin).id);
    users::users(&one).put(&key, 0, &user(Role::Developer)).await.expect("kept");
    let wish = Wish { name: "ci".into(), user: "ada".into(), scope: Role::Tester, days: 9 };
    let (token, text) = tokens::make(&one, wish.clone(), "ada", now).await.expect("made");
    let (gone, gone_text) = tokens::make(&one, wish, "ada", now).await.expect("made");
    tokens::revoke(&one, &gone.id, |_| true).await.expect("asked").expect("revoked");
    let item = Item { title: "Faster".into(), ..Item::new("ada", now) };
    backlog::items(&one).put(&backlog::key(item.id), 0, &item).await.expect("kept");
    audit::note(&one, "ada", "token-made", &token.id, "").await;
    let session = sessions::begin(&one, "ada", None, now).await.expect("begun");

    let lines = exported(&one).await;
    assert!(!lines.concat().contains(&text), "a token is written as it is sent");
    let moved = imported(&other, &lines).await.expect("it is imported");
    assert_eq!((moved.notes, moved.left), (5, 0));
    assert_eq!(users::list(&other).await.expect("users"), [user(Role::Developer)]);
    assert_eq!(
        tokens::find(&other, &text, now).await.expect("asked").map(|token| token.user),
        Some("ada".into())
    );
    assert_eq!(tokens::find(&other, &gone_text, now).await.expect("asked"), None);
    let items = backlog::list(&other).await.expect("items");
    assert_eq!(items.into_iter().map(|found| found.body).collect::<Vec<_>>(), [item]);
    assert_eq!(
        audit::list(&other, 9).await.expect("the audit"),
        audit::list(&one, 9).await.expect("the audit")
    );
    assert_eq!(sessions::find(&other, &session, now).await.expect("asked"), None);

    // Once more: the token's use was noted meanwhile, and nothing is set back to what the file has.
    users::users(&other).put(&key, 1, &user(Role::Viewer)).await.expect("kept");
    let again = imported(&other, &lines).await.expect("it is imported");
    assert_eq!((again.notes, again.left), (5, 2));
    assert_eq!(users::list(&other).await.expect("users"), [user(Role::Viewer)]);
    let strange = r#"{"kind":"note","about":"session","key":"a","rank":1,"body":{}}"#.to_owned();
    let error = imported(&other, &[lines[0].clone(), strange]).await.expect_err("refused").to_string();
    assert!(error.contains("line 2") && error.contains("session"), "{error}");
}
