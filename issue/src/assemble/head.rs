//! How a record begins: with a trace's own opener, or with a header (a log line, an error's name and message) below
//! which the next lines tell the language.

use super::Limits;
use super::buffer::{Buffer, Line};
use super::known::Known;
use super::lookback;
use super::prefix::{Look, look};
use super::record::{FRONTS, Record, SINGLE, Verdict};
use super::shared;
use crate::languages::frames::{is_qualified, names_an_error, type_and_message};
use crate::languages::{self, Grammar, Opening, php, ruby};
use crate::logline::{self, Rank};
use crate::report::{Language, Level};
use crate::structured;

/// Lines below a header that may be its message before a frame has to come.
const MESSAGE_LINES: usize = 24;
/// Lines of a log line's message that may stand unindented above its trace.
const MORE: usize = 2;
/// Lines of a log record.
const LOG_LINES: usize = 24;

/// What launchers of Groovy and Ruby print above an error's name and message.
const ANNOUNCING: [&str; 2] = ["Caught: ", "rake aborted!"];

/// Opens a record at `line`, if one starts there.
pub fn open(buffer: &Buffer, line: &Line, at: i64, limits: &Limits, known: &mut Known) -> Option<Record> {
    let text = buffer.text(line);
    let Front { seen, opening } = known.front(&text);
    let mut record = Record::new(buffer.line, buffer.offset(line.start), at);
    if let Some((offset, grammar, opening)) = opening {
        lookback::header(&mut record, buffer, line, text.get(..offset).unwrap_or_default(), grammar.headers);
        if !Front::is_bare(offset, opening) {
            record.level = stated(&text, &seen);
        }
        add_opener(&mut record, &text, offset, grammar, opening);
        return Some(record);
    }
    record.level = stated(&text, &seen);
    if let Some((offset, opening)) = rails(&text, &seen).filter(|_| record.falls_back(limits)) {
        add_opener(&mut record, &text, offset, &ruby::GRAMMAR, opening);
        return Some(record);
    }
    if record.falls_back(limits)
        && let Some((offset, grammar, opening)) = opened_behind(buffer, line, &text).filter(is_firm)
    {
        let front = text.get(..offset).unwrap_or_default();
        lookback::header(&mut record, buffer, line, front, grammar.headers);
        add_opener(&mut record, &text, offset, grammar, opening);
        return Some(record);
    }
    if record.falls_back(limits) || is_typed(&text, &seen) {
        lookback::header(&mut record, buffer, line, "", &ANNOUNCING);
        return Some(log_or_typed(record, &text, limits));
    }
    let found = framed(&text, &seen);
    let Some((offset, grammar, opening)) = found else { return behind_front(record, buffer, line, &text) };
    lookback::thrown(&mut record, buffer, line, text.get(..offset).unwrap_or_default(), grammar)?;
    let body = record.body;
    record.append(&text);
    record.settle();
    record.become_trace(grammar, opening, body);
    record.assume_prefix(text.get(..offset).unwrap_or_default());
    Some(record)
}

fn is_firm((_, _, opening): &Found) -> bool {
    opening.firm
}

/// The opener behind a front that nobody knows, but that the line above has, too.
fn opened_behind(buffer: &Buffer, line: &Line, text: &str) -> Option<Found> {
    let above = buffer.line_before(line.start, line.start)?;
    shared::ends(text, &buffer.text(&above)).into_iter().take(FRONTS).find_map(|at| {
        let (front, rest) = text.split_at_checked(at)?;
        let (grammar, opening) = languages::Candidates::of(rest).open(rest)?;
        let vague = matches!(grammar.language, Language::Perl | Language::Unknown);
        let plain = opening.firm || !front.trim().is_empty();
        (!vague && plain && !states_level(front)).then_some((at, grammar, opening))
    })
}

fn states_level(front: &str) -> bool {
    logline::head(&format!("{front}x")).is_some_and(|head| head.rank.is_some())
}

/// A trace that begins behind a front that nobody knows, but that the line above has, too.
fn behind_front(mut record: Record, buffer: &Buffer, line: &Line, text: &str) -> Option<Record> {
    if let Some((at, grammar, opening)) = opened_behind(buffer, line, text) {
        let front = text.get(..at).unwrap_or_default();
        lookback::header(&mut record, buffer, line, front, grammar.headers);
        add_opener(&mut record, text, at, grammar, opening);
        return Some(record);
    }
    let above = buffer.line_before(line.start, line.start)?;
    let fronts = shared::ends(text, &buffer.text(&above));
    let mut fronts = fronts.into_iter().take(FRONTS).filter_map(|at| text.split_at_checked(at));
    let (front, (grammar, opening)) = fronts.find_map(|(front, rest)| {
        Some((front, languages::frame(rest).filter(|_| !front.trim().is_empty())?))
    })?;
    lookback::thrown(&mut record, buffer, line, front, grammar)?;
    let body = record.body;
    record.append(text);
    record.settle();
    record.become_trace(grammar, opening, body);
    record.assume_prefix(front);
    Some(record)
}

/// What a line's text alone tells of it as the first of a record, or as one below a log line.
#[derive(Clone, Copy, Debug)]
pub struct Front {
    seen: Look,
    /// The trace that begins in it, and where.
    opening: Option<Found>,
}

impl Front {
    /// Reads a line.
    pub fn of(text: &str) -> Self {
        let candidates = languages::Candidates::of(text);
        match candidates.open(text) {
            Some((grammar, opening)) => {
                let seen = if Self::is_bare(0, opening) { Look::default() } else { look(text) };
                Self { seen, opening: Some((0, grammar, opening)) }
            }
            None => {
                let seen = look(text);
                // The first of them is the line's start.
                Self { seen, opening: languages::opens_at(text, candidates, seen.starts().skip(1)) }
            }
        }
    }

    /// Whether the line is a log line that states its level in front of words.
    fn states_level(&self) -> bool {
        self.seen.head.is_some_and(|head| head.rank.is_some())
    }

    /// Whether a trace surely begins with the line: then nobody asks for the front of a log line, nor for the level that
    /// it states.
    fn is_bare(offset: usize, opening: Opening) -> bool {
        offset == 0 && opening.firm
    }
}

/// Rails' header behind the front of a log line.
fn rails(text: &str, seen: &Look) -> Option<(usize, Opening)> {
    text.trim_end().ends_with("):").then_some(())?;
    seen.starts().find_map(|offset| Some((offset, ruby::rails_logged(text.get(offset..)?)?)))
}

fn log_or_typed(mut record: Record, text: &str, limits: &Limits) -> Record {
    let logged = record.falls_back(limits);
    record.append(text);
    record.opened = if logged { "log.level" } else { "error.header" };
    if logged {
        record.settle();
    }
    if structured::is_logfmt(text) {
        record.opened = "logfmt";
        record.state.phase = SINGLE;
    }
    record
}

/// Adds the opener's line; what stands before it on the line is a prefix or the front of a log line.
fn add_opener(record: &mut Record, text: &str, offset: usize, grammar: &'static Grammar, opening: Opening) {
    let body = record.line_start(record.len()) + offset;
    record.append(text);
    if opening.firm {
        record.settle();
    }
    record.become_trace(grammar, opening, body);
    record.assume_prefix(text.get(..offset).unwrap_or_default());
}

type Found = (usize, &'static Grammar, Opening);

/// Asks for a frame at every offset at which the text proper could begin.
fn framed(text: &str, seen: &Look) -> Option<Found> {
    let at = |offset: usize| languages::frame(text.get(offset..)?).map(|found| (offset, found));
    seen.starts().find_map(at).map(|(offset, (grammar, opening))| (offset, grammar, opening))
}

/// The level that a line states: as a log line, or in logfmt.
fn stated(text: &str, seen: &Look) -> Option<Level> {
    let pairs = logline::has_logfmt_front(text).then(|| structured::logfmt_rank(text)).flatten();
    let rank = pairs.or(seen.head.and_then(|head| head.rank)).or_else(|| structured::logfmt_rank(text));
    rank.and_then(Rank::level)
}

/// Whether a line, or the message of a log line, has the form `some.ErrorName: text`.
pub fn is_typed(text: &str, seen: &Look) -> bool {
    seen.starts().filter_map(|offset| text.get(offset..)).any(is_error_header)
}

/// Where the error's name starts in a text that is an error's header: behind a logger's name, if that name is none
/// of an error but the next one is (`com.example.Shop: RuntimeException: text`).
pub fn name_offset(text: &str) -> usize {
    match type_and_message(text) {
        Some((class, message))
            if !names_an_error(class)
                && type_and_message(message).is_some_and(|(inner, _)| names_an_error(inner)) =>
        {
            text.len() - message.len()
        }
        _ => 0,
    }
}

/// `some.ErrorName: text`, with a name that only an error can have.
pub fn is_error_header(text: &str) -> bool {
    let text = text.strip_prefix("Uncaught ").unwrap_or(text);
    type_and_message(text)
        .is_some_and(|(class, message)| names_an_error(class) || is_qualified(class) && !message.is_empty())
}

/// Decides on a line below a log line or an error's header.
pub fn accept(record: &mut Record, line: &str, known: &mut Known) -> Verdict {
    let raw = known.front(line);
    // A line that states a level is no part of a trace, whatever stands before it.
    let bare = if raw.states_level() { line } else { record.behind_shared(line) };
    let prefixed = bare.len() < line.len();
    let Front { seen, opening } = if prefixed { known.front(bare) } else { raw };
    let line = bare;
    if let Some((offset, grammar, opening)) = opening {
        // Only what stands below its header, or below the rest of its message, belongs to it.
        let own = offset > 0 && seen.head.is_some_and(|head| head.time && head.rank.is_some());
        let doubtful = !opening.firm || opening.rule == "ruby.rails";
        let apart = doubtful && own || !opening.firm && record.held() > 0 || is_parted(record);
        let other = matches!(grammar.language, Language::Native | Language::Unknown);
        if record.held() > MORE || !record.is_firm() || other || apart {
            return Verdict::End("next record");
        }
        record.strip_shared();
        add_opener(record, line, offset, grammar, opening);
        return if opening.firm { Verdict::Take } else { Verdict::Hold };
    }
    if let Some((offset, grammar, opening)) = framed(line, &seen) {
        if is_parted(record) && grammar.language != Language::Javascript {
            return Verdict::End("next record");
        }
        record.strip_shared();
        return convert(record, line, offset, grammar, opening);
    }
    // Where only the front holds a time, every line has one: what is not of a trace is a log line.
    if prefixed && !record.timed && !is_near(line) {
        return Verdict::End("next log line");
    }
    if !record.is_firm() && is_error_header(line) {
        return Verdict::End("another header");
    }
    // `Error: text` is a log line unless frames follow it.
    let doubtful = record.held() == 0 && is_error_header(line) && !seen.head.is_some_and(|head| head.time);
    if logline::is_log_line_with(line, seen.head) && !is_header_continuation(line) && !doubtful {
        return Verdict::End("next log line");
    }
    if record.len() >= record.header_lines + MESSAGE_LINES {
        return Verdict::End("no trace below the header");
    }
    continuation(record, line)
}

/// A frame below the header tells the language.
fn convert(
    record: &mut Record,
    line: &str,
    offset: usize,
    grammar: &'static Grammar,
    opening: Opening,
) -> Verdict {
    if record.unprefix(line.get(..offset).unwrap_or_default()) {
        let bare = line.get(offset..).unwrap_or_default();
        let body = thrown_at(record, grammar).unwrap_or_else(|| record.line_start(record.len()));
        record.append(bare);
        record.settle();
        record.become_trace(grammar, opening, body);
        return Verdict::Take;
    }
    let body = thrown_at(record, grammar);
    let body = body.unwrap_or_else(|| record.line_start(record.len()) + offset);
    record.append(line);
    record.settle();
    record.become_trace(grammar, opening, body);
    record.assume_prefix(line.get(..offset).unwrap_or_default());
    Verdict::Take
}

/// Byte offset of the error's name and message in the header: a line of its own, else the log line's message, else,
/// for stacks that name a function before its place, the line above the frame.
fn thrown_at(record: &Record, grammar: &Grammar) -> Option<usize> {
    let first = record.header_lines;
    let whole = record.line(first);
    // Bun writes `error: text`; below a logger's `error: words` stands the error itself.
    let below = || (first + 1..record.len()).any(|index| is_error_header(record.line(index)));
    let bun = grammar.language == Language::Javascript && whole.starts_with("error: ");
    let indent = whole.len() - whole.trim_start().len();
    if indent > 0 && is_parted(record) && is_error_header(whole.trim_start()) {
        return Some(record.line_start(first) + indent);
    }
    if !(bun && below()) && (is_error_header(whole) || bun) {
        return Some(record.line_start(first) + name_offset(whole));
    }
    if grammar.language == Language::Php {
        let embedded = || lookback::embedded(whole).map(|offset| record.line_start(first) + offset);
        return php_thrown_at(record).or_else(embedded);
    }
    if grammar.language == Language::Rust {
        return whole.starts_with("Error:").then(|| record.line_start(first));
    }
    if grammar.language == Language::Ruby {
        if let Some(offset) = rails_at(record) {
            return Some(offset);
        }
        if let Some(offset) = look(whole).starts().find(|at| whole.get(*at..).is_some_and(is_error_header)) {
            return Some(record.line_start(first) + offset);
        }
        let message = || logline::head(whole).map_or(0, |head| head.message);
        return Some(record.line_start(first) + ruby::embedded(whole).unwrap_or_else(message));
    }
    if let Some(index) =
        (first + 1..record.len()).find(|index| is_error_header(record.line(*index).trim_start()))
    {
        let line = record.line(index);
        return Some(record.line_start(index) + line.len() - line.trim_start().len());
    }
    if matches!(grammar.language, Language::Jvm | Language::Dotnet | Language::Javascript)
        && let Some(index) = (first + 1..record.len()).find(|index| is_class_line(record.line(*index)))
    {
        return Some(record.line_start(index));
    }
    // Dart's words need no class: below a log line they are the line above the frames.
    if grammar.language == Language::Dart {
        let head = || logline::head(whole).map_or(0, |head| head.message);
        let below = record.len() > first + 1;
        return Some(if below { record.line_start(first + 1) } else { record.line_start(first) + head() });
    }
    if grammar.language == Language::Go {
        let last = record.len().checked_sub(1).filter(|last| *last > first)?;
        let named = !record.line(last).contains(' ') && record.line(last).contains('.');
        return named.then(|| record.line_start(last));
    }
    thrown_within(whole, grammar).map(|offset| record.line_start(first) + offset)
}

/// Where in a log line the error's name starts.
fn thrown_within(whole: &str, grammar: &Grammar) -> Option<usize> {
    if let Some(offset) =
        look(whole).starts().find(|offset| whole.get(*offset..).is_some_and(is_error_header))
    {
        return Some(offset + name_offset(whole.get(offset..).unwrap_or_default()));
    }
    let dotted = || lookback::embedded_class(whole).filter(|_| grammar.language == Language::Jvm);
    // Behind the front of a log line any class is one: `ERROR unhandled: Gone: no such cart`.
    let plain = || {
        let message = logline::head(whole).map(|head| head.message)?;
        is_class_line(whole.get(message..)?).then_some(message)
    };
    let plain = || plain().filter(|_| grammar.language == Language::Javascript);
    lookback::embedded(whole).or_else(dotted).or_else(plain)
}

/// Rails' header among the lines above the frames.
fn rails_at(record: &Record) -> Option<usize> {
    (record.header_lines..record.len()).find_map(|index| {
        let line = record.line(index);
        let is_header = |at: &usize| line.get(*at..).is_some_and(|rest| ruby::rails_logged(rest).is_some());
        let offset = look(line).starts().find(is_header).filter(|_| line.trim_end().ends_with("):"))?;
        Some(record.line_start(index) + offset)
    })
}

/// `Shop$Gone: text`: a class without a package below a log line, above the frames.
fn is_class_line(line: &str) -> bool {
    type_and_message(line).is_some_and(|(class, message)| {
        let capital = class.starts_with(|first: char| first.is_ascii_uppercase());
        capital && !message.is_empty() && !logline::is_log_line(line)
    })
}

/// The first line of what `(string) $error` gave; it may be the log line itself.
fn php_thrown_at(record: &Record) -> Option<usize> {
    (record.header_lines..record.len()).find_map(|index| {
        let offset = php::printed(record.line(index))?;
        Some(record.line_start(index) + offset)
    })
}

/// Whether a line behind a front of times may stand between a log line and its trace.
fn is_near(line: &str) -> bool {
    line.starts_with([' ', '\t'])
        || is_header_continuation(line)
        || is_error_header(line)
        || is_class_line(line)
}

/// Lines that asyncio prints between its message and the traceback.
fn is_header_continuation(line: &str) -> bool {
    ["future: <", "handle: <", "protocol: <", "transport: <", "task: <"]
        .iter()
        .any(|start| line.starts_with(start))
}

/// Indented lines belong to a log line; others only if a trace follows.
fn continuation(record: &mut Record, line: &str) -> Verdict {
    let blank = line.trim().is_empty();
    if record.is_firm() && record.len() == record.header_lines + 1 && is_named(line.trim_start()) {
        record.strip_shared();
        record.append(line);
        record.settle();
        return Verdict::Take;
    }
    if record.is_firm() && record.len() < record.header_lines + LOG_LINES && is_empty_log(record) {
        record.strip_shared();
        record.append(line);
        if blank {
            return Verdict::Hold;
        }
        record.settle();
        return Verdict::Take;
    }
    let belongs =
        line.starts_with([' ', '\t']) && !blank || is_header_continuation(line) || is_addition(line);
    if record.is_firm() && record.held() == 0 && belongs && record.len() < LOG_LINES {
        record.strip_shared();
        record.append(line);
        record.settle();
        return Verdict::Take;
    }
    // Some loggers leave one line empty between their words and the trace.
    // What pydantic says of one field: its name, and indented what is wrong with it.
    if record.is_firm() && record.held() == 1 && line.starts_with("  ") && line.contains(" [type=") {
        record.strip_shared();
        record.append(line);
        record.settle();
        return Verdict::Take;
    }
    // An empty line that is indented like the words around it is one of them.
    let above = record.line(record.len().saturating_sub(1));
    let gap = record.held() == 1 && above.trim().is_empty();
    let inner = gap && above.len() > 3 && line.starts_with(above) && !blank;
    if record.is_firm() && inner && record.len() < LOG_LINES {
        record.strip_shared();
        record.append(line);
        record.settle();
        return Verdict::Take;
    }
    let over = blank && record.held() > 0 || gap && !is_error_header(line);
    if record.is_firm() && over && !is_bare_error(record) {
        return Verdict::End("empty line");
    }
    record.append(line);
    Verdict::Hold
}

/// Whether the record is an error's name and words alone: what a test runner compares, and the source that it shows,
/// may stand between them and the frames of a script.
fn is_bare_error(record: &Record) -> bool {
    let line = record.line(record.header_lines).trim_start();
    (is_error_header(line) || line.starts_with("error: ")) && !logline::has_time(line)
}

/// Whether below such an error stand an empty line and words, which the record holds.
fn is_parted(record: &Record) -> bool {
    let held = record.len().saturating_sub(record.held())..record.len();
    let mut lines = held.map(|index| record.line(index).trim().is_empty()).skip_while(|blank| !blank);
    record.is_firm() && is_bare_error(record) && lines.any(|blank| !blank)
}

/// A log line without words of its own: what follows is what it has to say.
fn is_empty_log(record: &Record) -> bool {
    let line = record.line(record.header_lines);
    logline::head(line).is_some_and(|head| {
        let words = line.get(head.message..).unwrap_or_default();
        head.time && !words.bytes().any(|byte| byte.is_ascii_alphanumeric())
    })
}

/// An error's full name and message right below a log line: some errors are thrown without a trace.
pub fn is_named(line: &str) -> bool {
    type_and_message(line).is_some_and(|(class, message)| {
        is_qualified(class) && !class.contains('/') && (names_an_error(class) || !message.is_empty())
    })
}

/// What PostgreSQL adds below an error without time or level of its own.
fn is_addition(line: &str) -> bool {
    ["DETAIL:  ", "HINT:  ", "STATEMENT:  ", "CONTEXT:  "].iter().any(|start| line.starts_with(start))
}
