//! The HTTP way in, asked through its router; the spool is played by [`spool::Spool`].

#[path = "intake/bodies.rs"]
mod bodies;
#[path = "intake/doors.rs"]
mod doors;
#[path = "intake/json.rs"]
mod json;
#[path = "intake/server.rs"]
mod server;
#[path = "intake/spool.rs"]
mod spool;
