//! The HTTP way in, asked through its router; the spool is played by [`spool::Spool`].
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

#[path = "intake/bodies.rs"]
mod bodies;
#[path = "intake/doors.rs"]
mod doors;
#[path = "intake/events.rs"]
mod events;
#[path = "intake/json.rs"]
mod json;
#[path = "intake/protocols.rs"]
mod protocols;
#[path = "intake/secrets.rs"]
mod secrets;
#[path = "intake/server.rs"]
mod server;
#[path = "intake/spool.rs"]
mod spool;
