//! All places of some words in a short text: a table over three bytes says for almost every place that none begins
//! there. An automaton over as many words is larger than a processor's cache; this table is not.

use super::fronts::{Fronts, SLOTS, number, slot};

/// No word.
const NONE: u16 = u16::MAX;

/// Words of three bytes or more.
#[derive(Debug)]
pub struct Words {
    words: Vec<&'static str>,
    /// Where one may begin at all.
    fronts: Fronts,
    /// The first word of each place.
    slots: Box<[u16; SLOTS]>,
    /// For each word the next one of its place.
    next: Vec<u16>,
    /// Whether letters are compared without their case.
    any_case: bool,
}

impl Words {
    /// A table of `words`, whose case counts. Shorter ones than three bytes are never found.
    pub fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::compared(false, words)
    }

    /// A table of `words`, whose case does not count.
    pub fn of_any_case(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::compared(true, words)
    }

    fn compared(any_case: bool, words: impl IntoIterator<Item = &'static str>) -> Self {
        let words: Vec<&'static str> = words.into_iter().take(usize::from(NONE)).collect();
        let mut table = Self {
            fronts: Fronts::new(words.iter().copied()),
            slots: Box::new([NONE; SLOTS]),
            next: vec![NONE; words.len()],
            words,
            any_case,
        };
        for (index, word) in table.words.iter().enumerate() {
            let Some(three) = word.as_bytes().get(..3) else { continue };
            let place = slot(number(three));
            if let (Some(slot), Some(next)) = (table.slots.get_mut(place), table.next.get_mut(index)) {
                *next = *slot;
                *slot = u16::try_from(index).unwrap_or(NONE);
            }
        }
        table
    }

    /// Tells `found` the index of each word and where it begins in `text`, from left to right.
    pub fn each(&self, text: &[u8], mut found: impl FnMut(usize, usize)) {
        let mut from = 0;
        while let Some(at) = self.fronts.next(text, from) {
            self.at(text, at).for_each(|index| found(index, at));
            from = at + 1;
        }
    }

    /// The index of the longest word that begins at `at`.
    pub fn longest(&self, text: &[u8], at: usize) -> Option<usize> {
        self.at(text, at).max_by_key(|index| self.get(*index).len())
    }

    /// The indices of the words that begin at `at`.
    pub(super) fn at(&self, text: &[u8], at: usize) -> impl Iterator<Item = usize> {
        let some = |index: u16| (index != NONE).then_some(index);
        let three = text.get(at..at + 3);
        let first = three.and_then(|three| self.slots.get(slot(number(three))).copied().and_then(some));
        let next = move |index: &u16| self.next.get(usize::from(*index)).copied().and_then(some);
        let chain = std::iter::successors(first, next).map(usize::from);
        chain.filter(move |index| self.stands(*index, text, at))
    }

    fn stands(&self, index: usize, text: &[u8], at: usize) -> bool {
        let word = self.get(index).as_bytes();
        text.get(at..at + word.len())
            .is_some_and(|here| if self.any_case { here.eq_ignore_ascii_case(word) } else { here == word })
    }

    /// The word of this index.
    pub fn get(&self, index: usize) -> &'static str {
        self.words.get(index).copied().unwrap_or_default()
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
