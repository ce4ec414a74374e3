//! How a report ended. Every report ends in exactly one of these, and each is counted: the ledger must add up.

/// What a sidecar does with a report that it took in.
/// `accepted + recovered = published + paired + sum(dropped) + spooled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SidecarOutcome {
    /// The broker has acknowledged the record that counts it.
    Published,
    /// The same crash told by two ways in, counted once.
    Paired,
    /// Given up.
    Dropped(DropReason),
}

/// Why a sidecar gave a report up. Closed: a metric label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The record was sent but not acknowledged for longer than readers remember its source.
    ReplayHorizon,
    /// A spool entry whose checksum did not hold.
    Corrupt,
}

impl DropReason {
    /// Every reason, for metrics that start at zero.
    pub const ALL: [Self; 2] = [Self::ReplayHorizon, Self::Corrupt];

    /// The metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReplayHorizon => "replay_horizon",
            Self::Corrupt => "corrupt",
        }
    }
}

/// What the tracker service does with the reports of a record.
/// `consumed = stored + repeat + duplicate + sum(dead_lettered) + handed_back + in_flight`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ConsumerOutcome {
    /// First of its issue.
    Stored,
    /// Counted on a known issue.
    Repeat,
    /// Seen before: a redelivery, nothing changed.
    Duplicate,
    /// Can never be processed.
    DeadLettered,
    /// Its partition was taken away before it was stored; the next owner gets it again.
    HandedBack,
}

impl ConsumerOutcome {
    /// Every outcome, for metrics that start at zero.
    pub const ALL: [Self; 5] =
        [Self::Stored, Self::Repeat, Self::Duplicate, Self::DeadLettered, Self::HandedBack];

    /// The metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Repeat => "repeat",
            Self::Duplicate => "duplicate",
            Self::DeadLettered => "dead_lettered",
            Self::HandedBack => "handed_back",
        }
    }
}
