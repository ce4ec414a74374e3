//! One pass over a chunk that decides for almost every line that nothing starts there.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use crate::languages::GRAMMARS;
use crate::logline::{NEEDLES, WARNING_NEEDLES};
use crate::report::Level;
use crate::search::Any;

/// The search for the needles of every language and of log levels.
#[derive(Debug)]
pub struct Prefilter(Any);

impl Prefilter {
    /// The one of the whole table for log lines of at least this level, built on first use.
    pub fn shared(min_level: Level) -> &'static Self {
        static ERRORS: OnceLock<Prefilter> = OnceLock::new();
        static WARNINGS: OnceLock<Prefilter> = OnceLock::new();
        if min_level == Level::Warning {
            WARNINGS.get_or_init(|| Self::of_table(WARNING_NEEDLES))
        } else {
            ERRORS.get_or_init(|| Self::of_table(&[]))
        }
    }

    fn of_table(more: &[&str]) -> Self {
        let table = GRAMMARS.iter().flat_map(|grammar| grammar.needles);
        let all: BTreeSet<&str> = table.chain(NEEDLES).chain(more).copied().collect();
        Self(Any::new(&shortest(&all)))
    }

    /// Index of the first needle in `bytes`.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        self.0.find(bytes, 0)
    }
}

/// Needles that no other needle is part of: a longer one finds nothing that the shorter one does not.
fn shortest<'a>(all: &BTreeSet<&'a str>) -> Vec<&'a str> {
    all.iter()
        .copied()
        .filter(|needle| !all.iter().any(|other| other != needle && needle.contains(other)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectorised searcher takes 64 needles at most; without it ordinary text costs several times as much.
    #[test]
    fn the_needles_fit_the_vectorised_searcher() {
        let table = GRAMMARS.iter().flat_map(|grammar| grammar.needles);
        let all: BTreeSet<&str> = table.chain(NEEDLES).copied().collect();
        let needles = shortest(&all);
        assert!(needles.len() <= 64, "{} {needles:?}", needles.len());
        assert!(needles.iter().all(|needle| needle.len() >= 3), "{needles:?}");
        let vector = Prefilter::shared(Level::Error).0.is_vectored();
        assert!(vector || !cfg!(target_arch = "x86_64"));
    }
}
