//! The sums: every report that was taken in is published, paired, given up for a stated reason, or still in the spool.

use issue::{outcome::DropReason, record::LedgerBody};

/// Cumulative totals of one spool, exact over restarts because the journal carries them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Reports taken in, those found at a start included.
    pub taken: u64,
    /// Of those, found at a start, and nobody knows whether their sender was told.
    pub recovered: u64,
    /// Acknowledged by the other side.
    pub published: u64,
    /// Other sides of pairs.
    pub paired: u64,
    /// Given up: too old to be sent again.
    pub replay_horizon: u64,
    /// Given up: the disk changed them.
    pub corrupt: u64,
    /// Bytes of stderr that nobody could read.
    pub gap_bytes: u64,
}

impl Totals {
    /// Reports that have left the spool.
    pub fn left(&self) -> u64 {
        self.published + self.paired + self.replay_horizon + self.corrupt
    }

    /// What the ledger record says.
    pub fn body(&self, spooled: u64) -> LedgerBody {
        let dropped = [(DropReason::ReplayHorizon, self.replay_horizon), (DropReason::Corrupt, self.corrupt)];
        LedgerBody {
            accepted: self.taken.saturating_sub(self.recovered),
            recovered: self.recovered,
            published: self.published,
            paired: self.paired,
            dropped: dropped
                .into_iter()
                .filter(|&(_, count)| count > 0)
                .map(|(reason, count)| (reason.as_str().to_owned(), count))
                .collect(),
            spooled,
            gap_bytes: self.gap_bytes,
        }
    }
}

/// Whether both sides of `accepted + recovered = published + paired + sum(dropped) + spooled` are equal.
pub fn balanced(ledger: &LedgerBody) -> bool {
    let out = ledger.published + ledger.paired + ledger.dropped.values().sum::<u64>() + ledger.spooled;
    ledger.accepted + ledger.recovered == out
}
