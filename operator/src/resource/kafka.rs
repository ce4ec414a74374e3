//! `spec.kafka`: how to reach the broker, and the topic.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretKey;

/// How to reach the broker, and the topic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Kafka {
    /// Brokers to ask first, `host:port` each.
    #[schemars(
        length(min = 1, max = 32),
        inner(length(max = 300), regex(pattern = r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?):[0-9]{1,5}$")),
        extend("x-kubernetes-list-type" = "set")
    )]
    pub bootstrap_servers: Vec<String>,
    /// TLS to the broker. Present, even empty, it switches TLS on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// Login at the broker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// The topic of this tracker.
    #[serde(default)]
    pub topic: Topic,
}

/// TLS to the broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tls {
    /// The authority (PEM) that signed the broker's certificate. Without it, the system's authorities are trusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret_ref: Option<SecretKey>,
    /// A Secret of type kubernetes.io/tls with the client's certificate (`tls.crt`) and key (`tls.key`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_ref: Option<SecretRef>,
}

/// A Secret in the resource's own namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Login at the broker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Auth {
    /// SASL mechanism. A client certificate is set by `tls.clientSecretRef` instead.
    pub mechanism: Mechanism,
    /// A Secret with the keys `username` and `password`.
    pub secret_ref: SecretRef,
}

/// SASL mechanisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each variant is the mechanism of its name in the IANA registry")]
pub enum Mechanism {
    #[serde(rename = "PLAIN")]
    Plain,
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
}

impl Mechanism {
    /// The name that librdkafka's `sasl.mechanism` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
        }
    }
}

/// The topic of a tracker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "self.name == oldSelf.name", "message": "spec.kafka.topic.name cannot be changed: reports that are on the old topic would stay there; make a new IssueTracker instead"},
    {"rule": "self.partitions >= oldSelf.partitions", "message": "spec.kafka.topic.partitions cannot shrink: Kafka keeps every partition of a topic; set it to at least its present value"}
]))]
pub struct Topic {
    /// Name of the topic. Empty: `issuetracker.<namespace>.<name>`. It cannot be changed later.
    #[serde(default)]
    #[schemars(length(max = 240), regex(pattern = r"^([a-zA-Z0-9_-][a-zA-Z0-9._-]*)?$"))]
    pub name: String,
    /// Number of partitions: how many consumers can work at the same time. It can only grow.
    #[serde(default = "partitions")]
    #[schemars(range(min = 1, max = 1000))]
    pub partitions: i32,
    /// Copies of each partition when the topic is created.
    #[serde(default = "replication_factor")]
    #[schemars(range(min = 1, max = 10))]
    pub replication_factor: i32,
    /// How long records are kept, such as `7d` or `36h`; at least an hour.
    #[serde(default = "retention")]
    #[schemars(regex(pattern = r"^[1-9][0-9]{0,4}(h|d)$"))]
    pub retention: String,
    /// More settings of the topic, by Kafka's names, such as `max.message.bytes`.
    #[serde(default)]
    #[schemars(
        length(max = 32),
        extend("additionalProperties" = {"type": "string", "maxLength": 1024}),
        extend("x-kubernetes-validations" = [
            {"rule": "!('retention.ms' in self) && !('cleanup.policy' in self)", "message": "spec.kafka.topic.config: set retention by spec.kafka.topic.retention; cleanup.policy is always delete"}
        ])
    )]
    pub config: BTreeMap<String, String>,
    /// `Managed`: created, kept as described here. `External`: somebody else's; only read from and written to.
    #[serde(default)]
    pub mode: TopicMode,
    /// What becomes of the topic when this resource is deleted.
    #[serde(default)]
    pub deletion_policy: TopicDeletion,
}

impl Default for Topic {
    fn default() -> Self {
        Self {
            name: String::new(),
            partitions: partitions(),
            replication_factor: replication_factor(),
            retention: retention(),
            config: BTreeMap::new(),
            mode: TopicMode::default(),
            deletion_policy: TopicDeletion::default(),
        }
    }
}

fn partitions() -> i32 {
    6
}

fn replication_factor() -> i32 {
    1
}

fn retention() -> String {
    "7d".to_owned()
}

/// Whose topic it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TopicMode {
    /// The operator creates it and keeps it as described.
    #[default]
    Managed,
    /// Somebody else's; the operator never touches it.
    External,
}

/// What becomes of a topic when its resource is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TopicDeletion {
    /// It stays; deleting the resource needs no operator.
    #[default]
    Retain,
    /// It is removed, under a finalizer that gives up after five minutes.
    Delete,
}
