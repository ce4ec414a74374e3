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

/// Programs that run at the same time.
const LANES: usize = 2;

/// Those that take longest begin first, so that no lane ends with one of them while the other has nothing to do.
const LONG: &[&str] = &["faults", "kafka_security", "kafka", "process", "sqlite", "firestore", "generated"];

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
    let examples = Command::new(cargo)
        .args(["test", "--workspace", "--doc", "--quiet"])
        .status()
        .context("running the examples in documentation")?;
    if !examples.success() {
        failed.push("the examples in documentation".to_owned());
    }
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
    let begun = Instant::now();
    let (mut reader, writer) = std::io::pipe().context("making a pipe")?;
    let mut command = Command::new(&program.executable);
    command
        .current_dir(&program.folder)
        .env("CARGO", cargo)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn().with_context(|| format!("starting the tests {}", program.name))?;
    // Its copies of the writing end would keep the reading end open.
    drop(command);
    let mut output = Vec::new();
    reader.read_to_end(&mut output).context("reading what tests print")?;
    let status = child.wait().context("waiting for tests")?;
    Ok(Ended {
        name: program.name.clone(),
        passed: status.success(),
        took: begun.elapsed(),
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

fn tell(ended: &Ended) {
    if !ended.passed {
        eprintln!("\n{}", ended.output);
    }
    let result = ended.output.lines().rev().find_map(|line| line.strip_prefix("test result: "));
    let counts = result.unwrap_or("it ended without a result").split("; finished").next().unwrap_or_default();
    eprintln!("{:>4.0} s  {:<16} {counts}", ended.took.as_secs_f64(), ended.name);
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
}
