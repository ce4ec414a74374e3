//! pytest's own layout of a failed test: between a rule that holds the test's name and the place of the error stand
//! sources, marked lines (`>`, `E`) and the places of the calls, the outermost first.

use super::super::frames::{Thrown, is_number, non_empty, type_and_message};
use super::super::{Next, Opening, State};
use super::{FRAMES, PYTEST, TRACEBACK, is_chain};
use crate::report::Frame;

/// Lines between two marks that tell something.
const QUIET_LINES: u32 = 300;

/// Nothing was told yet, the error was, its place was.
const SOURCES: u32 = 0;
const TOLD: u32 = 1;
const PLACED: u32 = 2;

/// `____ test_cart[3] ____`, `____ ERROR at setup of test_cart ____`.
pub fn opens(line: &str) -> Option<Opening> {
    if is_title(line) { Opening::weak("python.pytest", PYTEST) } else { None }
}

fn is_title(line: &str) -> bool {
    let text = line.trim_end();
    let name = text.trim_matches('_');
    let ruled =
        text.starts_with("____") && text.ends_with('_') || text.starts_with('_') && text.ends_with("____");
    ruled && name.len() > 2 && name.starts_with(' ') && name.ends_with(' ') && !name.trim().is_empty()
}

/// A rule over the whole width, with or without words in it.
pub fn is_rule(line: &str) -> bool {
    ["==========", "__________", "----------"].iter().any(|rule| line.starts_with(rule)) || is_title(line)
}

/// A rule with or without words that no message of a program holds.
pub fn is_section(line: &str) -> bool {
    line.starts_with("==========") || is_title(line)
}

/// What stands behind the mark of the error's own lines.
fn told(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('E')?;
    (rest.is_empty() || rest.starts_with("   ")).then_some(rest)
}

/// `tests/test_cart.py:12: in pick`, `cart.py:5: CartError`, `cart.py:9: ` → file, line and what follows.
fn place(line: &str) -> Option<(&str, &str, &str)> {
    let (file, rest) = line.split_once(':')?;
    let (number, words) = rest.split_once(':')?;
    let script = file.ends_with(".py") || file.ends_with(".pyx") || file.starts_with('<');
    (script && is_number(number) && !line.starts_with(' ')).then_some((file, number, words.trim()))
}

pub fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if state.run > QUIET_LINES {
        return Next::End("no error below the test's name");
    }
    if told(line).is_some() {
        state.mark = TOLD;
        return state.take(PYTEST);
    }
    if is_chain(line) {
        state.mark = SOURCES;
        return Next::Hold;
    }
    // With `--tb=native` the runtime's own form stands below the name.
    if state.run == 1 && line.trim_end() == TRACEBACK {
        return state.take(FRAMES);
    }
    if is_rule(line) {
        return Next::End("next section");
    }
    if line.trim().is_empty() {
        return Next::Hold;
    }
    match state.mark {
        SOURCES => Next::Hold,
        TOLD if place(line).is_some_and(|(_, _, words)| !words.starts_with("in ")) => {
            state.mark = PLACED;
            state.take(PYTEST)
        }
        _ => Next::End("after the error"),
    }
}

/// The errors of one test, the one that escaped last.
pub fn read(body: &str) -> Vec<Thrown> {
    let mut chain = Vec::new();
    let mut section = Section::default();
    for line in body.lines().skip(1) {
        if is_chain(line) {
            chain.push(std::mem::take(&mut section).finish());
        } else {
            section.line(line);
        }
    }
    chain.push(section.finish());
    chain.retain(|thrown: &Thrown| thrown.error_type.is_some() || !thrown.message.is_empty());
    chain
}

/// One error of a chain.
#[derive(Default)]
struct Section<'a> {
    frames: Vec<Frame>,
    /// The function whose source is shown.
    shown: Option<&'a str>,
    words: Vec<&'a str>,
    /// The class behind the last place.
    class: Option<&'a str>,
}

impl<'a> Section<'a> {
    fn line(&mut self, line: &'a str) {
        if let Some(text) = told(line) {
            self.words.push(text);
        } else if let Some((file, number, words)) = place(line) {
            let shown = self.shown.take();
            let named = words.strip_prefix("in ");
            self.class = named.is_none().then_some(words).filter(|class| !class.is_empty());
            self.frames.insert(
                0,
                Frame {
                    function: named.or(shown).and_then(non_empty),
                    file: Some(file.to_owned()),
                    line: number.parse().ok(),
                    ..Frame::default()
                },
            );
        } else if self.shown.is_none() {
            self.shown = defined(line);
        }
    }

    fn finish(self) -> Thrown {
        let indent = self.words.first().map_or(0, |word| word.len() - word.trim_start().len());
        let lines = self.words.iter().map(|word| word.get(indent..).unwrap_or(word.trim_start()).trim_end());
        let text = lines.collect::<Vec<_>>().join("\n");
        let (first, rest) =
            text.split_once('\n').map_or((text.as_str(), None), |(first, rest)| (first, Some(rest)));
        let asserted = first.starts_with("assert ") || first.starts_with("AssertionError");
        let named = type_and_message(first).filter(|(class, _)| !class.contains(['/', '-']));
        let mut thrown = match named {
            Some((class, message)) => Thrown::new(class, message),
            None => Thrown::new(self.class.unwrap_or(if asserted { "AssertionError" } else { "" }), first),
        };
        if let Some(rest) = rest {
            thrown.more(rest);
        }
        thrown.frames = self.frames;
        thrown
    }
}

/// `    def pump(n):` → its name.
fn defined(line: &str) -> Option<&str> {
    let text = line.trim_start_matches(['>', ' ']);
    let rest = text.strip_prefix("async ").unwrap_or(text).strip_prefix("def ")?;
    rest.split_once('(').map(|(name, _)| name).filter(|name| !name.is_empty())
}
