//! The tracker service: records in; issues, API and pages out.
//!
//! [`consume`] is the loop that reads records and the only one that counts; [`coalesce`] makes one change per issue of a
//! batch; [`store`] keeps issues; [`api`] answers people and programs. [`health`] is what all of them tell of themselves.

pub mod coalesce;
pub mod consume;
pub mod health;
pub mod ledger;
pub mod store;
pub mod ui;
