//! Everything that a resource speaks of and does not hold: the other trackers of its namespace, its Secrets.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, ResourceExt as _};

use crate::resource::IssueTracker;

/// What stands behind the references of a resource.
#[derive(Clone, Default)]
pub struct Dereferenced {
    /// The name of an older tracker in the namespace; then that one is active.
    pub older: Option<String>,
    /// `<namespace>/<name>` of an older tracker that has the same topic on the same brokers.
    pub topic_claimed: Option<String>,
    /// Data of the Secrets that the broker's TLS and login name, by Secret.
    pub secrets: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Secrets that are missing, or must not be read.
    pub missing: Vec<String>,
}

/// Follows the references of a resource.
pub async fn dereference(
    client: &Client,
    resource: &IssueTracker,
    others: &[std::sync::Arc<IssueTracker>],
) -> Dereferenced {
    let namespace = resource.namespace().unwrap_or_default();
    let mut found = Dereferenced {
        older: older(resource, others),
        topic_claimed: topic_claimed(resource, others),
        ..Dereferenced::default()
    };
    let api: Api<Secret> = Api::namespaced(client.clone(), &namespace);
    for name in kafka_secrets(resource) {
        match api.get(&name).await {
            Ok(secret) => {
                let data =
                    secret.data.unwrap_or_default().into_iter().map(|(key, value)| (key, value.0)).collect();
                found.secrets.insert(name, data);
            }
            Err(error) => {
                let why = match &error {
                    kube::Error::Api(status) if status.code == 404 => "there is none of this name".to_owned(),
                    kube::Error::Api(status) if status.code == 403 => {
                        "the operator may not read it; bind it the role issuetracker-secrets in this namespace".to_owned()
                    }
                    other => other.to_string(),
                };
                found.missing.push(format!("Secret {name}: {why}"));
            }
        }
    }
    found
}

/// Who is older; of two from one second, the first by name.
fn age(one: &IssueTracker) -> (Option<jiff::Timestamp>, String, String) {
    let made = one.metadata.creation_timestamp.clone().map(|time| time.0);
    (made, one.namespace().unwrap_or_default(), one.name_any())
}

/// The topic of two trackers belongs to the older one. Brokers that one name stands for are the same brokers.
pub fn topic_claimed(resource: &IssueTracker, others: &[std::sync::Arc<IssueTracker>]) -> Option<String> {
    let topic = |one: &IssueTracker| match one.spec.kafka.topic.name.as_str() {
        "" => format!("issuetracker.{}.{}", one.namespace().unwrap_or_default(), one.name_any()),
        name => name.to_owned(),
    };
    let brokers = &resource.spec.kafka.bootstrap_servers;
    let mine = topic(resource);
    let claimers = others.iter().filter(|other| {
        other.uid() != resource.uid()
            && topic(other) == mine
            && other.spec.kafka.bootstrap_servers.iter().any(|one| brokers.contains(one))
            && other.metadata.deletion_timestamp.is_none()
            && age(other) < age(resource)
    });
    let oldest = claimers.min_by_key(|other| age(other))?;
    Some(format!("{}/{}", oldest.namespace().unwrap_or_default(), oldest.name_any()))
}

/// The oldest of a namespace is active.
pub fn older(resource: &IssueTracker, others: &[std::sync::Arc<IssueTracker>]) -> Option<String> {
    others
        .iter()
        .filter(|other| other.namespace() == resource.namespace() && other.name_any() != resource.name_any())
        .filter(|other| other.metadata.deletion_timestamp.is_none())
        .filter(|other| age(other) < age(resource))
        .map(|other| other.name_any())
        .min()
}

fn kafka_secrets(resource: &IssueTracker) -> Vec<String> {
    let kafka = &resource.spec.kafka;
    let tls = kafka.tls.as_ref();
    let ca = tls.and_then(|tls| tls.ca_secret_ref.as_ref()).map(|secret| secret.name.clone());
    let client = tls.and_then(|tls| tls.client_secret_ref.as_ref()).map(|secret| secret.name.clone());
    let auth = kafka.auth.as_ref().map(|auth| auth.secret_ref.name.clone());
    let mut names: Vec<_> = [ca, client, auth].into_iter().flatten().collect();
    names.sort_unstable();
    names.dedup();
    names
}
