//! `issuetracker issues …`: the tracker from a terminal.

mod rows;

use std::{
    io::{BufRead as _, Write},
    process::ExitCode,
    time::Duration,
};

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
    let usual = IssuesCommand::List { status: vec![StatusFilter::Open], limit: 25, text: None };
    match arguments.command.as_ref().unwrap_or(&usual) {
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
        IssuesCommand::Tail => tail(&client, output, &mut out)?,
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
    match output.document(&json!({ "issues": raw }))? {
        Some(document) => writeln!(out, "{document}")?,
        None if issues.is_empty() => writeln!(out, "no issues match")?,
        None => {
            let columns: &[Column] = if output == Output::Wide { &Column::WIDE } else { &Column::LIST };
            table(columns, &issues).iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
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
    let mut whole = raw.clone();
    if let Some(fields) = whole.as_object_mut() {
        fields.extend(occurrences.as_object().cloned().unwrap_or_default());
        fields.extend(comments.as_object().cloned().unwrap_or_default());
    }
    match output.document(&whole)? {
        Some(document) => writeln!(out, "{document}")?,
        None => {
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
    match output.document(answer)? {
        Some(document) => writeln!(out, "{document}")?,
        None => writeln!(out, "{sentence}")?,
    }
    Ok(())
}

/// Prints issues as they get reports. A stream that ends, as it does when the tracker is updated, is asked for again; a
/// tracker that does not answer ends it.
#[expect(
    clippy::disallowed_methods,
    reason = "the pause before a stream is asked for again is what it is for"
)]
fn tail(client: &Client, output: Output, out: &mut impl Write) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct Beat {
        new: Vec<IssueId>,
        changed: Vec<IssueId>,
    }
    loop {
        for line in client.listen()?.lines() {
            // One that broke off has ended, too.
            let Ok(line) = line else { break };
            let beat =
                line.strip_prefix("data:").and_then(|data| serde_json::from_str::<Beat>(data.trim()).ok());
            for id in beat.iter().flat_map(|beat| beat.new.iter().chain(&beat.changed)) {
                let raw: Value = client.get(&format!("/api/v1/issues/{id}"))?;
                match output {
                    Output::Json => writeln!(out, "{raw}")?,
                    Output::Yaml => writeln!(out, "---\n{}", serde_yaml::to_string(&raw)?.trim_end())?,
                    Output::Table | Output::Wide => {
                        writeln!(out, "{}", rows::one_line(&Issue::deserialize(&raw)?))?
                    }
                }
            }
            out.flush()?;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
}
