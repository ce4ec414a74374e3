//! From accepted reports to sealed records: when, with which number, for which partition.

use std::time::Duration;

use issue::{
    id::{IssueId, SourceId},
    record::{LedgerBody, Place, Record, RecordKind, Source, VERSION, Via},
};
use jiff::Timestamp;
use kafka::publish::partition_of;
use serde_json::Map;
use uuid::Uuid;

use super::{
    Health, Spool,
    entry::{Blob, Entry, Fate, Of, Payload, Seal},
    state::{Moment, Sealed},
};
use crate::{
    dedup::{After, Due},
    seal::{self, Stamp},
};

/// Readers remember a source for 8 days after its last record. A record that may have been sent is not sent again
/// when it is older than this.
pub const REPLAY_HORIZON: Duration = Duration::from_secs(7 * 24 * 3600);

/// So many bytes of seals are made in one go; the rest waits for the next.
const BATCH: usize = 512 * 1024;

/// So many windows are decided in one go.
const WINDOWS: usize = 1000;

impl Spool {
    /// Whether something that is owed can be sealed now.
    pub fn payable(&self, behind: bool) -> bool {
        let able = self.health == Health::Good && !self.late(behind);
        able && (self.owing().is_some() || !self.state.singles.is_empty())
    }

    /// Whether there is something that [`Spool::seal_all`] would do.
    pub fn sealable(&self) -> bool {
        let able = self.health == Health::Good && self.state.partitions.is_some();
        able && !(self.state.windows.is_empty() && self.state.singles.is_empty())
    }

    fn late(&self, behind: bool) -> bool {
        behind || self.state.partitions.is_none() || self.written > self.rules.limit
    }

    /// Decides the windows that have ended. While the other side is `behind`, what counts is owed instead of sealed:
    /// a storm stays one counter. Returns whether there is more to do.
    pub fn close_windows(&mut self, behind: bool, at: Moment) -> bool {
        if self.health != Health::Good {
            return false;
        }
        let late = self.late(behind);
        self.frame(|spool| {
            for _ in 0..WINDOWS {
                if spool.buffer.len() > BATCH {
                    return true;
                }
                match (spool.state.windows.ended(at.now), late) {
                    (Some(issue), true) => spool.put(&spool.decided(issue, After::Next), at),
                    (Some(issue), false) => spool.end(issue, at),
                    (None, false) if spool.pay(at) => {}
                    (None, _) => return false,
                }
            }
            true
        })
    }

    /// Seals whatever is accepted and not sealed. Returns whether there is more to do; without a partition count
    /// nothing can be done.
    pub fn seal_all(&mut self, at: Moment) -> bool {
        if self.health != Health::Good || self.state.partitions.is_none() {
            return false;
        }
        self.frame(|spool| {
            for issue in spool.state.windows.issues() {
                if spool.buffer.len() > BATCH {
                    return true;
                }
                spool.decide(issue, After::Forget, at);
            }
            while spool.pay(at) {
                if spool.buffer.len() > BATCH {
                    return true;
                }
            }
            false
        })
    }

    /// The window of `issue` ended and the other side keeps up.
    fn end(&mut self, issue: IssueId, at: Moment) {
        let stormy = self.state.windows.get(issue).is_some_and(|live| live.due().count > 0);
        self.decide(issue, if stormy { After::Next } else { After::Forget }, at);
    }

    /// Seals one thing that is owed, if anything is.
    fn pay(&mut self, at: Moment) -> bool {
        if let Some(issue) = self.owing() {
            self.decide(issue, After::Keep, at);
            return true;
        }
        let Some((&lsn, &blob)) = self.state.singles.first_key_value() else { return false };
        match self.draft(blob) {
            Some(draft) => self.seal_single(lsn, draft, Of::Single(lsn), at),
            None => self.put(&Entry::LostSingle(lsn), at),
        }
        true
    }

    /// Makes room for one more fingerprint: the least recent leaves, its count sealed.
    pub(super) fn make_way(&mut self, at: Moment) {
        if let Some(oldest) = self.state.windows.crowded() {
            self.decide(oldest, After::Forget, at);
        }
    }

    /// Turns the pending reports of a fingerprint into a record, if any count.
    fn decide(&mut self, issue: IssueId, after: After, at: Moment) {
        let Some(live) = self.state.windows.get(issue) else { return };
        if live.pending == 0 && after == After::Forget {
            // Nothing depends on it: a restart that still finds it forgets it as well.
            self.state.windows.forget(issue);
        } else if live.due().count == 0 || self.state.partitions.is_none() {
            self.put(&self.decided(issue, after), at);
        } else {
            let fresh = live.fresh;
            match live.body.and_then(|body| self.draft(body)) {
                Some(mut draft) => {
                    if !fresh {
                        seal::slim(&mut draft);
                    }
                    self.seal_window(issue, draft, after, at);
                }
                None => self.put(&Entry::Lost(issue), at),
            }
        }
    }

    /// The pairs of a window, without a record. What counts must not be forgotten with it.
    fn decided(&self, issue: IssueId, after: After) -> Entry<'static> {
        let due = self.state.windows.get(issue).map_or(Due { count: 0, paired: 0 }, |live| live.due());
        let after = if due.count > 0 && after == After::Forget { After::Next } else { after };
        Entry::Close { issue, paired: due.paired, after }
    }

    fn draft(&self, blob: Blob) -> Option<Record> {
        let bytes = self.read(blob).inspect_err(|error| tracing::error!(%error, "a draft cannot be read"));
        Record::decode(&bytes.ok()?).inspect_err(|error| tracing::error!(%error, "a draft is damaged")).ok()
    }

    /// Seals a fingerprint's pending reports with the text of `draft`.
    pub(super) fn seal_window(&mut self, issue: IssueId, draft: Record, after: After, at: Moment) {
        let Some(live) = self.state.windows.get(issue) else { return };
        let (due, covers, span) = (live.due(), live.lsn, live.span);
        self.seal(draft, Of::Window(after), Covers { lsn: covers, due, span }, at);
    }

    /// Seals a record that stands for one submission.
    pub(super) fn seal_single(&mut self, lsn: u64, draft: Record, of: Of, at: Moment) {
        let happened = draft.first_at.unwrap_or(at.wall);
        let due = Due { count: 1, paired: 0 };
        self.seal(draft, of, Covers { lsn, due, span: Some((happened, happened)) }, at);
    }

    /// Seals the ledger as it stands.
    pub fn seal_ledger(&mut self, place: Place, at: Moment) {
        if self.health != Health::Good || self.state.partitions.is_none() {
            return;
        }
        let ledger = self.state.totals.body(self.state.held());
        let draft = ledger_draft(self, ledger, place, at.wall);
        let nothing = Covers { lsn: 0, due: Due { count: 0, paired: 0 }, span: None };
        self.frame(|spool| spool.seal(draft, Of::Ledger, nothing, at));
    }

    /// From here on the record never changes.
    fn seal(&mut self, mut draft: Record, of: Of, covers: Covers, at: Moment) {
        let Some(partitions) = self.state.partitions else { return };
        let (issue, seq) = (draft.issue_id, self.state.seq);
        let source = SourceId { spool: self.state.spool, partitions };
        let stamp = Stamp { source, seq, at: at.wall, count: covers.due.count, span: covers.span };
        seal::stamp(&mut draft, stamp);
        let sample = self.sample_of(&draft);
        let bytes = seal::fit(draft);
        let seal = Seal {
            of,
            issue,
            seq,
            partitions,
            partition: partition_of(&issue.to_string(), partitions),
            covers: covers.lsn,
            count: covers.due.count,
            paired: covers.due.paired,
            at: at.wall,
            bytes: Payload::new(&bytes),
        };
        self.put(&Entry::Seal(seal), at);
        self.sample_sealed(seq, sample);
        self.urgent = true;
    }

    /// Gives up what may have been sent so long ago that readers may have forgotten its source.
    pub fn drop_old(&mut self, at: Moment) {
        let old = |sealed: &&Sealed| {
            sealed.sent && !sealed.gone && sealed.age + at.now.duration_since(sealed.since) > REPLAY_HORIZON
        };
        let numbers: Vec<u64> = self.state.sealed.iter().filter(old).map(|sealed| sealed.seq).collect();
        for &seq in &numbers {
            self.done(seq, Fate::ReplayHorizon, at);
        }
        if !numbers.is_empty() {
            tracing::error!(records = numbers.len(), "records that waited for more than 7 days are given up");
        }
    }
}

/// What a record stands for.
struct Covers {
    lsn: u64,
    due: Due,
    span: Option<(Timestamp, Timestamp)>,
}

fn ledger_draft(spool: &Spool, ledger: LedgerBody, place: Place, at: Timestamp) -> Record {
    Record {
        v: VERSION,
        kind: RecordKind::Ledger,
        id: Uuid::nil(),
        issue_id: IssueId(Uuid::nil()),
        tracker: spool.rules.tracker.clone(),
        at,
        source: Source {
            id: SourceId { spool: spool.state.spool, partitions: 0 },
            seq: 0,
            // A ledger comes by no way in; the field is required, and this way always exists.
            via: Via::Stderr,
            place,
        },
        count: 0,
        first_at: None,
        last_at: None,
        report: None,
        issue: None,
        comment: None,
        update: None,
        ledger: Some(ledger),
        extra: Map::new(),
    }
}
