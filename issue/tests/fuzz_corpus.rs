//! Fuzzing without a nightly compiler: the inputs that coverage-guided fuzzing kept are replayed, and the fixtures are
//! mutated for a few seconds, the same way each time. `fuzz/` holds the coverage-guided targets.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use issue::{
    assemble::Limits,
    finish::{Origin, Rules, finish},
    input::{Framing, Streams},
    parse::parse,
};

#[path = "fuzz/targets.rs"]
mod targets;

#[path = "time/busy.rs"]
mod busy;

/// The mutations of one target stop after this time, however slow the machine is.
const MUTATING: Duration = Duration::from_millis(1250);

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata")
}

/// All files below `folder`, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Runs a target; an input that breaks it is told so that it can be saved.
fn survive(name: &str, target: fn(&[u8]), input: &[u8], whence: &str) {
    let outcome = std::panic::catch_unwind(|| target(input));
    assert!(outcome.is_ok(), "{name} does not survive {whence}: {:?}", String::from_utf8_lossy(input));
}

#[test]
fn saved_inputs_are_survived() {
    for (name, target) in targets::TARGETS {
        let inputs = files(&testdata().join("fuzz").join(name));
        assert!(!inputs.is_empty(), "no saved inputs of {name}");
        for path in inputs {
            survive(name, target, &fs::read(&path).expect("an input"), &path.display().to_string());
        }
    }
}

/// Numbers that look random and are the same each time (xorshift64*, Vigna 2016).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(number).expect("31 bits") % sides.max(1)
    }

    /// A stretch of `bytes`.
    fn part<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.roll(bytes.len() + 1);
        let length = self.roll((bytes.len() - start).min(400) + 1);
        &bytes[start..start + length]
    }

    /// Where a line of `bytes` begins.
    fn line_start(&mut self, bytes: &[u8]) -> usize {
        let at = self.roll(bytes.len() + 1);
        memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |found| found + 1)
    }
}

/// Bytes that recognisers look for, and bytes that are no text.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\t",
    b"    ",
    b"\0",
    b"\xff",
    b"\x80\x80",
    b"\x1b[31m",
    b"\xe2\x80\xa8",
    b"'",
    b"\"",
    b"[",
    b"]",
    b"{",
    b"}",
    b"(",
    b")",
    b": ",
    b"::",
    b"=",
    b"@",
    b"\\",
    b"\\n",
    b"\\u0000",
    b"| ",
    b"  + ",
    b"---> ",
    b"Traceback (most recent call last):\n",
    b"  File \"/a.py\", line 1, in f\n",
    b"\tat a.B.c(B.java:1)\n",
    b"    at f (/a.js:1:2)\n",
    b"Caused by: ",
    b"Suppressed: ",
    b"Error: ",
    b"panic: ",
    b"goroutine 1 [running]:\n",
    b"thread 'main' panicked at ",
    b"stack backtrace:\n",
    b"#0 /a.php(1): f()\n",
    b"ERROR ",
    b"2026-01-02 03:04:05 ",
    b"2026-01-02T03:04:05Z stderr F ",
    b"2026-01-02T03:04:05Z stdout P ",
    b"{\"level\":\"error\",\"msg\":\"",
    b"\"}\n",
    b"{\"log\":\"",
    b"\",\"stream\":\"stderr\"}\n",
    b"password=",
    b"Bearer ",
    b"eyJhbGciOiJIUzI1NiJ9.eyJ",
    b"AKIA",
    b"-----BEGIN PRIVATE KEY-----",
    b"https://u:p@h/",
    b"18446744073709551616",
    b"0x",
    b"1e999",
    b"4111111111111111",
];

/// A fixture with a few changes.
fn mutate(dice: &mut Dice, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[dice.roll(seeds.len())].clone();
    bytes.truncate(4096);
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(bytes.len() + 1);
        let insert: Vec<u8> = match dice.roll(8) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.roll(8);
                }
                continue;
            }
            1 => {
                bytes.truncate(at);
                continue;
            }
            2 => {
                let end = (at + dice.roll(200)).min(bytes.len());
                bytes.drain(at..end);
                continue;
            }
            3 => {
                let other = dice.roll(seeds.len());
                dice.part(&seeds[other]).to_vec()
            }
            4 => dice.part(&bytes).to_vec(),
            5 => dice.part(&bytes).repeat(1 + dice.roll(8)),
            _ => PIECES[dice.roll(PIECES.len())].repeat(1 + dice.roll(3)),
        };
        let at = if dice.roll(2) == 0 { dice.line_start(&bytes) } else { at };
        bytes.splice(at..at, insert);
        bytes.truncate(16 * 1024);
    }
    bytes
}

#[test]
fn mutated_fixtures_are_survived() {
    let texts =
        files(&testdata()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "txt"));
    let texts: Vec<Vec<u8>> = texts.map(|path| fs::read(path).expect("a fixture")).collect();
    for (name, target) in targets::TARGETS {
        let saved = files(&testdata().join("fuzz").join(name));
        let saved: Vec<Vec<u8>> = saved.iter().map(|path| fs::read(path).expect("an input")).collect();
        // A record is made of nothing but its own form.
        let seeds = if name == "record" { saved } else { [texts.clone(), saved].concat() };
        let mut dice = Dice(0x1551_7e5a);
        let start = Instant::now();
        let mut runs = 0;
        while start.elapsed() < MUTATING {
            let mut input = mutate(&mut dice, &seeds);
            if name == "read" {
                let choice = u8::try_from(dice.roll(36)).expect("small");
                input.insert(0, choice);
            }
            survive(name, target, &input, &format!("mutation {runs}"));
            runs += 1;
        }
        println!("{name}: {runs} mutations");
        assert!(runs >= 20, "{name}: only {runs} mutations in {MUTATING:?}");
    }
}

/// The whole way from bytes to reports; answers how many bytes of them came out.
fn whole_way(text: &[u8], framing: Framing) -> usize {
    let limits = Limits::default();
    let rules = Rules::default();
    let mut streams = Streams::new(framing, limits);
    let mut blocks = Vec::new();
    let mut bytes = 0;
    let mut take = |blocks: &mut Vec<_>| {
        for block in blocks.drain(..) {
            let Some(parsed) = parse(&block, limits.min_level) else { continue };
            let report = finish(parsed, &rules, &Origin::default());
            assert!(report.text.len() <= 2 * limits.max_bytes, "{} bytes in one report", report.text.len());
            bytes += report.text.len() + report.message.len();
        }
    };
    for chunk in text.chunks(64 * 1024) {
        streams.push(chunk, 0, &mut blocks);
        take(&mut blocks);
    }
    streams.flush(&mut blocks);
    take(&mut blocks);
    bytes
}

#[test]
fn repeats_of_every_piece_cost_no_more_than_their_length() {
    let cri = b"2026-01-02T03:04:05Z stderr F \tat a.B.c(B.java:1)\n".as_slice();
    let pieces = PIECES.iter().map(|piece| (Framing::Raw, *piece)).chain([(Framing::Cri, cri)]);
    let mut slow = Vec::new();
    for (framing, piece) in pieces {
        let time = |bytes: usize| {
            let text = piece.repeat(bytes / piece.len());
            busy::seconds(|| {
                whole_way(&text, framing);
            })
        };
        // The better of two: other programs share the processor's caches.
        let best = |bytes: usize| time(bytes).min(time(bytes));
        let (short, long) = (best(8 * 1024).max(0.002), best(128 * 1024));
        // Sixteen times the length; a quadratic step takes 256 times as long.
        if long > short * 96.0 {
            slow.push(format!("{:?}: {short:.4} s, then {long:.4} s", String::from_utf8_lossy(piece)));
        }
    }
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}
