//! The webhook's registration: which namespaces it is called for, and whom the API server trusts.
//!
//! The chart makes an empty registration, so that an uninstall takes it away; the leader keeps its one webhook in it.

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use k8s_openapi::api::{admissionregistration::v1::MutatingWebhookConfiguration, core::v1::ObjectReference};
use kube::{
    Api, Client,
    api::{Patch, PatchParams},
    runtime::events::{Event, EventType, Recorder},
};
use serde_json::{Value, json};

use crate::{
    config::Config,
    coverage::Coverage,
    inject::{
        OPT_OUT,
        certificates::Authorities,
        webhook::{Notice, Plans},
    },
    reconcile::build::MANAGER,
};

/// How often the registration is compared with what it should be.
const PACE: Duration = Duration::from_secs(2);
/// Namespaces whose pods are never touched.
const NEVER: &[&str] = &["kube-system", "kube-public", "kube-node-lease"];

/// The registration's name.
pub(super) fn name(config: &Config) -> String {
    format!("{}-injector", config.release)
}

/// The Service that the API server calls.
pub(super) fn service(config: &Config) -> String {
    format!("{}-webhook", config.release)
}

/// The leader: keeps the registration.
pub(super) async fn keep(
    client: Client,
    config: &Config,
    plans: Plans,
    authorities: Arc<ArcSwap<Option<Authorities>>>,
    coverage: Coverage,
) -> anyhow::Result<()> {
    let api: Api<MutatingWebhookConfiguration> = Api::all(client);
    let name = name(config);
    let (mut written, mut generation) = (Value::Null, None);
    let mut pace = tokio::time::interval(PACE);
    loop {
        pace.tick().await;
        let Some(authorities) = authorities.load().as_ref().clone() else { continue };
        let namespaces: Vec<_> = plans
            .namespaces()
            .into_iter()
            .filter(|one| *one != config.namespace && !NEVER.contains(&one.as_str()))
            .collect();
        let wanted = registration(config, &namespaces, &authorities.bundle());
        // Somebody else's change has another generation than ours, and a registration that is gone has none.
        let there = api.get_metadata_opt(&name).await;
        let same =
            there.map_or(true, |there| there.and_then(|there| there.metadata.generation) == generation);
        if wanted == written && same {
            continue;
        }
        match api.patch(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(&wanted)).await {
            Ok(now) => {
                tracing::info!(?namespaces, "the webhook is registered");
                (written, generation) = (wanted, now.metadata.generation);
                coverage.registered(&namespaces);
            }
            Err(error) => tracing::warn!(%error, "registering the webhook"),
        }
    }
}

/// The registration as it shall be. Without namespaces it selects none.
fn registration(config: &Config, namespaces: &[String], bundle: &str) -> Value {
    let selected = match namespaces {
        [] => json!({"key": "kubernetes.io/metadata.name", "operator": "DoesNotExist"}),
        names => json!({"key": "kubernetes.io/metadata.name", "operator": "In", "values": names}),
    };
    let not_opted_out = json!({"key": OPT_OUT, "operator": "NotIn", "values": ["false"]});
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": name(config)},
        "webhooks": [{
            "name": "inject.issuetracker.dev",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            // Nothing of ours may keep a pod from starting.
            "failurePolicy": "Ignore",
            "timeoutSeconds": 3,
            "reinvocationPolicy": "IfNeeded",
            "matchPolicy": "Equivalent",
            "namespaceSelector": {"matchExpressions": [selected, not_opted_out]},
            "objectSelector": {"matchExpressions": [not_opted_out]},
            "matchConditions": [{
                "name": "no-mirror-pods",
                "expression": "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)",
            }],
            "rules": [{
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "Namespaced",
            }],
            "clientConfig": {
                "caBundle": STANDARD.encode(bundle),
                "service": {"name": service(config), "namespace": config.namespace, "path": "/inject", "port": 443},
            },
        }],
    })
}

/// Every replica: makes Events of what its webhook noticed, on the workload concerned.
pub(super) async fn tell(
    mut told: tokio::sync::mpsc::Receiver<Notice>,
    recorder: Recorder,
) -> anyhow::Result<()> {
    while let Some(notice) = told.recv().await {
        let (kind, name) = notice.workload;
        let api_version = match kind.as_str() {
            "Pod" | "ReplicationController" => "v1",
            "Job" | "CronJob" => "batch/v1",
            _ => "apps/v1",
        };
        let reference = ObjectReference {
            api_version: Some(api_version.to_owned()),
            kind: Some(kind),
            name: Some(name),
            namespace: Some(notice.namespace),
            ..ObjectReference::default()
        };
        let event = Event {
            type_: EventType::Warning,
            reason: notice.reason.to_owned(),
            note: Some(notice.text.chars().take(1000).collect()),
            action: "Inject".to_owned(),
            secondary: None,
        };
        if let Err(error) = recorder.publish(&event, &reference).await {
            tracing::warn!(%error, "an Event was not written");
        }
    }
    std::future::pending().await
}
