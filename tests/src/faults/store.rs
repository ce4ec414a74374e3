//! The store that the consumer writes to, as the faults see it: it can be told to take no writes, and a store at the other
//! end of a network loses its connections.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use consumer::store::{IssueStore, firestore::FirestoreStore, sqlite::SqliteStore};
use rusqlite::Connection;

use super::proxy::{Network, Proxy};
use crate::parts::{firestore::Firestore, ports};

/// The sort of store that a run keeps issues in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    #[default]
    Sqlite,
    /// The official emulator. It keeps everything in memory, so killing it loses data by its own nature: it is frozen
    /// instead, and its network breaks.
    Firestore,
}

/// Where a run keeps issues.
#[derive(Debug)]
pub enum Store {
    /// A file that one consumer owns. Another writer's lock is what keeps it from being written.
    Sqlite {
        /// Which.
        path: PathBuf,
        /// Held while the store is down.
        lock: Option<Connection>,
    },
    /// An emulator.
    Firestore {
        /// It.
        emulator: Firestore,
        /// Between the consumer and it.
        proxy: Proxy,
    },
}

impl Store {
    /// A new database.
    pub fn start(kind: Kind, folder: &Path) -> Result<Self> {
        if kind == Kind::Sqlite {
            return Ok(Self::Sqlite { path: folder.join("issues.db"), lock: None });
        }
        let emulator = Firestore::start()?;
        let proxy = Proxy::listen(ports::free()?)?;
        proxy.to(emulator.port());
        Ok(Self::Firestore { emulator, proxy })
    }

    /// What the consumer needs to know of it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite { path, .. } => vec![("ISSUETRACKER_STORE", format!("sqlite:{}", path.display()))],
            Self::Firestore { proxy, .. } => vec![
                ("ISSUETRACKER_STORE", "firestore:faults".to_owned()),
                ("FIRESTORE_EMULATOR_HOST", format!("127.0.0.1:{}", proxy.port())),
            ],
        }
    }

    /// For a look at what it holds, once the consumer has ended.
    pub fn open(&self) -> Result<Arc<dyn IssueStore>> {
        let store: Arc<dyn IssueStore> = match self {
            Self::Sqlite { path, .. } => Arc::new(SqliteStore::open(path)?),
            Self::Firestore { emulator, .. } => {
                FirestoreStore::open("faults", "(default)", &emulator.settings())?
            }
        };
        Ok(store)
    }

    /// From now on no write succeeds.
    pub fn down(&mut self) -> Result<()> {
        match self {
            Self::Sqlite { path, lock } => {
                let connection = Connection::open(path).context("opening the store")?;
                connection.busy_timeout(std::time::Duration::from_secs(5))?;
                connection.execute_batch("BEGIN IMMEDIATE").context("locking the store")?;
                *lock = Some(connection);
                Ok(())
            }
            Self::Firestore { emulator, .. } => emulator.stop(),
        }
    }

    /// Writes succeed again.
    pub fn up(&mut self) -> Result<()> {
        match self {
            // Closing a connection ends its transaction.
            Self::Sqlite { lock, .. } => {
                drop(lock.take());
                Ok(())
            }
            Self::Firestore { emulator, .. } => emulator.cont(),
        }
    }

    /// The way to it is so from now on. A file has none.
    pub fn network(&self, network: Network) {
        if let Self::Firestore { proxy, .. } = self {
            proxy.set(network);
        }
    }
}
