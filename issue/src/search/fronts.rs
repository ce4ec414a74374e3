//! Where one of many words may begin in a long text, whatever their case: a table over the first three bytes.

/// Places of the table: what [`slot`] answers is less.
pub(super) const SLOTS: usize = 1 << 13;

/// The first three bytes of some words.
#[derive(Debug)]
pub struct Fronts(Box<[bool; SLOTS]>);

impl Fronts {
    /// A table of `words` of three bytes or more.
    pub fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        let mut table = Self(Box::new([false; SLOTS]));
        for word in words {
            if let Some(three) = word.as_bytes().get(..3) {
                table.add(three);
            }
        }
        table
    }

    /// One more word, of which only its first three bytes are told.
    pub fn add(&mut self, three: &[u8]) {
        if let Some(here) = self.0.get_mut(slot(number(three))) {
            *here = true;
        }
    }

    /// The first place at or after `from` at which one of the words may begin; the last two bytes of a text are none.
    pub fn next(&self, text: &[u8], mut from: usize) -> Option<usize> {
        // Six places of eight bytes, none of which waits for the one before it.
        while let Some(eight) = text.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
            let eight = u64::from_le_bytes(*eight);
            let begins = |place: u32| u32::from(self.may_begin(eight >> (8 * place))) << place;
            let here = (0..6).fold(0, |here, place| here | begins(place));
            if here != 0 {
                return Some(from + here.trailing_zeros() as usize);
            }
            from += 6;
        }
        let mut threes = text.get(from..)?.windows(3);
        threes.position(|three| self.may_begin(number(three))).map(|at| from + at)
    }

    /// Whether a word may begin with the three lowest bytes.
    fn may_begin(&self, three: u64) -> bool {
        self.0.get(slot(three)).copied().unwrap_or_default()
    }
}

/// A few bytes as one number, the first byte lowest.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |held, byte| held << 8 | u64::from(*byte))
}

/// The place in a table of [`SLOTS`] of the three lowest bytes.
pub(super) fn slot(three: u64) -> usize {
    // Sets the bit that tells small letters from capitals; it joins some other bytes, too, which costs a second look.
    let small = ((three & 0xFF_FF_FF) as u32 | 0x20_20_20) << 8;
    (small.wrapping_mul(0x9E37_79B1) >> 19) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_of_a_word_is_left_out() {
        let mut fronts = Fronts::new(["token", "://"]);
        fronts.add(b"Q~1");
        let places = |text: &[u8]| {
            let mut from = 0;
            let mut all = Vec::new();
            while let Some(at) = fronts.next(text, from) {
                all.push(at);
                from = at + 1;
            }
            all
        };
        assert_eq!(places(b"a TOKEN q~1 x://y"), [2, 8, 13]);
        assert_eq!(places(b""), [0_usize; 0]);
        assert_eq!(places(b"to"), [0_usize; 0]);
        // Wherever a word stands, in blocks of eight bytes and behind the last.
        for before in 0..20 {
            for after in 0..12 {
                let text = [vec![b'.'; before], b"tok".to_vec(), vec![b'.'; after]].concat();
                assert_eq!(places(&text), [before], "{before} {after}");
            }
        }
    }
}
