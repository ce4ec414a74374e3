//! `issuetracker`: local mode, the error reader on the command line, and a client of the tracker.

mod arguments;
mod client;
mod cluster;
mod config;
mod dead_letters;
mod dev;
mod issues;
mod normalize;
mod scan;
mod terminal;

use std::{env, ffi::OsString, io, path::Path, process::ExitCode};

use clap::{CommandFactory, Parser, error::ErrorKind};

use arguments::{Cli, Command};
use consumer::transfer::{TransferError, run_export, run_import};

#[expect(clippy::print_stderr, reason = "the last word of a command line program goes to stderr")]
fn main() -> ExitCode {
    let command = match Cli::try_parse_from(called(env::args_os().collect())) {
        Ok(cli) => cli.command,
        // Help and the version are asked for, on stdout.
        Err(told) if !told.use_stderr() => told.exit(),
        Err(error) if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => error.exit(),
        Err(error) => {
            eprintln!("issuetracker: {}", arguments::refusal(&error));
            return ExitCode::from(2);
        }
    };
    let outcome = match command {
        Command::Dev(arguments) => dev::run(&arguments),
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Normalize(arguments) => normalize::run(&arguments),
        Command::Issues(arguments) => issues::run(&arguments),
        Command::DeadLetters(arguments) => dead_letters::run(&arguments),
        Command::Export(arguments) => on_a_runtime(run_export(&arguments)),
        Command::Import(arguments) => on_a_runtime(run_import(&arguments)),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "issuetracker", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
        Command::Man => clap_mangen::Man::new(Cli::command())
            .render(&mut io::stdout())
            .map(|()| ExitCode::SUCCESS)
            .map_err(anyhow::Error::from),
        Command::After(arguments) => dev::after(&arguments),
        Command::Leash(arguments) => cluster::leash::run(&arguments),
        Command::Serve(arguments) => dev::serve_for_parent(&arguments),
    };
    match outcome {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("issuetracker: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The command line, written out where kubectl calls this program as its plugin: `kubectl issues` is `kubectl-issues`.
fn called(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let name = arguments.first().and_then(|path| Path::new(path).file_stem()?.to_str());
    if name.is_some_and(|name| name.replace('_', "-") == "kubectl-issues") {
        arguments.splice(..1, ["issuetracker", "issues", "--plugin"].map(OsString::from));
    }
    arguments
}

fn on_a_runtime(work: impl Future<Output = Result<ExitCode, TransferError>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    Ok(runtime.block_on(work)?)
}

/// Whoever read our output has seen enough: that is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
