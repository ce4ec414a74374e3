//! Chance that is the same for the same seed (SplitMix64, Steele, Lea and Flood 2014).

/// The generator.
pub struct Dice(u64);

impl Dice {
    /// Of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 128 bits.
    pub fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }

    /// From 0 up to, not including, `end`, which is at least 1.
    pub fn below(&mut self, end: u32) -> i64 {
        i64::try_from(self.next() % u64::from(end.max(1))).unwrap_or_default()
    }

    /// A whole number that is `expected` on average: half to one and a half of it, and what is left by chance.
    pub fn about(&mut self, expected: f64) -> u32 {
        let share = |number: u64| number as f64 / u64::MAX as f64;
        let wanted = expected * (0.5 + share(self.next()));
        let more = share(self.next()) < wanted.fract();
        // At most a few hundred: what the cast asks for.
        (wanted as u32).saturating_add(u32::from(more))
    }

    /// Letters and digits as in the names of pods.
    pub fn word(&mut self, length: usize) -> String {
        const LETTERS: [char; 16] =
            ['b', 'c', 'd', 'f', 'g', 'h', 'j', 'k', 'l', 'm', 'n', '2', '4', '6', '7', '9'];
        (0..length).map(|_| LETTERS[(self.next() % 16) as usize]).collect()
    }
}
