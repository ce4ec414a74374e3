//! Whether a word is one of a short list: its length and its first letter tell for almost every word that it is not.

/// A closed list of words.
#[derive(Debug)]
pub struct Closed {
    words: &'static [&'static str],
    /// For each length the first letters of the words of that length; the last place is for all that are longer.
    firsts: [u32; LENGTHS],
}

const LENGTHS: usize = 16;

/// One bit for each letter, whatever its case; one more for all other bytes.
const fn letter(byte: u8) -> u32 {
    if byte.is_ascii_alphabetic() { 1 << ((byte | 0x20) - b'a') } else { 1 << 26 }
}

impl Closed {
    /// A list of `words`, none of them empty.
    pub const fn new(words: &'static [&'static str]) -> Self {
        let mut firsts = [0; LENGTHS];
        let mut index = 0;
        while index < words.len() {
            let word = words[index].as_bytes();
            let length = if word.len() < LENGTHS { word.len() } else { LENGTHS - 1 };
            firsts[length] |= letter(word[0]);
            index += 1;
        }
        Self { words, firsts }
    }

    /// Whether `word` is on the list, its case as it is.
    pub fn holds(&self, word: &str) -> bool {
        self.may_hold(word.as_bytes()) && self.words.contains(&word)
    }

    /// Whether `word` is on the list, whatever its case.
    #[inline]
    pub fn holds_any_case(&self, word: &[u8]) -> bool {
        self.may_hold(word) && self.words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word))
    }

    #[inline]
    fn may_hold(&self, word: &[u8]) -> bool {
        let firsts = self.firsts.get(word.len().min(LENGTHS - 1)).copied().unwrap_or_default();
        word.first().is_some_and(|first| firsts & letter(*first) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_its_words_and_no_others() {
        static LIST: Closed = Closed::new(&["as", "With", "unknown", "-v", "a-word-of-twenty-letters"]);
        for word in LIST.words {
            assert!(LIST.holds(word) && LIST.holds_any_case(word.to_ascii_uppercase().as_bytes()), "{word}");
        }
        for other in ["", "a", "with", "-w", "b-word-of-twenty-letters", "is"] {
            assert!(!LIST.holds(other), "{other}");
        }
        assert!(!LIST.holds_any_case(b"") && !LIST.holds_any_case(b"unknowm"));
    }
}
