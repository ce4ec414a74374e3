//! The sidecar: stderr segments and local HTTP in, sealed records out.

pub mod accept;
pub mod dedup;
pub mod ledger;
pub mod seal;
pub mod spool;
pub mod status;
