//! Levels within brackets.

use super::Rank;
use super::tokens::{Token, classify};

/// A bracket that holds a level, alone or among time and target: `[error]`, `[2026-…Z ERROR app]`, `[10:00:00 ERR]`.
pub fn level_inside(inner: &str) -> Option<Rank> {
    let inner = inner.trim();
    if let Some(rank) = Rank::of_word(inner) {
        return Some(rank);
    }
    if matches!(inner, "E" | "F") {
        return Rank::of_letter(inner.as_bytes().first().copied()?);
    }
    if let Some((facility, word)) = inner.rsplit_once([':', '.'])
        && !facility.contains(' ')
        && facility.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !facility.starts_with(|first: char| first.is_ascii_digit())
        && word.bytes().all(|byte| byte.is_ascii_lowercase())
    {
        return Rank::of_word(word);
    }
    let first = inner.split_whitespace().next()?;
    // Tornado and Jupyter write `E 261121 10:45:31 web:2108`.
    let dated = inner.as_bytes().get(1) == Some(&b' ') && inner.get(2..8).is_some_and(is_digits);
    if dated && inner.as_bytes().get(8) == Some(&b' ') {
        return Rank::of_letter(inner.as_bytes().first().copied()?);
    }
    if let Some(rank) = level_between_colons(inner) {
        return Some(rank);
    }
    let timed = classify(first) == Token::Time;
    inner.split_whitespace().take(5).find_map(|word| {
        // Celery writes `LEVEL/process`.
        let word = word.split('/').next().unwrap_or(word);
        let upper = word.bytes().all(|byte| byte.is_ascii_uppercase());
        Rank::of_word(word).filter(|_| upper && (timed || word == first))
    })
}

/// `2100:2101:1121/104531.781234:FATAL:cart.cc(14)` of Chromium and what is built on it.
fn level_between_colons(inner: &str) -> Option<Rank> {
    let place =
        inner.strip_suffix(')').filter(|_| inner.starts_with(|first: char| first.is_ascii_digit()))?;
    let (before, _) = place.rsplit_once(':')?;
    let (time, word) = before.rsplit_once(':')?;
    let dated = time.contains('/') && word.bytes().all(|byte| byte.is_ascii_uppercase());
    dated.then(|| Rank::of_word(word)).flatten()
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}
