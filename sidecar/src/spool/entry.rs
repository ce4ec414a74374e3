//! What the journal says, entry by entry, and how it is written in bytes.
//!
//! Recovery and the running spool apply the same entries by the same code: what is in memory is what a restart finds.

mod codec;

use issue::{id::IssueId, record::Via};
use jiff::Timestamp;
use uuid::Uuid;

use self::codec::Writer;
pub use self::codec::{Entries, number};
use crate::{
    accept::Cursor,
    dedup::{After, WAYS},
};

/// Where bytes lie in the journal file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blob {
    /// Offset in the file.
    pub at: u64,
    /// Length.
    pub len: u32,
}

/// Bytes in an entry. `at` is where they lie; a writer leaves it 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payload<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Their offset in the file.
    pub at: u64,
}

impl<'a> Payload<'a> {
    /// Bytes to be written.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Where they lie.
    pub fn blob(&self) -> Blob {
        Blob { at: self.at, len: u32::try_from(self.bytes.len()).unwrap_or(u32::MAX) }
    }
}

/// What a sealed record was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A live fingerprint's pending reports.
    Window(After),
    /// The submission with this number.
    Single(u64),
    /// The ledger.
    Ledger,
    /// Nothing any more: compaction carried it.
    Carried,
}

/// How a sealed record left the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The other side has it.
    Acked,
    /// Readers may have forgotten its source: sending it again could count it twice.
    ReplayHorizon,
}

/// A sealed record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal<'a> {
    /// What it was made of.
    pub of: Of,
    /// Its issue.
    pub issue: IssueId,
    /// Its number.
    pub seq: u64,
    /// The partition count of its source.
    pub partitions: u32,
    /// Its partition.
    pub partition: i32,
    /// It stands for reports of its issue up to this number.
    pub covers: u64,
    /// How many.
    pub count: u64,
    /// How many turned out to be the other side of a pair.
    pub paired: u64,
    /// When.
    pub at: Timestamp,
    /// The encoded record.
    pub bytes: Payload<'a>,
}

/// A live fingerprint, carried by compaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'a> {
    /// Its issue.
    pub issue: IssueId,
    /// As in [`crate::dedup::Live`].
    pub seen: [u64; WAYS.len()],
    /// As in [`crate::dedup::Live`].
    pub counted: u64,
    /// As in [`crate::dedup::Live`].
    pub owed: u64,
    /// As in [`crate::dedup::Live`].
    pub pending: u64,
    /// As in [`crate::dedup::Live`].
    pub repeats: u64,
    /// Length of the window in milliseconds.
    pub window: u64,
    /// As in [`crate::dedup::Live`].
    pub lsn: u64,
    /// As in [`crate::dedup::Live`].
    pub span: Option<(Timestamp, Timestamp)>,
    /// As in [`crate::dedup::Live`].
    pub fresh: bool,
    /// The draft of its next record.
    pub body: Payload<'a>,
}

/// A remembered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Derived from the sender's name for it.
    pub name: Uuid,
    /// SHA-256 of the body.
    pub body: [u8; 32],
    /// The answer.
    pub issue: IssueId,
    /// The answer.
    pub fingerprint: Option<String>,
    /// The answer.
    pub new: bool,
    /// When it was answered.
    pub at: Timestamp,
}

/// Totals at the beginning of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// The spool's name.
    pub spool: Uuid,
    /// The next record's number.
    pub seq: u64,
    /// Number of the last report.
    pub lsn: u64,
    /// Last known partition count; 0: none is known.
    pub partitions: u32,
    /// Of the ledger.
    pub recovered: u64,
    /// Of the ledger.
    pub published: u64,
    /// Of the ledger.
    pub paired: u64,
    /// Of the ledger.
    pub replay_horizon: u64,
    /// Of the ledger.
    pub corrupt: u64,
    /// Of the ledger.
    pub gap_bytes: u64,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// The beginning of a file.
    Meta(Meta),
    /// Everything that compaction carried stands before this.
    Carried,
    /// A submission was taken in. A report counts in its issue's window.
    Accept {
        /// Its number.
        lsn: u64,
        /// Its issue.
        issue: IssueId,
        /// The way in.
        via: Via,
        /// When it happened.
        at: Timestamp,
        /// Whether it joins a window; otherwise it is a record of its own.
        report: bool,
        /// The draft of its record, where no seal stands beside it and the text is wanted.
        draft: Option<Payload<'a>>,
    },
    /// A record was made.
    Seal(Seal<'a>),
    /// A window was decided without a record.
    Close {
        /// Whose.
        issue: IssueId,
        /// Other sides of pairs.
        paired: u64,
        /// Then.
        after: After,
    },
    /// What an issue's pending reports said cannot be read any more.
    Lost(IssueId),
    /// What a submission that joins no window said cannot be read any more.
    LostSingle(u64),
    /// A sealed record left.
    Done {
        /// Which.
        seq: u64,
        /// How.
        fate: Fate,
    },
    /// A live fingerprint.
    Live(Carried<'a>),
    /// A container's stream is covered up to here.
    Cursor(Cursor),
    /// A request was answered.
    Key(Key),
    /// Bytes of stderr that nobody could read.
    Gap(u64),
    /// The partition count in force.
    Partitions(u32),
}

impl<'a> Entry<'a> {
    /// A submission that joins no window, carried by compaction. Its draft says who sent it and when.
    pub fn single(lsn: u64, draft: &'a [u8]) -> Self {
        Self::Accept {
            lsn,
            issue: IssueId(Uuid::nil()),
            via: Via::Stderr,
            at: Timestamp::UNIX_EPOCH,
            report: false,
            draft: Some(Payload::new(draft)),
        }
    }

    /// Appends the entry.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let w = Writer(out);
        match self {
            Self::Meta(meta) => w.tag(1).meta(meta),
            Self::Carried => w.tag(2),
            Self::Accept { lsn, issue, via, at, report, draft } => {
                w.tag(3).u64(*lsn).issue(*issue).via(*via).time(*at).flag(*report).maybe(draft.as_ref())
            }
            Self::Seal(seal) => w.tag(4).seal(seal),
            Self::Close { issue, paired, after } => w.tag(5).issue(*issue).u64(*paired).after(*after),
            Self::Lost(issue) => w.tag(6).issue(*issue),
            Self::Done { seq, fate } => w.tag(7).u64(*seq).flag(*fate == Fate::Acked),
            Self::Live(live) => w.tag(8).live(live),
            Self::Cursor(cursor) => {
                w.tag(9).text(&cursor.container).text(&cursor.segment).u64(cursor.frame).u64(cursor.within)
            }
            Self::Key(key) => w.tag(10).key(key),
            Self::Gap(bytes) => w.tag(11).u64(*bytes),
            Self::Partitions(count) => w.tag(12).u64(u64::from(*count)),
            Self::LostSingle(lsn) => w.tag(13).u64(*lsn),
        };
    }
}
