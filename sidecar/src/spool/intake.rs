//! Taking hand-overs in: all of one or nothing, each a single frame.

use issue::id::IssueId;
use uuid::Uuid;

use super::{
    Spool,
    entry::{Entry, Key, Of, Payload},
    state::Moment,
};
use crate::{
    accept::{AcceptError, Cursor, Idempotency, Receipt, Submission, Submitted},
    dedup::{After, Verdict},
    seal,
};

/// Room for the entries around a record.
const FRAME: u64 = 256;

impl Spool {
    /// Takes a hand-over in. It counts once [`Spool::commit`] has succeeded.
    pub fn accept(
        &mut self,
        submissions: Vec<Submission>,
        cursor: Option<Cursor>,
        at: Moment,
    ) -> Result<Vec<Receipt>, AcceptError> {
        self.usable(at).map_err(|_| AcceptError::Broken)?;
        self.refuse(&submissions, cursor.is_some())?;
        let receipts = self.frame(|spool| {
            let receipts = submissions.into_iter().map(|submission| spool.take(submission, at)).collect();
            if let Some(cursor) = cursor {
                spool.put(&Entry::Cursor(cursor), at);
            }
            receipts
        });
        self.urgent = true;
        Ok(receipts)
    }

    fn refuse(&self, submissions: &[Submission], cursor: bool) -> Result<(), AcceptError> {
        let reused = |idempotency: &Idempotency| {
            self.state.keys.get(&name(&idempotency.key)).is_some_and(|key| key.body != idempotency.body)
        };
        if submissions.iter().filter_map(|submission| submission.idempotency.as_ref()).any(reused) {
            return Err(AcceptError::KeyReused);
        }
        let records: u64 = submissions.iter().map(|submission| seal::weight(submission) + FRAME).sum();
        let needed = records + if cursor { FRAME } else { 0 };
        if needed > self.room() { Err(AcceptError::Full) } else { Ok(()) }
    }

    fn take(&mut self, submission: Submission, at: Moment) -> Receipt {
        if let Some(key) = &submission.idempotency
            && let Some(known) = self.state.keys.get(&name(&key.key))
        {
            return Receipt { issue_id: known.issue, fingerprint: known.fingerprint.clone(), new: known.new };
        }
        let issue = seal::issue_of(&self.rules.tracker, &submission.body);
        let idempotency = submission.idempotency.clone();
        let receipt = match &submission.body {
            Submitted::Report(body) => {
                let fingerprint = Some(body.report.fingerprint.clone());
                Receipt { issue_id: issue, fingerprint, new: self.take_report(issue, submission, at) }
            }
            Submitted::Issue { body, .. } => {
                let fingerprint = body.fingerprint.clone();
                self.take_single(issue, submission, at);
                Receipt { issue_id: issue, fingerprint, new: true }
            }
            Submitted::Comment { .. } | Submitted::Update { .. } => {
                self.take_single(issue, submission, at);
                Receipt { issue_id: issue, fingerprint: None, new: true }
            }
        };
        if let Some(idempotency) = idempotency {
            self.remember(idempotency, &receipt, at);
        }
        receipt
    }

    fn remember(&mut self, idempotency: Idempotency, receipt: &Receipt, at: Moment) {
        let key = Key {
            name: name(&idempotency.key),
            body: idempotency.body,
            issue: receipt.issue_id,
            fingerprint: receipt.fingerprint.clone(),
            new: receipt.new,
            at: at.wall,
        };
        self.put(&Entry::Key(key), at);
    }

    /// The first of a fingerprint goes out at once; of a repeat only what is new is written.
    fn take_report(&mut self, issue: IssueId, submission: Submission, at: Moment) -> bool {
        let verdict = self.state.windows.judge(issue, at.now);
        let accepted = self.accepted(issue, &submission, true);
        match verdict {
            Verdict::Repeat => self.put(&accepted, at),
            Verdict::Sample => self.put_draft(accepted, submission, at),
            Verdict::First => {
                self.make_way(at);
                self.take_first(issue, accepted, submission, at);
            }
        }
        verdict == Verdict::First
    }

    fn take_first(&mut self, issue: IssueId, accepted: Entry<'static>, submission: Submission, at: Moment) {
        if let (Some(_), Submitted::Report(body)) = (&self.sharing, &submission.body) {
            let body = body.clone();
            self.put_draft(accepted, submission, at);
            self.put(&Entry::Close { issue, paired: 0, after: After::Keep }, at);
            self.ask(issue, &body);
        } else if self.state.partitions.is_some() {
            let draft = seal::draft(&self.rules.tracker, self.state.spool, submission);
            self.put(&accepted, at);
            self.seal_window(issue, draft, After::Keep, at);
        } else {
            self.put_draft(accepted, submission, at);
            // Owed from now on: it goes out as soon as a partition can be computed.
            self.put(&Entry::Close { issue, paired: 0, after: After::Keep }, at);
        }
    }

    fn take_single(&mut self, issue: IssueId, submission: Submission, at: Moment) {
        let accepted = self.accepted(issue, &submission, false);
        if self.state.partitions.is_some() {
            let lsn = self.state.totals.taken + 1;
            let draft = seal::draft(&self.rules.tracker, self.state.spool, submission);
            self.put(&accepted, at);
            self.seal_single(lsn, draft, Of::Single(lsn), at);
        } else {
            self.put_draft(accepted, submission, at);
        }
    }

    fn accepted(&self, issue: IssueId, submission: &Submission, report: bool) -> Entry<'static> {
        let lsn = self.state.totals.taken + 1;
        Entry::Accept { lsn, issue, via: submission.via, at: submission.at, report, draft: None }
    }

    fn put_draft(&mut self, accepted: Entry<'static>, submission: Submission, at: Moment) {
        let bytes = seal::fit(seal::draft(&self.rules.tracker, self.state.spool, submission));
        if let Entry::Accept { lsn, issue, via, at: happened, report, .. } = accepted {
            let draft = Some(Payload::new(&bytes));
            self.put(&Entry::Accept { lsn, issue, via, at: happened, report, draft }, at);
        }
    }
}

/// Names are the sender's, of any length; what is kept has one.
fn name(key: &str) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes())
}
