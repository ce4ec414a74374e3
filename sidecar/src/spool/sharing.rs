//! What the spool asks the window that replicas share, and tells it. Nothing of it is journaled: a start asks nobody,
//! and what nobody answered travels in full.

use std::collections::{BTreeMap, BTreeSet};

use issue::{
    id::IssueId,
    record::{Record, ReportBody},
};

use super::Spool;
use crate::shared::{Question, Sample};

/// Samples on their way whose acknowledgement is waited for; more than are ever in flight.
const SAMPLES: usize = 4096;

/// Questions, and what hangs on their answers.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// Issues whose first record waits for an answer, at most as long as a call may take.
    asking: BTreeSet<IssueId>,
    questions: Vec<Question>,
    /// Full samples that are sealed and not acknowledged.
    samples: BTreeMap<u64, Sample>,
}

impl Spool {
    /// From here on the first record of a fingerprint waits for a word whether its full text is needed.
    pub fn share(&mut self) {
        self.sharing.get_or_insert_default();
    }

    /// What is to be asked now. Each [`Question::Known`] must get its [`Spool::answer`].
    pub fn questions(&mut self) -> Vec<Question> {
        self.sharing.as_mut().map(|sharing| std::mem::take(&mut sharing.questions)).unwrap_or_default()
    }

    /// Whether the full text of an issue is there already.
    pub fn answer(&mut self, issue: IssueId, known: bool) {
        let Some(sharing) = &mut self.sharing else { return };
        if sharing.asking.remove(&issue) && known {
            self.state.windows.spare(issue);
        }
    }

    fn asks(&self, issue: IssueId) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| sharing.asking.contains(&issue))
    }

    /// The next fingerprint that is owed and not asked about.
    pub(super) fn owing(&self) -> Option<IssueId> {
        self.state.windows.owing(|issue| !self.asks(issue))
    }

    pub(super) fn ask(&mut self, issue: IssueId, body: &ReportBody) {
        let sample = Sample::new(&self.rules.tracker, issue, body);
        if let Some(sharing) = &mut self.sharing {
            sharing.asking.insert(issue);
            sharing.questions.push(Question::Known(sample));
        }
    }

    /// The full sample in a record, where there is one and somebody is to know.
    pub(super) fn sample_of(&self, record: &Record) -> Option<Sample> {
        let body = record.report.as_ref().filter(|body| body.full && self.sharing.is_some())?;
        Some(Sample::new(&self.rules.tracker, record.issue_id, body))
    }

    /// A record with this sample was sealed under this number.
    pub(super) fn sample_sealed(&mut self, seq: u64, sample: Option<Sample>) {
        let (Some(sharing), Some(sample)) = (&mut self.sharing, sample) else { return };
        if sharing.samples.len() >= SAMPLES {
            sharing.samples.pop_first();
        }
        sharing.samples.insert(seq, sample);
    }

    /// It is durable on the other side.
    pub(super) fn sample_acked(&mut self, seq: u64) {
        if let Some(sharing) = &mut self.sharing
            && let Some(sample) = sharing.samples.remove(&seq)
        {
            sharing.questions.push(Question::There(sample));
        }
    }
}
