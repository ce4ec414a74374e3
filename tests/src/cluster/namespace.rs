//! A namespace per test: tests share a cluster and nothing else. It goes with the test; when the test fails, what was in
//! it is told first.

use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::client::Client;
use super::place::HOST;
use crate::parts;

/// How often a condition is asked: each time is a process and a request.
const PACE: Duration = Duration::from_millis(150);

/// A namespace of a test.
#[derive(Debug)]
pub struct Namespace {
    client: Client,
    name: String,
}

impl Namespace {
    /// Makes a namespace `PREFIX-xxxxxxxx` with these labels, ready for pods.
    pub fn new(client: &Client, prefix: &str, labels: &[(&str, &str)]) -> Result<Self> {
        let namespace = Self::made(client, prefix, labels)?;
        // A pod is refused until its account is there.
        namespace
            .wait("the account of pods", "serviceaccount/default", Duration::from_secs(30), |_| Some(()))?;
        Ok(namespace)
    }

    /// [`Namespace::new`] without waiting until it is ready for pods.
    pub fn bare(client: &Client, prefix: &str) -> Result<Self> {
        Self::made(client, prefix, &[])
    }

    fn made(client: &Client, prefix: &str, labels: &[(&str, &str)]) -> Result<Self> {
        let id = uuid::Uuid::new_v4().simple().to_string();
        let name = format!("{prefix}-{}", id.get(..8).unwrap_or_default());
        let labels: serde_json::Map<String, Value> =
            labels.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        let object = json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels},
        });
        client.apply(&object.to_string())?;
        Ok(Self { client: client.clone(), name })
    }

    /// [`Namespace::new`] whose pods must meet the strictest standard of Kubernetes.
    pub fn restricted(client: &Client, prefix: &str) -> Result<Self> {
        Self::new(client, prefix, &[("pod-security.kubernetes.io/enforce", "restricted")])
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The way into the cluster.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Creates or changes objects here.
    pub fn apply(&self, object: &Value) -> Result<()> {
        self.client.apply_in(&self.name, &object.to_string()).map(drop)
    }

    /// [`Namespace::apply`] for manifests as text.
    pub fn apply_text(&self, manifests: &str) -> Result<()> {
        self.client.apply_in(&self.name, manifests).map(drop)
    }

    /// An object here, as `KIND/NAME`, or a list for `KIND`.
    pub fn get(&self, object: &str) -> Result<Option<Value>> {
        self.client.get(&self.name, object)
    }

    /// Runs kubectl here.
    pub fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let here = ["--namespace", self.name.as_str()];
        self.client.kubectl(&[&here, arguments].concat())
    }

    /// What a container wrote. With `previous`, what it wrote before its last restart.
    pub fn logs(&self, pod: &str, container: &str, previous: bool) -> Result<String> {
        self.kubectl(&["logs", pod, "--container", container, &format!("--previous={previous}")])
    }

    /// Runs a command in a container; its output.
    pub fn exec(&self, pod: &str, container: &str, command: &[&str]) -> Result<String> {
        self.kubectl(&[&["exec", pod, "--container", container, "--"], command].concat())
    }

    /// Asks for an object until `condition` finds something in it.
    ///
    /// # Errors
    /// When it is in vain, with the object as it was last.
    pub fn wait<T>(
        &self,
        what: &str,
        object: &str,
        patience: Duration,
        mut condition: impl FnMut(&Value) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + patience;
        loop {
            let found = self.get(object)?;
            if let Some(value) = found.as_ref().and_then(&mut condition) {
                return Ok(value);
            }
            if Instant::now() > deadline {
                let last = found.and_then(|found| found.get("status").cloned()).unwrap_or_default();
                anyhow::bail!("waited {patience:?} in vain: {what}; {object} is {last}");
            }
            pause();
        }
    }

    /// Waits for a condition of an object's status, as `Ready` of a pod or `Available` of a Deployment, to be True.
    pub fn wait_for(&self, object: &str, condition: &str, patience: Duration) -> Result<()> {
        self.wait(condition, object, patience, |object| {
            (super::condition(object, condition) == Some("True")).then_some(())
        })
    }

    /// Waits until a pod has come to its end; `Succeeded` or `Failed`.
    pub fn wait_for_end(&self, pod: &str, patience: Duration) -> Result<String> {
        self.wait("the end of the pod", &format!("pod/{pod}"), patience, |pod| {
            let phase = pod.pointer("/status/phase")?.as_str()?;
            ["Succeeded", "Failed"].contains(&phase).then(|| phase.to_owned())
        })
    }

    /// Gives a server of this machine that listens at [`HOST`] a name: pods reach it at `NAME:PORT`.
    pub fn host_service(&self, name: &str, port: u16) -> Result<()> {
        let port = json!({"name": "tcp", "port": port, "protocol": "TCP"});
        self.apply(&json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"ports": [port], "clusterIP": "None"},
        }))?;
        self.apply(&json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": name, "labels": {"kubernetes.io/service-name": name}},
            "addressType": "IPv4", "ports": [port], "endpoints": [{"addresses": [HOST]}],
        }))
    }

    /// Pods, events and logs as text, for whoever looks for the cause of a failure.
    pub fn dump(&self) -> String {
        let mut text = String::new();
        let mut tell = |title: &str, arguments: &[&str]| {
            let said = self.kubectl(arguments).unwrap_or_else(|error| format!("{error:#}"));
            // Writing to a text cannot fail.
            writeln!(text, "--- {title} of {}\n{}", self.name, said.trim_end()).ok();
        };
        tell("pods", &["get", "pods", "--output=wide"]);
        tell("other objects", &["get", "all,configmaps,secrets,pvc,endpointslices"]);
        tell("events", &["get", "events", "--sort-by=.metadata.creationTimestamp"]);
        tell("descriptions", &["describe", "pods"]);
        for pod in self.pods() {
            let every = ["logs", &pod, "--all-containers", "--prefix", "--tail=200", "--ignore-errors"];
            tell(&format!("logs of {pod}"), &every);
            tell(&format!("logs before the last restart of {pod}"), &[&every[..], &["--previous"]].concat());
        }
        text
    }

    fn pods(&self) -> Vec<String> {
        let list = self.kubectl(&["get", "pods", "--output=name"]).unwrap_or_default();
        list.lines().map(str::to_owned).collect()
    }

    fn keep_dump(&self) -> Result<PathBuf> {
        let text = self.dump();
        eprintln!("{text}");
        let folder = parts::report()?.with_file_name("cluster");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.txt", self.name));
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

#[expect(clippy::disallowed_methods, reason = "the pace of asking, never a substitute for the condition")]
fn pause() {
    std::thread::sleep(PACE);
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if std::thread::panicking() {
            match self.keep_dump() {
                Ok(path) => parts::say(&format!("the state of the failed test is in {}", path.display())),
                Err(error) => parts::say(&format!("the state of the failed test is lost: {error:#}")),
            }
        }
        let delete = ["delete", "namespace", &self.name, "--wait=false", "--ignore-not-found"];
        if let Err(error) = self.client.kubectl(&delete) {
            parts::say(&format!("a namespace may be left behind: {error:#}"));
        }
    }
}
