//! A real Kubernetes on this machine, for tests: one node, built from source once, started in seconds, and gone without a
//! trace.
//!
//! The node is a set of processes in namespaces of their own for network, mounts and processes. The host sees one network
//! interface and one folder; its packet filter, routes, mounts and kernel settings are never changed. When the node's first
//! process ends, the kernel ends the rest: a crash of anything leaves nothing that the next start does not remove.
//!
//! The modules in the order of the flow: build, certificates, network, start, wait, stop.

pub mod build;
mod certificates;
pub mod client;
pub mod command;
pub mod lock;
pub mod namespace;
mod network;
pub mod node;
pub mod place;
mod processes;
pub mod product;
mod settings;
mod start;
pub mod status;
pub mod stop;

use std::path::PathBuf;
use std::process::Child;
use std::sync::Mutex;

use anyhow::{Context, Result, ensure};

use self::client::Client;
use self::place::Place;
pub use self::start::{BUSYBOX, condition};
use crate::parts::{self, ran, say};

/// Names the kubeconfig of the cluster that tests use: set by `cargo xtest` for them.
pub const GIVEN: &str = "ISSUETRACKER_TEST_KUBECONFIG";

/// A cluster to test on. A tied node that this value started ends with it.
#[derive(Debug)]
pub struct Cluster {
    client: Client,
    node: Option<Child>,
    place: Option<Place>,
}

impl Cluster {
    /// The cluster for a test: the one that `cargo xtest` gives, or the one that runs on this machine because somebody
    /// said `cargo xtest cluster up`, or one of this program's own. Waits while another run has one of its own.
    ///
    /// # Errors
    /// When something is missing that cannot be installed or built here; the text says what to do.
    pub fn for_tests() -> Result<&'static Self> {
        // One for all tests of a program. A node's pipe is closed at the program's end, so the node ends then.
        static SHARED: Mutex<Option<&'static Cluster>> = Mutex::new(None);
        let mut shared =
            SHARED.lock().map_err(|_| anyhow::anyhow!("another test failed to get a cluster"))?;
        if let Some(cluster) = *shared {
            return Ok(cluster);
        }
        let cluster: &'static Self = Box::leak(Box::new(Self::given_or_own()?));
        *shared = Some(cluster);
        Ok(cluster)
    }

    fn given_or_own() -> Result<Self> {
        if let Some(kubeconfig) = given() {
            let place = Place::new()?;
            if kubeconfig != place.kubeconfig() {
                return Ok(Self {
                    client: Client::existing(kubeconfig, &build::clients()?),
                    node: None,
                    place: None,
                });
            }
            let client = Client::of(&place, &build::ready()?);
            return Ok(Self { client, node: None, place: Some(place) });
        }
        let cluster = Self::up(true)?;
        ran(&format!("Kubernetes {} on one node", build::KUBERNETES))?;
        Ok(cluster)
    }

    /// A running cluster: the one that is there if it is whole, otherwise a new one. `tied`: it ends with this program.
    ///
    /// # Errors
    /// As [`Cluster::for_tests`].
    pub fn up(tied: bool) -> Result<Self> {
        let place = Place::new()?;
        // First what costs nothing, so that nobody builds for minutes in vain.
        build::tools()?;
        lock::root()?;
        let programs = build::ready()?;
        let changing = turn(tied)?;
        let client = Client::of(&place, &programs);
        if let Some(holder) = lock::holder()? {
            ensure!(
                holder.place == place.folder(),
                "another cluster runs on this machine, {holder}; `cargo xtest cluster down` stops it"
            );
            match status::broken(&holder, &client)? {
                None => {
                    say(&format!("using the cluster that is up, {holder}"));
                    return Ok(Self { client, node: None, place: Some(place) });
                }
                Some(why) => {
                    say(&format!("the cluster that is up is broken: {why}"));
                    stop::stop(&holder)?;
                }
            }
        }
        let started = start::start(&place, &programs, tied)?;
        drop(changing);
        Ok(Self { client, node: tied.then_some(started.process), place: Some(place) })
    }

    /// The way into it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> PathBuf {
        self.client.kubeconfig().to_owned()
    }

    /// The requests that the API server has answered so far, in order: `audit.k8s.io/v1` events without bodies.
    ///
    /// # Errors
    /// For a cluster of the caller's, whose log is not at hand.
    pub fn audit(&self) -> Result<Vec<serde_json::Value>> {
        let place = self.place.as_ref().context("an existing cluster shows no audit log")?;
        let log = std::fs::read_to_string(place.path("audit.log")).context("reading the audit log")?;
        // The last line may be half written.
        let whole = log.rfind('\n').and_then(|end| log.get(..end)).unwrap_or_default();
        whole.lines().map(|line| serde_json::from_str(line).context("a line of the audit log")).collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let Some(mut node) = self.node.take() else { return };
        if let Err(error) = down().and_then(|_| Ok(node.wait()?)) {
            say(&format!("the cluster may be left behind: {error:#}"));
        }
    }
}

/// Stops the cluster of this machine and removes what is left of it. Returns whether one ran.
pub fn down() -> Result<bool> {
    let changing = lock::changing()?;
    let holder = lock::holder()?;
    match &holder {
        Some(holder) => stop::stop(holder)?,
        None => stop::clean(&Place::new()?)?,
    }
    drop(changing);
    Ok(holder.is_some())
}

/// The way into the cluster of this machine, whether it is up or not.
pub fn running() -> Result<Client> {
    Ok(Client::of(&Place::new()?, &build::ready()?))
}

/// The right to change, when no other run has a cluster of its own: that one is waited for.
fn turn(tied: bool) -> Result<std::fs::File> {
    let mut said = false;
    crate::wait::reached("the end of another run's cluster", std::time::Duration::from_secs(3600), || {
        let changing = lock::changing()?;
        match lock::holder()? {
            Some(holder) if holder.tied => {
                ensure!(tied, "a test run has the cluster, {holder}: run this again when it is done");
                if !said {
                    say(&format!("waiting for the cluster, {holder}"));
                    said = true;
                }
                Ok(None)
            }
            _ => Ok(Some(changing)),
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the test command tells its tests which cluster to use")]
fn given() -> Option<PathBuf> {
    std::env::var_os(GIVEN).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The test command's own program, which is the node's first process too.
fn program() -> Result<PathBuf> {
    parts::binary("xtest")
}
