//! The program itself, as a pod runs it: its start, its end, and what a hostile neighbour in the pod can do to it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[path = "process/attacks.rs"]
mod attacks;
#[path = "process/lives.rs"]
mod lives;
#[path = "process/program.rs"]
mod program;
