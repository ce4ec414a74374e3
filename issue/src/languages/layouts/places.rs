//! How test runners tell where a check failed.

use super::super::frames::{Seen, is_number, named, non_empty, seen_place};
use super::super::{dotnet, javascript, ruby};
use crate::report::{Frame, Language};

/// The place in a line, and words that stand behind it.
pub fn place(line: &str, language: Language) -> Option<(Frame, &str)> {
    let text = line.trim();
    match language {
        Language::Javascript => return javascript::seen(line).map(|seen| (seen.own(), "")),
        Language::Dotnet => return dotnet::frame(line).or_else(|| compiled(text)).map(|frame| (frame, "")),
        Language::Ruby => {
            if let Some(seen) = ruby::frame(line) {
                return Some((seen.own(), ""));
            }
        }
        Language::Unknown => {
            let seen = lua(text).or_else(|| zig(text));
            return seen.map(|seen| (seen.own(), ""));
        }
        _ => {}
    }
    if language == Language::Ruby {
        return bracketed(text).map(|seen| (seen.own(), ""));
    }
    if let Some(seen) = told(text) {
        return Some((seen.own(), ""));
    }
    let text = text.strip_prefix("at ").unwrap_or(text);
    // A column may follow the line.
    let (file, rest) = text.split_once(':')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let words = rest.get(digits..)?;
    let words = words.strip_prefix(": ").or_else(|| matches!(words, "" | ":").then_some(""))?;
    let frame = Frame { file: non_empty(file), line: rest.get(..digits)?.parse().ok(), ..Frame::default() };
    (digits > 0 && is_source_file(file)).then_some((frame, words.trim_end()))
}

/// A name with an ending, without blanks.
fn is_source_file(file: &str) -> bool {
    let ending = file.rsplit_once('.').map(|(_, ending)| ending);
    !file.contains(' ')
        && ending.is_some_and(|ending| {
            (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
        && ending.is_some_and(|ending| ending.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// `CartTest#test_price [test/cart_test.rb:12]:`.
fn bracketed(text: &str) -> Option<Seen<'_>> {
    let (name, place) = text.strip_suffix("]:")?.rsplit_once(" [")?;
    let (file, number) = place.rsplit_once(':')?;
    (is_number(number) && !name.is_empty() && is_source_file(file)).then(|| Seen {
        function: Some(name),
        file: Some(file),
        line: number.parse().ok(),
        ..Seen::default()
    })
}

/// Whether a line names the test and its place.
pub fn is_bracketed(line: &str) -> bool {
    bracketed(line.trim()).is_some()
}

/// `at t/cart.t line 9.`, `(in test file cart.bats, line 9)`, `Build file '/app/build.gradle' line: 3`.
pub fn told(text: &str) -> Option<Seen<'_>> {
    let built =
        text.split_once(" file '").filter(|(kind, _)| matches!(*kind, "Build" | "Script" | "Settings"));
    let (file, number) = match (text.strip_prefix("(in test file "), built) {
        (Some(rest), _) => rest.strip_suffix(')')?.split_once(", line ")?,
        (None, Some((_, rest))) => rest.split_once("' line: ")?,
        (None, None) => text.strip_prefix("at ")?.trim_end_matches('.').split_once(" line ")?,
    };
    is_number(number).then(|| Seen { file: Some(file), line: number.parse().ok(), ..Seen::default() })
}

/// `/src/CartTests.cs(12,0): at Shop.CartTests.Counts()`.
fn compiled(text: &str) -> Option<Frame> {
    let (place, call) = text.split_once("): at ")?;
    let (file, number) = place.rsplit_once('(')?;
    let line = number.split(',').next().filter(|line| is_number(line))?;
    let name = call.split('(').next().unwrap_or(call);
    Some(Frame {
        function: non_empty(name),
        file: non_empty(file),
        line: line.parse().ok(),
        ..Frame::default()
    })
}

/// Whether a line is one of Lua's calls.
pub fn is_lua(line: &str) -> bool {
    line.starts_with(['\t', ' ']) && lua(line.trim()).is_some()
}

/// `cart.lua:9: in function 'take'`, `[C]: in ?`, `main.lua:3: in main chunk`.
fn lua(text: &str) -> Option<Seen<'_>> {
    let (place, name) = text.split_once(": in ")?;
    let (file, number) =
        place.rsplit_once(':').filter(|(_, number)| is_number(number)).unwrap_or((place, ""));
    let kinds = ["function ", "upvalue ", "local ", "method ", "field "];
    let name = kinds.iter().find_map(|kind| name.strip_prefix(kind)).unwrap_or(name);
    let name = name.trim_matches(['\'', '`']);
    // A function without a name is told by its own place; what Lua itself brings along has none.
    let function = (!name.starts_with(['<', '?']) && file != "[C]").then_some(name);
    let file = (file != "[C]").then_some(file);
    (!place.contains(' ')).then(|| Seen { function, file, line: number.parse().ok(), ..Seen::default() })
}

/// `/app/cart.zig:9:16: 0x1036d2a in take (shop)`.
fn zig(text: &str) -> Option<Seen<'_>> {
    let (place, rest) = text.split_once(": 0x")?;
    let (_, call) = rest.split_once(" in ")?;
    let (file, line, column) = seen_place(place);
    let function = named(call.rsplit_once(" (").map_or(call, |(name, _)| name));
    column.is_some().then(|| Seen { function, file, line, column, ..Seen::default() })
}
