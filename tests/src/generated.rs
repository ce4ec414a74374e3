//! Files that programs write: made by `cargo xgen`, and compared with what lies in the tree by a test.

use std::{path::PathBuf, process::Command};

use anyhow::{Context, Result};

use crate::programs::binary;

/// The commands whose help is documented, as words after the program's name.
const COMMANDS: &[&[&str]] = &[
    &[],
    &["dev"],
    &["scan"],
    &["normalize"],
    &["issues"],
    &["issues", "list"],
    &["issues", "show"],
    &["issues", "resolve"],
    &["issues", "reopen"],
    &["issues", "assign"],
    &["issues", "comment"],
    &["issues", "tail"],
    &["dead-letters"],
    &["dead-letters", "list"],
    &["dead-letters", "show"],
    &["dead-letters", "replay"],
    &["dead-letters", "discard"],
    &["export"],
    &["import"],
];

/// Every generated file: its path in the tree and its text.
pub fn files() -> Result<Vec<(PathBuf, String)>> {
    Ok(vec![
        (root().join("docs/cli.md"), commands()?),
        (root().join("firestore.indexes.json"), consumer::store::firestore::indexes::file()),
    ])
}

/// The help of every command, as the program prints it.
fn commands() -> Result<String> {
    let mut text = String::from("# Commands\n\nMade by `cargo xgen` from the programs' own help.\n");
    for words in COMMANDS {
        // Without our environment: help shows the values of variables.
        let output = Command::new(binary("issuetracker")).args(*words).arg("--help").env_clear().output();
        let output = output.context("asking issuetracker for its help")?;
        let name = [&["issuetracker"], *words].concat().join(" ");
        let help = String::from_utf8(output.stdout).context("help is text")?;
        let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
        text += &format!("\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
    }
    Ok(text)
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
