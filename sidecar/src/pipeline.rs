//! The flow: gather what waits → take it in (window, seal) → write and sync → answer → send → tell.
//!
//! One task owns the spool. While a turn is on the disk the next hand-overs queue up, so each sync pays for all that
//! came during the one before. Nothing here waits for the other side: what it does not take stays in the spool.

mod work;

use std::{collections::HashMap, mem, time::Duration};

use issue::{
    id::IssueId,
    record::{LedgerBody, Place},
};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinHandle, spawn_blocking},
    time::{self, Instant},
};

use self::work::{Done, Work};
use crate::{
    accept::{AcceptError, Cursor, Job, Receipt},
    dedup,
    publish::{Event, Feed, Lane},
    shared::{self, Question},
    spool::{Spool, state::Moment},
    status::{Link, Status},
};

/// Hand-overs of one turn, and so of one sync.
const JOBS: usize = 512;

/// Bytes of hand-overs in one turn: what comes after waits for the next.
const TURN: usize = 1024 * 1024;

/// Records and bytes handed to the publisher and not acknowledged.
const FLIGHT: usize = 1000;
const FLIGHT_BYTES: u64 = 4 * 1024 * 1024;

/// The other side is behind when it holds a record back for so long.
const BEHIND: Duration = Duration::from_secs(2);

/// Then health says that it is down, though it has not said so itself.
const SILENT: Duration = Duration::from_secs(10);

/// Acknowledgements that nobody waits for are written after this long. A crash before it only sends a record again.
const LAZY: Duration = Duration::from_millis(100);

/// How often the ledger is sent, when it has changed.
const LEDGER: Duration = Duration::from_secs(30);

/// How often something is looked for that nothing else would find: old records, a disk that works again.
const ROUND: Duration = Duration::from_secs(5);

/// What the sidecar asks of its pipeline.
#[derive(Debug)]
pub enum Control {
    /// Count bytes of stderr that nobody could read. Answered with whether that is durable.
    Gap(u64, Option<Cursor>, oneshot::Sender<bool>),
    /// Seal everything and tell when all of it is acknowledged.
    Drain(oneshot::Sender<()>),
    /// Hold repeats together by these rules from now on.
    Window(dedup::Rules),
    /// Send the ledger, if it has changed.
    Ledger,
    /// Take no more hand-overs.
    Refuse,
    /// Write what waits, and end.
    End,
}

/// What became of one hand-over, and who wants to know.
type Answer = (oneshot::Sender<Result<Vec<Receipt>, AcceptError>>, Result<Vec<Receipt>, AcceptError>);

/// Everything that came since the last turn.
#[derive(Default)]
struct Turn {
    jobs: Vec<Job>,
    gaps: Vec<Gap>,
    ended: bool,
}

/// Bytes, the position behind them, and who wants to know.
type Gap = (u64, Option<Cursor>, oneshot::Sender<bool>);

/// The pipeline and what it knows.
pub struct Pipeline {
    /// Not there only while a turn is on the disk.
    spool: Option<Box<Spool>>,
    jobs: mpsc::Receiver<Job>,
    control: mpsc::Receiver<Control>,
    lane: Lane,
    status: Status,
    place: Place,
    shared: Option<shared::Lane>,
    epoch: Option<u64>,
    /// Records handed over in this epoch and not acknowledged, with their size.
    flight: HashMap<u64, u64>,
    flight_bytes: u64,
    /// The highest record handed over in this epoch.
    sent: u64,
    rebuilt: u64,
    drains: Vec<oneshot::Sender<()>>,
    ledger: Schedule,
    lazy: Option<Instant>,
    round: Instant,
    /// The latest turn left windows to decide.
    more: bool,
    /// What the log says of the spool already.
    said: Said,
}

/// What is said once, though it may happen thousands of times.
#[derive(Default)]
struct Said {
    full: bool,
    disk: bool,
}

struct Schedule {
    due: Instant,
    told: LedgerBody,
    now: bool,
}

/// Starts the task.
pub fn start(
    mut spool: Spool,
    jobs: mpsc::Receiver<Job>,
    control: mpsc::Receiver<Control>,
    lanes: (Lane, Option<shared::Lane>),
    status: Status,
    place: Place,
) -> JoinHandle<()> {
    let (lane, shared) = lanes;
    if shared.is_some() {
        spool.share();
    }
    let now = Instant::now();
    let mut pipeline = Pipeline {
        rebuilt: spool.rebuilt(),
        spool: Some(Box::new(spool)),
        jobs,
        control,
        lane,
        status,
        place,
        shared,
        epoch: None,
        flight: HashMap::new(),
        flight_bytes: 0,
        sent: 0,
        drains: Vec::new(),
        ledger: Schedule { due: now + LEDGER, told: LedgerBody::default(), now: false },
        lazy: None,
        round: now + ROUND,
        more: false,
        said: Said::default(),
    };
    pipeline.tell();
    tokio::spawn(pipeline.run())
}

impl Pipeline {
    async fn run(mut self) {
        loop {
            let turn = self.gather().await;
            let ended = turn.ended;
            let answers = self.record(turn).await;
            answers.into_iter().for_each(answer);
            self.ask();
            self.send();
            self.tell();
            if ended || self.spool.is_none() {
                return self.lane.task.abort();
            }
        }
    }

    /// Waits until there is something to do, then takes all that waits.
    async fn gather(&mut self) -> Turn {
        let mut turn = Turn::default();
        let wake = self.wake();
        tokio::select! {
            Some(job) = self.jobs.recv() => turn.jobs.push(job),
            control = self.control.recv() => self.control(control, &mut turn),
            Some(event) = self.lane.events.recv() => self.event(event),
            Some((issue, known)) = answers(&mut self.shared) => self.answer(issue, known),
            () = time::sleep_until(wake) => {}
        }
        while turn.jobs.len() < JOBS
            && let Ok(job) = self.jobs.try_recv()
        {
            turn.jobs.push(job);
        }
        while let Ok(event) = self.lane.events.try_recv() {
            self.event(event);
        }
        while let Ok(control) = self.control.try_recv() {
            self.control(Some(control), &mut turn);
        }
        turn
    }

    fn control(&mut self, control: Option<Control>, turn: &mut Turn) {
        match control {
            Some(Control::Gap(bytes, cursor, reply)) => turn.gaps.push((bytes, cursor, reply)),
            Some(Control::Drain(reply)) => self.drains.push(reply),
            Some(Control::Window(rules)) => {
                if let Some(spool) = &mut self.spool {
                    spool.set_windows(rules);
                }
            }
            Some(Control::Ledger) => self.ledger.now = true,
            Some(Control::Refuse) => self.jobs.close(),
            Some(Control::End) | None => turn.ended = true,
        }
    }

    fn event(&mut self, event: Event) {
        let Some(spool) = &mut self.spool else { return };
        match event {
            Event::Partitions(count) => {
                spool.partitions(count, moment());
                self.lazy.get_or_insert(Instant::now() + LAZY);
            }
            Event::Ready(epoch) => {
                self.epoch = Some(epoch);
                self.forget_flight();
            }
            Event::Acked(seq) => {
                self.flight_bytes -= self.flight.remove(&seq).unwrap_or(0);
                spool.acked(seq, moment());
                self.lazy.get_or_insert(Instant::now() + LAZY);
                self.status.update(|status| (status.publisher, status.last_error) = (Link::Up, None));
            }
            Event::Away(reason) => self.down(reason),
            Event::Back => {
                self.status.update(|status| (status.publisher, status.last_error) = (Link::Up, None));
            }
            Event::Failed(reason) => {
                self.epoch = None;
                self.forget_flight();
                self.down(reason);
            }
        }
    }

    fn down(&self, reason: String) {
        self.status.update(|status| (status.publisher, status.last_error) = (Link::Down, Some(reason)));
    }

    fn forget_flight(&mut self) {
        self.flight.clear();
        (self.flight_bytes, self.sent) = (0, 0);
    }

    /// When there is something to do even if nothing comes.
    fn wake(&self) -> Instant {
        let Some(spool) = &self.spool else { return Instant::now() };
        if self.more || spool.payable(self.behind(spool)) || (!self.drains.is_empty() && spool.sealable()) {
            return Instant::now();
        }
        let windows = spool.state().windows.deadline().map(Instant::from_std);
        let others = [windows, self.lazy].into_iter().flatten();
        others.fold(self.round.min(self.ledger.due), Instant::min)
    }

    /// Whether the other side does not keep up: then repeats are counted, not sealed.
    fn behind(&self, spool: &Spool) -> bool {
        self.epoch.is_none() || self.flight.len() >= FLIGHT || waited(spool) > BEHIND
    }

    /// Takes a turn to the disk and back.
    async fn record(&mut self, turn: Turn) -> Vec<Answer> {
        let Some(mut spool) = self.spool.take() else { return Vec::new() };
        let work = self.plan(turn, &spool);
        if !work.touches_the_disk() {
            self.spool = Some(spool);
            return Vec::new();
        }
        let at = moment();
        let worked = spawn_blocking(move || {
            let done = work.carry_out(&mut spool, at);
            (spool, done)
        });
        // A panic on the disk's thread loses the state: nobody is answered, the pipeline ends, a restart recovers.
        let Ok((spool, done)) = worked.await else {
            tracing::error!("the spool's thread panicked");
            return Vec::new();
        };
        self.spool = Some(spool);
        self.more = done.more;
        self.say(&done);
        done.answers
    }

    /// Says when the disk refuses or the spool is full, and when that is over.
    fn say(&mut self, done: &Done) {
        match &done.error {
            Some(error) => {
                if !mem::replace(&mut self.said.disk, true) {
                    tracing::error!(%error, "the spool cannot be written; nothing is taken in until it can");
                }
                self.status.update(|status| status.last_error = Some(format!("spool: {error}")));
            }
            None if done.written && mem::take(&mut self.said.disk) => {
                tracing::info!("the spool can be written again");
                self.status.update(|status| status.last_error = None);
            }
            None => {}
        }
        let any = |wanted: fn(&Result<Vec<Receipt>, AcceptError>) -> bool| {
            done.answers.iter().any(|(_, result)| wanted(result))
        };
        if any(|result| *result == Err(AcceptError::Full)) {
            if !mem::replace(&mut self.said.full, true) {
                tracing::warn!("the spool is full: senders are asked to wait until records are delivered");
            }
        } else if any(Result::is_ok) && mem::take(&mut self.said.full) {
            tracing::info!("the spool has room again");
        }
    }

    /// What a turn has to do besides what came.
    fn plan(&mut self, turn: Turn, spool: &Spool) -> Work {
        let (now, behind) = (Instant::now(), self.behind(spool));
        let due = |at: Instant| at <= now;
        let round = due(self.round);
        if round {
            self.round = now + ROUND;
        }
        let lazy = self.lazy.is_some_and(due);
        if lazy || !turn.jobs.is_empty() {
            self.lazy = None;
        }
        Work {
            ledger: self.ledger_due(spool, now, behind),
            windows: self.more
                || spool.payable(behind)
                || spool.state().windows.deadline().map(Instant::from_std).is_some_and(due),
            drain: !self.drains.is_empty() && spool.sealable(),
            flush: lazy || turn.ended,
            ended: turn.ended,
            behind,
            round,
            jobs: turn.jobs,
            gaps: turn.gaps,
        }
    }

    fn ledger_due(&mut self, spool: &Spool, now: Instant, behind: bool) -> Option<Place> {
        let asked = mem::take(&mut self.ledger.now);
        if self.ledger.due <= now {
            self.ledger.due = now + LEDGER;
        } else if !asked {
            return None;
        }
        let totals = spool.ledger();
        // While the other side is behind, one ledger record after another would only fill the spool.
        if totals == self.ledger.told || (behind && !asked) {
            return None;
        }
        self.ledger.told = totals;
        Some(self.place.clone())
    }

    /// Asks the shared window. What it cannot be asked is answered no.
    fn ask(&mut self) {
        let (Some(spool), Some(lane)) = (&mut self.spool, &self.shared) else { return };
        for question in spool.questions() {
            if let Err(refused) = lane.ask.try_send(question)
                && let Question::Known(sample) = refused.into_inner()
            {
                spool.answer(sample.issue, false);
            }
        }
    }

    fn answer(&mut self, issue: IssueId, known: bool) {
        if let Some(spool) = &mut self.spool {
            spool.answer(issue, known);
        }
    }

    /// Hands over what is sealed and durable, as far as the other side keeps up.
    fn send(&mut self) {
        let Some(spool) = &mut self.spool else { return };
        if spool.rebuilt() != self.rebuilt && self.lane.feed.try_send(Feed::Reset).is_ok() {
            (self.rebuilt, self.epoch) = (spool.rebuilt(), None);
        }
        let Some(epoch) = self.epoch else { return };
        while self.flight.len() < FLIGHT && self.flight_bytes < FLIGHT_BYTES {
            let record = match spool.outgoing(self.sent) {
                Ok(Some(record)) => record,
                Ok(None) => return,
                Err(error) => return tracing::error!(%error, "a sealed record cannot be read"),
            };
            let (seq, size) = (record.seq, record.payload.len() as u64);
            if self.lane.feed.try_send(Feed::Record(epoch, record)).is_err() {
                return;
            }
            self.sent = seq;
            self.flight.insert(seq, size);
            self.flight_bytes += size;
        }
    }

    /// Tells whoever waits or looks.
    fn tell(&mut self) {
        let Some(spool) = &self.spool else { return };
        // Whoever waited for the drain reads the status next.
        self.status.update(|status| spool.tell(status));
        if spool.drained() {
            for drain in self.drains.drain(..) {
                // Whoever asked may have run out of time.
                drain.send(()).unwrap_or_default();
            }
        }
        if waited(spool) > SILENT && self.status.read().publisher == Link::Up {
            self.down(format!("nothing was acknowledged for {} s", waited(spool).as_secs()));
        }
    }
}

/// The next answer of the shared window; never without one.
async fn answers(shared: &mut Option<shared::Lane>) -> Option<shared::Answer> {
    match shared {
        Some(lane) => lane.answers.recv().await,
        None => std::future::pending().await,
    }
}

/// How long the lowest unacknowledged record has been waiting.
fn waited(spool: &Spool) -> Duration {
    let oldest = spool.state().sealed.front();
    oldest.map_or(Duration::ZERO, |sealed| moment().now.duration_since(sealed.since))
}

/// Now.
pub fn moment() -> Moment {
    // Tokio's clock, so that a test can move it.
    Moment { now: Instant::now().into_std(), wall: Timestamp::now() }
}

fn answer((reply, result): Answer) {
    // Whoever asked may be gone; the hand-over counts all the same.
    reply.send(result).unwrap_or_default();
}

#[cfg(test)]
mod tests;
