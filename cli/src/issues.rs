//! `issuetracker issues …`: the tracker from a terminal.

mod rows;

use std::{io::Write, process::ExitCode};

use issue::{document::Issue, id::IssueId};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    arguments::{IssuesArguments, IssuesCommand, Output, StatusFilter},
    client::{Client, encode},
};

pub use rows::{Column, table};

/// Runs one command.
pub fn run(arguments: &IssuesArguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.asked)?;
    let output = arguments.asked.output;
    let mut out = std::io::stdout().lock();
    match &arguments.command {
        IssuesCommand::List { status, limit, text } => {
            list(&client, output, status, usize::from(*limit), text.as_deref(), &mut out)?;
        }
        IssuesCommand::Show { id } => show(&client, output, client.resolve_id(id)?, &mut out)?,
        IssuesCommand::Resolve { ids } => {
            change_all(&client, output, ids, &json!({ "status": "resolved" }), "resolved", &mut out)?;
        }
        IssuesCommand::Reopen { ids } => {
            change_all(&client, output, ids, &json!({ "status": "open" }), "open again", &mut out)?;
        }
        IssuesCommand::Assign { id, assignee } => {
            let done =
                assignee.as_ref().map_or("nobody has it now".to_owned(), |name| format!("given to {name}"));
            let ids = std::slice::from_ref(id);
            change_all(&client, output, ids, &json!({ "assignee_id": assignee }), &done, &mut out)?;
        }
        IssuesCommand::Comment { id, text, author } => {
            let id = client.resolve_id(id)?;
            let comment = client.comment(id, author, text)?;
            tell(output, &comment, &format!("commented on {}", client.page(id)), &mut out)?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn list(
    client: &Client,
    output: Output,
    status: &[StatusFilter],
    limit: usize,
    text: Option<&str>,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut query = String::new();
    if !status.contains(&StatusFilter::All) {
        status.iter().for_each(|status| query += &format!("&status={}", status_name(*status)));
    }
    if let Some(text) = text {
        query += &format!("&q={}", encode(text));
    }
    let mut raw = Vec::new();
    let mut issues: Vec<Issue> = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.list(&format!("limit={}{query}{cursor}", (limit - issues.len()).min(100)))?;
        raw.extend(page.raw);
        issues.extend(page.issues);
        match page.next_cursor {
            Some(next) if issues.len() < limit => cursor = format!("&cursor={}", encode(&next)),
            _ => break,
        }
    }
    match output {
        Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(&json!({ "issues": raw }))?)?,
        Output::Table if issues.is_empty() => writeln!(out, "no issues match")?,
        Output::Table => table(&Column::LIST, &issues).iter().try_for_each(|line| writeln!(out, "{line}"))?,
    }
    Ok(())
}

fn status_name(status: StatusFilter) -> &'static str {
    match status {
        StatusFilter::Open => "open",
        StatusFilter::InProgress => "in-progress",
        StatusFilter::Resolved => "resolved",
        StatusFilter::Closed => "closed",
        StatusFilter::All => "",
    }
}

fn show(client: &Client, output: Output, id: IssueId, out: &mut impl Write) -> anyhow::Result<()> {
    let raw: Value = client.get(&format!("/api/v1/issues/{id}"))?;
    let occurrences: Value = client.get(&format!("/api/v1/issues/{id}/occurrences"))?;
    let comments: Value = client.get(&format!("/api/v1/issues/{id}/comments"))?;
    match output {
        Output::Json => {
            let mut whole = raw;
            if let Some(fields) = whole.as_object_mut() {
                fields.extend(occurrences.as_object().cloned().unwrap_or_default());
                fields.extend(comments.as_object().cloned().unwrap_or_default());
            }
            writeln!(out, "{}", serde_json::to_string_pretty(&whole)?)?;
        }
        Output::Table => {
            rows::write_issue(out, &Issue::deserialize(&raw)?, &occurrences, &comments, &client.page(id))?
        }
    }
    Ok(())
}

fn change_all(
    client: &Client,
    output: Output,
    ids: &[String],
    changes: &Value,
    done: &str,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    for id in ids {
        let id = client.resolve_id(id)?;
        let changed = client.change(id, changes)?;
        tell(output, &changed, &format!("{done}: {}", client.page(id)), out)?;
    }
    Ok(())
}

/// Says what was done.
pub fn tell(output: Output, answer: &Value, sentence: &str, out: &mut impl Write) -> anyhow::Result<()> {
    match output {
        Output::Json => writeln!(out, "{}", serde_json::to_string_pretty(answer)?)?,
        Output::Table => writeln!(out, "{sentence}")?,
    }
    Ok(())
}
