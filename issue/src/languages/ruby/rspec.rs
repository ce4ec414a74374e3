//! RSpec's layout of a failed example: the failing source, the error's class and message, and the calls behind `#`,
//! all of it indented below the example's number.

use super::super::frames::{Seen, Thrown, parsed};
use super::super::{Next, Opening, State};
use super::{RSPEC, frame};
use crate::report::{Kind, Language, Level, Parsed};

/// Lines above the calls.
const WORDS: u32 = 60;

/// What stands before the source of the failing line.
const MARK: &str = "Failure/Error:";

/// `     Failure/Error: raise Off`.
pub fn opens(line: &str) -> Option<Opening> {
    if is_failure(line) { Opening::weak("ruby.rspec", RSPEC) } else { None }
}

/// Whether the line is the one below an example's number.
pub fn is_failure(line: &str) -> bool {
    line.starts_with("  ") && line.trim_start().starts_with(MARK)
}

/// The text behind `# ` of a call.
fn call(line: &str) -> Option<&str> {
    line.trim_start().strip_prefix("# ").filter(|_| line.starts_with("  "))
}

/// `mark` 1: the calls began.
pub fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if call(line).is_some() {
        state.mark = 1;
        return state.take(RSPEC);
    }
    if state.mark == 1 || state.run > WORDS || !line.trim().is_empty() && !line.starts_with("   ") {
        return Next::End("after the calls");
    }
    Next::Hold
}

pub fn parse(body: &str) -> Option<Parsed> {
    let mut lines = body.lines().peekable();
    // The source, of one line or several, ends with an empty line.
    while lines.next_if(|line| !line.trim().is_empty()).is_some() {}
    let mut thrown = Thrown::default();
    let mut causes: Vec<Thrown> = Vec::new();
    for line in lines {
        match call(line) {
            Some(text) => called(text, &mut thrown, &mut causes),
            None => say(&mut thrown, line),
        }
    }
    thrown.message.truncate(thrown.message.trim_end().len());
    Some(parsed(Kind::Exception, Level::Error, Language::Ruby, thrown, causes))
}

/// A line of the class or of the words, which stand deeper.
fn say(thrown: &mut Thrown, line: &str) {
    let text = line.trim();
    let class = text.strip_suffix(':').filter(|class| super::is_class(class));
    match class {
        Some(class) if thrown.error_type.is_none() && thrown.message.is_empty() => {
            thrown.error_type = Some(class.to_owned());
        }
        _ if text.is_empty() && thrown.message.is_empty() => {}
        _ => thrown.more(text),
    }
}

/// A call of the error or of what caused it.
fn called(text: &str, thrown: &mut Thrown, causes: &mut Vec<Thrown>) {
    if text.starts_with("--- Caused by") {
        causes.push(Thrown::default());
    } else if let Some(frame) = frame(text).map(Seen::own) {
        causes.last_mut().unwrap_or(thrown).frames.push(frame);
    } else if let Some(cause) = causes.last_mut().filter(|_| !text.starts_with("----")) {
        say(cause, text);
    }
}
