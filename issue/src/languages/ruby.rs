//! Ruby 2 and 3: uncaught errors with `from` frames and causes, both quotings of method names, Rails' log form,
//! syntax errors, backtraces below a logger's line.

use super::frames::{Seen, Thrown, is_number, names_an_error, parsed, type_and_message};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Ruby,
    needles: &[
        ":in ",
        ": syntax error",
        "Error (",
        "[BUG]",
        "Failure/Error:",
        "ERROR:  ",
        "::Error: ",
        "xception: ",
    ],
    headers: &["#<Thread:", "rake aborted!"],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

mod rails;
mod rspec;

pub use rails::{header as rails, logged as rails_logged};
pub use rspec::is_failure;

const MESSAGE: u8 = 0;
const FRAMES: u8 = 1;
const RAILS: u8 = 2;
const SYNTAX: u8 = 3;
const BUG: u8 = 4;
const RSPEC: u8 = 5;
const STATEMENT: u8 = 6;
const MESSAGE_LINES: u32 = 20;
/// Lines of an interpreter's own crash report.
const BUG_LINES: u32 = 5000;

fn opens(line: &str) -> Option<Opening> {
    if line.starts_with(['\t', '{']) || line.starts_with("  ") {
        return rspec::opens(line);
    }
    if thrown(line).is_some() {
        return Opening::firm("ruby.uncaught", MESSAGE);
    }
    if bug(line).is_some() {
        return Opening::firm("ruby.bug", BUG);
    }
    if syntax_place(line).is_some() {
        return Opening::firm("ruby.syntax", SYNTAX);
    }
    rails::opens(line)
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    if frame(line).is_some() { Opening::firm("ruby.frames", FRAMES) } else { None }
}

/// `FILE:LINE:in 'FUNCTION'` at the start of a text → the frame and what follows it.
fn place(text: &str) -> Option<(Seen<'_>, &str)> {
    search::find(text, ":in ")?;
    let at = search::find(text, ":in `").or_else(|| search::find(text, ":in '"))?;
    let (file, line) = text.get(..at)?.rsplit_once(':')?;
    // A file behind the front of a log line is looked for behind it.
    if !is_number(line) || file.is_empty() || file.len() > 400 || file.contains(": ") || file.contains("] ") {
        return None;
    }
    let quoted = text.get(at + 5..)?;
    let end = quoted.find("':").or_else(|| quoted.rfind('\''))?;
    let frame = Seen {
        function: Some(quoted.get(..end)?),
        file: Some(file),
        line: line.parse().ok(),
        ..Seen::default()
    };
    Some((frame, quoted.get(end + 1..)?))
}

/// `FILE:LINE:in 'FUNCTION': message (Class)` → the frame and the text after it.
fn thrown(line: &str) -> Option<(Seen<'_>, &str)> {
    let (frame, rest) = place(line)?;
    let rest = rest.strip_prefix(": ").or_else(|| (rest == ":").then_some(""))?;
    (!rest.starts_with("warning: ")).then_some((frame, rest))
}

/// Where in a line begins what `full_message` gave: `words FILE:LINE:in 'f': message (Class)`.
pub fn embedded(line: &str) -> Option<usize> {
    let at = search::find(line, ":in `").or_else(|| search::find(line, ":in '"))?;
    let start = line.get(..at)?.rfind(' ')? + 1;
    thrown(line.get(start..)?).map(|_| start)
}

/// `FILE:LINE: [BUG] Segmentation fault at 0x0`: where the interpreter itself crashed, and its words.
fn bug(line: &str) -> Option<(Option<Frame>, &str)> {
    let (place, words) = search::split_once(line, "[BUG] ")?;
    let place = place.trim_end().trim_end_matches(':');
    let (file, number) = place.rsplit_once(':').unwrap_or((place, ""));
    let known = place.is_empty() || is_number(number) && !file.contains(' ');
    let frame = (!number.is_empty()).then(|| Frame {
        file: Some(file.to_owned()),
        line: number.parse().ok(),
        ..Frame::default()
    });
    known.then_some((frame, words))
}

/// `words #<ZeroDivisionError: divided by 0>` at the end of a line: where it begins, class and message.
pub fn inspected(line: &str) -> Option<(usize, &str, &str)> {
    let at = search::rfind(line, "#<")?;
    let inside = line.get(at + 2..)?.trim_end().strip_suffix('>')?;
    let (class, message) = inside.split_once(": ").unwrap_or((inside, ""));
    (is_class(class) && (names_an_error(class) || class.contains("::"))).then_some((at, class, message))
}

/// `ZeroDivisionError - divided by 0:` of Sinatra: where it begins, class and message.
pub fn dashed(line: &str) -> Option<(usize, &str, &str)> {
    let (before, message) = search::split_once(line.trim_end().strip_suffix(':')?, "Error - ")?;
    let start = before.rfind(' ').map_or(0, |at| at + 1);
    let class = line.get(start..before.len() + 5)?;
    is_class(class).then_some((start, class, message))
}

/// `  block in run at /app/job.rb:7` of JRuby.
fn jruby_frame(line: &str) -> Option<Seen<'_>> {
    let (name, place) = search::rsplit_once(line.strip_prefix(' ')?.trim(), " at ")?;
    let (file, number) = place.rsplit_once(':')?;
    let known =
        is_number(number) && !file.contains(' ') && (file.ends_with(".rb") || file.ends_with(".java"));
    (known && !name.is_empty() && !name.contains('(')).then(|| Seen {
        function: Some(name),
        file: Some(file),
        line: number.parse().ok(),
        ..Seen::default()
    })
}

/// One frame of a backtrace, with or without `from`.
pub fn frame(line: &str) -> Option<Seen<'_>> {
    let text = search::trim_start(line);
    let text = text.strip_prefix("from ").unwrap_or(text);
    let numbered = text.starts_with(|first: char| first.is_ascii_digit());
    let numbered = numbered.then(|| search::split_once(text, ": from ")).flatten();
    let numbered = numbered.filter(|(number, _)| is_number(number)).map(|(_, rest)| rest);
    let text = numbered.unwrap_or(text);
    if let Some((frame, rest)) = place(text) {
        return rest.trim().is_empty().then_some(frame);
    }
    if let Some(frame) = jruby_frame(line) {
        return Some(frame);
    }
    let (file, number) = line.trim_start().strip_prefix("from ")?.rsplit_once(':')?;
    is_number(number).then(|| Seen { file: Some(file), line: number.parse().ok(), ..Seen::default() })
}

/// `FILE.rb:2: syntax error, unexpected …`, `FILE.rb:1: syntax errors found (SyntaxError)`.
fn syntax_place(line: &str) -> Option<(Frame, &str)> {
    let at = search::find(line, ": syntax error")?;
    let (file, number) = line.get(..at)?.rsplit_once(':')?;
    let file = file.rsplit(": ").next().unwrap_or(file);
    let known = is_number(number)
        && !file.contains(' ')
        && (file.ends_with(".rb") || file.starts_with(['/', '-', '.']));
    let frame = Frame { file: Some(file.to_owned()), line: number.parse().ok(), ..Frame::default() };
    known.then_some((frame, line.get(at + 2..)?))
}

fn is_levels(line: &str) -> bool {
    line.trim_start().starts_with("... ") && line.trim_end().ends_with(" levels...")
}

fn follows(state: &mut State, line: &str) -> Next {
    if state.phase == SYNTAX {
        return in_syntax(state, line);
    }
    if state.phase == BUG {
        return in_bug(state, line);
    }
    if state.phase == RSPEC {
        return rspec::follows(state, line);
    }
    if frame(line).is_some() || is_levels(line) {
        return state.take(FRAMES);
    }
    match state.phase {
        MESSAGE => in_message(state, line),
        RAILS => rails::follows(state, line),
        STATEMENT => rails::in_statement(state, line),
        _ => in_frames(state, line),
    }
}

/// A message runs on until its frames; an error without frames may have a message of several lines too.
fn in_message(state: &mut State, line: &str) -> Next {
    if line.trim().is_empty() || state.mark == 1 {
        state.run += 1;
        let stop = state.run > MESSAGE_LINES || super::interrupts(line);
        let indented =
            line.trim().is_empty() || line.starts_with([' ', '\t']) || line.starts_with("Did you mean?");
        state.mark = 1;
        return if stop || !indented { Next::End("no frame after the empty line") } else { Next::Hold };
    }
    if thrown(line).is_some() {
        return in_frames(state, line);
    }
    state.run_on(line, MESSAGE_LINES)
}

/// A cause begins like an error, directly below the frames of the one that it caused.
fn in_frames(state: &mut State, line: &str) -> Next {
    state.mark = 0;
    if thrown(line).is_some() && !line.starts_with([' ', '\t']) && !frame_only(line) {
        return state.take(MESSAGE);
    }
    if line.starts_with("Caused by: ") || line.starts_with("cause: ") {
        return state.take(MESSAGE);
    }
    Next::End("not a frame")
}

fn frame_only(line: &str) -> bool {
    frame(line).is_some()
}

/// The report ends a few lines behind its note.
fn in_bug(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if line.starts_with("[NOTE]") || line.starts_with("[IMPORTANT]") {
        state.mark = state.run;
    }
    let over = state.mark > 0 && state.run > state.mark + 4;
    if over || state.run > BUG_LINES || crate::logline::is_log_line(line) && !line.starts_with([' ', '*']) {
        Next::End("after the report")
    } else if line.trim().is_empty() {
        Next::Hold
    } else {
        Next::Take
    }
}

fn in_syntax(state: &mut State, line: &str) -> Next {
    state.run += 1;
    let excerpt = line.starts_with([' ', '\t', '>', '~', '^', '|'])
        || line.starts_with("...")
        || syntax_place(line).is_some();
    if state.run <= 30 && excerpt { Next::Take } else { Next::End("after the excerpt") }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let thrown = match trace.rule {
        "ruby.syntax" => vec![parse_syntax(trace.body)?],
        "ruby.bug" => return parse_bug(trace.body),
        "ruby.rspec" => return rspec::parse(trace.body),
        "ruby.rails" => rails::parse(trace.body)?,
        "ruby.frames" if trace.body.lines().next().is_some_and(|first| thrown(first).is_some()) => {
            parse_chain(trace.body)
        }
        "ruby.frames" => rails::parse(trace.body).unwrap_or_else(|| vec![parse_logged(trace.body)]),
        _ => parse_chain(trace.body),
    };
    let mut chain = thrown.into_iter();
    let primary = chain.next()?;
    // A thread that is joined tells its error a second time.
    let again = |other: &Thrown| other.error_type == primary.error_type && other.frames == primary.frames;
    let causes = chain.filter(|other| !again(other)).collect();
    Some(parsed(Kind::Exception, Level::Error, Language::Ruby, primary, causes))
}

/// The frames are told from the outermost on, in a section of their own.
fn parse_bug(body: &str) -> Option<Parsed> {
    let (place, words) = bug(body.lines().next()?)?;
    let kind = words.split(" at 0x").next().unwrap_or(words);
    let mut thrown = Thrown::new(&format!("[BUG] {kind}"), words);
    let section = body.lines().skip_while(|line| !line.starts_with("-- Ruby level backtrace"));
    thrown.frames =
        section.skip(1).take_while(|line| !line.is_empty()).filter_map(frame).map(Seen::own).collect();
    thrown.frames.reverse();
    if thrown.frames.is_empty() {
        thrown.frames.extend(place);
    }
    Some(parsed(Kind::Fatal, Level::Fatal, Language::Ruby, thrown, Vec::new()))
}

fn parse_chain(body: &str) -> Vec<Thrown> {
    let mut chain: Vec<Thrown> = Vec::new();
    let mut open = false;
    for line in body.lines() {
        let begins =
            if frame_only(line) { None } else { thrown(line.strip_prefix("Caused by: ").unwrap_or(line)) };
        if let Some((place, text)) = begins {
            let mut next = Thrown { message: text.to_owned(), ..Thrown::default() };
            next.frames.push(place.own());
            chain.push(next);
            open = true;
        } else if let Some(frame) = frame(line) {
            open = false;
            if let Some(last) = chain.last_mut() {
                last.frames.push(frame.own());
            }
        } else if open && let Some(last) = chain.last_mut() {
            last.more(line);
        }
    }
    for thrown in &mut chain {
        name(thrown);
    }
    chain
}

/// A file that cannot be parsed is told by who loads it: the place in that file leaves the message and comes first.
fn broken_place(thrown: &mut Thrown) {
    let first = thrown.message.lines().next().unwrap_or_default();
    let Some((frame, message)) = syntax_place(first) else { return };
    thrown.frames.insert(0, frame);
    thrown.message = message.to_owned();
}

/// The class stands in parentheses behind the first line of the message, or is the whole of it.
fn name(thrown: &mut Thrown) {
    let cut = excerpt(&thrown.message).unwrap_or(thrown.message.len());
    thrown.message.truncate(cut);
    let (first, rest) = match thrown.message.split_once('\n') {
        Some((first, rest)) => (first.to_owned(), Some(rest.to_owned())),
        None => (thrown.message.clone(), None),
    };
    let Some((message, class)) = with_class(&first) else {
        if rest.is_none() && is_class(&first) {
            thrown.error_type = Some(std::mem::take(&mut thrown.message));
        } else if first == "unhandled exception" {
            thrown.error_type = Some("RuntimeError".to_owned());
            thrown.message.clear();
        }
        return;
    };
    thrown.error_type = Some(class.to_owned());
    if class == "SyntaxError" {
        message.clone_into(&mut thrown.message);
        return broken_place(thrown);
    }
    thrown.message = match rest {
        Some(rest) => format!("{message}\n{rest}"),
        None => message.to_owned(),
    };
}

/// Where the source excerpt of `error_highlight` begins: an empty line, then an indented one.
fn excerpt(message: &str) -> Option<usize> {
    message.match_indices("\n\n").map(|(at, _)| at).find(|at| {
        message.get(at + 2..).is_some_and(|rest| rest.starts_with([' ', '\t']) && rest.contains('^'))
    })
}

/// `message (Class)`.
fn with_class(text: &str) -> Option<(&str, &str)> {
    let body = text.trim_end().strip_suffix(')')?;
    let (message, class) = body.rsplit_once('(')?;
    is_class(class).then(|| (message.trim_end(), class))
}

fn is_class(text: &str) -> bool {
    !text.is_empty()
        && text.split("::").all(|part| {
            part.starts_with(|first: char| first.is_ascii_uppercase())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
}

fn parse_syntax(body: &str) -> Option<Thrown> {
    let (frame, message) = syntax_place(body.lines().next()?)?;
    let message = with_class(message).map_or(message, |(message, _)| message);
    let mut thrown = Thrown::new("SyntaxError", message);
    thrown.frames.push(frame);
    Some(thrown)
}

/// `message (Class)` at the end of a log line, then frames without `from`.
fn parse_logged(body: &str) -> Thrown {
    let mut thrown = Thrown::default();
    for line in body.lines() {
        if let Some(frame) = frame(line) {
            thrown.frames.push(frame.own());
        } else if thrown.message.is_empty() {
            thrown.message = line.to_owned();
        } else if thrown.frames.is_empty() {
            thrown.more(line);
        }
    }
    name(&mut thrown);
    // A logger writes the class behind the whole message.
    if thrown.error_type.is_none()
        && let Some((message, class)) = with_class(&thrown.message)
    {
        (thrown.error_type, thrown.message) = (Some(class.to_owned()), message.to_owned());
    }
    if thrown.error_type.is_none() {
        class_first(&mut thrown);
    }
    thrown
}

/// `Class: message`, as most loggers write it, or `words #<Class: message>`.
fn class_first(thrown: &mut Thrown) {
    let (first, rest) = thrown.message.split_once('\n').unwrap_or((&thrown.message, ""));
    let told = type_and_message(first).filter(|(class, _)| names_an_error(class));
    let Some((class, message)) = told
        .or_else(|| inspected(first).or_else(|| dashed(first)).map(|(_, class, message)| (class, message)))
    else {
        return;
    };
    thrown.error_type = Some(class.to_owned());
    let joint = if rest.is_empty() { "" } else { "\n" };
    thrown.message = format!("{message}{joint}{rest}");
}
