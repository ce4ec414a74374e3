//! What dates, times and their zones look like in the front of a log line.

const CALENDAR: [&str; 32] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Mon", "Tue", "Wed",
    "Thu", "Fri", "Sat", "Sun", "AM", "PM", "UTC", "GMT", "CET", "CEST", "EST", "EDT", "PST", "PDT", "IST",
    "JST", "MSK",
];

/// A time zone or half of the day behind a time.
pub fn is_zone(token: &str) -> bool {
    token.len() <= 5 && (is_calendar(token) || token.starts_with(['+', '-']))
}

/// A month, a day of the week, half of a day or a zone.
pub fn is_calendar(token: &str) -> bool {
    (2..=4).contains(&token.len())
        && token.starts_with(|first: char| first.is_ascii_uppercase())
        && CALENDAR.contains(&token)
}

/// `12:34:56…`, `2026-01-02`, `2026/01/02`, `20260102-12:34:56`, `17/06/09`, `2005.06.03`, `02.01.2026`.
pub fn is_time(token: &str) -> bool {
    let bytes = token.as_bytes();
    let digit_at = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let at = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let clock =
        |from: usize| digit_at(from) && digit_at(from + 1) && at(from + 2) == b':' && digit_at(from + 3);
    if clock(0) || digit_at(0) && at(1) == b':' && digit_at(2) && digit_at(3) && (at(4) == b':') {
        return true;
    }
    let separators = [b'-', b'/', b'.'];
    let year_first = (0..4).all(digit_at)
        && separators.contains(&at(4))
        && digit_at(5)
        && bytes.iter().filter(|b| **b == at(4)).count() >= 2;
    let short = digit_at(0) && digit_at(1) && separators.contains(&at(2)) && digit_at(3) && digit_at(4);
    let short = short && (at(5) == at(2) && digit_at(6) || bytes.len() == 5 && at(2) == b'-');
    let compact = (0..8).all(digit_at) && matches!(at(8), b'-' | b'T' | b'_') && bytes.contains(&b':');
    year_first || short || compact
}
