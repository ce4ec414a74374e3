//! The operator of issuetracker: `IssueTracker` resources in; topics, a tracker service and injected pods out.
//!
//! ```text
//! resource ─▶ dereference ─▶ validate ─▶ build ─▶ apply ─▶ status
//! pod ──────▶ inject (webhook) ─▶ patch
//! ```
//! `validate`, `build`, the topic plan and `inject` are pure functions; only `dereference` and `apply` hold a client.
//! The operator can be absent: pods start, namespaces delete, sidecars and tracker services run on.

pub mod check;
pub mod config;
pub mod coverage;
pub mod inject;
pub mod metrics;
pub mod reconcile;
pub mod resource;
pub mod run;
pub mod topics;
