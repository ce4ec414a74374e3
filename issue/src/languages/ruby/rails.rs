//! Rails' log of an error: `Class (message):`, which may take several lines, the causes, and the frames below.

use super::super::frames::{Thrown, names_an_error};
use super::super::{Next, Opening, State};
use super::{RAILS, STATEMENT, frame, is_class};

/// Lines between a header and its frames.
const LINES: u32 = 24;

/// Whether Rails' header is this line, or begins with it.
pub fn opens(line: &str) -> Option<Opening> {
    let Some((class, message)) = header(line) else {
        return begun(line).and_then(|_| Opening::weak("ruby.rails", STATEMENT));
    };
    // Without frames too, as for a route that does not exist, if the name is one that only an error has.
    if class.contains("::") || class.len() > 5 && names_an_error(class) && !message.is_empty() {
        Opening::firm("ruby.rails", RAILS)
    } else {
        Opening::weak("ruby.rails", RAILS)
    }
}

/// Rails' header as the words of a log line that states its level, in which each line of the trace has such a front.
pub fn logged(line: &str) -> Option<Opening> {
    let (class, _) = header(line)?;
    if class.contains("::") { Opening::firm("ruby.rails", RAILS) } else { None }
}

/// `ActionView::Template::Error (message):` of Rails' log.
pub fn header(line: &str) -> Option<(&str, &str)> {
    let (class, rest) = line.strip_prefix(' ').unwrap_or(line).split_once(" (")?;
    let message = rest.trim_end().strip_suffix("):")?;
    is_class(class).then_some((class, message))
}

/// `ActiveRecord::StatementInvalid (PG::UndefinedColumn: ERROR:  column …`: what a database says takes several lines.
fn begun(line: &str) -> Option<(&str, &str)> {
    let (class, message) = line.strip_prefix(' ').unwrap_or(line).split_once(" (")?;
    let inner = message.split(": ").next()?;
    let quoted = class.contains("::") && inner.contains("::") && is_class(class) && is_class(inner);
    (quoted && !message.trim_end().ends_with(')')).then_some((class, message))
}

/// Until the parenthesis is closed.
pub fn in_statement(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.run > LINES {
        return Next::End("no end of the header");
    }
    if line.trim_end().ends_with("):") {
        state.enter(RAILS);
    }
    Next::Hold
}

/// Between Rails' header and its frames stand empty lines and a template's excerpt.
pub fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.run > LINES || header(line).is_some() || super::super::interrupts(line) {
        Next::End("no frame after the header")
    } else {
        Next::Hold
    }
}

/// `Class (message):`, since Rails 6.1 with `Causes:` and a line for each, then frames.
pub fn parse(body: &str) -> Option<Vec<Thrown>> {
    let mut lines = body.lines();
    let first = lines.next()?;
    let mut thrown = match header(first) {
        Some((class, message)) => Thrown::new(class, message),
        None => {
            let (class, message) = begun(first)?;
            let mut thrown = Thrown::new(class, message);
            for line in lines.by_ref() {
                let last = line.trim_end().strip_suffix("):");
                thrown.more(last.unwrap_or(line));
                if last.is_some() {
                    break;
                }
            }
            thrown.message.truncate(thrown.message.trim_end_matches('\n').len());
            thrown
        }
    };
    let mut causes = Vec::new();
    let mut told = false;
    for line in lines {
        if let Some(frame) = frame(line) {
            thrown.frames.push(frame.own());
        } else if line.trim_end() == "Causes:" {
            told = true;
        } else if told && let Some((class, message)) = cause(line) {
            causes.push(Thrown::new(class, message));
        }
    }
    Some([thrown].into_iter().chain(causes).collect())
}

/// `Class (message)`.
fn cause(line: &str) -> Option<(&str, &str)> {
    let (class, message) = line.trim_end().strip_suffix(')')?.split_once(" (")?;
    is_class(class).then_some((class, message))
}
