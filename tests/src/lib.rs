//! What the tests on real parts share: the real parts, our own programs beside them, and waiting for a condition.

pub mod parts;
pub mod programs;
pub mod wait;
