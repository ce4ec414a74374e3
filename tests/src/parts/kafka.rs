//! A real Kafka broker: one node in KRaft mode, on free ports of 127.0.0.1, with a folder of its own.

mod pods;
mod secured;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kafka::settings::Settings;
use rustix::process::Signal;
use tempfile::TempDir;

pub use self::secured::{MECHANISMS, PASSWORD, Secured};
use super::process::Process;
use super::{Tool, need, ports, prepare, ran, run, say};

/// The version under test.
pub const VERSION: &str = "4.1.1";

/// How long a broker may take to serve, on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(120);

const TOOLS: &[Tool] =
    &[Tool { program: "java", package: "default-jre-headless" }, Tool { program: "mvn", package: "maven" }];

/// A test broker needs little memory and lives shortly, so it starts fast rather than runs fast.
const JVM: &[&str] = &["-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"];

/// Fetches Kafka when it is not there yet. Returns the folder of its jars.
pub fn ready() -> Result<PathBuf> {
    need(TOOLS)?;
    prepare("kafka", VERSION, |folder| {
        say(&format!("fetching Kafka {VERSION} with Maven (43 MB)"));
        let pom = folder.join("pom.xml");
        std::fs::write(&pom, POM.replace("@VERSION@", VERSION))?;
        let maven = ["--batch-mode", "--quiet", "dependency:copy-dependencies"];
        run(Command::new("mvn").args(maven).arg("-DoutputDirectory=lib").arg("-f").arg(&pom))
    })
    .map(|folder| folder.join("lib"))
}

const POM: &str = r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>issuetracker</groupId>
  <artifactId>kafka-for-tests</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>@VERSION@</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"#;

/// A broker. It ends with this value, or with the program that started it.
#[derive(Debug)]
pub struct Kafka {
    jars: PathBuf,
    folder: TempDir,
    port: u16,
    secured: Option<Secured>,
    process: Process,
}

impl Kafka {
    /// Starts a fresh broker and waits until it serves.
    pub async fn start() -> Result<Self> {
        let port = ports::free()?;
        Self::start_at(port, port).await
    }

    /// Starts a fresh broker at `port` that sends its clients to the port `told`: that of a proxy before it.
    pub async fn start_at(port: u16, told: u16) -> Result<Self> {
        Self::start_with(Ports { port, told, controller: ports::free()? }, false).await
    }

    /// As [`Kafka::start`], with further listeners that ask who comes: see [`Kafka::secured`].
    pub async fn start_secured() -> Result<Self> {
        let port = ports::free()?;
        Self::start_with(Ports { port, told: port, controller: ports::free()? }, true).await
    }

    async fn start_with(ports: Ports, secured: bool) -> Result<Self> {
        let jars = ready()?;
        let folder = tempfile::Builder::new().prefix("issuetracker-kafka-").tempdir()?;
        let secured = match secured {
            true => {
                let more = [ports::free()?, ports::free()?, ports::free()?];
                Some(Secured::prepare(folder.path(), more)?)
            }
            false => None,
        };
        let text = properties(folder.path(), &ports, secured.as_ref());
        std::fs::write(folder.path().join("server.properties"), text)?;
        let users = if secured.is_some() { Secured::users() } else { Vec::new() };
        let port = ports.port;
        let cluster = uuid::Uuid::new_v4().simple().to_string();
        // A cluster id is 22 characters of the URL-safe base64 alphabet; the digits of a UUID are of it.
        let cluster = cluster.get(..22).context("a cluster id")?;
        run(java(&jars, folder.path())
            .args(["kafka.tools.StorageTool", "format", "-t", cluster, "-c", "server.properties"])
            .args(users))?;
        let process = serve(&jars, folder.path())?;
        let mut kafka = Self { jars, folder, port, secured, process };
        kafka.serves().await?;
        ran(&format!("Kafka {VERSION}, one broker in KRaft mode"))?;
        Ok(kafka)
    }

    /// Where clients find it.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The listeners of a broker that was started secured.
    pub fn secured(&self) -> Result<&Secured> {
        self.secured.as_ref().context("the broker was started without secured listeners")
    }

    /// Kills it as a power cut would. What it had acknowledged is on its disk.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again on the same data and ports, and waits until it serves.
    pub async fn restart(&mut self) -> Result<()> {
        self.revive()?;
        self.serves().await
    }

    /// [`Kafka::restart`] without waiting.
    pub fn revive(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = serve(&self.jars, self.folder.path())?;
        Ok(())
    }

    /// Its process, for a look at what it needs.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Freezes it: connections stay open and nobody answers.
    pub fn stop(&self) -> Result<()> {
        self.process.signal(Signal::STOP)
    }

    /// Thaws it.
    pub fn cont(&self) -> Result<()> {
        self.process.signal(Signal::CONT)
    }

    /// Asks it until it answers.
    pub async fn serves(&mut self) -> Result<()> {
        let settings = Settings::new(self.bootstrap(), "");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let why = match kafka::topics::reach(&settings, Duration::from_secs(2)).await {
                Ok(brokers) if brokers > 0 => return Ok(()),
                Ok(_) => String::from("it knows no broker"),
                Err(error) => error.to_string(),
            };
            let ended = self.process.ended()?;
            if ended.is_some() || Instant::now() > deadline {
                let log = std::fs::read_to_string(self.folder.path().join("broker.log")).unwrap_or_default();
                bail!("Kafka does not serve ({why}; ended: {ended:?}). Its log:\n{log}");
            }
        }
    }
}

fn serve(jars: &Path, folder: &Path) -> Result<Process> {
    let log = File::options().create(true).append(true).open(folder.join("broker.log"))?;
    let mut command = java(jars, folder);
    command.args(["kafka.Kafka", "server.properties"]).stdout(log.try_clone()?).stderr(log);
    Process::start(&mut command, Some(folder))
}

fn java(jars: &Path, folder: &Path) -> Command {
    let mut command = Command::new("java");
    command.current_dir(folder).args(JVM);
    command.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn").arg("-cp").arg(jars.join("*"));
    command
}

/// Where it listens, what it tells its clients, and where its own controller listens.
struct Ports {
    port: u16,
    told: u16,
    controller: u16,
}

fn properties(folder: &Path, ports: &Ports, secured: Option<&Secured>) -> String {
    let Ports { port, told, controller } = ports;
    let [listeners, protocols] = secured.map(Secured::listeners).unwrap_or_default();
    let listeners = if listeners.is_empty() { listeners } else { format!(",{listeners}") };
    let protocols = if protocols.is_empty() { protocols } else { format!(",{protocols}") };
    let more = secured.map(Secured::properties).unwrap_or_default();
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port}{listeners},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{told}{listeners}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT{protocols}\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         broker.session.timeout.ms=3000\n\
         broker.heartbeat.interval.ms=500\n\
         log.cleaner.dedupe.buffer.size=4194304\n\
         {more}",
        folder.join("data").display()
    )
}
