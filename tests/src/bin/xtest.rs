//! `cargo xtest`: the test command. It prepares the real parts, builds what tests start, runs every test of the
//! workspace, and says which real parts ran.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use ::tests::parts;
use anyhow::{Context, Result};
use clap::Parser;

const EXAMPLES: &str = "Examples:
  cargo xtest                                  all tests of the workspace
  cargo xtest -- -p kafka                      the tests of one crate
  cargo xtest -- --test kafka                  one test file
  cargo xtest -- resumes                       tests with this in their name
  cargo xtest -- --test kafka -- --nocapture   with arguments for the test program

The real parts (a Kafka broker; the Firestore emulator of an installed Google Cloud CLI) are kept in
${XDG_CACHE_HOME:-~/.cache}/issuetracker: only the first run fetches them. Nothing is skipped: a part that cannot be
had is an error.";

/// Runs all tests: unit, property and end-to-end, on real parts.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtest", after_help = EXAMPLES)]
struct Arguments {
    /// Passed to `cargo test`; without a package among them, all packages are tested.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<OsString>,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let began = Instant::now();
    parts::need(parts::RUNTIMES)?;
    parts::kafka::ready()?;
    parts::firestore::ready()?;
    let prepared = began.elapsed();
    let report = parts::report()?;
    forget(&report)?;
    parts::say("building the programs that tests start");
    let status = cargo(&["build", "--workspace", "--bins"], &[])?;
    if !status.success() {
        return Ok(code(status));
    }
    let built = began.elapsed();
    let status = cargo(&test(&arguments.cargo), &arguments.cargo)?;
    summary(&report, &[("parts", prepared), ("build", built), ("total", began.elapsed())], status)?;
    Ok(code(status))
}

/// The fixed part of the test command. A test that fails does not keep the others from running.
fn test(chosen: &[OsString]) -> Vec<&'static str> {
    let options: Vec<_> = chosen.iter().map(|option| option.to_string_lossy()).collect();
    let given = |option: &str| {
        options.iter().take_while(|other| *other != "--").any(|other| other.starts_with(option))
    };
    let mut command = vec!["test"];
    if !given("--no-fail-fast") {
        command.push("--no-fail-fast");
    }
    if !given("-p") && !given("--package") && !given("--workspace") {
        command.push("--workspace");
    }
    command
}

#[expect(clippy::disallowed_methods, reason = "cargo tells its commands where it is")]
fn cargo(command: &[&str], arguments: &[OsString]) -> Result<ExitStatus> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    Command::new(cargo).args(command).args(arguments).status().context("running cargo")
}

/// A test that was killed has no exit code of its own.
fn code(status: ExitStatus) -> ExitCode {
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => ExitCode::from(code),
        None => ExitCode::FAILURE,
    }
}

fn forget(report: &Path) -> Result<()> {
    match std::fs::remove_file(report) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("removing {}", report.display()))
        }
        _ => Ok(()),
    }
}

fn summary(report: &Path, times: &[(&str, Duration)], status: ExitStatus) -> Result<()> {
    let ran = match std::fs::read_to_string(report) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("reading {}", report.display()))?,
    };
    let mut parts = BTreeMap::new();
    for part in ran.lines() {
        *parts.entry(part).or_insert(0) += 1;
    }
    eprintln!("\nreal parts that ran:");
    for (part, times) in &parts {
        eprintln!("  {part} (started {times} {})", if *times == 1 { "time" } else { "times" });
    }
    if parts.is_empty() {
        eprintln!("  none: no test that was chosen needs one");
    }
    let times = times.iter().map(|(what, time)| format!("{what} {:.0} s", time.as_secs_f64()));
    eprintln!("time: {}", times.collect::<Vec<_>>().join(", "));
    eprintln!("result: {}", if status.success() { "all passed" } else { "FAILED" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_packages_are_tested_unless_some_are_chosen() {
        for (chosen, expect) in [
            ("", "test --no-fail-fast --workspace"),
            ("resumes", "test --no-fail-fast --workspace"),
            ("-p kafka", "test --no-fail-fast"),
            ("--package=kafka", "test --no-fail-fast"),
            ("--no-fail-fast --test kafka", "test --workspace"),
            ("-- -p", "test --no-fail-fast --workspace"),
        ] {
            let chosen: Vec<OsString> = chosen.split_whitespace().map(OsString::from).collect();
            assert_eq!(test(&chosen).join(" "), expect, "{chosen:?}");
        }
    }
}
