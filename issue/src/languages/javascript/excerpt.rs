//! The source that runtimes and test runners show around an error: it is no part of its words.

use super::super::frames::{is_number, is_shown, place};
use super::{is_caret, is_excerpt_place, is_internal};
use crate::report::Frame;

/// Deno prints the source line and its caret between message and frames.
pub fn cut_excerpt(message: &mut String) {
    message.truncate(message.trim_end().len());
    // A test runner shows more lines, numbered and apart from the message.
    let mut words = message.trim_end();
    while let Some((before, last)) = words.rsplit_once('\n')
        && (last.trim().is_empty() || is_shown(last) || is_pointed(last))
    {
        words = before;
    }
    if words.len() < message.len() {
        let end = words.trim_end().len();
        message.truncate(end);
        return;
    }
    let Some((before, last)) = message.rsplit_once('\n') else { return };
    if is_caret(last) {
        let end = before.rsplit_once('\n').map_or(before.len(), |(kept, _)| kept.len());
        message.truncate(end);
    }
}

/// `> 7 |   expect(count).toBe(12);` whose indentation went with that of the words.
fn is_pointed(line: &str) -> bool {
    line.strip_prefix("> ")
        .unwrap_or(line)
        .split_once(" |")
        .is_some_and(|(number, _)| is_number(number.trim()))
}

/// The text below the caret, the last one where one excerpt stands below another.
pub fn skip_excerpt(body: &str, excerpt: bool) -> &str {
    if !excerpt {
        return body;
    }
    let mut rest = body;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        let next = after.lines().next().unwrap_or_default();
        if is_caret(line) && !is_excerpt_place(next) {
            return rest.trim_start_matches(['\n', ' ']);
        }
    }
    body
}

/// Where a value without a stack was thrown.
pub fn excerpt_frame(body: &str) -> Option<Frame> {
    let first = body.lines().next()?;
    let (file, line, column) = place(first);
    (!is_internal(first)).then_some(())?;
    Some(Frame { file, line, column, ..Frame::default() })
}
