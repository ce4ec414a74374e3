//! What Symfony's console prints of an exception: the place, then class and message in a block, then calls if asked.

use super::super::frames::{Thrown, is_number, non_empty, parsed, place};
use super::super::{Next, Opening, State};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// The step of the grammar.
pub const BLOCK: u8 = 20;
const LINES: u32 = 40;

/// `In Depot.php line 44:`.
pub fn opens(line: &str) -> Option<Opening> {
    place_of(line).and_then(|_| Opening::weak("php.console", BLOCK))
}

fn place_of(line: &str) -> Option<(&str, &str)> {
    let (file, number) = line.trim_end().strip_suffix(':')?.strip_prefix("In ")?.split_once(".php line ")?;
    (is_number(number) && !file.contains(' ')).then_some((file, number))
}

/// `[App\Depot\Closed]`, `[PDOException (1045)]` → the class.
fn class(text: &str) -> Option<&str> {
    let name = text.strip_prefix('[')?.strip_suffix(']')?.split(" (").next()?;
    let named =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'\\' | b'_') || byte >= 0x80);
    (named && name.starts_with(|first: char| first.is_ascii_uppercase())).then_some(name)
}

/// `mark`: 0 before the block, 1 in it, 2 in the calls.
pub fn follows(state: &mut State, line: &str) -> Next {
    state.run += 1;
    let text = line.trim();
    if text.is_empty() && state.run < LINES {
        return Next::Hold;
    }
    let belongs = match state.mark {
        0 => line.starts_with("  "),
        1 => line.starts_with("  ") || text == "Exception trace:",
        _ => call(line).is_some(),
    };
    if !belongs || state.run > LINES && state.mark != 2 {
        return Next::End("after the block");
    }
    state.mark = if text == "Exception trace:" { 2 } else { state.mark.max(1) };
    Next::Take
}

/// `  at /app/src/Depot.php:44`, ` Depot->open() at /app/src/Open.php:21` → function and place.
fn call(line: &str) -> Option<(&str, Frame)> {
    let text = line.strip_prefix(' ')?.trim();
    let (name, location) = match text.strip_prefix("at ") {
        Some(location) => ("", location),
        None => text.rsplit_once(" at ")?,
    };
    let (file, line, _) = place(location);
    Some((name.split('(').next().unwrap_or(name), Frame { file, line, ..Frame::default() }))
}

/// A call tells where it was made: its function is the one in which the place above it lies.
pub fn parse(body: &str) -> Option<Parsed> {
    let mut lines = body.lines();
    let (file, number) = place_of(lines.next()?)?;
    let mut thrown = Thrown::default();
    let mut place =
        Frame { file: Some(format!("{file}.php")), line: number.parse().ok(), ..Frame::default() };
    for line in lines.by_ref().take_while(|line| line.trim() != "Exception trace:") {
        match class(line.trim()) {
            Some(name) if thrown.error_type.is_none() && thrown.message.is_empty() => {
                thrown.error_type = non_empty(name);
            }
            _ if line.trim().is_empty() => {}
            _ => thrown.more(line.trim()),
        }
    }
    for (name, next) in lines.filter_map(call) {
        if !name.is_empty() {
            place.function = non_empty(name);
            thrown.frames.push(std::mem::take(&mut place));
        }
        place = next;
    }
    thrown.frames.push(place);
    Some(parsed(Kind::Exception, Level::Error, Language::Php, thrown, Vec::new()))
}
