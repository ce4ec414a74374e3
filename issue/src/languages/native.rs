//! C and C++ and what stands around them: uncaught exceptions, glibc's aborts, assertions, sanitizers, and the words
//! with which shells and kernels tell of a signal.

use super::frames::{Thrown, is_number, non_empty, parsed, place};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search::{self, Needle};

mod coredump;
mod kernel;
mod sanitizer;
mod tombstone;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Native,
    needles: &[
        "terminate called",
        "uncaught exception",
        "** ",
        "corrupt",
        "(): ",
        "Assertion ",
        "Segmentation",
        "Aborted",
        "Sanitizer: ",
        "runtime error: ",
        "Bus error",
        " error ",
        "Arithmetic exception",
        "dumped",
        "Killed",
        ": line ",
        "BUG: ",
        "Kernel panic",
        "ERROR: libFuzzer: ",
    ],
    headers: &["====", "AddressSanitizer:DEADLYSIGNAL", VIRTUAL[0], VIRTUAL[1], VIRTUAL[2]],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

/// What the runtime says before it terminates for a call that cannot be made.
const VIRTUAL: [&str; 3] =
    ["pure virtual method called", "deleted virtual method called", "Pure virtual function called!"];

const TERMINATE: u8 = 0;
const ABORT: u8 = 1;
const SIGNAL: u8 = 2;
const GDB: u8 = 3;

/// Words of a signal, its name, and whether they are believed when they are the whole line.
const SIGNALS: [(&str, &str); 9] = [
    ("Abort trap", "SIGABRT"),
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
    if ["after throwing", "without an active", "recursively"]
        .iter()
        .any(|how| line.strip_prefix("terminate called ").is_some_and(|rest| rest.starts_with(how)))
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
    if let Some(opening) =
        sanitizer::opens(line).or_else(|| tombstone::opens(line)).or_else(|| coredump::opens(line))
    {
        return Some(opening);
    }
    if failure(line).is_some() {
        return Opening::firm("native.failure", ABORT);
    }
    if let Some(opening) = kernel::opens(line) {
        return Some(opening);
    }
    if received(line).is_some() {
        return Opening::firm("native.gdb", GDB);
    }
    if signal(line).is_some() {
        return Opening::firm("native.signal", SIGNAL);
    }
    if caught(line).is_some() { Opening::weak("native.caught", ABORT) } else { None }
}

/// A program that prints its own frames with `backtrace_symbols_fd`.
fn opens_with_frame(line: &str) -> Option<Opening> {
    if is_backtrace_symbol(line) { Opening::firm("native.symbols", ABORT) } else { None }
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
    let rest = ABORTS.iter().find_map(|start| text.strip_prefix(start))?;
    // Behind the function's name stands what it found out.
    let told = !text.contains("(): ") || FOUND.iter().any(|word| rest.contains(word));
    (told && text.len() < 120).then_some(text)
}

/// Words of which one stands in whatever glibc's allocator says of a broken heap.
const FOUND: [&str; 8] =
    ["invalid", "corrupt", "double", "unaligned", "mismatching", "too many", "unsorted", "large"];

/// `prog: file.c:2: int half(int): Assertion `n % 2 == 0' failed.` → expression and place. The C++ library's own checks have
/// another quotation mark.
fn assertion(line: &str) -> Option<(&str, Frame)> {
    let split = |mark| search::split_once(line, mark);
    if let Some((before, rest)) = split(": Assertion `").or_else(|| split(": Assertion '")) {
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
    let (_, rest) = search::split_once(line, " received signal ")?;
    // gdb writes a comma, the runtime of Fortran a colon.
    let (name, words) = rest.trim_end().trim_end_matches('.').split_once([',', ':'])?;
    name.starts_with("SIG").then_some((name, words.trim_start()))
}

/// A shell's or kernel's line about a signal → the signal and the words printed.
pub fn signal(line: &str) -> Option<(&'static str, &str)> {
    const SEGFAULT: Needle = Needle::new("segfault at ", 'f');
    const KILLED: Needle = Needle::new("ut of memory: Kill", 'K');
    const PLACED: Needle = Needle::new(": line ", ':');
    let text = search::trim(line);
    if let Some(at) = SEGFAULT.find(text)
        && search::find(text, " ip ").is_some()
    {
        return Some(("SIGSEGV", text.get(at..)?));
    }
    if let Some(at) = KILLED.find(text) {
        // `Out of memory: Killed process 7 (cart)`, of a group `Memory cgroup out of memory: …`.
        return Some(("SIGKILL", text.get(at.saturating_sub(1)..)?));
    }
    let bare = text.strip_suffix(" (core dumped)").unwrap_or(text);
    // macOS adds the signal's number.
    let numbered = bare.ends_with(|last: char| last.is_ascii_digit());
    let number = numbered.then(|| search::rsplit_once(bare, ": ")).flatten();
    let bare = number.filter(|(_, number)| is_number(number)).map_or(bare, |(words, _)| words);
    if let Some((words, name)) = SIGNALS.iter().find(|(words, _)| bare == *words) {
        return Some((name, words));
    }
    PLACED.find(text)?;
    SIGNALS.iter().find_map(|(words, name)| {
        let at = text.find(words)?;
        let before = text.get(..at)?.trim_end();
        let number = before.rsplit([' ', ':']).next().is_some_and(is_number);
        let ended = text
            .get(at + words.len()..)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(', '/', '.']));
        (number && ended && before.contains(": line ")).then_some((*name, *words))
    })
}

/// `Caught signal 11 (Segmentation fault)`: what programs say themselves before they print their frames.
fn caught(line: &str) -> Option<(&'static str, &str)> {
    let said = line.contains("signal") || line.contains("Signal") || line.contains("SIG");
    let (words, name) = SIGNALS.iter().find(|(words, _)| said && line.contains(words))?;
    let log = crate::logline::head(line).and_then(|head| head.rank).is_none();
    (log && line.len() < 200).then_some((*name, *words))
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        TERMINATE if line.trim_start().starts_with("what(): ") => state.take(ABORT),
        // A debugger tells of the signal that the end of the program came with.
        TERMINATE | ABORT if received(line).is_some_and(|(name, _)| name == "SIGABRT") => state.take(GDB),
        TERMINATE | ABORT if line.trim().is_empty() && state.run == 0 => {
            state.run = 1;
            Next::Hold
        }
        ABORT if line.starts_with("======= ") || is_mapping(line) || is_backtrace_symbol(line) => Next::Take,
        ABORT if line.starts_with("PC: @ ") => Next::Take,
        TERMINATE | ABORT | SIGNAL => Next::End("one statement"),
        GDB if line.trim().is_empty() => Next::Hold,
        GDB => in_gdb(line),
        coredump::REPORT => coredump::follows(line),
        tombstone::REPORT => tombstone::follows(line),
        kernel::REPORT => kernel::follows(line),
        _ => sanitizer::follows(state, line),
    }
}

/// A line of the memory map that older releases of glibc print.
fn is_mapping(line: &str) -> bool {
    line.split_once('-').is_some_and(|(start, rest)| {
        start.len() >= 8
            && start.bytes().all(|byte| byte.is_ascii_hexdigit())
            && rest.split(' ').nth(1).is_some_and(|flags| flags.len() == 4 && flags.ends_with(['p', 's']))
    })
}

/// `*** SIGSEGV received at time=…`, `*** SIGSEGV (@0x0) received by PID 7 …` of glog and Abseil → signal and words.
fn failure(line: &str) -> Option<(&str, &str)> {
    let text = line.strip_prefix("*** ").filter(|text| text.starts_with("SIG"))?;
    let name = text.split(' ').next()?;
    text.contains(" received ").then_some((name, text.trim_end_matches([' ', '*'])))
}

/// `    @     0x55d0  shop::Cart::put()` of glog, with the size of the frame and a module of Abseil.
fn unwound(line: &str) -> Option<Frame> {
    let text = line.trim_start().trim_start_matches("PC: ").strip_prefix("@ ")?.trim_start();
    let (address, rest) = text.strip_prefix("0x")?.split_once(' ')?;
    let mut name = rest.trim();
    let sized = |(first, _): &(&str, &str)| is_number(first) || *first == "(unknown)";
    while let Some((_, rest)) = name.split_once(' ').filter(sized) {
        name = rest.trim_start();
    }
    let name = if name == "(unknown)" { "" } else { name };
    address
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| Frame { function: non_empty(name), ..Frame::default() })
}

/// `./prog(f+0x1d)[0x401136]` of `backtrace_symbols`.
fn is_backtrace_symbol(line: &str) -> bool {
    symbol(line).is_some() || line.starts_with("    @ ") && unwound(line).is_some()
}

/// The file and what stands in its parentheses, if anything does.
fn symbol(line: &str) -> Option<Frame> {
    let (place, address) = line.trim_end().strip_suffix(']')?.rsplit_once("[0x")?;
    let place = place.trim_end();
    let hex = address.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !hex
        || line.contains(": ")
        || !(place.is_empty() || place.starts_with(['/', '.']) || place.ends_with(')'))
    {
        return None;
    }
    let (file, name) = place.strip_suffix(')').and_then(|rest| rest.split_once('(')).unwrap_or((place, ""));
    let name = name.rsplit_once("+0x").map_or(name, |(name, _)| name);
    Some(Frame { function: non_empty(name), file: non_empty(file), ..Frame::default() })
}

fn in_gdb(line: &str) -> Next {
    let frame = line.starts_with('#') && line.get(1..2).is_some_and(is_number);
    if frame
        || line.starts_with("0x")
        || line.starts_with([' ', '\t'])
        || line.starts_with("(gdb)")
        || line.starts_with("[Switching")
        || unnumbered(line)
        || line.starts_with("Backtrace for this error:")
        || line.split_once('\t').is_some_and(|(number, _)| is_number(number))
    {
        Next::Take
    } else {
        Next::End("after the backtrace")
    }
}

/// `Registry::get (this=0x7ff…) at registry.cpp:3`: where the program stopped.
fn unnumbered(line: &str) -> bool {
    search::split_once(line, " (").is_some_and(|(name, rest)| {
        !name.contains(": ") && (rest.contains(") at ") || rest.contains(") from "))
    })
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let first = trace.body.lines().next()?;
    let (kind, thrown) = match trace.rule {
        "native.terminate" => {
            let cut = trace
                .body
                .split_once("\n\n")
                .filter(|(_, rest)| received(rest.lines().next().unwrap_or("")).is_some());
            let (words, stopped) = cut.unwrap_or((trace.body, ""));
            let mut thrown = terminate(trace.header, words);
            thrown.frames.extend(debugged(stopped).map(|told| told.frames).unwrap_or_default());
            (Kind::Fatal, thrown)
        }
        "native.abort" => {
            let text = glibc(first)?;
            let mut thrown = Thrown::new("abort", text);
            thrown.frames.extend(trace.body.lines().skip(1).filter_map(symbol));
            (Kind::Fatal, thrown)
        }
        "native.failure" => {
            let (name, words) = failure(first)?;
            let mut thrown = Thrown::new(name, words);
            thrown.frames.extend(trace.body.lines().skip(1).filter_map(unwound));
            (Kind::Fatal, thrown)
        }
        "native.caught" => {
            let (name, words) = caught(first)?;
            let mut thrown = Thrown::new(name, words);
            thrown
                .frames
                .extend(trace.body.lines().skip(1).filter_map(|line| symbol(line).or_else(|| unwound(line))));
            (Kind::Fatal, thrown)
        }
        "native.symbols" => {
            let frames =
                trace.body.lines().filter_map(|line| symbol(line).or_else(|| unwound(line))).collect();
            let thrown = Thrown { frames, ..Thrown::default() };
            return Some(parsed(Kind::Exception, Level::Error, Language::Native, thrown, Vec::new()));
        }
        "native.assertion" => {
            let (expression, frame) = assertion(first)?;
            let mut thrown = Thrown::new("assertion failed", expression);
            thrown.frames.push(frame);
            (Kind::Fatal, thrown)
        }
        "native.gdb" => (Kind::Fatal, debugged(trace.body)?),
        "native.signal" => {
            let (name, words) = signal(first)?;
            (Kind::Fatal, Thrown::new(name, words))
        }
        "native.kernel" => return Some(kernel::parse(trace.body)),
        "native.coredump" => return Some(coredump::parse(trace.body)),
        "native.tombstone" => return Some(tombstone::parse(trace.body)),
        _ => return sanitizer::parse(trace),
    };
    Some(parsed(kind, Level::Fatal, Language::Native, thrown, Vec::new()))
}

/// What gdb, or the runtime of Fortran, says of the signal, and the frames below.
fn debugged(body: &str) -> Option<Thrown> {
    let (name, words) = received(body.lines().next()?)?;
    let mut thrown = Thrown::new(name, words);
    for line in body.lines() {
        // Fortran tells the place on a line of its own.
        match (line.strip_prefix("\tat ").map(place), thrown.frames.last_mut()) {
            (Some((file, number, _)), Some(last)) => (last.file, last.line) = (file, number),
            _ => thrown.frames.extend(gdb_frame(line)),
        }
    }
    let stopped = body.lines().skip(1).find(|line| unnumbered(line));
    if let Some(line) = stopped.filter(|_| thrown.frames.is_empty()) {
        thrown.frames.extend(gdb_call(line));
    }
    Some(thrown)
}

/// `terminate called after throwing an instance of 'T'` and `  what():  text`.
fn terminate(header: &str, body: &str) -> Thrown {
    let first = body.lines().next().unwrap_or_default();
    if let Some((_, rest)) = first.split_once("of type ") {
        let (class, message) = rest.split_once(": ").unwrap_or((rest, ""));
        return Thrown::new(class.trim(), message);
    }
    let class = first.split_once("instance of '").and_then(|(_, rest)| rest.trim_end().strip_suffix('\''));
    let what = body.split_once("what():").map(|(_, text)| text.trim_start_matches(' ').trim_end());
    match class {
        Some(class) => Thrown::new(class, what_only(what.unwrap_or_default())),
        None => {
            let told = header.lines().find(|line| VIRTUAL.iter().any(|start| line.starts_with(start)));
            let words = told.unwrap_or(first).trim_end();
            Thrown::new("terminate", words.strip_prefix("terminate called ").unwrap_or(words))
        }
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
    gdb_call(rest)
}

/// `f (x=1) at a.c:3`, `raise () from /lib/libc.so.6`.
fn gdb_call(text: &str) -> Option<Frame> {
    let (call, location) =
        text.rsplit_once(" at ").or_else(|| text.rsplit_once(" from ")).unwrap_or((text, ""));
    let name = call.split(" (").next().unwrap_or(call).trim().trim_matches('?');
    let (file, line, _) = place(location);
    Some(Frame { function: non_empty(name), file, line, ..Frame::default() })
}
