//! What systemd writes to its journal about a process that dumped its core.

use super::super::frames::{Thrown, is_number, non_empty, parsed};
use super::super::{Next, Opening};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// The one step of the report.
pub const REPORT: u8 = 30;

/// `Process 2100 (tramd) of user 1000 dumped core.`; a syslog daemon joins the lines below with `#012`.
pub fn opens(line: &str) -> Option<Opening> {
    let told = line.strip_prefix("Process ").is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_digit()) && rest.contains(" dumped core.")
    });
    if told { Opening::firm("native.coredump", REPORT) } else { None }
}

/// Stacks of all threads, modules and the kind of the file.
pub fn follows(line: &str) -> Next {
    const STARTS: [&str; 7] =
        ["Stack trace of thread", "#", "Module ", "Found module", "Metadata for", "ELF object", "Coredump "];
    let text = line.trim();
    if text.is_empty() {
        Next::Hold
    } else if STARTS.iter().any(|start| text.starts_with(start)) {
        Next::Take
    } else {
        Next::End("after the report")
    }
}

/// The words, and the frames of the first thread, which is the one that died.
pub fn parse(body: &str) -> Parsed {
    let mut lines = body.split('\n').flat_map(|line| line.split("#012"));
    let words = lines.next().unwrap_or_default().trim_end();
    let mut thrown = Thrown { message: words.to_owned(), ..Thrown::default() };
    for line in lines {
        if let Some(frame) = frame(line) {
            thrown.frames.push(frame);
        } else if !thrown.frames.is_empty() && line.trim_start().starts_with("Stack trace of thread") {
            break;
        }
    }
    parsed(Kind::Fatal, Level::Fatal, Language::Native, thrown, Vec::new())
}

/// `#1  0x000055d0b0a01b1d open_door (tramd + 0x1b1d)`.
fn frame(line: &str) -> Option<Frame> {
    let (number, rest) = line.trim_start().strip_prefix('#')?.split_once(' ')?;
    let (_, call) = rest.trim_start().strip_prefix("0x")?.split_once(' ')?;
    let (name, object) = call.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    let name = if name == "n/a" { "" } else { name };
    let file = object.split(" + 0x").next().filter(|file| *file != "n/a").and_then(non_empty);
    is_number(number).then(|| Frame { function: non_empty(name), file, ..Frame::default() })
}
