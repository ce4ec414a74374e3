//! `issuetracker-operator`: will turn an `IssueTracker` resource into topics, Deployments and injected pods.
//!
//! It does not do so yet. It says that, and how to get along without it, instead of pretending to run.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Runs issue tracking in a cluster from `IssueTracker` resources (not there yet).
#[derive(Parser)]
#[command(name = "issuetracker-operator", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Watch the resources and reconcile them.
    Run,
    /// Print the custom resource definition.
    Crd,
}

#[expect(clippy::print_stderr, reason = "the one sentence that this program has to say")]
fn main() -> ExitCode {
    let name = match Cli::parse().command {
        Some(Command::Crd) => "crd",
        Some(Command::Run) | None => "run",
    };
    eprintln!(
        "issuetracker-operator: `{name}` is not there yet in version {}. Until then run issuetracker-sidecar and \
         issuetracker-consumer yourself, or `issuetracker dev -- your-program` on one machine.",
        env!("CARGO_PKG_VERSION")
    );
    ExitCode::from(69) // EX_UNAVAILABLE of sysexits.h
}
