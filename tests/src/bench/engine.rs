//! The error reader on one core: ordinary text, text with some traces, nothing but traces, each language alone, and
//! input that means harm.
//!
//! The inputs are those of `cargo bench -p issue`: lines of the forms that services log, and the fixtures of
//! `issue/testdata`, which real runtimes printed, in copies that differ as two occurrences of one error do. Time is
//! that of the thread on its core.

use std::{
    io::Write,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use issue::{
    assemble::{Assembler, Limits},
    finish::{Finisher, Rules},
    report::Level,
};
use rustix::time::{ClockId, clock_gettime};

use super::{Figure, mib_per_second};

#[path = "../../../issue/benches/reader/inputs.rs"]
pub mod inputs;

use inputs::Varied;

/// Bytes of each input.
const SIZE: usize = 64 << 20;

/// Bytes of the inputs of which there are many.
const SMALL: usize = 8 << 20;

/// Bytes handed to the assembler at a time, as `scan` does.
const CHUNK: usize = 64 << 10;

/// Measures every input, each beside `grep -c` over the same bytes.
pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let traces = traces()?;
    let mut figures = vec![
        figure("engine: ordinary text", &inputs::plain(SIZE))?,
        figure("engine: 1 % of lines in traces", &inputs::mixed(&traces, SIZE))?,
    ];
    let every = [
        ("engine: only traces, all languages", Varied::Occurrence),
        ("engine: only traces, no line twice", Varied::Everything),
        ("engine: only traces, the same bytes", Varied::Nothing),
    ];
    for (name, varied) in every {
        figures.push(figure(name, &inputs::only(traces.values().flatten(), varied, SIZE))?);
    }
    for (language, traces) in &traces {
        let input = inputs::only(traces, Varied::Occurrence, SMALL);
        figures.push(figure(&format!("engine: only traces, {language}"), &input)?);
    }
    for (name, input) in inputs::hostile(SMALL) {
        figures.push(figure(&format!("engine: hostile, {name}"), &input)?);
    }
    figures.push(early(&traces)?);
    figures.push(allocations()?);
    Ok(figures)
}

fn traces() -> anyhow::Result<inputs::Traces> {
    Ok(inputs::traces(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../issue/testdata"))?)
}

fn figure(name: &str, input: &[u8]) -> anyhow::Result<Figure> {
    let (time, reports) = best_of_three(|| read(input));
    Ok(Figure {
        name: format!("{name} ({reports} reports)"),
        value: mib_per_second(input.len(), time),
        unit: "MiB/s",
        baseline: Some(("grep -c, four words".to_owned(), grep(input)?)),
    })
}

/// A trace at the very start must not slow down what follows: ordinary text with one, beside the same without.
fn early(traces: &inputs::Traces) -> anyhow::Result<Figure> {
    let mut input: Vec<u8> = traces.values().flatten().flat_map(|trace| trace.text.iter().copied()).collect();
    let plain = inputs::plain(SIZE);
    input.extend_from_slice(&plain);
    let (time, _) = best_of_three(|| read(&input));
    let (alone, _) = best_of_three(|| read(&plain));
    Ok(Figure {
        name: "engine: ordinary text behind every trace".to_owned(),
        value: mib_per_second(input.len(), time),
        unit: "MiB/s",
        baseline: Some(("without the traces".to_owned(), mib_per_second(plain.len(), alone))),
    })
}

/// Allocations of one report are counted by a program of their own, whose allocator counts.
fn allocations() -> anyhow::Result<Figure> {
    let told = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--release", "--package", "tests", "--bin", "allocations"])
        .output()?;
    anyhow::ensure!(told.status.success(), "allocations: {}", String::from_utf8_lossy(&told.stderr));
    let value = String::from_utf8(told.stdout)?.trim().parse()?;
    Ok(Figure { name: "engine: allocations of one report".to_owned(), value, unit: "calls", baseline: None })
}

/// Reports in a small input of traces in all languages, and how often `count` went up while they were read.
pub fn counted(count: impl Fn() -> usize) -> anyhow::Result<(usize, usize)> {
    let input = inputs::only(traces()?.values().flatten(), Varied::Occurrence, SMALL / 8);
    // The first reading builds tables that stay.
    read(&input);
    let before = count();
    let reports = read(&input);
    Ok((reports, count() - before))
}

/// The shortest of three runs, in time of this thread on its core: other programs disturb little.
pub fn best_of_three(mut run: impl FnMut() -> usize) -> (Duration, usize) {
    let busy = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        let (seconds, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
        Duration::new(seconds.unwrap_or_default(), nanos.unwrap_or_default())
    };
    let mut timed = || {
        let start = busy();
        let reports = run();
        (busy().saturating_sub(start), reports)
    };
    timed().min(timed()).min(timed())
}

/// From bytes to finished reports; answers how many.
fn read(input: &[u8]) -> usize {
    let rules = Rules::default();
    let mut assembler = Assembler::new(Limits::default());
    let mut blocks = Vec::new();
    let mut finisher = Finisher::new(&rules, None, Level::Error);
    let mut reports = 0;
    let mut finish_all = |blocks: &mut Vec<_>| {
        for block in blocks.drain(..) {
            reports +=
                usize::from(finisher.report(&block).is_some_and(|report| !report.fingerprint.is_empty()));
        }
    };
    for chunk in input.chunks(CHUNK) {
        assembler.push(chunk, 0, &mut blocks);
        finish_all(&mut blocks);
    }
    assembler.flush(&mut blocks);
    finish_all(&mut blocks);
    reports
}

/// What people would do without us: look for four words.
fn grep(input: &[u8]) -> anyhow::Result<f64> {
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(input)?;
    let run = || {
        let start = Instant::now();
        let words = ["-e", "Traceback", "-e", "panic:", "-e", "Exception", "-e", "Error"];
        Command::new("grep")
            .env("LC_ALL", "C")
            .arg("-c")
            .args(words)
            .arg(file.path())
            .output()
            .map(|_| start.elapsed())
    };
    run()?;
    Ok(mib_per_second(input.len(), run()?.min(run()?)))
}
