//! Template rules, version 1: one pass over the bytes of a line, fixed priorities, no memory between lines.
//!
//! At every place where a token can begin, the recognisers are asked in the order of the design: whole things (an
//! address, a time, a path, quoted text, a list), then words that mix letters and digits, then numbers, then values
//! behind a name. What nobody claims is a word and stays. Every recogniser looks ahead over a bounded stretch, or
//! remembers how far it has looked in vain, so the whole is linear in the line.

mod address;
mod bytes;
mod name;
mod number;
mod path;
mod place;
mod quoted;
mod sink;
mod time;
mod value;
mod vocabulary;
mod word;

use self::{bytes::at, quoted::Closers, sink::Sink};
use super::Hit;

pub use self::sink::Form;

/// A template longer than this is cut at a character and marked with `…`.
pub const MAX_BYTES: usize = 1_024;

/// What stands before the quotes that hold the message of a structured line.
const MESSAGE_KEYS: [&[u8]; 6] =
    [b"msg=", b"message=", b"event=", b"\"msg\":", b"\"message\":", b"\"event\":"];

/// What stands in place of a part that was taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Email,
    Url,
    Host,
    Trace,
    Uuid,
    Time,
    Duration,
    Mac,
    Ip,
    Path,
    Hex,
    Hash,
    Quoted,
    List,
    Id,
    Version,
    Int,
    Float,
    Name,
    Value,
}

impl Kind {
    /// The name between the angle brackets.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Url => "url",
            Self::Host => "host",
            Self::Trace => "trace",
            Self::Uuid => "uuid",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Mac => "mac",
            Self::Ip => "ip",
            Self::Path => "path",
            Self::Hex => "hex",
            Self::Hash => "hash",
            Self::Quoted => "quoted",
            Self::List => "list",
            Self::Id => "id",
            Self::Version => "version",
            Self::Int => "int",
            Self::Float => "float",
            Self::Name => "name",
            Self::Value => "value",
        }
    }
}

/// Renders one line. `hits` collects what was taken out. Also, how many bytes of it are the other form's rendering; `None`
/// where that has to be rendered by itself.
pub(super) fn render(line: &str, form: Form, hits: Option<&mut Vec<Hit>>) -> (String, Option<usize>) {
    let mut scan = Scan {
        text: line,
        bytes: line.as_bytes(),
        at: 0,
        sink: Sink::new(line, form, hits),
        closers: Closers::default(),
        no_path_until: 0,
        no_list_until: 0,
        message_closes: 0,
        context: value::Context::default(),
    };
    while scan.at < scan.bytes.len() && !scan.sink.is_full() {
        scan.step();
    }
    scan.sink.finish()
}

/// The pass over one line.
struct Scan<'a, 'h> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    sink: Sink<'a, 'h>,
    closers: Closers,
    /// Up to here a run of path characters was already judged to be no path.
    no_path_until: usize,
    /// Up to here a run of words joined by commas was already judged to be no list.
    no_list_until: usize,
    /// Where the quotes close whose content is the message and is read like any other text.
    message_closes: usize,
    context: value::Context,
}

impl Scan<'_, '_> {
    fn step(&mut self) {
        let byte = at(self.bytes, self.at);
        match byte {
            b'\x1b' => self.at = bytes::after_escape(self.bytes, self.at),
            0..=b' ' | 0x7f => {
                self.sink.space();
                self.at += 1;
            }
            b'"' | b'\'' | b'`' => self.quoted_or(byte),
            b'[' | b'{' => self.list_or(byte),
            b'<' | b'(' => self.empty_or(byte),
            b'@' => self.identity_or(byte),
            b'/' | b'~' | b'.' | b'\\' => self.path_or(byte),
            b'-' | b'+' => self.signed_or(byte),
            b':' => self.colon(),
            b'=' => self.equals(),
            _ if bytes::is_word(byte) => self.token(),
            _ => self.mark(byte),
        }
    }

    /// Takes `self.at..end` out.
    fn hole(&mut self, kind: Kind, end: usize) {
        self.sink.hole(kind, self.at, end);
        self.at = end;
        self.context.after_hole();
    }

    /// Keeps `self.at..end` as it is.
    fn keep(&mut self, end: usize) {
        self.sink.text(self.at, end);
        self.at = end;
    }

    /// Keeps one byte of punctuation.
    fn mark(&mut self, byte: u8) {
        self.keep(self.at + 1);
        self.context.after_mark(byte);
    }

    fn quoted_or(&mut self, byte: u8) {
        if self.message_closes > 0 && self.at == self.message_closes {
            self.mark(byte);
            // Which fields stand behind a message depends on the occurrence; the hash takes them as one.
            if self.sink.is_key() && value::begins_pair(self.bytes.get(self.at..).unwrap_or_default()) {
                self.sink.space();
                self.hole(Kind::Value, self.bytes.len());
            }
            return;
        }
        match self.closers.quote(self.bytes, self.at) {
            Some(end) if self.is_quoted_message(end) => {
                self.message_closes = end - 1;
                self.mark(byte);
            }
            Some(end) => self.value_or_hole(Kind::Quoted, end),
            None => self.mark(byte),
        }
    }

    /// Whether the quotes hold the message itself: structured loggers print `"text" key="value"` and `msg="text"`.
    fn is_quoted_message(&self, end: usize) -> bool {
        if at(self.bytes, self.at) != b'"' || self.message_closes > 0 {
            return false;
        }
        let before = self.bytes.get(..self.at).unwrap_or_default();
        if self.sink.is_empty() || ends_with_place(before) {
            let after = self.bytes.get(end..).unwrap_or_default();
            return after.is_empty() || value::begins_pair(after);
        }
        MESSAGE_KEYS.iter().any(|key| {
            before
                .strip_suffix(*key)
                .is_some_and(|rest| rest.last().is_none_or(|byte| !bytes::is_word(*byte)))
        })
    }

    fn list_or(&mut self, byte: u8) {
        if let Some(end) = address::bracketed_ipv6(self.bytes, self.at) {
            return self.hole(Kind::Ip, end);
        }
        match self.closers.list(self.bytes, self.at).or_else(|| self.speaker()) {
            Some(end) => self.hole(Kind::List, end),
            None => self.mark(byte),
        }
    }

    /// `Order@1a2b3c`: the class stays, the identity goes. (A class with its package went before, as a name.)
    fn identity_or(&mut self, byte: u8) {
        // `@types/node@20`: a name with its scope.
        if let Some(end) = path::scoped(self.bytes, self.at) {
            return self.hole(Kind::Name, end);
        }
        self.mark(byte);
        if let Some(end) = address::identity(self.bytes, self.at - 1) {
            self.hole(Kind::Hex, end);
        }
    }

    fn path_or(&mut self, byte: u8) {
        match path::rooted(self.bytes, self.at) {
            Some(end) => self.hole(Kind::Path, end),
            None => self.mark(byte),
        }
    }

    /// A sign belongs to a number only where no word ends right before it.
    fn signed_or(&mut self, byte: u8) {
        if let Some(end) = self.flag() {
            return self.hole(Kind::Value, end);
        }
        let joined = self.at > 0 && bytes::is_word(at(self.bytes, self.at - 1));
        if !joined
            && at(self.bytes, self.at + 1).is_ascii_digit()
            && let Some(number) = number::number(self.bytes, self.at + 1)
        {
            return self.number(number);
        }
        self.mark(byte);
    }

    fn number(&mut self, number: number::Number) {
        if self.context.has_value() && matches!(at(self.bytes, number.end), b'(' | b'[') {
            return self.value_or_hole(number.kind, number.end);
        }
        let duration = number::duration_after(self.bytes, &number);
        if let Some(end) = duration {
            return self.hole(Kind::Duration, end);
        }
        let end = number.end;
        let unit = number::size_unit(self.bytes, end);
        self.hole(number.kind, end);
        if let Some(unit_end) = unit {
            self.sink.unit(end, unit_end);
            self.at = unit_end;
        }
    }
}

/// Whether a logger's place in the source comes last: `cart.go:17] `.
fn ends_with_place(before: &[u8]) -> bool {
    let Some(head) = before.strip_suffix(b"] ") else { return false };
    let digits = head.iter().rev().take(8).take_while(|byte| byte.is_ascii_digit()).count();
    digits > 0 && head.get(..head.len() - digits).is_some_and(|name| name.ends_with(b":"))
}

#[cfg(test)]
mod tests;
