//! Quoted text and bracketed lists. Both look for a closing mark; what was looked for in vain is remembered.

use super::bytes::{at, begins, is_word};

/// What is known of closing marks further on in the line.
#[derive(Default)]
pub(super) struct Closers {
    /// For `"`, `'` and the backtick: from here on there is none.
    none_after: [Option<usize>; 3],
    /// For every opening bracket its closing one, in order of the opening; made at the first bracket.
    brackets: Option<Vec<(usize, usize, bool)>>,
    next: usize,
}

impl Closers {
    /// End of the quoted text that begins at `open`, its quotes included.
    ///
    /// An apostrophe inside a word opens nothing (`don't`), and one before a letter closes nothing.
    pub(super) fn quote(&mut self, bytes: &[u8], open: usize) -> Option<usize> {
        let quote = at(bytes, open);
        let slot = self.none_after.get_mut(match quote {
            b'"' => 0,
            b'\'' => 1,
            _ => 2,
        })?;
        let prefixed = open > 0 && is_word(at(bytes, open - 1)) && !is_string_prefix(bytes, open);
        if (quote != b'"' && prefixed) || slot.is_some_and(|from| open >= from) {
            return None;
        }
        let mut from = open + 1;
        loop {
            let rest = bytes.get(from..)?;
            let found = match quote {
                // GNU style: `name'.
                b'`' => memchr::memchr2(b'`', b'\'', rest),
                _ => memchr::memchr(quote, rest),
            };
            let Some(close) = found.map(|offset| from + offset) else {
                *slot = Some(open);
                return None;
            };
            let escaped = at(bytes, close - 1) == b'\\' && close > open + 1 && at(bytes, close - 2) != b'\\';
            if !escaped && (quote == b'"' || !is_word(at(bytes, close + 1))) {
                return Some(close + 1);
            }
            from = close + 1;
        }
    }

    /// End of the list or object that begins at `open`: brackets with a comma inside, braces with anything that
    /// separates, or nothing in them at all. One word in brackets (`[error]`) is no list.
    pub(super) fn list(&mut self, bytes: &[u8], open: usize) -> Option<usize> {
        if !begins(bytes, open) {
            return None;
        }
        let brackets = self.brackets.get_or_insert_with(|| pair_brackets(bytes));
        while brackets.get(self.next).is_some_and(|&(start, ..)| start < open) {
            self.next += 1;
        }
        let &(start, close, separated) = brackets.get(self.next)?;
        (start == open && (separated || close == open + 1)).then_some(close + 1)
    }
}

/// Python's `b'…'`, `u'…'`, `r'…'`, `rb'…'` at the start of a token.
fn is_string_prefix(bytes: &[u8], quote: usize) -> bool {
    let letters = bytes.get(..quote).unwrap_or_default().iter().rev();
    let length =
        letters.take(3).take_while(|byte| matches!(byte, b'b' | b'u' | b'r' | b'B' | b'U' | b'R')).count();
    (1..=2).contains(&length) && begins(bytes, quote - length)
}

/// All balanced brackets: opening, closing, whether something between them separates. One pass with a stack.
fn pair_brackets(bytes: &[u8]) -> Vec<(usize, usize, bool)> {
    let mut open: Vec<(usize, u8, bool)> = Vec::new();
    let mut pairs = Vec::new();
    for (index, &byte) in bytes.iter().enumerate() {
        match byte {
            b'[' | b'{' => open.push((index, byte, false)),
            b']' | b'}' => {
                let wanted = if byte == b']' { b'[' } else { b'{' };
                if open.last().is_some_and(|&(_, kind, _)| kind == wanted)
                    && let Some((start, _, separated)) = open.pop()
                {
                    pairs.push((start, index, separated));
                    // What holds a list is one itself.
                    if let Some(outer) = open.last_mut() {
                        outer.2 |= separated;
                    }
                }
            }
            b',' => mark_last(&mut open, |_| true),
            b':' | b'=' => mark_last(&mut open, |kind| kind == b'{'),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}

fn mark_last(open: &mut [(usize, u8, bool)], applies: impl Fn(u8) -> bool) {
    if let Some(last) = open.last_mut() {
        last.2 |= applies(last.1);
    }
}
