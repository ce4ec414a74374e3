//! Injection: a pure function from a pod, as it is created, to the pod with the sidecar and the shim in it.
//!
//! [`inject`] first takes out whatever an earlier run put in, then decides, then puts everything in again. So injecting
//! twice is injecting once, a container that another webhook added in between is wrapped as well, and nothing that a
//! pod brings along under our names (an image, brokers, a mount) survives.

use k8s_openapi::api::core::v1::{Container, EnvVar, EnvVarSource, Pod, PodSpec, SecretKeySelector};

mod admission;
pub mod certificates;
mod container;
mod entrypoint;
mod identity;
mod resources;
mod sidecar;
mod skip;
mod strip;
#[cfg(test)]
mod tests;
pub mod webhook;

pub use self::{
    admission::{Reviewed, Verdict, review, workload_of},
    entrypoint::Known,
    skip::{ContainerSkip, Skip},
};
use crate::resource::Capture;

/// Name of the native sidecar.
pub const SIDECAR: &str = "issuetracker-sidecar";
/// Name of the init container that installs the shim.
pub const INSTALLER: &str = "issuetracker-install";
/// Name of the emptyDir, and beginning of the names of our other volumes.
pub const VOLUME: &str = "issuetracker";
/// Where everything of ours is mounted.
pub const ROOT: &str = "/issuetracker";
/// The shim within a container.
pub const SHIM: &str = "/issuetracker/bin/shim";
/// Annotation on an injected pod: the tracker, `<namespace>/<name>`.
pub const INJECTED: &str = "issuetracker.dev/injected";
/// Label by which a pod or a namespace opts out, with the value `false`.
pub const OPT_OUT: &str = "issuetracker.dev/inject";
/// Beginning of the annotation that tells what a container's image starts: a JSON array of strings.
pub const ENTRYPOINT: &str = "issuetracker.dev/entrypoint.";
/// Label that names the release.
pub const RELEASE: &str = "issuetracker.dev/release";

/// What the tracker of the namespace says about its pods. Nothing of it can be chosen by a pod.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// `<namespace>/<name>` of the tracker.
    pub tracker: String,
    /// The image that holds sidecar and shim.
    pub image: String,
    /// Brokers, separated by commas.
    pub brokers: String,
    /// The topic of records.
    pub topic: String,
    /// Name of the ConfigMap with the settings and the Kafka properties.
    pub config_map: String,
    /// Secrets that the Kafka properties speak of, by the folder they are mounted in.
    pub secrets: Vec<SecretMount>,
    /// The shared Redis: its URL, or where it stands.
    pub redis: Option<RedisUrl>,
    /// The tracker service, where it takes events of front ends.
    pub events: Option<String>,
    /// What is read, and how.
    pub capture: Capture,
}

/// A Secret, mounted for the sidecar alone. It is optional: a missing one keeps no pod from starting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretMount {
    /// The volume's name after `issuetracker-`, and the folder's under `/issuetracker/secrets/`.
    pub folder: &'static str,
    /// Name of the Secret.
    pub secret: String,
}

/// Where the URL of the shared Redis comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RedisUrl {
    /// It holds no password.
    Plain(String),
    /// Name and key of a Secret.
    Secret(String, String),
}

impl RedisUrl {
    /// The variable by which our programs take it. A Secret that is missing keeps no pod from starting.
    pub(crate) fn variable(&self) -> EnvVar {
        let (value, secret) = match self {
            Self::Plain(url) => (Some(url.clone()), None),
            Self::Secret(name, key) => {
                (None, Some(SecretKeySelector { name: name.clone(), key: key.clone(), optional: Some(true) }))
            }
        };
        let value_from =
            secret.map(|secret| EnvVarSource { secret_key_ref: Some(secret), ..EnvVarSource::default() });
        EnvVar { name: "ISSUETRACKER_REDIS_URL".to_owned(), value, value_from }
    }
}

/// What became of a pod.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It carries the sidecar now.
    Injected(Box<Injected>),
    /// It stays as it was sent.
    Skipped(Skip),
}

/// A pod with the sidecar in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Injected {
    /// The whole pod.
    pub pod: Pod,
    /// Containers that can report over HTTP only, and why. Init containers are not told of.
    pub http_only: Vec<(String, ContainerSkip)>,
}

/// Puts the sidecar, the shim and what they need into a pod, or says why not.
pub fn inject(pod: &Pod, plan: &Plan) -> Outcome {
    let mut pod = pod.clone();
    if let Some(reason) = skip::before_stripping(&pod) {
        return Outcome::Skipped(reason);
    }
    strip::strip(&mut pod);
    if let Some(reason) = skip::of_pod(&pod, plan) {
        return Outcome::Skipped(reason);
    }
    let port = free_port(&pod);
    let http_only = wrap_containers(&mut pod, plan, port);
    sidecar::add(&mut pod, plan, port);
    pod.metadata.annotations.get_or_insert_default().insert(INJECTED.to_owned(), plan.tracker.clone());
    Outcome::Injected(Box::new(Injected { pod, http_only }))
}

/// 6001, or the first port after it that no container of the pod declares.
fn free_port(pod: &Pod) -> u16 {
    const USUAL: u16 = 6001;
    let taken: Vec<i32> = containers(pod)
        .flat_map(|container| container.ports.iter().flatten())
        .map(|port| port.container_port)
        .collect();
    (USUAL..USUAL + 100).find(|port| !taken.contains(&i32::from(*port))).unwrap_or(USUAL)
}

/// All containers of a pod, init containers first.
fn containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten().chain(&spec.containers))
}

/// Puts the shim in front of what can be wrapped; the others are told the address.
fn wrap_containers(pod: &mut Pod, plan: &Plan, port: u16) -> Vec<(String, ContainerSkip)> {
    let annotations = pod.metadata.annotations.clone().unwrap_or_default();
    let Some(spec) = pod.spec.as_mut() else { return Vec::new() };
    let PodSpec { init_containers, containers, .. } = spec;
    let mut http_only = Vec::new();
    for one in init_containers.iter_mut().flatten() {
        // What cannot be wrapped here ends before anybody could report to us; there is nothing to tell.
        container::equip(one, plan, &annotations, port).ok();
    }
    for one in containers {
        if let Err(reason) = container::equip(one, plan, &annotations, port) {
            http_only.push((one.name.clone(), reason));
        }
    }
    http_only
}
