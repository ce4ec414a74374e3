//! TAP, the protocol in which the runners of many languages tell of a test: a line `not ok`, and below it either lines
//! behind `#` or a block of YAML with words, the error's name and its stack.

use super::super::State;
use super::super::frames::{Seen, Thrown, is_number, named, seen_place};
use super::{indent, places, titles};
use crate::report::Frame;

/// In the block of YAML, behind it.
const BLOCK: u32 = 1;
const BEHIND: u32 = 2;

/// Why a line does not belong to a failed test, if it does not.
pub fn ends(state: &mut State, line: &str) -> Option<&'static str> {
    let text = line.trim();
    let at = state.mark & 0xff;
    match text {
        "---" if at == 0 => state.mark |= BLOCK,
        "..." if at == BLOCK => state.mark += BEHIND - BLOCK,
        _ if at == BLOCK => {}
        _ if at == BEHIND => return Some("behind the block"),
        _ => return (comment(line).is_none()).then_some("not a comment"),
    }
    None
}

/// What stands behind the sign of a comment that tells of the test above it.
fn comment(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?;
    (rest.starts_with("  ") || rest.starts_with(" (")).then_some(rest)
}

/// The failed test. `None`: it failed because one inside it did.
pub fn read(body: &str) -> Option<Thrown> {
    let title = titles::tap(body.lines().next()?)?;
    // One that is still to be written or was passed over has not failed.
    let upper = title.words.to_ascii_uppercase();
    if upper.contains("# TODO") || upper.contains("# SKIP") {
        return None;
    }
    let mut thrown = Thrown::default();
    let fields = fields(body);
    if fields.iter().any(|field| field.key == "failureType" && field.text().contains("subtestsFailed")) {
        return None;
    }
    let find = |keys: &[&str]| fields.iter().find(|field| keys.contains(&field.key)).map(Field::text);
    thrown.message = find(&["error", "message"]).unwrap_or_default();
    thrown.error_type = find(&["name"]).filter(|name| !name.contains(' '));
    let stack = fields.iter().find(|field| field.key == "stack").into_iter().flat_map(|field| &field.lines);
    thrown.frames = stack.filter_map(|line| call(line.trim())).collect();
    if thrown.frames.is_empty() {
        thrown.frames.extend(find(&["at", "location"]).and_then(|place| call(&place)));
    }
    let comments: Vec<&str> = body.lines().filter_map(comment).collect();
    for line in &comments {
        match places::told(line.trim()) {
            Some(seen) => thrown.frames.push(seen.own()),
            // Perl repeats the words of the line above.
            None if line.trim_start().starts_with("Failed test ") => {}
            None => thrown.more(line.trim()),
        }
    }
    if thrown.message.is_empty() || !comments.is_empty() {
        let told = std::mem::take(&mut thrown.message);
        thrown.message = [title.words, &told].join("\n").trim().to_owned();
    }
    Some(thrown)
}

/// One entry of the block.
struct Field<'a> {
    key: &'a str,
    value: &'a str,
    /// Lines below it that stand deeper.
    lines: Vec<&'a str>,
}

impl Field<'_> {
    /// Its text, quoted or folded over several lines.
    fn text(&self) -> String {
        if matches!(self.value, "|" | "|-" | ">" | ">-" | "|+") {
            let full = || self.lines.iter().filter(|line| !line.trim().is_empty());
            let depth = full().map(|line| indent(line)).min().unwrap_or(0);
            let cut = |line: &&str| line.get(depth as usize..).unwrap_or_default().to_owned();
            return self.lines.iter().map(cut).collect::<Vec<_>>().join("\n").trim().to_owned();
        }
        self.value.trim_matches(['\'', '"']).to_owned()
    }
}

fn fields(body: &str) -> Vec<Field<'_>> {
    let mut found: Vec<Field<'_>> = Vec::new();
    let mut depth = None;
    for line in body.lines().skip_while(|line| line.trim() != "---").skip(1) {
        let here = indent(line);
        let top = *depth.get_or_insert(here);
        match line.trim().split_once(':') {
            Some((key, value)) if here == top && !key.contains(' ') => {
                found.push(Field { key, value: value.trim(), lines: Vec::new() });
            }
            _ => found.last_mut().into_iter().for_each(|field| field.lines.push(line)),
        }
    }
    found
}

/// `TestContext.<anonymous> (/app/cart.test.js:7:10)`, `/app/cart.test.js:7:10`.
fn call(text: &str) -> Option<Frame> {
    let text = text.strip_prefix("at ").unwrap_or(text);
    let (name, place) = match text.strip_suffix(')') {
        Some(text) => text.rsplit_once(" (")?,
        None => ("", text),
    };
    let (file, line, column) = seen_place(place);
    let numbered = place.rsplit(':').next().is_some_and(is_number);
    numbered.then(|| Seen { function: named(name), file, line, column, ..Seen::default() }.own())
}
