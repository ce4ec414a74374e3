//! JavaScript: Node's uncaught errors with source excerpt and properties, bare stacks, Bun and Deno, V8 out of memory.

use super::frames::{Thrown, is_excerpt, is_shown, non_empty, parsed};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed, Relation};
use crate::search;

mod excerpt;
mod frame;
mod memory;

use excerpt::{cut_excerpt, excerpt_frame, skip_excerpt};
use frame::{browser_frame, frame, is_frame};

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Javascript,
    needles: &[
        "  at ",
        "js:",
        ".ts:",
        "undefined:",
        "node:",
        "eval]:",
        "<anonymous",
        "Last few GCs",
        "FATAL ERROR: ",
        "error: Uncaught",
        "rror: ",
        "npm ERR! ",
        "npm error ",
    ],
    headers: &["Unhandled Rejection at: "],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const SOURCE: u8 = 0;
const AFTER_CARET: u8 = 1;
const MESSAGE: u8 = 2;
const FRAMES: u8 = 3;
const PROPERTIES: u8 = 4;
const TRAILER: u8 = 5;
const DONE: u8 = 6;
const MEMORY: u8 = 7;
const NATIVE: u8 = 8;
const NPM: u8 = 9;
const CAUSES: u8 = 10;
const MESSAGE_LINES: u32 = 60;

/// Jasmine's heading above the frames; the words stand below another one.
pub const SECTION: &str = "Stack:";

/// What npm puts before each line of what went wrong, before its version 10 and since.
const NPM_MARKS: [&str; 2] = ["npm ERR!", "npm error"];

/// A line of npm's own words about a failure.
fn npm(line: &str) -> Option<&str> {
    let rest = NPM_MARKS.iter().find_map(|mark| line.strip_prefix(mark))?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

fn opens(line: &str) -> Option<Opening> {
    if line.starts_with("<--- Last few GCs --->") {
        Opening::weak("javascript.memory", MEMORY)
    } else if line.starts_with("FATAL ERROR: ") && line.len() > 13 {
        Opening::firm("javascript.fatal", NATIVE)
    } else if line.starts_with("error: Uncaught ") {
        Opening::firm("javascript.deno", MESSAGE)
    } else if npm(line).is_some_and(|words| !words.is_empty()) {
        Opening::firm("javascript.npm", NPM)
    } else if is_bracketed(line) {
        Opening::weak("javascript.bracketed", PROPERTIES)
    } else if is_excerpt_place(line) {
        Opening::weak("javascript.excerpt", SOURCE)
    } else {
        None
    }
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    let phase = if opens_properties(line) { PROPERTIES } else { FRAMES };
    if is_frame(line) { Opening::firm("javascript.frames", phase) } else { None }
}

/// A line of a stack, if it is one.
pub fn seen(line: &str) -> Option<super::frames::Seen<'_>> {
    if is_frame(line) { frame(line).or_else(|| browser_frame(line)) } else { None }
}

/// `/app/a.js:3` alone on its line: where Node points before it prints the source line.
fn is_excerpt_place(line: &str) -> bool {
    const SCRIPTS: [&str; 9] =
        [".js", ".mjs", ".cjs", ".ts", "[eval]", WORKER, "<anonymous>", "<anonymous_script>", "undefined"];
    let Some((file, number)) = line.rsplit_once(':') else { return false };
    super::frames::is_number(number)
        && !file.contains('@')
        && !file.starts_with([' ', '\t'])
        && (SCRIPTS.iter().any(|ending| file.ends_with(ending)) || file.starts_with("node:"))
        && (!file.contains(' ')
            || file == WORKER
            || file.starts_with(['/', 'C', 'D']) && !file.contains(": "))
}

/// What Node calls a script that a worker was given as text.
const WORKER: &str = "[worker eval]";

/// `(node:7) [DEP0005] DeprecationWarning: text`, which is no error although it has a stack. Until Node 15 rejections that
/// nobody handled were told so as well, and those are errors.
fn is_warning(line: &str) -> bool {
    let rest = line.strip_prefix("(node:").and_then(|rest| search::split_once(rest, ") "));
    let rest = rest.filter(|(number, _)| super::frames::is_number(number)).map(|(_, rest)| rest);
    let class = rest
        .map(|rest| rest.split_once("] ").filter(|_| rest.starts_with('[')).map_or(rest, |(_, rest)| rest));
    let class = class.and_then(|rest| rest.split_once(':')).map_or("", |(class, _)| class);
    class.ends_with("Warning") && class != "UnhandledPromiseRejectionWarning" && !class.contains(' ')
}

fn is_internal(file: &str) -> bool {
    (file.starts_with("node:") || file.starts_with("internal/") || file == "undefined") && !file.contains(' ')
}

fn is_caret(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && text.bytes().all(|byte| byte == b'^' || byte == b'~')
}

/// `at name` without a place is believed inside a stack only.
fn is_placeless(line: &str) -> bool {
    let name = line.trim_start().strip_prefix("at ").map(str::trim_end);
    line.starts_with(' ') && name.is_some_and(|name| !name.is_empty() && name.split(' ').count() <= 4)
}

fn is_elision(text: &str) -> bool {
    text.trim_start_matches('[').starts_with("... lines matching ")
        || text.starts_with("... ") && text.contains(" matching cause stack trace ...")
}

/// What Safari prints in the place of a frame.
fn is_seam(text: &str) -> bool {
    ["[native code]", "global code", "eval code", "module code"].contains(&text)
}

fn is_trailer(line: &str) -> bool {
    ["Node.js v", "Bun v"].iter().any(|start| line.starts_with(start))
}

/// `[AggregateError: text] {`: an error without frames of its own; `console.error` may put words before it.
fn is_bracketed(line: &str) -> bool {
    let inner = line.strip_suffix("] {").and_then(|rest| rest.split_once('['));
    let inner =
        inner.filter(|(words, _)| words.is_empty() || words.ends_with(' ') && !words.starts_with(' '));
    let named = inner.and_then(|(_, error)| super::frames::type_and_message(error));
    named.is_some_and(|(class, _)| super::frames::names_an_error(class))
}

fn opens_properties(line: &str) -> bool {
    line.ends_with(" {")
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        SOURCE => in_source(state, line),
        AFTER_CARET if line.trim().is_empty() => hold(state, MESSAGE),
        // What a worker threw is shown below where its event was thrown again.
        AFTER_CARET if is_excerpt_place(line) => hold(state, SOURCE),
        AFTER_CARET => {
            state.mark = 1;
            state.take(MESSAGE)
        }
        MESSAGE => in_message(state, line),
        FRAMES => in_frames(state, line),
        PROPERTIES => in_properties(state, line),
        TRAILER => in_trailer(state, line),
        CAUSES => in_causes(state, line),
        MEMORY => memory::follows(state, line),
        NATIVE => memory::in_native(state, line),
        NPM if npm(line).is_some() => Next::Take,
        _ => Next::End("after the trailer"),
    }
}

fn hold(state: &mut State, phase: u8) -> Next {
    state.enter(phase);
    Next::Hold
}

fn in_source(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_caret(line) {
        state.take(AFTER_CARET)
    } else if state.run > 4 || line.is_empty() && state.run > 1 {
        Next::End("no caret below the source line")
    } else {
        Next::Hold
    }
}

/// `mark`: 0 nothing of the message was seen, 1 its first paragraph, 2 after an empty line, 3 a thrown value's notes.
fn in_message(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_frame(line) {
        return after_frame(state, line);
    }
    if is_trailer(line) {
        return state.take(DONE);
    }
    if line.starts_with("Thrown at:") {
        return state.take(FRAMES);
    }
    if line.starts_with('[') && opens_properties(line) {
        return state.take(PROPERTIES);
    }
    if state.run > MESSAGE_LINES {
        return Next::End("message limit");
    }
    if super::interrupts(line)
        && !(state.mark == 0 && line.starts_with("Uncaught"))
        && !names_error(line, state)
    {
        return Next::End("next record");
    }
    if line.trim().is_empty() {
        state.mark = if state.mark == 0 { 0 } else { 2 };
        return Next::Hold;
    }
    match state.mark {
        2 => Next::Hold,
        _ => {
            state.mark = 1;
            Next::Take
        }
    }
}

/// `Error: text` is a log line elsewhere; right below the caret it is the thrown error.
fn names_error(line: &str, state: &State) -> bool {
    state.mark == 0 && super::frames::type_and_message(line).is_some()
}

fn after_frame(state: &mut State, line: &str) -> Next {
    state.take(if opens_properties(line) { PROPERTIES } else { FRAMES })
}

fn in_frames(state: &mut State, line: &str) -> Next {
    let text = line.trim_start();
    if is_frame(line) {
        return after_frame(state, line);
    }
    if is_elision(text) || is_placeless(line) || is_seam(text) {
        return after_frame(state, line);
    }
    // Vitest shows the source below the call that it points at.
    if is_shown(line) {
        return Next::Take;
    }
    if text.starts_with("[cause]: ") || text.starts_with("From previous event:") || line == "Thrown at:" {
        return Next::Take;
    }
    if line.starts_with("Emitted 'error' event ")
        || line.starts_with("Caused by: ")
        || line.starts_with("caused by: ")
    {
        return Next::Take;
    }
    if line.trim().is_empty() {
        return hold(state, TRAILER);
    }
    Next::End("not a line of a stack")
}

/// Until the brace that closes the properties at the margin.
fn in_properties(state: &mut State, line: &str) -> Next {
    if line == "}" {
        return state.take(TRAILER);
    }
    if line.starts_with([' ', '\t', '}', ']']) || line.is_empty() {
        state.run = 0;
        return Next::Take;
    }
    state.run_on(line, 20)
}

fn in_trailer(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_trailer(line) {
        state.take(DONE)
    } else if line.starts_with("Thrown at:") {
        state.take(FRAMES)
    } else if is_excerpt(line) {
        hold(state, CAUSES)
    } else if line.trim().is_empty() && state.run <= 2 {
        Next::Hold
    } else {
        Next::End("after the stack")
    }
}

/// Bun prints what caused an error as another error below it, and its version below all: only that line tells them from
/// errors that have nothing to do with each other.
fn in_causes(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if is_trailer(line) {
        state.take(DONE)
    } else if state.run > 4 * MESSAGE_LINES || crate::logline::has_time(line) {
        Next::End("no version below the causes")
    } else {
        Next::Hold
    }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    if matches!(trace.rule, "javascript.memory" | "javascript.fatal") {
        return Some(memory::parse(trace.body));
    }
    if trace.rule == "javascript.npm" {
        let words: Vec<&str> = trace.body.lines().filter_map(npm).collect();
        let thrown = Thrown { message: words.join("\n").trim_end().to_owned(), ..Thrown::default() };
        return Some(parsed(Kind::Log, Level::Error, Language::Javascript, thrown, Vec::new()));
    }
    let warning = [trace.header, trace.body].iter().any(|text| text.lines().take(1).any(is_warning));
    let level = if warning { Level::Warning } else { Level::Error };
    let mut reader = Reader::default();
    let excerpt = trace.rule == "javascript.excerpt";
    let front = trace.header.rsplit('\n').next().unwrap_or_default();
    let indent = front.len() - front.trim_start_matches(' ').len();
    for (index, line) in search::lines(skip_excerpt(trace.body, excerpt)).enumerate() {
        // A test runner indents the words with the error's name; frames stand deeper.
        let shared = index > 0
            && indent == front.len()
            && line.as_bytes().iter().take(indent).all(|byte| *byte == b' ');
        reader.line(if shared && !is_frame(line) { line.get(indent..).unwrap_or_default() } else { line });
    }
    let mut stack = reader.thrown.into_iter();
    let mut primary = stack.next()?;
    cut_excerpt(&mut primary.message);
    if excerpt && primary.frames.is_empty() {
        primary.frames.extend(excerpt_frame(trace.body));
    }
    Some(parsed(Kind::Exception, level, Language::Javascript, primary, stack.collect()))
}

/// Reads the error and what is nested in its properties.
#[derive(Default)]
struct Reader {
    thrown: Vec<Thrown>,
    /// A frame of the last one was read: its message is over.
    framed: bool,
    /// Inside the braces of properties, where only causes and members are of interest.
    properties: bool,
    /// Below the source that Bun shows above another error.
    shown: bool,
    /// Inside the brackets of `[errors]: [`.
    members: bool,
    /// Frames of where an event was emitted, not of the error.
    emitted: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let text = line.trim();
        if line.starts_with("Emitted 'error' event ") {
            self.emitted = true;
        } else if let Some(frame) = frame(line).filter(|_| is_frame(line)).or_else(|| browser_frame(line)) {
            self.frame(frame.own());
            self.properties |= opens_properties(line);
        } else if self.thrown.is_empty() {
            self.first(line);
        } else if self.framed && !self.properties && is_placeless(line) {
            let name = text.strip_prefix("at ").unwrap_or(text);
            if name == "<Jasmine>" {
                return;
            }
            self.frame(Frame { function: non_empty(name), ..Frame::default() });
        } else if let Some(rest) = text.strip_prefix("[cause]: ").or_else(|| caused_by(line)) {
            self.nested(rest, None);
        } else if text.starts_with("[errors]: [") {
            self.members = true;
        } else if self.properties {
            if self.members {
                self.member(text);
            }
        } else if self.framed && is_excerpt(line) {
            self.shown = true;
        } else if self.shown && super::frames::type_and_message(text).is_some() {
            self.shown = false;
            self.nested(text, None);
        } else if line == "}" || is_elision(text) || is_note(line) || is_seam(text) {
            self.framed = true;
        } else if !self.framed
            && let Some(last) = self.thrown.last_mut()
        {
            last.more(line);
        }
    }

    fn first(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let start = if is_bracketed(line) { line.find('[').unwrap_or(0) } else { 0 };
        let line = line.get(start..).unwrap_or(line);
        let bracketed = line.strip_prefix('[').and_then(|rest| rest.split_once(']').map(|(inner, _)| inner));
        self.properties = bracketed.is_some() && opens_properties(line);
        self.thrown
            .push(header(bracketed.filter(|_| self.properties || line.ends_with(']')).unwrap_or(line)));
    }

    fn nested(&mut self, text: &str, relation: Option<Relation>) {
        let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']').map(|(inner, _)| inner));
        let text = bracketed.unwrap_or(text);
        let text = text.trim_end_matches(['{', ',']).trim_end();
        self.thrown.push(Thrown { relation, ..header(text) });
        self.emitted = false;
        self.framed = false;
    }

    fn member(&mut self, text: &str) {
        if text == "]" || text == "]," {
            self.members = false;
        } else if super::frames::type_and_message(text.trim_start_matches('['))
            .is_some_and(|(class, _)| super::frames::names_an_error(class))
        {
            self.nested(text, Some(Relation::Member));
        }
    }

    fn frame(&mut self, frame: Frame) {
        self.framed = true;
        if self.emitted {
            return;
        }
        match self.thrown.last_mut() {
            Some(last) => last.frames.push(frame),
            None => self.thrown.push(Thrown { frames: vec![frame], ..Thrown::default() }),
        }
    }
}

fn caused_by(line: &str) -> Option<&str> {
    line.strip_prefix("Caused by: ").or_else(|| line.strip_prefix("caused by: "))
}

/// What Node itself says below a thrown value.
fn is_note(line: &str) -> bool {
    line.trim() == SECTION
        || line.starts_with("(Use `node --trace")
        || line.starts_with("Thrown at:")
        || is_trailer(line)
}

/// `Uncaught Error: m`, `TypeError [CODE]: m`, `error: m` of Bun, or the printed value.
fn header(line: &str) -> Thrown {
    let mut text = line;
    for prefix in [
        "error: Uncaught (in promise) ",
        "error: Uncaught ",
        "Uncaught (in promise) ",
        "Uncaught Exception: ",
        "Unhandled Rejection: ",
        "Uncaught ",
    ] {
        if let Some(rest) = text.strip_prefix(prefix) {
            text = rest;
            break;
        }
    }
    match super::frames::type_and_message(text) {
        // Deno's test runner puts the word before an error that has a name.
        Some(("error", message)) => match super::frames::type_and_message(message) {
            Some((class, message)) if super::frames::names_an_error(class) => Thrown::new(class, message),
            _ => Thrown::new("Error", message),
        },
        Some((class, message)) if is_class(class) => Thrown::new(class, message),
        _ => embedded(text).unwrap_or_else(|| Thrown { message: text.to_owned(), ..Thrown::default() }),
    }
}

/// `console.error("job failed:", error)` puts its words before the error: the last `Type: ` of the line counts.
fn embedded(text: &str) -> Option<Thrown> {
    let behind = |at: usize| super::frames::type_and_message(text.get(at + 1..)?);
    let named = || text.match_indices(' ').filter_map(|(at, _)| behind(at));
    // Behind a colon any class is one: `unhandled: Gone: no such cart`.
    let told = || text.match_indices(": ").filter_map(|(at, _)| behind(at + 1));
    let found = named().find(|(class, _)| super::frames::names_an_error(class));
    let found = found.or_else(|| told().find(|(class, message)| is_class(class) && !message.is_empty()));
    found.map(|(class, message)| Thrown::new(class, message))
}

fn is_class(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte == b'$')
        || super::frames::names_an_error(name)
}
