//! Whether any of some words stands in a text, and where the first: with the processor's vector instructions where it
//! has them, so that a text without any costs next to nothing.

use aho_corasick::packed;
use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Words that are looked for together. The vectorised search takes 64 at most.
#[derive(Debug)]
pub struct Any {
    vector: Option<packed::Searcher>,
    /// For processors without the vector instructions; `None` also if the table could not be built.
    automaton: Option<AhoCorasick>,
}

impl Any {
    /// A search for `words`, their case as it is.
    pub fn new(words: &[&str]) -> Self {
        let config = packed::Config::new().match_kind(packed::MatchKind::LeftmostFirst).clone();
        let vector = config.builder().extend(words).build();
        let automaton = match vector {
            Some(_) => None,
            None => AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostFirst)
                .kind(Some(AhoCorasickKind::DFA))
                .build(words)
                .ok(),
        };
        Self { vector, automaton }
    }

    /// Index at or after `from` of the first word in `bytes`. Without a table every place is one.
    pub fn find(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let found = match (&self.vector, &self.automaton) {
            (Some(vector), _) => vector.find(rest)?.start(),
            (None, Some(automaton)) => automaton.find(rest)?.start(),
            (None, None) if rest.is_empty() => return None,
            (None, None) => 0,
        };
        Some(from + found)
    }

    /// Whether the fast search is in use.
    #[cfg(test)]
    pub fn is_vectored(&self) -> bool {
        self.vector.is_some()
    }
}
