//! What must not be kept: an event that holds it is dropped as a whole, because whoever sent it did not know what was
//! in it. Other secrets (keys, tokens) are cut out by [`issue::redact`] instead.

use issue::redact::luhn;
use serde_json::{Map, Value};

use super::limits::Refused;

/// Keys of personal data, written without joiners: `credit_card`, `Credit-Card` and `creditCard` are one.
const KEYS: &[&str] = &[
    "email",
    "password",
    "creditcard",
    "cardnumber",
    "ssn",
    "socialsecurity",
    "phone",
    "phonenumber",
    "address",
    "zipcode",
    "postalcode",
];

/// The shortest number of a payment card.
const CARD: usize = 13;

/// Between groups of digits: `4111 - 1111`.
const JOINERS: u32 = 3;

/// Refuses metadata with a forbidden key or a forbidden text at any depth.
pub(super) fn metadata(members: &Map<String, Value>) -> Result<(), Refused> {
    members.iter().try_for_each(|(key, value)| {
        if is_forbidden(key) {
            return Err(Refused::Private("key"));
        }
        text(key)?;
        nested(value)
    })
}

/// Refuses texts with an address or a card.
pub fn texts<'t>(texts: impl Iterator<Item = &'t String>) -> Result<(), Refused> {
    texts.map(String::as_str).try_for_each(text)
}

fn nested(value: &Value) -> Result<(), Refused> {
    match value {
        Value::String(value) => {
            text(value)?;
            written(value).map_or(Ok(()), |inner| nested(&inner))
        }
        Value::Number(number) => {
            let digits = number.to_string();
            // A client may write a whole number as a decimal one.
            let digits = digits.strip_suffix(".0").unwrap_or(&digits);
            // Clocks count in numbers of 13 digits and more that begin with 1, as no payment card does.
            let is_card = !digits.starts_with('1') && digits.bytes().all(|b| b.is_ascii_digit());
            if is_card && has_card(digits) { Err(Refused::Private("card")) } else { Ok(()) }
        }
        Value::Array(items) => items.iter().try_for_each(nested),
        Value::Object(members) => metadata(members),
        _ => Ok(()),
    }
}

/// A value that was written into a text, as bodies of requests are. Each is shorter than the text around it, and an event is
/// bounded, so they do not nest far.
fn written(text: &str) -> Option<Value> {
    let text = text.trim();
    if !text.starts_with(['{', '[', '"']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn is_forbidden(key: &str) -> bool {
    let plain = decoded(key).unwrap_or_else(|| key.to_owned());
    let bare: String = plain.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    KEYS.contains(&bare.as_str())
}

fn text(text: &str) -> Result<(), Refused> {
    let decoded = decoded(text);
    let text = decoded.as_deref().unwrap_or(text);
    if has_address(text) {
        return Err(Refused::Private("email"));
    }
    if has_card(text) { Err(Refused::Private("card")) } else { Ok(()) }
}

/// As a reader sees it: percent signs decoded, twice as some clients write them; look-alikes as what they look like; what
/// cannot be seen left out. `None` where the text is so already.
fn decoded(text: &str) -> Option<String> {
    if text.is_ascii() && !text.contains('%') {
        return None;
    }
    let once = if text.contains('%') { unescaped(text) } else { text.to_owned() };
    let twice = if once.contains('%') { unescaped(&once) } else { once };
    Some(twice.chars().filter_map(plain).collect())
}

/// With `%40` as `@`. What is no escape stays.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.filter(|two| first == b'%' && two.bytes().all(|b| b.is_ascii_hexdigit()));
        let byte = escaped.and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(byte.unwrap_or(first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Zeros of digits that read as ours: Arabic, Persian, Devanagari, and the double-struck ones of mathematics.
const ZEROS: [u32; 4] = [0x0660, 0x06F0, 0x0966, 0x1D7D8];

/// Letters of other scripts that no reader tells from ours (the strongest of Unicode TS #39), and signs that are read as ours.
const ALIKE: &[(char, char)] = &[
    ('\u{0430}', 'a'),
    ('\u{0441}', 'c'),
    ('\u{0501}', 'd'),
    ('\u{0435}', 'e'),
    ('\u{0456}', 'i'),
    ('\u{03BF}', 'o'),
    ('\u{043E}', 'o'),
    ('\u{0440}', 'p'),
    ('\u{0455}', 's'),
    ('\u{0445}', 'x'),
    ('\u{FE6B}', '@'),
    ('\u{3002}', '.'),
    ('\u{00A0}', ' '),
    ('\u{2009}', ' '),
    ('\u{202F}', ' '),
    ('\u{2212}', '-'),
];

/// What a character reads as; `None` where it is not seen at all.
fn plain(c: char) -> Option<char> {
    if c.is_ascii() {
        return Some(c);
    }
    let code = u32::from(c);
    match code {
        0x00AD | 0x200B..=0x200F | 0x2060..=0x2064 | 0xFEFF => return None,
        // Full-width forms stand for those of ASCII.
        0xFF01..=0xFF5E => return char::from_u32(code - 0xFEE0),
        0x2010..=0x2015 => return Some('-'),
        _ => {}
    }
    let digit = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
    if let Some(zero) = digit {
        return char::from_digit(code - zero, 10);
    }
    Some(ALIKE.iter().find(|(other, _)| *other == c).map_or(c, |(_, ours)| *ours))
}

/// `local@domain.tld`, the shape alone.
fn has_address(text: &str) -> bool {
    let local = |c: char| c.is_alphanumeric() || "._%+-'".contains(c);
    text.match_indices('@').any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let domain: &str = text.get(at + 1..).unwrap_or_default();
        let end = domain.find(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').unwrap_or(domain.len());
        let domain = domain.get(..end).unwrap_or_default().trim_end_matches(['.', '-']);
        let tld = domain.rsplit_once('.').filter(|(name, tld)| !name.is_empty() && tld.chars().count() >= 2);
        before.ends_with(local)
            && tld.is_some_and(|(_, tld)| tld.chars().all(|c| c.is_alphabetic() || c == '-'))
    })
}

/// A run of 13 to 19 digits, up to three spaces and hyphens between two of them, whose check digit (ISO/IEC 7812-1) fits.
fn has_card(text: &str) -> bool {
    let (mut digits, mut groups): (Vec<u8>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut joined = 0;
    for c in text.chars().chain(['\n']) {
        match c {
            '0'..='9' => {
                if digits.is_empty() || joined > 0 {
                    groups.push(digits.len());
                }
                digits.push(c as u8 - b'0');
                joined = 0;
            }
            ' ' | '-' if joined < JOINERS && !digits.is_empty() => joined += 1,
            _ => {
                if is_card(&digits) || has_grouped_card(&digits, &groups) {
                    return true;
                }
                digits.clear();
                groups.clear();
                joined = 0;
            }
        }
    }
    false
}

/// A card among other numbers, as in `order 7 4111 1111 1111 1111`: groups of three digits and more, one behind the other.
fn has_grouped_card(digits: &[u8], starts: &[usize]) -> bool {
    let ends = starts.iter().skip(1).copied().chain([digits.len()]);
    let groups: Vec<(usize, usize)> = starts.iter().copied().zip(ends).collect();
    let card_from = |(at, &(from, _)): (usize, &(usize, usize))| {
        let joined = groups.iter().skip(at).take_while(|(start, end)| end - start >= 3 && end - from <= 19);
        joined.filter(|(_, end)| end - from >= CARD).any(|&(_, to)| digits.get(from..to).is_some_and(is_card))
    };
    groups.len() > 1 && groups.iter().enumerate().any(card_from)
}

/// The whole run, or where it is longer than a card any part of it.
fn is_card(digits: &[u8]) -> bool {
    // Zeros alone pass the check and are nobody's card.
    let fits = |part: &[u8]| part.iter().any(|&digit| digit != 0) && luhn(part);
    match digits.len() {
        0..CARD => false,
        CARD..=19 => fits(digits),
        _ => (CARD..=19).any(|length| digits.windows(length).any(fits)),
    }
}

/// The path of a route: scheme and host go, the query too unless it is kept. `#/path` routes stay, anchors go.
pub fn route(route: &str, keep_query: bool) -> String {
    let path = match route.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            rest.find(['/', '?', '#']).and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => route,
    };
    let (path, anchor) = path.split_once('#').unwrap_or((path, ""));
    let without = |text: &str| match keep_query {
        true => text.to_owned(),
        false => text.split('?').next().unwrap_or_default().to_owned(),
    };
    let mut out = without(path.trim());
    if anchor.starts_with('/') || anchor.starts_with("!/") {
        out.push('#');
        out.push_str(&without(anchor));
    }
    if out.is_empty() || out.starts_with('#') { format!("/{out}") } else { out }
}
