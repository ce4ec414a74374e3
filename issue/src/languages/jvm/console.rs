//! Errors as the consoles of test runners print them: JUnit's launcher, whose frames lack `at`, and Gradle, which tells
//! only the place in the test's file.

use super::super::frames::{
    Thrown, is_number, is_qualified, names_an_error, non_empty, parsed, type_and_message,
};
use super::super::{Next, Opening, State};
use super::{CONSOLE, SHORT, called, link};
use crate::report::{Frame, Kind, Language, Level, Parsed};

const MESSAGE_LINES: u32 = 30;

/// `    => org.opentest4j.AssertionFailedError: text`, `    java.lang.IllegalStateException at CartTest.java:21`.
pub fn opens(line: &str) -> Option<Opening> {
    if thrown(line).is_some() {
        Opening::weak("jvm.console", CONSOLE)
    } else if short(line).is_some() {
        Opening::firm("jvm.short", SHORT)
    } else {
        None
    }
}

fn thrown(line: &str) -> Option<(&str, &str)> {
    type_and_message(line.trim_start().strip_prefix("=> ")?).filter(|(class, _)| is_qualified(class))
}

/// Class, file and line.
fn short(line: &str) -> Option<(&str, &str, &str)> {
    let text = line.trim();
    let text = text.strip_prefix("Caused by: ").unwrap_or(text);
    let (class, place) = text.split_once(" at ")?;
    let (file, number) = place.rsplit_once(':')?;
    let source = super::is_source(place) && !file.contains(['(', '/']);
    (line.starts_with("    ") && source && is_number(number) && is_qualified(class) && names_an_error(class))
        .then_some((class, file, number))
}

/// A frame without `at`.
fn is_call(line: &str) -> bool {
    line.starts_with("  ") && called(line.trim()).is_some()
}

pub fn follows(state: &mut State, line: &str) -> Next {
    if state.phase == SHORT {
        let cause = short(line).is_some() && line.trim_start().starts_with("Caused by: ");
        return if cause { Next::Take } else { Next::End("after the place") };
    }
    state.run += 1;
    if is_call(line) || line.trim() == "[...]" {
        state.mark = 1;
        return Next::Take;
    }
    if link(line.trim_start()).is_some() {
        state.mark = 0;
        return state.take(CONSOLE);
    }
    let over = state.mark == 1
        || state.run > MESSAGE_LINES
        || line.trim().is_empty()
        || super::super::interrupts(line);
    if over { Next::End("not a call") } else { Next::Hold }
}

/// The text as the machine itself would print it.
pub fn as_printed(body: &str) -> String {
    let lines = body.lines().map(|line| match line.trim() {
        text if is_call(line) => format!("\tat {text}"),
        text => text.strip_prefix("=> ").unwrap_or(text).to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub fn parse_short(body: &str) -> Option<Parsed> {
    let mut chain = body.lines().filter_map(short).map(|(class, file, number)| {
        let mut thrown = Thrown::new(class, "");
        thrown.frames.push(Frame { file: non_empty(file), line: number.parse().ok(), ..Frame::default() });
        thrown
    });
    let primary = chain.next()?;
    Some(parsed(Kind::Exception, Level::Error, Language::Jvm, primary, chain.collect()))
}
