//! What the Linux kernel writes when it fails: `BUG:`, `Oops:`, `Kernel panic` and the registers and calls below.

use super::super::frames::{Thrown, non_empty, parsed};
use super::super::{Next, Opening};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// Step of the grammar inside a kernel's report.
pub const REPORT: u8 = 60;

/// Starts of a report; of a bug only in the kernel's own words, since programs say `BUG: ` too.
const STARTS: [&str; 8] = [
    "BUG: unable to handle ",
    "BUG: kernel ",
    "BUG: soft lockup",
    "BUG: scheduling while atomic",
    "BUG: Bad page ",
    "BUG: sleeping function called",
    "BUG: KASAN: ",
    "Kernel panic - not syncing: ",
];

/// Starts of the lines of a report.
const LINES: [&str; 34] = [
    "#PF: ",
    "IP: ",
    "PGD ",
    "Oops: ",
    "CPU: ",
    "Hardware name:",
    "RIP: ",
    "Code: ",
    "RSP: ",
    "RAX: ",
    "RBX: ",
    "RCX: ",
    "RDX: ",
    "RSI: ",
    "RDI: ",
    "RBP: ",
    "R08: ",
    "R09: ",
    "R10: ",
    "R13: ",
    "R15: ",
    "FS: ",
    "CS: ",
    "CR2: ",
    "DR",
    "Call Trace:",
    "Modules linked in:",
    "---[ end ",
    "Kernel Offset:",
    "pc : ",
    "lr : ",
    "Call trace:",
    "Workqueue:",
    "Kernel panic - not syncing: ",
];

/// Whether the kernel begins to tell of a failure.
pub fn opens(line: &str) -> Option<Opening> {
    if STARTS.iter().any(|start| line.starts_with(start)) {
        Opening::firm("native.kernel", REPORT)
    } else {
        None
    }
}

/// Whether a line is one of the report's.
pub fn follows(line: &str) -> Next {
    let text = line.trim_start();
    if LINES.iter().any(|start| text.starts_with(start)) || call(line).is_some() || is_mark(text) {
        Next::Take
    } else {
        Next::End("after the report")
    }
}

/// `<TASK>`, `</IRQ>`.
fn is_mark(text: &str) -> bool {
    text.starts_with('<') && text.trim_end().ends_with('>')
}

/// ` do_read+0x14/0x30 [module]`, `? ksys_read+0x5/0x10`, `RIP: 0010:do_read+0x14/0x30`.
fn call(line: &str) -> Option<Frame> {
    let text = line.trim_start();
    let text =
        text.strip_prefix("RIP: ").and_then(|rest| rest.split_once(':')).map_or(text, |(_, rest)| rest);
    let text = text.strip_prefix("? ").unwrap_or(text);
    let (name, rest) = text.split_once("+0x")?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'));
    let sizes = rest.split(' ').next()?;
    let module = rest.split_once('[').and_then(|(_, module)| module.trim_end().strip_suffix(']'));
    (plain && !name.is_empty() && sizes.contains("/0x")).then(|| Frame {
        function: non_empty(name),
        module: module.map(str::to_owned),
        ..Frame::default()
    })
}

/// The first line's words, and the calls; the instruction that failed is told twice, before its registers and above
/// the calls.
pub fn parse(body: &str) -> Parsed {
    let first = body.lines().next().unwrap_or_default().trim_end();
    let (class, message) = first.split_once(": ").unwrap_or((first, ""));
    let class = class.strip_suffix(" - not syncing").unwrap_or(class);
    let mut thrown = Thrown::new(class, message);
    thrown.frames = body.lines().skip(1).filter_map(call).collect();
    parsed(Kind::Panic, Level::Fatal, Language::Native, thrown, Vec::new())
}
