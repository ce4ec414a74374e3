//! A store that can be taken away and given back while pages are open.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use consumer::store::{
    Child, ChildKind, Deletion, Inbox, IssueQuery, IssueStore, Kept, Loaded, Note, NoteKind, Page, Stats,
    StoreError, Stretch, Upkeep, Wanted, Write, Written, sqlite::SqliteStore,
};
use issue::{
    document::{Issue, Notification},
    id::IssueId,
};
use jiff::Timestamp;
use uuid::Uuid;

/// The real store behind the switch.
pub struct Switch {
    inner: SqliteStore,
    down: AtomicBool,
}

impl Switch {
    /// It answers.
    pub fn new(inner: SqliteStore) -> Self {
        Self { inner, down: AtomicBool::new(false) }
    }

    /// Takes it away, or gives it back.
    pub fn turn(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn up(&self) -> Result<&SqliteStore, StoreError> {
        match self.down.load(Ordering::SeqCst) {
            false => Ok(&self.inner),
            true => Err(StoreError { step: "reach the store", source: "connection refused <b>".into() }),
        }
    }
}

#[async_trait]
impl IssueStore for Switch {
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        self.up()?.load(wanted).await
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        self.up()?.write(writes).await
    }

    async fn list(&self, query: &IssueQuery) -> Result<Page<Issue>, StoreError> {
        self.up()?.list(query).await
    }

    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError> {
        self.up()?.children(id, kind, cursor, limit).await
    }

    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError> {
        self.up()?.newest(id, kind, limit).await
    }

    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        self.up()?.keep(notes).await
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.up()?.notes(kind, keys).await
    }

    async fn ordered(&self, kind: NoteKind, stretch: &Stretch) -> Result<Vec<Note>, StoreError> {
        self.up()?.ordered(kind, stretch).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.up()?.check().await
    }

    fn tell_time(&self, appended: Timestamp) {
        self.inner.tell_time(appended);
    }

    fn pace(&self) -> Duration {
        self.inner.pace()
    }
}

#[async_trait]
impl Upkeep for Switch {
    async fn delete(&self, deletion: Deletion) -> Result<Written, StoreError> {
        self.up()?.delete(deletion).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.up()?.sweep(now).await
    }

    async fn stats(&self, since: Timestamp) -> Result<Stats, StoreError> {
        self.up()?.stats(since).await
    }

    async fn export(&self, cursor: Option<&str>, limit: usize) -> Result<Page<Kept>, StoreError> {
        self.up()?.export(cursor, limit).await
    }
}

#[async_trait]
impl Inbox for Switch {
    async fn inbox(
        &self,
        user: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notification>, StoreError> {
        self.up()?.inbox(user, cursor, limit).await
    }

    async fn unread(&self, user: &str) -> Result<u64, StoreError> {
        self.up()?.unread(user).await
    }

    async fn mark_read(&self, user: &str, ids: Option<Vec<Uuid>>) -> Result<u64, StoreError> {
        self.up()?.mark_read(user, ids).await
    }
}
