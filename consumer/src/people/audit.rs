//! What administrators did: one entry for each act, never changed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{IssueStore, NoteKind, StoreError, documents::Documents};

/// One act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// UUIDv7.
    pub id: Uuid,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What: `issue-deleted`, `role-changed`, `user-disabled`, `sessions-ended`, `token-made`, `token-revoked`,
    /// `dead-letter-replayed`, `dead-letter-discarded`, `login`, `login-refused`.
    pub act: String,
    /// On what.
    pub target: String,
    /// More, for people.
    pub detail: String,
}

/// Keeps an entry. What was done stands; that it could not be noted is said in the log, where the entry is, too.
pub async fn note(store: &dyn IssueStore, actor: &str, act: &str, target: &str, detail: &str) {
    tracing::info!(audit = act, actor, target, detail, "an administrative act");
    let entry = Entry {
        id: Uuid::now_v7(),
        at: Timestamp::now(),
        actor: actor.to_owned(),
        act: act.to_owned(),
        target: target.to_owned(),
        detail: detail.to_owned(),
    };
    let entries = Documents::<Entry>::of(store, NoteKind::Audit);
    if let Err(error) = entries.put(&entry.id.simple().to_string(), 0, &entry).await {
        tracing::error!(%error, audit = act, actor, target, "an administrative act could not be noted");
    }
}

/// The latest entries, the newest first.
pub async fn list(store: &dyn IssueStore, most: usize) -> Result<Vec<Entry>, StoreError> {
    let entries = Documents::<Entry>::of(store, NoteKind::Audit).all().await?;
    let mut entries: Vec<Entry> = entries.into_iter().map(|found| found.body).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse((entry.at, entry.id)));
    entries.truncate(most);
    Ok(entries)
}
