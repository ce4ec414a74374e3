//! Payment card numbers: an issuer's prefix, the length it uses, the grouping it prints, and the Luhn check digit.

use super::Cut;

/// Prefix range (first and last, of equal length), and the lengths of numbers that begin so.
const ISSUERS: &[(u32, u32, &[usize])] = &[
    (4, 4, &[16]),
    (51, 55, &[16]),
    (2221, 2720, &[16]),
    (34, 34, &[15]),
    (37, 37, &[15]),
    (6011, 6011, &[16]),
    (644, 649, &[16]),
    (65, 65, &[16]),
    (3528, 3589, &[16]),
    (300, 305, &[14]),
    (36, 36, &[14]),
    (38, 39, &[14]),
    (62, 62, &[16, 17, 18, 19]),
];

/// How digits are grouped where they are grouped.
const GROUPINGS: &[&[usize]] =
    &[&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 4, 1], &[6, 13]];

/// The shortest number; every window of so many bytes that holds a card's digits has only digits and joiners.
const SHORTEST: usize = 14;

/// Finds card numbers. Most bytes are never read: where the last byte of a window cannot belong to a number, the
/// whole window cannot.
pub(super) fn find(bytes: &[u8], cuts: &mut Vec<Cut<'_>>) {
    let mut start = 0;
    while let Some(&last) = bytes.get(start + SHORTEST - 1) {
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let at = start + SHORTEST - 1;
        // A joiner is a number's only between two of its digits, which tells most blanks apart.
        if !is_part(last) || !(last.is_ascii_digit() || digit(at - 1) && digit(at + 1)) {
            start += SHORTEST;
            continue;
        }
        let window = bytes.get(start..start + SHORTEST).unwrap_or_default();
        if let Some(wrong) = window.iter().rposition(|&byte| !is_part(byte)) {
            start += wrong + 1;
            continue;
        }
        let rest = bytes.get(start..).unwrap_or_default();
        let end = start + rest.iter().position(|&byte| !is_part(byte)).unwrap_or(rest.len());
        in_run(bytes, start, end, cuts);
        start = end;
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_digit() || byte == b' ' || byte == b'-'
}

/// Tries each group of digits in `start..end` as a beginning.
fn in_run(bytes: &[u8], start: usize, end: usize, cuts: &mut Vec<Cut<'_>>) {
    let mut at = start;
    while at < end {
        let begins = bytes.get(at).is_some_and(u8::is_ascii_digit)
            && (at == start || !bytes.get(at - 1).is_some_and(u8::is_ascii_digit))
            && (at == 0 || bytes.get(at - 1).is_some_and(|&byte| may_stand_before(byte)));
        match begins.then(|| number_at(bytes, at, end)).flatten() {
            Some(number_end) => {
                cuts.push(Cut::new(at, number_end, "card"));
                at = number_end;
            }
            None => at += 1,
        }
    }
}

/// A digit after these goes on with a longer name, a fraction or a negative number.
fn may_stand_before(byte: u8) -> bool {
    !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b'.' | b'#' | b'$' | b'/' | b'+')
}

/// End of the card number at `start`: its groups joined by one kind of joiner, each a single one.
fn number_at(bytes: &[u8], start: usize, run_end: usize) -> Option<usize> {
    let mut digits = [0u8; 19];
    let mut groups = [0usize; 5];
    let (mut count, mut group, mut joiner) = (0, 0, None);
    let mut at = start;
    while at < run_end {
        let byte = *bytes.get(at)?;
        if byte.is_ascii_digit() {
            *digits.get_mut(count)? = byte - b'0';
            *groups.get_mut(group)? += 1;
            count += 1;
        } else {
            let next_is_digit = at + 1 < run_end && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
            if !next_is_digit || *joiner.get_or_insert(byte) != byte {
                break;
            }
            // A number that is complete ends here, whatever digits follow after a space.
            if byte == b' ' && is_card(digits.get(..count)?, groups.get(..=group)?) {
                break;
            }
            group += 1;
        }
        at += 1;
    }
    let goes_on = bytes.get(at).is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fraction = bytes.get(at) == Some(&b'.') && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    let fits = !goes_on && !fraction && is_card(digits.get(..count)?, groups.get(..=group)?);
    fits.then_some(at)
}

fn is_card(digits: &[u8], groups: &[usize]) -> bool {
    let grouped = groups.len() == 1 || GROUPINGS.contains(&groups);
    grouped && has_issuer(digits) && luhn(digits) && digits.iter().any(|digit| Some(digit) != digits.first())
}

fn has_issuer(digits: &[u8]) -> bool {
    ISSUERS.iter().any(|(first, last, lengths)| {
        let width = first.checked_ilog10().unwrap_or_default() as usize + 1;
        let prefix = digits.iter().take(width).fold(0u32, |sum, &digit| sum * 10 + u32::from(digit));
        lengths.contains(&digits.len()) && (*first..=*last).contains(&prefix)
    })
}

/// Whether the check digit of a number fits (ISO/IEC 7812-1, annex B). `digits` are values from 0 to 9.
pub fn luhn(digits: &[u8]) -> bool {
    let weigh = |(index, &digit): (usize, &u8)| match (index % 2 == 1, digit * 2) {
        (false, _) => u32::from(digit),
        (true, double) if double > 9 => u32::from(double - 9),
        (true, double) => u32::from(double),
    };
    digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 == 0
}
