//! A closed block into what is known of the error. Total: whatever the bytes, there is a report or a reason for none.

use crate::assemble::Block;
use crate::logline;
use crate::report::{Kind, Language, Level, Parsed};
use crate::structured;

/// Rules whose text a runtime prints for an error that nobody caught: no header makes them less than an error. An
/// entry that ends with a dot stands for every rule of its language.
const UNCAUGHT: [&str; 17] = [
    "jvm.thread",
    "jvm.banner",
    "jvm.handler",
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
        Some(grammar) => (grammar.parse)(&trace)?,
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
    let stated = text.lines().find_map(|line| {
        let from = start;
        start += line.len() + 1;
        let head = (from < body).then(|| logline::head(line)).flatten()?;
        head.rank.map(|rank| (from + head.message, rank))
    });
    let Some((message, rank)) = stated else { return };
    let uncaught = is_uncaught(rule);
    match rank.level() {
        Some(level) if !uncaught || level > parsed.level => parsed.level = level,
        // The trace's own line says that it is no error.
        None if !uncaught => parsed.level = Level::Warning,
        _ => {}
    }
    // What Laravel appends is the trace itself.
    let own = text.get(message..body).unwrap_or_default();
    let own = own.split_once(" {\"exception\":\"[object]").map_or(own, |(own, _)| own);
    let words = own.trim().trim_end_matches(':');
    if parsed.error_type.is_none() && parsed.message.is_empty() {
        words.clone_into(&mut parsed.message);
    }
    let words = if words == "PHP message" { "" } else { words };
    parsed.log = (!words.is_empty()).then(|| words.to_owned());
}

/// A log line without a trace.
fn log(block: &Block) -> Option<Parsed> {
    let text = &block.lines;
    if block.opened_by() == "logfmt"
        && let Some(parsed) = structured::parse_logfmt(text)
    {
        return Some(parsed);
    }
    let mut offset = 0;
    let found = text.lines().find_map(|line| {
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
    parsed.message = text.get(message..).unwrap_or_default().trim_end().to_owned();
    let tag_only =
        parsed.message.starts_with('[') && parsed.message.find(']') == Some(parsed.message.len() - 1);
    let words = !parsed.message.is_empty() && !tag_only;
    words.then_some(parsed)
}
