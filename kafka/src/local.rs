//! Local mode: both ends within one process.
