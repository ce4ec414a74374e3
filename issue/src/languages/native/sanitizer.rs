//! Reports of the address, leak, memory, thread and undefined-behaviour sanitizers: one record per warning.

use super::super::frames::{Thrown, non_empty, parsed, place};
use super::super::{Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

const REPORT: u8 = 10;
const THREAD: u8 = 11;
const UNDEFINED: u8 = 12;
const DONE: u8 = 13;

/// Whether a sanitizer's report starts here.
pub fn opens(line: &str) -> Option<Opening> {
    if headline(line).is_some() {
        let thread = line.contains("ThreadSanitizer: ");
        return Opening::firm("native.sanitizer", if thread { THREAD } else { REPORT });
    }
    if undefined(line).is_some() { Opening::firm("native.undefined", UNDEFINED) } else { None }
}

/// `==7==ERROR: AddressSanitizer: heap-use-after-free on …`, `WARNING: ThreadSanitizer: data race (pid=7)` → the tool
/// and what it says.
fn headline(line: &str) -> Option<(&str, &str)> {
    let text = line
        .strip_prefix("==")
        .and_then(|rest| rest.split_once("=="))
        .map_or(line, |(_, text)| text.trim_start());
    // Only libFuzzer leaves a space behind the number.
    let text = text.strip_prefix("ERROR: ").or_else(|| text.strip_prefix("WARNING: "))?;
    let (tool, words) = text.split_once(": ")?;
    (tool.ends_with("Sanitizer") || tool == "libFuzzer").then_some((tool, words))
}

/// `a.c:3:27: runtime error: signed integer overflow: 1 + 2 cannot be …` → place, check, the rest.
fn undefined(line: &str) -> Option<(&str, &str, &str)> {
    let (location, words) = search::split_once(line, ": runtime error: ")?;
    let (_, row, column) = place(location);
    (row.is_some() && column.is_some() && !location.contains(' ')).then_some(())?;
    let (check, rest) = check(words);
    Some((location, check, rest))
}

/// Checks whose words hold values in the middle, by how those words begin.
const CHECKS: [(&str, &str); 6] = [
    ("index ", "index out of bounds"),
    ("value ", "outside the range of representable values"),
    ("load of address ", "insufficient space for an object"),
    ("store to address ", "insufficient space for an object"),
    ("call to function ", "call through pointer to incorrect function type"),
    ("shift exponent ", "shift exponent"),
];

/// The kind of a check without the values that its words hold, and the words themselves.
fn check(words: &str) -> (&str, &str) {
    if let Some((check, rest)) = words.split_once(": ") {
        return (check, rest);
    }
    if let Some((_, check)) = CHECKS.iter().find(|(start, _)| words.starts_with(start)) {
        return (check, words);
    }
    let value = words.match_indices(' ').map(|(at, _)| at).find(|at| {
        let next = words.get(at + 1..).unwrap_or_default();
        next.starts_with(['\'', '"', '-']) || next.starts_with(|first: char| first.is_ascii_digit())
    });
    let Some(value) = value else { return (words, "") };
    let mut kind = words.get(..value).unwrap_or(words).trim_end_matches(',');
    // What only introduces the value goes with it.
    while let Some((before, _)) = kind
        .rsplit_once(' ')
        .filter(|(_, last)| ["of", "by", "to", "from", "for", "at", "with", "base", "type"].contains(last))
    {
        kind = before;
    }
    (kind, words)
}

/// Whether the line belongs to the report.
pub fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        REPORT => in_report(state, line),
        THREAD => in_thread(state, line),
        UNDEFINED => in_undefined(line),
        DONE if line.starts_with("ThreadSanitizer: reported ") => Next::Take,
        _ => Next::End("after the report"),
    }
}

fn in_report(state: &mut State, line: &str) -> Next {
    const STARTS: [&str; 24] = [
        "READ of size",
        "WRITE of size",
        "0x",
        "freed by thread",
        "previously allocated",
        "allocated by thread",
        "Thread T",
        "SUMMARY: ",
        "Shadow byte",
        "=>0x",
        "HINT: ",
        "NOTE: ",
        "Address ",
        "Direct leak",
        "Indirect leak",
        "This frame has",
        "SCARINESS",
        "The signal is caused",
        "AddressSanitizer can not",
        "Uninitialized value",
        "Objects leaked",
        "MemorySanitizer",
        "Exiting",
        "Command: ",
    ];
    if line.starts_with("==") && line.ends_with("==ABORTING") {
        return state.take(DONE);
    }
    if line.is_empty() {
        return Next::Hold;
    }
    let own = line.starts_with("==") && !line.starts_with("===") && headline(line).is_none();
    if own || line.starts_with([' ', '\t']) || STARTS.iter().any(|start| line.starts_with(start)) {
        return Next::Take;
    }
    Next::End("not a line of the report")
}

fn in_thread(state: &mut State, line: &str) -> Next {
    if line.starts_with("==================") {
        return state.take(DONE);
    }
    if line.is_empty() || line.starts_with("  ") || line.starts_with("SUMMARY: ") {
        return Next::Take;
    }
    Next::End("not a line of the report")
}

fn in_undefined(line: &str) -> Next {
    let stack = line.trim_start().starts_with('#') && line.starts_with("    ");
    if stack
        || line.starts_with("SUMMARY: UndefinedBehavior")
        || line.contains(": note: ")
        || line.starts_with(' ')
    {
        Next::Take
    } else {
        Next::End("after the warning")
    }
}

/// Reads a report.
pub fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let first = trace.body.lines().next()?;
    let mut thrown = match undefined(first) {
        Some((location, check, rest)) => {
            let (file, line, column) = place(location);
            let mut thrown = Thrown::new(&format!("UndefinedBehaviorSanitizer: {check}"), rest);
            thrown.frames.push(Frame { file, line, column, ..Frame::default() });
            thrown
        }
        None => {
            let (tool, words) = headline(first)?;
            let (check, rest) = split_check(words);
            Thrown::new(&format!("{tool}: {check}"), rest)
        }
    };
    let frames = first_stack(trace.body);
    if !frames.is_empty() {
        thrown.frames = frames;
    }
    Some(parsed(Kind::Fatal, Level::Fatal, Language::Native, thrown, Vec::new()))
}

/// The kind of fault ends where its circumstances begin.
fn split_check(words: &str) -> (&str, &str) {
    let ends = [" on ", " (", ": ", " in "];
    match ends.iter().filter_map(|end| words.find(end)).min() {
        Some(at) => (
            words.get(..at).unwrap_or(words),
            words.get(at..).unwrap_or_default().trim_start_matches([':', ' ']),
        ),
        None => (words, ""),
    }
}

/// `    #0 0x55 in f /app/a.c:2:3` or `    #0 f /app/a.c:3 (a+0x11)`, until the numbers start again.
fn first_stack(body: &str) -> Vec<Frame> {
    let mut frames = Vec::new();
    for line in body.lines().skip(1) {
        match frame(line) {
            Some((0, _)) if !frames.is_empty() => break,
            Some((_, frame)) => frames.push(frame),
            None if frames.is_empty() => {}
            None => break,
        }
    }
    frames
}

fn frame(line: &str) -> Option<(u32, Frame)> {
    let (number, rest) = line.trim_start().strip_prefix('#')?.split_once(' ')?;
    let rest =
        if rest.starts_with("0x") { rest.split_once(" in ").map_or("", |(_, rest)| rest) } else { rest };
    let rest = rest.rsplit_once(" (BuildId: ").map_or(rest, |(rest, _)| rest);
    let rest =
        rest.rsplit_once(" (").filter(|(_, module)| module.contains("+0x")).map_or(rest, |(rest, _)| rest);
    let rest = rest.strip_suffix(" <null>").unwrap_or(rest);
    let split =
        rest.rfind([' ']).filter(|at| rest.get(at + 1..).is_some_and(|tail| tail.contains(['/', ':'])));
    let (name, location) = match split {
        Some(at) => (rest.get(..at)?, rest.get(at + 1..)?),
        None => (rest, ""),
    };
    let (file, line, column) = place(location);
    Some((
        number.parse().ok()?,
        Frame {
            function: non_empty(name.trim_end_matches("<null>").trim()),
            file,
            line,
            column,
            ..Frame::default()
        },
    ))
}
