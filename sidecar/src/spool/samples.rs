//! Submissions and moments for tests.

use std::time::{Duration, Instant};

use issue::{
    id::TrackerName,
    record::{CommentBody, Place, ReportBody, Via},
    report::{Category, Frame, Kind, Language, Level, Priority, Report},
};
use jiff::Timestamp;

use super::{Moment, Rules};
use crate::{
    accept::{Submission, Submitted},
    dedup,
};

/// A report with a text and two frames.
pub fn report(fingerprint: &str, message: &str) -> ReportBody {
    let frame =
        |function: &str| Frame { function: Some(function.to_owned()), in_app: true, ..Frame::default() };
    let report = Report {
        kind: Kind::Exception,
        level: Level::Error,
        language: Language::Python,
        error_type: Some("ValueError".to_owned()),
        message: message.to_owned(),
        frames: vec![frame("inner"), frame("outer")],
        causes: Vec::new(),
        template: message.to_owned(),
        culprit: Some("app in inner".to_owned()),
        log: None,
        redacted: Default::default(),
        fingerprint: fingerprint.to_owned(),
        category: Category::Code,
        priority: Priority::High,
        text: format!("Traceback\nValueError: {message}"),
    };
    ReportBody {
        title: report.title(),
        report,
        full: true,
        component: Some("api".to_owned()),
        tags: Vec::new(),
        context: None,
    }
}

/// A report of the given kind by the given way in.
pub fn submission(kind: u32, via: Via, at: Timestamp) -> Submission {
    let body = Submitted::Report(report(&format!("v1:{kind:064x}"), "boom"));
    Submission { via, at, place: Place::default(), body, idempotency: None }
}

/// Something that joins no window.
pub fn comment(issue: u128, at: Timestamp) -> Submission {
    let body = CommentBody { author_id: "ann".to_owned(), content: "seen".to_owned() };
    let issue_id = issue::id::IssueId(uuid::Uuid::from_u128(issue));
    let body = Submitted::Comment { issue_id, body };
    Submission { via: Via::Http, at, place: Place::default(), body, idempotency: None }
}

/// Default rules with a limit of their own.
pub fn rules(limit: u64) -> Rules {
    Rules { tracker: TrackerName::local(), windows: dedup::Rules::default(), limit }
}

/// A clock that only its holder moves.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Now.
    pub at: Moment,
}

impl Clock {
    /// Any moment.
    pub fn new() -> Self {
        Self {
            at: Moment { now: Instant::now(), wall: Timestamp::from_second(1_700_000_000).expect("a time") },
        }
    }

    /// Moves both clocks.
    pub fn advance(&mut self, by: Duration) {
        self.at.now += by;
        self.at.wall += by;
    }
}
