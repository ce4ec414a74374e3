//! `spec.store` and `spec.redis`: where issues are kept, and the window that sidecars may share.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretKey;

/// Where issues are kept: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.firestore) != has(self.embedded)", "message": "spec.store: set exactly one of firestore and embedded"},
    {"rule": "has(self.embedded) == has(oldSelf.embedded)", "message": "spec.store cannot change between firestore and embedded: export the issues, make a new IssueTracker, import them there"}
]))]
pub struct Store {
    /// Google Cloud Firestore in native mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firestore: Option<Firestore>,
    /// One SQLite file on a volume; one replica.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<Embedded>,
}

/// Google Cloud Firestore in native mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Firestore {
    /// The Google Cloud project.
    #[schemars(length(min = 4, max = 63), regex(pattern = r"^[a-z][-a-z0-9:.]*[a-z0-9]$"))]
    pub project_id: String,
    /// The database within the project.
    #[serde(default = "database")]
    #[schemars(length(min = 1, max = 63))]
    pub database_id: String,
    /// A key of a service account (JSON). Without it, workload identity is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretKey>,
    /// `host:port` of an emulator instead of the real service. For tests.
    #[serde(default)]
    #[schemars(length(max = 300), regex(pattern = r"^([A-Za-z0-9.-]+:[0-9]{1,5})?$"))]
    pub emulator_host: String,
    /// Put before the name of every top collection, so that several trackers can share a database.
    #[serde(default)]
    #[schemars(length(max = 64), regex(pattern = r"^[A-Za-z0-9_-]*$"))]
    pub collection_prefix: String,
}

fn database() -> String {
    "(default)".to_owned()
}

/// One SQLite file on a volume; one replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Embedded {
    /// Size of the volume.
    #[serde(default = "storage")]
    pub storage: Quantity,
    /// Storage class of the volume. Empty: the cluster's default.
    #[serde(default)]
    #[schemars(length(max = 253))]
    pub storage_class_name: String,
    /// What becomes of the volume when this resource is deleted.
    #[serde(default)]
    pub deletion_policy: VolumeDeletion,
}

fn storage() -> Quantity {
    Quantity("1Gi".to_owned())
}

/// What becomes of the embedded store's volume when its resource is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum VolumeDeletion {
    /// It stays, with all issues.
    #[default]
    Retain,
    /// It goes with the resource.
    Delete,
}

/// A Redis that sidecars share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {"rule": "has(self.urlSecretRef) != (has(self.url) && size(self.url) > 0)", "message": "spec.redis: set exactly one of url and urlSecretRef; a URL with a password belongs into a Secret"},
    {"rule": "!has(self.url) || !self.url.contains('@')", "message": "spec.redis.url must not hold a password: put the URL into a Secret and name it by urlSecretRef"}
]))]
pub struct Redis {
    /// The URL, in a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_secret_ref: Option<SecretKey>,
    /// The URL, where it holds no password: `redis://host:6379/0`, or `rediss://` for TLS.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500), regex(pattern = r"^(rediss?://.+)?$"))]
    pub url: String,
}
