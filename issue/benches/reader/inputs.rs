//! What the error reader is measured on, generated the same each time.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde_json::Value;

/// Fixtures by language.
pub type Traces = BTreeMap<String, Vec<Trace>>;

/// One fixture.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trace {
    /// As its runtime printed it.
    pub text: Vec<u8>,
    /// Words of its message that may be any other: none of them is the runtime's.
    said: Vec<String>,
    /// Words of the names of its functions, likewise.
    named: Vec<String>,
}

/// What differs from one copy of a trace to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Varied {
    /// Nothing: a crash loop that prints the same bytes again and again.
    Nothing,
    /// What differs between two occurrences of one cause: words of the message, ids, addresses, numbers of threads
    /// and processes, times. Frames name the same functions and lines.
    Occurrence,
    /// Besides, the names of functions and every number: no line is printed twice.
    Everything,
}

/// Ordinary lines.
pub fn plain(size: usize) -> Vec<u8> {
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

/// The fixtures below `testdata`.
pub fn traces(testdata: &Path) -> io::Result<Traces> {
    let mut traces = Traces::new();
    for language in fs::read_dir(testdata)? {
        let language = language?.path();
        if !language.is_dir() {
            continue;
        }
        let name = language.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for file in fs::read_dir(language)? {
            let file = file?.path();
            let expected = file.with_extension("expect.json");
            if file.extension().is_some_and(|end| end == "txt") && expected.exists() {
                traces.entry(name.clone()).or_default().push(trace(&file, &expected)?);
            }
        }
    }
    traces.values_mut().for_each(|of_language| of_language.sort());
    if traces.is_empty() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "there are no fixtures to read"));
    }
    Ok(traces)
}

fn trace(file: &Path, expected: &Path) -> io::Result<Trace> {
    let reports: Vec<Value> = serde_json::from_slice(&fs::read(expected)?)?;
    let mut trace = Trace { text: fs::read(file)?, said: Vec::new(), named: Vec::new() };
    for report in &reports {
        let said = report["message"].as_str().unwrap_or_default();
        trace.said.extend(words(said));
        for frame in report["frames"].as_array().into_iter().flatten().take(5) {
            trace.named.extend(words(frame["function"].as_str().unwrap_or_default()));
        }
    }
    Ok(trace)
}

/// Words of small letters in a text, which no runtime gives a meaning.
fn words(text: &str) -> impl Iterator<Item = String> {
    const MEANT: [&str; 14] = [
        "main",
        "error",
        "panic",
        "fatal",
        "thread",
        "module",
        "object",
        "runtime",
        "lambda",
        "anonymous",
        "block",
        "level",
        "signal",
        "goroutine",
    ];
    text.split(|letter: char| !letter.is_ascii_alphabetic())
        .filter(|word| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_lowercase()))
        .filter(|word| !MEANT.iter().any(|meant| word.contains(meant)))
        .map(str::to_owned)
}

impl Trace {
    /// The copy of this number.
    fn copy(&self, number: usize, varied: Varied, out: &mut Vec<u8>) {
        let start = out.len();
        if varied == Varied::Nothing {
            out.extend_from_slice(&self.text);
            return;
        }
        let everything = varied == Varied::Everything;
        for line in self.text.split_inclusive(|byte| *byte == b'\n') {
            let from = out.len();
            out.extend_from_slice(line);
            let line = out.get_mut(from..).unwrap_or_default();
            // A line that names a source is a frame.
            let frame = line.contains(&b'.') && line.first().is_some_and(u8::is_ascii_whitespace);
            if everything || !frame {
                vary_digits(line, number);
            }
        }
        let named = if everything { self.named.as_slice() } else { &[] };
        for word in self.said.iter().chain(named) {
            vary_word(out.get_mut(start..).unwrap_or_default(), word.as_bytes(), number);
        }
    }
}

/// Changes every run of two digits or more but for its first; a number keeps its length.
fn vary_digits(line: &mut [u8], number: usize) {
    let mut seed = number.wrapping_mul(2_654_435_761).wrapping_add(line.len()) >> 3;
    for run in line.split_mut(|byte| !byte.is_ascii_digit()).filter(|run| run.len() > 1) {
        for digit in run.iter_mut().skip(1) {
            *digit = b'0' + u8::try_from(seed % 10).unwrap_or_default();
            seed = seed.wrapping_mul(31).wrapping_add(number) >> 1;
        }
    }
}

/// Puts other letters at the end of every occurrence of a word.
fn vary_word(text: &mut [u8], word: &[u8], number: usize) {
    let windows = text.windows(word.len()).enumerate();
    let places: Vec<usize> = windows.filter(|(_, here)| *here == word).map(|(at, _)| at).collect();
    for at in places {
        let end = at + word.len();
        let letter = |seed: usize| b'a' + u8::try_from(seed % 26).unwrap_or_default();
        if let Some([one, two, three]) =
            text.get_mut(end - 3..end).and_then(|end| <&mut [u8; 3]>::try_from(end).ok())
        {
            (*one, *two, *three) = (letter(number / 676), letter(number / 26), letter(number));
        }
    }
}

/// Ordinary lines with a trace after about 99 times as many lines as it has.
pub fn mixed(traces: &Traces, size: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + (1 << 16));
    let mut number = 0;
    for (copy, trace) in traces.values().flatten().cycle().enumerate() {
        if text.len() >= size {
            break;
        }
        for _ in 0..trace.text.iter().filter(|byte| **byte == b'\n').count() * 99 {
            line(&mut text, number);
            number += 1;
        }
        trace.copy(copy, Varied::Occurrence, &mut text);
    }
    text
}

/// Traces one after the other, each followed by one ordinary line as services write them.
pub fn only<'t>(
    traces: impl IntoIterator<Item = &'t Trace, IntoIter: Clone>,
    varied: Varied,
    size: usize,
) -> Vec<u8> {
    let mut text = Vec::with_capacity(size + (1 << 16));
    for (number, trace) in traces.into_iter().cycle().enumerate() {
        if text.len() >= size {
            break;
        }
        trace.copy(number, varied, &mut text);
        line(&mut text, number);
    }
    text
}

/// Starts of records and of frames in every language, none of which goes on as it should.
const OPENERS: &[&str] = &[
    "Traceback (most recent call last):",
    "  File \"a.py\", line 1, in f",
    "Exception in thread \"main\" java.lang.Error: x",
    "\tat a.b.C.d(E.java:1)",
    "Caused by: a.b.CError: x",
    "panic: x",
    "goroutine 1 [running]:",
    "fatal error: x",
    "thread 'main' panicked at src/a.rs:1:2:",
    "/app/a.js:3",
    "    at f (/app/a.js:3:5)",
    "Unhandled exception. System.Exception: x",
    "a.rb:1:in 'f': x (RuntimeError)",
    "PHP Fatal error:  Uncaught Exception: x in /a.php:1",
    "#0 /a.php(1): f()",
    "** (RuntimeError) x",
    "Unhandled exception:",
    "x at a.pl line 1.",
    "a.swift:1: Fatal error: x",
    "terminate called after throwing an instance of 'x'",
    "==1==ERROR: AddressSanitizer: heap-use-after-free on address 0x0",
    "ERROR x",
    "{\"level\":\"error\",\"msg\":\"x\"}",
    "level=error msg=x",
];

/// Input that means harm, by what it is.
pub fn hostile(size: usize) -> Vec<(&'static str, Vec<u8>)> {
    let mut number = 0_u32;
    // Any bytes but line breaks; a fixed sequence, so that each run measures the same.
    let mut garbage = |length: usize| -> Vec<u8> {
        let mut next = || {
            number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (number >> 24) as u8
        };
        (0..length).map(|_| next()).map(|byte| if byte == b'\n' { b' ' } else { byte }).collect()
    };
    let mut lines = Vec::new();
    while lines.len() < size {
        lines.extend(garbage(64 << 10));
        lines.push(b'\n');
    }
    let repeat = |text: &str| text.bytes().cycle().take(size).collect::<Vec<u8>>();
    let in_turn: String = OPENERS.iter().flat_map(|opener| [opener, "\n"]).collect();
    let each: String = OPENERS.iter().map(|opener| format!("{opener}\n").repeat(40)).collect();
    vec![
        ("garbage in lines of 64 KiB", lines),
        ("one line of 10 MB", garbage(10_000_000)),
        ("openers of all languages in turn", repeat(&in_turn)),
        ("each opener forty times", repeat(&each)),
        ("openers in one line", repeat(&OPENERS.join(" "))),
        ("empty lines", repeat("\n")),
        ("names of secrets", repeat("ERROR password password=secret_token://token:bearer q~Q~\n")),
        ("digits", repeat("ERROR 4111 1111 1111 1112 4111-1111-1111-1112 41111111111111124111\n")),
    ]
}
