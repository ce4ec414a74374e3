//! The shim with real programs: everything must be as without it, and the copy must be there.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::unbuffered_bytes,
    reason = "a test that cannot go on has failed"
)]

mod ends;
mod identity;
mod reader;
mod run;
mod signals;
mod streams;
mod terminal;
mod trouble;
