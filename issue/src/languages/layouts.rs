//! Texts without a grammar of their own: failed checks of test runners, which name no error, and what the runtimes of
//! smaller languages and shells print.
//!
//! A layout is a row of [`LAYOUTS`]: how its first line looks, what proves it, where it ends. How places are told is one
//! list for all of them (`layouts/places.rs`), so that a runner that nobody listed here needs a row and little code.

use super::frames::{Thrown, is_shown, names_an_error, parsed, type_and_message};
use super::{Grammar, Next, Opening, State, Trace, dotnet, interrupts};
use crate::report::{Kind, Language, Level, Parsed};

mod above;
mod places;
mod tap;
mod titles;

pub use above::{Above, above, is_headed};
use places::place;
use titles::Title;

/// The rules of all layouts.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Unknown,
    needles: &[
        "Fail",
        "FAIL",
        "not ok ",
        "● ",
        "stack traceback:",
        "Error in ",
        "Error: test",
        "panic: ",
        ": line ",
        "xception.",
    ],
    headers: &[],
    opens,
    frame: super::never,
    follows,
    parse,
};

/// Lines below the first one.
const LINES: u32 = 120;

/// What has to stand below the first line.
enum Proof {
    /// Nothing.
    None,
    /// The next line has this form.
    Next(fn(&str) -> bool),
    /// Some line of the record has.
    Later(fn(&str) -> bool),
}

/// Where a layout ends.
#[derive(PartialEq)]
enum End {
    /// At an empty line.
    Blank,
    /// At a line that stands less deep than those below the first one.
    Outdent,
    /// At a rule over the whole width.
    Rule,
    /// Behind the places of the calls.
    Places,
    /// Behind the places of the calls, below each of which its source is shown.
    Excerpts,
    /// Behind the lines that are marked as comments, or the block of YAML.
    Marked,
    /// Above the advice on what to try.
    Advice,
    /// The first line is all.
    Title,
}

/// How one tool tells of an error.
struct Layout {
    rule: &'static str,
    language: Language,
    kind: Kind,
    title: fn(&str) -> Option<Title<'_>>,
    proof: Proof,
    end: End,
}

impl Layout {
    /// A failed check.
    const fn check(
        rule: &'static str,
        language: Language,
        title: fn(&str) -> Option<Title<'_>>,
        proof: Proof,
        end: End,
    ) -> Self {
        Self { rule, language, kind: Kind::Exception, title, proof, end }
    }
}

/// All layouts; a record's phase is the number of its row.
static LAYOUTS: [Layout; 15] = [
    Layout::check("layout.go_test", Language::Go, titles::go, Proof::Next(is_go), End::Outdent),
    Layout::check(
        "layout.minitest",
        Language::Ruby,
        titles::numbered_failure,
        Proof::Next(places::is_bracketed),
        End::Blank,
    ),
    Layout::check("layout.test_unit", Language::Ruby, titles::named_failure, Proof::Next(is_ruby), End::Rule),
    Layout::check("layout.asserting", Language::Php, titles::asserting, Proof::None, End::Places),
    Layout::check("layout.pest", Language::Php, titles::pest, Proof::Later(is_php), End::Places),
    Layout::check("layout.placed", Language::Native, titles::placed, Proof::None, End::Blank),
    Layout::check("layout.tap", Language::Unknown, titles::tap, Proof::None, End::Marked),
    Layout::check(
        "layout.bullet",
        Language::Javascript,
        titles::bullet,
        Proof::Later(is_script),
        End::Outdent,
    ),
    Layout::check("layout.vstest", Language::Dotnet, titles::vstest, Proof::Later(is_dotnet), End::Places),
    Layout::check(
        "layout.bracketed",
        Language::Dotnet,
        titles::bracketed,
        Proof::Later(is_dotnet),
        End::Outdent,
    ),
    Layout::check("layout.lua", Language::Unknown, titles::lua, Proof::Next(places::is_lua), End::Places),
    Layout::check("layout.r", Language::Unknown, titles::r, Proof::None, End::Blank),
    Layout {
        rule: "layout.zig",
        language: Language::Unknown,
        kind: Kind::Panic,
        title: titles::zig,
        proof: Proof::Next(|line| place(line, Language::Unknown).is_some()),
        end: End::Excerpts,
    },
    Layout {
        rule: "layout.gradle",
        language: Language::Jvm,
        kind: Kind::Log,
        title: titles::gradle,
        proof: Proof::None,
        end: End::Advice,
    },
    Layout {
        rule: "layout.shell",
        language: Language::Unknown,
        kind: Kind::Log,
        title: titles::shell,
        proof: Proof::None,
        end: End::Title,
    },
];

fn is_go(line: &str) -> bool {
    place(line, Language::Go).is_some()
}

fn is_ruby(line: &str) -> bool {
    place(line, Language::Ruby).is_some()
}

fn is_php(line: &str) -> bool {
    place(line, Language::Php).is_some()
}

fn is_script(line: &str) -> bool {
    place(line, Language::Javascript).is_some()
}

fn is_dotnet(line: &str) -> bool {
    place(line, Language::Dotnet).is_some()
}

fn opens(line: &str) -> Option<Opening> {
    let row = LAYOUTS.iter().position(|layout| (layout.title)(line).is_some())?;
    let layout = LAYOUTS.get(row)?;
    let phase = u8::try_from(row).ok()?;
    // A failed test of Go without words below it may have them above: `parse` knows.
    match layout.proof {
        Proof::None => Opening::firm(layout.rule, phase),
        Proof::Next(_) if layout.language == Language::Go => Opening::firm(layout.rule, phase),
        _ => Opening::weak(layout.rule, phase),
    }
}

/// Set in `mark` once the layout is proved; below it stands the depth of the lines, plus one.
const PROVED: u32 = 1 << 16;

fn follows(state: &mut State, line: &str) -> Next {
    let Some(layout) = LAYOUTS.get(usize::from(state.phase)) else { return Next::End("no layout") };
    state.run += 1;
    let blank = line.trim().is_empty();
    if state.run > LINES {
        return Next::End("layout limit");
    }
    if !blank && LAYOUTS.iter().any(|other| (other.title)(line).is_some()) {
        // A test of Go that failed because one inside it did says nothing itself.
        let nested = layout.language == Language::Go && state.mark == 0;
        return if nested { Next::Hold } else { Next::End("next failure") };
    }
    if let Proof::Later(_) = layout.proof
        && state.mark & PROVED == 0
        && is_named(line)
    {
        return Next::End("a named error");
    }
    if !blank && state.mark == 0 {
        match layout.proof {
            Proof::Next(form) if !form(line) => return Next::End("another layout"),
            Proof::None | Proof::Next(_) => state.mark = PROVED,
            Proof::Later(_) => {}
        }
    }
    let ended = match layout.end {
        End::Blank => at_blank(line),
        End::Outdent => at_outdent(state, line, blank),
        End::Rule => line.starts_with("=====").then_some("at the rule"),
        End::Places => at_places(state, line, blank, layout.language),
        End::Excerpts => (blank || !line.starts_with(' ') && place(line, layout.language).is_none())
            .then_some("not a call"),
        End::Marked => tap::ends(state, line),
        End::Advice => {
            let over = ["* Try:", "* Get more", "* Exception is:", "BUILD FAILED"];
            (over.iter().any(|start| line.starts_with(start)) || interrupts(line))
                .then_some("above the advice")
        }
        End::Title => Some("one line"),
    };
    if let Some(reason) = ended {
        return Next::End(reason);
    }
    if let Proof::Later(form) = layout.proof
        && form(line)
    {
        state.mark |= PROVED;
    }
    let sure = match layout.end {
        End::Places => places_began(state),
        _ => state.mark & PROVED != 0,
    };
    if blank || !sure { Next::Hold } else { Next::Take }
}

/// An error with a name is told by its own language's rules.
fn is_named(line: &str) -> bool {
    let text = line.trim_start();
    type_and_message(text).is_some_and(|(class, _)| names_an_error(class)) || dotnet::tested(text).is_some()
}

fn at_blank(line: &str) -> Option<&'static str> {
    (line.trim().is_empty() || line.starts_with('[') || interrupts(line)).then_some("empty line")
}

fn indent(line: &str) -> u32 {
    u32::try_from(line.len() - line.trim_start().len()).unwrap_or(u32::MAX).min(PROVED - 2)
}

fn at_outdent(state: &mut State, line: &str, blank: bool) -> Option<&'static str> {
    let depth = state.mark & (PROVED - 1);
    if blank {
        None
    } else if depth == 0 {
        state.mark |= indent(line) + 1;
        (indent(line) == 0).then_some("not indented")
    } else {
        (indent(line) + 1 < depth).then_some("less indented")
    }
}

/// Whether a place was told; only places and shown source stand below it.
fn places_began(state: &State) -> bool {
    state.mark & 1 != 0
}

fn at_places(state: &mut State, line: &str, blank: bool, language: Language) -> Option<&'static str> {
    if place(line, language).is_some_and(|(_, words)| words.is_empty()) {
        state.mark |= 1;
        return None;
    }
    let over = places_began(state) && !blank && !is_source(line);
    (over || !blank && !line.starts_with(' ') && interrupts(line)).then_some("behind the places")
}

/// A line of the source that a runner shows.
fn is_source(line: &str) -> bool {
    is_shown(line) || line.contains('▕') || is_listed(line)
}

/// `  =>  8:     assert_equal(12, count)` of test-unit.
fn is_listed(line: &str) -> bool {
    let number = line.trim_start().trim_start_matches("=>").trim_start();
    let digits = number.bytes().take_while(u8::is_ascii_digit).count();
    line.starts_with("  ") && digits > 0 && number.as_bytes().get(digits) == Some(&b':')
}

/// What stands between the words and is neither.
fn is_mute(line: &str) -> bool {
    const HEADINGS: [&str; 5] =
        ["Stack Trace:", "Error Message:", "Execution halted", "* What went wrong:", "* Where:"];
    HEADINGS.contains(&line.trim()) || line.starts_with("-----") || is_source(line)
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let layout = LAYOUTS.iter().find(|layout| layout.rule == trace.rule)?;
    let thrown = if layout.end == End::Marked { tap::read(trace.body)? } else { read(layout, trace)? };
    let level = if layout.kind == Kind::Panic { Level::Fatal } else { Level::Error };
    Some(parsed(layout.kind, level, layout.language, thrown, Vec::new()))
}

/// Words and places of a layout without marks of its own. `None`: it says nothing.
fn read(layout: &Layout, trace: &Trace<'_>) -> Option<Thrown> {
    let mut thrown = Thrown::default();
    let mut title = Title::default();
    let mut words: Vec<&str> = Vec::new();
    for line in trace.header.lines().chain(trace.body.lines()) {
        if let Some(next) = (layout.title)(line).or_else(|| titles::heading(line)) {
            title.function = next.function.or(title.function);
            thrown.frames.extend(next.frame());
            words.extend((!next.words.is_empty()).then_some(next.words));
        } else if let Some((frame, rest)) = place(line, layout.language) {
            thrown.frames.push(frame);
            words.extend((!rest.is_empty()).then_some(rest));
        } else if layout.end != End::Excerpts && !is_mute(line) {
            // Go indents what follows the first line of a message.
            words.push(if layout.language == Language::Go { line.trim() } else { line.trim_end() });
        }
    }
    if let Some(first) = thrown.frames.first_mut().filter(|first| first.function.is_none()) {
        first.function = title.function.map(str::to_owned);
    }
    thrown.message = dedent(&words);
    if layout.kind == Kind::Panic {
        thrown.error_type = Some("panic".to_owned());
    }
    if let Some((class, message)) =
        type_and_message(&thrown.message).filter(|(class, _)| names_an_error(class))
    {
        (thrown.error_type, thrown.message) = (Some(class.to_owned()), message.to_owned());
    }
    (!thrown.message.is_empty()).then_some(thrown)
}

/// The words without the indentation that all their lines share, and without empty lines around them.
fn dedent(words: &[&str]) -> String {
    let full = |line: &&&str| !line.trim().is_empty();
    let shared =
        words.iter().filter(full).map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let lines: Vec<&str> = words.iter().map(|line| line.get(shared..).unwrap_or_default()).collect();
    lines.join("\n").trim_matches('\n').trim_end().to_owned()
}

#[cfg(test)]
mod tests;
