//! The way in from stderr: follows what every container writes, and hands each block over with the position behind it.
//!
//! Reading waits for the spool. While that is full nothing is read, the shim's ring drops its oldest, and the bytes are
//! counted as a gap: never is the application held up.

pub mod cri;
pub mod run;
pub mod segments;
pub mod stream;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use issue::{
    assemble::{Block, Limits},
    finish::Finisher,
    record::{Place, ReportBody, Via},
    report::Report,
};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_blocking},
    time,
};

use self::{
    cri::CriRun,
    run::{Run, Step},
    stream::Stream,
};
use crate::{
    accept::{AcceptError, Acceptor, Cursor, Submission, Submitted},
    pipeline::Control,
    settings::InForce,
};

/// Pauses between two looks at the folders: short after something was read.
const PAUSES: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(200)];

/// Pauses before a refused hand-over is made again.
const REFUSED: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(1)];

/// What turns a block into a submission.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What all containers run on.
    pub place: Place,
    /// Part of the fingerprint; the container's name where there is none.
    pub component: Option<String>,
    /// Redaction, in-app prefixes, categories, and the level below which nothing is reported.
    pub settings: InForce,
}

/// Where stderr is read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Folders of containers with segments, as the shim writes them.
    Segments(PathBuf),
    /// The pod's folder of container logs on its node.
    PodLogs(PathBuf),
}

/// What one stream may take for lines that come again; there are as many streams as containers.
const MEMORY: usize = 256 * 1024;

/// Containers of our own: what they write of their troubles must not become reports that make more of them.
const OURS: &str = "issuetracker";

/// The task and its orders.
#[derive(Debug)]
pub struct Source {
    orders: mpsc::Sender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Source {
    /// Starts following.
    pub fn start(
        layout: Layout,
        reading: Reading,
        acceptor: Acceptor,
        control: mpsc::Sender<Control>,
        cursors: BTreeMap<(String, String), Cursor>,
    ) -> Self {
        let (orders, asked) = mpsc::channel(4);
        let follower = Follower {
            layout,
            reading: Arc::new(reading),
            acceptor,
            control,
            cursors,
            streams: BTreeMap::new(),
        };
        Self { orders, task: tokio::spawn(follower.run(asked)) }
    }

    /// Returns when everything written so far is read, closed and accepted.
    pub async fn settle(&self) {
        let (reply, settled) = oneshot::channel();
        if self.orders.send(reply).await.is_ok() {
            // An ended task has nothing more to settle.
            settled.await.unwrap_or_default();
        }
    }

    /// Ends at once. What was handed over counts, the rest is read by the next process.
    pub async fn end(self) {
        self.task.abort();
        // The only error is that it was aborted.
        self.task.await.unwrap_or_default();
    }

    /// As [`Source::end`], without waiting for it.
    pub fn abort(&self) {
        self.task.abort();
    }
}

/// Nothing more is accepted.
struct Stopping;

struct Follower {
    layout: Layout,
    reading: Arc<Reading>,
    acceptor: Acceptor,
    control: mpsc::Sender<Control>,
    cursors: BTreeMap<(String, String), Cursor>,
    streams: BTreeMap<(String, String), Box<dyn Run>>,
}

impl Follower {
    async fn run(mut self, mut orders: mpsc::Receiver<oneshot::Sender<()>>) {
        let [short, long] = PAUSES;
        let mut pause = short;
        loop {
            pause = match self.round().await {
                Ok(true) => short,
                Ok(false) => (pause * 2).min(long),
                Err(Stopping) => return,
            };
            tokio::select! {
                () = time::sleep(pause) => {}
                order = orders.recv() => match order {
                    None => return,
                    Some(reply) => match self.settle().await {
                        // Whoever asked may have run out of time.
                        Ok(()) => reply.send(()).unwrap_or_default(),
                        Err(Stopping) => return,
                    },
                },
            }
        }
    }

    /// Reads until a whole round brings nothing, then closes what is open.
    async fn settle(&mut self) -> Result<(), Stopping> {
        while self.round().await? {}
        for (key, mut stream) in std::mem::take(&mut self.streams) {
            let step = stream.flush();
            self.hand_over(&key.0, &mut *stream, step).await?;
            self.streams.insert(key, stream);
        }
        Ok(())
    }

    /// One look at every run. Says whether anything was read.
    async fn round(&mut self) -> Result<bool, Stopping> {
        let mut busy = false;
        let min_level = self.reading.settings.now().min_level();
        for (container, folder, run, there) in self.look().await {
            let key = (container, run);
            let mut stream = self.streams.remove(&key).unwrap_or_else(|| self.begin(&key, &folder));
            if stream.ended() {
                self.streams.insert(key, stream);
                continue;
            }
            stream.set_min_level(min_level);
            let (gone, now) = (there.is_empty(), clock());
            let Ok((stepped, stepping)) = spawn_blocking(move || {
                let step = stream.step(&there, now);
                (stream, step)
            })
            .await
            else {
                return Err(Stopping);
            };
            stream = stepped;
            let step = stepping.unwrap_or_else(|error| {
                tracing::warn!(%error, container = key.0, "a segment cannot be read");
                Step::default()
            });
            busy |= step.busy;
            let finished = gone && !step.busy;
            self.hand_over(&key.0, &mut *stream, step).await?;
            if finished {
                let step = stream.flush();
                self.hand_over(&key.0, &mut *stream, step).await?;
            } else {
                self.streams.insert(key, stream);
            }
        }
        Ok(busy)
    }

    fn begin(&self, key: &(String, String), folder: &Path) -> Box<dyn Run> {
        let min_level = self.reading.settings.now().min_level();
        let limits = Limits { min_level, memory: MEMORY, ..Limits::default() };
        let from = self.cursors.get(key);
        match self.layout {
            Layout::Segments(_) => Box::new(Stream::new(key, folder, limits, from, clock())),
            Layout::PodLogs(_) => Box::new(CriRun::new(key, folder, limits, from, clock())),
        }
    }

    /// Every run that has files, and every one that is followed.
    async fn look(&self) -> Vec<(String, PathBuf, String, BTreeSet<u64>)> {
        let layout = self.layout.clone();
        // A panic there would be a defect of ours; the next round looks again.
        let mut seen = spawn_blocking(move || listing(&layout)).await.unwrap_or_default();
        for (container, run) in self.streams.keys() {
            let there = |(c, _, r, _): &(String, PathBuf, String, _)| c == container && r == run;
            if !seen.iter().any(there) {
                seen.push((
                    container.clone(),
                    self.layout.folder().join(container),
                    run.clone(),
                    BTreeSet::new(),
                ));
            }
        }
        seen
    }

    /// Makes a step's blocks durable together with the position behind them.
    async fn hand_over(&self, container: &str, stream: &mut dyn Run, step: Step) -> Result<(), Stopping> {
        let Some(cursor) = step.cursor else { return Ok(()) };
        if step.gap > 0 {
            self.count(step.gap, &cursor).await?;
        } else {
            let reading = Arc::clone(&self.reading);
            let container = container.to_owned();
            let submissions = spawn_blocking(move || submissions(&step.blocks, &container, &reading)).await;
            self.accept(submissions.map_err(|_| Stopping)?, &cursor).await?;
        }
        stream.covered(&cursor);
        Ok(())
    }

    async fn count(&self, gap: u64, cursor: &Cursor) -> Result<(), Stopping> {
        let [mut pause, longest] = REFUSED;
        loop {
            let (reply, counted) = oneshot::channel();
            let gap = Control::Gap(gap, Some(cursor.clone()), reply);
            self.control.send(gap).await.map_err(|_| Stopping)?;
            if counted.await.map_err(|_| Stopping)? {
                return Ok(());
            }
            time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn accept(&self, submissions: Vec<Submission>, cursor: &Cursor) -> Result<(), Stopping> {
        let [mut pause, longest] = REFUSED;
        loop {
            match self.acceptor.accept(submissions.clone(), Some(cursor.clone())).await {
                Ok(_) => return Ok(()),
                Err(AcceptError::Stopping) => return Err(Stopping),
                Err(AcceptError::Full | AcceptError::Broken | AcceptError::KeyReused) => {
                    time::sleep(pause).await;
                    pause = (pause * 2).min(longest);
                }
            }
        }
    }
}

/// Tokio's clock, so that a test can move it.
fn clock() -> Instant {
    time::Instant::now().into_std()
}

type Listing = Vec<(String, PathBuf, String, BTreeSet<u64>)>;

impl Layout {
    fn folder(&self) -> &Path {
        match self {
            Self::Segments(folder) | Self::PodLogs(folder) => folder,
        }
    }

    /// The runs in a container's folder, with what stands for their files.
    fn runs(&self, folder: &Path) -> BTreeMap<String, BTreeSet<u64>> {
        match self {
            Self::Segments(_) => segments::list(folder).unwrap_or_default(),
            Self::PodLogs(_) => {
                let runs = cri::files::list(folder).unwrap_or_default();
                runs.into_keys().map(|run| (cri::files::name(run), BTreeSet::from([run]))).collect()
            }
        }
    }

    fn follows(&self, container: &str) -> bool {
        matches!(self, Self::Segments(_)) || !container.starts_with(OURS)
    }
}

fn listing(layout: &Layout) -> Listing {
    // A folder that is not there yet has no containers.
    let containers = segments::containers(layout.folder()).unwrap_or_default().into_iter();
    containers
        .filter(|(container, _)| layout.follows(container))
        .flat_map(|(container, folder)| {
            let runs = layout.runs(&folder).into_iter();
            runs.map(move |(run, there)| (container.clone(), folder.clone(), run, there))
        })
        .collect()
}

fn submissions(blocks: &[Block], container: &str, reading: &Reading) -> Vec<Submission> {
    let settings = reading.settings.now();
    let component = reading.component.as_deref().unwrap_or(container);
    // Settings may change between two steps; what is remembered belongs to those of this one.
    let mut finisher = Finisher::new(&settings.rules, Some(component), settings.min_level());
    let place = Place { container: Some(container.to_owned()), ..reading.place.clone() };
    let mut one = |block| Some(submission(block, finisher.report(block)?.clone(), component, &place));
    blocks.iter().filter_map(&mut one).collect()
}

/// A finished report with what makes it a submission.
fn submission(block: &Block, report: Report, component: &str, place: &Place) -> Submission {
    let body = ReportBody {
        title: report.title(),
        report,
        full: true,
        component: Some(component.to_owned()),
        tags: Vec::new(),
        context: None,
    };
    let at = Timestamp::from_nanosecond(i128::from(block.at)).unwrap_or(Timestamp::UNIX_EPOCH);
    Submission {
        via: Via::Stderr,
        at,
        place: place.clone(),
        body: Submitted::Report(body),
        idempotency: None,
    }
}
