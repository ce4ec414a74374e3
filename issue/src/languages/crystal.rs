//! Crystal: uncaught errors. The language has no word of its own in reports: it stands for those that print what Ruby
//! prints in another order.

use super::frames::{Thrown, is_number, parsed, place};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// The rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Unknown,
    needles: &["xception"],
    headers: &[],
    opens,
    frame: super::never,
    follows,
    parse,
};

const HEAD: u8 = 0;
const FRAMES: u8 = 1;
const MESSAGE_LINES: u32 = 20;

fn opens(line: &str) -> Option<Opening> {
    thrown(line).and_then(|_| Opening::firm("crystal.uncaught", HEAD))
}

/// `Unhandled exception: message (Class)`, `Unhandled exception in spawn: message (Class)`.
fn thrown(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("Unhandled exception")?;
    let rest = rest.strip_prefix(" in spawn").unwrap_or(rest);
    let named = rest.strip_prefix("(name: ").and_then(|rest| rest.split_once(')'));
    let rest = named.map_or(rest, |(_, rest)| rest).strip_prefix(": ")?;
    let (message, class) = rest.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    let named = class.starts_with(|first: char| first.is_ascii_uppercase())
        && class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b':' || byte == b'_');
    named.then_some((class, message.trim_end()))
}

/// `  from src/shop.cr:4:5 in 'pick'`.
fn frame(line: &str) -> Option<Frame> {
    let (location, function) = line.trim_start().strip_prefix("from ")?.trim_end().split_once(" in '")?;
    let (file, number, column) = place(location);
    let known = location.rsplit(':').next().is_some_and(is_number);
    known.then(|| Frame {
        function: Some(function.trim_end_matches('\'').to_owned()),
        file,
        line: number,
        column,
        ..Frame::default()
    })
}

fn follows(state: &mut State, line: &str) -> Next {
    if frame(line).is_some() {
        return state.take(FRAMES);
    }
    if state.phase == FRAMES && line.trim_start().starts_with("Caused by: ") {
        return state.take(HEAD);
    }
    if state.phase == FRAMES { Next::End("not a frame") } else { state.run_on(line, MESSAGE_LINES) }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let mut lines = trace.body.lines();
    let (class, message) = thrown(lines.next()?)?;
    let mut primary = Thrown::new(class, message);
    for line in lines.take_while(|line| !line.starts_with("Caused by: ")) {
        match frame(line) {
            Some(frame) => primary.frames.push(frame),
            None => primary.more(line),
        }
    }
    Some(parsed(Kind::Exception, Level::Error, Language::Unknown, primary, Vec::new()))
}
