use super::*;
use crate::parse::parse;
use crate::report::Level;

fn read(framing: Framing, text: &str, chunk: usize) -> Vec<Block> {
    let mut out = Vec::new();
    let mut streams = Streams::new(framing, Limits::default());
    for piece in text.as_bytes().chunks(chunk) {
        streams.push(piece, 0, &mut out);
    }
    streams.flush(&mut out);
    out.sort_by_key(|block| block.first_line);
    out
}

const TRACE: [&str; 4] =
    ["Traceback (most recent call last):", "  File \"/app/a.py\", line 1, in f", "    g()", "ValueError: x"];

fn cri() -> String {
    let time = "2026-11-21T10:45:31.781000000Z";
    let mut text = format!("{time} stdout F hello\n");
    for line in TRACE {
        text += &format!("{time} stderr F {line}\n{time} stdout F between\n");
    }
    text + &format!(
        "{time} stderr P 2026-01-02 03:04:05 ERR\n{time} stdout F between\n{time} stderr F OR app: in parts\n"
    )
}

#[test]
fn cri_streams_stay_apart_and_partial_lines_are_joined() {
    let text = cri();
    for chunk in [1, 7, 10_000] {
        let found = read(Framing::Cri, &text, chunk);
        let lines: Vec<_> = found.iter().map(|block| (block.first_line, block.last_line)).collect();
        assert_eq!(lines, [(2, 8), (10, 12)]);
        assert_eq!(found[0].text(), TRACE.join("\n"));
        assert_eq!(parse(&found[1], Level::Error).unwrap().message, "in parts");
        let start = usize::try_from(found[0].start).unwrap();
        let end = usize::try_from(found[0].end).unwrap();
        assert!(
            text.get(start..end).unwrap().starts_with("2026-11-21T10:45:31.781000000Z stderr F Traceback")
        );
        assert!(text.get(start..end).unwrap().ends_with("ValueError: x\n"));
    }
}

#[test]
fn docker_lines_are_unwrapped() {
    let wrap = |stream: &str, log: &str| {
        serde_json::json!({"log": log, "stream": stream, "time": "2026-11-21T10:45:31.781Z"}).to_string()
            + "\n"
    };
    let mut text = wrap("stdout", "Traceback is only a word here\n");
    for line in TRACE {
        text += &wrap("stderr", &format!("{line}\n"));
        text += &wrap("stdout", "between\n");
    }
    text += &wrap("stderr", "2026-01-02 03:04:05 ERR");
    text += &wrap("stderr", "OR app: in parts\n");
    let found = read(Framing::Docker, &text, 64);
    let lines: Vec<_> = found.iter().map(|block| (block.first_line, block.last_line)).collect();
    assert_eq!(lines, [(2, 8), (10, 11)]);
    assert_eq!(found[0].text(), TRACE.join("\n"));
}

#[test]
fn broken_frames_are_text() {
    for framing in [Framing::Cri, Framing::Docker] {
        let found = read(framing, "{\"log\":\n2026 stderr\n\nERROR:root:still read\n", 5);
        assert_eq!(found.len(), 1, "{framing:?}");
        assert_eq!(found[0].first_line, 4);
    }
}

#[test]
fn what_begins_before_the_settled_line_may_be_sorted() {
    let line = |stream: &str, text: &str| format!("2026-11-21T10:45:31.781Z {stream} F {text}\n");
    let mut text: String = TRACE.iter().map(|text| line("stderr", text)).collect();
    text.insert_str(0, &line("stderr", "quiet"));
    // A record of the other stream begins and ends while the trace is open.
    let at = text.match_indices('\n').nth(2).unwrap().0 + 1;
    text.insert_str(
        at,
        &(line("stdout", "2026-01-02 03:04:05 ERROR app: short")
            + &line("stdout", "2026-01-02 03:04:06 INFO app: on")),
    );
    let mut streams = Streams::new(Framing::Cri, Limits::default());
    let mut blocks = Vec::new();
    for line in text.split_inclusive('\n') {
        let known = blocks.len();
        let settled = streams.settled_line();
        streams.push(line.as_bytes(), 0, &mut blocks);
        assert!(blocks[known..].iter().all(|block| block.first_line >= settled));
    }
    assert_eq!(blocks.len(), 1, "the short record ended first");
    assert!(streams.settled_line() <= 2, "the trace began before it");
    streams.flush(&mut blocks);
    let starts: Vec<_> = blocks.iter().map(|block| block.first_line).collect();
    assert_eq!(starts, [4, 2]);
}

#[test]
fn a_last_line_without_a_line_break_ends_with_the_input() {
    let text = "2026-11-21T10:45:31.781000000Z stderr F panic: boom";
    let found = read(Framing::Cri, text, 7);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].start, found[0].end), (0, text.len() as u64));
}

#[test]
fn a_trace_without_end_is_remembered_by_its_first_and_last_lines() {
    let time = "2026-11-21T10:45:31.781000000Z stderr F ";
    let mut streams = Streams::new(Framing::Cri, Limits::default());
    let mut out = Vec::new();
    streams.push(format!("{time}hello\n{time}Exception in thread \"main\" a.B: x\n").as_bytes(), 0, &mut out);
    let frame = format!("{time}\tat a.b.C.d(E.java:1)\n");
    for _ in 0..20_000 {
        streams.push(frame.as_bytes(), 0, &mut out);
    }
    assert!(streams.streams.iter().all(|stream| stream.lines.len() <= REMEMBERED));
    assert_eq!(streams.settled_line(), 2);
    streams.push(format!("{time}2026-11-21 10:45:31 INFO bye\n").as_bytes(), 0, &mut out);
    streams.flush(&mut out);
    let lines: Vec<_> = out.iter().map(|block| (block.first_line, block.last_line)).collect();
    assert_eq!(lines, [(2, 20_002)]);
    assert_eq!(out[0].start, time.len() as u64 + 6);
}
