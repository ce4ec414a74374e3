//! Events of front ends on the real service with a real Kafka: from the press of a mouse to one ticket, and what must not
//! get in at all.

#![expect(clippy::panic, reason = "helpers of tests fail by panicking")]

#[path = "visits/jira.rs"]
mod jira;
#[path = "visits/linear.rs"]
mod linear;
#[path = "visits/privacy.rs"]
mod privacy;
#[path = "visits/service.rs"]
mod service;
#[path = "visits/tickets.rs"]
mod tickets;
