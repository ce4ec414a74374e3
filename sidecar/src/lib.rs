//! The sidecar: stderr segments and local HTTP in, sealed records out.

pub mod accept;
pub mod status;
