//! What a resource becomes: the objects, read as JSON.
#![expect(clippy::unwrap_used, reason = "a broken object should stop the test loudly")]

use operator::{
    reconcile::{
        build::{
            Child, build,
            optional::{Apis, optional},
        },
        validate::validate,
    },
    resource::IssueTracker,
};
use serde_json::{Value, json};

fn children(changes: &Value) -> Vec<Child> {
    let mut spec = json!({"kafka": {"bootstrapServers": ["kafka:9092"]}, "store": {"embedded": {}}});
    json_patch::merge(&mut spec, changes);
    let resource: IssueTracker = serde_json::from_value(json!({
        "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker",
        "metadata": {"name": "main", "namespace": "payments", "uid": "u-1"}, "spec": spec,
    }))
    .unwrap();
    let valid = validate(&resource).unwrap();
    let mut all = build(&valid, "issuetracker/consumer:0.1.0");
    all.extend(optional(&valid, Apis::default()));
    all
}

fn firestore() -> Value {
    json!({"store": {"embedded": null, "firestore": {"projectId": "my-project"}}})
}

fn one<'c>(children: &'c [Child], kind: &str) -> &'c Value {
    let found: Vec<_> = children.iter().filter(|child| child.object["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    &found[0].object
}

#[test]
fn the_same_resource_builds_the_same_objects() {
    assert_eq!(children(&json!({})), children(&json!({})));
}

#[test]
fn an_embedded_store_is_one_replica_that_is_recreated_on_a_volume_that_stays() {
    let all = children(&json!({}));
    let deployment = one(&all, "Deployment");
    assert_eq!(deployment["spec"]["replicas"], 1);
    assert_eq!(deployment["spec"]["strategy"]["type"], "Recreate");
    let claim = one(&all, "PersistentVolumeClaim");
    assert!(claim["metadata"].get("ownerReferences").is_none(), "{claim}");
    assert!(!all.iter().any(|child| child.object["kind"] == "PodDisruptionBudget"), "it would block a drain");
    let gone = children(&json!({"store": {"embedded": {"deletionPolicy": "Delete"}}}));
    assert!(one(&gone, "PersistentVolumeClaim")["metadata"]["ownerReferences"].is_array());
}

#[test]
fn firestore_means_two_replicas_and_a_budget_and_no_volume() {
    let all = children(&firestore());
    assert_eq!(one(&all, "Deployment")["spec"]["replicas"], 2);
    assert_eq!(one(&all, "PodDisruptionBudget")["spec"]["maxUnavailable"], 1);
    assert!(!all.iter().any(|child| child.object["kind"] == "PersistentVolumeClaim"));
}

#[test]
fn an_autoscaler_owns_the_number_of_replicas() {
    let mut changes = firestore();
    changes["consumer"] = json!({"autoscaling": {"minReplicas": 2, "maxReplicas": 5}});
    let all = children(&changes);
    assert!(one(&all, "Deployment")["spec"].get("replicas").is_none());
    assert_eq!(one(&all, "HorizontalPodAutoscaler")["spec"]["maxReplicas"], 5);
}

#[test]
fn the_tracker_service_fits_pod_security_restricted() {
    let all = children(&json!({}));
    let pod = &one(&all, "Deployment")["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    let context = &pod["containers"][0]["securityContext"];
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
}

#[test]
fn everything_but_the_volume_goes_with_the_resource() {
    for child in children(&json!({})) {
        let owner = &child.object["metadata"]["ownerReferences"][0];
        let is_volume = child.object["kind"] == "PersistentVolumeClaim";
        assert_eq!(owner["uid"] == "u-1", !is_volume, "{}", child.key());
        // Nothing of ours may hold up the deletion of a namespace.
        assert!(child.object["metadata"].get("finalizers").is_none(), "{}", child.key());
    }
}
