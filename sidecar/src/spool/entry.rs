//! What the journal says, entry by entry, and how it is written in bytes.
//!
//! Recovery and the running spool apply the same entries by the same code: what is in memory is what a restart finds.

use issue::{id::IssueId, record::Via};
use jiff::Timestamp;
use uuid::Uuid;

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

/// Appends a number: seven bits a byte, low ones first; a high bit says that more follow (LEB128).
pub fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

struct Writer<'a>(&'a mut Vec<u8>);

/// Each call appends one field and hands the writer on.
impl Writer<'_> {
    fn raw(self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn tag(self, tag: u8) -> Self {
        self.raw(&[tag])
    }

    fn u64(self, value: u64) -> Self {
        number(value, self.0);
        self
    }

    fn flag(self, value: bool) -> Self {
        self.raw(&[u8::from(value)])
    }

    fn bytes(self, bytes: &[u8]) -> Self {
        self.u64(bytes.len() as u64).raw(bytes)
    }

    fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    fn issue(self, issue: IssueId) -> Self {
        self.raw(issue.0.as_bytes())
    }

    /// Microseconds: every time that jiff knows fits.
    fn time(self, at: Timestamp) -> Self {
        self.raw(&at.as_microsecond().to_le_bytes())
    }

    fn via(self, via: Via) -> Self {
        let index = WAYS.iter().position(|&way| way == via).unwrap_or(0);
        self.raw(&[index as u8])
    }

    fn after(self, after: After) -> Self {
        self.raw(&[match after {
            After::Keep => 0,
            After::Next => 1,
            After::Forget => 2,
        }])
    }

    fn maybe(self, payload: Option<&Payload<'_>>) -> Self {
        match payload {
            Some(payload) => self.flag(true).bytes(payload.bytes),
            None => self.flag(false),
        }
    }

    fn of(self, of: Of) -> Self {
        match of {
            Of::Window(after) => self.raw(&[0]).after(after),
            Of::Single(lsn) => self.raw(&[1]).u64(lsn),
            Of::Ledger => self.raw(&[2]),
            Of::Carried => self.raw(&[3]),
        }
    }

    fn seal(self, seal: &Seal<'_>) -> Self {
        self.of(seal.of)
            .issue(seal.issue)
            .u64(seal.seq)
            .u64(u64::from(seal.partitions))
            .u64(u64::from(seal.partition.cast_unsigned()))
            .u64(seal.covers)
            .u64(seal.count)
            .u64(seal.paired)
            .time(seal.at)
            .bytes(seal.bytes.bytes)
    }

    fn live(self, live: &Carried<'_>) -> Self {
        let counters = [live.counted, live.owed, live.pending, live.repeats, live.window, live.lsn];
        let mut w = self.issue(live.issue);
        for value in live.seen.into_iter().chain(counters) {
            w = w.u64(value);
        }
        w = match live.span {
            Some((first, last)) => w.flag(true).time(first).time(last),
            None => w.flag(false),
        };
        w.flag(live.fresh).bytes(live.body.bytes)
    }

    fn key(self, key: &Key) -> Self {
        let w = self.raw(key.name.as_bytes()).raw(&key.body).issue(key.issue).flag(key.new).time(key.at);
        match &key.fingerprint {
            Some(fingerprint) => w.flag(true).text(fingerprint),
            None => w.flag(false),
        }
    }

    fn meta(self, meta: &Meta) -> Self {
        let mut w = self.raw(meta.spool.as_bytes());
        for value in [
            meta.seq,
            meta.lsn,
            u64::from(meta.partitions),
            meta.recovered,
            meta.published,
            meta.paired,
            meta.replay_horizon,
            meta.corrupt,
            meta.gap_bytes,
        ] {
            w = w.u64(value);
        }
        w
    }
}

/// Reads the entries of one payload.
#[derive(Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
    at: u64,
}

impl<'a> Entries<'a> {
    /// `at` is the offset of `bytes` in the file.
    pub fn new(bytes: &'a [u8], at: u64) -> Self {
        Self { rest: bytes, at }
    }

    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        self.at += count as u64;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn byte(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The number that stands before the entries of a frame: so many reports had been answered when it was written.
    pub fn number(&mut self) -> Option<u64> {
        self.u64()
    }

    fn u64(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn u32(&mut self) -> Option<u32> {
        u32::try_from(self.u64()?).ok()
    }

    fn flag(&mut self) -> Option<bool> {
        Some(self.byte()? != 0)
    }

    fn payload(&mut self) -> Option<Payload<'a>> {
        let count = usize::try_from(self.u64()?).ok()?;
        let at = self.at;
        Some(Payload { bytes: self.take(count)?, at })
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.payload()?.bytes.to_vec()).ok()
    }

    fn uuid(&mut self) -> Option<Uuid> {
        self.array().map(Uuid::from_bytes)
    }

    fn issue(&mut self) -> Option<IssueId> {
        self.uuid().map(IssueId)
    }

    fn time(&mut self) -> Option<Timestamp> {
        Timestamp::from_microsecond(i64::from_le_bytes(self.array()?)).ok()
    }

    fn via(&mut self) -> Option<Via> {
        WAYS.get(usize::from(self.byte()?)).copied()
    }

    fn after(&mut self) -> Option<After> {
        [After::Keep, After::Next, After::Forget].get(usize::from(self.byte()?)).copied()
    }

    fn of(&mut self) -> Option<Of> {
        match self.byte()? {
            0 => Some(Of::Window(self.after()?)),
            1 => Some(Of::Single(self.u64()?)),
            2 => Some(Of::Ledger),
            3 => Some(Of::Carried),
            _ => None,
        }
    }

    fn seal(&mut self) -> Option<Seal<'a>> {
        Some(Seal {
            of: self.of()?,
            issue: self.issue()?,
            seq: self.u64()?,
            partitions: self.u32()?,
            partition: self.u32()?.cast_signed(),
            covers: self.u64()?,
            count: self.u64()?,
            paired: self.u64()?,
            at: self.time()?,
            bytes: self.payload()?,
        })
    }

    fn live(&mut self) -> Option<Carried<'a>> {
        Some(Carried {
            issue: self.issue()?,
            seen: [self.u64()?, self.u64()?, self.u64()?, self.u64()?],
            counted: self.u64()?,
            owed: self.u64()?,
            pending: self.u64()?,
            repeats: self.u64()?,
            window: self.u64()?,
            lsn: self.u64()?,
            span: if self.flag()? { Some((self.time()?, self.time()?)) } else { None },
            fresh: self.flag()?,
            body: self.payload()?,
        })
    }

    fn key(&mut self) -> Option<Key> {
        Some(Key {
            name: self.uuid()?,
            body: self.array()?,
            issue: self.issue()?,
            new: self.flag()?,
            at: self.time()?,
            fingerprint: if self.flag()? { Some(self.text()?) } else { None },
        })
    }

    fn meta(&mut self) -> Option<Meta> {
        Some(Meta {
            spool: self.uuid()?,
            seq: self.u64()?,
            lsn: self.u64()?,
            partitions: self.u32()?,
            recovered: self.u64()?,
            published: self.u64()?,
            paired: self.u64()?,
            replay_horizon: self.u64()?,
            corrupt: self.u64()?,
            gap_bytes: self.u64()?,
        })
    }

    fn accept(&mut self) -> Option<Entry<'a>> {
        Some(Entry::Accept {
            lsn: self.u64()?,
            issue: self.issue()?,
            via: self.via()?,
            at: self.time()?,
            report: self.flag()?,
            draft: if self.flag()? { Some(self.payload()?) } else { None },
        })
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        Some(match self.byte()? {
            1 => Entry::Meta(self.meta()?),
            2 => Entry::Carried,
            3 => self.accept()?,
            4 => Entry::Seal(self.seal()?),
            5 => Entry::Close { issue: self.issue()?, paired: self.u64()?, after: self.after()? },
            6 => Entry::Lost(self.issue()?),
            7 => Entry::Done {
                seq: self.u64()?,
                fate: if self.flag()? { Fate::Acked } else { Fate::ReplayHorizon },
            },
            8 => Entry::Live(self.live()?),
            9 => Entry::Cursor(Cursor {
                container: self.text()?,
                segment: self.text()?,
                frame: self.u64()?,
                within: self.u64()?,
            }),
            10 => Entry::Key(self.key()?),
            11 => Entry::Gap(self.u64()?),
            12 => Entry::Partitions(self.u32()?),
            13 => Entry::LostSingle(self.u64()?),
            _ => return None,
        })
    }
}

/// Ends at the first bytes that are no entry: with a good checksum that is only the end.
impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.entry()
    }
}
