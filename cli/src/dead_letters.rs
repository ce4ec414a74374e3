//! `issuetracker dead-letters …`: records that could not be processed, from a terminal.

use std::{io::Write, process::ExitCode};

use anyhow::bail;
use serde_json::{Value, json};

use crate::{
    arguments::{DeadLettersArguments, DeadLettersCommand, Output, Which},
    client::{Client, encode},
    issues::tell,
    terminal,
};

/// No list of letters that a person works off is longer; a bound for those that are.
const MOST: usize = 10_000;

/// Runs one command.
pub fn run(arguments: &DeadLettersArguments) -> anyhow::Result<ExitCode> {
    let client = Client::of(&arguments.asked)?;
    let output = arguments.asked.output;
    let mut out = std::io::stdout().lock();
    let code = match &arguments.command {
        DeadLettersCommand::List { all, limit } => {
            list(&client, output, *all, usize::from(*limit), &mut out)?;
            ExitCode::SUCCESS
        }
        DeadLettersCommand::Show { id } => {
            show(&client, output, &whole_id(&client, id)?, &mut out)?;
            ExitCode::SUCCESS
        }
        DeadLettersCommand::Replay(which) => deal(&client, output, which, "replay", &mut out)?,
        DeadLettersCommand::Discard(which) => deal(&client, output, which, "discard", &mut out)?,
    };
    out.flush()?;
    Ok(code)
}

/// At most so many letters, over as many pages as that takes.
fn letters(client: &Client, all: bool, limit: usize) -> anyhow::Result<Vec<Value>> {
    let state = if all { "all" } else { "waiting" };
    let mut letters = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = (limit - letters.len()).min(100);
        let answer: Value =
            client.get(&format!("/api/v1/dead-letters?state={state}&limit={page}{cursor}"))?;
        letters.extend(answer["dead_letters"].as_array().cloned().unwrap_or_default());
        match answer["next_cursor"].as_str() {
            Some(next) if letters.len() < limit => cursor = format!("&cursor={}", encode(next)),
            _ => return Ok(letters),
        }
    }
}

/// The id that a person means: a whole one, or the beginning of one of the letters.
fn whole_id(client: &Client, text: &str) -> anyhow::Result<String> {
    let ids = letters(client, true, MOST)?.iter().map(|letter| word(letter, "id")).collect::<Vec<_>>();
    match ids.iter().filter(|id| means(text, id)).collect::<Vec<_>>().as_slice() {
        [id] => Ok((*id).clone()),
        [] => {
            bail!("no dead letter's id begins with {text}: `issuetracker dead-letters list --all` lists them")
        }
        several => bail!("{} dead letters' ids begin with {text}: give more of it", several.len()),
    }
}

/// Whole, up to a dash, or four characters and more.
fn means(text: &str, id: &str) -> bool {
    match id.strip_prefix(text) {
        Some("") => true,
        Some(rest) => rest.starts_with('-') || (text.len() >= 4 && !text.contains('-')),
        None => false,
    }
}

fn list(
    client: &Client,
    output: Output,
    all: bool,
    limit: usize,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let letters = letters(client, all, limit)?;
    match output.document(&json!({ "dead_letters": letters }))? {
        Some(document) => writeln!(out, "{document}")?,
        None if letters.is_empty() => writeln!(out, "no dead letters")?,
        None => table(&letters).iter().try_for_each(|line| writeln!(out, "{line}"))?,
    }
    Ok(())
}

/// Heads and cells; only the last column is cut to the line.
fn table(letters: &[Value]) -> Vec<String> {
    let cell = |letter: &Value, column: usize| match column {
        0 => short(&word(letter, "id")),
        1 => word(letter, "state"),
        2 => word(letter, "reason"),
        3 => word(letter, "received_at").chars().take(19).collect(),
        _ => word(letter, "detail"),
    };
    let heads = ["ID", "STATE", "REASON", "RECEIVED", "DETAIL"];
    let mut rows: Vec<Vec<String>> = vec![heads.map(str::to_owned).to_vec()];
    rows.extend(letters.iter().map(|letter| (0..heads.len()).map(|column| cell(letter, column)).collect()));
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len() - 1).map(widest).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let cell = terminal::harmless(cell, false);
            match widths.get(column) {
                Some(width) => line += &format!("{cell:width$}  "),
                None => {
                    let left = terminal::width().saturating_sub(line.chars().count()).max(20);
                    line += &terminal::cut(&cell, left);
                }
            }
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// What is enough to name it: partition and offset, or the first characters of a UUID.
fn short(id: &str) -> String {
    let mut parts = id.splitn(3, '-');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(partition), Some(offset), Some(_)) if partition.len() < 8 => format!("{partition}-{offset}"),
        _ => id.chars().take(8).collect(),
    }
}

fn show(client: &Client, output: Output, id: &str, out: &mut impl Write) -> anyhow::Result<()> {
    let letter: Value = client.get(&format!("/api/v1/dead-letters/{id}"))?;
    if let Some(document) = output.document(&letter)? {
        writeln!(out, "{document}")?;
        return Ok(());
    }
    let names = [
        "id",
        "state",
        "reason",
        "detail",
        "at",
        "received_at",
        "partition",
        "offset",
        "key",
        "bytes",
        "done_at",
        "done_by",
        "outcome",
        "issue_id",
    ];
    for (name, value) in names.map(|name| (name, word(&letter, name))) {
        if !value.is_empty() {
            writeln!(out, "{:>11}  {}", name.replace('_', " "), terminal::harmless(&value, false))?;
        }
    }
    writeln!(out, "\n{}", terminal::harmless(word(&letter, "payload").trim_end(), true))?;
    Ok(())
}

/// Deals with each; one that cannot be dealt with does not keep the others from it, and is told by the exit code.
fn deal(
    client: &Client,
    output: Output,
    which: &Which,
    act: &str,
    out: &mut impl Write,
) -> anyhow::Result<ExitCode> {
    let ids: Vec<String> = if which.all {
        let wanted =
            |letter: &&Value| which.reason.as_ref().is_none_or(|reason| word(letter, "reason") == *reason);
        letters(client, false, MOST)?.iter().filter(wanted).map(|letter| word(letter, "id")).collect()
    } else {
        which.ids.iter().map(|id| whole_id(client, id)).collect::<Result<_, _>>()?
    };
    let mut code = ExitCode::SUCCESS;
    for id in ids {
        match client.post::<Value>(&format!("/api/v1/dead-letters/{id}/{act}"), &json!({})) {
            Ok(done) => tell(output, &done, &sentence(&id, &done), out)?,
            Err(error) => {
                writeln!(out, "{}: {}", short(&id), terminal::harmless(&format!("{error:#}"), false))?;
                code = ExitCode::from(1);
            }
        }
    }
    Ok(code)
}

fn sentence(id: &str, done: &Value) -> String {
    let told = match word(done, "outcome").as_str() {
        "stored" => " and made an issue",
        "repeat" => " and was counted",
        "duplicate" => ": it had been counted before",
        _ => "",
    };
    let issue = match word(done, "issue_id") {
        issue if issue.is_empty() => issue,
        issue => format!(" (issue {issue})"),
    };
    format!("{}: {}{told}{issue}", short(id), word(done, "state"))
}

fn word(value: &Value, name: &str) -> String {
    match &value[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_is_named_by_its_id_or_the_beginning_of_it() {
        let (kafka, local) = ("0-17-AbC_d", "6f1d2c0e-5b7a-4d53-9e0a-1c7f8a42b6d1");
        for (text, id, expect) in [
            ("0-17-AbC_d", kafka, true),
            ("0-17", kafka, true),
            ("0-1", kafka, false),
            ("0", kafka, true),
            ("6f1d", local, true),
            ("6f1", local, false),
            ("6f1d2c0e", local, true),
            ("7", local, false),
        ] {
            assert_eq!(means(text, id), expect, "{text} {id}");
        }
        assert_eq!((short(kafka), short(local)), ("0-17".to_owned(), "6f1d2c0e".to_owned()));
    }

    #[test]
    fn a_table_keeps_hostile_text_harmless() {
        let letter =
            json!({"id": "0-1-x", "state": "waiting", "reason": "malformed", "detail": "a\u{1b}[31mb"});
        let table = table(&[letter]);
        assert_eq!(table.len(), 2);
        assert!(
            table[1].starts_with("0-1  waiting  malformed") && !table[1].contains('\u{1b}'),
            "{}",
            table[1]
        );
    }
}
