//! The short table after a run: what was found, how often, where, and the link.

use anyhow::Context;
use issue::document::Issue;
use serde_json::json;

use super::{instance::Attached, runs::Found};
use crate::{
    client::Client,
    issues::{Column, table},
};

/// Most rows; the page shows the rest.
const MAX_ROWS: usize = 10;

/// Waits until everything that a run reported is stored, then tells what it was.
pub fn of_run(attached: &Attached, run: u64, name: &str) -> anyhow::Result<String> {
    let client = Client::new(attached.url())?;
    let found: Found = client
        .post(&format!("/api/v1/dev/runs/{run}/end"), &json!({}))
        .context("what the program reported may not be on the page yet")?;
    let mut text = tell(&client, name, &found.issues);
    if found.gap_bytes > 0 {
        text += &format!(
            "issuetracker: {} bytes of stderr were written faster than they could be read, and were not looked at\n",
            found.gap_bytes
        );
    }
    Ok(text)
}

fn tell(client: &Client, name: &str, found: &[Issue]) -> String {
    if found.is_empty() {
        return format!("issuetracker: {name} reported no errors\n");
    }
    let plural = |n: u64, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
    let reports = plural(found.iter().map(|issue| issue.count).sum(), "error");
    let issues = plural(u64::try_from(found.len()).unwrap_or(u64::MAX), "issue");
    let shown = found.get(..MAX_ROWS).unwrap_or(found);
    let lines = table(&Column::SUMMARY, shown);
    let mut text = format!("\nissuetracker: {name} reported {reports} in {issues}\n\n");
    let links = shown.iter().map(|issue| format!("       {}\n", client.page(issue.id)));
    for (line, link) in lines.iter().zip(std::iter::once(String::new()).chain(links)) {
        text += &format!("{line}\n{link}");
    }
    if found.len() > MAX_ROWS {
        text += &format!("       … and {} more at {}\n", found.len() - MAX_ROWS, client.page_of_all());
    }
    text
}
