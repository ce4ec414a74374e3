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
pub(super) fn texts<'t>(texts: impl Iterator<Item = &'t String>) -> Result<(), Refused> {
    texts.map(String::as_str).try_for_each(text)
}

fn nested(value: &Value) -> Result<(), Refused> {
    match value {
        Value::String(value) => text(value),
        Value::Number(number) => {
            let digits = number.to_string();
            // Clocks count in numbers of 13 digits and more that begin with 1, as no payment card does.
            let is_card = !digits.starts_with('1') && digits.bytes().all(|b| b.is_ascii_digit());
            if is_card && has_card(&digits) { Err(Refused::Private("card")) } else { Ok(()) }
        }
        Value::Array(items) => items.iter().try_for_each(nested),
        Value::Object(members) => metadata(members),
        _ => Ok(()),
    }
}

fn is_forbidden(key: &str) -> bool {
    let bare: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
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

/// With `%40` as `@` and wide forms as plain ones; `None` where nothing is written so.
fn decoded(text: &str) -> Option<String> {
    const PERCENT: &[(&str, &str)] = &[("%40", "@"), ("%2e", "."), ("%2E", "."), ("%20", " "), ("%2d", "-")];
    if text.is_ascii() && !text.contains('%') {
        return None;
    }
    let plain: String = text.chars().map(plain).collect();
    Some(PERCENT.iter().fold(plain, |text, (from, to)| text.replace(from, to)))
}

/// Full-width characters (U+FF01 to U+FF5E) stand for those of ASCII.
fn plain(c: char) -> char {
    match u32::from(c) {
        wide @ 0xFF01..=0xFF5E => char::from_u32(wide - 0xFEE0).unwrap_or(c),
        0x00A0 | 0x2009 | 0x202F => ' ',
        0x2010..=0x2015 => '-',
        _ => c,
    }
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

/// A run of 13 to 19 digits, single spaces and hyphens between them allowed, whose check digit (ISO/IEC 7812-1) fits.
fn has_card(text: &str) -> bool {
    let mut digits: Vec<u8> = Vec::new();
    let mut joined = false;
    for c in text.chars().chain(['\n']) {
        match c {
            '0'..='9' => {
                digits.push(c as u8 - b'0');
                joined = false;
            }
            ' ' | '-' if !joined && !digits.is_empty() => joined = true,
            _ => {
                if is_card(&digits) {
                    return true;
                }
                digits.clear();
                joined = false;
            }
        }
    }
    false
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
