//! Golden pods: `testdata/inject/CASE.in.yaml` goes in, `CASE.out.yaml` must come out.
//!
//! A case whose name begins with `hostpath_`, `httponly_` or `secure_` is injected under such a tracker. A wrong
//! or missing result is written beside its file as `CASE.out.yaml.new`, to be looked at and renamed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use k8s_openapi::{
    api::core::v1::Pod,
    apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement},
};
use kube::core::{
    DynamicObject,
    admission::{AdmissionRequest, AdmissionReview},
};
use serde_json::{Value, json};

use super::{ContainerSkip, Plan, RedisUrl, SecretMount, Skip, admission::Verdict, review};
use crate::resource::{Capture, Entrypoint, Mode};

fn plan(case: &str) -> Plan {
    let mode = match case.split('_').next() {
        Some("hostpath") => Mode::HostPath,
        Some("httponly") => Mode::HttpOnly,
        _ => Mode::Shim,
    };
    let secure = case.starts_with("secure_");
    let secret = |folder, secret: &str| SecretMount { folder, secret: secret.to_owned() };
    Plan {
        tracker: "payments/main".to_owned(),
        image: "issuetracker/sidecar:0.1.0".to_owned(),
        brokers: "kafka.kafka:9092".to_owned(),
        topic: "issuetracker.payments.main".to_owned(),
        config_map: "main-issuetracker".to_owned(),
        secrets: if secure {
            vec![secret("ca", "kafka-ca"), secret("auth", "kafka-login")]
        } else {
            Vec::new()
        },
        events: secure.then(|| "http://issuetracker.payments:6001".to_owned()),
        redis: secure.then(|| RedisUrl::Secret("redis".to_owned(), "url".to_owned())),
        capture: Capture {
            mode,
            selector: LabelSelector {
                match_expressions: Some(vec![LabelSelectorRequirement {
                    key: "tier".to_owned(),
                    operator: "NotIn".to_owned(),
                    values: Some(vec!["batch".to_owned()]),
                }]),
                match_labels: None,
            },
            entrypoints: vec![Entrypoint {
                image: "python:*".to_owned(),
                command: vec!["python3".to_owned()],
                args: vec!["-i".to_owned()],
            }],
            ..Capture::default()
        },
    }
}

fn request(pod: &Value) -> AdmissionRequest<DynamicObject> {
    let review: AdmissionReview<DynamicObject> = serde_json::from_value(json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "operation": "CREATE",
            "namespace": "payments",
            "name": "",
            "userInfo": {},
            "object": pod,
        }
    }))
    .unwrap();
    review.try_into().unwrap()
}

/// The pod after admission, the verdict and the warnings.
fn admitted(pod: &Value, plan: Option<&Plan>) -> (Value, Verdict, Vec<String>) {
    let reviewed = review(&request(pod), plan);
    assert!(reviewed.response.allowed, "whatever happens, the pod starts");
    let mut after = pod.clone();
    if let Some(patch) = &reviewed.response.patch {
        let patch: json_patch::Patch = serde_json::from_slice(patch).unwrap();
        json_patch::patch(&mut after, &patch).unwrap();
    }
    let warnings = reviewed.response.warnings.unwrap_or_default();
    (after, reviewed.verdict, warnings)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/inject")
}

/// Every case by its name.
fn cases() -> BTreeMap<String, Value> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let inputs = files.filter_map(|path| {
        let name = path.file_name()?.to_str()?.strip_suffix(".in.yaml")?.to_owned();
        let pod = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        Some((name, pod))
    });
    inputs.collect()
}

#[test]
fn golden_pods_come_out_as_written() {
    let cases = cases();
    assert!(cases.len() >= 40, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for (name, pod) in &cases {
        let (after, verdict, warnings) = admitted(pod, Some(&plan(name)));
        let told: String = warnings.iter().map(|warning| format!("# warning: {warning}\n")).collect();
        // A skipped pod is the pod that was sent; its words are enough.
        let body = if matches!(verdict, Verdict::Skipped(_)) {
            String::new()
        } else {
            serde_yaml::to_string(&after).unwrap()
        };
        let text = format!("# {}\n{told}{body}", verdict.outcome());
        let path = folder().join(format!("{name}.out.yaml"));
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(path.with_extension("yaml.new"), text).unwrap();
            wrong.push(name.as_str());
        }
    }
    assert!(wrong.is_empty(), "these came out differently, see *.out.yaml.new: {wrong:?}");
}

#[test]
fn injecting_twice_is_injecting_once() {
    for (name, pod) in cases() {
        let plan = plan(&name);
        let (once, _, _) = admitted(&pod, Some(&plan));
        let (twice, _, _) = admitted(&once, Some(&plan));
        assert_eq!(once, twice, "{name}");
        let read: Pod = serde_json::from_value(once).unwrap();
        assert!(read.spec.is_some(), "{name}");
    }
}

#[test]
fn a_container_that_came_later_is_wrapped_by_the_second_run() {
    let cases = cases();
    let plan = plan("plain");
    let (mut once, _, _) = admitted(&cases["plain"], Some(&plan));
    let late = json!({"name": "late", "image": "late:1", "command": ["late"]});
    once["spec"]["containers"].as_array_mut().unwrap().push(late);
    let (twice, _, _) = admitted(&once, Some(&plan));
    assert_eq!(twice["spec"]["containers"][1]["command"], json!(["/issuetracker/bin/shim", "--", "late"]));
    assert_eq!(twice["spec"]["initContainers"].as_array().unwrap().len(), 2);
}

#[test]
fn without_a_tracker_and_with_nonsense_the_pod_starts_as_it_was_sent() {
    let pod = cases()["plain"].clone();
    assert_eq!(admitted(&pod, None), (pod.clone(), Verdict::NoTracker, Vec::new()));
    for nonsense in [
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": 7}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": {"containers": [{}]}}),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}}),
    ] {
        let (after, _, _) = admitted(&nonsense, Some(&plan("plain")));
        let untouched = after == nonsense;
        let injected = after["spec"]["initContainers"].is_array();
        assert!(untouched || injected, "{after}");
    }
}

#[test]
fn every_reason_is_a_word_of_its_own() {
    let words = Skip::ALL.map(Skip::reason).into_iter().chain(ContainerSkip::ALL.map(ContainerSkip::reason));
    let all: Vec<_> = words.collect();
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(all.len(), distinct.len());
    assert!(
        all.iter()
            .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'1'))
    );
}

/// Not a timed test: the bound is a hundred times what it takes, to catch what is not linear.
#[test]
fn a_huge_pod_takes_no_time_to_speak_of() {
    let pod = cases()["huge"].clone();
    let request = request(&pod);
    let plan = plan("huge");
    let start = Instant::now();
    let reviewed = review(&request, Some(&plan));
    assert!(reviewed.response.patch.is_some());
    let Some(left) = Duration::from_secs(2).checked_sub(start.elapsed()) else {
        panic!("{:?}", start.elapsed())
    };
    assert!(left > Duration::ZERO);
}
