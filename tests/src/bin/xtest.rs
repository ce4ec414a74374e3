//! `cargo xtest`: the test command. It prepares the real parts, builds what tests start, runs every test of the
//! workspace, and says which real parts ran. `cargo xtest faults` is the long form of the fault suite.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

use ::tests::cluster::{self, Cluster};
use ::tests::faults::{
    self, Plan, broken,
    outage::{self, Away},
    store::Kind,
};
use ::tests::{images, lanes, parts, parts::process::Process};
use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "Examples:
  cargo xtest                                  all tests of the workspace
  cargo xtest -- -p kafka                      the tests of one crate
  cargo xtest -- --test kafka                  one test file
  cargo xtest -- resumes                       tests with this in their name
  cargo xtest -- --test kafka -- --nocapture   with arguments for the test program
  cargo xtest --cluster none                   without those that need a Kubernetes, and so root
  cargo xtest --cluster existing -- --test cluster  those alone, on the cluster of your kubeconfig
  cargo xtest faults --minutes 30 --seed 7     everything dies at random for half an hour
  cargo xtest cluster up                       a Kubernetes on this machine, for tests and for trying things
  cargo xtest images --output DIR              the container images, without a container engine

The real parts (a Kafka broker; a Kubernetes; the Firestore emulator of an installed Google Cloud CLI) are kept in
${XDG_CACHE_HOME:-~/.cache}/issuetracker: only the first run fetches and builds them. Nothing is skipped silently: a
part that cannot be had is an error, and tests that were left out are named at the end.";

/// Test files that need a cluster: run by this command and not by `cargo test` alone.
const ON_CLUSTER: &[&str] = &["cluster"];

/// Runs all tests: unit, property and end-to-end, on real parts.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtest", after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Chosen>,
    /// The Kubernetes for the tests that need one.
    #[arg(long, value_enum, default_value_t = Choice::Own)]
    cluster: Choice,
    /// Passed to `cargo test`; without a package among them, all packages are tested.
    #[arg(last = true, value_name = "ARGUMENTS")]
    cargo: Vec<OsString>,
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
    /// Where issues are kept. The emulator of Firestore has no disk: it is frozen and cut off instead of killed.
    #[arg(long, value_enum, default_value_t = Keep::Sqlite)]
    store: Keep,
    /// Test release builds.
    #[arg(long, conflicts_with = "broken")]
    release: bool,
    /// Test the programs in this folder instead of building any.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["broken", "release"])]
    programs: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Keep {
    Sqlite,
    Firestore,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Kafka,
    Store,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Choice {
    /// One that this command builds, starts and stops. Needs root.
    Own,
    /// The one of your kubeconfig. The images must be loaded into it.
    Existing,
    /// None: these tests are left out, and the summary says so.
    None,
}

#[derive(Debug, Subcommand)]
enum Chosen {
    /// Known reports while sidecars, consumer, Kafka, network, disks, clocks and the store fail at random; then what
    /// is stored is held against what was acknowledged, count by count.
    Faults(Faults),
    /// A Kubernetes of one node on this machine, built from source: no container engine is needed.
    #[command(subcommand)]
    Cluster(cluster::command::Task),
    /// Makes the container images as docker archives: `operator.tar`, `sidecar.tar`, `consumer.tar`.
    Images {
        /// The folder for them.
        #[arg(long, value_name = "DIR")]
        output: PathBuf,
        /// With this checkout's debug build, for tests: made in seconds, and large.
        #[arg(long)]
        debug: bool,
    },
}

#[expect(clippy::print_stdout, reason = "the answer to a question")]
fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.command {
        None => return all_tests(&arguments),
        Some(Chosen::Faults(faults)) => return faults.run(),
        Some(Chosen::Cluster(task)) => {
            if let Some(answer) = task.run()? {
                println!("{answer}");
            }
        }
        Some(Chosen::Images { output, debug }) => {
            let programs = if debug { images::Programs::Debug } else { images::Programs::Image };
            images::write(&output, programs)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn all_tests(arguments: &Arguments) -> Result<ExitCode> {
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
    let chosen = on_cluster(&arguments.cargo);
    let skipped = arguments.cluster == Choice::None && !chosen.is_empty();
    ensure!(
        !skipped || arguments.cargo.is_empty(),
        "the tests that are chosen need a Kubernetes: leave --cluster none out, or take --cluster existing"
    );
    let mut passed = if arguments.cargo.is_empty() {
        lanes::run(&cargo_itself())?
    } else if chosen.is_empty() {
        cargo(&test(&arguments.cargo), &arguments.cargo)?.success()
    } else {
        true
    };
    if !chosen.is_empty() && !skipped {
        passed &= run_on_cluster(arguments, &chosen)?.success();
    }
    if skipped {
        eprintln!("\nleft out by --cluster none: {}", chosen.join(", "));
    }
    summary(&report, &[("parts", prepared), ("build", built), ("total", began.elapsed())], passed)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Faults {
    fn run(&self) -> Result<ExitCode> {
        parts::kafka::ready()?;
        let programs = match &self.programs {
            Some(programs) => programs.clone(),
            None => self.build()?,
        };
        let store = match self.store {
            Keep::Sqlite => Kind::Sqlite,
            Keep::Firestore => Kind::Firestore,
        };
        let seed = self.seed.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0 % 1_000_000);
        let time = Duration::from_secs_f64((self.minutes * 60.0).clamp(5.0, 24.0 * 3600.0));
        let good = match (&self.broken, self.away) {
            (Some(name), _) => self.broken(name, seed, &programs)?,
            (None, Some(part)) => {
                let away = match part {
                    Part::Kafka => Away::Kafka,
                    Part::Store => Away::Store,
                };
                let seen = outage::run(away, time, seed, store, &programs)?;
                eprintln!("{seen}");
                seen.outcome.wrong.is_empty() && seen.during.refused == 0 && seen.offsets_stood
            }
            (None, None) => random(Plan::random(seed, time, store, programs))?,
        };
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Returns the folder of what it built.
    fn build(&self) -> Result<PathBuf> {
        let mut build = vec!["build", "--quiet", "--workspace", "--bins"];
        build.extend(self.release.then_some("--release"));
        ensure!(cargo(&build, &[])?.success(), "the programs cannot be built");
        Ok(parts::target()?.join(if self.release { "release" } else { "debug" }))
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

/// The test files on a cluster that are wanted: all of them when nothing is chosen, otherwise those that are named.
fn on_cluster(chosen: &[OsString]) -> Vec<&'static str> {
    let named = |file: &str| {
        chosen.windows(2).any(|pair| pair[0] == "--test" && pair[1] == file)
            || chosen.iter().any(|option| *option == *format!("--test={file}"))
    };
    ON_CLUSTER.iter().copied().filter(|file| chosen.is_empty() || named(file)).collect()
}

/// Runs tests with the cluster that is theirs. One of our own ends with this command, whatever ends it.
fn run_on_cluster(arguments: &Arguments, chosen: &[&str]) -> Result<ExitStatus> {
    let own = (arguments.cluster == Choice::Own).then(|| Cluster::up(true)).transpose()?;
    let kubeconfig = match &own {
        Some(cluster) => cluster.kubeconfig(),
        None => existing()?,
    };
    parts::ran(&match &own {
        Some(_) => format!("Kubernetes {} on one node", cluster::build::KUBERNETES),
        None => format!("the Kubernetes of {}", kubeconfig.display()),
    })?;
    let mut command = test(&arguments.cargo);
    if arguments.cargo.is_empty() {
        chosen.iter().for_each(|file| command.extend(["--test", file]));
    }
    cargo_with(&command, &arguments.cargo, &[(cluster::GIVEN, kubeconfig)])
}

/// The caller's kubeconfig.
#[expect(clippy::disallowed_methods, reason = "kubectl's own variable tells which cluster is the caller's")]
fn existing() -> Result<PathBuf> {
    let named = std::env::var_os("KUBECONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = named.or_else(|| std::env::home_dir().map(|home| home.join(".kube/config")));
    let path = path.context("neither KUBECONFIG nor a home folder is known")?;
    ensure!(path.is_file(), "--cluster existing needs a kubeconfig: {} is not there", path.display());
    Ok(path)
}

#[expect(clippy::disallowed_methods, reason = "cargo tells its commands where it is")]
fn cargo_itself() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}

fn cargo_with(
    command: &[&str],
    arguments: &[OsString],
    environment: &[(&str, PathBuf)],
) -> Result<ExitStatus> {
    let environment = environment.iter().map(|(name, value)| (name, value));
    let mut cargo = Command::new(cargo_itself());
    cargo.args(command).args(arguments).envs(environment);
    // Tests that outlive this command would work on the cluster of the next one.
    Process::start(&mut cargo, None)?.wait().context("running cargo")
}

fn cargo(command: &[&str], arguments: &[OsString]) -> Result<ExitStatus> {
    cargo_with(command, arguments, &[])
}

/// A command that was killed has no exit code of its own.
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

fn summary(report: &Path, times: &[(&str, Duration)], passed: bool) -> Result<()> {
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
    eprintln!("result: {}", if passed { "all passed" } else { "FAILED" });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cluster_is_started_for_the_tests_that_need_it() {
        for (chosen, expect) in
            [("", true), ("-p kafka", false), ("--test cluster", true), ("--test=cluster x", true)]
        {
            let chosen: Vec<OsString> = chosen.split_whitespace().map(OsString::from).collect();
            assert_eq!(on_cluster(&chosen).contains(&"cluster"), expect, "{chosen:?}");
        }
    }

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
