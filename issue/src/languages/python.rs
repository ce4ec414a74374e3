//! Python 3: tracebacks, chains, exception groups, syntax errors, faulthandler dumps.

use super::frames::{Thrown, is_number, names_an_error, parsed};
use super::{Grammar, Next, Opening, State, Trace, interrupts};
use crate::report::{Frame, Kind, Language, Level, Parsed, Relation};
use crate::search;

mod fatal;
mod notebook;
mod pytest;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Python,
    needles: &[
        "raceback",
        "Fatal Python error",
        " line ",
        "Exception i",
        "--- Logging error",
        " validation error",
        "____",
    ],
    headers: &[
        "Exception in thread ",
        "Exception ignored in",
        "Exception in callback ",
        "Exception in default exception handler",
        "Task exception was never retrieved",
        "Task was destroyed but it is pending!",
        "Future exception was never retrieved",
        "Unhandled exception in ",
        "Unhandled error in ",
        "Unraisable exception in ",
        "Error in atexit._run_exitfuncs:",
        "Error in sys.excepthook:",
        "Error in sys.exitfunc:",
        "--- Logging error ---",
        "future: <",
        "handle: <",
        "protocol: <",
        "transport: <",
        "task: <",
        "Process ",
        "concurrent.futures.process._RemoteTraceback:",
        "multiprocessing.pool.RemoteTraceback:",
        "\"\"\"",
        notebook::RULE,
    ],
    opens,
    frame: super::never,
    follows,
    parse,
};

const TRACEBACK: &str = "Traceback (most recent call last):";
const GROUP_TRACEBACK: &str = "+ Exception Group Traceback (most recent call last):";
const CHAINS: [&str; 3] = [
    "The above exception was the direct cause of the following exception:",
    "During handling of the above exception, another exception occurred:",
    // A hook that was to print an error failed itself.
    "Original exception was:",
];
/// What announces another traceback, so that it is no line of a message.
const ANNOUNCING: [&str; 5] = [
    "Exception in thread ",
    "Exception in callback ",
    "Exception ignored in",
    "Task exception was never retrieved",
    "Future exception was never retrieved",
];
const MESSAGE_LINES: u32 = 20;

const FRAMES: u8 = 0;
const MESSAGE: u8 = 1;
const GAP: u8 = 2;
const CHAINED: u8 = 3;
const GROUP: u8 = 4;
const HEADER: u8 = 5;
const FATAL: u8 = 6;
const SYNTAX: u8 = 7;
const CALL_STACK: u8 = 8;
const BOXED: u8 = 9;
const PYTEST: u8 = 10;
const NOTEBOOK: u8 = 11;

fn opens(line: &str) -> Option<Opening> {
    match line.as_bytes().first()? {
        b'T' if line.trim_end() == TRACEBACK => Opening::firm("python.traceback", FRAMES),
        b' ' => {
            let inner = line.trim();
            if inner == GROUP_TRACEBACK {
                Opening::firm("python.group", GROUP)
            } else if is_file_line(line) {
                let rule = if inner.contains("\", line ") && inner.contains(", in ") {
                    ("python.frames", FRAMES)
                } else {
                    ("python.syntax", SYNTAX)
                };
                Opening::weak(rule.0, rule.1)
            } else {
                None
            }
        }
        0xe2 if line.starts_with('╭') && line.contains(" Traceback (most recent call last) ") => {
            Opening::firm("python.boxed", BOXED)
        }
        b'F' if line.starts_with("Fatal Python error: ") => Opening::firm("python.fatal", FATAL),
        b'E' if line.starts_with("Exception ignored in: ") => Opening::weak("python.ignored", HEADER),
        b'-' if line.trim_end() == "--- Logging error ---" => Opening::weak("python.logging", HEADER),
        b'_' => pytest::opens(line),
        _ if is_validation(line) => Opening::firm("python.validation", MESSAGE),
        _ => notebook::opens(line),
    }
}

/// `pydantic_core._pydantic_core.ValidationError: 3 validation errors for Cart`: what stands below is its message.
fn is_validation(line: &str) -> bool {
    let told = search::split_once(line, "ValidationError: ").filter(|(class, _)| !class.contains(' '));
    told.and_then(|(_, words)| search::split_once(words, " validation error")).is_some_and(|(count, rest)| {
        is_number(count) && (rest.starts_with(" for ") || rest.starts_with("s for "))
    })
}

fn is_file_line(line: &str) -> bool {
    line.starts_with("  File \"") && line.contains("\", line ")
}

fn is_chain(line: &str) -> bool {
    CHAINS.contains(&line.trim_end())
}

/// Whether a line has the form in which Python ends a traceback: a dotted class name, alone or before a colon.
fn is_exception_line(line: &str) -> bool {
    let name = search::before(line, ": ").trim_end().trim_end_matches(':');
    !name.is_empty()
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80)
        && (!name.contains(' ') || name.contains("<locals>"))
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        FRAMES => in_frames(state, line),
        MESSAGE => in_message(state, line),
        GAP if is_chain(line) => state.take(CHAINED),
        // A message may end with an empty line of its own.
        GAP if line.trim().is_empty() && state.run == 0 => {
            state.run = 1;
            Next::Hold
        }
        GAP => Next::End("no chain after the empty line"),
        CHAINED | HEADER => before_traceback(state, line),
        GROUP => in_group(state, line),
        FATAL => fatal::follows(state, line),
        SYNTAX => in_syntax(state, line),
        BOXED => in_box(state, line),
        PYTEST => pytest::follows(state, line),
        NOTEBOOK => notebook::follows(state, line),
        _ => in_call_stack(state, line),
    }
}

fn in_frames(state: &mut State, line: &str) -> Next {
    if line.starts_with([' ', '\t']) || line.starts_with("> File \"") || line.trim_end() == TRACEBACK {
        state.mark = 0;
        return Next::Take;
    }
    // Some loggers leave lines empty between the frames.
    if line.is_empty() && state.mark == 0 {
        state.mark = 1;
        return Next::Hold;
    }
    let gap = std::mem::take(&mut state.mark) == 1;
    if gap && !names_an_error(line.split(':').next().unwrap_or(line)) {
        return Next::End("not a line of a traceback");
    }
    if line.is_empty() || !is_exception_line(line) || crate::logline::has_time(line) {
        return Next::End("not a line of a traceback");
    }
    state.take(MESSAGE)
}

/// Rich and Typer draw the traceback in a box and print the exception below it.
fn in_box(state: &mut State, line: &str) -> Next {
    if line.starts_with(['│', '╰', '╭', '┃']) || line.starts_with(' ') {
        return Next::Take;
    }
    if is_exception_line(line) && !crate::logline::has_time(line) {
        return state.take(MESSAGE);
    }
    Next::End("not a line of a traceback")
}

/// What a bridge to the JVM quotes in its message: a trace with its causes.
fn is_java(line: &str) -> bool {
    line.starts_with("\tat ") || line.starts_with("\t... ") || line.starts_with("Caused by: ")
}

fn in_message(state: &mut State, line: &str) -> Next {
    if line.trim().is_empty() {
        state.enter(GAP);
        return Next::Hold;
    }
    // A process pool quotes the worker's traceback between lines of three quotes, as the message.
    let quoted = state.mark == 1;
    state.mark = u32::from(line == "\"\"\"");
    if state.mark == 1 {
        return Next::Take;
    }
    if line.trim_end() == TRACEBACK && quoted {
        return state.take(FRAMES);
    }
    if is_java(line) && state.run > 0 {
        return Next::Take;
    }
    if is_file_line(line) {
        return Next::End("another traceback");
    }
    if line == "Call stack:" {
        return state.take(CALL_STACK);
    }
    if ANNOUNCING.iter().any(|start| line.starts_with(start)) || pytest::is_section(line) {
        return Next::End("next record");
    }
    state.run_on(line, MESSAGE_LINES)
}

fn before_traceback(state: &mut State, line: &str) -> Next {
    let text = line.trim();
    state.run += 1;
    if text == TRACEBACK {
        state.take(FRAMES)
    } else if text == GROUP_TRACEBACK {
        state.take(GROUP)
    } else if notebook::is_head(line) {
        state.take(NOTEBOOK)
    } else if text.is_empty() && state.phase == CHAINED && state.run < 3 {
        Next::Hold
    } else if state.phase == HEADER && state.run == 1 && is_exception_line(line) && !interrupts(line) {
        state.take(MESSAGE)
    } else if state.phase == CHAINED && is_file_line(line) {
        state.take(SYNTAX)
    } else {
        Next::End("no traceback after its header")
    }
}

fn in_group(state: &mut State, line: &str) -> Next {
    let inner = line.trim_start();
    if line.starts_with(' ') && inner.starts_with(['|', '+']) {
        state.run = 0;
        return Next::Take;
    }
    // Before 3.12 the further lines of a message stand outside the margin.
    state.run += 1;
    if !line.is_empty() && state.run <= 5 && !interrupts(line) && !is_file_line(line) {
        return Next::Hold;
    }
    if line.trim().is_empty() {
        state.enter(GAP);
        return Next::Hold;
    }
    Next::End("outside the group's margin")
}

fn in_syntax(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if line.starts_with("    ") && state.run <= 3 {
        return Next::Hold;
    }
    let named = ["SyntaxError:", "IndentationError:", "TabError:", "SyntaxError"];
    if named.iter().any(|name| line.starts_with(name)) {
        return state.take(MESSAGE);
    }
    Next::End("no syntax error after its place")
}

fn in_call_stack(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.mark != 2 && (line.starts_with("  ") || line.starts_with("Message: ")) {
        return Next::Take;
    }
    if line.starts_with("Arguments: ") {
        state.mark = 2;
        return Next::Take;
    }
    Next::End("after the logging error")
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    if trace.rule == "python.fatal" {
        return Some(fatal::parse(trace.body));
    }
    let native = trace.body.lines().nth(1).is_some_and(|line| line.trim_end() == TRACEBACK);
    if trace.rule == "python.pytest" && !native {
        let mut chain = pytest::read(trace.body);
        let primary = chain.pop()?;
        chain.reverse();
        return Some(parsed(Kind::Exception, Level::Error, Language::Python, primary, chain));
    }
    let mut reader = Reader::default();
    for line in search::lines(trace.body) {
        reader.line(line);
    }
    reader.finish_section();
    let mut sections = reader.sections;
    let mut primary = sections.pop()?;
    if primary.thrown.error_type.is_none() && primary.thrown.frames.is_empty() {
        return None;
    }
    if primary.thrown.error_type.is_none()
        && let Some((class, message)) = super::frames::told_above(trace.header)
    {
        let frames = std::mem::take(&mut primary.thrown.frames);
        primary.thrown = Thrown { frames, ..Thrown::new(class, message) };
    }
    let mut others: Vec<Thrown> = std::mem::take(&mut primary.members);
    for section in sections.into_iter().rev() {
        others.push(section.thrown);
        others.extend(section.members);
    }
    Some(parsed(Kind::Exception, Level::Error, Language::Python, primary.thrown, others))
}

/// One traceback of a chain with the members of its group.
#[derive(Default)]
struct Section {
    thrown: Thrown,
    members: Vec<Thrown>,
}

/// Reads lines of one record; every traceback becomes a section.
#[derive(Default)]
struct Reader {
    sections: Vec<Section>,
    current: Section,
    /// The exception line of the current traceback was read.
    named: bool,
    /// Depth of the group that the margin shows: 0 outside.
    depth: usize,
    /// After the last line of a logging error's traceback nothing is read any more.
    done: bool,
}

impl Reader {
    fn line(&mut self, line: &str) {
        if self.done {
            return;
        }
        if line.starts_with(['│', '╭', '╰']) {
            self.current.thrown.frames.splice(0..0, boxed_frame(line));
            return;
        }
        let inner = search::trim_start(line);
        if line.starts_with(' ') && inner.starts_with(['|', '+']) && !self.in_source(line) {
            self.group_line(line);
            return;
        }
        let text = search::trim_end(line);
        if text == TRACEBACK || notebook::is_head(line) {
            if self.named && !self.current.thrown.message.ends_with("\"\"\"") {
                self.finish_section();
            }
        } else if is_chain(line) {
            self.finish_section();
        } else if text == "Call stack:" && self.named {
            self.done = true;
        } else {
            self.plain(line);
        }
    }

    /// A source line may itself start with `|` or `+`; inside a plain traceback sources are indented by four.
    fn in_source(&self, line: &str) -> bool {
        self.depth == 0 && !self.named && line.starts_with("    ") && !self.current.thrown.frames.is_empty()
    }

    fn plain(&mut self, line: &str) {
        if self.depth > 0 && line.trim().is_empty() {
            return;
        }
        let member = self.current.members.last_mut().filter(|_| self.depth > 0);
        let thrown = member.unwrap_or(&mut self.current.thrown);
        if let Some(frame) = frame(line).filter(|_| !self.named) {
            thrown.frames.insert(0, frame);
        } else if self.named {
            if !line.is_empty() || !thrown.message.is_empty() {
                thrown.more(line);
            }
        } else if let Some(frame) = notebook::frame(line) {
            thrown.frames.insert(0, frame);
        } else if !line.starts_with(' ') && !line.is_empty() && is_exception_line(line) {
            name(thrown, line);
            self.named = true;
        }
    }

    /// `  | text` belongs to the exception of its margin's depth; `  +-+---- 1 ----` opens a member.
    fn group_line(&mut self, line: &str) {
        let margin = line.len() - line.trim_start().len();
        let inner = line.trim_start();
        if inner == GROUP_TRACEBACK {
            if self.named {
                self.finish_section();
            }
            self.depth = margin;
            return;
        }
        if inner.starts_with('+') {
            self.member_rule(inner);
            return;
        }
        let text = inner.get(1..).unwrap_or_default();
        let text = text.strip_prefix(' ').unwrap_or(text);
        let target = match self.current.members.last_mut() {
            Some(member) => member,
            None => &mut self.current.thrown,
        };
        if is_chain(text) {
            // The earlier one of a chained member is told by its successor; what follows replaces it.
            let relation = target.relation;
            *target = Thrown { relation, ..Thrown::default() };
            self.named = false;
        } else if let Some(frame) = frame(text).filter(|_| !self.named) {
            target.frames.insert(0, frame);
        } else if self.named && !text.trim().is_empty() && text.trim_end() != TRACEBACK {
            target.more(text);
        } else if !self.named
            && !text.starts_with(' ')
            && text.trim_end() != TRACEBACK
            && is_exception_line(text)
        {
            name(target, text);
            self.named = true;
        }
    }

    fn member_rule(&mut self, inner: &str) {
        let opens = inner.trim_start_matches(['+', '-']).starts_with(' ');
        if opens {
            self.current.members.push(Thrown { relation: Some(Relation::Member), ..Thrown::default() });
            self.named = false;
        }
    }

    fn finish_section(&mut self) {
        let mut section = std::mem::take(&mut self.current);
        section.members.retain(|member| member.error_type.is_some());
        if section.thrown.error_type.is_some() || !section.thrown.frames.is_empty() {
            let message = &mut section.thrown.message;
            message.truncate(message.trim_end().trim_end_matches("\n\"\"\"").len());
            self.sections.push(section);
        }
        self.named = false;
        self.depth = 0;
    }
}

/// Sets class and message from the line that ends a traceback.
fn name(thrown: &mut Thrown, line: &str) {
    let (class, message) = line.split_once(": ").unwrap_or((line.trim_end(), ""));
    let class = class.trim_end().trim_end_matches(':');
    let class = class.strip_prefix("__main__.").unwrap_or(class);
    thrown.error_type = Some(class.to_owned());
    thrown.message = message.to_owned();
}

/// `  File "a.py", line 3, in f` of a traceback, without function that of a syntax error.
fn frame(line: &str) -> Option<Frame> {
    let text = search::trim_start(line);
    let rest = text.strip_prefix("> ").unwrap_or(text).strip_prefix("File \"")?;
    let (file, rest) = search::split_once(rest, "\", line ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let number = rest.get(..digits)?.parse().ok();
    let tail = rest.get(digits..)?.trim_end();
    let function = tail.strip_prefix(", in ").or_else(|| tail.strip_prefix(" in "));
    Some(Frame {
        function: function.map(str::to_owned),
        file: Some(file.to_owned()),
        line: number,
        ..Frame::default()
    })
}

/// `│ /app/main.py:12 in run      │`.
fn boxed_frame(line: &str) -> Option<Frame> {
    let text = line.trim_matches(['│', ' ']);
    let (place, function) = text.split_once(" in ")?;
    let (file, number) = place.rsplit_once(':')?;
    let named = is_number(number) && !file.contains(' ') && !function.contains(' ') && !function.is_empty();
    named.then(|| Frame {
        function: Some(function.to_owned()),
        file: Some(file.to_owned()),
        line: number.parse().ok(),
        ..Frame::default()
    })
}
