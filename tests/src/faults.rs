//! The fault suite: known reports over every way in while everything that can die, freeze, fill up or jump does; then
//! what is stored is held against what was acknowledged.
//!
//! Real parts only: Kafka, sidecars, consumer, shim, store, all as processes of their own. The modules in the order of a
//! run: [`schedule`] deals the faults out of a seed, [`world`] starts the parts, [`load`] sends reports and notes in the
//! [`book`] what was acknowledged, this module does what the schedule says, and [`compare`] finds what is wrong.

pub mod book;
pub mod broken;
pub mod client;
pub mod clock;
pub mod compare;
pub mod dice;
pub mod disk;
pub mod load;
pub mod offsets;
pub mod outage;
pub mod program;
pub mod proxy;
pub mod replay;
pub mod schedule;
pub mod store;
pub mod visits;
pub mod world;

use std::{
    collections::VecDeque,
    fmt,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use self::{
    compare::{Compared, compare, ledgers, stored},
    load::{Load, Sent},
    offsets::Offsets,
    program::Program,
    proxy::Network,
    schedule::{Fault, Planned, Who},
    visits::Visitors,
    world::{Spools, World},
};
use crate::{parts::say, wait::pass};

/// How often the driver looks at the time and at the programs.
const TICK: Duration = Duration::from_millis(10);

/// So many lines are shown of each sort of trouble; all are counted.
const SHOWN: usize = 12;

/// How long a step towards rest may take, once nothing is broken any more.
const PATIENCE: Duration = Duration::from_secs(180);

/// A run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The load follows from it.
    pub seed: u64,
    /// How long reports are sent.
    pub load: Duration,
    /// Pauses between requests are so many times as long as usual.
    pub slow: u64,
    /// What is done meanwhile.
    pub faults: Vec<Planned>,
    /// The folder of the binaries under test.
    pub programs: PathBuf,
    /// Where issues are kept.
    pub store: store::Kind,
}

impl Plan {
    /// Every sort of fault, at random.
    pub fn random(seed: u64, load: Duration, store: store::Kind, programs: PathBuf) -> Self {
        Self { seed, load, slow: 1, faults: schedule::schedule(seed, load, store), programs, store }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Of the plan.
    pub seed: u64,
    /// How many faults there were.
    pub faults: usize,
    /// Requests that were sent, repetitions among them.
    pub requests: usize,
    /// Records that were written to the topic a second time.
    pub replayed: usize,
    /// Programs that ended by themselves and were started again.
    pub ended: Vec<String>,
    /// Faults that could not be made.
    pub left_out: Vec<String>,
    /// Stored against acknowledged.
    pub compared: Compared,
    /// The same of visits.
    pub visits: visits::Compared,
    /// Everything that is wrong.
    pub wrong: Vec<String>,
    /// From the first report to rest.
    pub took: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "seed {}: {} faults, {} requests, {} records written twice, {:.0} s",
            self.seed,
            self.faults,
            self.requests,
            self.replayed,
            self.took.as_secs_f64()
        )?;
        writeln!(f, "  {}", self.compared)?;
        writeln!(f, "  {}", self.visits)?;
        for (what, lines) in
            [("left out", &self.left_out), ("ended by itself", &self.ended), ("WRONG", &self.wrong)]
        {
            for line in lines.iter().take(SHOWN) {
                writeln!(f, "  {what}: {line}")?;
            }
        }
        let verdict = if self.wrong.is_empty() { "exact" } else { "NOT EXACT" };
        write!(f, "  result: {verdict}, {} things wrong", self.wrong.len())
    }
}

/// Carries a plan out.
pub fn run(plan: &Plan) -> Result<Outcome> {
    let mut world = World::start(&plan.programs, plan.store, Spools::Small)?;
    let begun = Instant::now();
    let load = Load::start(plan.seed, plan.slow, &world.doors());
    let visitors = Visitors::start(plan.seed, plan.slow, world.consumer.port);
    let mut steps = steps(&plan.faults);
    while begun.elapsed() < plan.load || !steps.is_empty() {
        while let Some(step) = steps.pop_front_if(|step| step.at <= begun.elapsed()) {
            say(&format!("{:7.2} s  {}", begun.elapsed().as_secs_f64(), step));
            apply(&mut world, &step)?;
        }
        world.all().try_for_each(Program::supervise)?;
        pass(TICK);
    }
    heal(&mut world)?;
    let sent = end(load, visitors, &mut world)?;
    let outcome = rest(&mut world, sent, plan, begun);
    if outcome.as_ref().map_or(true, |outcome| !outcome.wrong.is_empty()) {
        world.keep();
    }
    outcome
}

/// A beginning or an end of a fault.
struct Step {
    at: Duration,
    begins: bool,
    fault: Fault,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", if self.begins { "begins" } else { "ends  " }, self.fault)
    }
}

fn steps(faults: &[Planned]) -> VecDeque<Step> {
    let both = faults.iter().flat_map(|&Planned { at, lasts, fault }| {
        [Step { at, begins: true, fault }, Step { at: at + lasts, begins: false, fault }]
    });
    let mut steps: Vec<Step> = both.collect();
    steps.sort_by_key(|step| step.at);
    steps.into()
}

fn apply(world: &mut World, step: &Step) -> Result<()> {
    let begins = step.begins;
    let net = |world: &World, network| {
        world.proxy.set(if begins { network } else { Network::Open });
        Ok(())
    };
    match step.fault {
        Fault::KillSidecar(number) => restart(world.sidecars.get_mut(number), begins),
        Fault::KillConsumer => restart(Some(&mut world.consumer), begins),
        Fault::FreezeSidecar(number) => {
            world.sidecars.get_mut(number).map_or(Ok(()), |sidecar| sidecar.freeze(begins))
        }
        Fault::FreezeConsumer => world.consumer.freeze(begins),
        Fault::KillKafka if begins => world.kafka.kill(),
        Fault::KillKafka => world.kafka.revive(),
        Fault::FreezeKafka if begins => world.kafka.stop(),
        Fault::FreezeKafka => world.kafka.cont(),
        Fault::Cut => net(world, Network::Cut),
        Fault::Mute => net(world, Network::Mute),
        Fault::Slow => net(world, Network::Slow),
        Fault::FullDisk(number) => match world.disks.get(number) {
            Some(disk) if begins => disk.fill(),
            Some(disk) => disk.empty(),
            None => Ok(()),
        },
        Fault::Clock(who, seconds) => {
            clock(world, who).map_or(Ok(()), |clock| clock.jump(if begins { seconds } else { 0 }))
        }
        Fault::ClockForGood(who, seconds) => clock(world, who).map_or(Ok(()), |clock| clock.jump(seconds)),
        Fault::Join if begins => world.join(),
        Fault::Join => world.leave(),
        Fault::StoreDown if begins => world.store.down(),
        Fault::StoreDown => world.store.up(),
        Fault::StoreNetwork(network) => {
            world.store.network(if begins { network } else { Network::Open });
            Ok(())
        }
        Fault::Replay => {
            if begins {
                world.replay();
            }
            Ok(())
        }
    }
}

fn restart(program: Option<&mut Program>, begins: bool) -> Result<()> {
    match program {
        Some(program) if begins => program.kill(),
        Some(program) => program.start(),
        None => Ok(()),
    }
}

fn clock(world: &World, who: Who) -> Option<&clock::Clock> {
    match who {
        Who::Sidecar(number) => world.sidecars.get(number)?.clock.as_ref(),
        Who::Consumer => world.consumer.clock.as_ref(),
    }
}

/// Every fault has ended: waits until all answer.
fn heal(world: &mut World) -> Result<()> {
    world.kafka_serves()?;
    world.ready()
}

/// Ends the load; requests with a name are repeated until they are answered, so the programs are looked after.
fn end(load: Load, visitors: Visitors, world: &mut World) -> Result<(Sent, visits::Book)> {
    let ending = thread::spawn(move || {
        let (book, trouble) = visitors.end();
        let mut sent = load.end();
        sent.trouble.extend(trouble);
        (sent, book)
    });
    while !ending.is_finished() {
        world.all().try_for_each(Program::supervise)?;
        pass(TICK);
    }
    ending.join().map_err(|_| anyhow::anyhow!("the load did not end"))
}

/// Waits until everything has gone its way, ends the sidecars, and compares.
fn rest(
    world: &mut World,
    (sent, book): (Sent, visits::Book),
    plan: &Plan,
    begun: Instant,
) -> Result<Outcome> {
    let replayed = world.replayed();
    let reached = |what: &str| say(&format!("{:7.2} s  {what}", begun.elapsed().as_secs_f64()));
    reached("the load has ended");
    // A window may stay open for minutes; a sidecar that is told to end closes it and sends what is left.
    for sidecar in &mut world.sidecars {
        sidecar.terminate(PATIENCE)?;
    }
    reached("the sidecars have sent everything");
    read(world)?;
    reached("the consumer has stored everything");
    let compared = compare(&sent.book, &stored(world.consumer.port)?);
    let mut wrong = compared.wrong.clone();
    wrong.extend(ledgers(world, &compared));
    wrong.extend(sent.trouble);
    let told = visits::told(&book, world.consumer.port)?;
    reached("the incidents are told");
    world.consumer.terminate(PATIENCE)?;
    let visits = world.compare_visits(&book, &told)?;
    wrong.extend(visits.wrong.clone());
    let mut ended = Vec::new();
    for program in world.all() {
        ended.extend(program.ended.iter().map(|how| format!("{} {how}", program.name)));
        let log = program.log()?;
        wrong.extend(log.lines().filter(|line| line.contains("panicked at")).map(str::to_owned));
    }
    let (seed, faults, requests) = (plan.seed, plan.faults.len(), sent.samples.len());
    let left_out = world.left_out.clone();
    let took = begun.elapsed();
    Ok(Outcome { seed, faults, requests, replayed, ended, left_out, compared, visits, wrong, took })
}

/// Whether the consumer says that nothing is behind.
fn heard(consumer: &Program) -> bool {
    consumer.health().is_some_and(|health| health["lag"] == 0)
}

/// Waits until the consumer has read everything. A machine that does much else is slow: only standing still is in vain.
fn read(world: &mut World) -> Result<()> {
    let mut deadline = Instant::now() + PATIENCE;
    let (mut known, mut counted) = (Offsets::default(), None);
    loop {
        let offsets = world.offsets();
        match &offsets {
            // The brokers know of a commit before the consumer has heard so.
            Ok(offsets)
                if offsets.done()
                    && heard(&world.consumer)
                    && world.events_offsets().is_ok_and(|events| events.done()) =>
            {
                return Ok(());
            }
            Ok(offsets) if *offsets != known => {
                (deadline, known) = (Instant::now() + PATIENCE, offsets.clone());
            }
            _ => {}
        }
        // After an outage a batch may hold a minute of writes, and offsets follow it.
        let ledger = world.consumer.health().and_then(|health| health.get("ledger").cloned());
        if ledger.is_some() && ledger != counted {
            (deadline, counted) = (Instant::now() + PATIENCE, ledger);
        }
        ensure!(
            Instant::now() < deadline,
            "the consumer does not read everything: {offsets:?}; {:?}",
            world.sidecars.iter().chain([&world.consumer]).map(Program::health).collect::<Vec<_>>()
        );
        world.all().try_for_each(Program::supervise)?;
        pass(Duration::from_millis(300));
    }
}
