//! The custom resource `IssueTracker`, as the API server stores it.
//!
//! These types are the only source of the resource's schema: `issuetracker-operator crd` prints it, and the files in
//! `crds/` and in the chart are compared with that. Every field is documented, bounded and defaulted here. Rules between
//! fields are CEL, with messages that say what to do; what the schema cannot say, [`crate::reconcile::validate`] does.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt as _, KubeSchema};
use serde::{Deserialize, Serialize};

mod access;
mod capture;
mod consumer;
mod frustration;
mod grouping;
mod kafka;
mod status;
mod store;

pub use self::{
    access::{Access, Oidc, Role},
    capture::{Capture, Entrypoint, MinLevel, Mode, RedactPattern},
    consumer::{Autoscaling, Consumer, PodTemplate, Service, ServiceType},
    frustration::{
        AutoConfirm, Digest, Email, EmailTls, Frequent, Frustration, IssueRules, Jira, Linear, Outlet,
        Project, QuietHours, Route, Sensitivity, Slack, Webhook,
    },
    grouping::{Grouping, GroupingRule, InApp},
    kafka::{Auth, Kafka, Mechanism, SecretRef, Tls, Topic, TopicDeletion, TopicMode},
    status::{ConsumerStatus, InjectionStatus, IssueCounts, IssueTrackerStatus, TopicStatus},
    store::{Embedded, Firestore, Redis, Store, VolumeDeletion},
};

/// A key of a Secret in the resource's own namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKey {
    /// Name of the Secret, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key within the Secret.
    #[schemars(length(min = 1, max = 253), regex(pattern = r"^[-._a-zA-Z0-9]+$"))]
    pub key: String,
}

/// Error tracking for the namespace that holds this resource. One is active per namespace, the oldest.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, KubeSchema)]
#[kube(
    group = "issuetracker.dev",
    version = "v1alpha1",
    kind = "IssueTracker",
    namespaced,
    status = "IssueTrackerStatus",
    shortname = "it",
    category = "all",
    derive = "PartialEq",
    doc = "Error tracking for every pod of this namespace: topic, consumer, web page and injected sidecars follow from this one resource.",
    printcolumn(name = "Ready", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].status"),
    printcolumn(name = "Reason", type_ = "string", json_path = ".status.conditions[?(@.type=='Ready')].reason"),
    printcolumn(name = "Topic", type_ = "string", json_path = ".status.topic.name", priority = 1),
    printcolumn(name = "Consumers", type_ = "string", json_path = ".status.consumer.summary"),
    printcolumn(name = "Lag", type_ = "integer", json_path = ".status.consumer.lag"),
    printcolumn(name = "Injected", type_ = "integer", json_path = ".status.injection.injected"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    validation = Rule::new("size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')").message("metadata.name: use at most 63 characters without dots; it becomes part of names of a Service, a Deployment and a topic")
)]
#[x_kube(
    validation = Rule::new("!has(self.store.embedded) || !has(self.consumer.replicas) || self.consumer.replicas <= 1").message("spec.consumer.replicas: an embedded store is one file and allows one replica; remove replicas, or use spec.store.firestore"),
    validation = Rule::new("!has(self.store.embedded) || !has(self.consumer.autoscaling)").message("spec.consumer.autoscaling: an embedded store allows one replica; remove autoscaling, or use spec.store.firestore")
)]
#[serde(rename_all = "camelCase")]
pub struct IssueTrackerSpec {
    /// The broker and the topic that reports travel through.
    pub kafka: Kafka,
    /// Where issues are kept.
    pub store: Store,
    /// A Redis that sidecars share to save bytes. Optional; without it, or when it is down, results are the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redis: Option<Redis>,
    /// The tracker service: consumer, API and web page.
    #[serde(default)]
    pub consumer: Consumer,
    /// What is read in the pods of this namespace, and how.
    #[serde(default)]
    pub capture: Capture,
    /// Which reports are one issue.
    #[serde(default)]
    pub grouping: Grouping,
    /// Front ends that send events of what their visitors meet. Without it no events are taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frustration: Option<Frustration>,
    /// Where confirmed incidents and issues go. Nothing is ever sent to an address that does not stand here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub outbound: Vec<Outlet>,
    /// Who may look and act.
    #[serde(default)]
    pub access: Access,
    /// True: nothing is changed any more, in the cluster and on the broker; status is still told.
    #[serde(default)]
    pub suspend: bool,
}

/// The definition to install.
pub fn definition() -> CustomResourceDefinition {
    IssueTracker::crd()
}
