//! `cargo xtest`: the test command. It prepares the real parts, builds what tests start, runs every test of the
//! workspace, and says which real parts ran. `cargo xtest faults` is the long form of the fault suite.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use ::tests::faults::{
    self, Plan, broken,
    outage::{self, Away},
};
use ::tests::parts;
use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "Examples:
  cargo xtest                                  all tests of the workspace
  cargo xtest -- -p kafka                      the tests of one crate
  cargo xtest -- --test kafka                  one test file
  cargo xtest -- resumes                       tests with this in their name
  cargo xtest -- --test kafka -- --nocapture   with arguments for the test program
  cargo xtest faults --minutes 30 --seed 7     everything dies at random for half an hour

The real parts (a Kafka broker; the Firestore emulator of an installed Google Cloud CLI) are kept in
${XDG_CACHE_HOME:-~/.cache}/issuetracker: only the first run fetches them. Nothing is skipped: a part that cannot be
had is an error.";

/// Runs all tests: unit, property and end-to-end, on real parts.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtest", after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Chosen>,
    /// Passed to `cargo test`; without a package among them, all packages are tested.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    /// Known reports while sidecars, consumer, Kafka, network, disks, clocks and the store fail at random; then what
    /// is stored is held against what was acknowledged, count by count.
    Faults(Faults),
}

const FAULTS: &str = "Examples:
  cargo xtest faults --minutes 30 --seed 7              the random suite; the seed fixes faults and load
  cargo xtest faults --away kafka --minutes 10 --release  one long outage under load
  cargo xtest faults --broken seen-dropped              a build without one rule: the suite must notice
  cargo xtest faults --broken all                       every such build, one after the other

A run ends with 0 if nothing was lost or counted twice; with --broken, if that was noticed.";

/// The fault suite.
#[derive(Debug, Args)]
#[command(after_help = FAULTS)]
struct Faults {
    /// How long reports are sent, or how long the part is away.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// Faults and load follow from it; by default a new one.
    #[arg(long)]
    seed: Option<u64>,
    /// One long outage instead of random faults.
    #[arg(long, value_enum)]
    away: Option<Part>,
    /// A build without one rule of delivery, and the faults that bring that to light; `all` for every one.
    #[arg(long, value_name = "NAME", conflicts_with = "away")]
    broken: Option<String>,
    /// With --broken: carry out the same faults on the sound build, which must pass.
    #[arg(long, requires = "broken")]
    control: bool,
    /// Test release builds.
    #[arg(long, conflicts_with = "broken")]
    release: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Kafka,
    Store,
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    if let Some(Chosen::Faults(faults)) = &arguments.command {
        return faults.run();
    }
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

impl Faults {
    fn run(&self) -> Result<ExitCode> {
        parts::kafka::ready()?;
        let mut build = vec!["build", "--quiet", "--workspace", "--bins"];
        build.extend(self.release.then_some("--release"));
        ensure!(cargo(&build, &[])?.success(), "the programs cannot be built");
        let programs = parts::target()?.join(if self.release { "release" } else { "debug" });
        let seed = self.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000);
        let time = Duration::from_secs_f64((self.minutes * 60.0).clamp(5.0, 24.0 * 3600.0));
        let good = match (&self.broken, self.away) {
            (Some(name), _) => self.broken(name, seed, &programs)?,
            (None, Some(part)) => {
                let away = match part {
                    Part::Kafka => Away::Kafka,
                    Part::Store => Away::Store,
                };
                let seen = outage::run(away, time, seed, &programs)?;
                eprintln!("{seen}");
                seen.outcome.wrong.is_empty() && seen.during.refused == 0 && seen.offsets_stood
            }
            (None, None) => random(Plan::random(seed, time, programs))?,
        };
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn broken(&self, name: &str, seed: u64, programs: &Path) -> Result<bool> {
        let chosen: Vec<&broken::Broken> =
            if name == "all" { broken::BROKEN.iter().collect() } else { vec![broken::named(name)?] };
        let mut good = true;
        for broken in chosen {
            let programs = if self.control { programs.to_owned() } else { broken.build()? };
            let outcome = faults::run(&broken.plan(seed, programs))?;
            let noticed = !outcome.wrong.is_empty();
            eprintln!("{outcome}");
            let verdict = if noticed { "noticed" } else { "not noticed" };
            eprintln!(
                "{}{}: {} ({verdict})",
                if self.control { "control of " } else { "" },
                broken.name,
                broken.says
            );
            good &= noticed != self.control;
        }
        Ok(good)
    }
}

/// Prints the schedule, carries it out, and prints what came of it.
fn random(plan: Plan) -> Result<bool> {
    eprintln!("seed {}, {:.0} s of load, {} faults", plan.seed, plan.load.as_secs_f64(), plan.faults.len());
    for planned in &plan.faults {
        eprintln!("{planned}");
    }
    let outcome = faults::run(&plan)?;
    eprintln!("{outcome}");
    Ok(outcome.wrong.is_empty())
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
