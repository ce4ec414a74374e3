//! Swift: runtime traps, `fatalError` and errors that reached the top level, with the backtrace of Linux.

use super::frames::{Thrown, is_number, non_empty, parsed, place};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Swift,
    needles: &["Fatal error: ", "Assertion failed: ", "*** Program crashed: "],
    headers: &[],
    opens,
    frame: super::never,
    follows,
    parse,
};

const TRACE: u8 = 0;
const WORDS: [(&str, &str); 2] =
    [("Fatal error", ": Fatal error"), ("Assertion failed", ": Assertion failed")];

fn opens(line: &str) -> Option<Opening> {
    statement(line).and_then(|_| Opening::firm("swift.fatal", TRACE))
}

/// `App/main.swift:3: Fatal error: text` since 5.4, `Fatal error: text: file main.swift, line 3` before.
fn statement(line: &str) -> Option<(&'static str, &str, Frame)> {
    if let Some(text) = line.strip_prefix("*** Program crashed: ") {
        return Some(crashed(text.trim_end().trim_end_matches('*').trim_end()));
    }
    for (words, behind) in WORDS {
        if let Some((location, text)) = line.split_once(behind)
            && let Some((file, number)) = location.rsplit_once(':')
            && is_number(number)
            && file.ends_with(".swift")
        {
            let frame = Frame { file: non_empty(file), line: number.parse().ok(), ..Frame::default() };
            return Some((words, text.trim_start_matches([':', ' ']), frame));
        }
        if let Some(text) = line.strip_prefix(words)
            && let Some((text, location)) = text.trim_end().rsplit_once(": file ")
            && let Some((file, number)) = location.split_once(", line ")
            && is_number(number)
        {
            let frame = Frame { file: non_empty(file), line: number.parse().ok(), ..Frame::default() };
            return Some((words, text.trim_start_matches([':', ' ']), frame));
        }
    }
    None
}

/// What the runtime's own crash handler says: `Fatal error: text in FILE:LINE`, `Bad pointer dereference at 0x10`.
fn crashed(text: &str) -> (&'static str, &str, Frame) {
    let words = WORDS.iter().find_map(|(words, _)| Some((*words, text.strip_prefix(words)?)));
    let (words, rest) = words.unwrap_or(("Program crashed", text));
    let rest = rest.trim_start_matches([':', ' ']);
    let placed = rest.rsplit_once(" in ").and_then(|(text, location)| {
        let (file, number) = location.rsplit_once(':').filter(|(_, number)| is_number(number))?;
        Some((text, Frame { file: non_empty(file), line: number.parse().ok(), ..Frame::default() }))
    });
    let (rest, frame) = placed.unwrap_or((rest, Frame::default()));
    (words, rest, frame)
}

fn follows(state: &mut State, line: &str) -> Next {
    const STARTS: [&str; 13] = [
        "Current stack trace:",
        "*** Signal ",
        "*** Program crashed",
        "Thread ",
        "Platform: ",
        "Registers:",
        "Images ",
        "Crash",
        "Backtrace took",
        "Illegal instruction",
        "Trace/",
        "Please submit a bug report",
        "Stack dump:",
    ];
    state.run += 1;
    if line.trim().is_empty() && state.run < 400 {
        return Next::Hold;
    }
    let numbered = line.split([' ', ':']).next().is_some_and(is_number);
    let own =
        line.starts_with([' ', '\t', '│']) || numbered || STARTS.iter().any(|start| line.starts_with(start));
    if own && !crate::logline::has_time(line) { Next::Take } else { Next::End("after the backtrace") }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let (words, text, at) = statement(trace.body.lines().next()?)?;
    let mut thrown = Thrown::new(words, text);
    thrown.frames = trace.body.lines().skip(1).filter_map(frame).collect();
    if thrown.frames.is_empty() && at.file.is_some() {
        thrown.frames.push(at);
    }
    Some(parsed(Kind::Fatal, Level::Fatal, Language::Swift, thrown, Vec::new()))
}

/// `0 [ra] 0x0000 f() + 12 in app at /app/main.swift:3:5`, `1    app    0x0000 f() + 12`.
fn frame(line: &str) -> Option<Frame> {
    let (number, rest) = line.trim_start().split_once([' ', ':'])?;
    if !is_number(number) {
        return None;
    }
    let (_, rest) = search::split_once(rest, " 0x").or_else(|| search::split_once(rest, "0x"))?;
    let (_, rest) = rest.split_once(' ')?;
    let (call, location) = search::split_once(rest, " at ").unwrap_or((rest, ""));
    let name = call.split(" in ").next().unwrap_or(call).split(" + ").next().unwrap_or(call);
    let (file, line, column) = place(location.trim());
    let name = name.trim().trim_start_matches("[inlined] ");
    Some(Frame { function: non_empty(name), file, line, column, ..Frame::default() })
}
