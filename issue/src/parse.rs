//! A closed block into what is known of the error. Total: whatever the bytes, there is a report or a reason for none.

use crate::assemble::Block;
use crate::languages::frames::type_and_message;
use crate::logline;
use crate::report::{Kind, Language, Level, Parsed};
use crate::search;
use crate::structured;

/// Rules whose text a runtime prints for an error that nobody caught: no header makes them less than an error. An
/// entry that ends with a dot stands for every rule of its language.
const UNCAUGHT: [&str; 21] = [
    "jvm.thread",
    "jvm.banner",
    "jvm.handler",
    "jvm.start",
    "jvm.android",
    "jvm.clojure",
    "go.panic",
    "go.fatal",
    "go.signal",
    "rust.",
    "javascript.excerpt",
    "javascript.deno",
    "javascript.memory",
    "javascript.fatal",
    "python.fatal",
    "native.",
    "php.",
    "ruby.uncaught",
    "ruby.bug",
    "dotnet.uncaught",
    "swift.",
];

fn is_uncaught(rule: &str) -> bool {
    UNCAUGHT.iter().any(|entry| rule == *entry || entry.ends_with('.') && rule.starts_with(entry))
}

/// Reads a block. `None`: below `min_level` or, after all, nothing.
pub fn parse(block: &Block, min_level: Level) -> Option<Parsed> {
    let trace = block.trace();
    let mut parsed = match block.grammar {
        // Of a trace that after all is none the log line above it is left.
        Some(grammar) => match (grammar.parse)(&trace) {
            Some(parsed) => parsed,
            None if !trace.header.is_empty() => log(block)?,
            None => return None,
        },
        None => log(block)?,
    };
    if block.grammar.is_some() && !trace.header.is_empty() {
        apply_header(&mut parsed, &block.lines, block.body, block.opened_by());
    }
    if let Some(level) = block.prefixed
        && (!is_uncaught(block.opened_by()) || level > parsed.level)
    {
        parsed.level = level;
    }
    parsed.text = block.text();
    (parsed.level >= min_level).then_some(parsed)
}

/// A trace below a log line takes that line's level, and its words as `log`.
fn apply_header(parsed: &mut Parsed, text: &str, body: usize, rule: &str) {
    let mut start = 0;
    let stated = search::lines(text).find_map(|line| {
        let from = start;
        start += line.len() + 1;
        let head = (from < body).then(|| logline::head(line)).flatten()?;
        head.rank.map(|rank| (from + head.message, rank))
    });
    let Some((message, rank)) = stated else { return };
    // One line that a program logs about a crash is no crash.
    let quoted = rank < logline::Rank::Error && message == body && parsed.frames.len() <= 1;
    let uncaught = is_uncaught(rule) && !quoted;
    match rank.level() {
        Some(level) if !uncaught || level > parsed.level => parsed.level = level,
        // The trace's own line says that it is no error.
        None if !uncaught => parsed.level = Level::Warning,
        _ => {}
    }
    // What Laravel appends is the trace itself.
    let own = text.get(message..body).unwrap_or_default();
    let object = own.find("\"exception\":\"[object]").and_then(|at| own.get(..at)?.rfind(" {"));
    let own = object.and_then(|at| own.get(..at)).unwrap_or(own);
    let words = own.trim().trim_end_matches(':');
    if parsed.error_type.is_none() && parsed.message.is_empty() {
        words.clone_into(&mut parsed.message);
    }
    let words = if words == "PHP message" { "" } else { words };
    parsed.log = (!words.is_empty()).then(|| words.to_owned());
}

/// A log line above the full name of an error that was thrown without a trace.
fn named(text: &str) -> Option<Parsed> {
    let (first, rest) = text.split_once('\n')?;
    let level = logline::head(first)?.level()?;
    let line = rest.lines().next().map(str::trim_start).filter(|line| crate::assemble::is_named(line))?;
    let (class, message) = type_and_message(line)?;
    let upper = class.starts_with(|first: char| first.is_ascii_uppercase());
    let language = if upper { Language::Dotnet } else { Language::Jvm };
    let mut parsed = Parsed::of_text(Kind::Exception, level, language, String::new());
    parsed.error_type = Some(class.to_owned());
    parsed.message = [message].into_iter().chain(rest.lines().skip(1)).collect::<Vec<_>>().join("\n");
    parsed.log = Some(logline::message(first).trim_end().to_owned()).filter(|words| !words.is_empty());
    Some(parsed)
}

/// A log line without a trace.
fn log(block: &Block) -> Option<Parsed> {
    let text = &block.lines;
    if block.opened_by() == "logfmt"
        && let Some(parsed) = structured::parse_logfmt(text)
    {
        return Some(parsed);
    }
    if let Some(parsed) = named(text) {
        return Some(parsed);
    }
    let mut offset = 0;
    let found = search::lines(text).find_map(|line| {
        let start = offset;
        offset += line.len() + 1;
        let head = logline::head(line)?;
        head.level().map(|level| (start + head.message, level))
    });
    let (message, level) = match found {
        Some(found) => found,
        None => (0, structured::logfmt_rank(text).and_then(logline::Rank::level)?),
    };
    let mut parsed = Parsed::of_text(Kind::Log, level, Language::Unknown, String::new());
    let words = text.get(message..).unwrap_or_default();
    // A ruled banner below an empty line begins with its first words.
    let ruled = words.lines().take_while(|line| !line.bytes().any(|byte| byte.is_ascii_alphanumeric()));
    let ruled: usize = ruled.map(|line| line.len() + 1).sum();
    parsed.message = words.get(ruled..).unwrap_or_default().trim_end().to_owned();
    let tag_only =
        parsed.message.starts_with('[') && parsed.message.find(']') == Some(parsed.message.len() - 1);
    let words = !parsed.message.is_empty() && !tag_only;
    if !text.contains('\n')
        && let Some(traced) =
            structured::parse_tail(&parsed.message).or_else(|| structured::parse_escaped(text))
    {
        return Some(Parsed { level, ..traced });
    }
    words.then_some(parsed)
}
