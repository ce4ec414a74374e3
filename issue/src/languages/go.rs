//! Go: panics, fatal errors, goroutine dumps, panics that net/http caught, and the stacks that loggers append.

use super::frames::{Thrown, parsed};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Go,
    needles: &["panic: ", "panic serving ", "panic recovered:", "fatal error: ", "\nSIG", "DATA RACE"],
    headers: &["runtime: ", "unexpected fault address ", "======"],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const MESSAGE: u8 = 0;
const STACK: u8 = 1;
const GAP: u8 = 2;
const PLAIN: u8 = 3;
const DONE: u8 = 4;
const RECOVERED: u8 = 5;
const RACE: u8 = 6;
const MESSAGE_LINES: u32 = 40;

fn opens(line: &str) -> Option<Opening> {
    match line.as_bytes().first()? {
        b'p' if line.starts_with("panic: ") => Opening::firm("go.panic", MESSAGE),
        b'f' if line.starts_with("fatal error: ") => Opening::weak("go.fatal", MESSAGE),
        b'h' if served(line).is_some() => Opening::firm("go.http", MESSAGE),
        b'p' if line.trim_end() == "panic recovered:" => Opening::weak("go.recovered", RECOVERED),
        b'W' if line.trim_end() == "WARNING: DATA RACE" => Opening::firm("go.race", RACE),
        b'S' if is_signal(line) => Opening::weak("go.signal", MESSAGE),
        _ => None,
    }
}

/// What follows `http: panic serving ` and the same of the second version of the protocol.
fn served(line: &str) -> Option<&str> {
    ["http: panic serving ", "http2: panic serving "].iter().find_map(|start| line.strip_prefix(start))
}

/// `SIGQUIT: quit`, `SIGSEGV: segmentation violation`: the runtime died of a signal outside Go code.
fn is_signal(line: &str) -> bool {
    let Some((name, words)) = line.split_once(": ") else { return false };
    name.starts_with("SIG")
        && name.bytes().all(|byte| byte.is_ascii_uppercase())
        && !words.is_empty()
        && words.len() < 40
        && words.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ' || byte == b'/')
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    if is_goroutine(line) {
        Opening::firm("go.stack", STACK)
    } else if is_place(line) && line.starts_with('\t') {
        Opening::firm("go.frames", PLAIN)
    } else {
        None
    }
}

/// `goroutine 1 gp=0xc000002380 m=0 mp=0x5256c0 [running]:`.
fn is_goroutine(line: &str) -> bool {
    line.strip_prefix("goroutine ").is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit())
            && rest.contains(" [")
            && rest.trim_end().ends_with("]:")
    })
}

/// Behind a tab, also as a syslog daemon escapes it, or blanks.
fn tabbed(line: &str) -> Option<&str> {
    line.strip_prefix('\t').or_else(|| line.strip_prefix("    ")).or_else(|| line.strip_prefix("#011"))
}

/// `\t/app/main.go:12 +0x1d`.
fn is_place(line: &str) -> bool {
    let Some(text) = tabbed(line) else { return false };
    let path = search::before(search::before(text, " +0x").trim_end(), " fp=0x");
    let Some((file, number)) = path.rsplit_once(':') else { return false };
    super::frames::is_number(number)
        && [".go", ".s", ".c", ".cgo1.go", ".tmpl", ".y"].iter().any(|ending| file.ends_with(ending))
        || file.starts_with("_cgo_") && super::frames::is_number(number)
        || text.starts_with("?:0 ")
}

/// `main.(*store).put(0xc000, …)`: no space before the arguments except in type parameters.
fn is_call(line: &str) -> bool {
    let Some(body) = line.trim_end().strip_suffix(')') else { return false };
    let Some(open) = arguments_start(body) else { return false };
    let name = body.get(..open).unwrap_or_default();
    !name.is_empty()
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_' || first == '.')
        && !name.contains(' ')
        || (name.contains('[') && name.ends_with(']'))
}

/// The parenthesis that opens a call's arguments: the last one at depth zero, read from the right.
fn arguments_start(body: &str) -> Option<usize> {
    let mut depth = 1_i32;
    for (at, byte) in body.bytes().enumerate().rev() {
        match byte {
            b')' => depth += 1,
            b'(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        MESSAGE => in_message(state, line),
        STACK => in_stack(state, line),
        GAP => after_gap(state, line),
        PLAIN => in_plain(state, line),
        RECOVERED => in_recovered(state, line),
        RACE => in_race(state, line),
        _ => Next::End("after the exit status"),
    }
}

/// `mark` 1: an empty line was seen; what follows belongs only if a goroutine does.
fn in_message(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_goroutine(line) || line == "runtime stack:" {
        return state.take(STACK);
    }
    if line.starts_with("\tpanic: ") || line.starts_with("[signal ") || line.starts_with("[recovered]") {
        return Next::Take;
    }
    if state.run > MESSAGE_LINES {
        return Next::End("message limit");
    }
    if line.starts_with("fatal error: ") && !line.starts_with("fatal error: unexpected signal") {
        return Next::End("next record");
    }
    if line.is_empty() {
        state.mark = 1;
        return Next::Hold;
    }
    if super::interrupts(line) {
        return Next::End("next record");
    }
    if state.mark == 1 || !line.starts_with('\t') { Next::Hold } else { Next::Take }
}

fn in_stack(state: &mut State, line: &str) -> Next {
    if line.is_empty() {
        state.enter(GAP);
        return Next::Hold;
    }
    if is_stack_line(line) {
        return Next::Take;
    }
    if line.starts_with("exit status ") {
        return state.take(DONE);
    }
    Next::End("not a line of a goroutine")
}

fn is_stack_line(line: &str) -> bool {
    is_place(line)
        || line.starts_with("created by ")
        || is_goroutine(line)
        || line.starts_with("...") && line.contains("frames elided...")
        || line.starts_with("\tgoroutine running on other thread")
        || line == "runtime stack:"
        || line.starts_with("[originating from goroutine ")
        || is_call(line)
        || is_register(line)
}

/// `rax    0x0`.
fn is_register(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (Some(name), Some(value), None) = (words.next(), words.next(), words.next()) else { return false };
    name.len() <= 8
        && value.starts_with("0x")
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

fn after_gap(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_goroutine(line) || line == "runtime stack:" || is_register(line) {
        state.take(STACK)
    } else if line.starts_with("exit status ") {
        state.take(DONE)
    } else if line.is_empty() && state.run < 3 {
        Next::Hold
    } else {
        Next::End("no goroutine after the empty line")
    }
}

/// Gin prints the request, the value, then places with their source lines.
fn in_recovered(state: &mut State, line: &str) -> Next {
    if recovered_place(line).is_some() {
        state.mark = 1;
        return Next::Take;
    }
    state.run += 1;
    match state.mark {
        1 if line.starts_with('\t') => Next::Take,
        1 => Next::End("after the stack"),
        _ if state.run > MESSAGE_LINES || opens(line).is_some() => Next::End("no stack below the request"),
        _ => Next::Hold,
    }
}

/// `/app/main.go:12 (0x4f5a3c)`.
fn recovered_place(line: &str) -> Option<(Option<String>, Option<u32>)> {
    let (path, address) = line.trim_end().strip_suffix(')')?.split_once(" (0x")?;
    let (file, number, _) = super::frames::place(path);
    (number.is_some() && address.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some((file, number))
}

/// The race detector's report ends with the rule that it began with.
fn in_race(state: &mut State, line: &str) -> Next {
    if line.starts_with("======") {
        return state.take(DONE);
    }
    let own = line.starts_with("  ")
        || ["Read at ", "Write at ", "Previous ", "Goroutine ", "Atomic "]
            .iter()
            .any(|s| line.starts_with(s));
    if own {
        Next::Take
    } else if line.is_empty() {
        Next::Hold
    } else {
        Next::End("not a line of the report")
    }
}

/// Stacks of `pkg/errors` and zap: a function without arguments, then its place.
fn in_plain(state: &mut State, line: &str) -> Next {
    if is_place(line) {
        return state.take(PLAIN);
    }
    state.run += 1;
    let named = !line.starts_with([' ', '\t']) && !line.contains(' ') && line.contains('.');
    if named && state.run == 1 { Next::Hold } else { Next::End("not a line of a stack") }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    if trace.rule == "go.frames" {
        return Some(parse_plain(trace.body));
    }
    match trace.rule {
        "go.recovered" => return Some(parse_recovered(trace.body)),
        "go.race" => return Some(parse_race(trace.body)),
        _ => {}
    }
    let end = trace.body.find("\ngoroutine ").or_else(|| trace.body.find("\nruntime stack:"));
    let (head, stack) = match end {
        Some(_) if trace.rule == "go.stack" => ("", trace.body),
        Some(end) => {
            (trace.body.get(..end).unwrap_or_default(), trace.body.get(end + 1..).unwrap_or_default())
        }
        None if trace.rule == "go.stack" => ("", trace.body),
        None => (trace.body, ""),
    };
    let mut thrown = match trace.rule {
        "go.http" => vec![panic_value(after_http(head))],
        "go.fatal" | "go.signal" => vec![fatal(head)],
        _ => panics(head),
    };
    let mut primary = thrown.pop().or_else(|| announced(trace)).unwrap_or_default();
    thrown.reverse();
    primary.frames = throw_site(frames(stack));
    let kind = match trace.rule {
        "go.fatal" | "go.signal" => Kind::Fatal,
        "go.stack" if primary.error_type.is_none() => Kind::Exception,
        _ => Kind::Panic,
    };
    let level = if matches!(trace.rule, "go.http" | "go.stack") { Level::Error } else { Level::Fatal };
    Some(parsed(kind, level, Language::Go, primary, thrown))
}

/// A log line that tells of a panic above a goroutine's stack.
fn announced(trace: &Trace<'_>) -> Option<Thrown> {
    let words = trace.header.lines().next().map(crate::logline::message)?;
    if let Some((_, text)) = words.split_once("runtime error: ") {
        return Some(Thrown::new("runtime error", text.trim_end_matches(['"', ')'])));
    }
    let panicked = words.to_ascii_lowercase().contains("panic") || trace.body.contains("\npanic(");
    panicked.then(|| Thrown::new("panic", words))
}

fn parse_recovered(body: &str) -> Parsed {
    let mut thrown = Thrown::new("panic", "");
    for line in body.lines().skip(1) {
        if let Some((file, line)) = recovered_place(line) {
            thrown.frames.push(Frame { file, line, ..Frame::default() });
        } else if let Some(last) = thrown.frames.last_mut() {
            let name = line.trim().split_once(": ").map_or(line.trim(), |(name, _)| name);
            last.function = Some(name.to_owned());
        } else if !line.trim().is_empty() {
            thrown.message = line.to_owned();
        }
    }
    if let Some(text) = thrown.message.strip_prefix("runtime error: ").map(str::to_owned) {
        thrown = Thrown { frames: thrown.frames, ..Thrown::new("runtime error", &text) };
    }
    thrown.frames = throw_site(thrown.frames);
    parsed(Kind::Panic, Level::Error, Language::Go, thrown, Vec::new())
}

/// The first of the report's stacks is that of the access that was found out.
fn parse_race(body: &str) -> Parsed {
    let mut thrown = Thrown::new("DATA RACE", body.lines().nth(1).unwrap_or_default().trim_end_matches(':'));
    for line in body.lines().skip(2).take_while(|line| !line.is_empty()) {
        let text = line.trim();
        if line.starts_with("      ") {
            if let Some(last) = thrown.frames.last_mut() {
                put_place(last, line);
            }
        } else {
            thrown.frames.push(function(text.split('(').next().unwrap_or(text)));
        }
    }
    parsed(Kind::Fatal, Level::Error, Language::Go, thrown, Vec::new())
}

/// `http: panic serving HOST:PORT: value`.
fn after_http(head: &str) -> &str {
    let rest = served(head).unwrap_or(head);
    rest.split_once(": ").map_or(rest, |(_, value)| value)
}

/// Each `panic: ` of the head, in the order in which they were raised.
fn panics(head: &str) -> Vec<Thrown> {
    let mut all: Vec<String> = Vec::new();
    for line in search::lines(head) {
        let text = line.strip_prefix('\t').unwrap_or(line);
        if let Some(value) = text.strip_prefix("panic: ") {
            all.push(value.to_owned());
        } else if text.starts_with("[signal ") {
        } else if let Some(last) = all.last_mut()
            && !text.is_empty()
        {
            last.push('\n');
            last.push_str(text);
        }
    }
    all.iter().map(|value| panic_value(value)).collect()
}

/// The type of a panic: what the runtime prints of it, else `panic`.
fn panic_value(value: &str) -> Thrown {
    let value = value.trim_end();
    let value = [" [recovered, repanicked]", " [recovered, reraised]", " [recovered]"]
        .iter()
        .find_map(|tail| value.strip_suffix(tail))
        .unwrap_or(value);
    if let Some(text) = value.strip_prefix("runtime error: ") {
        return Thrown::new("runtime error", text);
    }
    if let Some((name, rest)) = value.strip_prefix('(').and_then(|rest| rest.split_once(") "))
        && is_type(name)
        && rest.starts_with(['0', '{', '"', '('])
    {
        return Thrown::new(name, rest);
    }
    if let Some((name, rest)) = value.split_once('(')
        && name.contains('.')
        && is_type(name)
        && let Some(inner) = rest.strip_suffix(')')
    {
        return Thrown::new(name, inner);
    }
    if let Some((name, rest)) = value.split_once('{')
        && name.contains('.')
        && is_type(name.trim_start_matches('&'))
    {
        let message = format!("{{{rest}");
        return Thrown::new(name, &message);
    }
    Thrown::new("panic", value)
}

fn is_type(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'*' | b'_' | b'/' | b'[' | b']' | b'-')
        })
}

/// `fatal error: text` wherever it stands, else the first line.
fn fatal(head: &str) -> Thrown {
    if let Some(text) = head.lines().find_map(|line| line.strip_prefix("fatal error: ")) {
        return Thrown::new("fatal error", text.trim_end());
    }
    let first = head.lines().next().unwrap_or_default();
    match first.split_once(": ") {
        Some((signal, words)) if signal.starts_with("SIG") => Thrown::new(signal, words),
        _ => Thrown::new("fatal error", first),
    }
}

/// Frames of the goroutine that panicked: the first one that is printed.
fn frames(stack: &str) -> Vec<Frame> {
    let mut found: Vec<Frame> = Vec::new();
    let mut in_goroutine = !stack.contains("goroutine ");
    let mut creator = false;
    for line in search::lines(stack) {
        if is_goroutine(line) {
            if in_goroutine && !found.is_empty() {
                break;
            }
            in_goroutine = true;
        } else if !in_goroutine {
        } else if line.starts_with("created by ") {
            creator = true;
        } else if is_place(line) {
            if creator {
                creator = false;
            } else if let Some(last) = found.last_mut().filter(|last| last.file.is_none()) {
                put_place(last, line);
            }
        } else if is_call(line) {
            let name = line.trim_end().strip_suffix(')').and_then(|body| body.get(..arguments_start(body)?));
            found.push(function(name.unwrap_or(line)));
        }
    }
    found
}

fn put_place(frame: &mut Frame, line: &str) {
    let text = line.trim().trim_start_matches("#011");
    let path = search::before(search::before(text, " +0x"), " fp=0x");
    (frame.file, frame.line, _) = super::frames::place(path);
}

/// `net/http.(*conn).serve` → module `net/http`, function `(*conn).serve`: the package ends at the first dot after
/// the last slash that stands before any parenthesis or bracket.
fn function(name: &str) -> Frame {
    let limit = name.find(['(', '[']).unwrap_or(name.len());
    let slash = name.get(..limit).and_then(|path| path.rfind('/')).map_or(0, |at| at + 1);
    let dot = name.get(slash..).and_then(|rest| rest.find('.')).map(|at| slash + at);
    match dot {
        Some(dot) => Frame {
            module: name.get(..dot).map(str::to_owned),
            function: name.get(dot + 1..).map(str::to_owned),
            ..Frame::default()
        },
        None => Frame { function: Some(name.to_owned()), ..Frame::default() },
    }
}

/// Drops what stands above the throw site: the frames of deferred functions, `panic` and the runtime itself.
fn throw_site(mut frames: Vec<Frame>) -> Vec<Frame> {
    let is_panic = |frame: &Frame| frame.module.is_none() && frame.function.as_deref() == Some("panic");
    let mut start = frames.iter().rposition(is_panic).map_or(0, |at| at + 1);
    while frames.get(start).is_some_and(is_runtime) {
        start += 1;
    }
    if start < frames.len() {
        frames.drain(..start);
    }
    frames
}

fn is_runtime(frame: &Frame) -> bool {
    frame.module.as_deref().is_some_and(|module| {
        module == "runtime" || module.starts_with("internal/runtime/") || module == "runtime/debug"
    })
}

fn parse_plain(body: &str) -> Parsed {
    let mut frames: Vec<Frame> = Vec::new();
    let mut message: Option<&str> = None;
    for line in body.lines() {
        if is_place(line) {
            if let Some(last) = frames.last_mut() {
                put_place(last, line);
            }
        } else if !line.contains(' ') && line.contains('.') {
            frames.push(function(line));
        } else if !frames.is_empty() {
            // What wrapped the error has a stack of its own.
            break;
        } else if message.is_none() {
            message = Some(line);
        }
    }
    let primary = Thrown { message: message.unwrap_or_default().to_owned(), frames, ..Thrown::default() };
    parsed(Kind::Exception, Level::Error, Language::Go, primary, Vec::new())
}
