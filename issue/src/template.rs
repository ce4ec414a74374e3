//! A message's first line without the parts that change from one occurrence to the next.
//!
//! Two forms come out of one pass: [`template`] keeps the kind of each part that it took out (`<int>`, `<path>`) and
//! is for people; [`key`] writes `<*>` for all of them and merges neighbours, and is what a fingerprint hashes. Neither
//! remembers anything between two calls, since a hash must not depend on the order in which messages arrive.
//!
//! The rules live in [`v1`]. They belong to fingerprint version 1: once released they never change.

use serde::Serialize;

pub mod v1;

/// The typed template of one line, for people: `invalid literal for int() with base <int>: <quoted>`.
///
/// Never holds a line break, whatever `line` holds; at most [`v1::MAX_BYTES`] bytes and a cut mark. Linear in `line`.
pub fn template(line: &str) -> String {
    v1::render(line, v1::Form::Typed, None)
}

/// The form that a fingerprint hashes: as [`template`], every placeholder `<*>`, neighbours merged.
pub fn key(line: &str) -> String {
    v1::render(line, v1::Form::Key, None)
}

/// One part that the template took out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hit {
    /// The placeholder's kind, without the angle brackets.
    pub kind: &'static str,
    /// What stood there.
    pub text: String,
}

/// What [`template`] took out of `line`, from left to right; at most 100 of them.
pub fn hits(line: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    v1::render(line, v1::Form::Typed, Some(&mut hits));
    hits
}
