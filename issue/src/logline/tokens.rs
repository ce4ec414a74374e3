//! The scanner over a log line's front.
//!
//! It walks tokens from the left, each a time, a number, a bracketed group, a name or a level, and stops at the level
//! or where prose begins. Only so much of the line is looked at that a scan costs the same for every line.

use super::inside::level_inside;
use super::level::LONGEST;
use super::names::skip_names;
use super::times::{is_calendar, is_time, is_zone};
use super::{Head, Rank, fronts};

/// Tokens looked at before the front is given up.
const TOKENS: usize = 16;
/// Bytes looked at.
const WINDOW: usize = 320;

/// Reads the front of a line.
pub fn scan(line: &str) -> Head {
    if line.starts_with("{\"") {
        // An object states its level under a name; words in its values state none.
        return Head { rank: None, time: false, message: 0 };
    }
    if let Some(head) = fronts::read(line).or_else(|| priority(line)) {
        return head;
    }
    let mut scanner = Scanner::new(line);
    scanner.run();
    let message = if scanner.rank.is_some() { scanner.at } else { scanner.time_end };
    let mut head = Head { rank: scanner.rank, time: scanner.time, message };
    if head.rank.is_some() || head.time {
        head.message = skip_names(line, head.message, scanner.rank.is_some(), scanner.time);
    }
    head
}

/// `<3>message` as the kernel and systemd read it: one digit, and the words right behind it. With a facility, as in
/// `<11>Nov 22 …` of RFC 3164 and `<11>1 2026-…` of RFC 5424, a time follows; without one it is prose about a number.
fn priority(line: &str) -> Option<Head> {
    let rest = line.strip_prefix('<')?;
    let (number, after) = rest.split_once('>')?;
    let value: u64 = (number.len() <= 3).then(|| number.parse().ok())??;
    let begins = |first: char| first.is_alphanumeric() || "[(\"'{/_*#".contains(first);
    if value > 191 || !after.starts_with(begins) {
        return None;
    }
    let offset = line.len() - after.len();
    let mut inner = Scanner::new(after);
    inner.run();
    if value > 7 && !inner.time {
        return None;
    }
    let rank = inner.rank.or(Rank::of_syslog(value % 8));
    let at = if inner.rank.is_some() { inner.at } else { inner.time_end };
    Some(Head {
        rank,
        time: inner.time,
        message: offset + skip_names(after, at, inner.rank.is_some(), inner.time),
    })
}

/// What a token without brackets is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token {
    /// Holds a clock or a date.
    Time,
    /// Digits and joiners only, or a month, weekday, zone or half-day next to a time.
    Number,
    /// A host, logger, process, component: something that is not a word of a sentence.
    Name,
    /// A name that ends with a colon.
    Tag,
    /// A word of a sentence.
    Word,
    /// Punctuation between tokens.
    Mark,
}

/// The walk.
pub struct Scanner<'a> {
    line: &'a str,
    at: usize,
    rank: Option<Rank>,
    time: bool,
    seen: usize,
    words: usize,
    tags: usize,
    last: Option<Token>,
    /// Where the last time ends.
    time_end: usize,
}

impl<'a> Scanner<'a> {
    fn new(line: &'a str) -> Self {
        Self { line, at: 0, rank: None, time: false, seen: 0, words: 0, tags: 0, last: None, time_end: 0 }
    }

    fn rest(&self) -> &'a str {
        self.line.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        while self.seen < TOKENS && self.at < WINDOW && self.rank.is_none() {
            let rest = self.rest().as_bytes();
            let Some(blanks) = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')) else { break };
            self.at += blanks;
            self.seen += 1;
            if !self.step() {
                break;
            }
        }
    }

    /// One token. `false`: the front ends before it.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        match rest.as_bytes().first() {
            Some(b'[' | b'(' | b'<') => self.bracketed(rest),
            Some(b'|' | b'-' | b',' | b':' | b'*' | b'#' | b'.' | b'>') => self.mark(rest),
            Some(_) => self.bare(rest),
            None => false,
        }
    }

    /// Redis states its level with one sign after the time.
    fn mark(&mut self, rest: &str) -> bool {
        if let Some(status) = rest.strip_prefix("|-") {
            self.at += rest.len() - status.len();
            return true;
        }
        let end = memchr::memchr2(b' ', b'\t', rest.as_bytes()).unwrap_or(rest.len());
        if end > 3 || !rest.bytes().take(end).all(|byte| byte.is_ascii_punctuation()) {
            return self.bare(rest);
        }
        if self.time && self.last == Some(Token::Time) && self.line.contains(['M', 'S', 'C', 'X']) {
            let quiet = [b'*', b'-', b'.'].contains(rest.as_bytes().first().unwrap_or(&b' '));
            if end == 1 && (rest.starts_with('#') || quiet && self.is_redis()) {
                self.found(if quiet { Rank::Quiet } else { Rank::Warning }, 1);
                return true;
            }
        }
        self.at += end;
        self.last = if self.last == Some(Token::Tag) { Some(Token::Tag) } else { Some(Token::Mark) };
        true
    }

    /// `1:M 01 Mar 2026 …`: a process and its role.
    fn is_redis(&self) -> bool {
        let role = self.line.split(' ').next().and_then(|first| first.split_once(':'));
        role.is_some_and(|(process, role)| {
            matches!(role, "M" | "S" | "C" | "X") && process.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    fn bracketed(&mut self, rest: &str) -> bool {
        let close = match rest.as_bytes().first() {
            Some(b'[') => b']',
            Some(b'(') => b')',
            _ => b'>',
        };
        let window = rest.get(..floor(rest, 120)).unwrap_or(rest);
        let Some(end) = memchr::memchr(close, window.as_bytes()) else { return false };
        let inner = window.get(1..end).unwrap_or_default();
        // `(err)` and `<error>` are code or markup unless a time stands before them.
        let glued = self.at > 0
            && self
                .line
                .as_bytes()
                .get(self.at - 1)
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'(');
        // Behind a process stands who it is for: `CRON[7]: (panic) CMD`.
        let owner = close == b')' && self.last == Some(Token::Tag);
        let placed = !glued && !owner && (self.time || close == b']' && self.words == 0);
        if let Some(rank) = placed.then(|| level_inside(inner)).flatten() {
            self.time |= inner.split_whitespace().any(|word| classify(word) == Token::Time);
            self.found(rank, end + 1);
            return true;
        }
        let times = inner.split([' ', ',']).filter(|word| classify(word) == Token::Time).count();
        // A parenthesis in the middle of prose is prose; brackets in front are context.
        if times == 0 && close != b']' && self.last.is_none() {
            return false;
        }
        self.time |= times > 0;
        self.at += end + 1;
        if times > 0 {
            self.time_end = self.at;
        }
        self.last = Some(if times > 0 { Token::Time } else { Token::Name });
        true
    }

    fn bare(&mut self, rest: &str) -> bool {
        let end = rest.bytes().position(ends_token).filter(|end| *end > 0).unwrap_or(rest.len());
        let end = process_end(rest, end).unwrap_or(end);
        let mut token = rest.get(..end).unwrap_or(rest);
        // `ERROR:root:message` has no space after its parts.
        let colon = token.bytes().take(LONGEST + 1).position(|byte| byte == b':');
        if let Some(colon) = colon.filter(|at| Rank::of_word(token.get(..*at).unwrap_or_default()).is_some())
        {
            token = token.get(..=colon).unwrap_or(token);
        }
        // Jetty writes `10:11:12.131:WARN:logger:thread:` in one piece.
        if let Some(rank) = joined_level(token).filter(|_| self.time || self.seen == 1) {
            self.time = true;
            self.found(rank, token.len());
            return true;
        }
        if let Some(rank) = self.level(token, rest) {
            self.found(rank, token.len());
            return true;
        }
        let kind = if self.last.is_none() && is_sign(token) { Token::Mark } else { self.kind(token) };
        match kind {
            Token::Word => {
                self.words += 1;
                let allowed = self.time && self.words == 1 || self.last.is_none() && token == "main";
                if !allowed {
                    return false;
                }
            }
            Token::Tag => {
                self.tags += 1;
                if self.tags > 2 || !self.time && self.seen > 1 {
                    return false;
                }
            }
            Token::Name if !self.time && self.seen > 3 => return false,
            Token::Time => self.time = true,
            _ => {}
        }
        self.at += token.len();
        if kind == Token::Time || kind == Token::Number && self.last == Some(Token::Time) && is_zone(token) {
            self.time_end = self.at;
        }
        self.last = Some(kind);
        true
    }

    fn found(&mut self, rank: Rank, length: usize) {
        self.rank = Some(rank);
        self.at += length;
    }

    fn kind(&self, token: &str) -> Token {
        let kind = classify(token);
        if kind == Token::Word
            && (self.time || self.seen <= 3)
            && is_calendar(trim_end(token, |byte| matches!(byte, b',' | b'.')))
        {
            return Token::Number;
        }
        kind
    }

    /// Whether a token states the level here.
    fn level(&self, token: &str, rest: &str) -> Option<Rank> {
        let word = trim_end(token, |byte| matches!(byte, b':' | b',' | b']' | b';'));
        let after = rest.get(token.len()..).unwrap_or_default();
        let colon =
            token.get(word.len()..).is_some_and(|tail| tail.starts_with(':')) || after.starts_with(" : ");
        // Go says `panic: ` of what it then explains itself.
        if word == "panic" {
            return None;
        }
        if word.len() == 1 {
            return self.letter(token, after);
        }
        // Monolog writes `channel.LEVEL:`.
        let word = match colon.then(|| word.rsplit_once('.')).flatten() {
            Some((_, level)) if level.bytes().all(|byte| byte.is_ascii_uppercase()) => level,
            _ => word,
        };
        // No level's name is longer.
        let slash = word.bytes().take(LONGEST + 1).position(|byte| byte == b'/');
        let (word, code) = (word.get(..slash.unwrap_or(word.len())).unwrap_or(word), slash == Some(1));
        if code {
            return None;
        }
        let rank = Rank::of_word(word)?;
        let upper = word.bytes().all(|byte| byte.is_ascii_uppercase());
        let after_front =
            matches!(self.last, None | Some(Token::Time | Token::Number | Token::Tag | Token::Name));
        let rare = RARE.contains(&word);
        // `web-1  | ERROR: text`: a runner's bar before a level that says it is one.
        let barred = self.last == Some(Token::Mark) && colon && self.words == 0 && self.seen <= 3;
        let barred = barred && self.line.get(..self.at).is_some_and(|front| front.trim_end().ends_with('|'));
        // `ERROR tests/test_cart.py::test_pick - …` lists once more what a test runner told above.
        if after.starts_with(" SUMMARY") || upper && after.contains(".py") && lists_a_test(after) {
            return None;
        }
        // What PostgreSQL adds to an error is part of a message that quotes it.
        if !self.time && matches!(word, "DETAIL" | "HINT" | "STATEMENT") {
            return None;
        }
        // `host:80 error : text` tells what became of a connection; `level ERROR` names one.
        let address =
            self.last == Some(Token::Name) || self.last == Some(Token::Number) && self.behind_dots();
        let spaced = colon && after.starts_with(" : ") && !upper && address;
        if spaced || self.last == Some(Token::Word) && self.names_level() {
            return None;
        }
        let core = rank > Rank::Quiet || QUIET.iter().any(|quiet| quiet.eq_ignore_ascii_case(word));
        let accepted = if upper && !rare {
            self.time || self.seen <= 2 || after_front || barred
        } else if colon && (core || upper) {
            self.before_colon()
        } else {
            core && self.stands_alone(word, rank, after)
        };
        let whole = after.is_empty() && self.last.is_none() && !colon;
        (accepted && !whole).then_some(rank)
    }

    /// Whether a level's name with a colon states one here; Terraform draws a box around an error.
    fn before_colon(&self) -> bool {
        let tagged = self.last.is_none() || self.last == Some(Token::Tag) && self.words == 0;
        tagged || self.line.starts_with("│ ") && self.seen == 2 || self.time && self.words <= 1
    }

    /// Whether the token before this one holds a dot, as an address with a port does.
    fn behind_dots(&self) -> bool {
        let before = self.line.get(..self.at).unwrap_or_default().trim_end();
        before.rsplit(' ').next().is_some_and(|token| token.contains('.'))
    }

    /// Whether the word before this one says that a level is talked about.
    fn names_level(&self) -> bool {
        let before = self.line.get(..self.at).unwrap_or_default().trim_end();
        let word = before.rsplit([' ', '\t']).next().unwrap_or(before);
        ["level", "Level", "severity", "threshold", "the", "The", "no", "No", "any", "to", "for", "of"]
            .contains(&word)
    }

    /// A level in lower case and without a colon: right behind the time, or set off by what follows it.
    fn stands_alone(&self, word: &str, rank: Rank, after: &str) -> bool {
        let strong =
            rank < Rank::Fatal || ["fatal", "critical"].iter().any(|name| name.eq_ignore_ascii_case(word));
        let set_off = self.last == Some(Token::Time)
            || self.last == Some(Token::Mark) && self.words == 0
            || after.starts_with(['\t', '|'])
            || after.starts_with("  ");
        // Dancer writes the time behind the level: `[shop:44] error @2026-11-21 10:45:31> text`.
        let timed_behind = after.strip_prefix(" @2").is_some() && self.last == Some(Token::Name);
        self.time && strong && set_off || timed_behind
    }

    /// `E NETWORK`, `E WindowManager:`, `E | etcdserver:` after a time; `E,` of Ruby's logger repeats the word later.
    fn letter(&self, token: &str, after: &str) -> Option<Rank> {
        let placed = self.time && matches!(self.last, Some(Token::Time | Token::Number)) && !after.is_empty();
        if token.len() == 1 && placed {
            return Rank::of_letter(*token.as_bytes().first()?);
        }
        let apt = token.len() == 2 && token.ends_with(':') && self.last.is_none() && after.starts_with(' ');
        (apt && matches!(token, "E:" | "W:"))
            .then(|| Rank::of_letter(token.as_bytes().first().copied().unwrap_or_default()))
            .flatten()
    }
}

/// Whether a token without brackets ends before this byte; asked of every byte of a line's front.
fn ends_token(byte: u8) -> bool {
    static ENDS: [bool; 256] = {
        let mut ends = [false; 256];
        ends[b' ' as usize] = true;
        ends[b'\t' as usize] = true;
        ends[b'|' as usize] = true;
        ends[b'[' as usize] = true;
        ends
    };
    ENDS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// `E,` of Ruby's logger, and the sign that a tool draws before its words (`✘`).
fn is_sign(token: &str) -> bool {
    let drawn = || token.chars().all(|letter| !letter.is_alphanumeric());
    token.len() == 2 && token.ends_with(',') || token.as_bytes().first() >= Some(&0x80) && drawn()
}

/// ` tests/test_cart.py::test_pick - text`, ` tests/test_cart.py`: the name of a test and nothing before it.
fn lists_a_test(after: &str) -> bool {
    let name = after.trim_start().split(' ').next().unwrap_or_default();
    let (file, _) = name.split_once("::").unwrap_or((name, ""));
    file.ends_with(".py") && (name.len() > file.len() || after.trim() == name || after.contains(".py - "))
}

/// Words that are a level only where a colon or a bracket says so.
const RARE: [&str; 11] = [
    "SUCCESS",
    "FAILURE",
    "SYSTEM",
    "LOG",
    "HINT",
    "DETAIL",
    "CONFIG",
    "STATEMENT",
    "FAIL",
    "PANIC",
    "ALERT",
];

/// Words below warning that are levels in any case; the others only in capitals.
const QUIET: [&str; 9] = ["info", "debug", "notice", "trace", "inf", "dbg", "verbose", "information", "dbug"];

/// The end of `sshd[19939]:` where its name ends at `from`.
fn process_end(rest: &str, from: usize) -> Option<usize> {
    let inside = rest.get(from..)?.strip_prefix('[')?;
    let close = inside.get(..floor(inside, 40))?.find(']')?;
    let colon = from + 1 + close + 1;
    rest.get(colon..)?.starts_with(':').then_some(colon + 1)
}

/// The last character boundary at or below `limit`.
pub fn floor(text: &str, limit: usize) -> usize {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    end
}

/// The level behind a clock in the same token.
fn joined_level(token: &str) -> Option<Rank> {
    let clock =
        token.as_bytes().first().is_some_and(u8::is_ascii_digit) && token.as_bytes().get(2) == Some(&b':');
    if !clock {
        return None;
    }
    let mut parts = token.split(':').skip(3);
    let word = parts.next().filter(|word| word.bytes().all(|byte| byte.is_ascii_uppercase()))?;
    parts.next()?;
    Rank::of_word(word)
}

/// A text without the bytes at its end that are `dropped`, all of them ASCII.
fn trim_end(text: &str, dropped: impl Fn(u8) -> bool) -> &str {
    let kept = text.bytes().rposition(|byte| !dropped(byte)).map_or(0, |at| at + 1);
    text.get(..kept).unwrap_or(text)
}

/// The kind of a token, from its characters alone.
pub fn classify(token: &str) -> Token {
    let token = trim_end(token, |byte| matches!(byte, b',' | b';'));
    let bytes = token.as_bytes();
    let Some(first) = bytes.first() else { return Token::Mark };
    if first.is_ascii_digit() || matches!(first, b'+' | b'-') {
        let numeric = numeric(token);
        if first.is_ascii_digit() || numeric.digits > 0 && numeric.digits == bytes.len() - 1 {
            return numeric.kind(token);
        }
    }
    if token.len() > 1 && token.ends_with(':') {
        return Token::Tag;
    }
    let small = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'\'';
    let rest = bytes.get(1..).unwrap_or_default();
    let lower = (small(first) || *first >= 0x80) && rest.iter().all(|byte| small(byte) || *byte >= 0x80);
    let capital = first.is_ascii_uppercase() && rest.iter().all(small);
    if lower || capital { Token::Word } else { Token::Name }
}

/// What a token that begins with a digit or a sign is made of.
struct Numeric {
    digits: usize,
    joiners: usize,
    /// Those of the joiners that are dots: an address has three and nothing else.
    dots: usize,
    /// Nothing but what numbers and times are made of.
    plain: bool,
}

fn numeric(token: &str) -> Numeric {
    let mut seen = Numeric { digits: 0, joiners: 0, dots: 0, plain: true };
    for byte in token.bytes() {
        match byte {
            b'0'..=b'9' => seen.digits += 1,
            b':' | b'-' | b'/' => seen.joiners += 1,
            b'.' => {
                seen.joiners += 1;
                seen.dots += 1;
            }
            b',' | b'T' | b'Z' | b'+' | b'_' => {}
            _ => seen.plain = false,
        }
    }
    seen
}

impl Numeric {
    fn kind(&self, token: &str) -> Token {
        let address = self.dots == 3 && self.joiners == 3;
        if self.plain && !address && is_time(token) {
            Token::Time
        } else if self.plain || self.joiners == 0 && self.digits * 2 >= token.len() {
            Token::Number
        } else {
            Token::Name
        }
    }
}
