//! PHP: uncaught exceptions in the log's and the display's form, chains, fatal and parse errors, Laravel's log.

use super::frames::{Thrown, is_number, non_empty, parsed};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Php,
    needles: &["Fatal error: ", "Recoverable fatal error: ", "Parse error: ", "exception '"],
    headers: &[],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const HEAD: u8 = 0;
const TRACE: u8 = 1;
const DONE: u8 = 2;
const PLAIN: u8 = 3;
const JSON: u8 = 4;
const MESSAGE_LINES: u32 = 24;

/// What PHP calls an error, in the order of the longest first.
const LABELS: [&str; 4] = ["Recoverable fatal error:", "Fatal error:", "Parse error:", "Compile error:"];

fn opens(line: &str) -> Option<Opening> {
    if line.starts_with("exception '") && line.contains("' with message '") {
        return Opening::firm("php.uncaught", HEAD);
    }
    let (_, text) = label(line)?;
    if text.starts_with("Uncaught ") {
        return Opening::firm("php.uncaught", HEAD);
    }
    // "Fatal error: …" alone is said by many programs; PHP always tells the place.
    if line.starts_with("PHP ") || place_on_line(text).is_some() {
        Opening::firm("php.fatal", PLAIN)
    } else {
        None
    }
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    if matches!(line.trim_end(), "[stacktrace]" | "Stack trace:") {
        Opening::firm("php.logged", TRACE)
    } else {
        None
    }
}

/// `PHP Fatal error:  text` or `Fatal error: text`.
fn label(line: &str) -> Option<(&'static str, &str)> {
    let text = line.strip_prefix("PHP ").unwrap_or(line);
    LABELS.iter().find_map(|label| text.strip_prefix(label).map(|rest| (*label, rest.trim_start())))
}

/// `text in FILE on line 3`.
fn place_on_line(text: &str) -> Option<(&str, Frame)> {
    let (rest, number) = text.trim_end().rsplit_once(" on line ")?;
    let (message, file) = rest.rsplit_once(" in ")?;
    is_number(number).then(|| {
        (message, Frame { file: Some(file.to_owned()), line: number.parse().ok(), ..Frame::default() })
    })
}

/// `text in FILE:3`.
fn place_with_colon(text: &str) -> Option<(&str, Frame)> {
    let (message, place) = text.trim_end().rsplit_once(" in ")?;
    let (file, number) = place.rsplit_once(':')?;
    (is_number(number) && !file.is_empty()).then(|| {
        (message, Frame { file: Some(file.to_owned()), line: number.parse().ok(), ..Frame::default() })
    })
}

/// `#0 /app/a.php(6): f()`, `#1 [internal function]: {closure}()`, `#2 {main}` → place and function.
fn call(line: &str) -> Option<(Option<&str>, Option<u32>, &str)> {
    let rest = line.trim_start().strip_prefix('#')?;
    let (number, rest) = rest.split_once(' ')?;
    if !is_number(number) {
        return None;
    }
    if rest.trim_end() == "{main}" {
        return Some((None, None, "{main}"));
    }
    if let Some(rest) = rest.strip_prefix("[internal function]: ") {
        return Some((None, None, rest));
    }
    let split = rest.find("): ")?;
    let (file, line) = rest.get(..split)?.rsplit_once('(')?;
    is_number(line).then(|| (Some(file), line.parse().ok(), rest.get(split + 3..).unwrap_or_default()))
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        HEAD => in_head(state, line),
        TRACE => in_trace(state, line),
        PLAIN => Next::End("one line"),
        JSON => Next::End("after the log entry"),
        _ => Next::End("after the place"),
    }
}

fn in_head(state: &mut State, line: &str) -> Next {
    state.run += 1;
    let text = line.trim_end();
    if text == "Stack trace:" {
        state.take(TRACE)
    } else if line.starts_with("  thrown in ") {
        state.take(DONE)
    } else if state.run > MESSAGE_LINES {
        Next::End("message limit")
    } else if super::interrupts(line) {
        Next::End("next record")
    } else {
        Next::Hold
    }
}

/// `mark` 1: an empty line was seen, after which only `Next …` belongs.
fn in_trace(state: &mut State, line: &str) -> Next {
    if call(line).is_some() {
        state.mark = 0;
        return Next::Take;
    }
    if line.starts_with("  thrown in ") {
        return state.take(DONE);
    }
    if line.starts_with("Next ") && state.mark == 1 {
        state.mark = 0;
        return state.take(HEAD);
    }
    if line.starts_with("[previous exception]") || line.trim_end() == "[stacktrace]" {
        return Next::Take;
    }
    if line.trim_end() == "\"}" || line.starts_with("\"} ") {
        return state.take(JSON);
    }
    if line.trim().is_empty() && state.mark == 0 {
        state.mark = 1;
        return Next::Hold;
    }
    Next::End("not a line of a stack trace")
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    match trace.rule {
        "php.fatal" => parse_fatal(trace.body),
        "php.logged" => Some(parse_logged(trace.header, trace.body)),
        _ => parse_uncaught(trace.body),
    }
}

/// PHP prints the first thrown one first and what replaced it after `Next`: the last one escapes.
fn parse_uncaught(body: &str) -> Option<Parsed> {
    let text = label(body).map_or(body, |(_, text)| text);
    let text = text.strip_prefix("Uncaught ").unwrap_or(text);
    let mut chain: Vec<Thrown> =
        text.split("\n\nNext ").flat_map(|part| part.split("\n\nnext ")).map(one).collect();
    let primary = chain.pop()?;
    chain.reverse();
    Some(parsed(Kind::Exception, Level::Error, Language::Php, primary, chain))
}

/// `Class: message in FILE:LINE`, `Stack trace:`, calls, `  thrown in FILE on line N`.
fn one(text: &str) -> Thrown {
    let (head, calls) = match text.split_once("\nStack trace:") {
        Some((head, calls)) => (head, calls),
        None => text.split_once("\n  thrown in ").map_or((text, ""), |(head, _)| (head, "")),
    };
    let (message, place) = match place_with_colon(head).or_else(|| place_on_line(head)) {
        Some((message, place)) => (message, Some(place)),
        None => (head, None),
    };
    let old = message.strip_prefix("exception '").and_then(|rest| rest.split_once('\''));
    let mut thrown = match message.split_once(": ") {
        // PHP 5: `exception 'Class' with message 'text'`.
        _ if old.is_some() => {
            let (class, rest) = old.unwrap_or_default();
            let text = rest.strip_prefix(" with message '").unwrap_or_default();
            Thrown::new(class, text.strip_suffix('\'').unwrap_or(text))
        }
        Some((class, message)) if is_class(class) => Thrown::new(class, message),
        _ if is_class(message) => Thrown::new(message, ""),
        _ => Thrown { message: message.to_owned(), ..Thrown::default() },
    };
    thrown.frames = frames(place, calls);
    thrown
}

fn is_class(text: &str) -> bool {
    !text.is_empty()
        && text.split('@').next().is_some_and(|name| {
            name.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'\\' || byte == b'_' || byte >= 0x80)
        })
}

/// A call tells where it was made, not where the function is: every function belongs to the place above it.
fn frames(thrown_at: Option<Frame>, calls: &str) -> Vec<Frame> {
    let mut place = thrown_at.unwrap_or_default();
    let mut frames = Vec::new();
    for (file, line, function) in calls.lines().filter_map(call) {
        let name = function.split('(').next().unwrap_or(function);
        let name = if name.is_empty() { function } else { name };
        place.function = non_empty(name.trim());
        frames.push(std::mem::take(&mut place));
        place = Frame { file: file.map(str::to_owned), line, ..Frame::default() };
    }
    if frames.is_empty() && place.file.is_some() || place.file.is_some() {
        frames.push(place);
    }
    frames
}

/// `PHP Fatal error:  text in FILE on line 3`.
fn parse_fatal(body: &str) -> Option<Parsed> {
    let first = body.lines().next()?;
    let (label, text) = label(first)?;
    let (message, place) = match place_on_line(text) {
        Some((message, place)) => (message, Some(place)),
        None => (text, None),
    };
    let mut thrown = Thrown::new(label.trim_end_matches(':'), message);
    thrown.frames.extend(place);
    Some(parsed(Kind::Fatal, Level::Fatal, Language::Php, thrown, Vec::new()))
}

/// Laravel and Symfony: `message {"exception":"[object] (Class(code: 0): message at FILE:LINE)`, then `[stacktrace]`.
fn parse_logged(header: &str, body: &str) -> Parsed {
    let object = header.split_once("[object] (").map(|(_, rest)| rest);
    let mut thrown = Thrown::default();
    let mut place = None;
    if let Some(object) = object {
        let (class, rest) = object.split_once("(code: ").unwrap_or((object, ""));
        let text = rest.split_once("): ").map_or("", |(_, text)| text).trim_end().trim_end_matches(')');
        let (message, at) = text.rsplit_once(" at ").unwrap_or((text, ""));
        thrown = Thrown::new(class, message);
        place = at.rsplit_once(':').map(|(file, line)| Frame {
            file: non_empty(file),
            line: line.parse().ok(),
            ..Frame::default()
        });
    }
    let own = body.split("[previous exception]").next().unwrap_or(body);
    thrown.frames = frames(place, own);
    parsed(Kind::Exception, Level::Error, Language::Php, thrown, Vec::new())
}
