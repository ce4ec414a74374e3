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
    v1::render(line, v1::Form::Typed, None).0
}

/// Both forms of one line. Where no variable part was taken out they are the same, but for the line's last full stop.
#[derive(Clone, Debug)]
pub struct Template<'l> {
    line: &'l str,
    /// As [`template`].
    pub typed: String,
    /// So many of its bytes are the other form; `None` if that is not known.
    key: Option<usize>,
}

impl<'l> Template<'l> {
    /// Reads a line.
    pub fn of(line: &'l str) -> Self {
        let (typed, key) = v1::render(line, v1::Form::Typed, None);
        Self { line, typed, key }
    }

    /// As [`key`] of the line.
    pub fn key(&self) -> String {
        let same = self.key.and_then(|length| self.typed.get(..length));
        same.map_or_else(|| key(self.line), str::to_owned)
    }
}

/// The form that a fingerprint hashes: as [`template`], every placeholder `<*>`, neighbours merged.
pub fn key(line: &str) -> String {
    v1::render(line, v1::Form::Key, None).0
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

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_look_gives_both_forms_of_every_labelled_line() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/template/labelled");
        let mut lines = 0;
        for file in fs::read_dir(folder).expect("templates").map(|file| file.expect("a file").path()) {
            for line in fs::read_to_string(&file).unwrap_or_default().lines() {
                assert_eq!(Template::of(line).key(), key(line), "{line:?}");
                lines += 1;
            }
        }
        assert!(lines > 500, "{lines}");
    }

    proptest! {
        #[test]
        fn one_look_gives_both_forms_of_any_line(line in "\\PC{0,80}|[ -~]{0,80}|[a-c .,!<*>\\[\\]\u{a0}]{0,20}") {
            prop_assert_eq!(Template::of(&line).key(), key(&line));
        }
    }
}
