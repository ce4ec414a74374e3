//! A real Kafka broker: one node in KRaft mode, on free ports of 127.0.0.1, with a folder of its own.

mod pods;

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use kafka::settings::Settings;
use rustix::process::Signal;
use tempfile::TempDir;

use super::process::Process;
use super::{Tool, need, prepare, ran, run, say};

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
    process: Process,
}

impl Kafka {
    /// Starts a fresh broker and waits until it serves.
    pub async fn start() -> Result<Self> {
        let jars = ready()?;
        let folder = tempfile::Builder::new().prefix("issuetracker-kafka-").tempdir()?;
        let [port, controller] = free_ports()?;
        std::fs::write(folder.path().join("server.properties"), properties(folder.path(), port, controller))?;
        let cluster = uuid::Uuid::new_v4().simple().to_string();
        // A cluster id is 22 characters of the URL-safe base64 alphabet; the digits of a UUID are of it.
        let cluster = cluster.get(..22).context("a cluster id")?;
        run(java(&jars, folder.path()).args([
            "kafka.tools.StorageTool",
            "format",
            "-t",
            cluster,
            "-c",
            "server.properties",
        ]))?;
        let process = serve(&jars, folder.path())?;
        let mut kafka = Self { jars, folder, port, process };
        kafka.serves().await?;
        ran(&format!("Kafka {VERSION}, one broker in KRaft mode"))?;
        Ok(kafka)
    }

    /// Where clients find it.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Kills it as a power cut would. What it had acknowledged is on its disk.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts it again on the same data and ports, and waits until it serves.
    pub async fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = serve(&self.jars, self.folder.path())?;
        self.serves().await
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
    async fn serves(&mut self) -> Result<()> {
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

fn properties(folder: &Path, port: u16, controller: u16) -> String {
    format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.voters=1@127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         offsets.topic.num.partitions=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         group.initial.rebalance.delay.ms=0\n\
         auto.create.topics.enable=false\n\
         broker.session.timeout.ms=3000\n\
         broker.heartbeat.interval.ms=500\n\
         log.cleaner.dedupe.buffer.size=4194304\n",
        folder.join("data").display()
    )
}

/// Ports that nobody uses now. Held together, so that they differ.
fn free_ports() -> Result<[u16; 2]> {
    let first = TcpListener::bind("127.0.0.1:0")?;
    let second = TcpListener::bind("127.0.0.1:0")?;
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}
