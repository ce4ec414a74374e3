//! C and C++ and what stands around them: uncaught exceptions, glibc's aborts, assertions, sanitizers, and the words
//! with which shells and kernels tell of a signal.

use super::frames::{Thrown, is_number, non_empty, parsed, place};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};

mod sanitizer;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Native,
    needles: &[
        "terminate called",
        "terminating ",
        "*** ",
        "free or corruption",
        "(): ",
        "corrupted ",
        "Assertion ",
        "Segmentation",
        "Aborted",
        "Sanitizer: ",
        "runtime error: ",
        "segfault at",
        "Bus error",
        "Illegal instruction",
        "Floating point exc",
        "Killed",
        "received signal",
    ],
    headers: &["====", "AddressSanitizer:DEADLYSIGNAL"],
    opens,
    frame: super::never,
    follows,
    parse,
};

const TERMINATE: u8 = 0;
const ABORT: u8 = 1;
const SIGNAL: u8 = 2;
const GDB: u8 = 3;

/// Words of a signal, its name, and whether they are believed when they are the whole line.
const SIGNALS: [(&str, &str); 8] = [
    ("Segmentation fault", "SIGSEGV"),
    ("Aborted", "SIGABRT"),
    ("Bus error", "SIGBUS"),
    ("Illegal instruction", "SIGILL"),
    ("Floating point exception", "SIGFPE"),
    ("Trace/breakpoint trap", "SIGTRAP"),
    ("Killed", "SIGKILL"),
    ("Bad system call", "SIGSYS"),
];

/// What glibc says before it aborts.
const ABORTS: [&str; 12] = [
    "double free or corruption",
    "free(): ",
    "malloc(): ",
    "realloc(): ",
    "calloc(): ",
    "munmap_chunk(): ",
    "malloc_consolidate(): ",
    "mremap_chunk(): ",
    "corrupted size vs. prev_size",
    "corrupted double-linked list",
    "sysmalloc: ",
    "tcache_",
];

fn opens(line: &str) -> Option<Opening> {
    if line.starts_with([' ', '\t', '{']) {
        return None;
    }
    if line.starts_with("terminate called ")
        || line.starts_with("libc++abi: terminating")
        || line.starts_with("libc++abi.dylib: terminating")
    {
        return Opening::firm("native.terminate", TERMINATE);
    }
    if glibc(line).is_some() {
        return Opening::firm("native.abort", ABORT);
    }
    if assertion(line).is_some() {
        return Opening::firm("native.assertion", ABORT);
    }
    if let Some(opening) = sanitizer::opens(line) {
        return Some(opening);
    }
    if received(line).is_some() {
        return Opening::firm("native.gdb", GDB);
    }
    if signal(line).is_some() { Opening::firm("native.signal", SIGNAL) } else { None }
}

/// `*** stack smashing detected ***: terminated`, `free(): invalid pointer`.
fn glibc(line: &str) -> Option<&str> {
    if let Some(rest) = line.strip_prefix("*** ")
        && let Some((text, after)) = rest.split_once(" ***")
    {
        let known =
            text.ends_with(" detected") || text.starts_with("Error in ") || after.contains("terminated");
        return known.then_some(text);
    }
    let text = line.trim_end();
    (ABORTS.iter().any(|start| text.starts_with(start)) && text.len() < 120).then_some(text)
}

/// `prog: file.c:2: int half(int): Assertion `n % 2 == 0' failed.` → expression and place.
fn assertion(line: &str) -> Option<(&str, Frame)> {
    if let Some((before, rest)) = line.split_once(": Assertion `") {
        let expression = rest.rsplit_once("' failed").map(|(expression, _)| expression)?;
        let (location, function) = before.split_once(": ").map_or((before, ""), |(first, rest)| {
            if first.rsplit_once(':').is_some_and(|(_, number)| is_number(number)) {
                (first, rest)
            } else {
                rest.split_once(": ").unwrap_or((rest, ""))
            }
        });
        let (file, line, _) = place(location);
        return Some((expression, Frame { function: non_empty(function), file, line, ..Frame::default() }));
    }
    // musl, BSD and macOS: `Assertion failed: n % 2 == 0 (file.c: half: 2)`.
    let rest = line.strip_prefix("Assertion failed: ")?;
    let (expression, place) = rest.trim_end().trim_end_matches('.').rsplit_once(" (")?;
    let mut parts = place.trim_end_matches(')').splitn(3, ": ");
    let (file, function, number) = (parts.next()?, parts.next()?, parts.next()?);
    Some((
        expression,
        Frame {
            function: non_empty(function),
            file: non_empty(file),
            line: number.parse().ok(),
            ..Frame::default()
        },
    ))
}

/// `Program received signal SIGSEGV, Segmentation fault.` of gdb → signal and words.
fn received(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(" received signal ")?;
    let (name, words) = rest.trim_end().trim_end_matches('.').split_once(", ")?;
    name.starts_with("SIG").then_some((name, words))
}

/// A shell's or kernel's line about a signal → the signal and the words printed.
pub fn signal(line: &str) -> Option<(&'static str, &str)> {
    let text = line.trim();
    if let Some(at) = text.find("segfault at ")
        && text.contains(" ip ")
    {
        return Some(("SIGSEGV", text.get(at..)?));
    }
    let bare = text.strip_suffix(" (core dumped)").unwrap_or(text);
    if let Some((words, name)) = SIGNALS.iter().find(|(words, _)| bare == *words) {
        return Some((name, words));
    }
    let shell = text.contains(": line ") || text.split(' ').next().is_some_and(|first| first.ends_with(':'));
    if !shell {
        return None;
    }
    SIGNALS.iter().find_map(|(words, name)| {
        let at = text.find(words)?;
        let before = text.get(..at)?.trim_end();
        let number = before.rsplit([' ', ':']).next().is_some_and(is_number);
        let ended =
            text.get(at + words.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']));
        (number && ended && before.contains(": line ")).then_some((*name, *words))
    })
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        TERMINATE if line.trim_start().starts_with("what(): ") => state.take(ABORT),
        ABORT if line.starts_with("======= Backtrace") || is_backtrace_symbol(line) => Next::Take,
        TERMINATE | ABORT | SIGNAL => Next::End("one statement"),
        GDB => in_gdb(line),
        _ => sanitizer::follows(state, line),
    }
}

/// `./prog(f+0x1d)[0x401136]` of `backtrace_symbols`.
fn is_backtrace_symbol(line: &str) -> bool {
    line.trim_end().ends_with(']') && line.contains("[0x") && line.starts_with(['/', '.', '['])
}

fn in_gdb(line: &str) -> Next {
    let frame = line.starts_with('#') && line.get(1..2).is_some_and(is_number);
    if frame
        || line.starts_with("0x")
        || line.starts_with([' ', '\t'])
        || line.starts_with("(gdb)")
        || line.starts_with("[Switching")
        || line.split_once('\t').is_some_and(|(number, _)| is_number(number))
    {
        Next::Take
    } else {
        Next::End("after the backtrace")
    }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let first = trace.body.lines().next()?;
    let (kind, thrown) = match trace.rule {
        "native.terminate" => (Kind::Fatal, terminate(trace.body)),
        "native.abort" => {
            let text = glibc(first)?;
            (Kind::Fatal, Thrown::new("abort", text))
        }
        "native.assertion" => {
            let (expression, frame) = assertion(first)?;
            let mut thrown = Thrown::new("assertion failed", expression);
            thrown.frames.push(frame);
            (Kind::Fatal, thrown)
        }
        "native.gdb" => {
            let (name, words) = received(first)?;
            let mut thrown = Thrown::new(name, words);
            thrown.frames.extend(trace.body.lines().filter_map(gdb_frame));
            (Kind::Fatal, thrown)
        }
        "native.signal" => {
            let (name, words) = signal(first)?;
            (Kind::Fatal, Thrown::new(name, words))
        }
        _ => return sanitizer::parse(trace),
    };
    Some(parsed(kind, Level::Fatal, Language::Native, thrown, Vec::new()))
}

/// `terminate called after throwing an instance of 'T'` and `  what():  text`.
fn terminate(body: &str) -> Thrown {
    let first = body.lines().next().unwrap_or_default();
    if let Some((_, rest)) = first.split_once("of type ") {
        let (class, message) = rest.split_once(": ").unwrap_or((rest, ""));
        return Thrown::new(class.trim(), message);
    }
    let class = first.split_once("instance of '").and_then(|(_, rest)| rest.trim_end().strip_suffix('\''));
    let what = body.split_once("what():").map(|(_, text)| text.trim_start_matches(' ').trim_end());
    match class {
        Some(class) => Thrown::new(class, what_only(what.unwrap_or_default())),
        None => Thrown::new("terminate", first.strip_prefix("terminate called ").unwrap_or(first)),
    }
}

/// The text of `what()` without the shell's line below it.
fn what_only(text: &str) -> &str {
    match text.rsplit_once('\n') {
        Some((before, last)) if signal(last).is_some() => before,
        _ => text,
    }
}

/// `#1  0x00401136 in f (x=1) at a.c:3`.
fn gdb_frame(line: &str) -> Option<Frame> {
    let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
    if !is_number(number) {
        return None;
    }
    let rest = rest.trim_start();
    let rest =
        if rest.starts_with("0x") { rest.split_once(" in ").map_or(rest, |(_, rest)| rest) } else { rest };
    let (call, location) = rest.rsplit_once(" at ").unwrap_or((rest, ""));
    let name = call.split(" (").next().unwrap_or(call).trim();
    let (file, line, _) = place(location);
    Some(Frame { function: non_empty(name), file, line, ..Frame::default() })
}
