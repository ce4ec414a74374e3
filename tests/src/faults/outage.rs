//! A long outage of one part under load: nobody who reports notices, and everything arrives once the part is back.

use std::{
    fmt,
    fs::File,
    io::Write,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{
    Outcome, Plan, end, heal,
    load::{Load, Sample},
    offsets::Offsets,
    program::Program,
    rest,
    store::Kind,
    visits::Visitors,
    world::{Spools, World},
};
use crate::{parts::say, wait::pass};

/// What is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Killed; nobody listens at its port.
    Kafka,
    /// Takes no writes.
    Store,
}

/// How long the load runs before the outage and after it.
const AROUND: Duration = Duration::from_secs(5);

/// A commit of what was stored before may still be under way for so long.
const UNDER_WAY: Duration = Duration::from_secs(3);

/// Between two looks at the disk.
const BASELINE: Duration = Duration::from_millis(50);

/// What senders saw, and whether all arrived.
#[derive(Debug)]
pub struct Seen {
    /// Before the outage.
    pub before: Times,
    /// During it.
    pub during: Times,
    /// The same, minute by minute.
    pub minutes: Vec<Times>,
    /// What the disk takes for one record, written and synced at the same time: no durable answer is quicker.
    pub disk: Times,
    /// Whether the consumer's group stayed where it was.
    pub offsets_stood: bool,
    /// In the end.
    pub outcome: Outcome,
}

/// Times of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Times {
    /// Requests.
    pub requests: usize,
    /// Requests that were not answered, or with a status of 429, or of 500 and more.
    pub refused: usize,
    /// Milliseconds.
    pub median: f64,
    /// Milliseconds.
    pub p99: f64,
    /// Milliseconds.
    pub longest: f64,
}

impl Times {
    /// Of the requests that were sent between two points in time.
    pub fn of(samples: &[Sample], from: Instant, to: Instant) -> Self {
        let within: Vec<&Sample> =
            samples.iter().filter(|sample| sample.at >= from && sample.at < to).collect();
        let mut times: Vec<f64> = within.iter().map(|sample| sample.took.as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| times.get(times.len() * percent / 100).copied().unwrap_or_default();
        Self {
            requests: within.len(),
            refused: within.iter().filter(|sample| !(200..429).contains(&sample.status)).count(),
            median: at(50),
            p99: at(99),
            longest: times.last().copied().unwrap_or_default(),
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, refused, median, p99, longest } = self;
        write!(
            f,
            "{requests} requests, {refused} refused; answered in {median:.1} ms (median), {p99:.1} ms (p99), \
             {longest:.1} ms (longest)"
        )
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "before the outage: {}", self.before)?;
        writeln!(f, "during the outage: {}", self.during)?;
        for (number, minute) in (1..).zip(&self.minutes) {
            writeln!(f, "  minute {number:2}: {minute}")?;
        }
        writeln!(f, "the disk meanwhile: {}", self.disk)?;
        writeln!(f, "committed offsets stood still: {}", self.offsets_stood)?;
        write!(f, "{}", self.outcome)
    }
}

/// Lets a part be away for so long.
pub fn run(away: Away, length: Duration, seed: u64, store: Kind, programs: &Path) -> Result<Seen> {
    let mut world = World::start(programs, store, Spools::Usual)?;
    let load = Load::start(seed, 1, &world.doors());
    let visitors = Visitors::start(seed, 1, world.consumer.port);
    let disk = Disk::watch(&world.folder().join("baseline"))?;
    let begun = Instant::now();
    live(&mut world, AROUND)?;
    ensure!(load.requests() > 0, "nothing was sent");
    let from = Instant::now();
    say(&format!("{away:?} goes away for {} s", length.as_secs()));
    match away {
        Away::Kafka => world.kafka.kill()?,
        Away::Store => world.store.down()?,
    }
    let offsets_stood = stay_away(&mut world, away, length)?;
    let to = Instant::now();
    match away {
        Away::Kafka => world.kafka.revive()?,
        Away::Store => world.store.up()?,
    }
    say(&format!("{away:?} is back"));
    live(&mut world, AROUND)?;
    heal(&mut world)?;
    let (sent, visits) = end(load, visitors, &mut world)?;
    let before = Times::of(&sent.samples, begun + Duration::from_secs(2), from);
    let during = Times::of(&sent.samples, from, to);
    let minutes = minutes(&sent.samples, from, to);
    let disk = Times::of(&disk.end()?, from, to);
    let plan = Plan { seed, load: length, slow: 1, faults: Vec::new(), programs: programs.to_owned(), store };
    let outcome = rest(&mut world, (sent, visits), &plan, begun)?;
    if !outcome.wrong.is_empty() {
        world.keep();
    }
    Ok(Seen { before, during, minutes, disk, offsets_stood, outcome })
}

/// Writes and syncs one record now and then.
struct Disk {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<std::io::Result<Vec<Sample>>>,
}

impl Disk {
    fn watch(path: &Path) -> Result<Self> {
        let mut file = File::create(path).context("making a file to sync")?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut samples = Vec::new();
            while !stopped.load(Ordering::Acquire) {
                let at = Instant::now();
                file.write_all(&[b'x'; 512])?;
                file.sync_data()?;
                samples.push(Sample { at, took: at.elapsed(), status: 200 });
                pass(BASELINE);
            }
            Ok(samples)
        });
        Ok(Self { stop, thread })
    }

    fn end(self) -> Result<Vec<Sample>> {
        self.stop.store(true, Ordering::Release);
        let samples = self.thread.join().map_err(|_| anyhow::anyhow!("watching the disk ended badly"))?;
        samples.context("watching the disk")
    }
}

/// Each minute of a stretch, the rest of one included.
fn minutes(samples: &[Sample], from: Instant, to: Instant) -> Vec<Times> {
    const MINUTE: Duration = Duration::from_secs(60);
    let begins =
        std::iter::successors(Some(from), |begin| Some(*begin + MINUTE)).take_while(|begin| *begin < to);
    begins.map(|begin| Times::of(samples, begin, to.min(begin + MINUTE))).collect()
}

/// Returns whether the group's offsets stood still; nobody can ask while Kafka is away.
fn stay_away(world: &mut World, away: Away, length: Duration) -> Result<bool> {
    if away == Away::Kafka {
        live(world, length)?;
        return Ok(true);
    }
    live(world, UNDER_WAY.min(length))?;
    let Offsets { committed, ends } = world.offsets()?;
    live(world, length.saturating_sub(UNDER_WAY))?;
    let later = world.offsets()?;
    ensure!(later.ends > ends, "nothing was published during the outage");
    Ok(later.committed == committed)
}

fn live(world: &mut World, time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    while Instant::now() < end {
        world.all().try_for_each(Program::supervise)?;
        pass(super::TICK);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_their_stretch() {
        let start = Instant::now();
        let sample = |millis: u64, took: u64, status| Sample {
            at: start + Duration::from_millis(millis),
            took: Duration::from_millis(took),
            status,
        };
        let samples = [sample(0, 900, 202), sample(10, 4, 200), sample(20, 6, 503), sample(30, 5, 0)];
        let at = |millis| start + Duration::from_millis(millis);
        let times = Times::of(&samples, at(10), at(100));
        assert_eq!((times.requests, times.refused, times.median, times.longest), (3, 2, 5.0, 6.0));
        assert_eq!(Times::of(&[], start, start), Times::default());
        let counts: Vec<usize> =
            minutes(&samples, start, at(61_000)).iter().map(|minute| minute.requests).collect();
        assert_eq!(counts, [4, 0]);
    }
}
