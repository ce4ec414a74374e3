//! The store of clusters: Google Firestore, or its emulator.
//!
//! An issue is one document, `issues/{id}`; what hangs below it are documents of `comments`, `activities` and `occurrences`
//! there, and of the top collection `notifications`. A change is one commit: the issue's document under the condition that
//! it was not changed since it was read, together with its marks and children. Files follow the work: [`names`] and
//! [`document`] say what lies where, [`load`] and [`write`] are the consumer's path, [`list`] with [`shape`] is the pages',
//! [`delete`], [`sweep`] and [`export`] keep order. [`indexes`] derives what a project must declare from the shapes.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use async_trait::async_trait;
use issue::{
    document::{Issue, Notification},
    id::IssueId,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Child, ChildKind, Deletion, Inbox, IssueQuery, IssueStore, Kept, Loaded, Note, NoteKind, Page, Stats,
    StoreError, Stretch, Upkeep, Wanted, Write, Written, choice::FirestoreSettings, clock::Clock,
};

mod children;
mod client;
mod delete;
mod document;
mod export;
mod inbox;
pub mod indexes;
mod list;
mod load;
mod names;
mod notes;
mod query;
mod seen;
mod shape;
mod sweep;
mod value;
mod write;

use client::Client;
use load::Memory;
use names::Names;

/// Steps fail in many ways; all of them mean the same to a caller: ask again later.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Firestore takes about one sustained write a second on one document.
const PACE: Duration = Duration::from_secs(1);

/// How often what has outlived its time is looked for.
const SWEEP: Duration = Duration::from_secs(3600);

/// A store in a Firestore database.
pub struct FirestoreStore {
    client: Client,
    memory: Memory,
    clock: Clock,
}

impl FirestoreStore {
    /// Names the database; the first use connects. Within a runtime, it sweeps every hour until it is dropped.
    pub fn open(
        project: &str,
        database: &str,
        settings: &FirestoreSettings,
    ) -> Result<Arc<Self>, StoreError> {
        if !Names::is_prefix(&settings.prefix) {
            let source = "a prefix is the beginning of a name, or a document's path that ends with /";
            return Err(StoreError { step: "read the prefix of the store", source: source.into() });
        }
        let client = Client::new(project, database, settings);
        let store = Arc::new(Self { client, memory: Memory::default(), clock: Clock::default() });
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(sweep_for_ever(Arc::downgrade(&store)));
        }
        Ok(store)
    }
}

async fn sweep_for_ever(store: Weak<FirestoreStore>) {
    let mut every = tokio::time::interval(SWEEP);
    // The first tick comes at once: a program that just started has better things to do.
    every.tick().await;
    loop {
        every.tick().await;
        let Some(store) = store.upgrade() else { return };
        let Some(now) = store.clock.told() else { continue };
        if let Err(error) = sweep::sweep(&store.client, now).await {
            tracing::warn!(error, "what has outlived its time could not be removed from the store");
        }
    }
}

fn failed(step: &'static str) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    move |source| StoreError { step, source }
}

#[async_trait]
impl IssueStore for FirestoreStore {
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        load::load(&self.client, &self.memory, wanted).await.map_err(failed("load issues"))
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        write::all(&self.client, &self.memory, writes, self.clock.now()).await.map_err(failed("write issues"))
    }

    async fn list(&self, query: &IssueQuery) -> Result<Page<Issue>, StoreError> {
        list::list(&self.client, query).await.map_err(failed("list issues"))
    }

    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError> {
        children::children(&self.client, id, kind, cursor, limit)
            .await
            .map_err(failed("list what hangs below an issue"))
    }

    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError> {
        children::newest(&self.client, id, kind, limit)
            .await
            .map_err(failed("list what hangs below an issue"))
    }

    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        notes::keep(&self.client, &notes, self.clock.now()).await.map_err(failed("keep notes"))
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        notes::notes(&self.client, kind, keys).await.map_err(failed("read notes"))
    }

    async fn ordered(&self, kind: NoteKind, stretch: &Stretch) -> Result<Vec<Note>, StoreError> {
        notes::ordered(&self.client, kind, stretch).await.map_err(failed("read notes in their order"))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.client.ping().await.map_err(|status| failed("ask the store")(status.into()))
    }

    fn tell_time(&self, appended: Timestamp) {
        self.clock.tell(appended);
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

#[async_trait]
impl Upkeep for FirestoreStore {
    async fn delete(&self, deletion: Deletion) -> Result<Written, StoreError> {
        delete::delete(&self.client, &deletion, self.clock.now()).await.map_err(failed("delete an issue"))
    }

    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        sweep::sweep(&self.client, now).await.map_err(failed("remove what has outlived its time"))
    }

    async fn stats(&self, since: Timestamp) -> Result<Stats, StoreError> {
        export::stats(&self.client, since).await.map_err(failed("count issues"))
    }

    async fn export(&self, cursor: Option<&str>, limit: usize) -> Result<Page<Kept>, StoreError> {
        export::export(&self.client, cursor, limit).await.map_err(failed("read everything"))
    }
}

#[async_trait]
impl Inbox for FirestoreStore {
    async fn inbox(
        &self,
        user: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notification>, StoreError> {
        inbox::inbox(&self.client, user, cursor, limit).await.map_err(failed("list notifications"))
    }

    async fn unread(&self, user: &str) -> Result<u64, StoreError> {
        inbox::unread(&self.client, user).await.map_err(failed("count notifications"))
    }

    async fn mark_read(&self, user: &str, ids: Option<Vec<Uuid>>) -> Result<u64, StoreError> {
        inbox::mark_read(&self.client, user, ids).await.map_err(failed("mark notifications as read"))
    }
}
