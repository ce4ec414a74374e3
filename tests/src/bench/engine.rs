//! The error reader on one core: ordinary text, text with some traces, nothing but traces.
//!
//! Inputs are generated the same each time: lines of the forms that services log, and the fixtures of `issue/testdata`,
//! which real runtimes printed.

use std::{fs, io::Write, path::Path, process::Command, time::Instant};

use issue::{
    assemble::{Assembler, Limits},
    finish::{Origin, Rules, finish},
    parse::parse,
    report::Level,
};

use super::{Figure, best_of, mib_per_second};

/// Bytes of each input.
const SIZE: usize = 64 << 20;

/// Bytes handed to the assembler at a time, as `scan` does.
const CHUNK: usize = 1 << 20;

/// Measures all three inputs.
pub fn figures() -> anyhow::Result<Vec<Figure>> {
    let traces = traces()?;
    let inputs = [
        ("engine: ordinary text", plain(SIZE)),
        ("engine: 1 % of lines in traces", mixed(&traces, SIZE)),
        ("engine: only traces, all languages", only(&traces, SIZE)),
    ];
    let mut figures = Vec::new();
    for (name, input) in inputs {
        let (time, reports) = best_of(3, || read(&input));
        figures.push(Figure {
            name: format!("{name} ({reports} reports)"),
            value: mib_per_second(input.len(), time),
            unit: "MiB/s",
            baseline: Some(("grep -c, four words".to_owned(), grep(&input)?)),
        });
    }
    Ok(figures)
}

/// From bytes to finished reports; answers how many.
fn read(input: &[u8]) -> usize {
    let rules = Rules::default();
    let mut assembler = Assembler::new(Limits::default());
    let mut blocks = Vec::new();
    let mut reports = 0;
    let mut finish_all = |blocks: &mut Vec<_>| {
        for block in blocks.drain(..) {
            if let Some(parsed) = parse(&block, Level::Error) {
                let origin = Origin { component: None, fingerprint: None };
                reports += usize::from(!finish(parsed, &rules, &origin).fingerprint.is_empty());
            }
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

/// Ordinary lines.
fn plain(size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + 256);
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        line(&mut text, number);
    }
    text
}

fn line(text: &mut Vec<u8>, number: usize) {
    let (second, other) = (number % 60, number.wrapping_mul(2_654_435_761) % 100_000);
    let line = match number % 6 {
        0 => format!(
            "2026-11-21 08:00:{second:02},123 INFO  [http-nio-8080-exec-{}] c.e.shop.Cart - added {other} to cart of {number}",
            number % 20
        ),
        1 => format!(
            "10.0.{}.{} - - [21/Nov/2026:08:00:{second:02} +0000] \"GET /api/v1/items/{other} HTTP/1.1\" 200 {number} \"-\" \"curl/8.5\"",
            number % 250,
            second
        ),
        2 => format!(
            "{{\"level\":\"info\",\"ts\":1795248000.{other:05},\"msg\":\"request done\",\"status\":200,\"took\":\"{second}ms\",\"id\":{number}}}"
        ),
        3 => format!(
            "time=2026-11-21T08:00:{second:02}Z level=info msg=\"connection accepted\" peer=10.1.2.3:{other} total={number}"
        ),
        4 => format!(
            "I1121 08:00:{second:02}.000000 {number} scheduler.go:{other}] pod api-{other} scheduled on node n{second}"
        ),
        _ => format!("[worker {}] processed batch {number} of {other} rows in {second} ms", number % 8),
    };
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
}

/// The fixtures, each as its runtime printed it.
fn traces() -> anyhow::Result<Vec<Vec<u8>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../issue/testdata");
    let mut traces = Vec::new();
    for language in fs::read_dir(root)? {
        let language = language?.path();
        if !language.is_dir() {
            continue;
        }
        for file in fs::read_dir(language)? {
            let file = file?.path();
            if file.extension().is_some_and(|end| end == "txt") && file.with_extension("expect.json").exists()
            {
                traces.push(fs::read(file)?);
            }
        }
    }
    traces.sort();
    anyhow::ensure!(!traces.is_empty(), "there are no fixtures to read");
    Ok(traces)
}

/// Ordinary lines with a trace after about 99 times as many lines as it has.
fn mixed(traces: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + (1 << 16));
    let mut number = 0;
    for trace in traces.iter().cycle() {
        if text.len() >= size {
            break;
        }
        for _ in 0..trace.iter().filter(|byte| **byte == b'\n').count() * 99 {
            line(&mut text, number);
            number += 1;
        }
        text.extend_from_slice(trace);
    }
    text
}

/// Traces one after the other, each followed by one ordinary line as services write them.
fn only(traces: &[Vec<u8>], size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + (1 << 16));
    for (number, trace) in traces.iter().cycle().enumerate() {
        if text.len() >= size {
            break;
        }
        text.extend_from_slice(trace);
        line(&mut text, number);
    }
    text
}
