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
use issue::id::IssueId;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::{
    Child, ChildKind, IssueQuery, IssueStore, Loaded, Note, NoteKind, Page, StoreError, Wanted, Write,
    Written,
};

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
        Ok(Self { writer: threads::Writer::start(connection)?, readers, _lock: lock })
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
        self.writer
            .run(move |connection| write::all(connection, &writes, Timestamp::now()))
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

    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        self.writer
            .run(move |connection| notes::keep(connection, &notes, Timestamp::now()))
            .await
            .map_err(failed("keep notes"))
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.readers
            .run(move |snapshot| notes::notes(snapshot, kind, keys.as_deref()))
            .await
            .map_err(failed("read notes"))
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.readers
            .run(
                |snapshot| Ok(snapshot.query_row("SELECT count(*) FROM tombstones LIMIT 1", [], |_| Ok(()))?),
            )
            .await
            .map_err(failed("ask the store"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::store::suite;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn passes_the_suite_of_all_stores() {
        let folder = tempfile::tempdir().expect("a folder");
        let next = std::cell::Cell::new(0);
        suite::passes(async || {
            next.set(next.get() + 1);
            let path = folder.path().join(format!("{}.db", next.get()));
            Arc::new(SqliteStore::open(&path).expect("the store opens")) as Arc<dyn IssueStore>
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
}
