//! Whether any of some words stands in a text, whatever its case: of each word the three neighbouring bytes are looked for
//! that are the rarest in texts. Only every other pair of bytes is looked at, since of three bytes the first two or the
//! last two stand at an even place.

use super::fronts::{ANY_CASE, number};
use super::words::Words;

const PAIRS: usize = 1 << 16;

/// The first two of its three bytes, and the last two.
const FRONT: u8 = 1;
const BACK: u8 = 2;

/// Words of three bytes or more; shorter ones are never found.
#[derive(Debug)]
pub struct Rare {
    /// Of which side of a rarest part two bytes are, if of any. What is asked of it fits the processor's nearest cache.
    pairs: Box<[u8; PAIRS]>,
    /// Each word from its rarest part on.
    words: Words,
    /// What stands before that in each.
    before: Vec<&'static str>,
}

impl Rare {
    /// A search for `words`.
    pub fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        let parts = words.into_iter().filter_map(|word| word.split_at_checked(rarest(word)));
        let (before, words): (Vec<&str>, Vec<&str>) = parts.unzip();
        let mut pairs = Box::new([0; PAIRS]);
        for three in words.iter().filter_map(|word| word.as_bytes().get(..3)) {
            for (pair, side) in three.windows(2).zip([FRONT, BACK]) {
                if let Some(sides) = pairs.get_mut(usize::from((number(pair) | ANY_CASE) as u16)) {
                    *sides |= side;
                }
            }
        }
        Self { pairs, words: Words::of_any_case(words), before }
    }

    /// Whether any of the words stands in `text`.
    pub fn any_in(&self, text: &[u8]) -> bool {
        let (eights, rest) = text.as_chunks::<8>();
        for (index, eight) in eights.iter().enumerate() {
            let eight = u64::from_le_bytes(*eight);
            if self.any_pair(eight) && self.any_around(text, 8 * index, eight) {
                return true;
            }
        }
        let eight = number(rest);
        self.any_pair(eight) && self.any_around(text, 8 * eights.len(), eight)
    }

    /// Whether any of four pairs is part of a rarest part. None of the looks waits for another.
    #[inline(always)]
    fn any_pair(&self, eight: u64) -> bool {
        let side = |pair: u32| self.side(eight, pair);
        side(0) | side(1) | side(2) | side(3) != 0
    }

    /// Of which side of a rarest part one of four pairs is.
    #[inline(always)]
    fn side(&self, eight: u64, pair: u32) -> u8 {
        let small = ((eight | ANY_CASE) >> (16 * pair)) as u16;
        self.pairs.get(usize::from(small)).copied().unwrap_or_default()
    }

    /// Whether a word stands in `text` whose rarest part holds one of the four pairs at `at`.
    #[inline(never)]
    fn any_around(&self, text: &[u8], at: usize, eight: u64) -> bool {
        (0..4).any(|pair| {
            let (side, at) = (self.side(eight, pair), at + 2 * pair as usize);
            side & FRONT != 0 && self.has_word(text, at)
                || side & BACK != 0 && at > 0 && self.has_word(text, at - 1)
        })
    }

    /// Whether the rarest part of a word and what follows it stand here, and what is before it stands there.
    #[inline]
    fn has_word(&self, text: &[u8], at: usize) -> bool {
        let mut found = false;
        self.words.each_at(text, at, |index| {
            let before = self.before.get(index).copied().unwrap_or_default().as_bytes();
            let here = at.checked_sub(before.len()).and_then(|start| text.get(start..at));
            found |= here.is_some_and(|here| here.eq_ignore_ascii_case(before));
        });
        found
    }
}

/// Where in a word its three neighbouring bytes begin that are the rarest in texts; at its start for a shorter one.
fn rarest(word: &str) -> usize {
    let threes = word.as_bytes().windows(3).enumerate();
    threes.min_by_key(|(_, three)| frequency(three)).map_or(0, |(at, _)| at)
}

/// About how often the pairs of three bytes stand in texts.
fn frequency(three: &[u8]) -> u32 {
    three.windows(2).map(|pair| pair.iter().map(|byte| weight(*byte)).product::<u32>()).sum()
}

/// About how many of a thousand bytes are this one.
fn weight(byte: u8) -> u32 {
    const LETTERS: [u32; 26] =
        [65, 15, 35, 35, 100, 20, 20, 25, 60, 3, 8, 40, 25, 60, 60, 25, 2, 60, 60, 75, 25, 10, 10, 4, 15, 2];
    match byte.to_ascii_lowercase() {
        letter @ b'a'..=b'z' => LETTERS.get(usize::from(letter - b'a')).copied().unwrap_or_default(),
        b' ' => 120,
        b'0'..=b'9' | b'.' | b'/' | b'_' => 40,
        b':' | b'-' => 20,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_left_out_wherever_it_stands() {
        let words = ["token", "://", "sk-", "authorization"];
        let rare = Rare::new(words);
        for word in words {
            for before in 0..5 {
                for after in 0..5 {
                    let text = [&"x".repeat(before), word, &"y".repeat(after)].concat();
                    assert!(rare.any_in(text.as_bytes()), "{text}");
                    assert!(rare.any_in(text.to_ascii_uppercase().as_bytes()), "{text}");
                }
            }
        }
        for text in ["", "t", "to", "an ordinary text", "tokn", "xoken", ":/", "orization"] {
            assert!(!rare.any_in(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn the_rarest_part_of_a_word_holds_its_rarest_letters() {
        for (word, at) in [("eeejz", 2), ("://", 0), ("q~", 0), ("", 0)] {
            assert_eq!(rarest(word), at, "{word}");
        }
    }
}
