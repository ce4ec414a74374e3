//! What is followed: one run of one container, whoever wrote its files.

use std::{collections::BTreeSet, fmt::Debug, io, time::Instant};

use issue::{assemble::Block, report::Level};

use crate::accept::Cursor;

/// Bytes of a record besides its text.
const RECORD: u64 = 1280;

/// What one step brought.
#[derive(Debug, Default)]
pub struct Step {
    /// Closed records.
    pub blocks: Vec<Block>,
    /// Bytes that nobody can read any more; then there are no blocks.
    pub gap: u64,
    /// Everything before it is covered by this step and earlier ones.
    pub cursor: Option<Cursor>,
    /// Whether there was anything to read.
    pub busy: bool,
}

/// A run that is being followed.
pub trait Run: Debug + Send + Sync {
    /// Reads on. `there` are the numbers of the run's files, listed before this call.
    fn step(&mut self, there: &BTreeSet<u64>, now: Instant) -> io::Result<Step>;

    /// Closes what is open: the program has ended.
    fn flush(&mut self) -> Step;

    /// A step's blocks are durable.
    fn covered(&mut self, cursor: &Cursor);

    /// Whether the run is over and all of it was read.
    fn ended(&self) -> bool;

    /// From here on, log lines below this are not reported.
    fn set_min_level(&mut self, level: Level);
}

/// About how many bytes these blocks' records take.
pub(super) fn text(blocks: &[Block]) -> u64 {
    blocks.iter().map(|block| block.end.saturating_sub(block.start) + RECORD).sum()
}
