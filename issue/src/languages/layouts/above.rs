//! Lines above a failed check that belong to it: the test's name, or words that were printed before it.

use super::super::frames::is_number;
use super::places::place;
use super::titles;
use crate::report::Language;

/// What a line above the first one of a failed check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// It belongs, and the record may begin with it.
    First,
    /// It belongs if one above it does.
    Inner,
    /// It does not.
    No,
}

/// Whether a line may have lines above it that belong to it.
pub fn is_headed(opener: &str) -> bool {
    titles::asserting(opener).is_some()
        || titles::placed(opener).is_some()
        || titles::go(opener).is_some()
        || titles::lua(opener).is_some()
}

/// What `line` is to the failed check that begins with `opener` below it.
pub fn above(opener: &str, line: &str) -> Above {
    let text = line.trim();
    if titles::asserting(opener).is_some() {
        let numbered =
            text.split_once(") ").is_some_and(|(number, name)| is_number(number) && name.contains("::"));
        return match (numbered, text.is_empty()) {
            (true, _) => Above::First,
            (false, true) => Above::No,
            (false, false) => Above::Inner,
        };
    }
    if titles::placed(opener).is_some() {
        return if text.starts_with("[ RUN      ] ") { Above::First } else { Above::No };
    }
    if titles::lua(opener).is_some() {
        return if placed_words(text) { Above::First } else { Above::No };
    }
    // With `-v` a test of Go prints its words before its result.
    if line.starts_with("=== RUN   ") && line.contains('/') {
        return Above::Inner;
    }
    if !line.starts_with("    ") || opener.starts_with(' ') {
        Above::No
    } else if place(line, Language::Go).is_some() {
        Above::First
    } else {
        Above::Inner
    }
}

/// `lua: cart.lua:9: attempt to index a nil value`.
fn placed_words(text: &str) -> bool {
    text.split(": ").take(3).any(|part| {
        part.rsplit_once(':').is_some_and(|(file, number)| is_number(number) && file.ends_with(".lua"))
    })
}
