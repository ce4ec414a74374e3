//! An issue as Markdown, to be copied into a chat or a ticket.

use std::fmt::Write as _;

use issue::{
    document::{Issue, Occurrence},
    report::{Frame, Report},
};

use crate::ui::{number, vocabulary};

/// Calls of the stack that are told.
const CALLS: usize = 12;

/// Title, figures and the innermost calls.
pub fn of(issue: &Issue, occurrence: Option<&Occurrence>) -> String {
    let mut text = format!("### {}\n\n", issue.title);
    for (name, value) in figures(issue) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            line(&mut text, format_args!("- {name}: {value}"));
        }
    }
    if let Some(report) = occurrence.and_then(|occurrence| occurrence.report.as_ref()) {
        stack(&mut text, report);
    }
    text
}

fn figures(issue: &Issue) -> [(&'static str, Option<String>); 7] {
    let time = |at: Option<jiff::Timestamp>| at.map(|at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    [
        ("Status", Some(vocabulary::status(issue.status).label.to_owned())),
        ("Reports", Some(number::exact(issue.count))),
        ("First seen", time(issue.first_seen)),
        ("Last seen", time(issue.last_seen)),
        ("Release", issue.last_release.clone()),
        ("Location", issue.reported.as_ref().and_then(|reported| reported.culprit.clone())),
        ("Issue", Some(issue.id.to_string())),
    ]
}

fn stack(text: &mut String, report: &Report) {
    text.push_str("\n```\n");
    line(text, format_args!("{}: {}", report.error_type.as_deref().unwrap_or("error"), report.message));
    calls(text, &report.frames);
    for cause in report.causes.iter().take(3) {
        let error_type = cause.error_type.as_deref().unwrap_or("error");
        line(text, format_args!("Caused by {error_type}: {}", cause.message));
    }
    text.push_str("```\n");
}

fn calls(text: &mut String, frames: &[Frame]) {
    for frame in frames.iter().take(CALLS) {
        let module = frame.module.as_deref().map(|module| format!("{module}.")).unwrap_or_default();
        let function = frame.function.as_deref().unwrap_or("?");
        let file = frame.file.as_deref().unwrap_or("?");
        let row = frame.line.map(|row| format!(":{row}")).unwrap_or_default();
        line(text, format_args!("  {module}{function} ({file}{row})"));
    }
    if let Some(more) = frames.len().checked_sub(CALLS).filter(|more| *more > 0) {
        line(text, format_args!("  … {more} more"));
    }
}

/// Writing to a `String` cannot fail.
fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    if text.write_fmt(arguments).is_ok() {
        text.push('\n');
    }
}
