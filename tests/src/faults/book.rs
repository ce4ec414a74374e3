//! What the senders know: every report that was acknowledged, by kind, and what must be stored for it.
//!
//! A kind is one error type, so one issue. Where a request has a name (an idempotency key), it is repeated until it is
//! answered, and its kind's count is known to the unit. A request without a name may lose its answer, and then nobody
//! knows whether it counts; so that the others are still known exactly, the requests of such a kind bring 1, 3, 9, …
//! reports: the digits of the stored count in base 3 tell of each request whether it counted never, once or twice.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// What must have become of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Acknowledged: it counts once.
    Counted,
    /// Refused, or never sent: it does not count.
    Refused,
    /// No answer: it counts once or not at all.
    Unknown,
}

/// What must be stored of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// So many reports.
    Exactly(u64),
    /// The requests in order; the nth brought 3ⁿ reports.
    Requests(Vec<Fate>),
}

/// How a kind's count is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// For people.
    pub what: String,
    /// Acknowledged reports that are not there.
    pub lost: u64,
    /// Reports that are there and must not be.
    pub surplus: u64,
}

impl Expected {
    /// Whether a stored count is one that may be.
    pub fn check(&self, stored: u64) -> Result<(), Wrong> {
        match self {
            Self::Exactly(count) if *count == stored => Ok(()),
            Self::Exactly(count) => Err(Wrong {
                what: format!("{stored} are stored of {count}"),
                lost: count.saturating_sub(stored),
                surplus: stored.saturating_sub(*count),
            }),
            Self::Requests(fates) => digits(fates, stored),
        }
    }

    /// Reports that were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        match self {
            Self::Exactly(count) => *count,
            Self::Requests(fates) => {
                fates.iter().zip(weights()).filter(|(fate, _)| **fate == Fate::Counted).map(|(_, w)| w).sum()
            }
        }
    }
}

/// 1, 3, 9, …
pub fn weights() -> impl Iterator<Item = u64> {
    std::iter::successors(Some(1_u64), |weight| weight.checked_mul(3))
}

fn digits(fates: &[Fate], stored: u64) -> Result<(), Wrong> {
    let mut wrong = Wrong { what: String::new(), lost: 0, surplus: 0 };
    let mut rest = stored;
    for (number, (fate, weight)) in fates.iter().zip(weights()).enumerate() {
        let digit = rest % 3;
        rest /= 3;
        let word = match (fate, digit) {
            (Fate::Counted, 1) | (Fate::Refused, 0) | (Fate::Unknown, 0 | 1) => continue,
            (Fate::Counted, 0) => {
                wrong.lost += weight;
                "was acknowledged and is not there"
            }
            (Fate::Refused, 1) => {
                wrong.surplus += weight;
                "was refused and counts all the same"
            }
            (..) => {
                wrong.surplus += weight;
                "counts twice"
            }
        };
        wrong.what += &format!("request {number} ({weight} reports) {word}; ");
    }
    if rest > 0 {
        wrong.surplus += rest;
        wrong.what += "more is there than was ever sent; ";
    }
    if wrong.what.is_empty() {
        return Ok(());
    }
    wrong.what += &format!("{stored} are stored, {fates:?}");
    Err(wrong)
}

/// The senders' book.
#[derive(Debug, Default)]
pub struct Book {
    kinds: Mutex<BTreeMap<String, Expected>>,
}

impl Book {
    /// So many more reports of a kind are acknowledged.
    pub fn count(&self, kind: &str, reports: u64) {
        let mut kinds = self.kinds.lock();
        match kinds.entry(kind.to_owned()).or_insert(Expected::Exactly(0)) {
            Expected::Exactly(count) => *count += reports,
            Expected::Requests(_) => {}
        }
    }

    /// What became of the next request of a kind.
    pub fn request(&self, kind: &str, fate: Fate) {
        let mut kinds = self.kinds.lock();
        match kinds.entry(kind.to_owned()).or_insert_with(|| Expected::Requests(Vec::new())) {
            Expected::Requests(fates) => fates.push(fate),
            Expected::Exactly(_) => {}
        }
    }

    /// All kinds.
    pub fn kinds(&self) -> BTreeMap<String, Expected> {
        self.kinds.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_tells_the_fate_of_each_request() {
        use Fate::{Counted, Refused, Unknown};
        let check = |fates: &[Fate], stored, lost, surplus| {
            let found = Expected::Requests(fates.to_vec()).check(stored);
            let found = found.err().map_or((0, 0), |wrong| (wrong.lost, wrong.surplus));
            assert_eq!(found, (lost, surplus), "{fates:?} {stored}");
        };
        check(&[Counted, Counted, Counted], 13, 0, 0);
        check(&[Counted, Unknown, Counted], 13, 0, 0);
        check(&[Counted, Unknown, Counted], 10, 0, 0);
        check(&[Counted, Counted, Counted], 10, 3, 0);
        check(&[Counted, Unknown, Counted], 12, 1, 0);
        check(&[Counted, Counted], 5, 0, 1);
        check(&[Unknown], 2, 0, 1);
        check(&[Refused, Counted], 3, 0, 0);
        check(&[Refused, Counted], 4, 0, 1);
        check(&[Counted], 4, 0, 1);
        check(&[], 0, 0, 0);
    }

    #[test]
    fn a_named_kind_is_known_to_the_unit() {
        let book = Book::default();
        book.count("A", 2);
        book.count("A", 3);
        let kinds = book.kinds();
        assert_eq!(kinds["A"].acknowledged(), 5);
        assert!(kinds["A"].check(5).is_ok());
        assert_eq!(kinds["A"].check(4).unwrap_err().lost, 1);
        assert_eq!(kinds["A"].check(6).unwrap_err().surplus, 1);
    }
}
