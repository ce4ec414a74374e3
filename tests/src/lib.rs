//! What the tests of the whole and the project commands share.

pub mod parts;
