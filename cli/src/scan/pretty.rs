//! A report for people: what, where, the stack with the application's own frames marked, then what caused it.

use std::io::{self, Write};

use issue::{
    assemble::Block,
    finish::Explanation,
    report::{Category, Cause, Frame, Language, Priority, Relation, Report},
};
use serde::Serialize;

use super::paint::Palette;
use crate::terminal::harmless;

/// Rows shown of each stack.
const MAX_ROWS: usize = 16;

/// Libraries' frames that are shown between two of the application's; a longer run is told by its length.
const MAX_RUN: usize = 2;

/// Columns of a frame's function; a longer one pushes its place to the right.
const MAX_FUNCTION: usize = 44;

/// Lines shown of a message.
const MAX_MESSAGE: usize = 12;

/// All but the first line of a report stand under its title.
const INDENT: &str = "      ";

/// Writes one report.
pub fn write(
    out: &mut impl Write,
    palette: Palette,
    block: &Block,
    report: &Report,
    file: Option<&str>,
    explanation: Option<&Explanation>,
) -> io::Result<()> {
    let Palette { dim, off, .. } = palette;
    let (level, colour) = palette.level(report.level);
    write!(out, "{colour}{level}{off} ")?;
    title(out, palette, report.error_type.as_deref(), &report.message)?;
    writeln!(out, "{INDENT}{dim}{}{off}", facts(block, report, file))?;
    if let Some(log) = &report.log {
        let mut lines = log.lines();
        let first = palette.fit(lines.next().unwrap_or_default(), 12);
        writeln!(out, "{INDENT}{dim}log{off}  {first}")?;
        for line in lines.take(MAX_MESSAGE) {
            writeln!(out, "{INDENT}     {}", palette.fit(line, 12))?;
        }
    }
    frames(out, palette, &report.frames)?;
    for cause in &report.causes {
        write_cause(out, palette, cause)?;
    }
    if let Some(explanation) = explanation {
        explain(out, palette, block, explanation)?;
    }
    writeln!(out)
}

/// The type and the first line of the message, then the message's other lines.
fn title(out: &mut impl Write, palette: Palette, error_type: Option<&str>, message: &str) -> io::Result<()> {
    let Palette { bold, dim, off, .. } = palette;
    let mut lines = message.trim_end().lines();
    let first = lines.next().unwrap_or_default();
    match error_type {
        Some(error_type) if first.is_empty() => writeln!(out, "{bold}{}{off}", harmless(error_type, false))?,
        Some(error_type) => {
            writeln!(out, "{bold}{}{off}: {}", harmless(error_type, false), harmless(first, false))?;
        }
        None if first.is_empty() => writeln!(out, "{bold}error without a message{off}")?,
        None => writeln!(out, "{bold}{}{off}", harmless(first, false))?,
    }
    let rest = lines.clone().count();
    for line in lines.take(MAX_MESSAGE) {
        writeln!(out, "{INDENT}{}", harmless(line, true))?;
    }
    match rest.saturating_sub(MAX_MESSAGE) {
        0 => Ok(()),
        more => writeln!(out, "{INDENT}{dim}… {more} more lines{off}"),
    }
}

/// `app.log:12-30 · python · code, high · v1:9f86d081884c · 2 secrets redacted`.
fn facts(block: &Block, report: &Report, file: Option<&str>) -> String {
    let (first, last) = (block.first_line, block.last_line);
    let lines = if first == last { first.to_string() } else { format!("{first}-{last}") };
    let mut parts = vec![match file {
        Some(file) => format!("{}:{lines}", harmless(file, false)),
        None if first == last => format!("line {lines}"),
        None => format!("lines {lines}"),
    }];
    if report.language != Language::Unknown {
        parts.push(word(&report.language));
    }
    if report.category != Category::Unknown || report.priority != Priority::default() {
        parts.push(format!("{}, {}", word(&report.category), word(&report.priority)));
    }
    parts.push(report.fingerprint.chars().take(15).collect());
    match report.redacted.values().sum::<u32>() {
        0 => {}
        1 => parts.push("1 secret redacted".to_owned()),
        more => parts.push(format!("{more} secrets redacted")),
    }
    if block.truncated > 0 {
        parts.push(format!("{} lines left out", block.truncated));
    }
    parts.join(" · ")
}

/// The JSON word of an enum.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn write_cause(out: &mut impl Write, palette: Palette, cause: &Cause) -> io::Result<()> {
    let how = match cause.relation {
        None => "caused by",
        Some(Relation::Suppressed) => "suppressed",
        Some(Relation::Member) => "member",
    };
    write!(out, "{INDENT}{}{how}{} ", palette.dim, palette.off)?;
    title(out, palette, cause.error_type.as_deref(), &cause.message)?;
    frames(out, palette, &cause.frames)
}

/// What stands in one line of a stack.
enum Row<'a> {
    /// A frame, and how often it stands there in a row.
    Frame(&'a Frame, usize),
    /// So many frames of libraries.
    Libraries(usize),
}

/// A stack without what hides the application's own frames: repeats become one row, and so do long runs of libraries'
/// frames. The innermost frame stays: there it was thrown.
fn rows(frames: &[Frame]) -> Vec<Row<'_>> {
    let fold = frames.iter().any(|frame| frame.in_app);
    let mut rows = Vec::new();
    let runs = frames.chunk_by(|one, other| fold && !one.in_app && !other.in_app || one == other);
    for run in runs {
        let own = run.first().is_none_or(|frame| frame.in_app);
        let (shown, hidden) = if own || !fold || run.len() <= MAX_RUN {
            run.split_at(run.len())
        } else {
            run.split_at(usize::from(rows.is_empty()))
        };
        for same in shown.chunk_by(|one, other| one == other) {
            rows.extend(same.first().map(|frame| Row::Frame(frame, same.len())));
        }
        if !hidden.is_empty() {
            rows.push(Row::Libraries(hidden.len()));
        }
    }
    rows
}

fn frames(out: &mut impl Write, palette: Palette, frames: &[Frame]) -> io::Result<()> {
    let rows = rows(frames);
    let (shown, hidden) = rows.split_at(rows.len().min(MAX_ROWS));
    let widest = shown.iter().map(|row| match row {
        Row::Frame(frame, _) => name(frame).chars().count(),
        Row::Libraries(_) => 0,
    });
    let width = widest.max().unwrap_or_default().min(MAX_FUNCTION);
    let Palette { own, dim, off, .. } = palette;
    for row in shown {
        match row {
            Row::Libraries(count) => writeln!(out, "{INDENT}  {dim}… {count} frames of libraries{off}")?,
            Row::Frame(frame, times) => {
                let (mark, colour) = if frame.in_app { ("▸", own) } else { (" ", dim) };
                let again = if *times > 1 { format!("  ({times} times)") } else { String::new() };
                let name = name(frame);
                let line = format!("{name:<width$}  {}{again}", place(frame));
                writeln!(out, "{INDENT}{colour}{mark} {}{off}", line.trim_end())?;
            }
        }
    }
    let left = |row: &Row| match row {
        Row::Frame(_, times) => *times,
        Row::Libraries(count) => *count,
    };
    match hidden.iter().map(left).sum::<usize>() {
        0 => Ok(()),
        more => writeln!(out, "{INDENT}  {dim}… {more} more frames{off}"),
    }
}

fn name(frame: &Frame) -> String {
    let function = frame.function.as_deref().unwrap_or("?");
    match &frame.module {
        Some(module) if !module.is_empty() => harmless(&format!("{module}.{function}"), false).into_owned(),
        _ => harmless(function, false).into_owned(),
    }
}

/// `file:line:column`, which many terminals make a link of.
fn place(frame: &Frame) -> String {
    let mut place = harmless(frame.file.as_deref().unwrap_or_default(), false).into_owned();
    if !place.is_empty() {
        for number in [frame.line, frame.column].into_iter().flatten() {
            place += &format!(":{number}");
        }
    }
    place
}

/// Why the report came out so.
fn explain(
    out: &mut impl Write,
    palette: Palette,
    block: &Block,
    explanation: &Explanation,
) -> io::Result<()> {
    let Palette { dim, off, .. } = palette;
    let mut told = |what: &str, how: &str| {
        let how = harmless(how, true);
        let mut lines = how.lines();
        writeln!(out, "{INDENT}{dim}{what:<12}{off} {}", lines.next().unwrap_or_default())?;
        lines.try_for_each(|line| writeln!(out, "{INDENT}{:12} {line}", ""))
    };
    told("opened by", block.opened_by())?;
    told("closed by", block.closed_by())?;
    told("category", &explanation.category)?;
    told("hashed", &explanation.default_fingerprint)?;
    for input in &explanation.inputs {
        told(&format!("  {}", input.name), input.value.as_deref().unwrap_or("-"))?;
    }
    for (index, frame) in explanation.frames.iter().enumerate() {
        let verdict = serde_json::to_value(frame).unwrap_or_default();
        let told_of =
            |key: &str| verdict.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let fate = match &frame.dropped {
            Some(reason) => format!("not hashed: {reason}"),
            None => "hashed".to_owned(),
        };
        told(&format!("frame {}", index + 1), &format!("{}; {fate}", told_of("because")))?;
    }
    for hit in &explanation.placeholders {
        told(&format!("<{}>", hit.kind), &hit.text)?;
    }
    for place in &explanation.redacted {
        told("redacted", &format!("{} in line {} of {}", place.kind, place.line, place.field))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(function: &str, in_app: bool) -> Frame {
        Frame { function: Some(function.to_owned()), in_app, ..Frame::default() }
    }

    fn told(frames: &[Frame]) -> Vec<String> {
        let row = |row: Row<'_>| match row {
            Row::Frame(frame, 1) => name(frame),
            Row::Frame(frame, times) => format!("{} ×{times}", name(frame)),
            Row::Libraries(count) => format!("{count} of libraries"),
        };
        rows(frames).into_iter().map(row).collect()
    }

    #[test]
    fn long_runs_of_libraries_fold_but_never_the_throwing_frame() {
        let stack =
            [("raise", false), ("b", false), ("c", false), ("own", true), ("d", false), ("main", true)];
        let frames: Vec<Frame> = stack.map(|(name, own)| frame(name, own)).into();
        assert_eq!(told(&frames), ["raise", "2 of libraries", "own", "d", "main"]);
    }

    #[test]
    fn without_an_own_frame_nothing_folds() {
        let frames = ["a", "b", "c", "d"].map(|name| frame(name, false));
        assert_eq!(told(&frames), ["a", "b", "c", "d"]);
    }

    #[test]
    fn recursion_is_one_row() {
        let frames = [frame("down", true), frame("down", true), frame("down", true), frame("main", true)];
        assert_eq!(told(&frames), ["down ×3", "main"]);
    }
}
