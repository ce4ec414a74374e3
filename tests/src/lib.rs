//! What the tests on real parts and the benches share: the real parts, our own programs beside them, the fault suite, and
//! waiting for a condition.

pub mod bench;
pub mod cluster;
pub mod faults;
pub mod generated;
pub mod images;
pub mod lanes;
pub mod parts;
pub mod programs;
pub mod wait;
