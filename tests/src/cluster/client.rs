//! Speaking to a cluster by the programs that users have: kubectl and helm.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::build::Programs;
use super::network;
use super::place::Place;
use crate::parts;

/// The administrator's way into a cluster.
#[derive(Clone, Debug)]
pub struct Client {
    kubeconfig: PathBuf,
    kubectl: PathBuf,
    helm: PathBuf,
    /// Only a cluster of ours takes images.
    containerd: Option<PathBuf>,
}

impl Client {
    /// For the built-in cluster.
    pub fn of(place: &Place, programs: &Programs) -> Self {
        Self { containerd: Some(place.containerd()), ..Self::existing(place.kubeconfig(), programs) }
    }

    /// For a cluster of the caller's.
    pub fn existing(kubeconfig: PathBuf, programs: &Programs) -> Self {
        Self { kubeconfig, kubectl: programs.path("kubectl"), helm: programs.path("helm"), containerd: None }
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A kubectl command with the cluster's kubeconfig, for whoever needs more than its output.
    pub fn kubectl_command(&self) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.arg("--kubeconfig").arg(&self.kubeconfig).arg("--request-timeout=60s");
        command
    }

    /// Runs kubectl; its output.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        self.there()?;
        finished("kubectl", arguments, self.kubectl_command().args(arguments).output()?)
    }

    /// Runs `kubectl issues` as a user does: found in `PATH`, the cluster in `KUBECONFIG`. Its output.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub fn issues(&self, arguments: &[&str]) -> Result<String> {
        let path = tempfile::tempdir()?;
        let link = |program: &Path, name: &str| std::os::unix::fs::symlink(program, path.path().join(name));
        link(&self.kubectl, "kubectl")?;
        link(&parts::binary("issuetracker")?, "kubectl-issues")?;
        let mut command = Command::new(path.path().join("kubectl"));
        command.arg("issues").args(arguments);
        command.env("KUBECONFIG", &self.kubeconfig).env("PATH", path.path());
        finished("kubectl issues", arguments, command.output()?)
    }

    /// Runs helm; its output.
    ///
    /// # Errors
    /// When it fails, with what it says.
    pub fn helm(&self, arguments: &[&str]) -> Result<String> {
        self.there()?;
        let mut command = Command::new(&self.helm);
        command.arg("--kubeconfig").arg(&self.kubeconfig);
        finished("helm", arguments, command.args(arguments).output()?)
    }

    /// Creates or changes objects: YAML or JSON, one or many.
    ///
    /// # Errors
    /// When the API server refuses one, with its reason.
    pub fn apply(&self, manifests: &str) -> Result<String> {
        self.apply_in("", manifests)
    }

    /// [`Client::apply`] in a namespace, for objects that name none.
    pub fn apply_in(&self, namespace: &str, manifests: &str) -> Result<String> {
        self.there()?;
        let mut command = self.kubectl_command();
        command.args(["apply", "--server-side", "--force-conflicts", "--filename", "-"]);
        if !namespace.is_empty() {
            command.args(["--namespace", namespace]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("starting kubectl")?;
        let sent = child.stdin.take().context("kubectl's input")?.write_all(manifests.as_bytes());
        let output = finished("kubectl", &["apply"], child.wait_with_output()?);
        output.and_then(|text| sent.map(|()| text).context("sending manifests"))
    }

    /// An object, as `KIND/NAME` (a list for `KIND` alone); `None` when it is not there.
    pub fn get(&self, namespace: &str, object: &str) -> Result<Option<Value>> {
        let mut arguments = vec!["get", object, "--ignore-not-found", "--output=json"];
        if !namespace.is_empty() {
            arguments.extend(["--namespace", namespace]);
        }
        let text = self.kubectl(&arguments)?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        serde_json::from_str(&text).with_context(|| format!("kubectl's answer about {object}")).map(Some)
    }

    /// Without the wire to the node, a request to its address would leave this machine by the default route.
    fn there(&self) -> Result<()> {
        ensure!(self.containerd.is_none() || network::connected(), "the cluster is not up");
        Ok(())
    }

    /// Gives the node the images of a docker archive, as `cargo xtest images` makes them.
    ///
    /// # Errors
    /// Always for a cluster of the caller's: only the caller knows how images get there.
    pub fn import(&self, archive: &Path) -> Result<()> {
        let Some(socket) = &self.containerd else {
            bail!("{} is to be loaded into the existing cluster by who runs it", archive.display());
        };
        let mut command = Command::new("ctr");
        command.arg("--address").arg(socket).args(["--namespace", "k8s.io", "images", "import"]);
        finished("ctr", &["images", "import"], command.arg(archive).output().context("running ctr")?)
            .map(drop)
    }
}

fn finished(program: &str, arguments: &[&str], output: Output) -> Result<String> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} {}: {}", arguments.join(" "), said.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
