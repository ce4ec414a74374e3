//! .NET: uncaught exceptions of CoreCLR and Mono, inner exceptions, aggregates, asynchronous seams, traces that a
//! logger wrote.

use super::frames::{Thrown, is_number, is_qualified, names_an_error, non_empty, parsed, type_and_message};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed, Relation};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Dotnet,
    needles: &["  at ", "xception", "Assertion failed."],
    headers: &[],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const HEAD: u8 = 0;
const FRAMES: u8 = 1;
const MONO: u8 = 2;
const DONE: u8 = 3;
const DATA: u8 = 4;
const MESSAGE_LINES: u32 = 24;
/// What Mono writes before it prints an error for the second time.
const SECOND: &str = "[ERROR] FATAL UNHANDLED EXCEPTION: ";

fn opens(line: &str) -> Option<Opening> {
    let text = line.trim_end();
    if is_exhausted(text) {
        return Opening::firm("dotnet.exhausted", DONE);
    }
    if text == "Process terminated. Assertion failed." {
        return Opening::weak("dotnet.assertion", HEAD);
    }
    if text == "Unhandled Exception:" {
        return Opening::weak("dotnet.mono", MONO);
    }
    let thrown = uncaught(line)?;
    let (class, _) = type_and_message(thrown)?;
    if class.contains('.') || class.len() > 9 && class.ends_with("Exception") {
        Opening::firm("dotnet.uncaught", HEAD)
    } else {
        None
    }
}

/// The words for `Unhandled Exception` in the framework's other languages.
const TRANSLATED: [&str; 6] = [
    "Unbehandelte Ausnahme: ",
    "Exception non gérée : ",
    "Excepción no controlada: ",
    "Eccezione non gestita: ",
    "Exceção Sem Tratamento: ",
    "Необработанное исключение: ",
];

/// What stands before a frame's method, before its file and before the number of its line in other languages.
const WORDS: [(&str, &str, &str); 6] = [
    ("at ", "in ", ":line "),
    ("bei ", "in ", ":Zeile "),
    ("à ", "dans ", ":ligne "),
    ("en ", "en ", ":línea "),
    ("in ", "in ", ":riga "),
    ("в ", "в ", ":строка "),
];

/// What the framework says when a thread's stack is used up, without a trace.
fn is_exhausted(text: &str) -> bool {
    [
        "Process is terminated due to StackOverflowException.",
        "Process is terminating due to StackOverflowException.",
    ]
    .contains(&text)
}

/// `Unhandled exception. System.X: m`, `[ERROR] FATAL UNHANDLED EXCEPTION: System.X: m`.
fn uncaught(line: &str) -> Option<&str> {
    let known = ["Unhandled exception. ", "Unhandled Exception: ", SECOND];
    known.iter().chain(&TRANSLATED).find_map(|start| line.strip_prefix(start))
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    if frame(line).is_some() { Opening::firm("dotnet.frames", FRAMES) } else { None }
}

fn follows(state: &mut State, line: &str) -> Next {
    let text = line.trim();
    if frame(line).is_some() || is_seam(text) {
        state.mark = 1;
        return state.take(FRAMES);
    }
    if text.starts_with("---> ") {
        return state.take(HEAD);
    }
    match state.phase {
        // Mono prints the trace a second time for its log.
        HEAD | FRAMES if line.starts_with(SECOND) => state.take(HEAD),
        FRAMES if text.starts_with("(Inner Exception #") => state.take(HEAD),
        // What the exception carries along, as the console logger prints it.
        FRAMES if text == "Exception data:" && line.starts_with(' ') => state.take(DATA),
        DATA if line.starts_with("  ") && !text.is_empty() => Next::Take,
        DATA => Next::End("after the data"),
        FRAMES if text.is_empty() => Next::Hold,
        FRAMES => Next::End("not a line of a stack trace"),
        DONE => Next::End("one line"),
        MONO if text.is_empty() && state.run == 0 => Next::Hold,
        MONO if type_and_message(text).is_some() => state.take(HEAD),
        MONO => Next::End("no exception after its header"),
        _ => in_head(state, line),
    }
}

/// `--- End of inner exception stack trace ---`, `--- End of stack trace from previous location ---`.
fn is_seam(text: &str) -> bool {
    text.starts_with("--- End of ") && text.contains("stack trace")
        || text.starts_with("Exception rethrown at ")
        || text == "Server stack trace:"
        || is_repetition(text)
}

/// `System.InvalidOperationException : text`: the consoles of test runners set the class apart from its words.
pub fn tested(text: &str) -> Option<(&str, &str)> {
    let (class, message) = search::split_once(text.trim_start(), " : ")?;
    (is_qualified(class) && names_an_error(class)).then_some((class, message))
}

/// What stands around the frames of a recursion that used the stack up.
pub fn is_repetition(text: &str) -> bool {
    text.starts_with("Repeat ") && text.ends_with(" times:")
        || text.len() > 20 && text.bytes().all(|byte| byte == b'-')
}

fn in_head(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.run > MESSAGE_LINES {
        Next::End("message limit")
    } else if super::interrupts(line) {
        Next::End("next record")
    } else {
        Next::Hold
    }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let mut reader = Reader::default();
    for line in trace.body.lines() {
        if reader.printed_twice(line) {
            // A stack that overflowed has its frames only there.
            if reader.all.iter().any(|thrown| !thrown.frames.is_empty()) {
                break;
            }
            reader = Reader::default();
        }
        reader.line(line);
    }
    let chain = reader.finish();
    let mut chain = chain.into_iter();
    let mut primary = chain.next()?;
    if let Some((name, message)) = given_up(trace.body) {
        primary.error_type = Some(name.to_owned());
        primary.message = message;
        return Some(parsed(Kind::Fatal, Level::Fatal, Language::Dotnet, primary, Vec::new()));
    }
    Some(parsed(Kind::Exception, Level::Error, Language::Dotnet, primary, chain.collect()))
}

/// A runtime that gave up without an exception: what it calls that, and its words above the frames.
fn given_up(body: &str) -> Option<(&'static str, String)> {
    let words: Vec<&str> = body.lines().take_while(|line| frame(line).is_none()).collect();
    let first = words.first()?.trim_end();
    if first == "Stack overflow." {
        return Some(("Stack overflow", String::new()));
    }
    if is_exhausted(first) {
        return Some(("StackOverflowException", first.to_owned()));
    }
    let rest = first.strip_prefix("Process terminated.")?.trim_start();
    let message = [rest].into_iter().chain(words.iter().skip(1).copied()).collect::<Vec<_>>().join("\n");
    let name = if rest.starts_with("Assertion failed") { "Assertion failed" } else { "FailFast" };
    Some((name, message.trim_end().to_owned()))
}

/// Inner exceptions are told before the frames of the outer ones: a stack of exceptions whose frames come from the
/// innermost outwards.
#[derive(Default)]
struct Reader {
    all: Vec<Thrown>,
    /// Indices of exceptions whose frames are still to come, the innermost last.
    open: Vec<usize>,
    /// Lines are message until the first frame.
    in_message: bool,
}

impl Reader {
    fn printed_twice(&self, line: &str) -> bool {
        !self.all.is_empty() && line.starts_with(SECOND)
    }

    fn line(&mut self, line: &str) {
        let text = line.trim();
        if text == "Unhandled Exception:" || text.is_empty() && !self.in_message {
            return;
        }
        if let Some(frame) = frame(line) {
            self.in_message = false;
            if let Some(thrown) = self.open.last().and_then(|at| self.all.get_mut(*at)) {
                thrown.frames.push(frame);
            }
        } else if is_seam(text) || text == "Stack Trace:" {
            self.in_message = false;
            if text.starts_with("--- End of inner exception") && self.open.len() > 1 {
                self.open.pop();
            }
        } else if let Some(rest) = text.strip_prefix("---> ") {
            self.inner(rest);
        } else if text.starts_with("(Inner Exception #") {
            self.inner(text);
        } else if self.all.is_empty() {
            self.begin(uncaught(line).unwrap_or(text), None);
        } else if self.in_message
            && let Some(last) = self.all.last_mut()
        {
            let (text, inner) =
                line.split_once(" ---> ").map_or((line, None), |(text, inner)| (text, Some(inner)));
            last.more(text);
            if let Some(inner) = inner {
                self.begin(inner, None);
            }
        }
    }

    /// `(Inner Exception #1) System.X: m`: a member; one that was told before as the cause is only marked.
    fn inner(&mut self, text: &str) {
        let Some((_, rest)) = text.strip_prefix("(Inner Exception #").and_then(|rest| rest.split_once(") "))
        else {
            self.begin(text, None);
            return;
        };
        self.open.truncate(1);
        self.begin(rest, Some(Relation::Member));
    }

    /// Older runtimes write the inner exception behind the outer one's message.
    fn begin(&mut self, text: &str, relation: Option<Relation>) {
        let (text, inner) =
            text.split_once(" ---> ").map_or((text, None), |(text, inner)| (text, Some(inner)));
        self.one(text, relation);
        if let Some(inner) = inner {
            self.begin(inner, None);
        }
    }

    fn one(&mut self, text: &str, relation: Option<Relation>) {
        let text = text.trim_end().trim_end_matches("<---").trim_end();
        let thrown = match type_and_message(text).or_else(|| tested(text)) {
            Some((class, message)) => Thrown::new(class, message),
            None => Thrown { message: text.to_owned(), ..Thrown::default() },
        };
        self.open.push(self.all.len());
        self.all.push(Thrown { relation, ..thrown });
        self.in_message = true;
    }

    /// An aggregate tells its first member twice, as the cause and as a member: it stays a member.
    fn finish(self) -> Vec<Thrown> {
        let mut all = self.all;
        for thrown in &mut all {
            thrown.message = thrown.message.trim_end().trim_end_matches("<---").trim_end().to_owned();
        }
        let members: Vec<(Option<String>, String)> = all
            .iter()
            .filter(|thrown| thrown.relation.is_some())
            .map(|thrown| (thrown.error_type.clone(), thrown.message.clone()))
            .collect();
        let mut first = true;
        all.retain(|thrown| {
            let twice = !std::mem::take(&mut first)
                && thrown.relation.is_none()
                && members
                    .iter()
                    .any(|(class, message)| *class == thrown.error_type && *message == thrown.message);
            !twice
        });
        all
    }
}

/// `   at A.B.M(String x) in /app/a.cs:line 3`; Mono: `  at A.B.M (System.String x) [0x00001] in /app/a.cs:8 `.
pub fn frame(line: &str) -> Option<Frame> {
    let text = line.trim_start();
    if text.len() == line.len() {
        return unity_frame(text);
    }
    let found = WORDS.iter().find_map(|words| Some((*words, text.strip_prefix(words.0)?)));
    let ((word, within, number_word), text) = found?;
    let text = text.trim_end().trim_end_matches("<---").trim_end();
    // Mono tells of code that it made: `(wrapper delegate-invoke) System.Func…`.
    let text =
        text.strip_prefix("(wrapper ").and_then(|rest| rest.split_once(") ")).map_or(text, |(_, call)| call);
    let open = text.find('(')?;
    let name = text.get(..open)?.trim_end();
    let named = name.contains(['.', '_', '<']) && !name.contains(' ');
    let close = matching(text, open)?;
    let after = behind_part(text.get(close + 1..)?).trim_start();
    let inside = text.get(open + 1..close)?;
    let tail =
        after.is_empty() || after.starts_with(within) || after.starts_with("[0x") || after.starts_with("<0x");
    // The short words of other languages begin sentences too: only with a place are they a frame's.
    if word != "at " && !after.contains(number_word) {
        return None;
    }
    if !named && !name.is_empty() || !tail || inside.contains(".java") || inside.contains(".kt:") {
        return None;
    }
    let name = if name.is_empty() { text.get(close + 1..)?.trim_start() } else { name };
    let (file, number) = match after.strip_prefix(within).filter(|_| word != "at ") {
        Some(place) => {
            location(&format!("in {}", place.trim_end_matches('.').replace(number_word, ":line ")))
        }
        None => location(after),
    };
    Some(Frame { function: non_empty(name), file, line: number, ..Frame::default() })
}

/// Behind `+MoveNext()`: the part of a method that the compiler cut into steps.
fn behind_part(after: &str) -> &str {
    let part = after.strip_prefix('+').and_then(|rest| rest.split_once("()"));
    part.filter(|(name, _)| !name.contains(' ')).map_or(after, |(_, rest)| rest)
}

/// `Player.Update () (at Assets/Player.cs:23)` of Unity's console.
fn unity_frame(text: &str) -> Option<Frame> {
    let (call, place) = text.trim_end().strip_suffix(')')?.rsplit_once(" (at ")?;
    let (name, arguments) = call.strip_suffix(')')?.split_once('(')?;
    let (file, number) = place.rsplit_once(':')?;
    let named = name.contains(['.', ':']) && !name.trim_end().contains(' ') && !arguments.contains('(');
    (named && is_number(number)).then(|| Frame {
        function: non_empty(name.trim_end()),
        file: non_empty(file).filter(|file| !file.starts_with('<')),
        line: number.parse().ok(),
        ..Frame::default()
    })
}

fn matching(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in text.bytes().enumerate().skip(open) {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

fn location(after: &str) -> (Option<String>, Option<u32>) {
    let Some(place) = search::split_once(after, "in ").map(|(_, place)| place.trim_end()) else {
        return (None, None);
    };
    if let Some((file, line)) = search::rsplit_once(place, ":line ") {
        return (non_empty(file), line.parse().ok());
    }
    match place.rsplit_once(':') {
        Some((file, line)) if is_number(line) && !file.starts_with('<') => {
            (non_empty(file), line.parse().ok())
        }
        Some((file, line)) if is_number(line) && file.starts_with('<') => (None, None),
        _ => (non_empty(place), None),
    }
}
