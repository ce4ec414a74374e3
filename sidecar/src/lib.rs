//! The sidecar: stderr segments and local HTTP in, sealed records out.
//!
//! The modules in the order in which a report meets them:
//!
//! 1. [`source`] reads what the shim copied, [`intake`] what services post; [`accept`] is the door that both use;
//! 2. [`pipeline`] is the flow, one task, one turn after another;
//! 3. [`dedup`] holds repeats and pairs together; [`spool`] makes what is answered durable;
//! 4. [`seal`] makes records; [`publish`] sends them and begins anew after any failure;
//! 5. [`settings`] says how, and can change meanwhile;
//! 6. [`ledger`] adds up what became of everything; [`status`] is what others may know of it.

pub mod accept;
pub mod config;
pub mod dedup;
pub mod health;
pub mod intake;
pub mod ledger;
pub mod limit;
pub mod metrics;
pub mod pipeline;
pub mod publish;
pub mod seal;
pub mod settings;
pub mod shared;
pub mod source;
pub mod spool;
pub mod status;

use std::{io, path::PathBuf, time::Duration};

use issue::{finish::Rules, id::TrackerName, record::Place, report::Level};
use kafka::publish::Publisher;
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_blocking},
    time::{self, Instant},
};

use crate::{
    accept::Acceptor,
    pipeline::Control,
    settings::{Effective, InForce, Watcher},
    shared::SharedWindow,
    source::{Layout, Reading, Source},
    spool::{
        Spool,
        disk::{Folder, FolderError},
    },
    status::Status,
};

/// Hand-overs that may wait for the spool.
const WAITING: usize = 1024;

/// What a sidecar is told at its start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose reports it takes.
    pub tracker: TrackerName,
    /// What its containers run on.
    pub place: Place,
    /// Part of every fingerprint of stderr: the workload's name; without it each container's.
    pub component: Option<String>,
    /// The folder of its spool; nobody else may use it.
    pub spool_dir: PathBuf,
    /// Where stderr is read from; without it, it is not read.
    pub stderr: Option<Layout>,
    /// Bytes that the spool may hold; [`spool::LIMIT`] by default.
    pub spool_limit: u64,
    /// How repeats are held together. Local mode uses [`dedup::Rules::short`]: its user looks at once.
    pub window: dedup::Rules,
    /// Stderr below this is not reported.
    pub min_level: Level,
    /// Redaction, in-app prefixes, categories.
    pub rules: Rules,
}

/// Why a sidecar cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The spool in it cannot be read or begun anew.
    #[error("cannot recover the spool in {folder}")]
    Spool {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// A running sidecar. Dropped without [`Sidecar::stop`] it ends like a killed process: the spool has what counts.
#[derive(Debug)]
pub struct Sidecar {
    acceptor: Acceptor,
    in_force: InForce,
    status: Status,
    control: mpsc::Sender<Control>,
    source: Option<Source>,
    pipeline: Option<JoinHandle<()>>,
}

/// Recovers the spool and starts reading and sending.
pub async fn start(settings: Settings, publisher: Box<dyn Publisher>) -> Result<Sidecar, StartError> {
    start_sharing(settings, publisher, None).await
}

/// As [`start`], with a window that this sidecar shares with others of its tracker.
pub async fn start_sharing(
    settings: Settings,
    publisher: Box<dyn Publisher>,
    window: Option<Box<dyn SharedWindow>>,
) -> Result<Sidecar, StartError> {
    let spool = open(&settings).await?;
    let cursors = spool.state().cursors.clone();
    let status = Status::default();
    let (acceptor, jobs) = Acceptor::channel(WAITING);
    let (control, controls) = mpsc::channel(16);
    let lanes = (publish::start(publisher), window.map(|window| shared::start(window, status.clone())));
    let pipeline = pipeline::start(spool, jobs, controls, lanes, status.clone(), settings.place.clone());
    let (rules, min_level) = (settings.rules, Some(settings.min_level));
    let in_force = InForce::new(Effective { rules, min_level, window: settings.window });
    let source = settings.stderr.map(|layout| {
        let (place, component) = (settings.place, settings.component);
        let reading = Reading { place, component, settings: in_force.clone() };
        Source::start(layout, reading, acceptor.clone(), control.clone(), cursors)
    });
    Ok(Sidecar { acceptor, in_force, status, control, source, pipeline: Some(pipeline) })
}

async fn open(settings: &Settings) -> Result<Spool, StartError> {
    let folder = settings.spool_dir.clone();
    let rules = spool::Rules {
        tracker: settings.tracker.clone(),
        windows: settings.window.clone(),
        limit: settings.spool_limit,
    };
    let opened = spawn_blocking(move || {
        let directory = Box::new(Folder::open(&folder)?);
        Spool::open(directory, rules, pipeline::moment())
            .map_err(|source| StartError::Spool { folder, source })
    });
    let panicked =
        |error| StartError::Spool { folder: settings.spool_dir.clone(), source: io::Error::other(error) };
    opened.await.map_err(panicked)?
}

impl Sidecar {
    /// The door for other ways in.
    pub fn acceptor(&self) -> Acceptor {
        self.acceptor.clone()
    }

    /// The settings in force, for other ways in.
    pub fn settings(&self) -> InForce {
        self.in_force.clone()
    }

    /// Follows a settings file from now on, see [`settings`]. What it leaves out is taken from `otherwise`.
    pub fn follow(&self, path: PathBuf, otherwise: Effective) {
        let watcher = Watcher {
            path,
            in_force: self.in_force.clone(),
            otherwise,
            control: self.control.clone(),
            status: self.status.clone(),
        };
        tokio::spawn(watcher.run());
    }

    /// What may be known of it.
    pub fn status(&self) -> Status {
        self.status.clone()
    }

    /// Returns when everything written to segments so far is read and closed, all windows are sealed, and everything is
    /// published and acknowledged. It waits for the other side as long as that takes.
    pub async fn settle(&self) {
        if let Some(source) = &self.source {
            source.settle().await;
        }
        self.drain().await;
    }

    async fn drain(&self) {
        let (reply, drained) = oneshot::channel();
        if self.control.send(Control::Drain(reply)).await.is_ok() {
            // An ended pipeline drains no more.
            drained.await.unwrap_or_default();
        }
    }

    /// Reads what is left, takes no more, seals all, sends what can be sent within `grace`, and ends. What could not
    /// be sent stays in the spool and is said once.
    pub async fn stop(mut self, grace: Duration) {
        let end = Instant::now() + grace;
        if let Some(source) = self.source.take() {
            if time::timeout_at(end, source.settle()).await.is_err() {
                tracing::warn!("stderr was not read to its end within the grace period");
            }
            source.end().await;
        }
        self.order(Control::Refuse).await;
        if time::timeout_at(end, self.drain()).await.is_ok() {
            self.order(Control::Ledger).await;
        }
        if time::timeout_at(end, self.drain()).await.is_err() {
            let spooled = self.status.read().ledger.spooled;
            tracing::warn!(
                spooled,
                "the grace period ended before everything was sent; it stays in the spool"
            );
        }
        self.order(Control::End).await;
        if let Some(pipeline) = self.pipeline.take()
            && let Err(error) = pipeline.await
        {
            tracing::error!(%error, "the pipeline ended badly");
        }
    }

    async fn order(&self, control: Control) {
        if self.control.send(control).await.is_err() {
            tracing::error!("the pipeline is gone");
        }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        if let Some(source) = &self.source {
            source.abort();
        }
        if let Some(pipeline) = &self.pipeline {
            pipeline.abort();
        }
    }
}
