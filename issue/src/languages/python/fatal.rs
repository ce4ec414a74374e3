//! What Python's interpreter says when it gives up: `Fatal Python error: text` and the threads, innermost frame first.

use super::super::Next;
use super::super::State;
use super::super::frames::{Thrown, parsed};
use super::{FRAMES, TRACEBACK, frame, is_exception_line};
use crate::report::{Kind, Language, Level, Parsed};

pub fn follows(state: &mut State, line: &str) -> Next {
    const STARTS: [&str; 7] = [
        "<no Python frame>",
        "Python runtime state: ",
        "Current thread ",
        "Thread 0x",
        "  File \"",
        "  <",
        "Extension modules: ",
    ];
    if line.is_empty() {
        return Next::Hold;
    }
    if STARTS.iter().any(|start| line.starts_with(start)) || line.starts_with("  ...") {
        return Next::Take;
    }
    if line.trim_end() == TRACEBACK {
        return state.take(FRAMES);
    }
    if is_exception_line(line) && line.contains("Error: ") && !crate::logline::is_log_line(line) {
        return Next::Take;
    }
    Next::End("not a line of a fatal error")
}

/// `Fatal Python error: text`, then the threads, the failing one marked "Current", innermost frame first.
pub fn parse(body: &str) -> Parsed {
    let mut lines = body.lines();
    let message = lines.next().unwrap_or_default().strip_prefix("Fatal Python error: ").unwrap_or_default();
    let mut primary = Thrown::new("Fatal Python error", message.trim_end());
    let mut in_current = false;
    for line in lines {
        if line.starts_with("Current thread ") {
            in_current = true;
        } else if line.starts_with("Thread 0x") {
            in_current = false;
        } else if in_current && let Some(frame) = frame(line) {
            primary.frames.push(frame);
        }
    }
    parsed(Kind::Fatal, Level::Fatal, Language::Python, primary, Vec::new())
}
