//! A small memory of what was worked out before, for input that repeats itself: a program that crashes in a loop prints
//! the same lines endlessly.
//!
//! It is bounded in entries and in bytes, belongs to whoever made it, and only ever saves work: an entry is found by a
//! hash, and whoever asks compares what it was made of with the bytes themselves. Input that means harm can make
//! entries push each other out, which costs what it would cost without a memory; it cannot make one stand for another.

/// Places in which an entry of one hash may lie.
const WAYS: usize = 2;

/// Entries by hash. `V` must hold what it was made of, so that it can be compared.
#[derive(Debug)]
pub(crate) struct Memo<V> {
    /// `WAYS` neighbours for each set; empty until the first entry comes.
    slots: Vec<Option<Slot<V>>>,
    /// A power of two.
    sets: usize,
    /// Hashes that were met once, each in the place that it tells.
    met: Vec<u64>,
    /// Of all entries together.
    weight: usize,
    max_weight: usize,
    /// Where room is made next when the entries weigh too much.
    hand: usize,
}

#[derive(Debug)]
struct Slot<V> {
    hash: u64,
    weight: usize,
    /// Whether it was asked for since its set last made room: those that were not go first.
    used: bool,
    value: V,
}

impl<V> Memo<V> {
    /// A memory of at most `2 * sets` entries that together weigh at most `max_weight` bytes; `sets` is rounded up to a
    /// power of two. With a `max_weight` of 0 nothing is remembered.
    pub(crate) fn new(sets: usize, max_weight: usize) -> Self {
        let sets = sets.max(1).next_power_of_two();
        Self { slots: Vec::new(), sets, met: Vec::new(), weight: 0, max_weight, hand: 0 }
    }

    /// Whether a hash comes again, as far as that is remembered. What comes once is not worth its place: it would push
    /// out what comes often, and lie cold in memory until it is pushed out itself.
    pub(crate) fn comes_again(&mut self, hash: u64) -> bool {
        if self.max_weight == 0 {
            return false;
        }
        if self.met.is_empty() {
            self.met.resize(self.sets * WAYS, 0);
        }
        let place = hash as usize & (self.sets * WAYS - 1);
        self.met.get_mut(place).is_some_and(|met| std::mem::replace(met, hash) == hash)
    }

    /// The place of an entry of this hash that `is_it` accepts.
    pub(crate) fn find(&mut self, hash: u64, is_it: impl Fn(&V) -> bool) -> Option<usize> {
        let first = self.first_of(hash);
        (first..first + WAYS).find(|place| {
            let slot = self.slots.get_mut(*place).and_then(Option::as_mut);
            slot.is_some_and(|slot| {
                let found = slot.hash == hash && is_it(&slot.value);
                slot.used |= found;
                found
            })
        })
    }

    /// The entry at a place that [`Memo::find`] or [`Memo::keep`] told just now.
    pub(crate) fn get(&self, place: usize) -> Option<&V> {
        self.slots.get(place)?.as_ref().map(|slot| &slot.value)
    }

    /// Remembers an entry of `weight` bytes; its place, or the entry back if it is too large.
    pub(crate) fn keep(&mut self, hash: u64, weight: usize, value: V) -> Result<usize, V> {
        // One large entry must not push out all others.
        if weight > self.max_weight / 16 {
            return Err(value);
        }
        if self.slots.is_empty() {
            self.slots.resize_with(self.sets * WAYS, || None);
        }
        let place = self.make_room_in(self.first_of(hash));
        while self.weight + weight > self.max_weight {
            self.forget(self.hand);
            self.hand = (self.hand + 1) % self.slots.len();
        }
        let Some(slot) = self.slots.get_mut(place) else { return Err(value) };
        self.weight += weight;
        *slot = Some(Slot { hash, weight, used: false, value });
        Ok(place)
    }

    fn first_of(&self, hash: u64) -> usize {
        // The sets are far fewer than 2^32.
        (hash as usize & (self.sets - 1)) * WAYS
    }

    /// Empties a place of a set: one that is empty, else one that nobody asked for, else the first.
    fn make_room_in(&mut self, first: usize) -> usize {
        let set = self.slots.get(first..first + WAYS).unwrap_or_default();
        let idle = |slot: &Option<Slot<V>>| slot.as_ref().is_none_or(|slot| !slot.used);
        let place = set.iter().position(Option::is_none).or_else(|| set.iter().position(idle));
        for slot in self.slots.iter_mut().skip(first).take(WAYS).flatten() {
            slot.used = false;
        }
        let place = first + place.unwrap_or_default();
        self.forget(place);
        place
    }

    fn forget(&mut self, place: usize) {
        if let Some(slot) = self.slots.get_mut(place).and_then(Option::take) {
            self.weight -= slot.weight;
        }
    }
}

/// A number for some bytes that is another for almost any other bytes: two eights of them are multiplied with each
/// other at a time. It is not for keeping apart what somebody made to look alike; [`Memo`] compares the bytes.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    // Two different numbers, so that bytes do not change places unseen.
    const ONE: u64 = 0x9E37_79B9_7F4A_7C15;
    const OTHER: u64 = 0xD1B5_4A32_D192_ED03;
    let mix = |one: u64, other: u64| {
        let wide = u128::from(one ^ ONE) * u128::from(other ^ OTHER);
        wide as u64 ^ (wide >> 64) as u64
    };
    let eight = |bytes: &[u8]| bytes.iter().rev().fold(0, |held: u64, byte| held << 8 | u64::from(*byte));
    let mut hash = (bytes.len() as u64).wrapping_mul(ONE);
    let (pairs, rest) = bytes.as_chunks::<16>();
    for pair in pairs {
        let (one, other) = pair.split_at(8);
        let read = |half: &[u8]| half.first_chunk().copied().map_or(0, u64::from_le_bytes);
        hash = mix(read(one), read(other) ^ hash);
    }
    let (one, other) = rest.split_at_checked(8).unwrap_or((rest, &[]));
    mix(eight(one), eight(other) ^ hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of(memo: &mut Memo<&'static str>, hash: u64, text: &str) -> Option<usize> {
        memo.find(hash, |known| *known == text)
    }

    #[test]
    fn equal_hashes_do_not_make_equal_entries() {
        let mut memo = Memo::new(4, 1 << 10);
        let place = memo.keep(7, 10, "one").unwrap();
        assert_eq!(memo.get(place), Some(&"one"));
        assert_eq!(place_of(&mut memo, 7, "one"), Some(place));
        assert_eq!(place_of(&mut memo, 7, "two"), None);
        assert_eq!(place_of(&mut memo, 8, "one"), None);
    }

    #[test]
    fn what_was_asked_for_outlives_what_was_not() {
        let mut memo = Memo::new(1, 1 << 10);
        memo.keep(1, 1, "asked").unwrap();
        memo.keep(2, 1, "idle").unwrap();
        assert!(place_of(&mut memo, 1, "asked").is_some());
        memo.keep(3, 1, "new").unwrap();
        assert!(place_of(&mut memo, 1, "asked").is_some());
        assert!(place_of(&mut memo, 2, "idle").is_none());
        assert!(place_of(&mut memo, 3, "new").is_some());
    }

    #[test]
    fn entries_never_weigh_more_than_allowed() {
        let mut memo = Memo::new(64, 160);
        for hash in 0..1_000 {
            let kept = memo.keep(hash, 10, "text");
            assert!(memo.weight <= 160, "{hash}");
            assert_eq!(memo.get(kept.unwrap()), Some(&"text"), "{hash}");
        }
        assert_eq!(memo.keep(1, 11, "large"), Err("large"));
        assert_eq!(Memo::new(4, 0).keep(1, 1, "none"), Err("none"));
    }

    #[test]
    fn what_comes_a_second_time_comes_again() {
        let mut memo = Memo::<()>::new(4, 1 << 10);
        assert_eq!([5, 6, 5, 5, 7].map(|hash| memo.comes_again(hash)), [false, false, true, true, false]);
        let mut none = Memo::<()>::new(4, 0);
        assert_eq!([5, 5].map(|hash| none.comes_again(hash)), [false, false]);
    }

    #[test]
    fn every_byte_and_its_place_count() {
        let mut seen = std::collections::BTreeSet::new();
        for length in 0..40 {
            assert!(seen.insert(hash(&vec![0; length])), "{length}");
            for at in 0..length {
                let mut bytes = vec![0; length];
                bytes[at] = 1;
                assert!(seen.insert(hash(&bytes)), "{at} of {length}");
            }
        }
    }
}
