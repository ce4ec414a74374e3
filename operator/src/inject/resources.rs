//! What our containers ask of the node, so that the pod keeps its class of service (QoS).
//!
//! A pod is Guaranteed when every container has limits for processor and memory, and requests equal to them
//! (<https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/>). One container that has not makes it Burstable.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Container, Pod, ResourceRequirements},
    apimachinery::pkg::api::resource::Quantity,
};

use super::containers;

const EPHEMERAL: &str = "ephemeral-storage";

/// What the sidecar and the installer ask for in this pod.
pub(super) fn ours(pod: &Pod, wanted: Option<&ResourceRequirements>) -> ResourceRequirements {
    let guaranteed = is_guaranteed(pod);
    let mut ours = match (wanted, guaranteed) {
        (Some(wanted), _) => wanted.clone(),
        (None, true) => requirements(&[("cpu", "100m"), ("memory", "32Mi")], &[]),
        (None, false) => requirements(&[("memory", "64Mi")], &[("cpu", "10m"), ("memory", "16Mi")]),
    };
    if containers(pod).any(|one| limit(one, EPHEMERAL).is_some()) {
        // A pod whose containers all have a limit is evicted for the sum; ours must be part of it.
        let limits = ours.limits.get_or_insert_default();
        limits.entry(EPHEMERAL.to_owned()).or_insert_with(|| Quantity("128Mi".to_owned()));
    }
    if guaranteed {
        ours.requests = ours.limits.clone();
    }
    ours
}

fn requirements(limits: &[(&str, &str)], requests: &[(&str, &str)]) -> ResourceRequirements {
    let map = |pairs: &[(&str, &str)]| -> Option<BTreeMap<String, Quantity>> {
        let all: BTreeMap<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), Quantity((*value).to_owned()))).collect();
        (!all.is_empty()).then_some(all)
    };
    ResourceRequirements { limits: map(limits), requests: map(requests), ..ResourceRequirements::default() }
}

fn is_guaranteed(pod: &Pod) -> bool {
    containers(pod).all(|container| {
        ["cpu", "memory"].iter().all(|resource| {
            let Some(limit) = limit(container, resource) else { return false };
            let requests = container.resources.as_ref().and_then(|all| all.requests.as_ref());
            // A missing request is the limit: the API server fills it in so.
            requests.and_then(|all| all.get(*resource)).is_none_or(|request| request == limit)
        })
    })
}

fn limit<'c>(container: &'c Container, resource: &str) -> Option<&'c Quantity> {
    container.resources.as_ref()?.limits.as_ref()?.get(resource)
}
