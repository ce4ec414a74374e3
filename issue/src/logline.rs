//! Plain log lines: whether a line is one, the level it states in one of the usual places, and where its message
//! starts once time, level, logger, thread and process are cut from the front.
//!
//! A level is believed only where a logger puts it: among the tokens before the message. The word "error" inside a
//! sentence says nothing.

use crate::report::Level;

mod fronts;
mod level;
mod names;
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
    let Some(first) = line.as_bytes().first() else { return false };
    match first {
        b' ' | b'\t' => false,
        b'{' => line.starts_with("{\"") && line.contains("\":"),
        _ => has_logfmt_front(line) || has_access_front(line) || head(line).is_some(),
    }
}

/// Whether a date or time stands in front.
pub fn has_time(line: &str) -> bool {
    tokens::scan(line).time
}

/// `key=value key=…` at the very start.
pub fn has_logfmt_front(line: &str) -> bool {
    let key = line.split('=').next().unwrap_or_default();
    matches!(
        key,
        "time" | "ts" | "t" | "level" | "lvl" | "timestamp" | "severity" | "msg" | "at" | "logger" | "caller"
    ) && key.len() < line.len()
}

/// `10.0.0.1 - - [`: the common log format.
fn has_access_front(line: &str) -> bool {
    line.as_bytes().first().is_some_and(|byte| byte.is_ascii_hexdigit() || *byte == b':')
        && line.get(..line.len().min(120)).unwrap_or(line).contains(" - ")
        && line.split(' ').next().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok())
}

/// A log line's words with everything that its logger put in front of them cut off.
pub fn message(line: &str) -> &str {
    head(line).and_then(|head| line.get(head.message..)).unwrap_or(line)
}

/// Substrings of which every line that states level error or above holds one.
pub const NEEDLES: &[&str] = &[
    "ERR", "rror", "FATA", "fatal", "Fatal", "FTL", "CRIT", "crit", "SEVERE", "emerg", "ALERT", "alert",
    "PANI", "panic", "fail:", "=err", "\nE0", "\nE1", "\nE2", "\nE/", "\nF0", "\nF1", "\nF2", " E ", "\n<3>",
];

/// The same for level warning, in addition.
pub const WARNING_NEEDLES: &[&str] =
    &["WARN", "arn", "WRN", "\nW0", "\nW1", " W ", "\n<4>", " # ", "\nW: ", "\"level\":4", "\"level\": 4"];

#[cfg(test)]
mod tests;
