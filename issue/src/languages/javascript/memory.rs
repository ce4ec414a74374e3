//! V8 out of memory: the notes of its collector, the fatal error and the native stack.

use super::super::frames::{Thrown, parsed};
use super::super::{Next, State};
use super::frame::native_frame;
use crate::report::{Kind, Language, Level, Parsed};

/// The notes of the collector, up to the fatal error.
pub fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if line.starts_with("FATAL ERROR: ") {
        state.take(super::NATIVE)
    } else if state.run > 60 || super::opens(line).is_some() {
        Next::End("no fatal error after the collector's notes")
    } else {
        Next::Hold
    }
}

/// The native stack of a V8 that gave up.
pub fn in_native(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if line.trim().is_empty() && state.run <= 40 {
        Next::Hold
    } else if line.starts_with("----- ")
        || native_frame(line).is_some()
        || line.starts_with("<--- JS stacktrace")
    {
        Next::Take
    } else {
        Next::End("not a native frame")
    }
}

/// Text after `FATAL ERROR: `, and the native stack.
pub fn parse(body: &str) -> Parsed {
    let mut primary = Thrown::new("FATAL ERROR", "");
    let mut seen = false;
    for line in body.lines() {
        if let Some(text) = line.strip_prefix("FATAL ERROR: ") {
            primary.message = text.trim_end().to_owned();
            seen = true;
        } else if seen && let Some(frame) = native_frame(line) {
            primary.frames.push(frame.own());
        }
    }
    parsed(Kind::Fatal, Level::Fatal, Language::Javascript, primary, Vec::new())
}
