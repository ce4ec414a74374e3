//! From a valid resource to the objects that it owns: pure, so that a test can read them.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        core::v1::{ConfigMap, ServiceAccount},
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference},
};
use serde_json::{Value, json};

use super::validate::Valid;

mod consumer;
pub mod optional;
mod service;

/// Who writes these objects, for server-side apply and for everybody who looks.
pub const MANAGER: &str = "issuetracker-operator";
/// The port of the tracker service, which the older clients know.
pub const PORT: i32 = 6001;
/// Name of the Service: one tracker is active in a namespace, and callers know this name.
pub const SERVICE: &str = "issuetracker";
/// Name of the Secret that holds the admin's token, under the key `token`.
pub const TOKEN: &str = "issuetracker-token";

/// The file of front ends and outlets in the ConfigMap.
pub const FRUSTRATION: &str = "frustration.json";

/// An object to apply.
#[derive(Clone, Debug, PartialEq)]
pub struct Child {
    /// The object, as JSON with `apiVersion` and `kind`.
    pub object: Value,
}

impl Child {
    /// `Kind/name`, for logs and for what is remembered of it.
    pub fn key(&self) -> String {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{}/{}", text(&self.object["kind"]), text(&self.object["metadata"]["name"]))
    }
}

/// Every object of a tracker but the Secret, which is made once and never written again, and but what [`optional`] adds.
pub fn build(valid: &Valid, image: &str) -> Vec<Child> {
    let mut all =
        vec![child(config_map(valid)), child(service_account(valid)), child(service::service(valid))];
    if let Some(volume) = consumer::volume(valid) {
        all.push(child(volume));
    }
    all.push(child(consumer::deployment(valid, image)));
    all.extend(budget(valid).map(child));
    all
}

/// The name of the Deployment and of what belongs to it.
pub fn consumer_name(valid: &Valid) -> String {
    format!("{}-issuetracker", valid.name)
}

/// The name of the embedded store's volume.
pub fn volume_name(valid: &Valid) -> String {
    format!("{}-issuetracker-store", valid.name)
}

/// Labels of everything that a tracker owns.
pub fn labels(valid: &Valid) -> BTreeMap<String, String> {
    let mut labels = selector(valid);
    labels.insert("app.kubernetes.io/managed-by".to_owned(), MANAGER.to_owned());
    labels.insert("app.kubernetes.io/part-of".to_owned(), "issuetracker".to_owned());
    labels
}

/// Labels by which the tracker service's pods are found. They never change: a Deployment's selector cannot.
pub fn selector(valid: &Valid) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("app.kubernetes.io/name".to_owned(), "issuetracker".to_owned()),
        ("app.kubernetes.io/instance".to_owned(), valid.name.clone()),
        ("app.kubernetes.io/component".to_owned(), "consumer".to_owned()),
    ])
}

fn label_selector(valid: &Valid) -> LabelSelector {
    LabelSelector { match_labels: Some(selector(valid)), match_expressions: None }
}

/// Name, namespace, labels and owner.
fn meta(valid: &Valid, name: &str) -> ObjectMeta {
    ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(valid.namespace.clone()),
        labels: Some(labels(valid)),
        owner_references: Some(vec![owner(valid)]),
        ..ObjectMeta::default()
    }
}

/// The reference by which the cluster removes an object with its tracker.
pub fn owner(valid: &Valid) -> OwnerReference {
    OwnerReference {
        api_version: "issuetracker.dev/v1alpha1".to_owned(),
        kind: "IssueTracker".to_owned(),
        name: valid.name.clone(),
        uid: valid.uid.clone(),
        controller: Some(true),
        // True would need a right on the resource's finalizers and could hold up its deletion.
        block_owner_deletion: Some(false),
    }
}

fn config_map(valid: &Valid) -> ConfigMap {
    ConfigMap { metadata: meta(valid, &valid.config_map()), data: Some(files(valid)), ..ConfigMap::default() }
}

fn files(valid: &Valid) -> BTreeMap<String, String> {
    let mut files = BTreeMap::from([
        ("settings.json".to_owned(), valid.settings.clone()),
        ("kafka.properties".to_owned(), valid.security.properties()),
    ]);
    files.extend(valid.frustration.clone().map(|told| (FRUSTRATION.to_owned(), told)));
    files
}

fn service_account(valid: &Valid) -> ServiceAccount {
    ServiceAccount {
        metadata: meta(valid, &consumer_name(valid)),
        // The tracker service never asks the API server; the account is for workload identity.
        automount_service_account_token: Some(false),
        ..ServiceAccount::default()
    }
}

/// Keeps one replica through a drain. With one replica in all, a budget would block the drain.
fn budget(valid: &Valid) -> Option<PodDisruptionBudget> {
    let at_least = match &valid.consumer.autoscaling {
        Some(autoscaling) => autoscaling.min_replicas,
        None => valid.replicas.unwrap_or(0),
    };
    if at_least < 2 {
        return None;
    }
    let spec = json!({"maxUnavailable": 1, "selector": label_selector(valid)});
    Some(PodDisruptionBudget {
        metadata: meta(valid, &consumer_name(valid)),
        spec: serde_json::from_value(spec).ok(),
        status: None,
    })
}

/// The object with the two fields that typed objects leave out, and without empty parts.
fn child<K>(object: K) -> Child
where
    K: k8s_openapi::Resource + serde::Serialize,
{
    let mut object = serde_json::to_value(object).unwrap_or_default();
    object["apiVersion"] = K::API_VERSION.into();
    object["kind"] = K::KIND.into();
    Child { object }
}
