//! `issuetracker-operator check`: proves that new pods get the sidecar, as `helm test` asks it. In a namespace of its own,
//! which goes in the end, a resource is declared and the API server is asked what would become of a pod.

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::{
    Api, Client, ResourceExt as _,
    api::{DeleteParams, PostParams},
};
use serde_json::{Value, json};

use crate::{inject::INJECTED, resource::IssueTracker};

/// Between two questions.
const PACE: Duration = Duration::from_millis(500);

/// Settings of `check`.
#[derive(Clone, Debug, Args)]
pub struct CheckConfig {
    /// Seconds until it gives up.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Declares, asks and cleans up; the sidecar that the pod would get, or what was wrong.
///
/// # Errors
/// When the definition is not installed, a right is missing, or no pod gets the sidecar in time.
pub async fn check(config: &CheckConfig) -> anyhow::Result<String> {
    let client = Client::try_default().await.context("finding the API server")?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let wanted: Namespace = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": "issuetracker-check-"},
    }))?;
    let made = namespaces.create(&PostParams::default(), &wanted).await.context("making a namespace")?;
    let name = made.name_any();
    let found = ask(&client, &name, Duration::from_secs(config.timeout)).await;
    let removed = namespaces.delete(&name, &DeleteParams::default()).await;
    let sidecar = found?;
    removed.with_context(|| format!("removing the namespace {name}; delete it yourself"))?;
    Ok(sidecar)
}

async fn ask(client: &Client, namespace: &str, patience: Duration) -> anyhow::Result<String> {
    let trackers: Api<IssueTracker> = Api::namespaced(client.clone(), namespace);
    let tracker: IssueTracker = serde_json::from_value(tracker())?;
    trackers.create(&PostParams::default(), &tracker).await.context("declaring an IssueTracker")?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pod: Pod = serde_json::from_value(pod())?;
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let begun = Instant::now();
    let mut last = String::from("nobody was asked");
    while begun.elapsed() < patience {
        match pods.create(&dry, &pod).await {
            Ok(pod) if pod.annotations().contains_key(INJECTED) => return sidecar(&pod),
            Ok(_) => "the API server made the pod as it was".clone_into(&mut last),
            // The account that every pod runs as is made a moment after its namespace.
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(PACE).await;
    }
    bail!(
        "a new pod did not get the sidecar in {} s: {last}. Look at the log of the operator, and whether the API server \
         reaches its Service at port 443 (in a private cluster, a firewall rule to the pods' port 9443)",
        patience.as_secs()
    )
}

/// One that needs neither a broker nor a volume: no tracker service, and a topic that is nobody's business.
fn tracker() -> Value {
    json!({
        "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker", "metadata": {"name": "check"},
        "spec": {
            "kafka": {"bootstrapServers": ["127.0.0.1:9092"], "topic": {"mode": "External", "name": "check"}},
            "store": {"firestore": {"projectId": "issuetracker-check"}},
            "consumer": {"replicas": 0},
        },
    })
}

/// It is never made, so its image is never asked for.
fn pod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "check"},
        "spec": {"containers": [{"name": "app", "image": "example.invalid/app:1", "command": ["/app"]}]},
    })
}

fn sidecar(pod: &Pod) -> anyhow::Result<String> {
    let containers = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let native = containers.into_iter().find(|one| one.restart_policy.as_deref() == Some("Always"));
    let image = native.and_then(|one| one.image.clone());
    image.context("the pod has our annotation and no sidecar: another webhook took it away")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconcile::validate::validate;

    #[test]
    fn what_it_declares_is_valid() {
        let mut tracker: IssueTracker = serde_json::from_value(tracker()).expect("a resource");
        tracker.metadata.namespace = Some("check".to_owned());
        assert!(validate(&tracker).is_ok(), "{:?}", validate(&tracker).err());
        serde_json::from_value::<Pod>(pod()).expect("a pod");
    }
}
