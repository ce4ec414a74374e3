//! What the tests on real parts share: our own programs, the real parts beside them, and waiting for a condition.

pub mod programs;
pub mod wait;
