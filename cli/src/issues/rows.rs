//! Issues on a terminal: a table of many, a page of one.

use std::io::{self, Write};

use issue::document::Issue;
use jiff::{Timestamp, Unit};
use serde_json::Value;

use crate::terminal;

/// One column of a table of issues.
pub struct Column {
    head: &'static str,
    /// Widest that it becomes; the one column with 0 takes what is left of the line.
    max: usize,
    right: bool,
    cell: fn(&Issue) -> String,
}

impl Column {
    /// The columns of `issues list`.
    pub const LIST: [Self; 6] = [
        Self { head: "ID", max: 8, right: false, cell: |i| short_id(i) },
        Self { head: "COUNT", max: 8, right: true, cell: |i| i.count.to_string() },
        Self { head: "LAST SEEN", max: 12, right: false, cell: |i| ago(i.last_seen.unwrap_or(i.updated_at)) },
        Self { head: "STATUS", max: 11, right: false, cell: |i| word(&i.status) },
        Self { head: "ISSUE", max: 0, right: false, cell: |i| i.title.clone() },
        Self { head: "WHERE", max: 36, right: false, cell: culprit },
    ];

    /// The columns of `issues list --output wide`.
    pub const WIDE: [Self; 10] = [
        Self { head: "ID", max: 36, right: false, cell: |i| i.id.to_string() },
        Self { head: "COUNT", max: 8, right: true, cell: |i| i.count.to_string() },
        Self { head: "LAST SEEN", max: 12, right: false, cell: |i| ago(i.last_seen.unwrap_or(i.updated_at)) },
        Self {
            head: "FIRST SEEN",
            max: 12,
            right: false,
            cell: |i| ago(i.first_seen.unwrap_or(i.created_at)),
        },
        Self { head: "STATUS", max: 11, right: false, cell: |i| word(&i.status) },
        Self { head: "PRIORITY", max: 8, right: false, cell: |i| word(&i.priority) },
        Self { head: "ASSIGNEE", max: 24, right: false, cell: |i| i.assignee_id.clone().unwrap_or_default() },
        Self { head: "RELEASE", max: 20, right: false, cell: |i| i.last_release.clone().unwrap_or_default() },
        Self { head: "WHERE", max: 48, right: false, cell: culprit },
        Self { head: "ISSUE", max: 0, right: false, cell: |i| i.title.clone() },
    ];

    /// The columns of the summary after a run; the caller sets the counts to those of the run.
    pub const SUMMARY: [Self; 4] = [
        Self { head: "COUNT", max: 8, right: true, cell: |i| i.count.to_string() },
        Self { head: "TYPE", max: 40, right: false, cell: error_type },
        Self {
            head: "MESSAGE",
            max: 0,
            right: false,
            cell: |i| i.description.lines().next().unwrap_or_default().to_owned(),
        },
        Self { head: "WHERE", max: 36, right: false, cell: culprit },
    ];
}

fn culprit(issue: &Issue) -> String {
    issue.reported.as_ref().and_then(|r| r.culprit.clone()).or(issue.component.clone()).unwrap_or_default()
}

fn error_type(issue: &Issue) -> String {
    let reported = issue.reported.as_ref();
    reported
        .and_then(|r| r.error_type.clone())
        .unwrap_or_else(|| reported.map(|r| word(&r.kind)).unwrap_or_default())
}

fn short_id(issue: &Issue) -> String {
    issue.id.to_string().chars().take(8).collect()
}

/// The JSON word of an enum.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// `3 min ago`.
pub fn ago(then: Timestamp) -> String {
    let seconds = Timestamp::now().since(then).and_then(|span| span.total(Unit::Second)).unwrap_or_default();
    match seconds {
        s if s < 1.0 => "now".to_owned(),
        s if s < 90.0 => format!("{s:.0} s ago"),
        s if s < 5_400.0 => format!("{:.0} min ago", s / 60.0),
        s if s < 129_600.0 => format!("{:.0} h ago", s / 3_600.0),
        s => format!("{:.0} d ago", s / 86_400.0),
    }
}

/// The lines of a table as wide as the terminal, the heads first.
pub fn table(columns: &[Column], issues: &[Issue]) -> Vec<String> {
    table_of_width(columns, issues, terminal::width())
}

fn table_of_width(columns: &[Column], issues: &[Issue], width: usize) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        issues.iter().map(|issue| columns.iter().map(|c| (c.cell)(issue)).collect()).collect();
    let widths = widths(columns, &rows, width);
    let heads = columns.iter().map(|column| column.head.to_owned()).collect();
    std::iter::once(&heads).chain(&rows).map(|row| line(columns, row, &widths)).collect()
}

fn line(columns: &[Column], row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for ((cell, column), width) in row.iter().zip(columns).zip(widths) {
        let cell = terminal::cut(cell, *width);
        let padding = " ".repeat(width.saturating_sub(cell.chars().count()));
        line += &if column.right { format!("{padding}{cell}  ") } else { format!("{cell}{padding}  ") };
    }
    line.trim_end().to_owned()
}

/// Each column as wide as its widest cell, up to its bound; the open one gets the rest, but never less than 20.
fn widths(columns: &[Column], rows: &[Vec<String>], total: usize) -> Vec<usize> {
    let widest = |index: usize, column: &Column| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
        cells.chain([column.head.len()]).max().unwrap_or_default()
    };
    let mut widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            widest(index, column).min(if column.max == 0 { usize::MAX } else { column.max })
        })
        .collect();
    let fixed: usize = columns.iter().zip(&widths).filter(|(c, _)| c.max != 0).map(|(_, w)| w + 2).sum();
    for (column, width) in columns.iter().zip(&mut widths).filter(|(column, _)| column.max == 0) {
        *width = (*width).min(total.saturating_sub(fixed).max(20)).max(column.head.len());
    }
    widths
}

/// One issue for a stream of them.
pub fn one_line(issue: &Issue) -> String {
    let (at, title) = (issue.last_seen.unwrap_or(issue.updated_at), terminal::harmless(&issue.title, false));
    let place = culprit(issue);
    format!(
        "{}  {}  {:>6}×  {title}  {}",
        at.strftime("%H:%M:%S"),
        short_id(issue),
        issue.count,
        terminal::harmless(&place, false)
    )
    .trim_end()
    .to_owned()
}

/// Writes one issue whole.
pub fn write_issue(
    out: &mut impl Write,
    issue: &Issue,
    occurrences: &Value,
    comments: &Value,
    page: &str,
) -> io::Result<()> {
    writeln!(out, "{}\n", terminal::harmless(&issue.title, false))?;
    let facts = [
        ("id", issue.id.to_string()),
        ("status", word(&issue.status)),
        ("priority", word(&issue.priority)),
        ("assignee", issue.assignee_id.clone().unwrap_or_else(|| "nobody".to_owned())),
        ("count", issue.count.to_string()),
        ("first seen", issue.first_seen.map(|at| format!("{at:.0} ({})", ago(at))).unwrap_or_default()),
        ("last seen", issue.last_seen.map(|at| format!("{at:.0} ({})", ago(at))).unwrap_or_default()),
        ("where", culprit(issue)),
        ("component", issue.component.clone().unwrap_or_default()),
        ("page", page.to_owned()),
    ];
    for (name, value) in facts.iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "{name:>11}  {}", terminal::harmless(value, false))?;
    }
    let text = occurrences["occurrences"]
        .as_array()
        .and_then(|all| all.iter().find_map(|one| one["report"]["text"].as_str()))
        .unwrap_or(&issue.description);
    writeln!(out, "\n{}", terminal::harmless(text.trim_end(), true))?;
    for comment in comments["comments"].as_array().into_iter().flatten() {
        let field =
            |name: &str| terminal::harmless(comment[name].as_str().unwrap_or_default(), true).into_owned();
        writeln!(
            out,
            "\n{} · {}\n  {}",
            field("authorId"),
            field("createdAt"),
            field("content").replace('\n', "\n  ")
        )?;
    }
    Ok(())
}
