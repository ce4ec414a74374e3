//! The error reader on one core, in seconds instead of the minutes of `cargo xbench`, which builds everything.
//!
//! `cargo bench -p issue` prints every figure, `cargo bench -p issue -- only` those whose name holds `only`, and
//! `cargo bench -p issue -- only once` reads each input a single time, for a profiler. Time is that of the
//! processor, so that other programs on the machine disturb little.

use std::path::Path;

use issue::{
    assemble::{Assembler, Limits},
    finish::{Finisher, Rules},
    report::Level,
};
use rustix::time::{ClockId, clock_gettime};

mod inputs;

use inputs::Varied;

const SIZE: usize = 16 << 20;

/// Bytes handed to the assembler at a time, as `scan` does.
const CHUNK: usize = 64 << 10;

#[expect(clippy::print_stdout, reason = "figures are what this program is for")]
fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let once = asked.iter().any(|word| word == "once");
    let asked: Vec<&str> = asked.iter().map(String::as_str).filter(|word| *word != "once").collect();
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let traces = inputs::traces(&testdata).unwrap_or_default();
    let measure = |name: &str, input: &dyn Fn() -> Vec<u8>| {
        if !asked.is_empty() && !asked.iter().any(|word| name.contains(word)) {
            return;
        }
        let input = input();
        if once {
            return println!("{name:<40} {:8} reports", read(&input));
        }
        let timed = || {
            let start = now();
            (read(&input), now() - start)
        };
        let runs = (0..5).map(|_| timed());
        let (reports, seconds) = runs.min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or_default();
        let speed = mib(input.len()) / seconds;
        println!("{name:<40} {speed:8.1} MiB/s {reports:8} reports");
    };
    let all = || traces.values().flatten();
    measure("plain", &|| inputs::plain(SIZE));
    measure("mixed, 1 % of lines in traces", &|| inputs::mixed(&traces, SIZE));
    measure("only traces, varied as occurrences are", &|| inputs::only(all(), Varied::Occurrence, SIZE));
    measure("only traces, every line varied", &|| inputs::only(all(), Varied::Everything, SIZE));
    measure("only traces, repeated", &|| inputs::only(all(), Varied::Nothing, SIZE));
    for (language, traces) in &traces {
        measure(&format!("language {language}"), &|| inputs::only(traces, Varied::Occurrence, SIZE / 8));
    }
    for (name, input) in inputs::hostile(SIZE / 4) {
        measure(&format!("hostile, {name}"), &|| input.clone());
    }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of benchmarks are far below 2^52")]
fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}

#[expect(clippy::cast_precision_loss, reason = "a run takes seconds")]
fn now() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// From bytes to finished reports; how many.
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
