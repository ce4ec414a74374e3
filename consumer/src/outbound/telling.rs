//! A store that writes, with every change of an issue, what outlets are told of it.
//!
//! Whoever changes issues (records, requests, people, dead letters that are replayed) does it through the store, so nobody
//! has to think of telling, and nobody can forget it.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use issue::{
    document::{Issue, Notification},
    id::IssueId,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::notices::Tells;
use crate::store::{
    Child, ChildKind, Deletion, Inbox, IssueQuery, IssueStore, Kept, Loaded, Note, NoteKind, Page, Stats,
    StoreError, Stretch, Upkeep, Wanted, Write, Written,
};

/// The store, and who is told.
pub struct Telling<S: ?Sized> {
    tells: Tells,
    inner: Arc<S>,
}

impl<S: ?Sized> Telling<S> {
    /// Over another store.
    pub fn new(inner: Arc<S>, tells: Tells) -> Self {
        Self { tells, inner }
    }
}

#[async_trait]
impl<S: IssueStore + ?Sized> IssueStore for Telling<S> {
    async fn write(&self, mut writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        let now = Timestamp::now();
        writes.iter_mut().for_each(|write| self.tells.add(write, now));
        self.inner.write(writes).await
    }

    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        self.inner.load(wanted).await
    }

    async fn list(&self, query: &IssueQuery) -> Result<Page<Issue>, StoreError> {
        self.inner.list(query).await
    }

    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError> {
        self.inner.children(id, kind, cursor, limit).await
    }

    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError> {
        self.inner.newest(id, kind, limit).await
    }

    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        self.inner.keep(notes).await
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.inner.notes(kind, keys).await
    }

    async fn ordered(&self, kind: NoteKind, stretch: &Stretch) -> Result<Vec<Note>, StoreError> {
        self.inner.ordered(kind, stretch).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    fn tell_time(&self, appended: Timestamp) {
        self.inner.tell_time(appended);
    }

    fn pace(&self) -> Duration {
        self.inner.pace()
    }
}

#[async_trait]
impl<S: Upkeep + ?Sized> Upkeep for Telling<S> {
    async fn delete(&self, deletion: Deletion) -> Result<Written, StoreError> {
        self.inner.delete(deletion).await
    }

    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.inner.sweep(now).await
    }

    async fn stats(&self, since: Timestamp) -> Result<Stats, StoreError> {
        self.inner.stats(since).await
    }

    async fn export(&self, cursor: Option<&str>, limit: usize) -> Result<Page<Kept>, StoreError> {
        self.inner.export(cursor, limit).await
    }
}

#[async_trait]
impl<S: Inbox + ?Sized> Inbox for Telling<S> {
    async fn inbox(
        &self,
        user: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notification>, StoreError> {
        self.inner.inbox(user, cursor, limit).await
    }

    async fn unread(&self, user: &str) -> Result<u64, StoreError> {
        self.inner.unread(user).await
    }

    async fn mark_read(&self, user: &str, ids: Option<Vec<Uuid>>) -> Result<u64, StoreError> {
        self.inner.mark_read(user, ids).await
    }
}
