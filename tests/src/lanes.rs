//! Every test program of the workspace, some side by side: most of them wait for brokers and processes far more than
//! they compute, so two lanes on two cores end in little more than half of the time.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use parking_lot::Mutex;
use serde_json::Value;

use crate::parts::process::Process;

/// Programs that run at the same time.
const LANES: usize = 2;

/// Those that take longest begin first, so that no lane ends with one of them while the other has nothing to do.
const LONG: &[&str] = &[
    "faults",
    "kafka_security",
    "kafka",
    "process",
    "visits",
    "browser",
    "consumer",
    "sqlite",
    "firestore",
    "delivery",
    "cluster_path",
    "generated",
];

/// These hold times against what users are promised: nothing runs beside them.
const ALONE: &[&str] = &["laptop"];

/// One test program, built.
#[derive(Clone, Debug)]
struct Program {
    /// As `cargo test` selects it: the name of the test file, or of the crate for what stands in its sources.
    name: String,
    executable: PathBuf,
    /// Where `cargo test` runs it: the folder of its crate.
    folder: PathBuf,
}

/// What became of one.
struct Ended {
    name: String,
    passed: bool,
    took: Duration,
    output: String,
}

/// Builds and runs them all, and the examples in documentation. One that fails keeps no other from running; what it
/// printed is told whole, of the others only the result. Whether all passed.
pub fn run(cargo: &OsString) -> Result<bool> {
    let mut programs = build(cargo)?;
    programs.sort_by_key(|program| LONG.iter().position(|name| *name == program.name).unwrap_or(LONG.len()));
    let (alone, beside): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|program| ALONE.contains(&program.name.as_str()));
    let mut failed = side_by_side(cargo, beside, LANES)?;
    failed.extend(side_by_side(cargo, alone, 1)?);
    failed.extend(examples(cargo)?);
    for name in &failed {
        eprintln!("failed: {name}");
    }
    Ok(failed.is_empty())
}

fn build(cargo: &OsString) -> Result<Vec<Program>> {
    let built = Command::new(cargo)
        .args(["test", "--workspace", "--no-run", "--quiet", "--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("building the tests")?;
    ensure!(built.status.success(), "the tests cannot be built");
    Ok(programs(&String::from_utf8_lossy(&built.stdout)))
}

/// From cargo's messages, one JSON object a line (The Cargo Book, "External tools").
fn programs(messages: &str) -> Vec<Program> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let tests = messages.filter(|message| {
        message["reason"] == "compiler-artifact" && message["profile"]["test"] == Value::Bool(true)
    });
    let programs = tests.filter_map(|message| {
        let folder = Path::new(message["manifest_path"].as_str()?).parent()?.to_owned();
        Some(Program {
            name: message["target"]["name"].as_str()?.to_owned(),
            executable: PathBuf::from(message["executable"].as_str()?),
            folder,
        })
    });
    programs.collect()
}

/// Those in documentation; the name they go by, if one failed.
fn examples(cargo: &OsString) -> Result<Option<String>> {
    let mut command = Command::new(cargo);
    command.args(["test", "--workspace", "--doc"]);
    let ended = ended("examples in documentation", command)?;
    tell(&ended);
    Ok((!ended.passed).then_some(ended.name))
}

/// Names of those that failed.
fn side_by_side(cargo: &OsString, programs: Vec<Program>, lanes: usize) -> Result<Vec<String>> {
    let waiting = Mutex::new(VecDeque::from(programs));
    let failed = Mutex::new(Vec::new());
    let lane = || -> Result<()> {
        loop {
            let Some(program) = waiting.lock().pop_front() else { return Ok(()) };
            let ended = one(cargo, &program)?;
            // Held while it is told, so that lines of two programs do not mix.
            let mut failed = failed.lock();
            tell(&ended);
            if !ended.passed {
                failed.push(ended.name);
            }
        }
    };
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(ended) => ended,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })?;
    Ok(failed.into_inner())
}

fn one(cargo: &OsString, program: &Program) -> Result<Ended> {
    let mut command = Command::new(&program.executable);
    command.current_dir(&program.folder).env("CARGO", cargo).env("CARGO_MANIFEST_DIR", &program.folder);
    ended(&program.name, command)
}

/// Runs it to its end, and keeps what it prints.
fn ended(name: &str, mut command: Command) -> Result<Ended> {
    let begun = Instant::now();
    let (mut reader, writer) = std::io::pipe().context("making a pipe")?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let process = Process::start(&mut command, None)?;
    // Its copies of the writing end would keep the reading end open.
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).context("reading what tests print")?;
    let status = process.wait().context("waiting for tests")?;
    Ok(Ended {
        name: name.to_owned(),
        passed: status.success(),
        took: begun.elapsed(),
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

/// In the form of `cargo test`, which people and programs know how to read: a line that names what ran, one with its
/// result.
#[expect(clippy::print_stdout, reason = "the results are what this command is asked for")]
fn tell(ended: &Ended) {
    if !ended.passed {
        eprintln!("\n{}", ended.output);
    }
    eprintln!("     Running {} ({:.0} s)", ended.name, ended.took.as_secs_f64());
    println!("test result: {}", result(ended));
}

/// The counts of all results that it printed, in the words of the test harness. A program with a harness of its own
/// counts as one test.
fn result(ended: &Ended) -> String {
    let results = ended.output.lines().filter_map(|line| line.strip_prefix("test result: "));
    let counts: Vec<[u32; 3]> = results.map(counts).collect();
    let sum = |which: usize| counts.iter().filter_map(|one| one.get(which)).sum::<u32>();
    let word = if ended.passed { "ok" } else { "FAILED" };
    let (passed, failed, ignored) = match counts.is_empty() {
        true => (u32::from(ended.passed), u32::from(!ended.passed), 0),
        false => (sum(0), sum(1), sum(2)),
    };
    format!(
        "{word}. {passed} passed; {failed} failed; {ignored} ignored; finished in {:.2}s",
        ended.took.as_secs_f64()
    )
}

/// How many passed, failed and were ignored: `ok. 7 passed; 0 failed; 0 ignored; …`.
fn counts(result: &str) -> [u32; 3] {
    ["passed", "failed", "ignored"].map(|word| {
        let mut words = result.split([' ', ';']).filter(|word| !word.is_empty()).peekable();
        while let Some(number) = words.next() {
            if words.peek() == Some(&word) {
                return number.parse().unwrap_or(0);
            }
        }
        0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_programs_are_found_among_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/src/issue/Cargo.toml","target":{"name":"issue"},"profile":{"test":true},"executable":"/target/issue-1"}
{"reason":"compiler-artifact","manifest_path":"/src/issue/Cargo.toml","target":{"name":"issue"},"profile":{"test":false},"executable":null}
not a message
{"reason":"build-finished","success":true}"#;
        let found = programs(messages);
        let found: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.folder.as_path())).collect();
        assert_eq!(found, [("issue", Path::new("/src/issue"))]);
    }

    #[test]
    fn one_that_fails_is_told_and_keeps_no_other_from_running() {
        let program = |name: &str| Program {
            name: name.to_owned(),
            executable: PathBuf::from(format!("/bin/{name}")),
            folder: PathBuf::from("/"),
        };
        let programs = ["true", "false", "true"].map(program).to_vec();
        assert_eq!(side_by_side(&"cargo".into(), programs, 2).expect("they run"), ["false"]);
    }

    #[test]
    fn results_of_one_program_are_told_as_one() {
        let ended = |passed: bool, output: &str| Ended {
            name: "delivery".to_owned(),
            passed,
            took: Duration::from_millis(1500),
            output: output.to_owned(),
        };
        let two = "test result: ok. 7 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
                   test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(result(&ended(false, two)), "FAILED. 9 passed; 3 failed; 1 ignored; finished in 1.50s");
        assert_eq!(
            result(&ended(true, "all is well")),
            "ok. 1 passed; 0 failed; 0 ignored; finished in 1.50s"
        );
    }
}
