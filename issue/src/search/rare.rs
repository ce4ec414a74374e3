//! Whether a text may hold any of some words, whatever their case: of each word the three neighbouring letters are looked
//! for that are the rarest in texts. Only every other pair of bytes is looked at, since of three letters one of both
//! pairs begins at an even place.

use super::fronts::{SLOTS, number, slot};

/// The rarest three bytes of some words.
#[derive(Debug)]
pub struct Rare {
    /// One bit for each pair of bytes with which three begin or end.
    pairs: Box<[u64; 1024]>,
    threes: Box<[bool; SLOTS]>,
}

impl Rare {
    /// Three bytes of each of `words`, of which none is shorter.
    pub fn new<'w>(words: impl IntoIterator<Item = &'w [u8]>) -> Self {
        let mut table = Self { pairs: Box::new([0; 1024]), threes: Box::new([false; SLOTS]) };
        for word in words {
            let Some(three) = word.windows(3).min_by_key(|three| frequency(three)) else { continue };
            if let Some(here) = table.threes.get_mut(slot(number(three))) {
                *here = true;
            }
            for pair in three.windows(2) {
                let (place, bit) = place(u16::try_from(number(pair)).unwrap_or_default());
                if let Some(bits) = table.pairs.get_mut(place) {
                    *bits |= 1 << bit;
                }
            }
        }
        table
    }

    /// `false`: the text surely holds none of the words.
    pub fn may_be_in(&self, text: &[u8]) -> bool {
        let pairs = text.as_chunks::<2>().0.iter().enumerate();
        pairs.map(|(at, pair)| (2 * at, u16::from_le_bytes(*pair))).any(|(at, pair)| {
            self.holds(pair) && (self.has_three(text, at) || at > 0 && self.has_three(text, at - 1))
        })
    }

    fn holds(&self, pair: u16) -> bool {
        let (place, bit) = place(pair);
        self.pairs.get(place).is_some_and(|bits| bits >> bit & 1 == 1)
    }

    fn has_three(&self, text: &[u8], at: usize) -> bool {
        let three = text.get(at..at + 3).map(number);
        three.is_some_and(|three| self.threes.get(slot(three)).copied().unwrap_or_default())
    }
}

/// Where the bit of a pair stands. Small letters and capitals share one, and so do some other bytes.
fn place(pair: u16) -> (usize, u32) {
    let small = pair | 0x20_20;
    (usize::from(small >> 6), u32::from(small & 63))
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
        let words = ["token", "://", "sk-"];
        let rare = Rare::new(words.map(str::as_bytes));
        for word in words {
            for before in 0..5 {
                for after in 0..5 {
                    let text = [&"x".repeat(before), word, &"y".repeat(after)].concat();
                    assert!(rare.may_be_in(text.as_bytes()), "{text}");
                    assert!(rare.may_be_in(text.to_ascii_uppercase().as_bytes()), "{text}");
                }
            }
        }
        for text in ["", "t", "to", "an ordinary text", "tokn", ":/"] {
            assert!(!rare.may_be_in(text.as_bytes()), "{text}");
        }
    }
}
