//! From nothing to a node that is Ready, with names resolved and a class for volumes.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::build::Programs;
use super::client::Client;
use super::lock::{self, Holder};
use super::place::{HOST_LINK, NODE, NODE_NAME, Place};
use super::settings::PAUSE;
use super::{certificates, network, node, settings, stop};
use crate::images::Image;
use crate::parts::say;
use crate::wait::reached;

/// How long each step may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// The image with a shell for tests: `sh`, `wget`, `nslookup` and the rest of busybox.
pub const BUSYBOX: &str = "docker.io/issuetracker/busybox:1";

/// What every cluster has beside the parts of the node.
const MANIFESTS: &str = include_str!("manifests.yaml");

/// A node that was started.
#[derive(Debug)]
pub struct Started {
    /// The process above the node's first one. Its input is what ties the node to this program.
    pub process: Child,
}

/// Starts a node in a fresh folder. The caller holds the right to change, and no node runs.
///
/// `tied`: the node ends when this program ends, whatever ends it.
///
/// # Errors
/// When a part ends or does not become ready; its log is named. What was started is stopped.
pub fn start(place: &Place, programs: &Programs, tied: bool) -> Result<Started> {
    let began = Instant::now();
    let running = reached("the cluster's lock", Duration::from_secs(10), lock::running)?;
    stop::clean(place)?;
    network::free()?;
    network::modules()?;
    say(&format!("starting Kubernetes {} in {}", super::build::KUBERNETES, place.folder().display()));
    std::fs::create_dir_all(place.path("logs"))?;
    certificates::make(place)?;
    settings::write(place, programs)?;
    let process = spawn(place, running)?;
    let mut started = Started { process };
    let outcome = finish(place, programs, &mut started, tied);
    if let Err(error) = outcome {
        stop::kill(started.process.id())?;
        started.process.wait()?;
        return Err(
            error.context(format!("starting the cluster; its logs are in {}", place.path("logs").display()))
        );
    }
    say(&format!("the cluster is ready after {:.1} s", began.elapsed().as_secs_f64()));
    Ok(started)
}

fn finish(place: &Place, programs: &Programs, started: &mut Started, tied: bool) -> Result<()> {
    let process = started.process.id();
    lock::write(&Holder {
        process,
        starter: std::process::id(),
        from: std::env::current_dir()?,
        since: jiff::Timestamp::now().round(jiff::Unit::Second)?.to_string(),
        tied,
        place: place.folder().to_owned(),
    })?;
    let first = reached("the node's first process", PATIENCE, || {
        still_there(place, &mut started.process)?;
        stop::first_process(process)
    })?;
    network::connect(first)?;
    let order = if tied { node::GO_TIED } else { node::GO };
    let input = started.process.stdin.as_mut().context("the node's input")?;
    writeln!(input, "{order}")?;
    import_base(place, programs, &mut started.process)?;
    ready(place, programs, &mut started.process)
}

/// `unshare` starts the node's first process in its namespaces and waits for it. Standard output is the lock's file: it
/// stays locked for as long as either of the two lives, and nothing is ever written there.
fn spawn(place: &Place, running: File) -> Result<Child> {
    use std::os::unix::process::CommandExt;
    let log = File::create(place.path("logs/node.log"))?;
    Command::new("unshare")
        .args(["--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["--propagation", "private"])
        .arg(super::program()?)
        .args(["cluster", "node"])
        .arg(place.folder())
        .stdin(Stdio::piped())
        .stdout(running)
        .stderr(log)
        .process_group(0)
        .spawn()
        .context("starting unshare")
}

/// An end of the node while it starts is told with its last words.
fn still_there(place: &Place, process: &mut Child) -> Result<()> {
    if let Some(status) = process.try_wait()? {
        let log = std::fs::read_to_string(place.path("logs/node.log")).unwrap_or_default();
        bail!("the node ended with {status}: {}", log.trim());
    }
    let ended = std::fs::read_to_string(place.path(node::ENDED)).unwrap_or_default();
    ensure!(ended.is_empty(), "a part of the node ended: {}", ended.trim());
    Ok(())
}

/// No pod starts without the pause image.
fn import_base(place: &Place, programs: &Programs, process: &mut Child) -> Result<()> {
    let folder = place.path("images");
    std::fs::create_dir_all(&folder)?;
    let busybox = Path::new("/bin/busybox");
    let pause =
        Image::new(PAUSE).program(busybox, "/busybox")?.entrypoint(&["/busybox", "sleep", "2147483647"]);
    let mut shell = Image::new(BUSYBOX).program(busybox, "/bin/busybox")?;
    for applet in list_applets(busybox)? {
        shell = shell.link(&format!("/bin/{applet}"), "/bin/busybox");
    }
    let client = Client::of(place, programs);
    for (image, file) in [(pause, "pause.tar"), (shell.entrypoint(&["/bin/sh"]), "busybox.tar")] {
        let archive = folder.join(file);
        image.write(&archive)?;
        reached("containerd takes an image", PATIENCE, || {
            still_there(place, process)?;
            Ok(place.containerd().exists().then_some(()))
        })?;
        client.import(&archive)?;
    }
    Ok(())
}

fn list_applets(busybox: &Path) -> Result<Vec<String>> {
    let list = Command::new(busybox).arg("--list").output().context("asking busybox what it can")?;
    let list = String::from_utf8_lossy(&list.stdout);
    Ok(list.lines().filter(|applet| *applet != "busybox").map(str::to_owned).collect())
}

/// Waits for the API server, applies [`MANIFESTS`], and waits for node, names and accounts.
fn ready(place: &Place, programs: &Programs, process: &mut Child) -> Result<()> {
    let client = Client::of(place, programs);
    let mut wait = |what: &str, condition: &mut dyn FnMut() -> Result<bool>| {
        let began = Instant::now();
        reached(what, PATIENCE, || {
            still_there(place, process)?;
            Ok(condition()?.then_some(()))
        })?;
        if began.elapsed() > Duration::from_secs(1) {
            say(&format!("{what} ({:.1} s)", began.elapsed().as_secs_f64()));
        }
        Ok::<_, anyhow::Error>(())
    };
    wait("the API server answers", &mut || Ok(client.kubectl(&["get", "--raw=/readyz"]).is_ok()))?;
    wait("its own roles are there", &mut || Ok(client.apply(MANIFESTS).is_ok()))?;
    wait("the node is Ready", &mut || {
        let node = client.get("", &format!("node/{NODE_NAME}"))?;
        Ok(node.as_ref().is_some_and(|node| condition(node, "Ready") == Some("True")))
    })?;
    wait("pods can have an account", &mut || Ok(client.get("default", "serviceaccount/default")?.is_some()))?;
    wait("names are resolved", &mut || Ok(ureq::get(format!("http://{NODE}:8181/ready")).call().is_ok()))?;
    ensure!(network::connected(), "the wire {HOST_LINK} is gone");
    std::fs::write(place.path("ready"), "")?;
    Ok(())
}

/// The status of a condition of an object.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions
        .iter()
        .find(|condition| condition.get("type").is_some_and(|found| found == kind))?
        .get("status")?
        .as_str()
}
