//! The one door into the spool: every way in hands over [`Submission`]s and gets [`Receipt`]s once they are durable.

use issue::{
    id::IssueId,
    record::{CommentBody, IssueBody, Place, ReportBody, UpdateBody, Via},
};
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

/// One thing to accept, redacted and fingerprinted already.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The way in.
    pub via: Via,
    /// When it happened.
    pub at: Timestamp,
    /// What it ran on, as far as it is known.
    pub place: Place,
    /// What it is.
    pub body: Submitted,
    /// Set where the sender named the request.
    pub idempotency: Option<Idempotency>,
}

/// A named request: the same name and body is answered the same, another body is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The sender's name for it.
    pub key: String,
    /// SHA-256 of the body.
    pub body: [u8; 32],
}

/// What can be accepted.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the record kind of its name")]
pub enum Submitted {
    Report(ReportBody),
    Issue { issue_id: IssueId, body: IssueBody },
    Comment { issue_id: IssueId, body: CommentBody },
    Update { issue_id: IssueId, body: UpdateBody },
}

/// The answer to one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Final.
    pub issue_id: IssueId,
    /// Of a report.
    pub fingerprint: Option<String>,
    /// Whether this is the first of its fingerprint in this sidecar's window.
    pub new: bool,
}

/// Why nothing of a hand-over was accepted.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum AcceptError {
    /// Wait and send again.
    #[error("the spool is full")]
    Full,
    /// The disk refused; a new segment is tried with the next hand-over.
    #[error("the spool cannot be written")]
    Broken,
    /// No more is taken.
    #[error("the sidecar is stopping")]
    Stopping,
    /// Another body came under the same name.
    #[error("the idempotency key was used for another request")]
    KeyReused,
}

/// One hand-over on its way to the spool.
#[derive(Debug)]
pub struct Job {
    /// All or nothing.
    pub submissions: Vec<Submission>,
    /// For stderr: the position (see `source::segments`) up to which these submissions cover the stream.
    pub cursor: Option<Cursor>,
    /// Told once all of it is durable.
    pub reply: oneshot::Sender<Result<Vec<Receipt>, AcceptError>>,
}

/// A position in one container's segments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// The container's folder.
    pub container: String,
    /// The segment file's name.
    pub segment: String,
    /// Offset of the first frame that is not covered.
    pub frame: u64,
    /// Bytes of that frame's payload that are covered.
    pub within: u64,
}

impl Cursor {
    /// The run that the segment belongs to: the first half of its name `<start>-<n>.seg`. Each run is a stream of its own.
    pub fn run(&self) -> &str {
        self.segment.split_once('-').map_or(self.segment.as_str(), |(start, _)| start)
    }
}

/// The handle that every way in holds.
#[derive(Clone, Debug)]
pub struct Acceptor {
    jobs: mpsc::Sender<Job>,
}

impl Acceptor {
    /// A handle and the end that the spool reads. At most `depth` hand-overs wait.
    pub fn channel(depth: usize) -> (Self, mpsc::Receiver<Job>) {
        let (jobs, queue) = mpsc::channel(depth);
        (Self { jobs }, queue)
    }

    /// Returns once everything handed over is durable.
    pub async fn accept(
        &self,
        submissions: Vec<Submission>,
        cursor: Option<Cursor>,
    ) -> Result<Vec<Receipt>, AcceptError> {
        let (reply, answer) = oneshot::channel();
        let job = Job { submissions, cursor, reply };
        self.jobs.send(job).await.map_err(|_| AcceptError::Stopping)?;
        answer.await.map_err(|_| AcceptError::Stopping)?
    }
}
