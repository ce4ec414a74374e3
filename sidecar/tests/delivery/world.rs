//! A sidecar with its folders, started and killed at will.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use issue::{
    id::TrackerName,
    record::{Place, ReportBody, Via},
    report::{Category, Frame, Kind, Language, Level, Priority, Report},
};
use jiff::Timestamp;
use sidecar::{
    Settings, Sidecar, StartError,
    accept::{AcceptError, Receipt, Submission, Submitted},
    dedup, ledger,
    source::Layout,
    spool::disk::FolderError,
};
use tempfile::TempDir;

use crate::broker::Broker;

/// How long a condition may take on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

/// Everything that a test stands on.
pub struct World {
    pub folder: TempDir,
    pub broker: Broker,
    pub settings: Settings,
    pub sidecar: Option<Sidecar>,
}

impl World {
    /// A sidecar that runs.
    pub async fn new() -> Self {
        let mut world = Self::stopped();
        world.start().await;
        world
    }

    /// A sidecar that was never started.
    pub fn stopped() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = Settings {
            tracker: TrackerName::local(),
            place: Place { pod: Some("api-1".into()), ..Place::default() },
            component: Some("api".into()),
            spool_dir: folder.path().join("spool"),
            stderr: None,
            spool_limit: sidecar::spool::LIMIT,
            window: dedup::Rules::default(),
            min_level: Level::Error,
            rules: Default::default(),
        };
        Self { folder, broker: Broker::new(), settings, sidecar: None }
    }

    /// Reads stderr from here on.
    pub fn segments(&mut self) -> PathBuf {
        let path = self.folder.path().join("segments");
        self.settings.stderr = Some(Layout::Segments(path.clone()));
        path
    }

    /// Starts it; a killed one may still hold the spool for a moment.
    pub async fn start(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        self.sidecar = loop {
            match sidecar::start(self.settings.clone(), self.broker.publisher()).await {
                Err(StartError::Folder(FolderError::Locked(_))) if Instant::now() < deadline => {
                    tokio::task::yield_now().await;
                }
                started => break Some(started.expect("a start")),
            }
        };
    }

    pub fn sidecar(&self) -> &Sidecar {
        self.sidecar.as_ref().expect("running")
    }

    /// Ends it like a killed process.
    pub fn kill(&mut self) {
        drop(self.sidecar.take());
    }

    pub async fn restart(&mut self) {
        self.kill();
        self.start().await;
    }

    pub async fn stop(&mut self, grace: Duration) {
        self.sidecar.take().expect("running").stop(grace).await;
    }

    pub async fn report(&self, kind: u32) -> Result<Vec<Receipt>, AcceptError> {
        self.report_by(kind, Via::Http).await
    }

    pub async fn report_by(&self, kind: u32, via: Via) -> Result<Vec<Receipt>, AcceptError> {
        self.sidecar().acceptor().accept(vec![submission(kind, via)], None).await
    }

    /// Waits until it holds, and says what did not when it takes too long.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !holds(self) {
            let snapshot = self.sidecar.as_ref().map(|sidecar| sidecar.status().read());
            assert!(Instant::now() < deadline, "{what} never held: {snapshot:?} {:?}", self.broker.counts());
            tokio::time::sleep(Duration::from_millis(2)).await; // tidy: allow, the pace of asking
        }
    }

    #[track_caller]
    pub fn balanced(&self) {
        let ledger = self.sidecar().status().read().ledger;
        assert!(ledger::balanced(&ledger), "{ledger:?}");
    }
}

/// A report of the given kind.
pub fn submission(kind: u32, via: Via) -> Submission {
    let frame = Frame { function: Some("f".to_owned()), in_app: true, ..Frame::default() };
    let report = Report {
        kind: Kind::Exception,
        level: Level::Error,
        language: Language::Python,
        error_type: Some("ValueError".to_owned()),
        message: "boom".to_owned(),
        frames: vec![frame],
        causes: Vec::new(),
        template: "boom".to_owned(),
        culprit: Some("app in f".to_owned()),
        log: None,
        redacted: Default::default(),
        fingerprint: format!("v1:{kind:064x}"),
        category: Category::Code,
        priority: Priority::High,
        text: "Traceback\nValueError: boom".to_owned(),
    };
    let title = report.title();
    let body = ReportBody { report, title, full: true, component: None, tags: Vec::new(), context: None };
    Submission {
        via,
        at: Timestamp::now(),
        place: Place::default(),
        body: Submitted::Report(body),
        idempotency: None,
    }
}
