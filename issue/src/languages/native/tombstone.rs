//! Android's report of a process that died of a signal.

use super::super::frames::{Thrown, non_empty, parsed};
use super::super::{Next, Opening};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// The one step of the report.
pub const REPORT: u8 = 20;

/// Its first line is a row of stars.
pub fn opens(line: &str) -> Option<Opening> {
    if line.starts_with("*** *** *** *** ***") { Opening::weak("native.tombstone", REPORT) } else { None }
}

/// Every line of the report is indented or begins with one of these.
pub fn follows(line: &str) -> Next {
    const STARTS: [&str; 16] = [
        "Build fingerprint:",
        "Revision:",
        "ABI:",
        "Timestamp:",
        "Process uptime:",
        "Cmdline:",
        "pid:",
        "uid:",
        "tagged_addr_ctrl:",
        "signal ",
        "Abort message:",
        "Cause:",
        "backtrace:",
        "stack:",
        "memory near ",
        "code around ",
    ];
    if line.trim().is_empty() {
        Next::Hold
    } else if line.starts_with([' ', '\t']) || STARTS.iter().any(|start| line.starts_with(start)) {
        Next::Take
    } else {
        Next::End("after the report")
    }
}

/// `signal 11 (SIGSEGV), code 1 …`, `Abort message: '…'`, `    #00 pc 0001  /lib/libshop.so (put(int)+27)`.
pub fn parse(body: &str) -> Parsed {
    let signal = body.lines().find(|line| line.starts_with("signal ")).unwrap_or_default();
    let name = signal.split_once('(').and_then(|(_, rest)| rest.split(')').next()).unwrap_or_default();
    let abort = body.lines().find_map(|line| line.strip_prefix("Abort message: "));
    let mut thrown = Thrown::new(name, abort.map_or(signal, |text| text.trim_matches('\'')).trim_end());
    thrown.frames = body.lines().filter_map(frame).collect();
    parsed(Kind::Fatal, Level::Fatal, Language::Native, thrown, Vec::new())
}

fn frame(line: &str) -> Option<Frame> {
    let (_, rest) = line.trim_start().strip_prefix('#')?.split_once(" pc ")?;
    let (_, rest) = rest.split_once(' ')?;
    let (file, call) = rest.trim().split_once(" (").unwrap_or((rest.trim(), ""));
    let name = call.split(") (BuildId").next().unwrap_or(call).trim_end_matches(')');
    let name = name.rsplit_once('+').map_or(name, |(name, _)| name);
    let name = if name.starts_with("BuildId") { "" } else { name };
    Some(Frame { function: non_empty(name), file: non_empty(file), ..Frame::default() })
}
