//! Where one of many words may begin in a long text: a table over their first three bytes.

/// Places of the table: what [`slot`] answers is less.
pub(super) const SLOTS: usize = 1 << 13;

/// Sets in every byte the bit that tells small letters from capitals; it joins some other bytes, too, which costs a second
/// look.
pub(super) const ANY_CASE: u64 = u64::from_ne_bytes([0x20; 8]);

/// The first three bytes of some words.
#[derive(Debug)]
pub struct Fronts {
    table: Box<[bool; SLOTS]>,
    /// Bits that are set before bytes are compared.
    fold: u64,
}

impl Fronts {
    /// A table of `words` of three bytes or more, whose case does not count.
    pub fn new(words: impl IntoIterator<Item = &'static str>) -> Self {
        Self::folding(ANY_CASE, words)
    }

    /// As [`Fronts::new`], with the bits that are set before bytes are compared.
    pub(super) fn folding(fold: u64, words: impl IntoIterator<Item = &'static str>) -> Self {
        let mut table = Self { table: Box::new([false; SLOTS]), fold };
        for word in words {
            if let Some(three) = word.as_bytes().get(..3) {
                table.add(three);
            }
        }
        table
    }

    /// One more word, of which only its first three bytes are told.
    pub fn add(&mut self, three: &[u8]) {
        if let Some(here) = self.table.get_mut(slot(number(three) | self.fold)) {
            *here = true;
        }
    }

    /// The first place at or after `from` at which one of the words may begin; the last two bytes of a text are none.
    pub fn next(&self, text: &[u8], mut from: usize) -> Option<usize> {
        while let Some(eight) = text.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
            let here = self.six(u64::from_le_bytes(*eight));
            if here != 0 {
                return Some(from + here.trailing_zeros() as usize);
            }
            from += 6;
        }
        let mut threes = text.get(from..)?.windows(3);
        threes.position(|three| self.may_begin(number(three))).map(|at| from + at)
    }

    /// Tells `found` every place at which one of the words may begin, from left to right.
    #[inline]
    pub(super) fn each(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut from = 0;
        while let Some(eight) = text.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
            let mut here = self.six(u64::from_le_bytes(*eight));
            while here != 0 {
                found(from + here.trailing_zeros() as usize);
                here &= here - 1;
            }
            from += 6;
        }
        let threes = text.get(from..).unwrap_or_default().windows(3).enumerate();
        threes.filter(|(_, three)| self.may_begin(number(three))).for_each(|(at, _)| found(from + at));
    }

    /// At which of the first six of eight bytes a word may begin, one bit each. None of the looks waits for another.
    fn six(&self, eight: u64) -> u32 {
        let begins = |place: u32| u32::from(self.may_begin(eight >> (8 * place))) << place;
        (0..6).fold(0, |here, place| here | begins(place))
    }

    /// Whether a word may begin with the three lowest bytes.
    fn may_begin(&self, three: u64) -> bool {
        self.table.get(slot(three | self.fold)).copied().unwrap_or_default()
    }
}

/// A few bytes as one number, the first byte lowest.
pub(super) fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |held, byte| held << 8 | u64::from(*byte))
}

/// The place in a table of [`SLOTS`] of the three lowest bytes.
pub(super) fn slot(three: u64) -> usize {
    (((three as u32) << 8).wrapping_mul(0x9E37_79B1) >> 19) as usize
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
