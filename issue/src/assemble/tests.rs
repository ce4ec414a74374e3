use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::parse::parse;

fn blocks(bytes: &[u8], cuts: &[usize], limits: Limits) -> Vec<Block> {
    let mut out = Vec::new();
    let mut assembler = Assembler::new(limits);
    let mut from = 0;
    for cut in cuts.iter().copied().filter(|cut| *cut <= bytes.len()) {
        if cut > from {
            assembler.push(&bytes[from..cut], 0, &mut out);
            from = cut;
        }
    }
    assembler.push(&bytes[from..], 0, &mut out);
    assembler.flush(&mut out);
    out
}

/// Name, text, and first and last line of each report.
type Fixture = (String, Vec<u8>, Vec<(u64, u64)>);

/// Every text below `testdata/` that a runtime printed, with how many reports it holds.
fn fixtures() -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut found = Vec::new();
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let expected = path.with_extension("expect.json");
            if path.extension().is_some_and(|ending| ending == "txt") && expected.exists() {
                let reports: Vec<serde_json::Value> =
                    serde_json::from_slice(&fs::read(expected).unwrap()).unwrap();
                let lines = reports
                    .iter()
                    .map(|report| {
                        (report["lines"][0].as_u64().unwrap(), report["lines"][1].as_u64().unwrap())
                    })
                    .collect();
                found.push((path.display().to_string(), fs::read(&path).unwrap(), lines));
            }
        }
    }
    found.sort();
    assert!(found.len() > 50);
    found
}

const ORDINARY: [&str; 16] = [
    "2026-11-21 10:45:31,781 INFO app.orders: started in 12 ms",
    "INFO:     127.0.0.1:5000 - \"GET /health HTTP/1.1\" 200 OK",
    "{\"level\":\"info\",\"msg\":\"0 errors so far\",\"time\":\"2026-11-21T10:45:31Z\"}",
    "time=2026-11-21T10:45:31Z level=info msg=\"ready\"",
    "I1121 10:45:31.781000       1 server.go:12] listening on :8080",
    "10.0.0.1 - - [21/Nov/2026:10:45:31 +0000] \"GET / HTTP/1.1\" 500 12",
    "[2026-11-21 10:45:31 +0000] [7] [INFO] Booting worker with pid: 7",
    "2026-11-21T10:45:31.781Z\tINFO\tmain.go:12\tready",
    "Nov 21 10:45:31 web-1 app[17]: request finished without error",
    "[info] cache warmed",
    "2026/11/21 10:45:31 listening on 127.0.0.1:8080",
    "<6>usb 1-1: new high-speed USB device",
    "DEBUG:app:nothing to do",
    "2026-11-21 10:45:31.781  INFO 1 --- [main] c.e.Shop : Started Shop in 2.1 seconds",
    "1:M 21 Nov 2026 10:45:31.781 * Ready to accept connections",
    "2026-11-21 10:45:31.781 UTC [77] LOG:  checkpoint complete",
];

fn runs() -> ProptestConfig {
    ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() }
}

/// Pieces of text that mean something to the engine, and bytes that do not.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let all = fixtures();
    let lines: Vec<Vec<u8>> = all
        .iter()
        .flat_map(|(_, bytes, _)| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec))
        .filter(|line| line.len() < 400)
        .collect();
    let line = prop_oneof![
        6 => prop::sample::select(lines),
        2 => prop::sample::select(ORDINARY.to_vec()).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => Just(Vec::new()),
    ];
    prop::collection::vec(line, 0..120).prop_map(|lines| lines.join(&b"\n"[..]))
}

proptest! {
    #![proptest_config(runs())]

    #[test]
    fn blocks_do_not_depend_on_chunks(bytes in stream(), cuts in prop::collection::vec(0_usize..20_000, 0..40)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let limits = Limits { max_line: 300, max_lines: 60, ..Limits::default() };
        let whole = blocks(&bytes, &[], limits);
        prop_assert_eq!(&whole, &blocks(&bytes, &cuts, limits));
        let single: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(&whole, &blocks(&bytes, &single, limits));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..4000)) {
        for block in blocks(&bytes, &[], Limits::default()) {
            parse(&block, Level::Warning);
        }
    }

    #[test]
    fn blocks_are_in_order_and_apart(bytes in stream()) {
        let found = blocks(&bytes, &[], Limits::default());
        let total = bytes.len() as u64;
        for pair in found.windows(2) {
            prop_assert!(pair[0].last_line < pair[1].first_line, "{pair:?}");
            prop_assert!(pair[0].end <= pair[1].start);
        }
        for block in &found {
            prop_assert!(block.first_line <= block.last_line && block.start < block.end && block.end <= total);
            parse(block, Level::Warning);
        }
    }

    #[test]
    fn every_fixture_is_found_once_among_ordinary_lines(
        order in Just((0..fixtures().len()).collect::<Vec<_>>()).prop_shuffle(),
        ordinary in prop::collection::vec(prop::sample::select(ORDINARY.to_vec()), 600),
    ) {
        let all = fixtures();
        let mut text: Vec<u8> = Vec::new();
        let mut line = 1;
        let mut expected = Vec::new();
        let mut between = ordinary.iter();
        for index in order {
            let (name, bytes, reports) = &all[index];
            expected.extend(reports.iter().map(|(first, last)| (line + first - 1, line + last - 1, name)));
            text.extend(bytes);
            if !bytes.ends_with(b"\n") {
                text.push(b'\n');
            }
            line += bytes.split(|byte| *byte == b'\n').count() as u64 - u64::from(bytes.ends_with(b"\n"));
            for ordinary in between.by_ref().take(1 + index % 3) {
                text.extend(ordinary.as_bytes());
                text.push(b'\n');
                line += 1;
            }
        }
        let found: Vec<(u64, u64)> = blocks(&text, &[], Limits::default())
            .iter()
            .filter(|block| parse(block, Level::Error).is_some())
            .map(|block| (block.first_line, block.last_line))
            .collect();
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        for (at, (first, last, name)) in expected.iter().enumerate() {
            let near = found.get(at).copied();
            let shown = near.and_then(|(from, _)| lines.get(from as usize - 1)).map(|line| String::from_utf8_lossy(line));
            prop_assert_eq!(near, Some((*first, *last)), "{}: {:?}", name, shown);
        }
        prop_assert_eq!(found.len(), expected.len());
    }
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut out = Vec::new();
    let mut assembler = Assembler::default();
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..32 {
        assembler.push(&chunk, 0, &mut out);
        assert!(assembler.buffer.capacity() < 1 << 20);
    }
    assembler.push(b"\n", 0, &mut out);
    let opener = b"Traceback (most recent call last):\n".repeat(10_000);
    let held = b"java.lang.Error: x\nfurther\n".repeat(10_000);
    let frames =
        [&b"Exception in thread \"main\" a.B: x\n"[..], &b"\tat a.b.C.d(E.java:1)\n".repeat(100_000)]
            .concat();
    for bytes in [opener, held, frames] {
        assembler.push(&bytes, 0, &mut out);
        assert!(assembler.buffer.capacity() < 4 << 20);
        assert!(assembler.open.as_ref().map_or(0, Record::size) < 1 << 20);
        out.clear();
    }
}

#[test]
fn an_overlong_line_is_cut_with_a_mark_and_offsets_hold() {
    let mut text = b"2026-01-02 03:04:05 ERROR ".to_vec();
    text.extend(vec![b'a'; 100_000]);
    text.extend(b"\n2026-01-02 03:04:05 ERROR second\n");
    let found = blocks(&text, &[], Limits::default());
    assert_eq!(found.len(), 2);
    assert!(found[0].text().ends_with("bytes cut]"));
    assert_eq!(found[0].end, found[1].start);
    assert_eq!(found[1].end, text.len() as u64);
}

#[test]
fn a_record_that_waits_is_closed_by_the_clock() {
    let mut out = Vec::new();
    let mut assembler = Assembler::default();
    assembler.push(
        b"quiet\nTraceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: x\n",
        1_000,
        &mut out,
    );
    assert_eq!(assembler.settled(), 6);
    assert!(out.is_empty());
    let deadline = assembler.poll_timeout().unwrap();
    assert_eq!(deadline, 1_000 + 500_000_000);
    assembler.handle_timeout(deadline - 1, &mut out);
    assert!(out.is_empty());
    assembler.handle_timeout(deadline, &mut out);
    assert_eq!(out.len(), 1);
    assert_eq!(out[0].closed_by(), "idle");
    assert_eq!(assembler.poll_timeout(), None);
    assert_eq!(assembler.settled(), out[0].end);
}

#[test]
fn lines_that_may_be_a_header_are_not_settled() {
    let offset = |text: &str| {
        let mut assembler = Assembler::default();
        assembler.push(text.as_bytes(), 0, &mut Vec::new());
        assembler.settled()
    };
    assert_eq!(offset("ready\n"), 6);
    assert_eq!(offset("ready\nException in thread Thread-2:\n"), 6);
    assert_eq!(offset("ready\n2026-01-02 03:04:05 WARNING app: slow\n"), 6);
    assert_eq!(offset("ready\nException in thread Thread-2:\nready\n"), 42);
    let mut assembler = Assembler::default();
    let mut out = Vec::new();
    assembler.push(b"Exception in thread Thread-2:\n", 0, &mut out);
    assembler.flush(&mut out);
    assert_eq!(assembler.settled(), 30);
}

#[test]
fn the_middle_of_a_large_record_is_dropped_and_its_tail_kept() {
    let mut text = "Traceback (most recent call last):\n".to_owned();
    for line in 0..5_000 {
        text += &format!("  File \"/app/a.py\", line {line}, in f\n    f()\n");
    }
    text += "RecursionError: too deep\n";
    let found = blocks(text.as_bytes(), &[], Limits::default());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].first_line, found[0].last_line), (1, 10_002));
    assert!(found[0].truncated > 8_000);
    let parsed = parse(&found[0], Level::Error).unwrap();
    assert_eq!(parsed.error_type.as_deref(), Some("RecursionError"));
    assert_eq!(parsed.message, "too deep");
}

#[test]
fn a_prefix_before_every_line_is_taken_off() {
    let trace =
        "Traceback (most recent call last):\n  File \"/app/a.py\", line 1, in f\n    g()\nValueError: x";
    let prefixes = [
        "web-1  | ",
        "2026-11-21T10:45:31.781000000Z ",
        "Nov 21 10:45:31 host app[17]: ",
        "[pod/web-1/app] ",
        "2026-11-21T10:45:31.781Z stderr F ",
    ];
    for prefix in prefixes {
        let text: String = trace.lines().map(|line| format!("{prefix}{line}\n")).collect();
        let after = format!("{prefix}INFO all is well\n");
        let found = blocks((text + &after).as_bytes(), &[], Limits::default());
        assert_eq!(found.len(), 1, "{prefix:?}: {found:#?}");
        assert_eq!((found[0].first_line, found[0].last_line), (1, 4), "{prefix:?}");
        let parsed = parse(&found[0], Level::Error).unwrap();
        assert_eq!(parsed.error_type.as_deref(), Some("ValueError"), "{prefix:?}");
        assert_eq!(parsed.message, "x", "{prefix:?}");
        assert_eq!(parsed.frames.len(), 1, "{prefix:?}");
    }
}

#[test]
fn ordinary_lines_open_nothing() {
    let text = ORDINARY.join("\n");
    let reports: Vec<_> = blocks(text.as_bytes(), &[], Limits::default())
        .iter()
        .filter_map(|block| parse(block, Level::Error))
        .collect();
    assert!(reports.is_empty(), "{reports:#?}");
}
