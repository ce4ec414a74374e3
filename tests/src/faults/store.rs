//! The store that the consumer writes to, as the faults see it: it can be told to take no writes.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rusqlite::Connection;

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
}

impl Store {
    /// A new database.
    pub fn sqlite(path: PathBuf) -> Self {
        Self::Sqlite { path, lock: None }
    }

    /// The consumer's `ISSUETRACKER_STORE`.
    pub fn setting(&self) -> String {
        match self {
            Self::Sqlite { path, .. } => format!("sqlite:{}", path.display()),
        }
    }

    /// From now on no write succeeds.
    pub fn down(&mut self) -> Result<()> {
        match self {
            Self::Sqlite { path, lock } => {
                let connection = Connection::open(path).context("opening the store")?;
                connection.busy_timeout(std::time::Duration::from_secs(5))?;
                connection.execute_batch("BEGIN IMMEDIATE").context("locking the store")?;
                *lock = Some(connection);
            }
        }
        Ok(())
    }

    /// Writes succeed again.
    pub fn up(&mut self) {
        match self {
            // Closing a connection ends its transaction.
            Self::Sqlite { lock, .. } => drop(lock.take()),
        }
    }
}
