//! Entries in bytes: a tag, then the fields in order, a payload last.

use issue::{id::IssueId, record::Via};
use jiff::Timestamp;
use uuid::Uuid;

use super::{Carried, Entry, Fate, Key, Meta, Of, Payload, Seal};
use crate::{
    accept::Cursor,
    dedup::{After, WAYS},
};

/// Appends a number: seven bits a byte, low ones first; a high bit says that more follow (LEB128).
pub fn number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) struct Writer<'a>(pub &'a mut Vec<u8>);

/// Each call appends one field and hands the writer on.
impl Writer<'_> {
    pub fn raw(self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn tag(self, tag: u8) -> Self {
        self.raw(&[tag])
    }

    pub fn u64(self, value: u64) -> Self {
        number(value, self.0);
        self
    }

    pub fn flag(self, value: bool) -> Self {
        self.raw(&[u8::from(value)])
    }

    pub fn bytes(self, bytes: &[u8]) -> Self {
        self.u64(bytes.len() as u64).raw(bytes)
    }

    pub fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub fn issue(self, issue: IssueId) -> Self {
        self.raw(issue.0.as_bytes())
    }

    /// Microseconds: every time that jiff knows fits.
    pub fn time(self, at: Timestamp) -> Self {
        self.raw(&at.as_microsecond().to_le_bytes())
    }

    pub fn via(self, via: Via) -> Self {
        let index = WAYS.iter().position(|&way| way == via).unwrap_or(0);
        self.raw(&[index as u8])
    }

    pub fn after(self, after: After) -> Self {
        self.raw(&[match after {
            After::Keep => 0,
            After::Next => 1,
            After::Forget => 2,
        }])
    }

    pub fn maybe(self, payload: Option<&Payload<'_>>) -> Self {
        match payload {
            Some(payload) => self.flag(true).bytes(payload.bytes),
            None => self.flag(false),
        }
    }

    pub fn of(self, of: Of) -> Self {
        match of {
            Of::Window(after) => self.raw(&[0]).after(after),
            Of::Single(lsn) => self.raw(&[1]).u64(lsn),
            Of::Ledger => self.raw(&[2]),
            Of::Carried => self.raw(&[3]),
        }
    }

    pub fn seal(self, seal: &Seal<'_>) -> Self {
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

    pub fn live(self, live: &Carried<'_>) -> Self {
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

    pub fn key(self, key: &Key) -> Self {
        let w = self.raw(key.name.as_bytes()).raw(&key.body).issue(key.issue).flag(key.new).time(key.at);
        match &key.fingerprint {
            Some(fingerprint) => w.flag(true).text(fingerprint),
            None => w.flag(false),
        }
    }

    pub fn meta(self, meta: &Meta) -> Self {
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
