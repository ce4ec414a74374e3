//! Quoted text and bracketed lists. Both look for a closing mark; what was looked for in vain is remembered.

use super::bytes::{at, begins, is_word};

/// What is known of closing marks further on in the line.
#[derive(Default)]
pub(super) struct Closers {
    /// For `"`, `'` and the backtick: from here on there is none.
    none_after: [Option<usize>; 3],
    /// For every opening bracket its closing one, in order of the opening; made at the first bracket.
    brackets: Option<Vec<(usize, usize, Separators)>>,
}

/// What separates parts between two brackets, at any depth.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Separators {
    /// A comma, or a colon in braces.
    pub(super) parts: bool,
    /// An equals sign.
    pub(super) equals: bool,
}

impl Separators {
    /// Whether there is more than one part, or a named one.
    pub(super) fn any(self) -> bool {
        self.parts || self.equals
    }
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
        // Inside quoted text that is read like any other, quotes are escaped on both sides.
        let nested = open > 0 && at(bytes, open - 1) == b'\\' && (open < 2 || at(bytes, open - 2) != b'\\');
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
            if escaped == nested && (quote == b'"' || !is_word(at(bytes, close + 1))) {
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
        let (close, separators) = self.pair(bytes, open)?;
        (separators.any() || close == open + 1).then_some(close + 1)
    }

    /// The closing bracket of the one at `open`, and whether something between them separates.
    pub(super) fn pair(&mut self, bytes: &[u8], open: usize) -> Option<(usize, Separators)> {
        let brackets = self.brackets.get_or_insert_with(|| pair_brackets(bytes));
        let index = brackets.binary_search_by_key(&open, |&(start, ..)| start).ok()?;
        brackets.get(index).map(|&(_, close, separators)| (close, separators))
    }
}

/// Python's `b'…'`, `u'…'`, `r'…'`, `rb'…'` at the start of a token.
fn is_string_prefix(bytes: &[u8], quote: usize) -> bool {
    let letters = bytes.get(..quote).unwrap_or_default().iter().rev();
    let length =
        letters.take(3).take_while(|byte| matches!(byte, b'b' | b'u' | b'r' | b'B' | b'U' | b'R')).count();
    (1..=2).contains(&length) && begins(bytes, quote - length)
}

/// Brackets deeper than this are text: nobody prints such a thing, and a line of nothing but brackets stays cheap.
const MAX_DEPTH: usize = 64;

/// All balanced brackets: opening, closing, what separates between them. One pass with a stack.
fn pair_brackets(bytes: &[u8]) -> Vec<(usize, usize, Separators)> {
    let mut open: Vec<(usize, u8, Separators)> = Vec::new();
    let mut pairs = Vec::new();
    for (index, &byte) in bytes.iter().enumerate() {
        match byte {
            b'[' | b'{' | b'(' if open.len() >= MAX_DEPTH => {}
            b'[' => open.push((index, b']', Separators::default())),
            b'{' => open.push((index, b'}', Separators::default())),
            b'(' => open.push((index, b')', Separators::default())),
            b']' | b'}' | b')' => {
                // A parenthesis that nothing closes (`a) …`, `:(`) does not hide the bracket around it.
                while byte != b')' && open.last().is_some_and(|&(_, closing, _)| closing == b')') {
                    open.pop();
                }
                if open.last().is_some_and(|&(_, closing, _)| closing == byte)
                    && let Some((start, _, separators)) = open.pop()
                {
                    pairs.push((start, index, separators));
                    // What holds a list is one itself.
                    if let Some((.., outer)) = open.last_mut() {
                        outer.parts |= separators.parts;
                        outer.equals |= separators.equals;
                    }
                }
            }
            b',' => mark_last(&mut open, |_, separators| separators.parts = true),
            b':' => mark_last(&mut open, |closing, separators| separators.parts |= closing == b'}'),
            b'=' => mark_last(&mut open, |_, separators| separators.equals = true),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs
}

fn mark_last(open: &mut [(usize, u8, Separators)], mark: impl Fn(u8, &mut Separators)) {
    if let Some((_, closing, separators)) = open.last_mut() {
        mark(*closing, separators);
    }
}
