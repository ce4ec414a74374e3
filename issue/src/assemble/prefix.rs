//! What runners put before every line: timestamps, `pod | `, journald's host and unit.
//!
//! A prefix is believed when the next line of the record carries one of the same shape; until then it may as well be
//! the front of a log line that shares its line with the trace.

use super::head::is_error_header;
use crate::languages::frames::{names_an_error, type_and_message};
use crate::logline::Head;
use crate::search::Needle;

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

/// Texts behind, or at, which the text proper can begin, and the index in each of a byte that is rare in log lines:
/// one walk over the front compares a text only where that byte stands.
const MARKS: [(&str, usize); 14] = [
    ("| ", 0),
    ("|\t", 0),
    ("]: ", 0),
    ("] ", 0),
    (" stderr F ", 8),
    (" stdout F ", 8),
    ("PHP message: ", 0),
    ("stderr] ", 6),
    ("stderr: ", 6),
    ("Traceback (most recent call last):", 0),
    ("\tat ", 0),
    ("Exception in thread \"", 0),
    ("thread '", 7),
    ("goroutine ", 0),
];

/// The first of [`MARKS`] that begins a line of a trace and is unlikely anywhere else; all behind it do, too.
const ANCHORS: usize = 9;

/// For each byte the marks that are looked for where it stands, one bit each.
static RARE: [u16; 256] = {
    let mut rare = [0_u16; 256];
    let mut mark = 0;
    while mark < MARKS.len() {
        let (text, at) = MARKS[mark];
        rare[text.as_bytes()[at] as usize] |= 1 << mark;
        mark += 1;
    }
    rare
};

/// Where each mark stands first in the front of a line.
struct Marks([Option<usize>; MARKS.len()]);

impl Marks {
    fn find(window: &str) -> Self {
        let mut marks = Self([None; MARKS.len()]);
        let mut wanted = u16::MAX;
        let rare = |byte: &u8| RARE.get(usize::from(*byte)).copied().unwrap_or_default();
        for (part, eight) in window.as_bytes().chunks(8).enumerate() {
            // Most bytes are rare in no mark.
            if eight.iter().fold(0, |marks, byte| marks | rare(byte)) & wanted == 0 {
                continue;
            }
            for (at, byte) in eight.iter().enumerate() {
                let here = rare(byte) & wanted;
                if here != 0 {
                    wanted &= !marks.add(here, window, 8 * part + at);
                }
            }
        }
        marks
    }

    /// Compares the marks that have a rare byte at `at`, one bit each; those that stand there.
    fn add(&mut self, mut here: u16, window: &str, at: usize) -> u16 {
        let mut added = 0;
        while here != 0 {
            let mark = here.trailing_zeros() as usize;
            here &= here - 1;
            let (Some((text, rare)), Some(slot)) = (MARKS.get(mark), self.0.get_mut(mark)) else { continue };
            let start = at.checked_sub(*rare);
            *slot = start.filter(|start| {
                window.as_bytes().get(*start..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
            });
            added |= u16::from(slot.is_some()) << mark;
        }
        added
    }

    /// Where a mark begins.
    fn at(&self, mark: usize) -> Option<usize> {
        self.0.get(mark).copied().flatten()
    }

    /// What follows a mark.
    fn after(&self, mark: usize) -> Option<usize> {
        self.at(mark).zip(MARKS.get(mark)).map(|(at, (text, _))| at + text.len())
    }

    /// The first anchor in the order of the table. Its words are a trace's wherever they stand, whatever a runner puts
    /// before them.
    fn anchor(&self) -> Option<usize> {
        self.0.iter().skip(ANCHORS).find_map(|found| *found)
    }

    /// Offsets behind the marks of a line that begins with `first`; [`look`] says in which order they count.
    fn offsets(&self, window: &str, first: u8) -> [Option<usize>; 7] {
        [
            self.after(0).or_else(|| self.after(1)),
            self.after(2),
            self.after(3).filter(|_| first == b'['),
            self.after(4).or_else(|| self.after(5)),
            window.find(' ').map(|at| at + 1).filter(|_| first.is_ascii_digit()),
            self.after(6),
            self.after(7).or_else(|| self.after(8)),
        ]
    }
}

/// A trace that a logger indented below its own line.
const INDENTED: Needle = Needle::new("Traceback (most recent call last):", '(');

/// Where a text that a tool indented as a whole begins, if it begins as only a crash does.
fn shifted(window: &str) -> Option<usize> {
    const STARTS: [&str; 6] =
        ["thread '", "panic: ", "Exception in thread \"", "Unhandled exception. ", "** (", "Assertion with "];
    let text = window.trim_start_matches(' ');
    // A thread dump's `java.lang.Thread.State: …` is no error: a class within another is printed with `$`.
    let plain =
        |class: &str| names_an_error(class) || !package(class).bytes().any(|byte| byte.is_ascii_uppercase());
    let named = || is_error_header(text) && type_and_message(text).is_some_and(|(class, _)| plain(class));
    (STARTS.iter().any(|start| text.starts_with(start)) || named()).then_some(window.len() - text.len())
}

fn package(class: &str) -> &str {
    class.rsplit_once('.').map_or("", |(package, _)| package)
}

/// What one look at a line's front tells: the front of a log line, and the offsets at which the text proper could
/// begin, the line's start first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look {
    /// Time and level in front.
    pub head: Option<Head>,
    starts: [usize; 13],
    count: usize,
}

impl Look {
    /// Offsets at which the text proper could begin.
    pub fn starts(&self) -> impl Iterator<Item = usize> {
        self.starts.into_iter().take(self.count)
    }
}

/// What a tool that reads many pods puts before their lines, without any mark behind it: `shop-7d9f5c-x2x web `. The
/// offsets behind the pod and behind the container.
fn pods(window: &str) -> [Option<usize>; 2] {
    let named = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| {
                byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
            })
    };
    let Some((pod, rest)) = window.split_once(' ') else { return [None; 2] };
    let numbered = pod.contains('-') && pod.bytes().any(|byte| byte.is_ascii_digit());
    if !numbered || !named(pod) || pod.as_bytes().first().is_some_and(u8::is_ascii_digit) {
        return [None; 2];
    }
    let behind = pod.len() + 1;
    let container = rest.split_once(' ').map(|(name, _)| name).filter(|name| named(name));
    [Some(behind), container.map(|name| behind + name.len() + 1)]
}

/// Behind a tag that a logger puts before every message: `[3f2a-77] `, `<0.812.0> `.
fn tagged(window: &str, message: usize) -> Option<usize> {
    let rest = window.get(message..)?.trim_start_matches(' ');
    let message = window.len() - rest.len();
    let close = match rest.as_bytes().first()? {
        b'[' => "] ",
        b'<' => "> ",
        _ => return None,
    };
    rest.find(close).map(|at| message + at + close.len())
}

/// Behind the time that a process manager writes behind its own bar: `0|api  | 2026-11-21T10:45:31: `.
fn behind_date(window: &str, bar: usize) -> Option<usize> {
    let rest = window.get(bar..)?;
    let date = rest.split(' ').next().filter(|word| word.len() >= 19 && word.starts_with("20"))?;
    (rest.len() > date.len()).then_some(bar + date.len() + 1)
}

/// Looks at the front of a line.
pub fn look(line: &str) -> Look {
    let window = line.get(..floor(line, 160)).unwrap_or(line);
    let first = window.as_bytes().first().copied().unwrap_or(b' ');
    let spaced = matches!(first, b' ' | b'\t');
    let head = crate::logline::head(line);
    let mut seen = [0_usize; 13];
    let candidates = if spaced {
        let trace = INDENTED.find(window).or_else(|| shifted(window));
        [None, None, None, None, None, None, None, None, trace, None, None, None]
    } else {
        let marks = Marks::find(window);
        let [bar, tag, bracket, stream, word, pool, name] = marks.offsets(window, first);
        let [pod, container] = if first.is_ascii_lowercase() { pods(window) } else { [None; 2] };
        let message = head.map(|head| head.message);
        let bracket = bracket.or_else(|| message.and_then(|at| tagged(window, at)));
        let behind = |mark: &str| window.find(mark).map(|at| at + mark.len());
        let tag = if first == b'<' { tag.or_else(|| behind(" - - ")) } else { tag };
        let name = if window.starts_with("App ") { name.or_else(|| behind(" output: ")) } else { name };
        let dated = bar.and_then(|at| behind_date(window, at));
        [bar, tag, bracket, stream, word, pool, name, message, marks.anchor(), container, pod, dated]
    };
    let mut count = 1;
    for candidate in candidates.into_iter().flatten().filter(|at| *at > 0 && *at < line.len()) {
        if !seen.iter().take(count).any(|known| *known == candidate)
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
