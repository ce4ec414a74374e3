//! Whether a word is one of a short list: its length and its first letter tell for almost every word that it is not.

/// A closed list of words.
#[derive(Debug)]
pub struct Closed {
    words: &'static [&'static str],
    /// For each length the first letters of the words of that length; the last place is for all that are longer.
    firsts: [u32; LENGTHS],
    /// The indices of the words, those of one length together, in the order of their lengths.
    order: [u8; MOST],
    /// Where in `order` those of each length begin, and the end.
    starts: [u8; LENGTHS + 1],
}

const LENGTHS: usize = 16;

/// A list has no more words.
const MOST: usize = 128;

/// One bit for each letter, whatever its case; one more for all other bytes.
const fn letter(byte: u8) -> u32 {
    if byte.is_ascii_alphabetic() { 1 << ((byte | 0x20) - b'a') } else { 1 << 26 }
}

impl Closed {
    /// A list of `words`, none of them empty.
    pub const fn new(words: &'static [&'static str]) -> Self {
        let (mut firsts, mut order, mut starts) = ([0; LENGTHS], [0; MOST], [0; LENGTHS + 1]);
        let (mut length, mut placed) = (0, 0);
        while length < LENGTHS {
            let mut index = 0;
            while index < words.len() {
                let word = words[index].as_bytes();
                if place(word.len()) == length {
                    firsts[length] |= letter(word[0]);
                    order[placed] = index as u8;
                    placed += 1;
                }
                index += 1;
            }
            length += 1;
            starts[length] = placed as u8;
        }
        Self { words, firsts, order, starts }
    }

    /// Whether `word` is on the list, its case as it is.
    #[inline]
    pub fn holds(&self, word: &str) -> bool {
        self.may_hold(word.as_bytes()) && self.of_length(word.len()).any(|known| known == word)
    }

    /// Whether `word` is on the list, whatever its case.
    #[inline]
    pub fn holds_any_case(&self, word: &[u8]) -> bool {
        let first = word.first().map(|first| first | 0x20);
        let begins = |known: &&str| known.as_bytes().first().map(|first| first | 0x20) == first;
        let mut alike = self.of_length(word.len()).filter(begins);
        self.may_hold(word) && alike.any(|known| known.as_bytes().eq_ignore_ascii_case(word))
    }

    #[inline]
    fn may_hold(&self, word: &[u8]) -> bool {
        let firsts = self.firsts.get(place(word.len())).copied().unwrap_or_default();
        word.first().is_some_and(|first| firsts & letter(*first) != 0)
    }

    /// The words of a length.
    fn of_length(&self, length: usize) -> impl Iterator<Item = &'static str> {
        let start = |length: usize| self.starts.get(length).copied().map_or(0, usize::from);
        let places = start(place(length))..start(place(length) + 1);
        let order = self.order.get(places).unwrap_or_default();
        order.iter().filter_map(|index| self.words.get(usize::from(*index)).copied())
    }
}

/// The place of a length in a list's tables.
const fn place(length: usize) -> usize {
    if length < LENGTHS { length } else { LENGTHS - 1 }
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
