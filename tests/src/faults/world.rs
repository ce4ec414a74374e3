//! Everything that a run needs: a real Kafka behind a proxy, two sidecars, a consumer, a store, all with clocks of their own.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use kafka::{settings::Settings, topics};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{
    clock::Clock,
    disk::{self, Disk},
    load::Door,
    offsets::{self, Offsets},
    program::Program,
    proxy::Proxy,
    replay::replay,
    store::{Kind, Store},
    visits,
};
use crate::{
    parts::{self, kafka::Kafka, ports, process::Process, say},
    wait::pass,
};

/// Whose reports are sent.
pub const TRACKER: &str = "payments/main";
const TOPIC: &str = "issuetracker.payments.main";
const GROUP: &str = "issuetracker-consumer.payments/main";
const EVENTS: &str = "issuetracker.payments.main.events";
const EVENTS_GROUP: &str = "issuetracker-consumer.payments/main.events";

/// Sidecars of a run.
pub const SIDECARS: usize = 2;

const PARTITIONS: u32 = 6;
const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// MiB of the small disk under a spool, and of that spool: one that is compacted needs room for two.
const DISK: u64 = 40;
const SPOOL: u64 = 16;

/// MiB of a spool on the machine's disk: the sidecar's default.
const USUAL_SPOOL: u64 = 32;

/// What spools lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spools {
    /// Small disks that can be filled up. They are in memory, so syncing costs nothing.
    Small,
    /// The machine's disk, where syncing costs what it costs.
    Usual,
}

/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// The name of a run's folder begins so, followed by the process's id.
const PREFIX: &str = "issuetracker-faults-";

/// The parts of one run.
#[derive(Debug)]
pub struct World {
    /// The sidecars.
    pub sidecars: Vec<Program>,
    /// The consumer.
    pub consumer: Program,
    /// Between all of them and Kafka.
    pub proxy: Proxy,
    /// The broker.
    pub kafka: Kafka,
    /// Where issues are kept.
    pub store: Store,
    /// The disks under the spools; none where they cannot be mounted.
    pub disks: Vec<Disk>,
    /// Faults that this user cannot make, each with the reason.
    pub left_out: Vec<String>,
    programs: PathBuf,
    member: Option<Process>,
    replays: Vec<Replay>,
    folder: TempDir,
    runtime: Runtime,
}

type Replay = tokio::task::JoinHandle<Result<usize, tokio::time::error::Elapsed>>;

impl World {
    /// Starts all parts. `programs` is the folder of the binaries under test.
    pub fn start(programs: &Path, store: Kind, spools: Spools) -> Result<Self> {
        disk::clean(PREFIX)?;
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir()?;
        let runtime = Runtime::new()?;
        let proxy = Proxy::listen(ports::free()?)?;
        let port = ports::free()?;
        proxy.to(port);
        let kafka = runtime.block_on(Kafka::start_at(port, proxy.port()))?;
        for topic in [TOPIC, EVENTS] {
            let settings = Settings::new(kafka.bootstrap(), topic);
            runtime.block_on(topics::ensure(&settings, PARTITIONS, WEEK))?;
        }
        let (mut disks, mut left_out) = (Vec::new(), Vec::new());
        for number in (0..SIDECARS).filter(|_| spools == Spools::Small) {
            match Disk::mount(&folder.path().join(format!("disk-{number}")), DISK) {
                Ok(disk) => disks.push(disk),
                Err(error) => left_out.push(format!("a full disk: {error:#}")),
            }
        }
        left_out.dedup();
        let store = Store::start(store, folder.path())?;
        let limit = (if spools == Spools::Small { SPOOL } else { USUAL_SPOOL }) << 20;
        let sidecar = |number| sidecar(programs, folder.path(), number, limit, proxy.port());
        let sidecars = (0..SIDECARS).map(sidecar).collect::<Result<Vec<_>>>()?;
        let consumer = consumer(programs, folder.path(), &store, proxy.port())?;
        let mut world = Self {
            sidecars,
            consumer,
            proxy,
            kafka,
            store,
            disks,
            left_out,
            programs: programs.to_owned(),
            member: None,
            replays: Vec::new(),
            folder,
            runtime,
        };
        world.all().try_for_each(Program::start)?;
        world.ready()?;
        Ok(world)
    }

    /// The programs under test.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Program> {
        self.sidecars.iter_mut().chain([&mut self.consumer])
    }

    /// Waits until all programs answer.
    pub fn ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for program in self.all() {
            while program.health().is_none() {
                ensure!(
                    Instant::now() < deadline,
                    "{} does not answer: {}",
                    program.name,
                    program.log().unwrap_or_default()
                );
                program.supervise()?;
                pass(Duration::from_millis(50));
            }
        }
        Ok(())
    }

    /// Where reports are taken.
    pub fn doors(&self) -> Vec<Door> {
        let door = |(number, sidecar): (usize, &Program)| Door {
            port: sidecar.port,
            segments: self.folder.path().join(format!("segments-{number}")),
            shim: self.programs.join("issuetracker-shim"),
        };
        self.sidecars.iter().enumerate().map(door).collect()
    }

    /// Waits until Kafka, told to run already, serves.
    pub fn kafka_serves(&mut self) -> Result<()> {
        self.runtime.block_on(self.kafka.serves())
    }

    /// A second member joins the consumer's group: it reads its share and commits nothing.
    pub fn join(&mut self) -> Result<()> {
        let brokers = format!("127.0.0.1:{}", self.proxy.port());
        let mut reader = Command::new(parts::binary("kafka-reader")?);
        reader.args([brokers.as_str(), TOPIC, GROUP, "0"]);
        reader.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        self.member = Some(Process::start(&mut reader, None)?);
        Ok(())
    }

    /// It dies.
    pub fn leave(&mut self) -> Result<()> {
        self.member.take().map_or(Ok(()), |mut member| member.kill())
    }

    /// Begins to write every record of the topics to them once more. It takes a while, and where Kafka is away half-way it
    /// begins anew: then some records were written more than twice.
    pub fn replay(&mut self) {
        for topic in [TOPIC, EVENTS] {
            self.replay_one(Settings::new(self.kafka.bootstrap(), topic));
        }
    }

    fn replay_one(&mut self, settings: Settings) {
        let again = async move {
            loop {
                match replay(settings.clone()).await {
                    Ok(records) => return records,
                    Err(error) => say(&format!("records are not written again yet: {error:#}")),
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        let replay = async move { tokio::time::timeout(PATIENCE, again).await };
        self.replays.push(self.runtime.spawn(replay));
    }

    /// Waits for all of that; says how many records were written again.
    pub fn replayed(&mut self) -> usize {
        let replays: Vec<_> = self.replays.drain(..).collect();
        let written = |replay| match self.runtime.block_on(replay) {
            Ok(Ok(records)) => records,
            Ok(Err(_)) | Err(_) => 0,
        };
        replays.into_iter().map(written).sum()
    }

    /// How far the consumer's group has come.
    pub fn offsets(&self) -> Result<Offsets> {
        offsets::ask(&self.kafka.bootstrap(), TOPIC, GROUP, PARTITIONS.cast_signed())
    }

    /// How far it has come with events of front ends.
    pub fn events_offsets(&self) -> Result<Offsets> {
        offsets::ask(&self.kafka.bootstrap(), EVENTS, EVENTS_GROUP, PARTITIONS.cast_signed())
    }

    /// Holds the sessions in the store against what is known of visits. The consumer has ended.
    pub fn compare_visits(
        &self,
        book: &visits::Book,
        told: &BTreeMap<String, usize>,
    ) -> Result<visits::Compared> {
        self.runtime.block_on(async { visits::compare(book, told, &*self.store.open()?).await })
    }

    /// Where everything of the run lies.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder, for a look at it, and says where it is.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
        say(&format!("the run's folder is kept: {}", self.folder.path().display()));
    }
}

fn sidecar(programs: &Path, folder: &Path, number: usize, spool: u64, kafka: u16) -> Result<Program> {
    let name = format!("sidecar-{number}");
    let inner = |inner: String| folder.join(inner).display().to_string();
    let environment = vec![
        ("ISSUETRACKER_TRACKER", TRACKER.to_owned()),
        ("ISSUETRACKER_TOPIC", TOPIC.to_owned()),
        ("ISSUETRACKER_KAFKA_BROKERS", format!("127.0.0.1:{kafka}")),
        ("ISSUETRACKER_SPOOL_DIR", inner(format!("disk-{number}/spool"))),
        ("ISSUETRACKER_SPOOL_LIMIT", spool.to_string()),
        ("ISSUETRACKER_SEGMENTS_DIR", inner(format!("segments-{number}"))),
        ("ISSUETRACKER_WINDOW", "1".to_owned()),
        ("ISSUETRACKER_GRACE", "120".to_owned()),
        ("POD_NAMESPACE", "payments".to_owned()),
        ("POD_NAME", format!("api-{number}")),
        ("WORKLOAD_NAME", "api".to_owned()),
    ];
    let path = programs.join("issuetracker-sidecar");
    let log = folder.join(format!("{name}.log"));
    Ok(Program::new(&name, path, ports::free()?, environment, Some(Clock::new(folder, &name)?), log))
}

fn consumer(programs: &Path, folder: &Path, store: &Store, kafka: u16) -> Result<Program> {
    let mut environment = vec![
        ("ISSUETRACKER_TRACKER", TRACKER.to_owned()),
        ("ISSUETRACKER_TOPIC", TOPIC.to_owned()),
        ("ISSUETRACKER_KAFKA_BROKERS", format!("127.0.0.1:{kafka}")),
    ];
    environment.extend(store.environment());
    let told = folder.join("frustration.json");
    std::fs::write(&told, visits::SETTINGS).context("writing what the consumer is told of front ends")?;
    environment.push(("ISSUETRACKER_FRUSTRATION", told.display().to_string()));
    let path = programs.join("issuetracker-consumer");
    ensure!(path.is_file(), "{} is not built", path.display());
    let clock = Clock::new(folder, "consumer").context("the consumer's clock")?;
    Ok(Program::new("consumer", path, ports::free()?, environment, Some(clock), folder.join("consumer.log")))
}
