//! The sidecar: stderr segments and local HTTP in, sealed records out.

pub mod accept;
pub mod health;
pub mod intake;
pub mod limit;
pub mod metrics;
pub mod status;
