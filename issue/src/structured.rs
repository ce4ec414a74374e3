//! Structured log lines: JSON in the shapes of the common loggers, and logfmt. Level and message are read; a stack
//! inside a string field goes through the same engine as a bare one.

use serde_json::{Map, Value};

use crate::assemble::{Assembler, Block, Limits};
use crate::languages::frames::{Thrown, is_number};
use crate::languages::{self, Trace};
use crate::logline::Rank;
use crate::report::{Frame, Kind, Language, Level, Parsed};

mod cut;
mod object;

use object::Object;

/// Keys under which loggers state the level; dots reach into objects.
const LEVELS: [&str; 20] = [
    "level",
    "severity",
    "lvl",
    "levelname",
    "log.level",
    "loglevel",
    "log_level",
    "logLevel",
    "severity_text",
    "severityText",
    "@l",
    "level_name",
    "LogLevel",
    "Level",
    "Severity",
    "levelName",
    "PRIORITY",
    "severity_number",
    "SeverityText",
    "record.level.name",
];
/// Keys of the message.
const MESSAGES: [&str; 18] = [
    "msg",
    "message",
    "event",
    "@m",
    "@mt",
    "short_message",
    "body",
    "fields.message",
    "Message",
    "text",
    "log",
    "MESSAGE",
    "RenderedMessage",
    "MessageTemplate",
    "textPayload",
    "jsonPayload.message",
    "Body",
    "record.message",
];
/// Keys of a stack.
const STACKS: [&str; 34] = [
    "errorVerbose",
    "stack",
    "stack_trace",
    "stacktrace",
    "stackTrace",
    "exception",
    "exc_info",
    "exc_text",
    "error.stack",
    "err.stack",
    "error.stack_trace",
    "error.stackTrace",
    "error.stacktrace",
    "err.stacktrace",
    "@x",
    "Exception",
    "traceback",
    "exception.stacktrace",
    "exception.stack_trace",
    "attributes.exception.stacktrace",
    "Attributes.exception.stacktrace",
    "exception.stack",
    "thrown.extendedStackTrace",
    "thrown.stackTrace",
    "exception.stackTrace",
    "full_message",
    "StackTrace",
    "context.exception.trace",
    "exception.frames",
    "exception.backtrace",
    "error.backtrace",
    "backtrace",
    "error",
    "err",
];
/// Keys of an exception's class and text beside the stack.
const TYPES: [&str; 17] = [
    "err.type",
    "err.name",
    "error.type",
    "error.name",
    "error.kind",
    "exception.type",
    "exception.exception_class",
    "thrown.name",
    "exception_class",
    "exception.name",
    "exception.class",
    "exception.exceptionType",
    "context.exception.class",
    "error.class",
    "errorType",
    "attributes.exception.type",
    "Attributes.exception.type",
];
const TEXTS: [&str; 14] = [
    "err.message",
    "error.message",
    "exception.message",
    "exception.exception_message",
    "thrown.message",
    "context.exception.message",
    "errorMessage",
    "attributes.exception.message",
    "Attributes.exception.message",
    "err",
    "error",
    "exception",
    "cause",
    "reason",
];

/// Whether a JSON line states a level of warning or above, or holds a stack. A cheap look, without parsing.
pub fn may_be_error(line: &str) -> bool {
    if ["\"s\":\"E\"", "\"s\":\"F\""].iter().any(|severity| line.contains(severity)) {
        return true;
    }
    let mut ranks = [None; LEVELS.len()];
    for (end, value) in keys(line) {
        let before = line.get(..end).unwrap_or_default();
        // A key of two parts ends with one that stands in the list too.
        for (key, rank) in LEVELS.iter().zip(&mut ranks) {
            let opens = |before: &str| before.ends_with(['"', '.']);
            if rank.is_none() && before.strip_suffix(*key).is_some_and(opens) {
                *rank = rank_of_value(value);
            }
        }
    }
    if ranks.iter().flatten().any(|rank| *rank >= Rank::Warning) {
        return true;
    }
    ranks.iter().all(Option::is_none)
        && ["\"stack", "\"exception\"", "\"exc_info\"", "\"traceback\""].iter().any(|key| line.contains(key))
}

/// For each `":` after what may be the key of a level: where the key ends, and what follows the colon.
fn keys(line: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = line.as_bytes();
    let last = |end: usize| end.checked_sub(1).and_then(|last| bytes.get(last));
    memchr::memchr_iter(b'"', bytes)
        // What the names of levels end with.
        .filter(move |end| matches!(last(*end), Some(b'l' | b'y' | b'e' | b't' | b'r' | b'Y')))
        .filter_map(|end| {
            let value = line.get(end + 1..)?.trim_start().strip_prefix(':')?;
            Some((end, value.trim_start()))
        })
}

/// The level that a key's value states.
fn rank_of_value(value: &str) -> Option<Rank> {
    match value.strip_prefix('"') {
        Some(text) => text.split('"').next().and_then(rank_of_text),
        None => value.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok().and_then(rank_of_number),
    }
}

fn rank_of_text(text: &str) -> Option<Rank> {
    let text = text.trim();
    // Go's slog writes `ERROR+4` for what lies above a level.
    let text = text.split_once(['+', '-']).filter(|(_, more)| is_number(more)).map_or(text, |(word, _)| word);
    Rank::of_word(text).or_else(|| text.parse().ok().and_then(rank_of_number))
}

/// Numbers from 10 on are pino's; below they are syslog's.
fn rank_of_number(number: u64) -> Option<Rank> {
    if number < 8 { Rank::of_syslog(number) } else { Rank::of_number(number) }
}

/// MongoDB's letter, which is a level only beside its own keys.
fn letter(object: &Object) -> Option<Rank> {
    let word =
        object.member("s").filter(|_| object.member("c").and(object.member("ctx")).is_some())?.as_str()?;
    word.bytes().next().filter(|_| word.len() == 1).and_then(Rank::of_letter)
}

fn rank(object: &Object) -> Option<Rank> {
    letter(object).or_else(|| stated(object))
}

fn stated(object: &Object) -> Option<Rank> {
    LEVELS.iter().find_map(|path| match object.at(path)? {
        Value::String(word) => rank_of_text(word),
        Value::Number(number) if *path == "severity_number" => rank_of_otel(number.as_u64()?),
        Value::Number(number) => rank_of_number(number.as_u64()?),
        _ => None,
    })
}

/// The severity numbers of OpenTelemetry's log data model.
fn rank_of_otel(number: u64) -> Option<Rank> {
    match number {
        1..=12 => Some(Rank::Quiet),
        13..=16 => Some(Rank::Warning),
        17..=20 => Some(Rank::Error),
        21..=24 => Some(Rank::Fatal),
        _ => None,
    }
}

/// Reads one JSON line. `None`: no object, or no error.
pub fn parse_json(line: &str) -> Option<Parsed> {
    let line = line.trim();
    let value: Value = serde_json::from_str(line).ok().or_else(|| cut::completed(line))?;
    read(&Object::new(value.as_object()?))
}

fn read(object: &Object) -> Option<Parsed> {
    let rank = rank(object);
    let trace = STACKS.iter().find_map(|path| stack(object.at(path)?));
    let level = match (rank, &trace) {
        (Some(rank), _) => rank.level()?,
        (None, Some(_)) => Level::Error,
        (None, None) => return None,
    };
    let message = object.text(&MESSAGES);
    // Many programs put the whole trace into the message.
    let (trace, message) = match (trace, message.and_then(stack_text)) {
        (None, Some(told)) => {
            (Some(told), message.and_then(|text| text.lines().next()).filter(|first| is_title(first)))
        }
        (trace, _) => (trace, message),
    };
    let mut parsed = match trace {
        Some(mut parsed) => {
            parsed.log = message.map(str::to_owned);
            parsed
        }
        None => logged(message.or_else(|| object.text(&TEXTS)).unwrap_or_default()),
    };
    parsed.level = level;
    if parsed.error_type.is_none() {
        parsed.error_type = object.text(&TYPES).map(str::to_owned);
    }
    if parsed.message.is_empty() {
        parsed.message = object.text(&TEXTS).or(message).unwrap_or_default().to_owned();
    }
    Some(parsed)
}

/// Whether the first line of a message with a trace is words of its own rather than the trace's first line.
fn is_title(first: &str) -> bool {
    languages::opens(first).is_none() && languages::frames::type_and_message(first).is_none()
}

fn logged(message: &str) -> Parsed {
    let mut parsed = Parsed::of_text(Kind::Log, Level::Error, Language::Unknown, String::new());
    parsed.message = message.trim_end().to_owned();
    parsed
}

/// A stack in a field: text as a runtime prints it, or structlog's list of exceptions.
fn stack(value: &Value) -> Option<Parsed> {
    match value {
        Value::String(text) => stack_text(text),
        Value::Array(items) => stack_list(items)
            .or_else(|| class_list(items))
            .or_else(|| line_list(items))
            .or_else(|| place_list(items)),
        _ => None,
    }
}

/// Reads a stack that stands alone.
pub fn stack_text(text: &str) -> Option<Parsed> {
    if !text.contains('\n') {
        return None;
    }
    let own_line = goroutine_apart(text);
    let text = own_line.as_deref().unwrap_or(text);
    traced(text, Level::Fatal).or_else(|| bare_frames(text))
}

/// `words goroutine 34 [running]:` of loggers that join a panic's value and its stack with a blank.
fn goroutine_apart(text: &str) -> Option<String> {
    let first = text.lines().next()?;
    let (words, stack) =
        first.rsplit_once(" goroutine ").filter(|(_, rest)| rest.ends_with(" [running]:"))?;
    Some(format!("{words}\ngoroutine {stack}{}", text.get(first.len()..)?))
}

/// Monolog's list of places without functions: `/app/src/Fare.php:31`.
fn place_list(items: &[Value]) -> Option<Parsed> {
    let frames: Vec<Frame> = items
        .iter()
        .take(1_000)
        .filter_map(|item| {
            let (file, line, _) = languages::frames::place(item.as_str().filter(|text| !text.contains(' '))?);
            line.is_some().then_some(Frame { file, line, ..Frame::default() })
        })
        .collect();
    let php = frames.first()?.file.as_deref().is_some_and(|file| file.ends_with(".php"));
    let thrown = Thrown { frames, ..Thrown::default() };
    php.then(|| languages::frames::parsed(Kind::Exception, Level::Error, Language::Php, thrown, Vec::new()))
}

/// The first trace in a text of its own; log lines of at least this level open one too.
fn traced(text: &str, min_level: Level) -> Option<Parsed> {
    let mut blocks = Vec::new();
    // A memory would be forgotten with the text.
    let mut assembler = Assembler::new(Limits { min_level, memory: 0, ..Limits::default() });
    assembler.push(text.as_bytes(), 0, &mut blocks);
    assembler.flush(&mut blocks);
    let known = |block: &&Block| block.grammar.is_some_and(|grammar| grammar.language != Language::Unknown);
    blocks.iter().find(known).and_then(|block| (block.grammar?.parse)(&block.trace()))
}

/// Frames without a header, as zap writes them.
fn bare_frames(text: &str) -> Option<Parsed> {
    let (grammar, opening) = text.lines().take(24).find_map(languages::frame)?;
    (grammar.parse)(&Trace { header: "", body: text, rule: opening.rule })
}

/// A stack as a list of its lines, or of nothing but frames.
fn line_list(items: &[Value]) -> Option<Parsed> {
    let lines: Option<Vec<&str>> = items.iter().take(1_000).map(Value::as_str).collect();
    let text = lines.filter(|lines| !lines.is_empty())?.join("\n");
    stack_text(&text).or_else(|| bare_frames(&text))
}

/// An object behind the words of a log line: `Invoke Error {"errorType": …, "stack": […]}`.
pub fn parse_tail(message: &str) -> Option<Parsed> {
    let at = message.find("{\"")?;
    let value: Value = serde_json::from_str(message.get(at..)?.trim_end()).ok()?;
    let object = Object::new(value.as_object()?);
    let mut parsed = STACKS.iter().find_map(|path| stack(object.at(path)?))?;
    if parsed.error_type.is_none() {
        parsed.error_type = object.text(&TYPES).map(str::to_owned);
    }
    if parsed.message.is_empty() {
        parsed.message = object.text(&TEXTS).unwrap_or_default().to_owned();
    }
    let words = message.get(..at).unwrap_or_default().trim();
    parsed.log = (!words.is_empty()).then(|| words.to_owned());
    Some(parsed)
}

/// A line in which a logger wrote the line breaks of a trace as `\n`.
pub fn parse_escaped(line: &str) -> Option<Parsed> {
    (line.matches("\\n").count() > 1).then_some(())?;
    traced(&line.replace("\\n", "\n").replace("\\t", "\t"), Level::Error)
}

/// structlog's `dict_tracebacks`: exceptions, the last one first, each with frames in the order of the calls.
fn stack_list(items: &[Value]) -> Option<Parsed> {
    let mut chain = items.iter().filter_map(|item| {
        let object = item.as_object()?;
        let mut frames: Vec<Frame> =
            object.get("frames")?.as_array()?.iter().filter_map(list_frame).collect();
        frames.reverse();
        let mut thrown = Thrown::new(
            object.get("exc_type")?.as_str()?,
            object.get("exc_value").and_then(Value::as_str).unwrap_or_default(),
        );
        thrown.frames = frames;
        Some(thrown)
    });
    let primary = chain.next()?;
    Some(languages::frames::parsed(Kind::Exception, Level::Error, Language::Python, primary, chain.collect()))
}

/// Log4j's JSON: frames as objects with class and method; class and text of the error stand beside the list.
fn class_list(items: &[Value]) -> Option<Parsed> {
    let frames: Vec<Frame> = items
        .iter()
        .filter_map(|item| {
            let object = item.as_object()?;
            let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
            Some(Frame {
                module: Some(text("class").or_else(|| text("className"))?),
                function: Some(text("method").or_else(|| text("methodName"))?),
                file: text("file").or_else(|| text("fileName")),
                line: object
                    .get("line")
                    .or_else(|| object.get("lineNumber"))
                    .and_then(Value::as_u64)
                    .and_then(|line| line.try_into().ok()),
                ..Frame::default()
            })
        })
        .collect();
    let thrown = Thrown { frames, ..Thrown::default() };
    (!thrown.frames.is_empty())
        .then(|| languages::frames::parsed(Kind::Exception, Level::Error, Language::Jvm, thrown, Vec::new()))
}

fn list_frame(value: &Value) -> Option<Frame> {
    let object = value.as_object()?;
    Some(Frame {
        function: object.get("name").and_then(Value::as_str).map(str::to_owned),
        file: object.get("filename").and_then(Value::as_str).map(str::to_owned),
        line: object.get("lineno").and_then(Value::as_u64).and_then(|line| line.try_into().ok()),
        ..Frame::default()
    })
}

/// Whether a line is logfmt: it states its level as a pair, and a message as another.
pub fn is_logfmt(line: &str) -> bool {
    logfmt_rank(line).is_some()
        && ["msg=", "message=", "event=", "err=", "error="].iter().any(|key| line.contains(key))
}

/// The level that a logfmt line states.
pub fn logfmt_rank(line: &str) -> Option<Rank> {
    let window = line.get(..2048).unwrap_or(line);
    memchr::memchr(b'=', window.as_bytes())?;
    ["level", "lvl", "severity"].iter().find_map(|key| {
        memchr::memchr_iter(b'=', window.as_bytes()).find_map(|equals| {
            let at = equals.checked_sub(key.len()).filter(|at| window.get(*at..equals) == Some(key))?;
            let placed =
                at == 0 || window.as_bytes().get(at - 1).is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            let value = window.get(equals + 1..)?.trim_start_matches('"');
            let word = value.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
            Rank::of_word(word).filter(|_| placed)
        })
    })
}

/// Reads one logfmt line.
pub fn parse_logfmt(line: &str) -> Option<Parsed> {
    let mut object = Map::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let Some((key, after)) = rest.split_once('=') else { break };
        let key = key.rsplit([' ', '\t']).next().unwrap_or(key);
        let (value, tail) = logfmt_value(after);
        object.entry(key).or_insert(Value::String(value));
        rest = tail.trim_start();
    }
    read(&Object::new(&object))
}

/// A bare or quoted value and what follows it.
fn logfmt_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t']).unwrap_or(text.len());
        let (value, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, letter) in quoted.char_indices() {
        match letter {
            '"' if !escaped => return (value, quoted.get(at + 1..).unwrap_or_default()),
            '\\' if !escaped => escaped = true,
            other => {
                match other {
                    'n' if escaped => value.push('\n'),
                    't' if escaped => value.push('\t'),
                    other => value.push(other),
                }
                escaped = false;
            }
        }
    }
    (value, "")
}
