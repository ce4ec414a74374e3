//! Dart: uncaught errors of the VM, asynchronous gaps, and Flutter's framed reports.

use super::frames::{Thrown, is_number, non_empty, parsed, place, type_and_message};
use super::{Grammar, Next, Opening, State, Trace};
use crate::report::{Frame, Kind, Language, Level, Parsed};

/// The language's rules.
pub static GRAMMAR: Grammar = Grammar {
    language: Language::Dart,
    needles: &["xception", "EXCEPTION CAUGHT BY"],
    headers: &["Unhandled exception:"],
    opens,
    frame: opens_with_frame,
    follows,
    parse,
};

const HEAD: u8 = 0;
const FRAMES: u8 = 1;
const FLUTTER: u8 = 2;
const MESSAGE_LINES: u32 = 24;

fn opens(line: &str) -> Option<Opening> {
    let text = line.trim_end();
    if text == "Unhandled exception:" {
        Opening::weak("dart.uncaught", HEAD)
    } else if logged(text).is_some() {
        Opening::firm("dart.logged", HEAD)
    } else if is_framed(text) {
        Opening::firm("dart.flutter", FLUTTER)
    } else {
        None
    }
}

/// `[ERROR:flutter/runtime/dart_vm_initializer.cc(41)] Unhandled Exception: text`: what Flutter's engine logs.
fn logged(line: &str) -> Option<&str> {
    let (place, text) = line.strip_prefix('[')?.split_once("] Unhandled Exception: ")?;
    (place.contains("dart") || place.contains("flutter")).then_some(text)
}

/// `══╡ EXCEPTION CAUGHT BY GESTURE ╞════`, `======== Exception caught by gesture ====`.
fn is_framed(line: &str) -> bool {
    line.contains("╡ EXCEPTION CAUGHT BY ")
        || line.starts_with("=====") && line.contains(" Exception caught by ") && line.ends_with("=====")
}

/// What a build without symbols prints above and between its addresses.
fn is_address(line: &str) -> bool {
    let text = line.trim();
    [
        "*** *** ***",
        "pid: ",
        "os: ",
        "build_id: ",
        "isolate_dso_base: ",
        "isolate_instructions: ",
        "Warning: This VM",
    ]
    .iter()
    .any(|start| text.starts_with(start))
        || text.starts_with('#') && text.contains(" abs 0")
}

/// `package:shop/src/db.dart 12:5  Db.query` of the package `stack_trace`.
fn terse_frame(line: &str) -> Option<Frame> {
    let (file, rest) = line.split_once(' ')?;
    let (place, name) = rest.split_once(' ')?;
    let (row, column) = place.split_once(':')?;
    let script =
        (file.ends_with(".dart") || file.starts_with("dart:")) && is_number(row) && is_number(column);
    (script && !name.trim().is_empty()).then(|| Frame {
        function: non_empty(name.trim()),
        file: non_empty(file),
        line: row.parse().ok(),
        column: column.parse().ok(),
        ..Frame::default()
    })
}

fn opens_with_frame(line: &str) -> Option<Opening> {
    if line.starts_with("#0 ") && frame(line).is_some() { Opening::firm("dart.frames", FRAMES) } else { None }
}

/// `#0      main (file:///app/a.dart:3:5)`.
fn frame(line: &str) -> Option<Frame> {
    let Some(numbered) = line.trim_start().strip_prefix('#') else { return terse_frame(line) };
    let (number, rest) = numbered.split_once(' ')?;
    let (name, location) = rest.trim_start().trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    let (file, line, column) = place(location);
    let script =
        location.contains(".dart") || location.starts_with("dart:") || location.starts_with("package:");
    (is_number(number) && script).then(|| Frame {
        function: non_empty(name),
        file,
        line,
        column,
        ..Frame::default()
    })
}

fn is_gap(line: &str) -> bool {
    let text = line.trim_end();
    text == "<asynchronous suspension>" || text == "..." || text.starts_with("===== asynchronous gap ")
}

fn follows(state: &mut State, line: &str) -> Next {
    if state.phase == FLUTTER {
        return in_flutter(state, line);
    }
    if frame(line).is_some() || is_gap(line) || is_address(line) {
        return state.take(FRAMES);
    }
    if state.phase == FRAMES {
        return Next::End("not a frame");
    }
    state.run += 1;
    if state.run > MESSAGE_LINES || state.run > 1 && super::interrupts(line) || opens(line).is_some() {
        Next::End("no frame below the header")
    } else {
        Next::Hold
    }
}

/// The report is framed by rules of `═`.
fn in_flutter(state: &mut State, line: &str) -> Next {
    state.run += 1;
    if (line.starts_with("════") || line.starts_with("======")) && state.run > 1 {
        return state.take(FRAMES);
    }
    if state.run > 200 || crate::logline::has_time(line) { Next::End("after the report") } else { Next::Take }
}

fn parse(trace: &Trace<'_>) -> Option<Parsed> {
    let flutter = trace.rule == "dart.flutter";
    let mut thrown: Option<Thrown> = None;
    let mut frames: Vec<Frame> = Vec::new();
    let mut skipped = !flutter;
    for line in trace.body.lines() {
        if let Some(frame) = frame(line) {
            frames.push(frame);
        } else if line.trim_end() == "Unhandled exception:"
            || is_gap(line)
            || is_address(line)
            || line.contains('═')
            || line.starts_with("=====")
        {
        } else if !skipped {
            // "The following RangeError was thrown building Foo:" names the class before the message.
            skipped = line.contains(" was thrown") || line.starts_with("The following ");
            let class = line.strip_prefix("The following ").and_then(|rest| rest.split(' ').next());
            thrown = thrown.or(class.map(|class| Thrown::new(class, "")));
        } else if frames.is_empty() {
            message(&mut thrown, logged(line).unwrap_or(line), flutter);
        }
    }
    let mut thrown = thrown?;
    thrown.frames = frames;
    thrown.message = thrown.message.trim().to_owned();
    Some(parsed(Kind::Exception, Level::Error, Language::Dart, thrown, Vec::new()))
}

fn message(thrown: &mut Option<Thrown>, line: &str, flutter: bool) {
    match thrown {
        Some(thrown) if flutter && thrown.message.is_empty() => {
            let told = first(line);
            thrown.message = if told.error_type.is_some() { told.message } else { line.to_owned() };
        }
        Some(_) if flutter => {}
        Some(thrown) => thrown.more(line),
        None => *thrown = Some(first(line)),
    }
}

/// `FormatException: text`, `Exception: text`, or only words.
fn first(line: &str) -> Thrown {
    match type_and_message(line) {
        Some((class, text)) if class.starts_with(|c: char| c.is_ascii_uppercase() || c == '_') => {
            Thrown::new(class, text)
        }
        _ => match line.split_once(" (") {
            // `RangeError (index): Invalid value: …`, `FileSystemException: …`.
            Some((class, rest)) if super::frames::names_an_error(class) => {
                Thrown::new(class, rest.split_once("): ").map_or("", |(_, text)| text))
            }
            _ => Thrown { message: line.to_owned(), ..Thrown::default() },
        },
    }
}
