//! The official Firestore emulator, on a free port of 127.0.0.1. It keeps everything in memory; a project is a database of
//! its own, so a test that takes a project id of its own shares it with others.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use consumer::store::choice::FirestoreSettings;
use rustix::process::Signal;
use tempfile::TempDir;

use super::process::Process;
use super::{Tool, need, ran};

/// How long an emulator may take to serve, on a machine that builds at the same time.
const PATIENCE: Duration = Duration::from_secs(120);

const TOOLS: &[Tool] = &[Tool { program: "java", package: "default-jre-headless" }];

/// Names the jar where it is in none of the [`PLACES`].
const JAR: &str = "FIRESTORE_EMULATOR_JAR";

/// Where an installation of the Google Cloud CLI keeps it: Debian packages, the archive in the home folder, snap.
const PLACES: &[&str] = &[
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "~/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
];

/// Below such a place.
const BELOW: &str = "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar";

/// The program within the jar, which names none.
const MAIN: &str = "com.google.cloud.datastore.emulator.firestore.CloudFirestore";

/// It takes what it gets: the tests keep 100,000 issues in it.
const JVM: &[&str] = &["-Duser.language=en", "-Xmx3g", "-XX:+UseSerialGC", "-Xshare:auto"];

const HOW: &str = "the Firestore emulator is not installed. It comes with the Google Cloud CLI:
  Debian, from Google's repository (https://cloud.google.com/sdk/docs/install#deb):
    apt-get install google-cloud-cli-firestore-emulator
  the CLI's archive: gcloud components install cloud-firestore-emulator
  npm, without the CLI: npx firebase-tools setup:emulators:firestore
or name the jar: FIRESTORE_EMULATOR_JAR=/path/to/cloud-firestore-emulator.jar";

/// Looks for the jar.
pub fn ready() -> Result<PathBuf> {
    need(TOOLS)?;
    if let Some(named) = variable(JAR) {
        let jar = PathBuf::from(named);
        ensure!(jar.is_file(), "{JAR} names {}, which is not a file", jar.display());
        return Ok(jar);
    }
    let home = std::env::home_dir().unwrap_or_default();
    let places = PLACES.iter().map(|place| match place.strip_prefix("~/") {
        Some(below) => home.join(below),
        None => PathBuf::from(place),
    });
    let found = places.map(|place| place.join(BELOW)).find(|jar| jar.is_file());
    found.or_else(|| of_firebase(&home)).context(HOW)
}

/// The newest that firebase-tools fetched.
fn of_firebase(home: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(home.join(".cache/firebase/emulators")).ok()?;
    let jars = files.flatten().map(|file| file.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("cloud-firestore-emulator") && name.ends_with(".jar")
    });
    jars.max()
}

#[expect(clippy::disallowed_methods, reason = "where parts are is settled here and nowhere else")]
fn variable(name: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// An emulator. It ends with this value, or with the program that started it.
#[derive(Debug)]
pub struct Firestore {
    jar: PathBuf,
    folder: TempDir,
    address: SocketAddr,
    process: Process,
}

impl Firestore {
    /// Starts a fresh one and waits until it serves.
    pub fn start() -> Result<Self> {
        Self::start_at("127.0.0.1")
    }

    /// [`Firestore::start`] at an address of this machine, such as the one that pods of the test cluster reach.
    pub fn start_at(host: &str) -> Result<Self> {
        let jar = ready()?;
        let folder = tempfile::Builder::new().prefix("issuetracker-firestore-").tempdir()?;
        let address =
            TcpListener::bind((host, 0)).with_context(|| format!("a port of {host}"))?.local_addr()?;
        let process = serve(&jar, folder.path(), address)?;
        let mut firestore = Self { jar, folder, address, process };
        firestore.serves()?;
        ran("Firestore emulator (official)")?;
        Ok(firestore)
    }

    /// HOST:PORT, as `FIRESTORE_EMULATOR_HOST` has it.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// What a store needs to reach it.
    pub fn settings(&self) -> FirestoreSettings {
        FirestoreSettings { emulator: Some(self.host()), ..FirestoreSettings::default() }
    }

    /// Kills it. What it kept is gone: it has no disk.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Starts an empty one on the same port, and waits until it serves.
    pub fn restart(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process = serve(&self.jar, self.folder.path(), self.address)?;
        self.serves()
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
    #[expect(clippy::disallowed_methods, reason = "the pace of asking, never a substitute for the answer")]
    fn serves(&mut self) -> Result<()> {
        let url = format!("http://{}/", self.host());
        let deadline = Instant::now() + PATIENCE;
        while let Err(error) = ureq::get(&url).call() {
            let ended = self.process.ended()?;
            if ended.is_some() || Instant::now() > deadline {
                let log =
                    std::fs::read_to_string(self.folder.path().join("emulator.log")).unwrap_or_default();
                bail!("the Firestore emulator does not serve ({error}; ended: {ended:?}). Its log:\n{log}");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

fn serve(jar: &Path, folder: &Path, address: SocketAddr) -> Result<Process> {
    let log = File::options().create(true).append(true).open(folder.join("emulator.log"))?;
    let mut command = Command::new("java");
    command.current_dir(folder).args(JVM).arg("-cp").arg(jar).args([MAIN, "start"]);
    command
        .args(["--host", &address.ip().to_string(), "--port", &address.port().to_string()])
        .stdout(log.try_clone()?)
        .stderr(log);
    Process::start(&mut command, Some(folder))
}
