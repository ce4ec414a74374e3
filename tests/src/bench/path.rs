//! The whole path as it runs in a cluster: a sidecar and a consumer as processes of their own, a real Kafka between them.
//!
//! Everything stands on one machine, the generators too, so the figures are what is left for each. All load is bounded in
//! number and time and goes to 127.0.0.1.

mod load;
mod read;
mod storm;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use kafka::{settings::Settings, topics};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use self::load::{Burst, burst, envelope, reports};
use super::{Figure, intake::syncs, usage::Usage};
use crate::{
    faults::{offsets, program::Program},
    parts::{kafka::Kafka, ports, say},
    programs::binary,
    wait::pass,
};

const TRACKER: &str = "payments/main";
const TOPIC: &str = "issuetracker.payments.main";
const GROUP: &str = "issuetracker-consumer.payments/main";
const PARTITIONS: u32 = 6;

/// How long one sort of load lasts.
const STRETCH: Duration = Duration::from_secs(8);

/// How long what was sent may take to arrive.
const PATIENCE: Duration = Duration::from_secs(300);

/// What is measured.
struct Bench {
    sidecar: Program,
    consumer: Program,
    kafka: Kafka,
    folder: TempDir,
    runtime: Runtime,
}

/// A sort of request: its name, its path, its media type, and its nth body.
type Sort = (&'static str, &'static str, &'static str, fn(u64) -> String);

/// Measures everything, and says on the way what it does.
pub fn figures() -> Result<Vec<Figure>> {
    let mut bench = Bench::start()?;
    let mut figures = Vec::new();
    figures.extend(bench.idle()?);
    let sync = syncs(bench.folder.path())?;
    figures.extend(bench.answers("Kafka up", sync)?);
    bench.kafka.kill()?;
    figures.extend(bench.answers("Kafka down", sync)?);
    bench.runtime.block_on(bench.kafka.restart())?;
    bench.arrived()?;
    figures.extend(read::visible(&bench)?);
    bench.arrived()?;
    figures.extend(storm::storm(&mut bench)?);
    figures.extend(read::consumer(&mut bench)?);
    Ok(figures)
}

impl Bench {
    fn start() -> Result<Self> {
        say("bench: starting Kafka, a sidecar and a consumer");
        let runtime = Runtime::new()?;
        let kafka = runtime.block_on(Kafka::start())?;
        let settings = Settings::new(kafka.bootstrap(), TOPIC);
        runtime.block_on(topics::ensure(&settings, PARTITIONS, Duration::from_secs(86_400)))?;
        let folder = tempfile::tempdir()?;
        let sidecar = program(
            "sidecar",
            folder.path(),
            &kafka,
            &[
                ("ISSUETRACKER_SPOOL_DIR", folder.path().join("spool").display().to_string()),
                ("ISSUETRACKER_TRACKER", TRACKER.to_owned()),
                ("ISSUETRACKER_TOPIC", TOPIC.to_owned()),
            ],
        )?;
        let consumer = program(
            "consumer",
            folder.path(),
            &kafka,
            &[
                ("ISSUETRACKER_STORE", format!("sqlite:{}", folder.path().join("issues.db").display())),
                ("ISSUETRACKER_TRACKER", TRACKER.to_owned()),
                ("ISSUETRACKER_TOPIC", TOPIC.to_owned()),
            ],
        )?;
        Ok(Self { sidecar, consumer, kafka, folder, runtime })
    }

    /// Memory when there is nothing to do.
    fn idle(&self) -> Result<Vec<Figure>> {
        pass(Duration::from_secs(5));
        [("sidecar", &self.sidecar), ("consumer", &self.consumer)]
            .map(|(name, program)| Ok(memory(&format!("{name}: resident, idle"), usage(program)?.resident)))
            .into_iter()
            .collect()
    }

    /// Durable answers a second, and what they cost.
    fn answers(&self, when: &str, sync: f64) -> Result<Vec<Figure>> {
        let mut figures = Vec::new();
        let sorts: [Sort; 2] = [
            ("JSON reports", "/api/v1/reports", "application/json", reports),
            ("Sentry, 5 KB", "/api/1/envelope/", "application/x-sentry-envelope", envelope),
        ];
        for (sort, path, media, body) in sorts {
            say(&format!("bench: {sort}, {when}"));
            let before = usage(&self.sidecar)?;
            let Burst { rate, p50, p99, answered, refused } =
                burst(self.sidecar.port, path, media, body, STRETCH)?;
            let after = usage(&self.sidecar)?;
            ensure!(answered > 0, "nothing was answered");
            let name = |what: &str| format!("{sort}, {when}: {what}");
            let baseline = Some(("write + fdatasync".to_owned(), sync));
            figures.push(Figure { name: name("acknowledged"), value: rate, unit: "reports/s", baseline });
            figures.push(time(&name("median"), p50));
            figures.push(time(&name("p99"), p99));
            figures.push(plain(&name("refused for want of room"), refused as f64, "requests"));
            let busy = (after.busy - before.busy).as_secs_f64() / STRETCH.as_secs_f64();
            figures.push(plain(&name("sidecar's share of a core"), busy, "cores"));
            figures.push(memory(&name("sidecar resident"), after.resident));
        }
        Ok(figures)
    }

    /// Waits until everything that was accepted is stored.
    fn arrived(&self) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let spooled =
                self.sidecar.health().and_then(|health| health.pointer("/ledger/spooled")?.as_u64());
            let offsets = offsets::ask(&self.kafka.bootstrap(), TOPIC, GROUP, PARTITIONS.cast_signed());
            if spooled == Some(0) && offsets.as_ref().is_ok_and(offsets::Offsets::done) {
                return Ok(begun.elapsed());
            }
            ensure!(begun.elapsed() < PATIENCE, "not everything arrives: {spooled:?}, {offsets:?}");
            pass(Duration::from_millis(200));
        }
    }
}

/// Starts one of our programs and waits until it answers.
fn program(name: &str, folder: &Path, kafka: &Kafka, more: &[(&'static str, String)]) -> Result<Program> {
    let mut environment = more.to_vec();
    environment.push(("ISSUETRACKER_KAFKA_BROKERS", kafka.bootstrap()));
    let path = binary(&format!("issuetracker-{name}"));
    let log = folder.join(format!("{name}.log"));
    let mut program = Program::new(name, path, ports::free()?, environment, None, log);
    program.start()?;
    let begun = Instant::now();
    while program.health().is_none() {
        ensure!(begun.elapsed() < PATIENCE, "{name} does not answer: {:?}", program.log());
        pass(Duration::from_millis(50));
    }
    Ok(program)
}

fn usage(program: &Program) -> Result<Usage> {
    Usage::of(program.id().context("a program that runs")?)
}

fn plain(name: &str, value: f64, unit: &'static str) -> Figure {
    Figure { name: name.to_owned(), value, unit, baseline: None }
}

fn time(name: &str, took: Duration) -> Figure {
    plain(name, took.as_secs_f64() * 1000.0, "ms")
}

fn memory(name: &str, mib: f64) -> Figure {
    plain(name, mib, "MiB")
}
