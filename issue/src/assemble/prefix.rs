//! What runners put before every line: timestamps, `pod | `, journald's host and unit.
//!
//! A prefix is believed when the next line of the record carries one of the same shape; until then it may as well be
//! the front of a log line that shares its line with the trace.

use crate::logline::Head;

/// The shape of a prefix: its text, in which every run of digits stands for any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// The shape of the given text.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The line behind a prefix of this shape.
    pub fn strip<'a>(&self, line: &'a str) -> Option<&'a str> {
        let mut shape = self.0.as_bytes();
        let mut rest = line.as_bytes();
        while let Some(byte) = shape.first() {
            if byte.is_ascii_digit() {
                let digits = run(rest);
                if digits == 0 {
                    return None;
                }
                rest = rest.get(digits..).unwrap_or_default();
                shape = shape.get(run(shape)..).unwrap_or_default();
            } else if rest.first() == Some(byte) {
                rest = rest.get(1..).unwrap_or_default();
                shape = shape.get(1..).unwrap_or_default();
            } else if rest.is_empty() && shape.iter().all(u8::is_ascii_whitespace) {
                // Runners and editors trim the blank behind the prefix of an empty line.
                break;
            } else {
                return None;
            }
        }
        line.get(line.len() - rest.len()..)
    }
}

fn run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Texts that begin a line of a trace and are unlikely anywhere else.
const ANCHORS: [&str; 5] =
    ["Traceback (most recent call last):", "\tat ", "Exception in thread \"", "thread '", "goroutine "];

/// A trace that a logger indented below its own line.
const INDENTED: &str = "Traceback (most recent call last):";

/// What one look at a line's front tells: the front of a log line, and the offsets at which the text proper could
/// begin, the line's start first.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Time and level in front.
    pub head: Option<Head>,
    starts: [usize; 10],
    count: usize,
}

impl Look {
    /// Offsets at which the text proper could begin.
    pub fn starts(&self) -> impl Iterator<Item = usize> {
        self.starts.into_iter().take(self.count)
    }
}

/// Looks at the front of a line.
pub fn look(line: &str) -> Look {
    let window = line.get(..floor(line, 160)).unwrap_or(line);
    let first = window.as_bytes().first().copied().unwrap_or(b' ');
    let spaced = matches!(first, b' ' | b'\t');
    let after = |text: &str| window.find(text).map(|at| at + text.len());
    let behind_bar = after("| ").or_else(|| after("|\t"));
    let behind_tag = after("]: ");
    let behind_bracket = (first == b'[').then(|| after("] ")).flatten();
    let behind_stream = after(" stderr F ").or_else(|| after(" stdout F "));
    let behind_word = first.is_ascii_digit().then(|| after(" ")).flatten();
    let behind_pool = after("PHP message: ");
    let behind_name = after("stderr] ").or_else(|| after("stderr: "));
    // These words are a trace's wherever they stand, whatever a runner puts before them.
    let at_trace = ANCHORS.iter().find_map(|anchor| window.find(anchor));
    let head = crate::logline::head(line);
    let behind_front = head.map(|head| head.message);
    let mut seen = [0_usize; 10];
    let candidates = [
        behind_bar,
        behind_tag,
        behind_bracket,
        behind_stream,
        behind_word,
        behind_pool,
        behind_name,
        behind_front,
        at_trace,
    ];
    let candidates = if spaced {
        [None, None, None, None, None, None, None, None, window.find(INDENTED)]
    } else {
        candidates
    };
    let mut count = 1;
    for candidate in candidates.into_iter().flatten().filter(|at| *at > 0 && *at < line.len()) {
        if !seen.contains(&candidate)
            && let Some(slot) = seen.get_mut(count)
        {
            *slot = candidate;
            count += 1;
        }
    }
    Look { head, starts: seen, count }
}

fn floor(text: &str, limit: usize) -> usize {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}
