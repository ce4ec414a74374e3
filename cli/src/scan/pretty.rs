//! A report for people: what, where, the stack with the application's own frames marked, then what caused it.

use std::io::{self, Write};

use issue::report::{Cause, Frame, Level, Relation, Report};

use crate::terminal::{coloured, harmless};

/// Frames shown of each stack.
const MAX_FRAMES: usize = 12;

/// SGR sequences of ECMA-48, or nothing where nobody sees colour.
struct Paint {
    bold: &'static str,
    dim: &'static str,
    level: &'static str,
    own: &'static str,
    off: &'static str,
}

impl Paint {
    fn of(level: Level) -> Self {
        if !coloured() {
            return Self { bold: "", dim: "", level: "", own: "", off: "" };
        }
        let level = match level {
            Level::Warning => "\x1b[1;33m",
            Level::Error => "\x1b[1;31m",
            Level::Fatal => "\x1b[1;37;41m",
        };
        Self { bold: "\x1b[1m", dim: "\x1b[2m", level, own: "\x1b[36m", off: "\x1b[0m" }
    }
}

/// Writes one report.
pub fn write(out: &mut impl Write, report: &Report, file: Option<&str>, lines: [u64; 2]) -> io::Result<()> {
    let paint = Paint::of(report.level);
    let level = match report.level {
        Level::Warning => "warning",
        Level::Error => "error",
        Level::Fatal => "fatal",
    };
    let place = match file {
        Some(file) => format!("{}:{}-{}", harmless(file, false), lines[0], lines[1]),
        None => format!("lines {}-{}", lines[0], lines[1]),
    };
    let Paint { bold, dim, off, .. } = paint;
    writeln!(
        out,
        "{}{level}{off} {bold}{}{off}  {dim}{place}{off}",
        paint.level,
        harmless(&report.title(), false)
    )?;
    for line in report.message.lines().skip(1) {
        writeln!(out, "      {}", harmless(line, false))?;
    }
    if let Some(log) = &report.log {
        writeln!(out, "  {dim}log{off}   {}", harmless(log, true).replace('\n', "\n        "))?;
    }
    frames(out, &report.frames, &paint)?;
    for cause in &report.causes {
        write_cause(out, cause, &paint)?;
    }
    let redacted: u32 = report.redacted.values().sum();
    if redacted > 0 {
        writeln!(out, "  {dim}{redacted} secrets redacted{off}")?;
    }
    writeln!(out, "  {dim}{}{off}\n", harmless(&report.fingerprint, false))
}

fn write_cause(out: &mut impl Write, cause: &Cause, paint: &Paint) -> io::Result<()> {
    let how = match cause.relation {
        None => "caused by",
        Some(Relation::Suppressed) => "suppressed",
        Some(Relation::Member) => "member",
    };
    let Paint { bold, dim, off, .. } = paint;
    let error_type = cause.error_type.as_deref().unwrap_or("error");
    let message = cause.message.lines().next().unwrap_or_default();
    let separator = if message.is_empty() { "" } else { ": " };
    writeln!(
        out,
        "  {dim}{how}{off} {bold}{}{off}{separator}{}",
        harmless(error_type, false),
        harmless(message, false)
    )?;
    frames(out, &cause.frames, paint)
}

fn frames(out: &mut impl Write, frames: &[Frame], paint: &Paint) -> io::Result<()> {
    for frame in frames.iter().take(MAX_FRAMES) {
        let (mark, colour) = if frame.in_app { ("▸", paint.own) } else { (" ", paint.dim) };
        let module = frame.module.as_ref().map(|module| format!("{module}.")).unwrap_or_default();
        let function = frame.function.as_deref().unwrap_or("(unknown)");
        let mut place = frame.file.clone().unwrap_or_default();
        for number in [frame.line, frame.column].into_iter().flatten() {
            place += &format!(":{number}");
        }
        writeln!(
            out,
            "  {colour}{mark} {}{}  {}{}",
            harmless(&module, false),
            harmless(function, false),
            harmless(&place, false),
            paint.off
        )?;
    }
    match frames.len().saturating_sub(MAX_FRAMES) {
        0 => Ok(()),
        more => writeln!(out, "  {}  … {more} more{}", paint.dim, paint.off),
    }
}
