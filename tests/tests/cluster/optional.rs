//! Objects that a tracker may cease to want, and those for APIs that a cluster may serve or not.

use std::time::Duration;

use serde_json::{Value, json};
use tests::cluster::namespace::Namespace;
use tests::cluster::product::{self, Product};
use tests::wait;

use super::PATIENCE;

const NAME: &str = "main-issuetracker";

/// A tracker with a scaler, or without one and without a tracker service. No emulator is there: it never gets ready.
fn declare(product: &Product, namespace: &Namespace, scaled: bool) {
    let store =
        json!({"embedded": null, "firestore": {"projectId": "my-project", "emulatorHost": "127.0.0.1:1"}});
    let consumer = match scaled {
        true => json!({"autoscaling": {"minReplicas": 2, "maxReplicas": 3, "lagThreshold": 500}}),
        false => json!({"autoscaling": null, "replicas": 0}),
    };
    product.declare(namespace, &json!({"store": store, "consumer": consumer})).unwrap();
}

/// Waits until an object is there, or gone.
fn wait_for(namespace: &Namespace, kind: &str, there: bool) {
    let object = format!("{kind}/{NAME}");
    wait::reached(&format!("{object}: {there}"), Duration::from_secs(30), || {
        Ok((namespace.get(&object)?.is_some() == there).then_some(()))
    })
    .unwrap();
}

#[test]
fn what_a_resource_no_longer_wants_goes() {
    let (product, _turn) = product::shared().unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "orphans").unwrap();
    declare(product, &namespace, true);
    wait_for(&namespace, "poddisruptionbudget", true);
    wait_for(&namespace, "hpa", true);
    declare(product, &namespace, false);
    wait_for(&namespace, "poddisruptionbudget", false);
    wait_for(&namespace, "hpa", false);
}

/// The definitions of others, with as much of a schema as it takes to keep objects.
struct Definitions<'p>(&'p Product);

const OTHERS: [(&str, &str, &str, &str); 2] = [
    ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
    ("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors"),
];

impl<'p> Definitions<'p> {
    fn install(product: &'p Product) -> Self {
        for (group, version, kind, plural) in OTHERS {
            let schema =
                json!({"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}});
            let definition = json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.{group}")},
                "spec": {
                    "group": group, "scope": "Namespaced",
                    "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
                    "versions": [{"name": version, "served": true, "storage": true, "schema": schema}],
                },
            });
            let client = product.cluster.client();
            client.apply(&definition.to_string()).unwrap();
            let name = format!("customresourcedefinition/{plural}.{group}");
            client.kubectl(&["wait", "--for=condition=Established", &name, "--timeout=30s"]).unwrap();
        }
        Self(product)
    }
}

impl Drop for Definitions<'_> {
    fn drop(&mut self) {
        for (group, _, _, plural) in OTHERS {
            let name = format!("customresourcedefinition/{plural}.{group}");
            if let Err(error) = self.0.cluster.client().kubectl(&["delete", &name, "--timeout=30s"]) {
                tests::parts::say(&format!("a definition may be left behind: {error:#}"));
            }
        }
    }
}

#[test]
fn keda_scales_and_the_prometheus_operator_reads_where_they_are_installed() {
    let (product, _alone) = product::alone().unwrap();
    let _definitions = Definitions::install(product);
    // A new operator sees at once what is there.
    product.scale(0).unwrap();
    product.scale(2).unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "others").unwrap();
    declare(product, &namespace, true);
    let trigger = |object: &Value| object.pointer("/spec/triggers/0/metadata").cloned();
    let scaled = format!("scaledobject.keda.sh/{NAME}");
    let trigger = namespace.wait("its trigger", &scaled, PATIENCE, trigger).unwrap();
    assert_eq!(trigger["consumerGroup"], json!(format!("issuetracker-consumer.{}/main", namespace.name())));
    assert_eq!(trigger["lagThreshold"], "500");
    wait_for(&namespace, "podmonitor.monitoring.coreos.com", true);
    wait_for(&namespace, "hpa", false);
    declare(product, &namespace, false);
    wait_for(&namespace, "scaledobject.keda.sh", false);
    wait_for(&namespace, "podmonitor.monitoring.coreos.com", true);
}
