//! The definition of the resource: the files that people install equal what the program prints, and its rules hold.
#![expect(clippy::unwrap_used, reason = "a broken file should stop the test loudly")]

use std::{fs, path::Path};

use operator::{
    reconcile::validate::validate,
    resource::{IssueTracker, definition},
};
use serde_json::{Value, json};

#[test]
fn the_files_equal_what_the_program_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let printed = serde_yaml::to_string(&definition()).unwrap();
    for file in ["crds/issuetrackers.yaml", "charts/issuetracker/files/issuetrackers.yaml"] {
        let written = fs::read_to_string(root.join(file)).unwrap_or_default();
        assert!(written == printed, "{file} is old: cargo run -p operator -- crd > {file}");
    }
}

#[test]
fn every_field_is_described() {
    let definition = serde_json::to_value(definition()).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    let mut missing = Vec::new();
    undescribed("spec", &schema["spec"], &mut missing);
    undescribed("status", &schema["status"], &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}

fn undescribed(path: &str, schema: &Value, missing: &mut Vec<String>) {
    if schema["description"].as_str().is_none_or(str::is_empty) {
        missing.push(path.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        undescribed(&format!("{path}.{name}"), property, missing);
    }
    for (name, property) in schema["items"]["properties"].as_object().into_iter().flatten() {
        undescribed(&format!("{path}[].{name}"), property, missing);
    }
}

/// A resource with these parts over a good one.
fn resource(changes: &Value) -> IssueTracker {
    let mut spec = json!({"kafka": {"bootstrapServers": ["kafka:9092"]}, "store": {"embedded": {}}});
    json_patch::merge(&mut spec, changes);
    serde_json::from_value(json!({
        "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker",
        "metadata": {"name": "main", "namespace": "payments", "uid": "u"}, "spec": spec,
    }))
    .unwrap()
}

#[test]
fn what_the_schema_cannot_say_is_told_with_its_field() {
    let login = json!({"mechanism": "PLAIN", "secretRef": {"name": "a"}});
    let both = json!({"tls": {"clientSecretRef": {"name": "c"}}, "auth": login});
    for (changes, field, says) in [
        (json!({"store": {"embedded": null}}), "spec.store", "exactly one"),
        (json!({"store": {"firestore": {"projectId": "my-project"}}}), "spec.store", "exactly one"),
        (json!({"consumer": {"replicas": 2}}), "spec.consumer", "one replica"),
        (json!({"consumer": {"autoscaling": {"maxReplicas": 3}}}), "spec.consumer", "one replica"),
        (json!({"kafka": {"topic": {"retention": "7 days"}}}), "spec.kafka.topic.retention", "7d"),
        (json!({"kafka": {"topic": {"retention": "0d"}}}), "spec.kafka.topic.retention", "7d"),
        (
            json!({"kafka": {"topic": {"config": {"retention.ms": "1"}}}}),
            "spec.kafka.topic.config[retention.ms]",
            "remove",
        ),
        (json!({"kafka": {"topic": {"name": "x".repeat(246)}}}), "spec.kafka.topic.name", "shorter"),
        (json!({"kafka": both}), "spec.kafka.auth", "exclude"),
        (json!({"redis": {}}), "spec.redis", "exactly one"),
        (
            json!({"redis": {"url": "redis://r", "urlSecretRef": {"name": "a", "key": "b"}}}),
            "spec.redis",
            "exactly one",
        ),
        (json!({"capture": {"redact": [{"name": "a", "pattern": "("}]}}), "spec.capture.redact", "a"),
        (json!({"grouping": {"window": "6m"}}), "spec.grouping.window", "1s to 5m"),
        (
            json!({"grouping": {"rules": [{"match": "[", "fingerprint": ["x"]}]}}),
            "spec.grouping.rules[0].match",
            "[",
        ),
    ] {
        let problems = validate(&resource(&changes)).expect_err(&changes.to_string());
        let told = problems.iter().any(|problem| problem.field == field && problem.text.contains(says));
        assert!(told, "{changes}: {problems:?}");
    }
}

#[test]
fn an_outlet_that_nothing_could_be_sent_to_is_told_with_what_to_change() {
    let secret = json!({"name": "s", "key": "k"});
    let mail = |changes: &Value| {
        let mut mail = json!({"host": "smtp.example", "from": "a@b.example", "to": ["c@d.example"]});
        json_patch::merge(&mut mail, changes);
        json!({"email": mail})
    };
    let private = |mut outlet: Value| {
        outlet["allowPrivate"] = json!(true);
        outlet
    };
    let told = |rules: &Value| json!({"slack": {"secretRef": secret}, "issues": rules});
    for (outlet, says) in [
        (json!({}), "exactly one"),
        (
            json!({"slack": {"secretRef": secret}, "webhook": {"url": "https://h.example", "secretRef": secret}}),
            "exactly one",
        ),
        (
            json!({"slack": {"secretRef": secret}, "email": {"host": "h", "from": "a@b.example", "to": ["c@d.example"]}}),
            "exactly one",
        ),
        (mail(&json!({"host": "smtp.example:587"})), "no name of a host"),
        (mail(&json!({"from": "Issues <a@b.example>"})), "give it alone"),
        (mail(&json!({"to": ["a@b.example, c@d.example"]})), "give it alone"),
        (mail(&json!({"to": []})), "1 to 50"),
        (mail(&json!({"tls": "none"})), "allowPrivate"),
        (private(mail(&json!({"tls": "none", "secretRef": {"name": "s"}}))), "password could be read"),
        (told(&json!({"quietHours": {"from": "22:00", "to": "7"}})), "no time of day"),
        (told(&json!({"query": "is:opne"})), "is:opne is not understood"),
        (told(&json!({"when": ["frequent"]})), "needs frequent"),
        (
            told(&json!({"quietHours": {"from": "22:00", "to": "07:00", "timeZone": "Berlin"}})),
            "no time zone",
        ),
        (
            told(&json!({"digest": {"at": "08:00"}, "quietHours": {"from": "22:00", "to": "07:00"}})),
            "remove quietHours",
        ),
    ] {
        let mut named = outlet.clone();
        named["name"] = json!("out");
        let project = json!({"projects": [{"name": "shop", "keys": ["k"]}]});
        let wrong = json!({"frustration": project, "outbound": [named]});
        let problems = validate(&resource(&wrong)).expect_err(&outlet.to_string());
        let told = |field: &str, text: &str| field.starts_with("spec.outbound") && text.contains(says);
        assert!(problems.iter().any(|one| told(&one.field, &one.text)), "{outlet}: {problems:?}");
    }
}

#[test]
fn every_word_of_the_rules_for_issues_is_one_of_the_trackers() {
    let words = json!({
        "when": ["new", "regressed", "escalating", "frequent"], "query": "workload:api", "frequent": {"reports": 100, "minutes": 60},
        "priorities": ["low", "medium", "high", "critical"],
        "categories": ["resource", "crash", "security", "data", "dependency", "configuration", "code", "validation", "unknown"],
        "quietHours": {"from": "22:00", "to": "07:00", "timeZone": "Europe/Berlin"},
    });
    let outlet = json!({"name": "chat", "slack": {"secretRef": {"name": "s", "key": "k"}}, "issues": words});
    let valid = validate(&resource(&json!({"outbound": [outlet]}))).unwrap();
    let file: Value = serde_json::from_str(&valid.frustration.unwrap()).unwrap();
    let told = &file["outbound"][0]["issues"];
    for field in ["when", "query", "frequent", "priorities", "categories", "quietHours"] {
        assert_eq!(told[field], words[field], "{field}");
    }
    assert!(valid.events.is_none(), "no front end, no topic of events");
}

#[test]
fn all_problems_are_told_at_once() {
    let wrong = json!({"redis": {}, "grouping": {"window": "6m"}, "consumer": {"replicas": 2}});
    assert_eq!(validate(&resource(&wrong)).unwrap_err().len(), 3);
}

#[test]
fn a_good_resource_has_the_defaults_that_the_design_promises() {
    let valid = validate(&resource(&json!({}))).unwrap();
    assert_eq!(valid.topic.name, "issuetracker.payments.main");
    assert_eq!((valid.topic.partitions, valid.topic.retention.as_secs()), (6, 7 * 86_400));
    assert_eq!(valid.replicas, Some(1), "an embedded store allows one");
    let firestore = json!({"store": {"embedded": null, "firestore": {"projectId": "my-project"}}});
    assert_eq!(validate(&resource(&firestore)).unwrap().replicas, Some(2));
}

#[test]
fn no_password_is_in_what_pods_mount() {
    let secure = json!({"kafka": {"tls": {"caSecretRef": {"name": "ca", "key": "ca.crt"}},
        "auth": {"mechanism": "SCRAM-SHA-512", "secretRef": {"name": "login"}}}});
    let valid = validate(&resource(&secure)).unwrap();
    let properties = valid.security.properties();
    assert!(properties.contains("security.protocol=SASL_SSL"), "{properties}");
    assert!(
        properties.contains("sasl.password=${directory:/issuetracker/secrets/auth:password}"),
        "{properties}"
    );
    let mounts: Vec<_> = valid.security.mounts().into_iter().map(|one| (one.folder, one.secret)).collect();
    assert_eq!(mounts, [("ca", "ca".to_owned()), ("auth", "login".to_owned())]);
}
