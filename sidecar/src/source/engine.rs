//! Stand-in for the reading engine until it is merged: a line that begins with `ERROR` is a block.

use issue::report::{Kind, Language, Level, Parsed, Report};
use std::time::Duration;

#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub idle: Duration,
    pub min_level: Level,
}
impl Default for Limits {
    fn default() -> Self {
        Self { idle: Duration::from_millis(500), min_level: Level::Error }
    }
}
#[derive(Clone, Debug)]
pub struct Block {
    pub end: u64,
    pub at: i64,
    pub text: String,
}
#[derive(Debug)]
pub struct Assembler {
    limits: Limits,
    offset: u64,
    line: Vec<u8>,
    open: Option<(u64, String)>,
    at: i64,
}
impl Assembler {
    pub fn new(limits: Limits) -> Self {
        Self { limits, offset: 0, line: Vec::new(), open: None, at: 0 }
    }
    pub fn push(&mut self, bytes: &[u8], at: i64, out: &mut Vec<Block>) {
        self.at = at;
        for &byte in bytes {
            self.line.push(byte);
            self.offset += 1;
            if byte == b'\n' {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                let start = self.offset - line.len() as u64;
                if line.starts_with(' ') && self.open.is_some() {
                    if let Some((_, text)) = &mut self.open {
                        text.push_str(&line);
                    }
                    continue;
                }
                self.close(start, out);
                if line.starts_with("ERROR") {
                    self.open = Some((start, line));
                }
            }
        }
    }
    fn close(&mut self, end: u64, out: &mut Vec<Block>) {
        if let Some((_, text)) = self.open.take() {
            out.push(Block { end, at: self.at, text });
        }
    }
    pub fn poll_timeout(&self) -> Option<i64> {
        self.open.as_ref().map(|_| self.at + self.limits.idle.as_nanos() as i64)
    }
    pub fn handle_timeout(&mut self, now: i64, out: &mut Vec<Block>) {
        if self.poll_timeout().is_some_and(|at| at <= now) {
            self.close(self.offset - self.line.len() as u64, out);
        }
    }
    pub fn flush(&mut self, out: &mut Vec<Block>) {
        if !self.line.is_empty() {
            self.line.push(b'\n');
            let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
            self.close(self.offset, out);
            if line.starts_with("ERROR") {
                self.open = Some((self.offset, line));
            }
        }
        self.close(self.offset, out);
    }
    pub fn settled(&self) -> u64 {
        self.open.as_ref().map_or(self.offset - self.line.len() as u64, |open| open.0)
    }
}
pub fn parse(block: &Block, level: Level) -> Option<Parsed> {
    let _level = level;
    Some(Parsed::of_text(Kind::Log, Level::Error, Language::Unknown, block.text.trim().to_owned()))
}
#[derive(Clone, Debug, Default)]
pub struct Rules;
pub struct Origin<'a> {
    pub component: Option<&'a str>,
    pub fingerprint: Option<&'a [String]>,
}
pub fn finish(parsed: Parsed, _rules: &Rules, _origin: &Origin<'_>) -> Report {
    Report {
        fingerprint: format!("v1:{}", parsed.message),
        kind: parsed.kind,
        level: parsed.level,
        language: parsed.language,
        error_type: None,
        template: parsed.message.clone(),
        message: parsed.message,
        frames: vec![],
        causes: vec![],
        culprit: None,
        log: None,
        redacted: Default::default(),
        category: Default::default(),
        priority: Default::default(),
        text: parsed.text,
    }
}
