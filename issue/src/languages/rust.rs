//! Rust: panics in the layouts before and since 1.73, backtraces, anyhow, eyre and color-eyre, stack overflow.

use super::frames::{Thrown, non_empty, parsed, place};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Rust,
    needles: &["panicked at ", "fatal runtime error: ", "application panicked", "memory allocation of "],
    headers: &["thread '"],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const MESSAGE: u8 = 0;
const NOTES: u8 = 1;
const BACKTRACE: u8 = 2;
const ABORT: u8 = 3;
const CHAIN: u8 = 4;
const AGAIN: u8 = 5;
const MESSAGE_LINES: u32 = 20;
/// Panics in one record: more than these are not one crash.
const PANICS: u32 = 4;

fn opens(line: &str) -> Option<Opening> {
    match line.as_bytes().first()? {
        b't' if is_panic(line) => Opening::firm("rust.panic", MESSAGE),
        b'f' if line.starts_with("fatal runtime error: ") => Opening::firm("rust.fatal", ABORT),
        b'm' if allocation(line).is_some() => Opening::firm("rust.memory", BACKTRACE),
        b'T' if line.starts_with("The application panicked (crashed).") => {
            Opening::firm("rust.eyre_panic", CHAIN)
        }
        _ => None,
    }
}

/// `thread 'main' panicked at `, `thread 'main' (12) panicked at `, `thread '<unnamed>' panicked at `.
fn is_panic(line: &str) -> bool {
    line.starts_with("thread '") && line.contains("panicked at ")
}

/// `memory allocation of 64 bytes failed`: the number.
fn allocation(line: &str) -> Option<&str> {
    let number = line.strip_prefix("memory allocation of ")?.trim_end().strip_suffix(" bytes failed")?;
    super::frames::is_number(number).then_some(number)
}

/// Lines that only follow an `Error: …` in the layouts of anyhow and eyre.
fn opens_with_frame(line: &str) -> Option<Opening> {
    match line.trim_end() {
        "Caused by:" | "Location:" | "Stack backtrace:" => Opening::firm("rust.chain", CHAIN),
        text if text.starts_with("   0: ") && !text.contains("0x") => Opening::firm("rust.chain", CHAIN),
        _ => None,
    }
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        MESSAGE => in_message(state, line),
        NOTES | BACKTRACE => in_backtrace(state, line),
        ABORT if line.starts_with("fatal runtime error: ") => Next::Take,
        ABORT => Next::End("after the abort"),
        AGAIN => in_second(state, line),
        _ => in_chain(state, line),
    }
}

fn in_message(state: &mut State, line: &str) -> Next {
    if let Some(next) = trailer(state, line) {
        return next;
    }
    if line.is_empty() {
        state.enter(NOTES);
        return Next::Hold;
    }
    if super::native::signal(line).is_some() {
        return Next::End("the shell's word");
    }
    state.run_on(line, MESSAGE_LINES)
}

/// Lines that may follow a message or a backtrace.
fn trailer(state: &mut State, line: &str) -> Option<Next> {
    if line.starts_with("note: ") {
        Some(state.take(NOTES))
    } else if line.trim_end() == "stack backtrace:" {
        Some(state.take(BACKTRACE))
    } else if is_abort(line) {
        Some(state.take(ABORT))
    } else if is_panic(line) && state.mark < PANICS {
        state.mark += 1;
        state.enter(AGAIN);
        Some(Next::Hold)
    } else {
        None
    }
}

/// The last words of a thread that panicked while it was panicking.
fn is_abort(line: &str) -> bool {
    line.starts_with("thread caused non-unwinding panic. aborting")
        || line.starts_with("thread panicked while processing panic. aborting")
        || line.starts_with("thread panicked while panicking. aborting")
        || line.starts_with("fatal runtime error: ")
}

/// What stands between the words and the notes where the standard library found what must never be.
const UNDEFINED: &str = "This indicates a bug in the program. This Undefined Behavior check";

fn in_backtrace(state: &mut State, line: &str) -> Next {
    if let Some(next) = trailer(state, line) {
        return next;
    }
    state.run += 1;
    if line.is_empty() {
        return if state.phase == BACKTRACE || state.run <= 1 { Next::Hold } else { Next::End("empty line") };
    }
    if state.phase == BACKTRACE && is_backtrace_line(line) {
        return Next::Take;
    }
    if line.starts_with(UNDEFINED) {
        return Next::Take;
    }
    Next::End("not a line of a backtrace")
}

fn is_backtrace_line(line: &str) -> bool {
    line.starts_with("      ") || numbered(line).is_some() || line.starts_with("   [...")
}

/// `   0: name` → the number's text and the name.
fn numbered(line: &str) -> Option<(&str, &str)> {
    let (number, name) =
        search::split_once(search::trim_start(line), ": ").filter(|_| line.starts_with(' '))?;
    (super::frames::is_number(number)).then_some((number, name))
}

/// A further panic is part of the record only if the thread then says that it gave up.
fn in_second(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_abort(line) {
        return state.take(ABORT);
    }
    if is_panic(line) {
        state.mark += 1;
        if state.mark > PANICS {
            return Next::End("another panic");
        }
        state.run = 0;
        return Next::Hold;
    }
    let known = line.is_empty()
        || line.starts_with("note: ")
        || is_backtrace_line(line)
        || line == "stack backtrace:";
    if known || state.run <= 3 && !super::interrupts(line) { Next::Hold } else { Next::End("another panic") }
}

fn in_chain(state: &mut State, line: &str) -> Next {
    state.run += 1;
    let text = line.trim();
    if text.is_empty() {
        return Next::Hold;
    }
    let starts = [
        "Caused by:",
        "Location:",
        "Stack backtrace:",
        "Backtrace omitted",
        "Run with ",
        "Message: ",
        "Location: ",
        "Suggestion:",
        "Note:",
        "Warning:",
        "Error:",
        "stack backtrace:",
    ];
    if line.starts_with(' ') || line.starts_with('\t') || starts.iter().any(|start| line.starts_with(start)) {
        return Next::Take;
    }
    Next::End("after the error's chain")
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    match trace.rule {
        "rust.fatal" => return Some(parse_fatal(trace.header, trace.body)),
        "rust.memory" => return Some(parse_memory(trace.body)),
        "rust.chain" => return Some(parse_chain(trace.body)),
        "rust.eyre_panic" => return Some(parse_eyre_panic(trace.body)),
        _ => {}
    }
    let mut panics: Vec<Thrown> = Vec::new();
    let mut main = false;
    let mut in_backtrace = false;
    let mut in_text = false;
    for line in search::lines(trace.body) {
        if is_panic(line) {
            main |= panics.is_empty() && line.starts_with("thread 'main'");
            panics.push(panic_header(line));
            in_backtrace = false;
            in_text = true;
        } else if line.trim_end() == "stack backtrace:" {
            if let Some(last) = panics.last_mut() {
                last.frames.clear();
            }
            in_backtrace = true;
            in_text = false;
        } else if line.starts_with("note: ") || is_abort(line) || line.is_empty() {
            in_text = false;
        } else if in_backtrace {
            backtrace_line(panics.last_mut(), line);
        } else if in_text && super::native::signal(line).is_some() {
            in_text = false;
        } else if in_text && let Some(last) = panics.last_mut() {
            if last.message.is_empty() { last.message = line.to_owned() } else { last.more(line) }
        }
    }
    let escaped = escaping(&mut panics)?;
    panics.reverse();
    let level = if main { Level::Fatal } else { Level::Error };
    Some(parsed(Kind::Panic, level, Language::Rust, escaped, panics))
}

/// The panic that ends the thread: the last one, which for a panic while panicking is the runtime's own
/// `panic in a destructor during cleanup`; then the one before it is what the program raised.
fn escaping(panics: &mut Vec<Thrown>) -> Option<Thrown> {
    let own = |thrown: &Thrown| {
        thrown.message.starts_with("panic in a destructor during cleanup")
            || thrown.message.starts_with("panic in a function that cannot unwind")
    };
    if panics.len() > 1 && panics.last().is_some_and(own) {
        let last = panics.pop()?;
        let mut raised = panics.pop()?;
        if raised.frames.len() <= 1 && last.frames.len() > 1 {
            raised.frames.truncate(1);
        }
        return Some(raised);
    }
    panics.pop()
}

/// `thread 'main' (1) panicked at src/a.rs:1:2:` or, before 1.73, `… panicked at 'message', src/a.rs:1:2`.
fn panic_header(line: &str) -> Thrown {
    let rest = line.split_once("panicked at ").map_or("", |(_, rest)| rest).trim_end();
    let (message, location) = match rest.strip_prefix('\'').and_then(|quoted| quoted.rsplit_once("', ")) {
        Some((message, location)) => (message, location),
        None => ("", rest.strip_suffix(':').unwrap_or(rest)),
    };
    let mut thrown = Thrown::new("panic", message);
    thrown.frames.extend(place_frame(location));
    thrown
}

fn place_frame(location: &str) -> Option<Frame> {
    let (file, line, column) = place(location.trim());
    line.is_some().then(|| Frame { file, line, column, ..Frame::default() })
}

/// `   4: unwrap::parse` or `   4:  0x55d9 - unwrap::parse::h…`, then `             at ./unwrap.rs:2:18`.
fn backtrace_line(thrown: Option<&mut Thrown>, line: &str) {
    let Some(thrown) = thrown else { return };
    if let Some((_, name)) = numbered(line) {
        let name = name.trim_start();
        let name = match name.strip_prefix("0x").and_then(|rest| rest.split_once(" - ")) {
            Some((_, name)) => name,
            None => name,
        };
        thrown.frames.push(Frame { function: non_empty(name.trim()), ..Frame::default() });
    } else if let Some(location) = search::trim_start(line).strip_prefix("at ")
        && let Some(last) = thrown.frames.last_mut()
        && last.file.is_none()
    {
        (last.file, last.line, last.column) = place(location.trim_end());
    }
}

/// `thread 'main' has overflowed its stack`, `fatal runtime error: stack overflow, aborting`.
fn parse_fatal(header: &str, body: &str) -> Parsed {
    let text = body.lines().find_map(|line| line.strip_prefix("fatal runtime error: "));
    let text = text.map(|text| text.trim_end().trim_end_matches(", aborting"));
    let thread = header.lines().rev().find(|line| line.starts_with("thread '"));
    let first = thread.or_else(|| body.lines().next()).unwrap_or_default();
    let primary = match text {
        Some("stack overflow") | None => Thrown::new("stack overflow", first),
        Some(text) => Thrown::new("fatal runtime error", text),
    };
    parsed(Kind::Fatal, Level::Fatal, Language::Rust, primary, Vec::new())
}

/// The allocator's last words, and the backtrace that newer releases print below them.
fn parse_memory(body: &str) -> Parsed {
    let mut lines = body.lines();
    let mut primary = Thrown::new("memory allocation failed", lines.next().unwrap_or_default().trim_end());
    lines.for_each(|line| backtrace_line(Some(&mut primary), line));
    parsed(Kind::Fatal, Level::Fatal, Language::Rust, primary, Vec::new())
}

/// `Error: text`, then `Caused by:` with numbered or single causes, `Location:`, `Stack backtrace:`; eyre numbers the
/// error itself as 0.
fn parse_chain(body: &str) -> Parsed {
    let mut lines = body.lines();
    let first = lines.next().unwrap_or_default();
    let named = first.split_once("Error:").map(|(_, rest)| rest);
    let message = named.unwrap_or(first).trim();
    // What `main` returns is printed behind this word, whatever its type is.
    let mut primary = Thrown::new(if named.is_some() { "Error" } else { "" }, message);
    let mut causes: Vec<Thrown> = Vec::new();
    let mut section = if message.is_empty() { Section::Chain } else { Section::Message };
    let mut frames: Thrown = Thrown::default();
    for line in lines {
        if let Some(next) = Section::named(line) {
            section = next;
            continue;
        }
        match section {
            Section::Message if !line.is_empty() => primary.more(line),
            Section::Chain => chain_line(&mut primary, &mut causes, line),
            Section::Place => frames.frames.extend(place_frame(line)),
            Section::Backtrace => backtrace_or_place(&mut frames, line),
            _ => {}
        }
    }
    primary.frames = frames.frames;
    parsed(Kind::Exception, Level::Error, Language::Rust, primary, causes)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Message,
    Chain,
    Place,
    Backtrace,
    Rest,
}

impl Section {
    fn named(line: &str) -> Option<Self> {
        let text = line.trim();
        match text {
            "Caused by:" => Some(Self::Chain),
            "Location:" => Some(Self::Place),
            "Stack backtrace:" => Some(Self::Backtrace),
            _ if text.contains("━ BACKTRACE ━") => Some(Self::Backtrace),
            _ if text.contains("━ SPANTRACE ━") || text.starts_with("Run with ") => Some(Self::Rest),
            _ if text.starts_with("Backtrace omitted") => Some(Self::Rest),
            _ => None,
        }
    }
}

fn chain_line(primary: &mut Thrown, causes: &mut Vec<Thrown>, line: &str) {
    let text = line.trim();
    if text.is_empty() {
        return;
    }
    let text = numbered(line).map_or(text, |(_, text)| text.trim());
    if primary.message.is_empty() {
        primary.message = text.to_owned();
    } else if numbered(line).is_some() || causes.is_empty() {
        causes.push(Thrown { message: text.to_owned(), ..Thrown::default() });
    } else if let Some(last) = causes.last_mut() {
        last.more(text);
    }
}

/// A backtrace replaces the place that was told before it.
fn backtrace_or_place(frames: &mut Thrown, line: &str) {
    if frames.frames.first().is_some_and(|first| first.function.is_none()) {
        frames.frames.clear();
    }
    backtrace_line(Some(frames), line);
    if let Some(last) = frames.frames.last_mut()
        && let Some(name) = last.function.take()
    {
        last.function = Some(name.trim_end_matches("<unknown>").to_owned());
    }
}

/// `Message:  text` and `Location: file:line`.
fn parse_eyre_panic(body: &str) -> Parsed {
    let mut primary = Thrown::new("panic", "");
    let mut frames = Thrown::default();
    let mut in_message = false;
    let mut section = Section::Rest;
    for line in body.lines().skip(1) {
        if let Some(text) = line.strip_prefix("Message: ") {
            primary.message = text.trim().to_owned();
            in_message = true;
        } else if let Some(location) = line.strip_prefix("Location: ") {
            frames.frames.extend(place_frame(location));
            in_message = false;
        } else if let Some(next) = Section::named(line) {
            section = next;
            in_message = false;
        } else if section == Section::Backtrace {
            backtrace_or_place(&mut frames, line);
        } else if in_message && !line.is_empty() {
            primary.more(line);
        }
    }
    primary.frames = frames.frames;
    parsed(Kind::Panic, Level::Fatal, Language::Rust, primary, Vec::new())
}
