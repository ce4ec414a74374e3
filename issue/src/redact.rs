//! Cuts secrets out of text and JSON, before anything leaves the process or enters a hash.
//!
//! One table over everything that a secret can announce itself with decides, in one pass, that most text holds
//! none. Only where it strikes does a recogniser look closer: [`pairs`] at the value behind a telling name, [`shapes`]
//! at what gives itself away by its form. Card numbers announce themselves with nothing and have a scan of their own
//! ([`card`]). What is cut becomes `[redacted:<kind>]`; doing it twice changes nothing.
//!
//! Hashes, UUIDs, ordinary numbers and the words `token` or `secret` in prose are no secrets; see
//! `testdata/redact/` for both sides.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Regex, RegexBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::{
    report::Redacted,
    search::{Fronts, Rare, Words},
};

mod card;
mod name;
mod pairs;
mod shapes;

pub use card::luhn;

/// What stands in place of a secret, before its kind.
const MARK: &str = "[redacted:";

/// A compiled user pattern may take this much memory, its lazy automaton as much again.
const PATTERN_BYTES: usize = 1 << 20;

/// Text is looked over at most so many times.
const MAX_PASSES: usize = 4;

/// JSON nested deeper than this is cut as a whole.
const MAX_DEPTH: usize = 64;

/// A stretch of text to cut.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Cut<'a> {
    start: usize,
    end: usize,
    kind: Cow<'a, str>,
}

impl Cut<'_> {
    fn new(start: usize, end: usize, kind: &'static str) -> Self {
        Self { start, end, kind: Cow::Borrowed(kind) }
    }
}

/// Where something was cut, for `--explain`. It does not hold what was cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Which text of the report.
    pub field: String,
    /// 1-based line within that text.
    pub line: usize,
    /// Kind of secret.
    pub kind: String,
}

/// A user pattern that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("pattern {name:?} cannot be used: {reason}")]
pub struct PatternError {
    /// The name that its owner gave it.
    pub name: String,
    /// What is wrong with it, in one line.
    pub reason: String,
}

/// Everything that is cut: the built-in recognisers and the user's patterns.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    patterns: Vec<(String, Regex)>,
}

impl Redactor {
    /// Compiles the user's patterns; the size of each is limited.
    pub(crate) fn new(patterns: &[(String, String)]) -> Result<Self, PatternError> {
        let compiled = patterns.iter().map(|(name, pattern)| Ok((name.clone(), compile(name, pattern)?)));
        Ok(Self { patterns: compiled.collect::<Result<_, _>>()? })
    }

    /// Cuts all secrets out of `text` and counts them by kind. Borrows where there is none.
    pub(crate) fn text<'t>(&self, text: &'t str, counts: &mut Redacted) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        // A cut can lay bare what stood against it; almost always the second look finds nothing.
        for _ in 0..MAX_PASSES {
            let cuts = self.cuts(&text);
            if cuts.is_empty() {
                break;
            }
            for cut in &cuts {
                *counts.entry(cut.kind.to_string()).or_default() += 1;
            }
            text = Cow::Owned(without(&text, &cuts));
        }
        text
    }

    /// Whether `texts` surely hold no secret, nor does any part of one: nothing announces one, nor stands there a
    /// card's number. Cheaper than [`Redactor::text`] of each. A user's pattern may be tied to a text's ends, so that
    /// nothing is sure where there is one.
    pub(crate) fn are_clean<'t>(&self, mut texts: impl Iterator<Item = &'t str>) -> bool {
        let mut cards = Vec::new();
        self.patterns.is_empty()
            && texts.all(|text| {
                card::find(text.as_bytes(), &mut cards);
                cards.is_empty() && !NEEDLES.any(text.as_bytes())
            })
    }

    /// As [`Redactor::text`], telling the places too.
    pub(crate) fn places(&self, field: &str, text: &str) -> Vec<Place> {
        let line =
            |at: usize| 1 + memchr::memchr_iter(b'\n', text.as_bytes().get(..at).unwrap_or_default()).count();
        let place =
            |cut: Cut| Place { field: field.to_owned(), line: line(cut.start), kind: cut.kind.to_string() };
        self.cuts(text).into_iter().take(100).map(place).collect()
    }

    /// Cuts all secrets out of a JSON value; keys stay, the values of telling keys go as a whole.
    pub(crate) fn value(&self, value: &mut Value, counts: &mut Redacted) {
        self.value_at(value, counts, 0);
    }

    fn value_at(&self, value: &mut Value, counts: &mut Redacted, depth: usize) {
        match value {
            Value::String(text) => {
                if let Cow::Owned(redacted) = self.text(text, counts) {
                    *text = redacted;
                }
            }
            Value::Array(_) | Value::Object(_) if depth >= MAX_DEPTH => cut_value(value, "deep", counts),
            Value::Array(items) => self.items(items, counts, depth),
            Value::Object(members) => {
                let named = named_member(members);
                for (key, member) in members.iter_mut() {
                    match name::kind_of(key).or(named.filter(|_| key.eq_ignore_ascii_case("value"))) {
                        Some(kind) if pairs::is_secret_value(member) => cut_value(member, kind, counts),
                        _ => self.value_at(member, counts, depth + 1),
                    }
                }
            }
            _ => {}
        }
    }

    /// A list; headers often are one of `["Authorization", "Bearer …"]`.
    fn items(&self, items: &mut [Value], counts: &mut Redacted, depth: usize) {
        if let [Value::String(name), value @ Value::String(_)] = items
            && let Some(kind) = name::kind_of(name)
        {
            return cut_value(value, kind, counts);
        }
        for item in items {
            self.value_at(item, counts, depth + 1);
        }
    }

    /// What to cut, in order, not overlapping.
    fn cuts(&self, text: &str) -> Vec<Cut<'_>> {
        let mut cuts = Vec::new();
        announced(text, &mut cuts);
        card::find(text.as_bytes(), &mut cuts);
        for (name, pattern) in &self.patterns {
            let found = pattern.find_iter(text).filter(|found| !found.is_empty());
            cuts.extend(found.map(|found| Cut { start: found.start(), end: found.end(), kind: name.into() }));
        }
        if cuts.len() > 1 {
            cuts = apart(cuts);
        }
        cuts.retain(|cut| is_cut_whole(text, cut));
        cuts
    }
}

/// `{"name": "Authorization", "value": "…"}`: the kind that the name tells.
fn named_member(members: &serde_json::Map<String, Value>) -> Option<&'static str> {
    let name = ["name", "key", "Name", "Key"].iter().find_map(|key| members.get(*key))?;
    name.as_str().and_then(name::kind_of)
}

fn cut_value(value: &mut Value, kind: &str, counts: &mut Redacted) {
    if value.as_str().is_some_and(|text| text.starts_with(MARK)) {
        return;
    }
    *value = Value::String(format!("{MARK}{kind}]"));
    *counts.entry(kind.to_owned()).or_default() += 1;
}

fn compile(name: &str, pattern: &str) -> Result<Regex, PatternError> {
    let built = RegexBuilder::new(pattern).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
    built.map_err(|error| {
        let reason = match error {
            regex::Error::CompiledTooBig(_) => format!("it compiles to more than {PATTERN_BYTES} bytes"),
            error => error.to_string().lines().last().unwrap_or_default().trim().to_owned(),
        };
        PatternError { name: name.to_owned(), reason }
    })
}

/// What a needle announces.
#[derive(Clone, Copy)]
enum Announced {
    /// The name of a pair.
    Name,
    /// A form of its own.
    Shape(shapes::Recogniser),
}

/// Everything that announces a secret. A small table over the first three bytes says where a needle may begin; only there
/// the needles are compared.
struct Needles {
    /// Whether there is any.
    rare: Rare,
    /// Where one may begin.
    fronts: Fronts,
    words: Words,
    announced: Vec<Announced>,
}

/// The one needle of two bytes: it announces nothing unless it goes on as its secret does.
const SHORT: &str = "Q~";

static NEEDLES: LazyLock<Needles> = LazyLock::new(|| {
    let names = name::NEEDLES.iter().map(|needle| (*needle, Announced::Name));
    let shapes = shapes::TABLE.iter().map(|(needle, recogniser)| (*needle, Announced::Shape(*recogniser)));
    let (words, announced): (Vec<&str>, Vec<_>) = names.chain(shapes).unzip();
    let mut fronts = Fronts::new(words.iter().copied());
    LONGER.iter().for_each(|longer| fronts.add(longer.as_bytes()));
    let rare = Rare::new(words.iter().copied().chain(LONGER.iter().map(String::as_str)));
    Needles { rare, fronts, words: Words::of_any_case(words), announced }
});

/// [`SHORT`] with each byte with which its secret may go on: words as long as a search for many needs them.
static LONGER: LazyLock<Vec<String>> = LazyLock::new(|| {
    let thirds = (0..0x80).map(char::from).filter(|third| shapes::goes_on_in_azure_secret(*third as u8));
    thirds.map(|third| format!("{SHORT}{third}")).collect()
});

/// A needle in a text.
struct Found {
    start: usize,
    end: usize,
    announced: Announced,
}

impl Needles {
    /// Whether there is any. Looking for what is rare of each is faster than looking for where they begin.
    fn any(&self, text: &[u8]) -> bool {
        self.rare.any_in(text)
    }

    /// The first needle at or after `from`, of those that begin there the longest.
    fn next(&self, text: &[u8], mut from: usize) -> Option<Found> {
        loop {
            let start = self.fronts.next(text, from)?;
            if let Some((length, announced)) = self.at(text, start) {
                return Some(Found { start, end: start + length, announced });
            }
            from = start + 1;
        }
    }

    fn at(&self, text: &[u8], start: usize) -> Option<(usize, Announced)> {
        if let Some(index) = self.words.longest(text, start) {
            return Some((self.words.get(index).len(), *self.announced.get(index)?));
        }
        let short = text.get(start..start + SHORT.len())?.eq_ignore_ascii_case(SHORT.as_bytes());
        short.then_some((SHORT.len(), Announced::Shape(shapes::azure_secret)))
    }
}

/// Finds what announces itself. The search goes on after what was cut, or after the needle where nothing was.
fn announced<'a>(text: &str, cuts: &mut Vec<Cut<'a>>) {
    let (mut from, mut done) = (0, 0);
    while let Some(Found { start, end, announced }) = NEEDLES.next(text.as_bytes(), from) {
        from = end;
        if start < done {
            continue;
        }
        let cut = match announced {
            Announced::Name => pairs::at(text, start, end),
            Announced::Shape(recogniser) => recogniser(text, start, end),
        };
        if let Some(cut) = cut {
            done = cut.end;
            cuts.push(cut);
        }
    }
}

/// Sorted, and what overlaps joined under the kind of the first.
fn apart(mut cuts: Vec<Cut<'_>>) -> Vec<Cut<'_>> {
    cuts.sort_by_key(|cut| (cut.start, std::cmp::Reverse(cut.end)));
    let mut out: Vec<Cut> = Vec::with_capacity(cuts.len());
    for cut in cuts {
        match out.last_mut() {
            Some(last) if cut.start < last.end => last.end = last.end.max(cut.end),
            _ => out.push(cut),
        }
    }
    out
}

/// Not yet redacted, and on character boundaries.
fn is_cut_whole(text: &str, cut: &Cut) -> bool {
    text.get(cut.start..cut.end).is_some_and(|part| !part.is_empty() && !part.starts_with(MARK))
}

fn without(text: &str, cuts: &[Cut]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for cut in cuts {
        out.push_str(text.get(from..cut.start).unwrap_or_default());
        out.push_str(MARK);
        out.push_str(&cut.kind);
        out.push(']');
        from = cut.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests;
