//! Plain log lines: whether a line is one, the level it states in one of the usual places, and where its message
//! starts once time, level, logger, thread and process are cut from the front.
//!
//! A level is believed only where a logger puts it: among the tokens before the message. The word "error" inside a
//! sentence says nothing.

use crate::report::Level;

mod fronts;
mod inside;
mod level;
mod names;
mod times;
mod tokens;

pub use level::Rank;

/// The front of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The stated level.
    pub rank: Option<Rank>,
    /// Whether a date or time stands in front.
    pub time: bool,
    /// Byte offset of the message.
    pub message: usize,
}

impl Head {
    /// The level, if it is one that can be reported.
    pub fn level(&self) -> Option<Level> {
        self.rank.and_then(Rank::level)
    }
}

/// Reads the front of a line. `None` when it has neither time nor level.
pub fn head(line: &str) -> Option<Head> {
    let head = tokens::scan(line);
    (head.rank.is_some() || head.time).then_some(head)
}

/// Whether a line begins like a logger's: with a time, a level, a structured record or an access log's address.
pub fn is_log_line(line: &str) -> bool {
    begins_like_one(line, || head(line))
}

/// As [`is_log_line`] of a line whose front was read before.
pub fn is_log_line_with(line: &str, known: Option<Head>) -> bool {
    begins_like_one(line, || known)
}

fn begins_like_one(line: &str, head: impl FnOnce() -> Option<Head>) -> bool {
    let Some(first) = line.as_bytes().first() else { return false };
    match first {
        b' ' | b'\t' => false,
        b'{' => line.starts_with("{\"") && line.contains("\":"),
        _ => has_logfmt_front(line) || has_access_front(line) || head().is_some(),
    }
}

/// Whether a date or time stands in front.
pub fn has_time(line: &str) -> bool {
    tokens::scan(line).time
}

/// `key=value key=…` at the very start.
pub fn has_logfmt_front(line: &str) -> bool {
    // The longest key has nine letters.
    let front = line.as_bytes().get(..10).unwrap_or(line.as_bytes());
    let key = memchr::memchr(b'=', front).and_then(|end| line.get(..end));
    matches!(
        key,
        Some(
            "time"
                | "ts"
                | "t"
                | "level"
                | "lvl"
                | "timestamp"
                | "severity"
                | "msg"
                | "at"
                | "logger"
                | "caller"
        )
    )
}

/// `10.0.0.1 - - [`: the common log format.
fn has_access_front(line: &str) -> bool {
    let host = line.bytes().position(|byte| !(byte.is_ascii_hexdigit() || matches!(byte, b'.' | b':')));
    let host = host.filter(|end| *end > 0 && line.as_bytes().get(*end) == Some(&b' '));
    host.and_then(|end| line.get(..end)).is_some_and(|host| {
        line.get(..line.len().min(120)).unwrap_or(line).contains(" - ")
            && host.parse::<std::net::IpAddr>().is_ok()
    })
}

/// A log line's words with everything that its logger put in front of them cut off.
pub fn message(line: &str) -> &str {
    head(line).and_then(|head| line.get(head.message..)).unwrap_or(line)
}

/// Substrings of which every line that states level error or above holds one.
pub const NEEDLES: &[&str] = &[
    "ERR", "rror", "FATA", "atal", "FTL", "CRIT", "crit", "SEVERE", "emerg", "ALERT", "alert", "PANI",
    "panic", "fail:", "=err", "\nE0", "\nE1", "\nE2", "\nE/", "\nF0", "\nF1", "\nF2", " E ", "\n<3>", "[err",
    "\n[E ",
];

/// The same for level warning, in addition.
pub const WARNING_NEEDLES: &[&str] =
    &["WARN", "arn", "WRN", "\nW0", "\nW1", " W ", "\n<4>", " # ", "\nW: ", "\"level\":4", "\"level\": 4"];

#[cfg(test)]
mod tests;
