//! A resource's way through the operator: dereference → validate → build → apply → status.

pub mod build;
pub mod validate;
