//! Perl: `die` with its place, Carp's backtraces, compile errors. The interpreter's own warnings have the same form and are no errors.

use super::frames::{Thrown, is_number, parsed};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};
use crate::search;

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Perl,
    needles: &[" line "],
    headers: &[],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const CALLS: u8 = 0;

/// The interpreter's own warnings: how they begin, and what stands behind that (perldiag, categories S and W). They end with a
/// place as an error does.
const WARNINGS: [(&str, &str); 48] = [
    ("Ambiguous use of ", ""),
    ("Applying ", " will act on "),
    ("Argument \"", " isn't numeric"),
    ("Attempt to free unreferenced scalar", ""),
    ("Bareword found in conditional", ""),
    ("Constant subroutine ", " redefined"),
    ("Deep recursion on ", ""),
    ("Exiting ", " via "),
    ("Filehandle ", " opened only for "),
    ("Found = in conditional", ""),
    ("Hexadecimal number > ", ""),
    ("Illegal hexadecimal digit ", " ignored"),
    ("Integer overflow in ", ""),
    ("Invalid conversion ", " in "),
    ("Malformed UTF-8 ", ""),
    ("Misplaced _ in number", ""),
    ("Missing argument in ", ""),
    ("Name \"", " used only once"),
    ("Negative repeat count ", ""),
    ("Non-finite repeat count ", ""),
    ("Odd number of elements in ", ""),
    ("Operation \"", " returns its argument "),
    ("Parentheses missing around ", ""),
    ("Possible attempt to ", ""),
    ("Possible precedence ", ""),
    ("Possible unintended interpolation ", ""),
    ("Prototype mismatch", ""),
    ("Redundant argument in ", ""),
    ("Reference found where even-sized list expected", ""),
    ("Scalar value @", " better written as "),
    ("Statement unlikely to be reached", ""),
    ("Subroutine ", " redefined"),
    ("Unquoted string \"", ""),
    ("Unrecognized escape ", ""),
    ("Unsuccessful stat on filename ", ""),
    ("Use of freed value ", ""),
    ("Use of literal control characters ", ""),
    ("Use of uninitialized value", ""),
    ("Useless use of ", ""),
    ("Variable \"", " is not available"),
    ("Variable \"", " will not stay shared"),
    ("Wide character", ""),
    ("\"my\" variable ", " masks "),
    ("\"our\" variable ", " redeclared"),
    ("splice() offset past end of array", ""),
    ("substr outside of string", ""),
    ("", " on closed filehandle"),
    ("", " on unopened filehandle"),
];

/// Whether a statement is a warning of the interpreter's.
fn is_warning(text: &str) -> bool {
    let known =
        |(start, within): &(&str, &str)| text.strip_prefix(start).is_some_and(|rest| rest.contains(within));
    [" is deprecated", " is experimental"].iter().any(|end| text.ends_with(end)) || WARNINGS.iter().any(known)
}

fn opens(line: &str) -> Option<Opening> {
    if line.starts_with([' ', '\t', '{']) {
        return None;
    }
    statement(line)?;
    // Behind a time the words begin, and the calls below stand behind one, too.
    if crate::logline::has_time(line) { None } else { Opening::firm("perl.die", CALLS) }
}

/// The indented last line of a message of several lines, which tells the place.
fn opens_with_frame(line: &str) -> Option<Opening> {
    let indented = line.starts_with(' ') && !line.trim_start().starts_with("at ");
    statement(line).filter(|_| indented).and_then(|_| Opening::firm("perl.die", CALLS))
}

/// `text at FILE line N.`, also `…, <STDIN> line 5.` and `…, near "x"`.
fn statement(line: &str) -> Option<(&str, Frame)> {
    let text = line.trim_end();
    let text = match search::rsplit_once(text, ", <") {
        Some((before, handle)) if handle.contains("> line ") || handle.contains("> chunk ") => before,
        _ => text
            .strip_suffix('.')
            .or_else(|| search::split_once(text, ", near \"").map(|(before, _)| before))?,
    };
    let (rest, number) = search::rsplit_once(text, " line ")?;
    let (message, file) = search::rsplit_once(rest, " at ")?;
    let script = [".pl", ".pm", ".t", ".cgi", ".psgi", ".PL"].iter().any(|ending| file.ends_with(ending));
    let known = script
        || file == "-e"
        || file == "-"
        || file.starts_with("(eval ")
        || file.starts_with('/') && !file.contains(' ');
    let frame = Frame { file: Some(file.to_owned()), line: number.parse().ok(), ..Frame::default() };
    (is_number(number) && known && !message.is_empty()).then_some((message, frame))
}

/// `\tmain::inner(1, "two") called at FILE line N` → function and place.
fn call(line: &str) -> Option<Frame> {
    let (call, place) = search::rsplit_once(line.strip_prefix('\t')?, " called at ")?;
    let (file, rest) = search::rsplit_once(place, " line ")?;
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let name = call.split('(').next().unwrap_or(call);
    Some(Frame {
        function: Some(if name.is_empty() { call } else { name }.to_owned()),
        file: Some(file.to_owned()),
        line: number.parse().ok(),
        ..Frame::default()
    })
}

fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    let aborted = line.starts_with("BEGIN failed--compilation aborted")
        || line.starts_with("Compilation failed in require")
        || line.starts_with("Execution of ") && line.contains(" aborted due to compilation errors")
        || line.contains(" had compilation errors.");
    if call(line).is_some() || line.starts_with("\teval {...} called at ") || aborted {
        return Next::Take;
    }
    // Where a message that ends its own line was carried from, with the calls below.
    if state.run == 1 && line.strip_prefix(" at ").is_some_and(|_| statement(&format!(".{line}")).is_some()) {
        return Next::Hold;
    }
    // Several errors of one compilation end in one statement that it was given up.
    if state.run <= 20 && statement(line).is_some_and(|(text, _)| is_compile_error(text)) {
        return Next::Hold;
    }
    Next::End("after the place")
}

fn is_compile_error(text: &str) -> bool {
    text.starts_with("Global symbol ") || text.starts_with("syntax error") || text.starts_with("Bareword ")
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let mut lines = trace.body.lines();
    let mut thrown = Thrown::default();
    let place = lines.by_ref().find_map(|line| match statement(line) {
        Some((text, place)) => {
            thrown.more(text);
            Some(place)
        }
        None => {
            thrown.more(line);
            None
        }
    })?;
    // What a program puts before its own words is a log line's front.
    let front = thrown.message.len() - crate::logline::message(&thrown.message).len();
    thrown.message.drain(..front);
    let mut innermost = place;
    let calls: Vec<Frame> = lines.filter_map(call).collect();
    // A call tells where it was made: its function is the one in which the place above it lies.
    for call in calls {
        innermost.function = call.function;
        thrown.frames.push(innermost);
        innermost = Frame { file: call.file, line: call.line, ..Frame::default() };
    }
    thrown.frames.push(innermost);
    let level = if is_warning(&thrown.message) { Level::Warning } else { Level::Error };
    Some(parsed(Kind::Exception, level, Language::Perl, thrown, Vec::new()))
}
