//! The embedded store: one SQLite file in write-ahead mode, every commit synced.
//!
//! A document is kept as JSON beside the columns that filters and sorts need. One process owns a file: a lock beside it
//! keeps a second one out.

use std::{
    fs::{File, OpenOptions, TryLockError},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use issue::{document::Notification, id::IssueId};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use super::{
    Child, ChildKind, Deletion, Inbox, IssueQuery, IssueStore, Kept, Loaded, Note, NoteKind, Page, Stats,
    StoreError, Stretch, Upkeep, Wanted, Write, Written, clock::Clock,
};

mod delete;
mod export;
mod inbox;
mod list;
mod notes;
mod read;
mod schema;
mod sweep;
mod threads;
mod write;

/// Steps fail in many ways (SQL, JSON, I/O); all of them mean the same to a caller: ask again later.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Another process has the file.
#[derive(Debug, thiserror::Error)]
#[error("{} is in use by another process", .0.display())]
pub struct InUse(PathBuf);

/// A store in one file.
pub struct SqliteStore {
    clock: Clock,
    writer: threads::Writer,
    readers: threads::Readers,
    /// Held, never read: closing it lets the next process in. After the threads, so that it goes last.
    _lock: File,
}

impl SqliteStore {
    /// Opens the file, makes it where there is none, and brings an older one to this version. Blocks.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::try_open(path).map_err(failed("open the store"))
    }

    fn try_open(path: &Path) -> Outcome<Self> {
        let lock = lock(path)?;
        // What people report is not for every user of the machine.
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, 8)?;
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "full")?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        schema::migrate(&mut connection)?;
        let readers = threads::Readers::open(|| connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, 4))?;
        let clock = Clock::default();
        let writer = threads::Writer::start(connection, clock.clone())?;
        Ok(Self { clock, writer, readers, _lock: lock })
    }
}

/// Takes the lock file beside the database, or says who is wrong here.
fn lock(path: &Path) -> Outcome<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let lock = OpenOptions::new().append(true).create(true).mode(0o600).open(name)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(InUse(path.to_owned()).into()),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// A connection with a page cache of so many MiB.
fn connect(path: &Path, access: OpenFlags, cache: i64) -> Outcome<Connection> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Negative: KiB rather than pages.
    connection.pragma_update(None, "cache_size", -cache * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn failed(step: &'static str) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    move |source| StoreError { step, source }
}

/// How the columns write a time.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

#[async_trait]
impl IssueStore for SqliteStore {
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        let wanted = wanted.to_vec();
        self.readers
            .run(move |snapshot| wanted.iter().map(|wanted| read::load(snapshot, wanted)).collect())
            .await
            .map_err(failed("load issues"))
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        let now = self.clock.now();
        self.writer
            .run(move |connection| write::all(connection, &writes, now))
            .await
            .map_err(failed("write issues"))
    }

    async fn list(&self, query: &IssueQuery) -> Result<Page<issue::document::Issue>, StoreError> {
        let query = query.clone();
        self.readers.run(move |snapshot| list::list(snapshot, &query)).await.map_err(failed("list issues"))
    }

    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError> {
        let cursor = cursor.map(str::to_owned);
        self.readers
            .run(move |snapshot| read::children(snapshot, id, kind, cursor.as_deref(), limit))
            .await
            .map_err(failed("list what hangs below an issue"))
    }

    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError> {
        self.readers
            .run(move |snapshot| read::newest(snapshot, id, kind, limit))
            .await
            .map_err(failed("list what hangs below an issue"))
    }

    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        let now = self.clock.now();
        self.writer
            .run(move |connection| notes::keep(connection, &notes, now))
            .await
            .map_err(failed("keep notes"))
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.readers
            .run(move |snapshot| notes::notes(snapshot, kind, keys.as_deref()))
            .await
            .map_err(failed("read notes"))
    }

    async fn ordered(&self, kind: NoteKind, stretch: &Stretch) -> Result<Vec<Note>, StoreError> {
        let stretch = stretch.clone();
        self.readers
            .run(move |snapshot| notes::ordered(snapshot, kind, &stretch))
            .await
            .map_err(failed("read notes in their order"))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.readers
            .run(
                |snapshot| Ok(snapshot.query_row("SELECT count(*) FROM tombstones LIMIT 1", [], |_| Ok(()))?),
            )
            .await
            .map_err(failed("ask the store"))
    }

    fn tell_time(&self, appended: Timestamp) {
        self.clock.tell(appended);
    }
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn delete(&self, deletion: Deletion) -> Result<Written, StoreError> {
        let now = self.clock.now();
        self.writer
            .run(move |connection| delete::delete(connection, &deletion, now))
            .await
            .map_err(failed("delete an issue"))
    }

    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        self.writer
            .run(move |connection| sweep::sweep(connection, now))
            .await
            .map_err(failed("remove what has outlived its time"))
    }

    async fn stats(&self, since: Timestamp) -> Result<Stats, StoreError> {
        self.readers.run(move |snapshot| export::stats(snapshot, since)).await.map_err(failed("count issues"))
    }

    async fn export(&self, cursor: Option<&str>, limit: usize) -> Result<Page<Kept>, StoreError> {
        let cursor = cursor.map(str::to_owned);
        self.readers
            .run(move |snapshot| export::export(snapshot, cursor.as_deref(), limit))
            .await
            .map_err(failed("read everything"))
    }
}

#[async_trait]
impl Inbox for SqliteStore {
    async fn inbox(
        &self,
        user: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notification>, StoreError> {
        let (user, cursor) = (user.to_owned(), cursor.map(str::to_owned));
        self.readers
            .run(move |snapshot| inbox::inbox(snapshot, &user, cursor.as_deref(), limit))
            .await
            .map_err(failed("list notifications"))
    }

    async fn unread(&self, user: &str) -> Result<u64, StoreError> {
        let user = user.to_owned();
        self.readers
            .run(move |snapshot| inbox::unread(snapshot, &user))
            .await
            .map_err(failed("count notifications"))
    }

    async fn mark_read(&self, user: &str, ids: Option<Vec<Uuid>>) -> Result<u64, StoreError> {
        let user = user.to_owned();
        self.writer
            .run(move |connection| inbox::mark_read(connection, &user, ids.as_deref()))
            .await
            .map_err(failed("mark notifications as read"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::{Store, suite};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn passes_the_suite_of_all_stores() {
        let folder = tempfile::tempdir().expect("a folder");
        let next = std::cell::Cell::new(0);
        suite::passes(async || {
            next.set(next.get() + 1);
            let path = folder.path().join(format!("{}.db", next.get()));
            Arc::new(SqliteStore::open(&path).expect("the store opens")) as Arc<dyn Store>
        })
        .await;
    }

    #[test]
    fn two_owners_of_one_file_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("issues.db");
        let first = SqliteStore::open(&path).expect("the store opens");
        let second = SqliteStore::open(&path).err().expect("a second owner is refused");
        assert!(second.source.is::<InUse>(), "{:?}", second.source);
        drop(first);
        SqliteStore::open(&path).expect("the file is free again");
    }

    #[test]
    fn a_database_of_a_later_release_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("issues.db");
        let connection = Connection::open(&path).expect("a database");
        connection.pragma_update(None, "user_version", 99).expect("a version");
        let refused = SqliteStore::open(&path).err().expect("it is refused");
        assert!(refused.source.is::<schema::Newer>(), "{:?}", refused.source);
    }

    /// What a database of the first release holds is found by what this one looks for, and an issue of the tracker before
    /// it is read and, with its next change, kept in today's form.
    #[tokio::test]
    async fn an_older_database_and_an_older_document_are_upgraded() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("issues.db");
        let id = suite::issue(1).id;
        let connection = Connection::open(&path).expect("a database");
        connection
            .execute_batch(include_str!("sqlite/schema/1.sql"))
            .expect("the tables of the first release");
        let old = format!(
            r#"{{"id": "{id}", "title": "Payment fails", "source": "service", "createdAt": "2025-01-02T03:04:05Z", "regressed": true}}"#
        );
        connection
            .execute("INSERT INTO issues VALUES (1, ?1, 7, 0, 1, 0, 0, 0, 5, 5, 0)", [id.0.as_bytes()])
            .expect("a row");
        connection.execute("INSERT INTO documents VALUES (1, ?1)", [old]).expect("a document");
        connection.execute("INSERT INTO facets VALUES (3, 'Deployment/api', 1)", []).expect("a facet");
        connection.pragma_update(None, "user_version", 1).expect("a version");
        drop(connection);
        let store = SqliteStore::open(&path).expect("the store opens");
        let query = IssueQuery { workload: Some("api".to_owned()), limit: 5, ..IssueQuery::default() };
        assert_eq!(store.list(&query).await.expect("a list").items.len(), 1);
        assert_eq!(store.stats(Timestamp::MIN).await.expect("counts").regressed, 1);
        let loaded = store.load(&[Wanted { id, sources: Vec::new() }]).await.expect("it is read").remove(0);
        let issue = loaded.issue.expect("an issue");
        assert_eq!((issue.schema, issue.title.as_str()), (issue::document::SCHEMA, "Payment fails"));
        let (seen, occurrences, activities, comments, notifications, notes) = Default::default();
        let expect = loaded.version;
        let write = Write { issue, expect, seen, occurrences, activities, comments, notifications, notes };
        store.write(vec![write]).await.expect("it is written");
        drop(store);
        let connection = Connection::open(&path).expect("a database");
        let kept: String =
            connection.query_row("SELECT document FROM documents", [], |row| row.get(0)).expect("a document");
        assert!(kept.contains("\"schema\":1"), "{kept}");
    }
}
