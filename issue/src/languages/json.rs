//! JSON lines: opened by a cheap look for an error's level or a stack, read by [`crate::structured`].

use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Language, Parsed};
use crate::structured;

/// The rules of structured lines; they state no language of their own.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Unknown,
    needles: &["\"level\":5", "\"level\":6", "\"level\":3,"],
    headers: &[],
    opens,
    frame: super::never,
    follows,
    parse,
};

fn opens(line: &str) -> Option<Opening> {
    // A line that was cut on its way does not end with a brace.
    let object = line.starts_with("{\"") || line.starts_with('{') && line.trim_end().ends_with('}');
    if object && structured::may_be_error(line) { Opening::firm("json", u8::MAX) } else { None }
}

fn follows(_: &mut State, _: &str) -> Next {
    Next::End("one line")
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    structured::parse_json(trace.body)
}
