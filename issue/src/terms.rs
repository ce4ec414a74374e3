//! The little language in which people ask for issues: `is:open assigned:me workload:api "any words"`. The list of issues and
//! the rules of outlets are written in it.
//!
//! Only the keys of [`KEYS`] are special. Error messages are full of colons, so `KeyError: 'id'` stays two words.

use std::fmt;

/// What may stand before a colon.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// As typed.
    pub name: &'static str,
    /// The values that it takes; empty: any.
    pub values: &'static [&'static str],
    /// Whether several values are alternatives; otherwise the last one holds.
    pub many: bool,
}

/// Every key of the language.
pub static KEYS: [Key; 9] = [
    Key {
        name: "is",
        values: &["unresolved", "regressed", "open", "in-progress", "resolved", "closed"],
        many: true,
    },
    Key { name: "priority", values: &["low", "medium", "high", "critical"], many: true },
    Key { name: "type", values: &["bug", "feature", "task", "enhancement"], many: true },
    Key {
        name: "category",
        values: &[
            "resource",
            "crash",
            "security",
            "data",
            "dependency",
            "configuration",
            "code",
            "validation",
            "unknown",
        ],
        many: true,
    },
    Key { name: "assigned", values: &[], many: false },
    Key { name: "reporter", values: &[], many: false },
    Key { name: "component", values: &[], many: false },
    Key { name: "workload", values: &[], many: false },
    Key { name: "release", values: &[], many: false },
];

/// A query text beyond this many characters is cut, and beyond this many terms; nobody types so much.
pub const MAX_CHARS: usize = 1_000;
/// See [`MAX_CHARS`].
pub const MAX_TERMS: usize = 20;

/// One part of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `key:value`; the value is one that the key takes.
    Keyed(&'static Key, String),
    /// A word of free text.
    Word(String),
}

impl Term {
    /// `name:value`, if the language has it.
    pub fn new(name: &str, value: &str) -> Option<Self> {
        let key = key_of(name)?;
        key.takes(value).map(|value| Self::Keyed(key, value))
    }

    /// Whether it is `name:…`.
    pub fn has_key(&self, name: &str) -> bool {
        matches!(self, Self::Keyed(key, _) if key.name == name)
    }

    /// Whether it is free text.
    pub fn is_word(&self) -> bool {
        matches!(self, Self::Word(_))
    }

    /// What it asks for.
    pub fn value(&self) -> &str {
        match self {
            Self::Keyed(_, value) | Self::Word(value) => value,
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keyed(key, value) => write!(f, "{}:{}", key.name, Quoted(value, false)),
            Self::Word(word) => write!(f, "{}", Quoted(word, true)),
        }
    }
}

/// A value with quotes where it would not read back without. A word that looks like a key needs them too.
struct Quoted<'a>(&'a str, bool);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text, is_word) = self;
        let keyed = *is_word && text.split_once(':').is_some_and(|(name, _)| key_of(name).is_some());
        if keyed || text.is_empty() || text.contains(['"', '\\']) || text.contains(char::is_whitespace) {
            write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        } else {
            f.write_str(text)
        }
    }
}

impl Key {
    /// The value in its own spelling, if the key takes it.
    fn takes(&self, value: &str) -> Option<String> {
        if self.values.is_empty() {
            return Some(value.to_owned());
        }
        self.values.iter().find(|each| each.eq_ignore_ascii_case(value)).map(|each| (*each).to_owned())
    }
}

/// The values that a key takes; empty: any, or there is no such key.
pub fn values(name: &str) -> &'static [&'static str] {
    key_of(name).map_or(&[], |key| key.values)
}

fn key_of(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name))
}

/// Reads a query text: the terms, and a sentence for each part that could not be used.
pub fn parse_terms(text: &str) -> (Vec<Term>, Vec<String>) {
    let (mut terms, mut problems) = (Vec::new(), Vec::new());
    for piece in pieces(text).into_iter().take(MAX_TERMS) {
        match term_of(piece) {
            Ok(Some(term)) => add(&mut terms, term),
            Ok(None) => {}
            Err(problem) => problems.push(problem),
        }
    }
    (terms, problems)
}

/// A term said twice counts once; a second value of a key that takes one replaces the first.
fn add(terms: &mut Vec<Term>, term: Term) {
    if let Term::Keyed(key, value) = &term {
        let is_replaced = |each: &Term| each.has_key(key.name) && (!key.many || each.value() == value);
        terms.retain(|each| !is_replaced(each));
    }
    terms.push(term);
}

/// One part of the text between spaces.
#[derive(Default)]
struct Piece {
    /// Without its quotes.
    text: String,
    /// Where the first colon outside of quotes stands in `text`, if there is one.
    colon: Option<usize>,
    /// Whether any of it stood in quotes.
    quoted: bool,
}

/// `None`: there is nothing in it, as in `workload:` while one is still typing.
fn term_of(piece: Piece) -> Result<Option<Term>, String> {
    let split = piece.colon.and_then(|at| Some((piece.text.get(..at)?, piece.text.get(at + 1..)?)));
    let keyed = split.and_then(|(name, value)| Some((key_of(name)?, value.trim())));
    match keyed {
        None if piece.text.trim().is_empty() => Ok(None),
        None => Ok(Some(Term::Word(piece.text))),
        Some((_, "")) => Ok(None),
        Some((key, value)) => match key.takes(value) {
            Some(value) => Ok(Some(Term::Keyed(key, value))),
            None => Err(refusal(key, value)),
        },
    }
}

fn refusal(key: &Key, value: &str) -> String {
    let (last, others) = key.values.split_last().unwrap_or((&"", &[]));
    format!(
        "{name}:{value} is not understood: {name}: takes {} or {last}.",
        others.join(", "),
        name = key.name
    )
}

/// Cuts at spaces outside of double quotes. In quotes a backslash takes the next character as it is. A quote begins
/// only where a value begins, so that `can't "do"` and `a"b` read as people mean them.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = vec![Piece::default()];
    let mut chars = text.chars().take(MAX_CHARS);
    let mut in_quotes = false;
    while let Some(c) = chars.next() {
        let Some(piece) = pieces.last_mut() else { break };
        let begins = piece.text.is_empty() || piece.colon.is_some_and(|at| at + 1 == piece.text.len());
        match c {
            '\\' if in_quotes => piece.text.extend(chars.next()),
            '"' if in_quotes => in_quotes = false,
            '"' if begins && !piece.quoted => (in_quotes, piece.quoted) = (true, true),
            // Control characters are in no value that a store keeps, and a form would not carry them back.
            c if c.is_control() || c.is_whitespace() && !in_quotes => pieces.push(Piece::default()),
            ':' if !in_quotes && !piece.quoted && piece.colon.is_none() => {
                piece.colon = Some(piece.text.len());
                piece.text.push(':');
            }
            c => piece.text.push(c),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Category, Priority};

    #[test]
    fn keys_take_the_words_of_reports() {
        for word in values("priority") {
            assert!(serde_json::from_value::<Priority>((*word).into()).is_ok(), "{word}");
        }
        for word in values("category") {
            assert!(serde_json::from_value::<Category>((*word).into()).is_ok(), "{word}");
        }
        assert_eq!((values("priority").len(), values("category").len(), values("no-key").len()), (4, 9, 0));
    }

    #[test]
    fn a_text_is_cut_into_terms() {
        for (text, expect) in [
            ("a  b", vec!["a", "b"]),
            ("\"a b\" c", vec!["\"a b\"", "c"]),
            ("release:\"1 2\"", vec!["release:\"1 2\""]),
            ("can't \"do", vec!["can't", "do"]),
            ("size:\"5\"", vec!["size:5"]),
            ("\"say \\\"hi\\\"\"", vec!["\"say \\\"hi\\\"\""]),
            ("workload:", vec![]),
            ("workload:\"\"", vec![]),
            ("is:open is:OPEN", vec!["is:open"]),
            ("http://host:80/", vec!["http://host:80/"]),
        ] {
            let (terms, _) = parse_terms(text);
            assert_eq!(terms.iter().map(Term::to_string).collect::<Vec<_>>(), expect, "{text:?}");
        }
    }

    #[test]
    fn an_endless_query_is_cut() {
        assert_eq!(parse_terms(&"a ".repeat(100_000)).0.len(), MAX_TERMS);
        let one = parse_terms(&"x".repeat(100_000)).0;
        assert_eq!(one[0].value().len(), MAX_CHARS);
    }
}
