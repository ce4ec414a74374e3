//! The shim with real programs: everything must be as without it, and the copy must be there.

#![allow(clippy::unwrap_used, clippy::string_slice, reason = "a test that cannot go on has failed")]

mod ends;
mod identity;
mod reader;
mod run;
mod signals;
mod streams;
mod terminal;
mod trouble;
