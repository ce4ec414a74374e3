//! PHP: uncaught exceptions in the log's and the display's form, chains, fatal and parse errors, Laravel's log.

use std::borrow::Cow;

use super::frames::{Thrown, is_number, names_an_error, non_empty, parsed};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

mod console;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Php,
    needles: &[
        "Fatal error",
        "fatal error: ",
        "Parse error",
        "Compile error",
        "xception",
        "rror: ",
        ".php line ",
    ],
    headers: &["<br />"],
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
const ENTRY: u8 = 5;
const TESTED: u8 = 6;
const MESSAGE_LINES: u32 = 24;

/// Symfony's words for what reached its kernel, below them at most Monolog's trace.
const KERNEL: [&str; 2] = ["Uncaught PHP Exception ", "Uncaught Exception: "];

/// What PHP calls an error, in the order of the longest first.
const LABELS: [&str; 4] = ["Recoverable fatal error:", "Fatal error:", "Parse error:", "Compile error:"];

fn opens(line: &str) -> Option<Opening> {
    if kernel(line).is_some() {
        return Opening::firm("php.kernel", ENTRY);
    }
    if let Some(opening) = console::opens(line) {
        return Some(opening);
    }
    // What stands behind a runner's prefix is asked for by itself.
    let before = printed(line).and_then(|at| line.get(..at));
    let alone = before
        .is_some_and(|words| ![" | ", "] ", "]: ", "Uncaught "].iter().any(|mark| words.contains(mark)));
    if alone && line.contains(".php:") {
        return Opening::weak("php.printed", HEAD);
    }
    if line.starts_with("exception '") && line.contains("' with message '") {
        return Opening::firm("php.uncaught", HEAD);
    }
    let (_, text) = label(line)?;
    if text.starts_with("Uncaught ") {
        return Opening::firm("php.uncaught", HEAD);
    }
    if line.starts_with("<b>") {
        return Opening::firm("php.fatal", PLAIN);
    }
    // "Fatal error: …" alone is said by many programs; PHP always tells the place.
    if line.starts_with("PHP ") || place_on_line(text).is_some() {
        Opening::firm("php.fatal", PLAIN)
    } else {
        None
    }
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    let first = line.starts_with("#0 ") && call(line).is_some();
    if test_place(line).is_some() {
        Opening::firm("php.tested", TESTED)
    } else if first || matches!(line.trim_end(), "[stacktrace]" | "Stack trace:") {
        Opening::firm("php.logged", TRACE)
    } else {
        None
    }
}

/// `Uncaught PHP Exception Class: "message" at FILE line 3`: class, message and place.
fn kernel(line: &str) -> Option<(&str, &str, Frame)> {
    let rest = KERNEL.iter().find_map(|start| line.strip_prefix(start))?;
    let (class, rest) = search::split_once(rest, ": \"")?;
    let (message, rest) = rest.rsplit_once("\" at ")?;
    let (file, rest) = search::split_once(rest, " line ")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let line = rest.get(..digits)?.parse().ok();
    let place = Frame { file: non_empty(file), line, ..Frame::default() };
    is_class(class).then_some((class, message, place))
}

/// Where the class begins in the line that stands above `Stack trace:`, for what `(string) $error` gives:
/// `words Class: message in FILE:3`.
pub fn printed(line: &str) -> Option<usize> {
    place_with_colon(line)?;
    let named = |at: &usize| {
        let text = line.get(*at..).unwrap_or_default();
        let (class, after) =
            text.split_at_checked(text.find([' ', ':']).unwrap_or(text.len())).unwrap_or((text, ""));
        let placed = after.starts_with(": ") || after.starts_with(" in ");
        // `PHP Exception: JsonException: text` is a label and an error.
        let next = after.trim_start_matches([' ', ':']).split(' ').next().unwrap_or_default();
        let label = matches!(class, "Exception" | "Error") && next.ends_with("Exception:");
        placed && !label && is_class(class) && names_an_error(class.rsplit('\\').next().unwrap_or(class))
    };
    [0].into_iter().chain(line.match_indices(' ').map(|(at, _)| at + 1)).find(named)
}

/// `/app/tests/CartTest.php:14` alone on its line: PHPUnit tells calls by their places.
fn test_place(line: &str) -> Option<Frame> {
    let (file, number) = line.strip_prefix('/')?.trim_end().rsplit_once(':')?;
    let known = file.ends_with(".php") && !file.contains(' ') && is_number(number);
    known.then(|| Frame { file: Some(format!("/{file}")), line: number.parse().ok(), ..Frame::default() })
}

/// `Class: message`, an empty line, and the places.
fn parse_tested(body: &str) -> Option<Parsed> {
    let words: Vec<&str> = body.lines().take_while(|line| test_place(line).is_none()).collect();
    let (class, message) = super::frames::type_and_message(words.first()?)?;
    let mut thrown = Thrown::new(class, message);
    words.iter().skip(1).for_each(|line| thrown.more(line));
    thrown.message.truncate(thrown.message.trim_end().len());
    thrown.frames = body.lines().filter_map(test_place).collect();
    Some(parsed(Kind::Exception, Level::Error, Language::Php, thrown, Vec::new()))
}

/// `PHP Fatal error:  text` or `Fatal error: text`.
fn label(line: &str) -> Option<(&'static str, &str)> {
    let text = line.strip_prefix("PHP ").unwrap_or(line);
    let text = text.strip_prefix("<b>").unwrap_or(text);
    LABELS.iter().find_map(|label| {
        let rest = text.strip_prefix(label.trim_end_matches(':'))?;
        let rest = rest.strip_prefix("</b>").unwrap_or(rest).strip_prefix(':')?;
        Some((*label, rest.trim_start()))
    })
}

/// The text of an error as PHP prints it, if it was changed on its way: for a browser, or by a server's log.
fn without_markup(body: &str) -> Cow<'_, str> {
    // Apache writes line breaks as two characters.
    if !body.contains('\n') && body.contains("\\nStack trace:\\n#") {
        return Cow::Owned(body.replace("\\n", "\n"));
    }
    if !body.starts_with("<b>") {
        return Cow::Borrowed(body);
    }
    let mut text = body.to_owned();
    for (markup, plain) in MARKUP {
        text = text.replace(markup, plain);
    }
    Cow::Owned(text)
}

/// What PHP writes for a browser, and what it stands for.
const MARKUP: [(&str, &str); 8] = [
    ("<b>", ""),
    ("</b>", ""),
    ("<br />", ""),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&#039;", "'"),
    ("&amp;", "&"),
];

/// `text in FILE on line 3`.
fn place_on_line(text: &str) -> Option<(&str, Frame)> {
    let (rest, number) = search::rsplit_once(text.trim_end(), " on line ")?;
    let (message, file) = search::rsplit_once(rest, " in ")?;
    is_number(number).then(|| {
        (message, Frame { file: Some(file.to_owned()), line: number.parse().ok(), ..Frame::default() })
    })
}

/// `text in FILE:3`.
fn place_with_colon(text: &str) -> Option<(&str, Frame)> {
    let (message, place) = search::rsplit_once(text.trim_end(), " in ")?;
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
    let split = search::find(rest, "): ")?;
    let (file, line) = rest.get(..split)?.rsplit_once('(')?;
    is_number(line).then(|| (Some(file), line.parse().ok(), rest.get(split + 3..).unwrap_or_default()))
}

fn follows(state: &mut State, line: &str) -> Next {
    match state.phase {
        HEAD => in_head(state, line),
        TRACE => in_trace(state, line),
        PLAIN => Next::End("one line"),
        TESTED if test_place(line).is_some() => Next::Take,
        TESTED => Next::End("after the places"),
        JSON => Next::End("after the log entry"),
        ENTRY if line.trim_end() == "[stacktrace]" => state.take(TRACE),
        ENTRY => Next::End("one line"),
        console::BLOCK => console::follows(state, line),
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
        state.run += 1;
        if line.starts_with("#0 ") && state.run > 1 {
            return Next::End("another trace");
        }
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
        state.run = 0;
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
    let body = &*without_markup(trace.body);
    match trace.rule {
        "php.fatal" => parse_fatal(body),
        "php.kernel" => parse_kernel(body),
        "php.console" => console::parse(body),
        "php.logged" if trace.header.contains("[object] (") || body.starts_with('[') => {
            // The context is JSON: names of classes carry two backslashes.
            let header = trace.header.replace("\\\\", "\\").replace("\\\"", "\"");
            let body = body.replace("\\\\", "\\");
            Some(parse_logged(&header, &body))
        }
        "php.tested" => parse_tested(body),
        "php.logged" if body.starts_with("Stack trace:") || body.starts_with('#') => {
            let thrown = told_above(trace.header, body)
                .unwrap_or_else(|| Thrown { frames: frames(None, body), ..Thrown::default() });
            Some(parsed(Kind::Exception, Level::Error, Language::Php, thrown, Vec::new()))
        }
        _ => parse_uncaught(body),
    }
}

/// `LEVEL Class: message in FILE:3` above the calls, whatever the class is called.
fn told_above(header: &str, calls: &str) -> Option<Thrown> {
    let words = crate::logline::message(header.trim_end().rsplit('\n').next()?);
    let (text, place) = place_with_colon(words)?;
    let (class, message) = text.split_once(": ")?;
    let named = is_class(class) && class.starts_with(|first: char| first.is_ascii_uppercase());
    named.then(|| Thrown { frames: frames(Some(place), calls), ..Thrown::new(class, message) })
}

fn parse_kernel(body: &str) -> Option<Parsed> {
    let (first, calls) = body.split_once('\n').unwrap_or((body, ""));
    let (class, message, place) = kernel(first)?;
    let mut thrown = Thrown::new(class, message);
    let calls = calls.split("[previous exception]").next().unwrap_or(calls).replace("\\\\", "\\");
    thrown.frames = frames(Some(place), &calls);
    Some(parsed(Kind::Exception, Level::Error, Language::Php, thrown, Vec::new()))
}

/// PHP prints the first thrown one first and what replaced it after `Next`: the last one escapes.
fn parse_uncaught(body: &str) -> Option<Parsed> {
    let first = body.lines().next().unwrap_or_default();
    let words = printed(first).filter(|_| label(body).is_none() && !first.starts_with("exception '"));
    let body = words.and_then(|at| body.get(at..)).unwrap_or(body);
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
    let (head, calls) = match search::split_once(text, "\nStack trace:") {
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
    // Behind the name of a class without one stands where it was declared.
    let named = thrown.error_type.as_deref().and_then(|class| class.find("@anonymous"));
    if let (Some(at), Some(class)) = (named, &mut thrown.error_type) {
        class.truncate(at + "@anonymous".len());
    }
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
