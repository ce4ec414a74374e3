//! Dates and times, in the shapes that runtimes, loggers and protocols print.

use super::bytes::{at, begins, is_word, run_at_most, starts};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const ZONES: [&str; 23] = [
    "UTC", "GMT", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "CET", "CEST", "EET", "EEST",
    "WET", "WEST", "BST", "IST", "JST", "KST", "MSK", "AEST", "AEDT",
];

/// End of the time that begins at `start` with a digit.
pub(super) fn numeric(bytes: &[u8], start: usize) -> Option<usize> {
    let digits = run_at_most(bytes, start, 9, |byte| byte.is_ascii_digit()) - start;
    match digits {
        4 => year_first(bytes, start),
        8 => compact(bytes, start),
        1 | 2 => clock_zone(bytes, start)
            .or_else(|| day_first(bytes, start))
            .or_else(|| day_of_named_month(bytes, start)),
        _ => None,
    }
}

/// End of the time that begins at `start` with a letter: a weekday, a month, or `datetime(…)`.
pub(super) fn named(bytes: &[u8], start: usize) -> Option<usize> {
    match at(bytes, start) {
        b'd' => python(bytes, start),
        b'A'..=b'Z' => {
            if let Some(after) = name_of(bytes, start, &WEEKDAYS) {
                let next = spaces(bytes, after + usize::from(at(bytes, after) == b','));
                let date = named_month(bytes, next).or_else(|| day_of_named_month(bytes, next));
                return (next > after).then_some(date)?;
            }
            named_month(bytes, start)
        }
        _ => None,
    }
}

/// `datetime.datetime(2026, 1, 2, 3, 4)` and its relatives; the closing parenthesis within 200 bytes.
fn python(bytes: &[u8], start: usize) -> Option<usize> {
    let class = if starts(bytes, start, "datetime.") { start + 9 } else { start };
    let name = run_at_most(bytes, class, 12, |byte| byte.is_ascii_lowercase());
    let known = match bytes.get(class..name)? {
        b"datetime" => true,
        b"date" | b"time" | b"timedelta" => class > start,
        _ => false,
    };
    if !known || at(bytes, name) != b'(' {
        return None;
    }
    let mut depth = 0;
    for index in name..bytes.len().min(name + 200) {
        match at(bytes, index) {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(index + 1),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// `2026-01-02`, `2026/01/02`, `2026.01.02`, `2026-Jan-02`, each with a clock after it or without.
fn year_first(bytes: &[u8], start: usize) -> Option<usize> {
    let separator = at(bytes, start + 4);
    if !matches!(separator, b'-' | b'/' | b'.') || !matches!(at(bytes, start), b'1' | b'2') {
        return None;
    }
    let month = match ranged(bytes, start + 5, 1, 12) {
        Some(end) => end,
        None => month_name(bytes, start + 5)?,
    };
    let day = (at(bytes, month) == separator).then(|| ranged(bytes, month + 1, 1, 31))??;
    if at(bytes, day) == b'T' || !is_word(at(bytes, day)) {
        return Some(with_clock(bytes, day));
    }
    None
}

/// `01/02/2026`, `02.01.2026`, `17/06/09`, `02/Jan/2026:03:04:05 +0000`.
fn day_first(bytes: &[u8], start: usize) -> Option<usize> {
    let first = ranged(bytes, start, 1, 31)?;
    let separator = at(bytes, first);
    if !matches!(separator, b'/' | b'-' | b'.') {
        return None;
    }
    let second = ranged(bytes, first + 1, 1, 31)?;
    if at(bytes, second) != separator {
        return None;
    }
    let third = run_at_most(bytes, second + 1, 5, |byte| byte.is_ascii_digit());
    let digits = third - second - 1;
    let plausible = digits == 4 || (digits == 2 && separator == b'/');
    let goes_on = at(bytes, third) == separator || is_word(at(bytes, third));
    (plausible && !goes_on).then(|| with_clock(bytes, third))
}

/// `02 Jan 2006`, `02-Jan-06`, `02/Jan/2026`, with clock and zone.
fn day_of_named_month(bytes: &[u8], start: usize) -> Option<usize> {
    let day = ranged(bytes, start, 1, 31)?;
    let separator = at(bytes, day);
    if !matches!(separator, b' ' | b'-' | b'/') {
        return None;
    }
    let month = month_name(bytes, day + 1)?;
    if at(bytes, month) != separator {
        return None;
    }
    let year = run_at_most(bytes, month + 1, 5, |byte| byte.is_ascii_digit());
    let digits = year - month - 1;
    (matches!(digits, 2 | 4) && !is_word(at(bytes, year))).then(|| with_clock(bytes, year))
}

/// `Jan  2 03:04:05`, `Jan 02 2006 15:04:05 GMT+0100 (…)`, `Jan 2, 2006`, `Jan 2 15:04:05 MST 2006`: a month and a day
/// need a clock or a year to be a time.
fn named_month(bytes: &[u8], start: usize) -> Option<usize> {
    let month = name_of(bytes, start, &MONTHS)?;
    let day_start = spaces(bytes, month);
    let day = ranged(bytes, day_start, 1, 31)?;
    if day_start == month {
        return None;
    }
    let after_comma = day + usize::from(at(bytes, day) == b',');
    if let Some(year) = year(bytes, spaces(bytes, after_comma)) {
        return Some(with_clock(bytes, year));
    }
    let clock = clock_zone(bytes, spaces(bytes, after_comma))?;
    Some(year(bytes, spaces(bytes, clock)).unwrap_or(clock))
}

/// `20260102T030405Z`, `20260102-03:04:05`, `20260102_030405`. Eight digits alone are a number.
fn compact(bytes: &[u8], start: usize) -> Option<usize> {
    let date = start + 8;
    let clock = date + 1;
    if !matches!(at(bytes, date), b'T' | b'-' | b'_' | b' ') {
        return None;
    }
    let digits = run_at_most(bytes, clock, 10, |byte| byte.is_ascii_digit());
    if digits - clock == 6 && at(bytes, date) != b' ' {
        let end = fraction(bytes, digits);
        let end = zone(bytes, end).unwrap_or(end);
        return (!is_word(at(bytes, end))).then_some(end);
    }
    clock_zone(bytes, clock)
}

/// Past a clock and a zone, if they follow a date after one of the usual separators.
fn with_clock(bytes: &[u8], date: usize) -> usize {
    let start = match at(bytes, date) {
        b'T' | b't' | b'_' | b'-' | b':' => date + 1,
        b' ' | b',' => spaces(bytes, date + usize::from(at(bytes, date) == b',')),
        _ => return date,
    };
    clock_zone(bytes, start).or_else(|| dotted_clock(bytes, start)).unwrap_or(date)
}

/// `03:04`, `03:04:05`, `3:04PM`, `03:04:05.678901+01:00`.
fn clock_zone(bytes: &[u8], start: usize) -> Option<usize> {
    if start > 0 && at(bytes, start - 1) == b':' && !begins_clock_after_colon(bytes, start) {
        return None;
    }
    let hour = ranged(bytes, start, 0, 24)?;
    let minute = sexagesimal(bytes, hour, b':')?;
    let (end, seconds) = match sexagesimal(bytes, minute, b':') {
        Some(second) => (fraction(bytes, second), true),
        None => (minute, false),
    };
    let meridian = spaces(bytes, end);
    let kitchen =
        (starts(bytes, meridian, "am") || starts(bytes, meridian, "pm")) && !is_word(at(bytes, meridian + 2));
    let end = if kitchen { meridian + 2 } else { end };
    if !kitchen && !seconds && hour - start != 2 {
        return None;
    }
    let end = zone(bytes, end).unwrap_or(end);
    let goes_on = is_word(at(bytes, end)) || (at(bytes, end) == b':' && is_word(at(bytes, end + 1)));
    (!goes_on).then_some(end)
}

/// After a colon (`file:10:30`) only a full clock with a date before it counts.
fn begins_clock_after_colon(bytes: &[u8], start: usize) -> bool {
    start > 1 && at(bytes, start - 2).is_ascii_digit()
}

/// `15.42.50.675872`, after a date.
fn dotted_clock(bytes: &[u8], start: usize) -> Option<usize> {
    let hour = ranged(bytes, start, 0, 24)?;
    let minute = sexagesimal(bytes, hour, b'.').or_else(|| sexagesimal(bytes, hour, b'-'))?;
    let second = sexagesimal(bytes, minute, at(bytes, hour))?;
    let end = fraction(bytes, second);
    (!is_word(at(bytes, end))).then_some(end)
}

/// `Z`, `+01:00`, ` +0100`, ` GMT+0100 (Central European Standard Time)`.
fn zone(bytes: &[u8], start: usize) -> Option<usize> {
    if matches!(at(bytes, start), b'Z' | b'z') {
        return Some(start + 1);
    }
    let next = spaces(bytes, start);
    let name = ZONES
        .iter()
        .find(|name| starts(bytes, next, name) && !at(bytes, next + name.len()).is_ascii_alphabetic());
    let after_name = name.map(|name| next + name.len());
    let offset = after_name.unwrap_or(next);
    let Some(after_offset) = zone_offset(bytes, offset) else { return after_name };
    let comment = spaces(bytes, after_offset);
    if after_name.is_some() && at(bytes, comment) == b'(' {
        let close = run_at_most(bytes, comment + 1, 60, |byte| byte.is_ascii_alphabetic() || byte == b' ');
        if at(bytes, close) == b')' {
            return Some(close + 1);
        }
    }
    Some(after_offset)
}

fn zone_offset(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(at(bytes, start), b'+' | b'-') {
        return None;
    }
    let hours = run_at_most(bytes, start + 1, 5, |byte| byte.is_ascii_digit());
    let end = match hours - start - 1 {
        4 => hours,
        2 if at(bytes, hours) == b':' => run_at_most(bytes, hours + 1, 2, |byte| byte.is_ascii_digit()),
        2 => hours,
        _ => return None,
    };
    (!is_word(at(bytes, end))).then_some(end)
}

/// A fraction of a second after `.`, `,` or `:`; of any length up to nine digits.
fn fraction(bytes: &[u8], start: usize) -> usize {
    let end = run_at_most(bytes, start + 1, 9, |byte| byte.is_ascii_digit());
    if matches!(at(bytes, start), b'.' | b',' | b':') && end > start + 1 { end } else { start }
}

/// A separator and two digits below 61.
fn sexagesimal(bytes: &[u8], start: usize, separator: u8) -> Option<usize> {
    if at(bytes, start) != separator {
        return None;
    }
    ranged(bytes, start + 1, 0, 60).filter(|&end| end == start + 3)
}

/// One or two digits with a value in the range, no third digit.
fn ranged(bytes: &[u8], start: usize, low: u8, high: u8) -> Option<usize> {
    let end = run_at_most(bytes, start, 3, |byte| byte.is_ascii_digit());
    let value = bytes.get(start..end)?.iter().fold(0u16, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    (matches!(end - start, 1 | 2) && (u16::from(low)..=u16::from(high)).contains(&value)).then_some(end)
}

fn year(bytes: &[u8], start: usize) -> Option<usize> {
    let end = run_at_most(bytes, start, 5, |byte| byte.is_ascii_digit());
    let plausible = end - start == 4 && matches!(at(bytes, start), b'1' | b'2');
    (plausible && !is_word(at(bytes, end)) && at(bytes, end) != b':').then_some(end)
}

fn month_name(bytes: &[u8], start: usize) -> Option<usize> {
    name_of(bytes, start, &MONTHS)
}

/// End of the full or the three-letter name at `start`.
fn name_of(bytes: &[u8], start: usize, names: &[&str]) -> Option<usize> {
    if !begins(bytes, start) {
        return None;
    }
    let end = run_at_most(bytes, start, 10, |byte| byte.is_ascii_alphabetic());
    let word = bytes.get(start..end)?;
    let known = |name: &&str| {
        word.eq_ignore_ascii_case(name.as_bytes())
            || name.get(..3).is_some_and(|short| word == short.as_bytes())
    };
    (names.iter().any(known) && !is_word(at(bytes, end))).then_some(end)
}

/// Past at most two spaces.
fn spaces(bytes: &[u8], start: usize) -> usize {
    run_at_most(bytes, start, 2, |byte| byte == b' ')
}
