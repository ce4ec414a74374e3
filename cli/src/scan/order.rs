//! Printed records in the order of their first lines, where two streams of one input end theirs in another.

use std::collections::BTreeMap;

/// Bytes held back; beyond it the earliest go out, whatever may still come before them.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Records whose turn has not come.
#[derive(Default)]
pub struct Held {
    /// By first line, then by arrival.
    records: BTreeMap<(u64, u64), Vec<u8>>,
    arrived: u64,
    bytes: usize,
}

impl Held {
    /// Takes a record that begins at `first_line`.
    pub fn push(&mut self, first_line: u64, text: Vec<u8>) {
        self.bytes += text.len();
        self.arrived += 1;
        self.records.insert((first_line, self.arrived), text);
    }

    /// Appends to `out` every record that begins before `settled`, and the earliest where too much is held.
    pub fn release(&mut self, settled: u64, out: &mut Vec<u8>) {
        while let Some(first) = self.records.first_entry()
            && (first.key().0 < settled || self.bytes > MAX_BYTES)
        {
            let text = first.remove();
            self.bytes -= text.len();
            out.extend_from_slice(&text);
        }
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_go_out_by_their_first_lines() {
        let mut held = Held::default();
        let mut out = Vec::new();
        held.push(7, b"c".to_vec());
        held.push(2, b"a".to_vec());
        held.push(5, b"b".to_vec());
        held.release(6, &mut out);
        assert_eq!(out, b"ab");
        assert!(!held.is_empty());
        held.release(u64::MAX, &mut out);
        assert_eq!(out, b"abc");
        assert!(held.is_empty());
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut held = Held::default();
        let mut out = Vec::new();
        for line in 1..=100 {
            held.push(line, vec![b'x'; MAX_BYTES / 10]);
            held.release(0, &mut out);
            assert!(held.bytes <= MAX_BYTES);
        }
        assert_eq!(held.records.len(), 10);
        assert_eq!(out.len(), 90 * (MAX_BYTES / 10));
    }
}
