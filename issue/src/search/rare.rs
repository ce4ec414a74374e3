//! Whether any of some words stands in a text, whatever its case: of each word the three neighbouring bytes are looked for
//! that are the rarest in texts. Only every other pair of bytes is looked at, since of three bytes the first two or the
//! last two stand at an even place.

use super::fronts::number;
use super::words::Words;

/// Words of three bytes or more; shorter ones are never found.
#[derive(Debug)]
pub struct Rare {
    /// One bit for each pair of bytes in a rarest part.
    pairs: Box<[u64; 1024]>,
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
        let mut pairs = Box::new([0; 1024]);
        for pair in
            words.iter().filter_map(|word| word.as_bytes().get(..3)).flat_map(|three| three.windows(2))
        {
            let (place, bit) = place(u16::try_from(number(pair)).unwrap_or_default());
            if let Some(bits) = pairs.get_mut(place) {
                *bits |= 1 << bit;
            }
        }
        Self { pairs, words: Words::of_any_case(words), before }
    }

    /// Whether any of the words stands in `text`.
    pub fn any_in(&self, text: &[u8]) -> bool {
        let pairs = text.as_chunks::<2>().0.iter().enumerate();
        pairs.map(|(at, pair)| (2 * at, u16::from_le_bytes(*pair))).any(|(at, pair)| {
            self.has_pair(pair) && (self.has_word(text, at) || at > 0 && self.has_word(text, at - 1))
        })
    }

    fn has_pair(&self, pair: u16) -> bool {
        let (place, bit) = place(pair);
        self.pairs.get(place).is_some_and(|bits| bits >> bit & 1 == 1)
    }

    /// Whether the rarest part of a word and what follows it stand here, and what is before it stands there.
    fn has_word(&self, text: &[u8], at: usize) -> bool {
        self.words.at(text, at).any(|index| {
            let before = self.before.get(index).copied().unwrap_or_default().as_bytes();
            let here = at.checked_sub(before.len()).and_then(|start| text.get(start..at));
            here.is_some_and(|here| here.eq_ignore_ascii_case(before))
        })
    }
}

/// Where the bit of a pair stands. Small letters and capitals share one, and so do some other bytes.
fn place(pair: u16) -> (usize, u32) {
    let small = pair | 0x20_20;
    (usize::from(small >> 6), u32::from(small & 63))
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
