//! All places of some words in a short text: a table over three bytes says for almost every place that none begins
//! there. An automaton over as many words is larger than a processor's cache; this table is not.

use super::fronts::{ANY_CASE, Fronts, SLOTS, number, slot};

/// No word.
const NONE: u16 = u16::MAX;

/// Words of three bytes or more.
#[derive(Debug)]
pub struct Words {
    words: Vec<Word>,
    /// Where one may begin at all.
    fronts: Fronts,
    /// The first word of each place.
    slots: Box<[u16; SLOTS]>,
    /// Bits that are set before bytes are compared, in each of eight bytes: none where the case counts.
    fold: u64,
}

#[derive(Debug)]
struct Word {
    text: &'static str,
    /// Its first eight bytes, folded; zero where it is shorter.
    front: u64,
    /// The bits of `front` that are the word's.
    mask: u64,
    /// The next one of its place.
    next: u16,
}

impl Words {
    /// A table of `words`, whose case counts. Shorter ones than three bytes are never found.
    pub fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::folding(0, words)
    }

    /// A table of `words`, whose case does not count.
    pub fn of_any_case(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::folding(ANY_CASE, words)
    }

    fn folding(fold: u64, words: impl IntoIterator<Item = &'static str>) -> Self {
        let words: Vec<&'static str> = words.into_iter().take(usize::from(NONE)).collect();
        let mut table = Self {
            fronts: Fronts::folding(fold, words.iter().copied()),
            slots: Box::new([NONE; SLOTS]),
            words: Vec::with_capacity(words.len()),
            fold,
        };
        for (index, text) in words.into_iter().enumerate() {
            let front = text.as_bytes().get(..8).unwrap_or(text.as_bytes());
            let mask = u64::MAX.checked_shr(64 - 8 * front.len() as u32).unwrap_or_default();
            let mut word = Word { text, front: (number(front) | fold) & mask, mask, next: NONE };
            if let Some(place) = table.slots.get_mut(slot(word.front)).filter(|_| text.len() >= 3) {
                word.next = std::mem::replace(place, u16::try_from(index).unwrap_or(NONE));
            }
            table.words.push(word);
        }
        table
    }

    /// Tells `found` the index of each word and where it begins in `text`, from left to right.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        self.fronts.each(text, |at| self.each_at(text, at, |index| found(index, at)));
    }

    /// The index of the longest word that begins at `at`.
    pub fn longest(&self, text: &[u8], at: usize) -> Option<usize> {
        let mut longest: Option<usize> = None;
        self.each_at(text, at, |index| {
            if longest.is_none_or(|known| self.get(known).len() <= self.get(index).len()) {
                longest = Some(index);
            }
        });
        longest
    }

    /// Tells `found` the indices of the words that begin at `at`.
    #[inline]
    pub(super) fn each_at(&self, text: &[u8], at: usize, mut found: impl FnMut(usize)) {
        let rest = text.get(at..).unwrap_or_default();
        let eight = rest.first_chunk().map_or_else(|| number(rest), |eight| u64::from_le_bytes(*eight));
        let front = eight | self.fold;
        let mut index = self.slots.get(slot(front)).copied().unwrap_or(NONE);
        while let Some(word) = self.words.get(usize::from(index)) {
            // Of almost every word the first eight bytes tell that it does not stand here.
            if front & word.mask == word.front && self.stands(word, rest) {
                found(usize::from(index));
            }
            index = word.next;
        }
    }

    fn stands(&self, word: &Word, rest: &[u8]) -> bool {
        let word = word.text.as_bytes();
        let here = rest.get(..word.len());
        here.is_some_and(|here| if self.fold != 0 { here.eq_ignore_ascii_case(word) } else { here == word })
    }

    /// The word of this index.
    pub fn get(&self, index: usize) -> &'static str {
        self.words.get(index).map_or("", |word| word.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_of_every_word_is_told() {
        let words = Words::new(["abc", "bcd", "abcd", "xyz"]);
        let mut all = Vec::new();
        words.each(b"abcdabc", |index, at| all.push((at, words.get(index))));
        all.sort_unstable();
        assert_eq!(all, [(0, "abc"), (0, "abcd"), (1, "bcd"), (4, "abc")]);
        words.each(b"ab", |_, _| unreachable!());
        words.each(b"ABC", |_, _| unreachable!());
        let mut places = 0;
        Words::of_any_case(["abc"]).each(b"aBC abc ab", |_, _| places += 1);
        assert_eq!(places, 2);
        assert_eq!(words.longest(b"xabcd", 1).map(|index| words.get(index)), Some("abcd"));
        assert_eq!(words.longest(b"xabcd", 3), None);
    }
}
