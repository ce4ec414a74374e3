//! Why a pod, or one of its containers, stays as it is. Each reason is a word in a metric, an Event and the status.

use std::fmt;

use k8s_openapi::api::core::v1::Pod;
use kube::core::{Selector, SelectorExt as _};

use super::{INJECTED, INSTALLER, OPT_OUT, Plan, ROOT, SIDECAR, VOLUME, containers};

/// Why a pod stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Skip {
    /// Its label says so.
    OptedOut,
    /// The tracker's selector leaves it out.
    NotSelected,
    /// It shares the node's network: our port would be the node's.
    HostNetwork,
    /// It runs on Windows.
    Windows,
    /// It mirrors a static pod of a node; admission cannot change it.
    Mirror,
    /// Something of its own has one of our names or stands in our folder.
    Conflict,
}

impl Skip {
    /// Every reason, for metrics.
    pub const ALL: [Self; 6] =
        [Self::OptedOut, Self::NotSelected, Self::HostNetwork, Self::Windows, Self::Mirror, Self::Conflict];

    /// The stable word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::OptedOut => "opted_out",
            Self::NotSelected => "not_selected",
            Self::HostNetwork => "host_network",
            Self::Windows => "windows",
            Self::Mirror => "mirror",
            Self::Conflict => "conflict",
        }
    }

    /// Whether somebody wanted it so; then there is nothing to warn of.
    pub fn is_wanted(self) -> bool {
        matches!(self, Self::OptedOut | Self::NotSelected | Self::Mirror)
    }
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OptedOut => "the label issuetracker.dev/inject is \"false\"",
            Self::NotSelected => "spec.capture.selector of the IssueTracker does not select it",
            Self::HostNetwork => {
                "it uses the node's network, where the sidecar's port would be open to other pods; \
                 report to the Service issuetracker:6001 instead"
            }
            Self::Windows => "it runs on Windows, for which there is no sidecar",
            Self::Mirror => "it is a static pod of a node",
            Self::Conflict => {
                "a container or a volume of its own is named issuetracker, issuetracker-…, or it mounts something \
                 at /issuetracker; rename that"
            }
        })
    }
}

/// Why a container has no shim in front of it. Its services can still report over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContainerSkip {
    /// Nobody said what its image starts.
    EntrypointUnknown,
    /// The annotation that should say it is no JSON array of strings.
    EntrypointInvalid,
    /// It has a terminal.
    Tty,
    /// Its init wants to be process 1.
    NeedsPid1,
}

impl ContainerSkip {
    /// Every reason, for metrics.
    pub const ALL: [Self; 4] = [Self::EntrypointUnknown, Self::EntrypointInvalid, Self::Tty, Self::NeedsPid1];

    /// The stable word.
    pub fn reason(self) -> &'static str {
        match self {
            Self::EntrypointUnknown => "entrypoint_unknown",
            Self::EntrypointInvalid => "entrypoint_invalid",
            Self::Tty => "tty",
            Self::NeedsPid1 => "needs_pid1",
        }
    }

    /// What a person can do about it.
    pub fn advice(self, container: &str, image: &str) -> String {
        match self {
            Self::EntrypointUnknown => format!(
                "stderr of container {container} is not read: the pod gives no command and what the image {image} starts \
                 is not known. Add `command` to the container, or the annotation issuetracker.dev/entrypoint.{container}: \
                 '[\"/path/to/program\"]' to the pod, or the image to spec.capture.entrypoints of the IssueTracker. \
                 Reporting over HTTP works as it is."
            ),
            Self::EntrypointInvalid => format!(
                "stderr of container {container} is not read: the annotation issuetracker.dev/entrypoint.{container} must \
                 be a JSON array of strings, such as [\"/path/to/program\",\"--flag\"]"
            ),
            Self::Tty => format!(
                "stderr of container {container} is not read: it has a terminal (tty: true), which joins stdout and stderr"
            ),
            Self::NeedsPid1 => format!(
                "stderr of container {container} is not read: its init must be process 1. Give the program that it \
                 supervises by the annotation issuetracker.dev/entrypoint.{container}, or report over HTTP"
            ),
        }
    }
}

/// What can be told before our own parts are taken out of an injected pod.
pub(super) fn before_stripping(pod: &Pod) -> Option<Skip> {
    let injected = pod.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(INJECTED));
    (!injected && has_conflict(pod)).then_some(Skip::Conflict)
}

/// The first reason that keeps the pod as it is.
pub(super) fn of_pod(pod: &Pod, plan: &Plan) -> Option<Skip> {
    let spec = pod.spec.as_ref()?;
    let labels = pod.metadata.labels.clone().unwrap_or_default();
    let annotations = pod.metadata.annotations.as_ref();
    if annotations.is_some_and(|all| all.contains_key("kubernetes.io/config.mirror")) {
        return Some(Skip::Mirror);
    }
    if labels.get(OPT_OUT).is_some_and(|value| value == "false") {
        return Some(Skip::OptedOut);
    }
    // An unreadable selector cannot come from the API server, which checks it; reading it as "all" would surprise.
    if !Selector::try_from(plan.capture.selector.clone()).is_ok_and(|selector| selector.matches(&labels)) {
        return Some(Skip::NotSelected);
    }
    if spec.host_network == Some(true) {
        return Some(Skip::HostNetwork);
    }
    let named_windows = spec.os.as_ref().is_some_and(|os| os.name == "windows");
    let selects_windows = spec
        .node_selector
        .as_ref()
        .and_then(|all| all.get("kubernetes.io/os"))
        .is_some_and(|os| os == "windows");
    (named_windows || selects_windows).then_some(Skip::Windows)
}

/// Whether a pod that we never saw has something under our names.
fn has_conflict(pod: &Pod) -> bool {
    let ours = |name: &str| name == VOLUME || name.starts_with("issuetracker-");
    let names = containers(pod).any(|one| one.name == SIDECAR || one.name == INSTALLER);
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()).any(|one| ours(&one.name));
    let mounts = containers(pod).flat_map(|one| one.volume_mounts.iter().flatten()).any(|mount| {
        mount.mount_path.trim_end_matches('/') == ROOT || mount.mount_path.starts_with("/issuetracker/")
    });
    names || volumes || mounts
}
