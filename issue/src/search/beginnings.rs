//! Which of some words a text begins with: they stand in lists by their first byte, of which one is looked at.

/// Words by their first byte, each list in the order in which they were given.
#[derive(Debug)]
pub struct Beginnings {
    words: Vec<&'static str>,
    /// Bytes at the front of each word that are known to be there.
    known: usize,
    /// Where in `words` those of each first byte begin; one more for the end.
    starts: [u16; 257],
}

impl Beginnings {
    /// Lists of `words`; empty ones are left out.
    pub fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::behind(0, words)
    }

    /// Lists of words of which the first `known` bytes are compared by the caller: texts are what follows them.
    pub fn behind(known: usize, words: impl IntoIterator<Item = &'static str>) -> Self {
        let mut words: Vec<&'static str> = words.into_iter().filter(|word| word.len() > known).collect();
        let first = |word: &str| word.as_bytes().get(known).copied().map_or(0, usize::from);
        words.sort_by_key(|word| first(word));
        let start = |byte: usize| words.partition_point(|word| first(word) < byte);
        let starts = std::array::from_fn(|byte| u16::try_from(start(byte)).unwrap_or(u16::MAX));
        Self { words, known, starts }
    }

    /// The words that go on with the same byte as `text`, and their rest.
    fn like<'s>(&'s self, text: &[u8]) -> impl Iterator<Item = (&'static str, &'static [u8])> + use<'s> {
        let first = text.first().map_or(256, |byte| usize::from(*byte));
        let at = |byte: usize| self.starts.get(byte).copied().map_or(0, usize::from);
        let list = self.words.get(at(first)..at(first + 1)).unwrap_or_default();
        list.iter().map(|word| (*word, word.as_bytes().get(self.known..).unwrap_or_default()))
    }

    /// The first word that `text` begins with.
    pub fn of(&self, text: &[u8]) -> Option<&'static str> {
        self.like(text).find(|(_, rest)| text.starts_with(rest)).map(|(word, _)| word)
    }

    /// The word that `text` is.
    pub fn whole(&self, text: &[u8]) -> Option<&'static str> {
        self.like(text).find(|(_, rest)| text == *rest).map(|(word, _)| word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_given_counts() {
        let lists = Beginnings::new(["b", "ab", "a", "", "\u{ff}"]);
        assert_eq!(lists.of(b"abc"), Some("ab"));
        assert_eq!(lists.of(b"ac"), Some("a"));
        assert_eq!(lists.of(b"c"), None);
        assert_eq!(lists.of(b""), None);
        assert_eq!(lists.of("\u{ff}x".as_bytes()), Some("\u{ff}"));
        assert_eq!(lists.whole(b"a"), Some("a"));
        assert_eq!(lists.whole(b"abc"), None);
    }

    #[test]
    fn a_known_front_is_not_compared() {
        let lists = Beginnings::behind(1, ["/usr/", "/"]);
        assert_eq!(lists.of(b"usr/lib"), Some("/usr/"));
        assert_eq!(lists.of(b"/usr/lib"), None);
    }
}
