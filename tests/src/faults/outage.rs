//! A long outage of one part under load: nobody who reports notices, and everything arrives once the part is back.

use std::{
    fmt,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use super::{
    Outcome, Plan, end, heal,
    load::{Load, Sample},
    offsets::Offsets,
    program::Program,
    rest,
    world::World,
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
const AROUND: Duration = Duration::from_secs(8);

/// A commit of what was stored before may still be under way for so long.
const UNDER_WAY: Duration = Duration::from_secs(3);

/// What senders saw, and whether all arrived.
#[derive(Debug)]
pub struct Seen {
    /// Before the outage.
    pub before: Times,
    /// During it.
    pub during: Times,
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
        writeln!(f, "committed offsets stood still: {}", self.offsets_stood)?;
        write!(f, "{}", self.outcome)
    }
}

/// Lets a part be away for so long.
pub fn run(away: Away, length: Duration, seed: u64, programs: &Path) -> Result<Seen> {
    let mut world = World::start(programs)?;
    let load = Load::start(seed, 1, &world.doors());
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
        Away::Store => world.store.up(),
    }
    say(&format!("{away:?} is back"));
    live(&mut world, AROUND)?;
    heal(&mut world)?;
    let sent = end(load, &mut world)?;
    let before = Times::of(&sent.samples, begun + Duration::from_secs(2), from);
    let during = Times::of(&sent.samples, from, to);
    let plan = Plan { seed, load: length, slow: 1, faults: Vec::new(), programs: programs.to_owned() };
    let outcome = rest(&mut world, sent, &plan, begun)?;
    if !outcome.wrong.is_empty() {
        world.keep();
    }
    Ok(Seen { before, during, offsets_stood, outcome })
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
    }
}
