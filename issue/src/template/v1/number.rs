//! Numbers, durations and sizes.

use super::{
    Kind,
    bytes::{at, is_letter, is_word, run, starts},
    vocabulary::{DURATION_UNITS, DURATION_WORDS, SIZE_UNITS},
};

/// A number without what follows it.
pub(super) struct Number {
    /// [`Kind::Int`] or [`Kind::Float`].
    pub(super) kind: Kind,
    /// Past its last digit.
    pub(super) end: usize,
}

/// Reads digits, thousands groups, a fraction and an exponent. `None` where the digits run on into a word that is
/// no unit, or into a second fraction (a version).
pub(super) fn number(bytes: &[u8], start: usize) -> Option<Number> {
    let mut end = run(bytes, start, |byte| byte.is_ascii_digit());
    if end == start {
        return None;
    }
    if end - start <= 3 {
        end = after_thousands(bytes, end);
    }
    let mut kind = Kind::Int;
    if at(bytes, end) == b'.' && at(bytes, end + 1).is_ascii_digit() {
        end = run(bytes, end + 1, |byte| byte.is_ascii_digit());
        kind = Kind::Float;
    }
    if let Some(exponent) = after_exponent(bytes, end) {
        end = exponent;
        kind = Kind::Float;
    }
    let second_fraction = at(bytes, end) == b'.' && at(bytes, end + 1).is_ascii_digit();
    let runs_on = is_word(at(bytes, end)) && unit_after(bytes, end).is_none();
    (!second_fraction && !runs_on).then_some(Number { kind, end })
}

/// `,` and exactly three digits, as often as they come.
fn after_thousands(bytes: &[u8], mut end: usize) -> usize {
    while at(bytes, end) == b',' && run(bytes, end + 1, |byte| byte.is_ascii_digit()) == end + 4 {
        end += 4;
    }
    end
}

fn after_exponent(bytes: &[u8], end: usize) -> Option<usize> {
    let sign = usize::from(matches!(at(bytes, end + 1), b'+' | b'-'));
    let digits = end + 1 + sign;
    let after = run(bytes, digits, |byte| byte.is_ascii_digit());
    let marked = matches!(at(bytes, end), b'e' | b'E');
    (marked && after > digits && !is_word(at(bytes, after))).then_some(after)
}

/// Any unit that is written right after its number.
fn unit_after(bytes: &[u8], end: usize) -> Option<usize> {
    unit(bytes, end, DURATION_UNITS)
        .or_else(|| unit(bytes, end, SIZE_UNITS))
        .or_else(|| next_component(bytes, end))
}

/// The unit at `start`, if a word ends after it.
fn unit(bytes: &[u8], start: usize, units: &[&str]) -> Option<usize> {
    let end = units_end(bytes, start)?;
    let word = bytes.get(start..end)?;
    // `length=5 bytes=…`: the name of the next pair.
    (at(bytes, end) != b'=' && units.iter().any(|unit| unit.as_bytes() == word)).then_some(end)
}

/// End of a unit-like word at `start`: at most ten letters.
fn units_end(bytes: &[u8], start: usize) -> Option<usize> {
    let end = super::bytes::run_at_most(bytes, start, 11, is_letter);
    (end > start && end - start <= 10 && !is_word(at(bytes, end))).then_some(end)
}

/// In `1h2m3s` a unit is followed by the next number. Returns where that one begins.
fn next_component(bytes: &[u8], start: usize) -> Option<usize> {
    let end = super::bytes::run_at_most(bytes, start, 4, is_letter);
    let word = bytes.get(start..end)?;
    let known = DURATION_UNITS.iter().any(|unit| unit.as_bytes() == word);
    (known && at(bytes, end).is_ascii_digit() && duration_chain(bytes, end).is_some()).then_some(end)
}

/// End of `2m3.5s`, each number with its unit, the last ending a word. At most eight components.
fn duration_chain(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at_number = start;
    for _ in 0..8 {
        let mut digits = super::bytes::run_at_most(bytes, at_number, 20, |byte| byte.is_ascii_digit());
        if at(bytes, digits) == b'.' {
            digits = super::bytes::run_at_most(bytes, digits + 1, 20, |byte| byte.is_ascii_digit());
        }
        if digits == at_number {
            return None;
        }
        if let Some(end) = unit(bytes, digits, DURATION_UNITS) {
            return Some(end);
        }
        let end = super::bytes::run_at_most(bytes, digits, 4, is_letter);
        let word = bytes.get(digits..end)?;
        if !DURATION_UNITS.iter().any(|unit| unit.as_bytes() == word) {
            return None;
        }
        at_number = end;
    }
    None
}

/// End of the duration that the number belongs to: `5ms`, `1h2m3s`, `5 seconds`.
pub(super) fn duration_after(bytes: &[u8], number: &Number) -> Option<usize> {
    if let Some(end) = unit(bytes, number.end, DURATION_UNITS) {
        return Some(end);
    }
    if let Some(next) = next_component(bytes, number.end) {
        return duration_chain(bytes, next);
    }
    if at(bytes, number.end) != b' ' {
        return None;
    }
    let start = number.end + 1;
    let end = units_end(bytes, start)?;
    let known = DURATION_WORDS.iter().any(|word| word.len() == end - start && starts(bytes, start, word));
    let letter =
        end == start + 1 && matches!(at(bytes, start), b's' | b'm' | b'h' | b'd') && closes(bytes, end);
    (known || letter).then_some(end)
}

/// Whether a part of the sentence ends here.
fn closes(bytes: &[u8], end: usize) -> bool {
    matches!(at(bytes, end), 0 | b',' | b';' | b')' | b']' | b'.')
}

/// End of a unit of size after a number that ends at `end`, written with or without a space.
pub(super) fn size_unit(bytes: &[u8], end: usize) -> Option<usize> {
    let start = end + usize::from(at(bytes, end) == b' ');
    let unit_end = unit(bytes, start, SIZE_UNITS)?;
    // `5 K reads` is as likely a name as a unit.
    (start == end || unit_end - start > 1 || at(bytes, start) == b'B' || closes(bytes, unit_end))
        .then_some(unit_end)
}
