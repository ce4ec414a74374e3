//! `issuetracker normalize`: one template line for each line of stdin.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    process::ExitCode,
};

use anyhow::Context;
use issue::template;

use crate::arguments::NormalizeArguments;

/// Longest line that is normalised whole; the rest of it is dropped with a mark, so that memory stays bounded.
const MAX_LINE: usize = 64 * 1024;

/// Runs the command.
pub fn run(arguments: &NormalizeArguments) -> anyhow::Result<ExitCode> {
    let rewrite = if arguments.key { template::key } else { template::template };
    let mut input = io::BufReader::with_capacity(256 * 1024, io::stdin().lock());
    let stdout = io::stdout();
    // Somebody who types wants each answer at once, and so does a program that asks line by line through a pipe.
    let mut out = io::BufWriter::with_capacity(64 * 1024, stdout.lock());
    let prompt = io::stdin().is_terminal();
    let mut line = Vec::new();
    while read_line(&mut input, &mut line).context("reading stdin")? {
        let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line));
        writeln!(out, "{}", rewrite(&text).replace(['\n', '\r'], " "))?;
        if prompt || input.buffer().is_empty() {
            out.flush()?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The next line without its end, at most [`MAX_LINE`] bytes of it and a mark; false at the end of the input.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut any = false;
    let mut cut = false;
    loop {
        let buffer = input.fill_buf()?;
        if buffer.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', buffer);
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = MAX_LINE.saturating_sub(line.len());
        cut |= part.len() > room;
        line.extend_from_slice(part.get(..room.min(part.len())).unwrap_or_default());
        let used = end.map_or(buffer.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    if cut {
        line.extend_from_slice("…".as_bytes());
    }
    Ok(any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_counted_as_they_stand() {
        let mut input = io::BufReader::with_capacity(3, &b"one\n\ntwo\r\nthree"[..]);
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while read_line(&mut input, &mut line).expect("memory can be read") {
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
        assert_eq!(lines, ["one", "", "two\r", "three"]);
    }

    #[test]
    fn an_endless_line_takes_bounded_memory() {
        let mut input = io::BufReader::new(io::Read::take(io::repeat(b'x'), 10 << 20));
        let mut line = Vec::new();
        assert!(read_line(&mut input, &mut line).expect("memory can be read"));
        assert_eq!(line.len(), MAX_LINE + "…".len());
        assert!(!read_line(&mut input, &mut line).expect("memory can be read"));
    }
}
