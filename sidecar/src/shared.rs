//! The window that the sidecars of a tracker share, so that the full text of an error travels once and not once from
//! every replica. It saves bytes and decides nothing else.
//!
//! A sidecar says that a full sample is there only when the broker has acknowledged it, and leaves its own out only when
//! the answer names exactly the issue that it asked for. So whatever a record without a text relies on lies before it
//! in the same partition, whoever dies in between. No answer, a late or a strange one: the full sample travels.

#[cfg(feature = "redis")]
pub mod redis;

use std::time::Duration;

use async_trait::async_trait;
use issue::{
    id::{IssueId, TrackerName},
    record::ReportBody,
};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, timeout},
};

use crate::status::{Link, Status};

/// How long a call may take. A record waits no longer than this for it.
const PATIENCE: Duration = Duration::from_millis(50);

/// After a failure nobody is asked for this long; it doubles up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// Questions of one call.
const BATCH: usize = 128;

/// Questions that may wait. Those that find no room are answered no.
const DEPTH: usize = 1024;

/// How long a sample counts as there.
pub const LIFE: Duration = Duration::from_secs(86_400);

/// Where samples are noted.
#[async_trait]
pub trait SharedWindow: Send {
    /// What is noted under each key.
    async fn noted(&mut self, keys: &[String]) -> Result<Vec<Option<String>>, String>;

    /// Notes each value under its key for [`LIFE`], unless something is noted there.
    async fn note(&mut self, entries: &[(String, String)]) -> Result<(), String>;

    /// A call failed or was given up: nothing that it left behind may answer a later one.
    fn forget(&mut self);
}

/// What the pipeline asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Is a full sample of this issue there?
    Known(Sample),
    /// It is now.
    There(Sample),
}

/// A full sample of an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Whose.
    pub issue: IssueId,
    /// Where it is noted.
    pub key: String,
}

impl Sample {
    /// `<tracker>/<component>:error_fingerprint:<fingerprint>`.
    pub fn new(tracker: &TrackerName, issue: IssueId, body: &ReportBody) -> Self {
        let component =
            body.component.as_deref().map(|component| format!("/{component}")).unwrap_or_default();
        let fingerprint = &body.report.fingerprint;
        Self { issue, key: format!("{tracker}{component}:error_fingerprint:{fingerprint}") }
    }
}

/// Whether a full sample is there.
pub type Answer = (IssueId, bool);

/// The pipeline's end.
#[derive(Debug)]
pub struct Lane {
    /// Where questions go in.
    pub ask: mpsc::Sender<Question>,
    /// One for each [`Question::Known`].
    pub answers: mpsc::Receiver<Answer>,
    /// The task; it ends when the other two are dropped.
    pub task: JoinHandle<()>,
}

/// Starts the task.
pub fn start(window: Box<dyn SharedWindow>, status: Status) -> Lane {
    let (ask, asked) = mpsc::channel(DEPTH);
    let (tell, answers) = mpsc::channel(DEPTH);
    status.update(|status| status.shared = Some(Link::Unknown));
    let asking = Asking { window, asked, tell, status, rest: None, pause: FIRST };
    Lane { ask, answers, task: tokio::spawn(asking.run()) }
}

struct Asking {
    window: Box<dyn SharedWindow>,
    asked: mpsc::Receiver<Question>,
    tell: mpsc::Sender<Answer>,
    status: Status,
    /// Until then nobody is asked.
    rest: Option<Instant>,
    pause: Duration,
}

impl Asking {
    async fn run(mut self) {
        let mut questions = Vec::new();
        while self.asked.recv_many(&mut questions, BATCH).await > 0 {
            let (mut known, mut there) = (Vec::new(), Vec::new());
            for question in questions.drain(..) {
                match question {
                    Question::Known(sample) => known.push(sample),
                    Question::There(sample) => there.push(sample),
                }
            }
            for answer in self.known(known).await {
                if self.tell.send(answer).await.is_err() {
                    return;
                }
            }
            self.there(there).await;
        }
    }

    fn rests(&self) -> bool {
        self.rest.is_some_and(|rest| Instant::now() < rest)
    }

    async fn known(&mut self, samples: Vec<Sample>) -> Vec<Answer> {
        let no = |samples: &[Sample]| samples.iter().map(|sample| (sample.issue, false)).collect();
        if samples.is_empty() || self.rests() {
            return no(&samples);
        }
        let keys: Vec<String> = samples.iter().map(|sample| sample.key.clone()).collect();
        let noted = timeout(PATIENCE, self.window.noted(&keys)).await;
        match noted.unwrap_or_else(|_| Err(String::from("no answer within 50 ms"))) {
            Ok(noted) if noted.len() == samples.len() => {
                self.works();
                let same = |(sample, noted): (&Sample, Option<String>)| {
                    (sample.issue, noted.as_deref() == Some(&*sample.issue.to_string()))
                };
                samples.iter().zip(noted).map(same).collect()
            }
            Ok(_) => {
                self.failed("an answer to another question");
                no(&samples)
            }
            Err(reason) => {
                self.failed(&reason);
                no(&samples)
            }
        }
    }

    async fn there(&mut self, samples: Vec<Sample>) {
        if samples.is_empty() || self.rests() {
            return;
        }
        let entries: Vec<_> =
            samples.into_iter().map(|sample| (sample.key, sample.issue.to_string())).collect();
        let noted = timeout(PATIENCE, self.window.note(&entries)).await;
        match noted.unwrap_or_else(|_| Err(String::from("no answer within 50 ms"))) {
            Ok(()) => self.works(),
            Err(reason) => self.failed(&reason),
        }
    }

    fn works(&mut self) {
        (self.rest, self.pause) = (None, FIRST);
        if self.status.read().shared != Some(Link::Up) {
            tracing::info!("the shared window answers");
            self.status.update(|status| status.shared = Some(Link::Up));
        }
    }

    /// Said once; until it is over every full sample travels.
    fn failed(&mut self, reason: &str) {
        self.window.forget();
        self.rest = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST);
        if self.status.read().shared == Some(Link::Down) {
            tracing::debug!(reason, "the shared window does not answer");
        } else {
            tracing::warn!(
                reason,
                "the shared window does not answer; records carry their full text without it"
            );
            self.status.update(|status| status.shared = Some(Link::Down));
        }
    }
}
