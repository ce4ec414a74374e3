//! Wrong resources, each refused by the API server or reported by the operator with a message that says what to change.

use std::time::Duration;

use serde_json::{Value, json};
use tests::cluster::build::KUBERNETES;
use tests::cluster::namespace::Namespace;
use tests::cluster::product::{self, RELEASE, SYSTEM};
use tests::wait;

use super::PATIENCE;

/// What is wrong (merged into a good spec), and words that must be in the answer.
fn wrong() -> Vec<(Value, &'static str)> {
    let firestore = |change: Value| {
        let mut store = json!({"projectId": "my-project"});
        store.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
        json!({"store": {"embedded": null, "firestore": store}})
    };
    vec![
        (json!({"store": {"embedded": null}}), "set exactly one of firestore and embedded"),
        (
            json!({"store": {"firestore": {"projectId": "my-project"}}}),
            "set exactly one of firestore and embedded",
        ),
        (json!({"store": null}), "spec.store"),
        (json!({"kafka": null}), "spec.kafka"),
        (json!({"kafka": {"bootstrapServers": []}}), "spec.kafka.bootstrapServers"),
        (json!({"kafka": {"bootstrapServers": ["kafka"]}}), "spec.kafka.bootstrapServers"),
        (json!({"kafka": {"bootstrapServers": ["kafka:9092", "kafka:9092"]}}), "spec.kafka.bootstrapServers"),
        (json!({"kafka": {"topic": {"name": "with space"}}}), "spec.kafka.topic.name"),
        (json!({"kafka": {"topic": {"name": "x".repeat(241)}}}), "spec.kafka.topic.name"),
        (json!({"kafka": {"topic": {"partitions": 0}}}), "spec.kafka.topic.partitions"),
        (json!({"kafka": {"topic": {"partitions": 1001}}}), "spec.kafka.topic.partitions"),
        (json!({"kafka": {"topic": {"replicationFactor": 0}}}), "spec.kafka.topic.replicationFactor"),
        (json!({"kafka": {"topic": {"retention": "7 days"}}}), "spec.kafka.topic.retention"),
        (
            json!({"kafka": {"topic": {"config": {"retention.ms": "1"}}}}),
            "set retention by spec.kafka.topic.retention",
        ),
        (json!({"kafka": {"topic": {"mode": "Mine"}}}), "Managed"),
        (json!({"kafka": {"topic": {"deletionPolicy": "Maybe"}}}), "Retain"),
        (json!({"kafka": {"auth": {"mechanism": "GSSAPI", "secretRef": {"name": "a"}}}}), "SCRAM-SHA-512"),
        (json!({"kafka": {"auth": {"mechanism": "PLAIN"}}}), "secretRef"),
        (firestore(json!({"projectId": "X"})), "projectId"),
        (firestore(json!({"emulatorHost": "nowhere"})), "emulatorHost"),
        (firestore(json!({"collectionPrefix": "a/b"})), "collectionPrefix"),
        (json!({"redis": {}}), "set exactly one of url and urlSecretRef"),
        (json!({"redis": {"url": "redis://user:word@r"}}), "must not hold a password"),
        (json!({"redis": {"url": "http://r"}}), "spec.redis.url"),
        (json!({"consumer": {"replicas": 2}}), "one replica"),
        (json!({"consumer": {"replicas": -1}}), "spec.consumer.replicas"),
        (json!({"consumer": {"autoscaling": {"maxReplicas": 3}}}), "one replica"),
        (json!({"capture": {"mode": "Ptrace"}}), "HostPath"),
        (json!({"capture": {"minLevel": "loud"}}), "spec.capture.minLevel"),
        (json!({"capture": {"redact": [{"name": "a", "pattern": "("}]}}), "spec.capture.redact"),
        (json!({"capture": {"entrypoints": [{"image": "a"}]}}), "command"),
        (json!({"grouping": {"window": "6m"}}), "window"),
        (
            json!({"grouping": {"rules": [{"match": "[", "fingerprint": ["x"]}]}}),
            "spec.grouping.rules[0].match",
        ),
        (json!({"grouping": {"rules": [{"match": "a", "fingerprint": []}]}}), "fingerprint"),
        (json!({"access": {"defaultRole": "king"}}), "defaultRole"),
        (json!({"unheardOf": 1}), "unheardOf"),
    ]
}

#[test]
fn every_wrong_resource_is_refused_or_reported_with_what_to_change() {
    let (product, _turn) = product::shared().unwrap();
    let namespace = Namespace::bare(product.cluster.client(), "wrong").unwrap();
    let all = wrong();
    assert!(all.len() >= 30, "{}", all.len());
    let mut silent = Vec::new();
    let (mut refused, mut reported) = (0, 0);
    for (spec, words) in &all {
        let said = match strict(&namespace, &product.resource("main", spec)) {
            Err(why) => {
                refused += 1;
                why
            }
            Ok(()) => {
                let told = namespace.wait(
                    "the problem is told",
                    "issuetracker/main",
                    Duration::from_secs(30),
                    |object| {
                        let ready = object.pointer("/status/conditions/0")?;
                        (ready["reason"] == "InvalidSpec").then(|| ready["message"].to_string())
                    },
                );
                namespace
                    .kubectl(&["delete", "issuetracker/main", "--ignore-not-found", "--timeout=30s"])
                    .unwrap();
                reported += 1;
                told.map_err(|error| error.to_string()).unwrap_or_else(|error| error)
            }
        };
        if !said.contains(words) {
            silent.push(format!("{spec}: {words:?} is not in {said}"));
        }
    }
    eprintln!("{refused} refused, {reported} reported");
    assert!(silent.is_empty(), "{silent:#?}");
    // Names with dots would be no label.
    let dotted = product.resource("a.b", &json!({}));
    let why = strict(&namespace, &dotted).expect_err("a name with dots");
    assert!(why.contains("name"), "{why}");
}

/// As people create it: a field that nobody knows is an error.
fn strict(namespace: &Namespace, object: &Value) -> Result<(), String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), object.to_string()).unwrap();
    let path = file.path().to_str().unwrap();
    namespace
        .kubectl(&["create", "--validate=strict", "--filename", path])
        .map(drop)
        .map_err(|error| error.to_string())
}

/// What people copy is what the API server takes, and the chart's own objects too.
#[test]
fn examples_and_chart_are_taken_by_the_api_server() {
    let (product, _turn) = product::shared().unwrap();
    let client = product.cluster.client();
    let namespace = Namespace::bare(client, "examples").unwrap();
    for example in std::fs::read_dir(product::checkout("charts/issuetracker/examples")).unwrap() {
        let path = example.unwrap().path();
        let create =
            ["create", "--dry-run=server", "--validate=strict", "--filename", path.to_str().unwrap()];
        namespace.kubectl(&create).unwrap();
    }
    let chart = product::checkout("charts/issuetracker");
    let secrets = format!("rbac.secretNamespaces[0]={}", namespace.name());
    let options =
        ["networkPolicy.enabled=true", "dashboard.enabled=true", &secrets, "operator.replicas=3"].join(",");
    let render = || {
        let template = ["template", "other", chart.to_str().unwrap(), "--namespace", namespace.name()];
        // The pod of `helm test` names an account that is made before it.
        let version = ["--kube-version", KUBERNETES, "--no-hooks"];
        let options = ["--set", &options, "--set", "crds.install=false"];
        client.helm(&[&template[..], &version, &options].concat()).unwrap()
    };
    let rendered = render();
    assert_eq!(rendered, render(), "another time, other objects");
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), rendered).unwrap();
    let path = file.path().to_str().unwrap();
    namespace.kubectl(&["create", "--dry-run=server", "--validate=strict", "--filename", path]).unwrap();
    let chart = chart.to_str().unwrap();
    let watched = ["--set", "prometheusRule.enabled=true,serviceMonitor.enabled=true"];
    let watched = client
        .helm(&[&["template", "other", chart, "--kube-version", KUBERNETES][..], &watched].concat())
        .unwrap();
    assert!(watched.contains("kind: PrometheusRule") && watched.contains("kind: ServiceMonitor"));
    let unknown = client
        .helm(&["template", "other", chart, "--kube-version", KUBERNETES, "--set", "operator.replica=1"])
        .expect_err("a typo");
    assert!(unknown.to_string().contains("replica"), "{unknown}");
}

/// `helm test`, as users run it after an installation.
#[test]
fn helm_test_proves_that_pods_get_the_sidecar() {
    let (product, _turn) = product::shared().unwrap();
    let client = product.cluster.client();
    let said = client.helm(&["test", RELEASE, "--namespace", SYSTEM, "--timeout=90s"]).unwrap();
    assert!(said.contains("Succeeded"), "{said}");
    wait::reached("what it made is gone", PATIENCE, || {
        let spaces = client.kubectl(&["get", "namespaces", "--output=name"])?;
        let roles = client.kubectl(&["get", "clusterroles", "--output=name"])?;
        let pod = client.get(SYSTEM, &format!("pod/{RELEASE}-check"))?;
        let left = pod.is_some()
            || spaces.contains("issuetracker-check")
            || roles.contains(&format!("{RELEASE}-check"));
        Ok((!left).then_some(()))
    })
    .unwrap();
}
