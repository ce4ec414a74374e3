//! What stands above an opener and belongs to it: a log line that announces the trace, a runtime's own header, the
//! error's name and message above its first frame.

use super::buffer::{Buffer, Line};
use super::head::{is_error_header, is_typed, name_offset};
use super::prefix::{Prefix, look};
use super::record::Record;
use crate::languages::frames::{
    is_excerpt, is_number, is_qualified, is_shown, names_an_error, type_and_message,
};
use crate::languages::layouts::{self, Above};
use crate::languages::{GRAMMARS, Grammar, dotnet, javascript, jvm, php, ruby};
use crate::logline::{self, Rank};
use crate::report::Language;
use crate::search;

/// Lines looked at above an opener.
pub const LINES: u64 = 12;

/// Puts the lines directly above `line` that announce it into the record.
pub fn header(record: &mut Record, buffer: &Buffer, line: &Line, prefix: &str, runtime: &[&str]) {
    let shape = Prefix::new(prefix);
    let mut found = of_layout(buffer, line, &shape);
    let checked = !found.is_empty();
    let mut index = line.start;
    while let Some(above) = buffer.line_before(index, line.start).filter(|_| !checked)
        && found.len() < HEADERS
    {
        let text = buffer.text(&above);
        let text = shape.strip(&text).unwrap_or(&text);
        let below = found.last().map_or_else(|| buffer.text(line), |last| buffer.text(last));
        let below_text = shape.strip(&below).unwrap_or(&below);
        if is_excerpt(text)
            && (is_excerpt(below_text)
                || found.is_empty() && (is_error_header(below_text) || below_text.starts_with("error: ")))
        {
            index = above.start;
            found.push(above);
            continue;
        }
        if !announces(text, shape.strip(&below).unwrap_or(&below), runtime, found.is_empty()) {
            break;
        }
        index = above.start;
        found.push(above);
    }
    start_at(record, buffer, &found);
}

/// The lines above a failed check that belong to it, the nearest first.
fn of_layout(buffer: &Buffer, line: &Line, shape: &Prefix) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let opener = buffer.text(line);
    let opener = shape.strip(&opener).unwrap_or(&opener);
    let mut sure = 0;
    let mut index = line.start;
    while layouts::is_headed(opener)
        && lines.len() < HEADERS
        && let Some(next) = buffer.line_before(index, line.start)
    {
        let text = buffer.text(&next);
        let place = layouts::above(opener, shape.strip(&text).unwrap_or(&text));
        if place == Above::No {
            break;
        }
        lines.push(next);
        index = next.start;
        sure = if place == Above::First { lines.len() } else { sure };
    }
    lines.truncate(sure);
    lines
}

/// Index of the first of the last decided lines that may turn out to be the header of what comes next; without such
/// lines that of the next line.
pub fn held_back(buffer: &Buffer) -> usize {
    let mut index = buffer.next;
    for _ in 0..LINES {
        let Some(above) = buffer.line_before(index, buffer.next) else { break };
        if !may_announce(&buffer.text(&above)) {
            break;
        }
        index = above.start;
    }
    index
}

/// Whether a line may belong to a record that begins below it.
fn may_announce(text: &str) -> bool {
    let seen = look(text);
    let starts = |offset: usize| {
        let rest = text.get(offset..).unwrap_or_default();
        GRAMMARS.iter().flat_map(|grammar| grammar.headers).any(|start| rest.starts_with(start))
    };
    seen.head.and_then(|head| head.rank).is_some_and(|rank| rank >= Rank::Warning)
        || seen.starts().any(starts)
        || is_typed(text, &seen)
        || is_excerpt(text)
        || is_java_date(text)
}

/// Lines above an opener that belong to it.
const HEADERS: usize = 10;

/// Whether `text` announces the line below it.
fn announces(text: &str, below: &str, runtime: &[&str], nearest: bool) -> bool {
    if runtime.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    if nearest && ruby::is_failure(below) {
        let number = text.trim_start().split(") ").next().unwrap_or_default();
        return text.starts_with(' ') && is_number(number);
    }
    let nested = below.starts_with("future: <") || below.starts_with("handle: <");
    // Reading a line's front is the dear part: only a line that may announce is read, and the one below it after that.
    let warns = || logline::head(text).and_then(|head| head.rank).is_some_and(|rank| rank >= Rank::Warning);
    if (nearest || nested) && warns() && !logline::has_time(below) {
        // Error lines open a record of their own, so that only a warning is ever met here.
        // PHP states a warning with its place; it announces nothing.
        return !is_level_line(below) && !text.contains(" on line ");
    }
    is_level_line(below) && is_java_date(text)
}

/// `SEVERE: text`: the second line of a record of `java.util.logging`.
fn is_level_line(text: &str) -> bool {
    let capitals = text.bytes().take_while(u8::is_ascii_uppercase).count();
    let Some((word, rest)) = text.split_at_checked(capitals) else { return false };
    (rest.is_empty() || rest.starts_with(": ")) && Rank::of_word(word).is_some()
}

/// `Nov 21, 2026 10:45:46 AM com.example.Main run`: its first line.
fn is_java_date(text: &str) -> bool {
    (text.contains(" AM ") || text.contains(" PM "))
        && logline::head(text).is_some_and(|head| head.time && head.rank.is_none())
}

fn start_at(record: &mut Record, buffer: &Buffer, found: &[Line]) {
    let Some(first) = found.last() else { return };
    record.first_line -= found.len() as u64;
    record.start = buffer.offset(first.start);
    for line in found.iter().rev() {
        record.append(&buffer.text(line));
    }
    record.header_lines = found.len();
}

/// Puts the header of an error whose first frame was met at `line` into the record; its name and message may take
/// several lines. `None`: there is none, and a frame alone is no error.
pub fn thrown(
    record: &mut Record,
    buffer: &Buffer,
    line: &Line,
    prefix: &str,
    grammar: &Grammar,
) -> Option<()> {
    let (lines, offset) = words_above(buffer, line, prefix, grammar)?;
    let name = *lines.last()?;
    // A single sign announces a banner, not an error.
    let announcing: Vec<&str> = grammar.headers.iter().copied().filter(|start| start.len() > 1).collect();
    header(record, buffer, &name, prefix, &announcing);
    let body = record.line_start(record.len()) + offset;
    let headers = record.header_lines;
    let start = if headers == 0 { buffer.offset(name.start) } else { record.start };
    for above in lines.iter().rev() {
        record.append(&buffer.text(above));
    }
    record.header_lines = headers;
    record.first_line = record.first_line.saturating_sub(lines.len() as u64);
    record.start = start;
    record.body = body;
    Some(())
}

/// The lines from an error's name to its first frame, the nearest first, and where in the last of them the name starts.
fn words_above(buffer: &Buffer, line: &Line, prefix: &str, grammar: &Grammar) -> Option<(Vec<Line>, usize)> {
    let shape = Prefix::new(prefix);
    let mut lines: Vec<Line> = Vec::new();
    let mut index = line.start;
    let mut offset = None;
    // Lines that are neither empty nor shown source.
    let mut plain = 0;
    // Words and frames stand below headings.
    let mut sectioned = false;
    while offset.is_none() && (lines.len() as u64) < LINES {
        let above = buffer.line_before(index, line.start)?;
        let text = buffer.text(&above);
        let text = shape.strip(&text).unwrap_or(&text);
        let gap = text.trim().is_empty();
        sectioned |= text.trim() == javascript::SECTION;
        if sectioned && plain > 0 && text.trim() == "Message:" {
            offset = lines.last().map(|below| indent(&buffer.text(below)));
            break;
        }
        // A test runner shows the source between an error's words and its frames.
        let shown = is_aside(text, grammar);
        if shown && plain == 0 {
            index = above.start;
            lines.push(above);
            continue;
        }
        if gap && (grammar.language != Language::Ruby || lines.len() > 2) {
            return None;
        }
        offset = header_offset(text, grammar, plain == 0).filter(|at| {
            lines.len() == plain
                || grammar.language == Language::Dotnet
                || text.get(*at..).is_some_and(is_error_header)
        });
        let other = offset.is_none()
            && !sectioned
            && (logline::is_log_line(text)
                || text.starts_with([' ', '\t']) && plain > 0 && grammar.language != Language::Perl);
        if other {
            return None;
        }
        index = above.start;
        lines.push(above);
        plain += 1;
    }
    Some((lines, offset?))
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// What may stand between an error's words and its frames and is neither.
fn is_aside(text: &str, grammar: &Grammar) -> bool {
    match grammar.language {
        Language::Javascript => {
            let heading = text.trim() == javascript::SECTION || text.trim() == "at <Jasmine>";
            text.trim().is_empty() || is_shown(text) || heading
        }
        Language::Dotnet => dotnet::is_repetition(text.trim_end()) || text.trim() == "Stack Trace:",
        _ => false,
    }
}

/// Where in a line the error's name starts. Directly above a frame a plain class name is enough.
fn header_offset(text: &str, grammar: &Grammar, nearest: bool) -> Option<usize> {
    let seen = look(text);
    if grammar.language == Language::Php
        && let Some(offset) = php::printed(text)
    {
        return Some(offset);
    }
    if grammar.language == Language::Perl {
        let begins = !text.starts_with([' ', '\t']) && !logline::is_log_line(text);
        return begins.then_some(0);
    }
    if is_typed(text, &seen) {
        let offset = seen.starts().find(|offset| text.get(*offset..).is_some_and(is_error_header))?;
        return Some(offset + name_offset(text.get(offset..)?));
    }
    let quiet = logline::head(text).is_some_and(|head| head.rank == Some(Rank::Quiet));
    if quiet {
        return None;
    }
    match grammar.language {
        Language::Ruby => seen
            .starts()
            .find(|offset| text.get(*offset..).is_some_and(|text| ruby::rails(text).is_some()))
            .or_else(|| ruby::inspected(text).or_else(|| ruby::dashed(text)).map(|(offset, _, _)| offset)),
        Language::Dotnet if dotnet::tested(text).is_some() => Some(text.len() - text.trim_start().len()),
        Language::Jvm | Language::Javascript | Language::Dotnet if nearest => {
            if let Some(offset) = embedded(text) {
                return Some(offset);
            }
            // Whatever stands directly above a frame is what the error said of itself; `console.trace` is no error.
            let indented = text.starts_with([' ', '\t']);
            let traced = text == "Trace" || text.starts_with("Trace: ");
            (!indented && !traced && logline::head(text).is_none_or(|head| head.rank.is_none())).then_some(0)
        }
        // What made the runtime give up may take a line of its own above the frames.
        Language::Dotnet if text.starts_with("Process terminated.") => Some(0),
        _ => None,
    }
}

/// The last ` com.example.Name: ` or `|com.example.Name: ` in a line: right above the frames of a JVM it is the error, whatever its name.
pub fn embedded_class(text: &str) -> Option<usize> {
    let mut places = text.match_indices([' ', '|']).map(|(at, _)| at + 1);
    places
        .rfind(|at| text.get(*at..).and_then(type_and_message).is_some_and(|(class, _)| is_qualified(class)))
}

/// The last ` Name: ` in a line whose name only an error can have: `job failed: RangeError: out of range`.
pub fn embedded(text: &str) -> Option<usize> {
    if let Some(end) = search::find(text, "Exception in service ") {
        let start = text.get(..end)?.rfind(' ').map_or(0, |at| at + 1);
        return text.get(start..).and_then(jvm::in_service).map(|_| start);
    }
    text.match_indices([' ', '|'])
        .map(|(at, _)| at + 1)
        .find(|at| text.get(*at..).and_then(type_and_message).is_some_and(|(class, _)| names_an_error(class)))
}
