//! `issuetracker dev`: the whole path on one machine, nothing to install.
//!
//! The process that the user starts *is* the shim: it runs the program, so signals, terminal and exit code need no
//! second relay. Sidecar, tracker service and store live together in one server process beside it, which a further `dev`
//! on the same data folder joins. The server ends with the process that started it.
//!
//! That process goes through three stages, each becoming the next: [`run`] finds or starts the server, the shim runs the
//! program, and [`after`] tells what was found.

mod instance;
mod notice;
mod program;
mod runs;
mod sample;
mod server;
mod service;
mod shop;
mod summary;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;
use serde::Deserialize;
use serde_json::json;

use crate::{arguments::DevArguments, client::Client, config};
use instance::Attached;
use notice::Notice;
use program::Program;

/// What the last stage is told by the first.
#[derive(Args)]
pub struct AfterArguments {
    /// The program's exit code.
    #[arg(long)]
    code: u8,
    /// Where the server is.
    #[arg(long)]
    url: String,
    /// The server's number for the run.
    #[arg(long)]
    run: u64,
    /// The program's name.
    #[arg(long)]
    name: String,
    /// The server's process, if it is ours to end.
    #[arg(long)]
    server: Option<u32>,
    /// As given to `dev`.
    #[arg(long)]
    exit: bool,
}

/// The first stage. Returns only when there is no program to run.
pub fn run(arguments: &DevArguments) -> anyhow::Result<ExitCode> {
    let data_dir = data_dir(arguments)?;
    let Some(program) = Program::new(&arguments.command) else {
        return server::serve_in_foreground(arguments, &data_dir);
    };
    let own = std::env::current_exe().context("cannot find the own program file")?;
    let attached = Attached::join_or_start(arguments, &data_dir, &own)?;
    let run = begin(&attached, &program)?;
    Notice::new(arguments.exit).say(&format!(
        "issuetracker: errors of {} appear at {}",
        program.name(),
        attached.url()
    ));

    let shim = program.under_shim(&data_dir, attached.url());
    shim::run_then(&shim, |code| {
        let mut next: Vec<OsString> = vec![own.into(), "dev-after".into()];
        let mut tell = |flag: &str, value: String| next.extend([flag.into(), value.into()]);
        tell("--code", code.to_string());
        tell("--url", attached.url().to_owned());
        tell("--run", run.to_string());
        tell("--name", program.name().to_owned());
        if let Some(server) = attached.server() {
            tell("--server", server.to_string());
        }
        if arguments.exit {
            next.push("--exit".into());
        }
        next
    })
}

/// The last stage: waits until what was reported is stored, tells it, serves on until somebody ends it.
pub fn after(arguments: &AfterArguments) -> anyhow::Result<ExitCode> {
    let notice = Notice::new(arguments.exit);
    let attached = Attached::again(&arguments.url, arguments.server);
    match summary::of_run(&attached, arguments.run, &arguments.name) {
        Ok(table) => notice.say(&table),
        Err(error) => notice.say(&format!("issuetracker: {error:#}")),
    }
    if !arguments.exit && attached.server().is_some() {
        notice.say(&format!("issuetracker: still serving {} – Ctrl-C ends it", attached.url()));
        attached.wait_for_interrupt()?;
    }
    attached.leave();
    Ok(ExitCode::from(arguments.code))
}

/// The server process: says on stdout where it listens, serves until its parent ends or asks it to.
pub fn serve_for_parent(arguments: &DevArguments) -> anyhow::Result<ExitCode> {
    server::serve_for_parent(arguments, &data_dir(arguments)?)
}

fn begin(attached: &Attached, program: &Program) -> anyhow::Result<u64> {
    #[derive(Deserialize)]
    struct Begun {
        run: u64,
    }
    let client = Client::new(attached.url())?;
    let begun: Begun = client.post("/api/v1/dev/runs", &json!({ "component": program.name() }))?;
    Ok(begun.run)
}

fn data_dir(arguments: &DevArguments) -> anyhow::Result<PathBuf> {
    let dir = arguments.data_dir.clone().map_or_else(config::default_data_dir, Ok)?;
    std::path::absolute(&dir).with_context(|| format!("cannot tell where {} is", dir.display()))
}
