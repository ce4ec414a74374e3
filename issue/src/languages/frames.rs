//! Small readers that the languages share: places, numbers, header lines.

use crate::report::{Cause, Frame, Kind, Language, Level, Parsed, Relation};
use crate::search;

/// `text` before and after the last `separator`.
pub fn split_last(text: &str, separator: char) -> Option<(&str, &str)> {
    text.rsplit_once(separator)
}

/// A frame as it stands in a line: the text is not copied before it is known that the line belongs to a record.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen<'a> {
    /// As in [`Frame`].
    pub function: Option<&'a str>,
    /// As in [`Frame`].
    pub module: Option<&'a str>,
    /// As in [`Frame`].
    pub file: Option<&'a str>,
    /// As in [`Frame`].
    pub line: Option<u32>,
    /// As in [`Frame`].
    pub column: Option<u32>,
}

impl Seen<'_> {
    /// The frame of a report.
    pub fn own(self) -> Frame {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Frame {
            function: own(self.function),
            module: own(self.module),
            file: own(self.file),
            line: self.line,
            column: self.column,
            in_app: false,
        }
    }
}

/// Where something stands: file, line, column.
pub type Place<'a> = (Option<&'a str>, Option<u32>, Option<u32>);

/// Reads `FILE:LINE:COLUMN`, `FILE:LINE` or `FILE` from the right, so that Windows drives and URLs survive.
pub fn seen_place(text: &str) -> Place<'_> {
    let (rest, last) = match split_number(text) {
        Some((rest, number)) => (rest, number.parse().ok()),
        None => return (named(text), None, None),
    };
    match split_number(rest) {
        Some((file, number)) => (named(file), number.parse().ok(), last),
        None => (named(rest), last, None),
    }
}

/// As [`seen_place`], the file copied.
pub fn place(text: &str) -> (Option<String>, Option<u32>, Option<u32>) {
    let (file, line, column) = seen_place(text);
    (file.map(str::to_owned), line, column)
}

/// `TEXT:NUMBER`, at the last colon.
pub fn split_number(text: &str) -> Option<(&str, &str)> {
    let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
    let colon = text.len().checked_sub(digits + 1)?;
    let colon = (digits > 0 && text.as_bytes().get(colon) == Some(&b':')).then_some(colon)?;
    Some((text.get(..colon)?, text.get(colon + 1..)?))
}

/// `None` for an empty text.
pub fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// As [`non_empty`], not copied.
pub fn named(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// One decimal digit or more, nothing else.
pub fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Splits `Type: message` where the type has the form of a class name: letters, digits, `_ . $ : / <>` and a
/// bracketed code as Node prints it (`Error [ERR_X]`), .NET in parentheses (`DbException (0x80004005)`). `None` where the line does not start with such a name.
pub fn type_and_message(line: &str) -> Option<(&str, &str)> {
    let end = class_name_end(line)?;
    let name = line.get(..end)?;
    let rest = line.get(end..)?;
    let rest = rest
        .strip_prefix(' ')
        .filter(|code| is_code(code))
        .map_or(rest, |code| code.find([']', ')']).and_then(|close| code.get(close + 1..)).unwrap_or(rest));
    if search::trim_start(rest).is_empty() {
        return Some((name, ""));
    }
    let message = rest.strip_prefix(':')?;
    (message.is_empty() || message.starts_with([' ', '\t'])).then(|| (name, search::trim_start(message)))
}

/// `[ERR_X]`, `(0x80004005)`, `(111)`.
fn is_code(text: &str) -> bool {
    let number =
        |rest: &str| rest.starts_with("0x") || rest.split_once(')').is_some_and(|(code, _)| is_number(code));
    text.starts_with('[') || text.strip_prefix('(').is_some_and(number)
}

/// The error in the log line above a traceback that ends with its frames.
pub fn told_above(header: &str) -> Option<(&str, &str)> {
    let words = crate::logline::message(header.lines().last()?);
    type_and_message(words).filter(|(class, message)| {
        class.starts_with(|first: char| first.is_ascii_uppercase()) && !message.is_empty()
    })
}

fn class_name_end(line: &str) -> Option<usize> {
    let bytes = line.as_bytes();
    let first = *bytes.first()?;
    if !(first.is_ascii_alphabetic() || first == b'_' || first == b'$' || first >= 0x80) {
        return None;
    }
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let inside = match byte {
            b'.' | b'$' | b'_' | b'/' | b'@' | b'-' | b'\\' => true,
            b'<' | b'>' => true,
            b':' => bytes.get(at + 1) == Some(&b':') || (at > 0 && bytes.get(at - 1) == Some(&b':')),
            byte => byte.is_ascii_alphanumeric() || *byte >= 0x80,
        };
        if !inside {
            break;
        }
        at += 1;
    }
    (at > 0).then_some(at)
}

/// A numbered source line or its caret, as Bun prints them above an error.
pub fn is_excerpt(text: &str) -> bool {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'^') => text.bytes().all(|byte| byte == b'^'),
        Some(b'0'..=b'9') => text.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with(" | "),
        _ => false,
    }
}

/// `  > 14 |     return map.road;` and the line of its caret.
pub fn is_shown(text: &str) -> bool {
    text.starts_with(' ')
        && text.split_once('|').is_some_and(|(number, _)| {
            let number = number.trim().trim_start_matches("> ");
            number.is_empty() || is_number(number)
        })
}

/// Whether a class name is one that only an error can have, whatever stands around it.
pub fn names_an_error(name: &str) -> bool {
    const ENDINGS: [&str; 5] = ["Exception", "Error", "Throwable", "Fault", "Failure"];
    // Ruby's names of the system's errors.
    if let Some(name) = name.strip_prefix("Errno::") {
        return !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    }
    let last = name.rsplit(['.', ':', '$', '\\']).next().unwrap_or(name);
    ENDINGS.iter().any(|ending| last.ends_with(ending))
        && last.bytes().next().is_some_and(|b| b.is_ascii_uppercase())
}

/// Whether a name has a package: two or more dotted segments of which the last starts with a capital.
pub fn is_qualified(name: &str) -> bool {
    let Some((package, last)) = name.rsplit_once('.') else { return false };
    // `app.ERROR` is a channel and its level.
    !package.is_empty()
        && last.bytes().any(|byte| byte.is_ascii_lowercase() || byte >= 0x80)
        && last.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase() || byte >= 0x80)
        && package.split('.').all(|segment| {
            segment.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        })
}

/// One exception while it is being read, before it is known whether it is the primary or a cause.
#[derive(Clone, Debug, Default)]
pub struct Thrown {
    /// Class as printed.
    pub error_type: Option<String>,
    /// Text, lines joined by `\n`.
    pub message: String,
    /// Innermost first.
    pub frames: Vec<Frame>,
    /// How it stands to the primary.
    pub relation: Option<Relation>,
}

impl Thrown {
    /// A class and the first line of its message.
    pub fn new(error_type: &str, message: &str) -> Self {
        Self { error_type: non_empty(error_type), message: message.to_owned(), ..Self::default() }
    }

    /// One more line of the message.
    pub fn more(&mut self, line: &str) {
        if !self.message.is_empty() {
            self.message.push('\n');
        }
        self.message.push_str(line);
    }

    /// As a further exception of a report.
    pub fn into_cause(self) -> Cause {
        Cause {
            error_type: self.error_type,
            message: self.message,
            frames: self.frames,
            relation: self.relation,
        }
    }
}

/// A report of the primary and what hangs on it: causes first, then suppressed ones and members, each in order.
pub fn parsed(kind: Kind, level: Level, language: Language, primary: Thrown, others: Vec<Thrown>) -> Parsed {
    let (causes, related): (Vec<_>, Vec<_>) = others.into_iter().partition(|other| other.relation.is_none());
    Parsed {
        kind,
        level,
        language,
        error_type: primary.error_type,
        message: primary.message,
        frames: primary.frames,
        causes: causes.into_iter().chain(related).map(Thrown::into_cause).collect(),
        log: None,
        text: String::new(),
    }
}
