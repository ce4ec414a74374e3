//! The tracker service: records in; issues, API and pages out.

pub mod store;
pub mod ui;
