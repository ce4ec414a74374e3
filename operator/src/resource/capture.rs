//! `spec.capture`: what is read in the pods of the namespace, and how.

use k8s_openapi::{api::core::v1::ResourceRequirements, apimachinery::pkg::apis::meta::v1::LabelSelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is read in the pods of the namespace, and how.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capture {
    /// How stderr is read.
    #[serde(default)]
    pub mode: Mode,
    /// Which pods. Empty: all, except those with the label `issuetracker.dev/inject: "false"`.
    #[serde(default)]
    pub selector: LabelSelector,
    /// The lowest level of a log line or a trace that is reported.
    #[serde(default)]
    pub min_level: MinLevel,
    /// What else is cut out of every text before it leaves the pod.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 64), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub redact: Vec<RedactPattern>,
    /// What images start, where the pod does not say it. The first that fits counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), extend("x-kubernetes-list-type" = "atomic"))]
    pub entrypoints: Vec<Entrypoint>,
    /// Requests and limits of the sidecar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourceRequirements>,
}

/// How stderr is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// A shim in front of each container's command copies stderr.
    #[default]
    Shim,
    /// The sidecar reads the node's log files. Needs a namespace that allows hostPath volumes.
    HostPath,
    /// Nothing is read; services report over local HTTP.
    HttpOnly,
}

/// The lowest level that is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant is the level of its name")]
pub enum MinLevel {
    Warning,
    #[default]
    Error,
    Fatal,
}

/// A pattern of what must not leave the pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedactPattern {
    /// The kind under which it is counted; it stands in place of what was cut.
    #[schemars(length(min = 1, max = 63), regex(pattern = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"))]
    pub name: String,
    /// A regular expression in the syntax of the Rust crate `regex`: no look-around, no back-references.
    #[schemars(length(min = 1, max = 1000))]
    pub pattern: String,
}

/// What an image starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entrypoint {
    /// Image references, with `*` for any run of characters.
    #[schemars(length(min = 1, max = 512))]
    pub image: String,
    /// The image's ENTRYPOINT.
    #[schemars(length(min = 1, max = 64), inner(length(max = 4096)), extend("x-kubernetes-list-type" = "atomic"))]
    pub command: Vec<String>,
    /// The image's CMD. It counts where the pod gives no args.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 256), inner(length(max = 4096)), extend("x-kubernetes-list-type" = "atomic"))]
    pub args: Vec<String>,
}
