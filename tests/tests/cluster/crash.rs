//! The promise of the product, from an empty namespace: an unmodified Deployment's crash is an issue within seconds, and
//! nothing else about its pods is another than without us.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::cluster::namespace::Namespace;
use tests::cluster::place::HOST;
use tests::cluster::product::{self, Product, Tracker, restricted};
use tests::images::Image;
use tests::parts::firestore::Firestore;
use tests::programs::source;

use super::{BUSYBOX, PATIENCE};

const IMAGE: &str = "shop/orders:1.4.2";
const RELEASE: &str = "2026.11.1";

/// An image with Python and a program, as a user makes one. It knows nothing of us.
fn image(product: &Product) {
    static MADE: std::sync::Once = std::sync::Once::new();
    MADE.call_once(|| {
        let python = std::fs::canonicalize("/usr/bin/python3").unwrap();
        let library = Path::new("/usr/lib").join(python.file_name().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let image = Image::new(IMAGE).program(&python, "/usr/bin/python3").unwrap().tree(&library).unwrap();
        let image = image.file(&source("service.py"), "/app/service.py", 0o644).file(
            &source("crash.py"),
            "/app/crash.py",
            0o644,
        );
        let archive = folder.path().join("orders.tar");
        image.write(&archive).unwrap();
        product.cluster.client().import(&archive).unwrap();
    });
}

fn deployment() -> Value {
    let mut container = json!({
        "name": "orders", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-u", "/app/service.py"],
        "envFrom": [{"secretRef": {"name": "sentry"}}],
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "data", "mountPath": "/data"}],
    });
    container["securityContext"] = restricted();
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "orders"},
        "spec": {
            "selector": {"matchLabels": {"app": "orders"}},
            "template": {
                "metadata": {"labels": {"app": "orders", "app.kubernetes.io/version": RELEASE}},
                "spec": {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]},
            },
        },
    })
}

fn secret() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "sentry"},
        "stringData": {"SENTRY_DSN": "https://key@sentry.example/1"},
    })
}

/// The Deployment's one pod, once it has crashed and runs again.
fn restarted(namespace: &Namespace) -> Value {
    let found = namespace.wait("the restart of the service", "pods", Duration::from_secs(120), |list| {
        let pods = list["items"].as_array()?;
        pods.iter()
            .find(|pod| {
                pod.pointer("/metadata/labels/app") == Some(&json!("orders"))
                    && pod.pointer("/metadata/deletionTimestamp").is_none()
                    && app(pod)["restartCount"] == 1
                    && app(pod).pointer("/state/running").is_some()
            })
            .cloned()
    });
    found.unwrap()
}

fn app(pod: &Value) -> Value {
    let all = pod.pointer("/status/containerStatuses").and_then(Value::as_array).cloned().unwrap_or_default();
    all.into_iter().find(|status| status["name"] == "orders").unwrap_or_default()
}

/// Everything of a container's life that a user can see: what it wrote in both lives, to the byte, and how it ended.
fn life(namespace: &Namespace, pod: &Value) -> Value {
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap();
    let logs = |previous: &str| {
        let mut command = namespace.client().kubectl_command();
        command.args(["--namespace", namespace.name(), "logs", name, "--container=orders", previous]);
        command.output().unwrap().stdout
    };
    // The second life writes for a second before it sleeps.
    tests::wait::until_every(Duration::from_millis(300), "the whole log", PATIENCE, || {
        logs("--previous=false").ends_with(b"xxx\n").then_some(())
    });
    let status = app(pod);
    json!({
        "before": logs("--previous=true"),
        "now": logs("--previous=false"),
        "code": status.pointer("/lastState/terminated/exitCode"),
        "reason": status.pointer("/lastState/terminated/reason"),
        "message": status.pointer("/lastState/terminated/message"),
        "restarts": status["restartCount"],
    })
}

/// Rolls an unmodified Deployment out in a covered namespace and one in a namespace without a tracker.
fn a_crash_becomes_an_issue(product: &Product, namespace: &Namespace, tracker: &Tracker) {
    image(product);
    let plain = Namespace::restricted(product.cluster.client(), "plain").unwrap();
    for here in [namespace, &plain] {
        here.apply(&secret()).unwrap();
        here.apply(&deployment()).unwrap();
    }
    let issue = tracker.issue("OrderError");
    let seen = jiff::Timestamp::now();
    let happened: jiff::Timestamp = issue["firstSeen"].as_str().unwrap().parse().unwrap();
    let took = seen.duration_since(happened);
    eprintln!("the crash was an issue after {took:#}");
    assert!(took.unsigned_abs() < Duration::from_secs(5), "{took:#}");

    let pod = restarted(namespace);
    let source = &issue["source"];
    assert_eq!(source["namespace"], namespace.name());
    assert_eq!(source["pod"], pod["metadata"]["name"]);
    assert_eq!(source["pod_uid"], pod["metadata"]["uid"]);
    assert_eq!(source["node"], pod["spec"]["nodeName"]);
    assert_eq!(source["container"], "orders");
    assert_eq!(source["workload"], json!({"kind": "Deployment", "name": "orders"}));
    assert_eq!(source["image"], IMAGE);
    assert_eq!(source["release"], RELEASE);
    assert_eq!(issue["language"], "python");

    let with = life(namespace, &pod);
    let without = life(&plain, &restarted(&plain));
    assert_eq!(with["code"], 1);
    assert!(with == without, "with us {with}\nwithout us {without}");
    let log = String::from_utf8_lossy(&serde_json::from_value::<Vec<u8>>(with["now"].clone()).unwrap())
        .into_owned();
    assert!(log.starts_with("dsn https://key@sentry.example/1\n"), "{:?}", log.get(..60));
}

#[test]
fn with_an_embedded_store_a_crash_is_an_issue_within_seconds_and_the_pod_is_as_without_us() {
    let (product, _turn) = product::shared().unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "embedded").unwrap();
    let began = Instant::now();
    let tracker = product.tracker(&namespace, &json!({})).unwrap();
    let ready = began.elapsed();
    eprintln!("the tracker was ready after {:.1} s", ready.as_secs_f64());
    assert!(ready < Duration::from_secs(10), "ready after {ready:?}");
    a_crash_becomes_an_issue(product, &namespace, &tracker);
    a_job_completes(&namespace, &tracker);
    people_work_with_kubectl(product, &namespace, &tracker);
}

fn people_work_with_kubectl(product: &Product, namespace: &Namespace, tracker: &Tracker) {
    let client = product.cluster.client();
    let issues = |arguments: &[&str]| {
        client.issues(&[&["--namespace", namespace.name()], arguments].concat()).unwrap()
    };
    let id = tracker.issue("OrderError")["id"].as_str().unwrap().to_owned();
    let list = issues(&[]);
    assert!(list.contains("OrderError") && list.contains(id.get(..8).unwrap()), "{list}");
    let shown: Value = serde_json::from_str(&issues(&["show", &id, "--output", "json"])).unwrap();
    assert_eq!(shown["errorType"], "OrderError", "{shown:#}");
    issues(&["comment", &id, "seen from a terminal"]);
    issues(&["resolve", &id]);
    let after: Value = serde_json::from_str(&issues(&["show", &id, "--output", "json"])).unwrap();
    assert_eq!(after["status"], "resolved", "{after:#}");
}

fn a_job_completes(namespace: &Namespace, tracker: &Tracker) {
    let mut container = json!({
        "name": "import", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "/app/crash.py"], "args": ["7"],
    });
    container["securityContext"] = restricted();
    let mut good = container.clone();
    good["command"] = json!(["python3", "-c", "print('done')"]);
    for (name, container, end) in [("good", good, "Complete"), ("bad", container, "Failed")] {
        namespace
            .apply(&json!({
                "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
                "spec": {"backoffLimit": 0, "template": {
                    "spec": {"restartPolicy": "Never", "containers": [container]},
                }},
            }))
            .unwrap();
        namespace.wait_for(&format!("job/{name}"), end, PATIENCE).unwrap();
    }
    let seen = tests::wait::until_every(Duration::from_millis(400), "the crash of the Job", PATIENCE, || {
        tracker.issues()?.into_iter().find(|issue| issue.pointer("/workloads/Job~1bad").is_some())
    });
    assert_eq!(seen["errorType"], "OrderError", "{seen:#}");
}

#[test]
fn with_firestore_and_two_replicas_a_crash_is_an_issue_within_seconds() {
    let (product, _turn) = product::shared().unwrap();
    let firestore = Firestore::start_at(HOST).unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "firestore").unwrap();
    let store = json!({"embedded": null, "firestore": {
        "projectId": namespace.name(), "emulatorHost": firestore.host(),
    }});
    let tracker = product.tracker(&namespace, &json!({"store": store})).unwrap();
    namespace
        .wait("both replicas", "deployment/main-issuetracker", PATIENCE, |deployment| {
            (deployment.pointer("/status/readyReplicas") == Some(&json!(2))).then_some(())
        })
        .unwrap();
    a_crash_becomes_an_issue(product, &namespace, &tracker);
}

#[test]
fn log_files_of_the_node_are_read_where_the_namespace_allows_it() {
    let (product, _turn) = product::shared().unwrap();
    image(product);
    let namespace = Namespace::new(product.cluster.client(), "hostpath", &[]).unwrap();
    let tracker = product.tracker(&namespace, &json!({"capture": {"mode": "HostPath"}})).unwrap();
    let container = json!({
        "name": "app", "image": IMAGE, "imagePullPolicy": "IfNotPresent",
        // The image's own start: in this mode nobody needs to know it.
        "command": ["python3", "/app/crash.py"], "args": ["9"],
    });
    let spec = json!({"restartPolicy": "Never", "containers": [container]});
    namespace.apply(&super::pod("files", spec)).unwrap();
    assert_eq!(tracker.issue("OrderError")["source"]["pod"], "files");
    let pod = namespace.get("pod/files").unwrap().unwrap();
    assert_eq!(pod.pointer("/spec/containers/0/command"), Some(&json!(["python3", "/app/crash.py"])));
}

#[test]
fn a_container_whose_command_nobody_knows_reports_over_http() {
    let (product, _turn) = product::shared().unwrap();
    let namespace = Namespace::restricted(product.cluster.client(), "http").unwrap();
    let tracker = product.tracker(&namespace, &json!({"capture": {"mode": "HttpOnly"}})).unwrap();
    let body = r#"{"reports":[{"type":"PaymentError","message":"no money","component":"api"}]}"#;
    let script = format!(
        "until wget -q -O - --header 'content-type: application/json' --post-data '{body}' \
         $ISSUETRACKER_URL/api/v1/reports; do sleep 1; done"
    );
    let mut container = json!({
        "name": "app", "image": BUSYBOX, "imagePullPolicy": "IfNotPresent", "command": ["/bin/sh", "-c", script],
    });
    container["securityContext"] = restricted();
    namespace
        .apply(&super::pod("caller", json!({"restartPolicy": "Never", "containers": [container]})))
        .unwrap();
    assert_eq!(tracker.issue("PaymentError")["source"]["pod"], "caller");
    assert_eq!(namespace.wait_for_end("caller", PATIENCE).unwrap(), "Succeeded");
}
