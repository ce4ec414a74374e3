//! What one turn does on the disk's thread: take in, decide windows, seal, write and sync.

use std::{io, mem};

use issue::record::Place;

use super::{Answer, Gap, TURN};
use crate::{
    accept::{AcceptError, Job},
    spool::{Spool, state::Moment},
};

/// What a turn does on the disk's thread.
pub(super) struct Work {
    pub(super) jobs: Vec<Job>,
    pub(super) gaps: Vec<Gap>,
    pub(super) windows: bool,
    pub(super) behind: bool,
    pub(super) drain: bool,
    pub(super) ledger: Option<Place>,
    pub(super) round: bool,
    pub(super) flush: bool,
    pub(super) ended: bool,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Done {
    pub(super) answers: Vec<Answer>,
    pub(super) more: bool,
    /// Whether the disk was written to without a word.
    pub(super) written: bool,
    pub(super) error: Option<io::Error>,
}

impl Work {
    pub(super) fn touches_the_disk(&self) -> bool {
        let asked = !self.jobs.is_empty() || !self.gaps.is_empty() || self.ledger.is_some();
        asked || self.windows || self.drain || self.round || self.flush
    }

    pub(super) fn carry_out(mut self, spool: &mut Spool, at: Moment) -> Done {
        let mut done = Done::default();
        take_in(mem::take(&mut self.jobs), spool, at, &mut done);
        self.count_gaps(spool, at, &mut done);
        if self.windows {
            done.more = spool.close_windows(self.behind, at);
        }
        if self.drain {
            spool.seal_all(at);
        }
        if let Some(place) = self.ledger {
            spool.seal_ledger(place, at);
        }
        if self.round {
            spool.drop_old(at);
        }
        let sync = spool.urgent() || self.ended;
        if sync || self.flush || self.round {
            let failed = spool.commit(sync, at).err();
            done.written = failed.is_none();
            done.error = failed.or(done.error);
        }
        done
    }

    fn count_gaps(&mut self, spool: &mut Spool, at: Moment, done: &mut Done) {
        for (bytes, cursor, reply) in mem::take(&mut self.gaps) {
            let counted = spool.gap(bytes, cursor, at).and_then(|()| spool.commit(true, at));
            // A reader that is gone has no use for the answer.
            reply.send(counted.is_ok()).unwrap_or_default();
            done.error = counted.err().or(done.error.take());
        }
    }
}

/// Accepts hand-overs, writes and syncs them, and only then answers.
fn take_in(jobs: Vec<Job>, spool: &mut Spool, at: Moment, done: &mut Done) {
    let mut taken = Vec::new();
    let last = jobs.len();
    for (number, job) in jobs.into_iter().enumerate() {
        match spool.accept(job.submissions, job.cursor, at) {
            Ok(receipts) => taken.push((job.reply, receipts)),
            Err(refused) => done.answers.push((job.reply, Err(refused))),
        }
        if taken.is_empty() || (spool.waiting() < TURN && number + 1 < last) {
            continue;
        }
        let written = spool.commit(true, at);
        let result = |receipts| if written.is_ok() { Ok(receipts) } else { Err(AcceptError::Broken) };
        done.answers.extend(taken.drain(..).map(|(reply, receipts)| (reply, result(receipts))));
        done.error = written.err().or(done.error.take());
    }
}
