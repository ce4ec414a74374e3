//! What the sidecar knows of itself, for health and metrics; written by the pipeline, read by anybody.

use std::sync::Arc;

use issue::record::LedgerBody;
use parking_lot::RwLock;
use serde::Serialize;

/// Whether the other side takes records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Link {
    /// Nothing was sent yet.
    #[default]
    Unknown,
    /// The latest record was acknowledged.
    Up,
    /// The latest attempt failed.
    Down,
}

/// A snapshot.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Snapshot {
    /// The other side.
    pub publisher: Link,
    /// What went wrong last, and has not gone right since.
    pub last_error: Option<String>,
    /// The window that replicas share, where there is one.
    pub shared: Option<Link>,
    /// Why the settings file is not in force, while it is not.
    pub settings_error: Option<String>,
    /// Bytes in the spool.
    pub spool_bytes: u64,
    /// Bytes it may hold.
    pub spool_limit: u64,
    /// The sums.
    pub ledger: LedgerBody,
}

/// The shared snapshot.
#[derive(Clone, Debug, Default)]
pub struct Status(Arc<RwLock<Snapshot>>);

impl Status {
    /// Now.
    pub fn read(&self) -> Snapshot {
        self.0.read().clone()
    }

    /// Changes it.
    pub fn update(&self, change: impl FnOnce(&mut Snapshot)) {
        change(&mut self.0.write());
    }
}
