//! One line of a stack, in the forms of V8, JavaScriptCore and SpiderMonkey, and of V8's native stack.

use super::super::frames::{Place, Seen, is_number, named, seen_place as place};
use crate::search;

pub fn is_frame(line: &str) -> bool {
    line.starts_with("  ") && frame(line).is_some()
        || pointed(line).is_some()
        || browser_frame(line).is_some()
}

/// ` ❯ weigh src/crane.ts:2:41` of Vitest.
fn pointed(line: &str) -> Option<Seen<'_>> {
    if line.as_bytes().get(1) != Some(&0xe2) {
        return None;
    }
    let text = line.strip_prefix(" ❯ ")?.trim_end();
    let (name, location) = text.rsplit_once(' ').unwrap_or(("", text));
    let (file, number, column) = place(location);
    column.is_some().then(|| Seen { function: named(name), file, line: number, column, ..Seen::default() })
}

/// `name@https://host/app.js:3:5` of Firefox and Safari, `value@index.ios.bundle:12:1000` of React Native.
pub fn browser_frame(line: &str) -> Option<Seen<'_>> {
    memchr::memchr(b'@', line.as_bytes())?;
    let (name, location) = line.trim().split_once('@')?;
    let known = ["global code", "eval code", "module code"].contains(&name);
    if name.len() >= 200 || name.contains(' ') && !known {
        return None;
    }
    if location == "[native code]" {
        let file = named(location);
        return Some(Seen { function: named(name), file, ..Seen::default() });
    }
    // `app.js line 26 > eval line 2 > eval:1:30`: what was evaluated has no file, the place it was evaluated at has.
    let outer =
        location.split_once(" line ").and_then(|(file, rest)| Some((file, rest.split_once(" > ")?.0)));
    if let Some((file, number)) = outer {
        let (file, line) = (named(file), number.parse().ok());
        return Some(Seen { function: named(name), file, line, ..Seen::default() });
    }
    let (file, number, column) = place(location);
    let bundle = file.is_some_and(|file| file.ends_with(".bundle") || file.ends_with(".jsbundle"));
    let url = location.contains("://") && !location.contains(' ');
    // A release build of React Native knows one file only: `p@1:132161`.
    let bare = column.is_none() && number.is_some() && file.is_some_and(is_number) && !name.is_empty();
    if bare {
        let line = file.and_then(|line| line.parse().ok());
        return Some(Seen { function: named(name), line, column: number, ..Seen::default() });
    }
    let path = location.starts_with('/') || location.starts_with("webpack") || bundle;
    let placed = url && number.is_some() || path && column.is_some();
    // Old releases add the arguments: `bar(1)@http://…`.
    let name = name.split('(').next().unwrap_or(name);
    placed.then(|| Seen { function: named(name), file, line: number, column, ..Seen::default() })
}

/// ` 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]`.
pub fn native_frame(line: &str) -> Option<Seen<'_>> {
    let (number, rest) = search::split_once(line.trim_start(), ": 0x")?;
    if !is_number(number) {
        return None;
    }
    let (_, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let name = rest.rsplit_once(" [").map_or(rest, |(name, _)| name).trim();
    Some(Seen { function: named(name), ..Seen::default() })
}

/// One `at` line in the form of V8 (also JavaScriptCore as Bun prints it).
pub fn frame(line: &str) -> Option<Seen<'_>> {
    let Some(text) = search::trim_start(line).strip_prefix("at ") else { return pointed(line) };
    let text = text.trim_end().trim_end_matches(['{', ',']).trim_end();
    if let Some(body) = text.strip_suffix(')') {
        let (function, location) = split_location(body)?;
        let (file, number, column) = location_of(location)?;
        return Some(Seen { function: named(function), file, line: number, column, ..Seen::default() });
    }
    // `async` alone in front of a place is no function name.
    let bare = text.strip_prefix("async ").unwrap_or(text);
    if bare == "<anonymous>" || bare == "native" {
        return Some(Seen { file: named(bare), ..Seen::default() });
    }
    let (file, number, column) = place(bare);
    let spaced = bare.contains(' ') && !bare.contains('/') && !bare.contains('\\');
    let url = number.is_some() && bare.contains("://") && !bare.contains(' ');
    ((column.is_some() || url) && !spaced).then(|| Seen { file, line: number, column, ..Seen::default() })
}

/// `f (file:1:2` at the parenthesis that holds the place; `eval (eval at f (…), <anonymous>:1:1` at the first.
fn split_location(body: &str) -> Option<(&str, &str)> {
    if let Some((function, rest)) = search::split_once(body, " (eval at ") {
        return Some((function, rest.rsplit_once(", ").map_or(rest, |(_, last)| last)));
    }
    // React Native leaves no blank before the place.
    search::rsplit_once(body, " (")
        .or_else(|| body.rsplit_once('(').filter(|(_, place)| place.starts_with('/')))
}

fn location_of(location: &str) -> Option<Place<'_>> {
    // Hermes writes `address at index.android.bundle:1:223344`.
    let location = location.strip_prefix("address at ").unwrap_or(location);
    let (file, line, column) = place(location);
    if column.is_some() {
        return Some((file, line, column));
    }
    let known = location == "<anonymous>"
        || location == "unknown location"
        || location == "native"
        || location == "native code"
        || location.starts_with("wasm://")
        || location.starts_with("index ");
    if known {
        return Some((named(location), None, None));
    }
    let script = line.is_some()
        && (location.contains("://")
            || location.contains(".js:")
            || location.contains(".ts:")
            || location.contains("node:"));
    script.then_some((file, line, None))
}
