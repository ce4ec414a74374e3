//! The test cluster is a real one: what the tests of operator, injection and chart stand on works here first.
//!
//! `cargo xtest` runs this file by itself; it needs root, or a cluster of the caller's.
#![expect(clippy::unwrap_used, reason = "what the test needs and does not get should stop it loudly")]

#[path = "cluster/crash.rs"]
mod crash;
#[path = "cluster/operator.rs"]
mod operator;
#[path = "cluster/optional.rs"]
mod optional;
#[path = "cluster/refused.rs"]
mod refused;
#[path = "cluster/rights.rs"]
mod rights;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tests::cluster::namespace::Namespace;
use tests::cluster::place::HOST;
use tests::cluster::product::restricted;
use tests::cluster::{BUSYBOX, Cluster};
use tests::images::Image;
use tests::programs::{compile, source};

const PATIENCE: Duration = Duration::from_secs(90);

fn cluster() -> &'static Cluster {
    Cluster::for_tests().expect("a cluster for the tests")
}

fn container(name: &str, script: &str) -> Value {
    json!({
        "name": name, "image": BUSYBOX, "imagePullPolicy": "IfNotPresent",
        "command": ["/bin/sh", "-c", script], "securityContext": restricted(),
    })
}

fn pod(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": {"app": name}}, "spec": spec})
}

#[test]
fn a_restricted_pod_with_a_native_sidecar_runs_restarts_completes_and_keeps_its_logs() {
    let namespace = Namespace::restricted(cluster().client(), "sidecar").unwrap();
    let mut sidecar = container("beside", "echo beside; trap 'echo ended; exit 0' TERM; sleep 600 & wait");
    sidecar["restartPolicy"] = json!("Always");
    // Fails the first time and succeeds the second.
    let script =
        "echo run; echo crash >&2; if [ -e /data/again ]; then exit 0; fi; touch /data/again; exit 3";
    let mut app = container("app", script);
    app["volumeMounts"] = json!([{"name": "data", "mountPath": "/data"}]);
    let spec = json!({
        "restartPolicy": "OnFailure",
        "initContainers": [sidecar],
        "containers": [app],
        "volumes": [{"name": "data", "emptyDir": {}}],
    });
    namespace.apply(&pod("both", spec)).unwrap();
    assert_eq!(namespace.wait_for_end("both", PATIENCE).unwrap(), "Succeeded");
    let status = namespace.get("pod/both").unwrap().expect("the pod");
    assert_eq!(status.pointer("/status/containerStatuses/0/restartCount"), Some(&json!(1)), "{status:#}");
    // The order of two streams is nobody's promise.
    let said = namespace.logs("both", "app", false).unwrap();
    assert!(said == "run\ncrash\n" || said == "crash\nrun\n", "{said}");
    assert_eq!(namespace.logs("both", "beside", false).unwrap(), "beside\nended\n");

    // The standard is enforced: the same pod as root is refused.
    let refused = pod("root", json!({"containers": [{"name": "app", "image": BUSYBOX}]}));
    let why = namespace.apply(&refused).expect_err("a pod against the standard").to_string();
    assert!(why.contains("violates PodSecurity"), "{why}");
}

#[test]
fn a_static_program_resolves_names_and_reaches_services() {
    let folder = tempfile::tempdir().unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "-C", "target-feature=+crt-static", "-o", "resolve"]);
    compile(rustc.arg(source("resolve.rs")), folder.path());
    let tag = "docker.io/issuetracker/resolve:1";
    let image = Image::new(tag)
        .file(&folder.path().join("resolve"), "/resolve", 0o755)
        .text("/etc/nsswitch.conf", "hosts: files dns\n")
        .entrypoint(&["/resolve"]);
    let archive = folder.path().join("resolve.tar");
    image.write(&archive).unwrap();
    cluster().client().import(&archive).unwrap();

    let namespace = Namespace::restricted(cluster().client(), "names").unwrap();
    let serve = "mkdir -p /tmp/www; echo hello > /tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www";
    let mut web = container("web", serve);
    web["readinessProbe"] = json!({"tcpSocket": {"port": 8080}, "periodSeconds": 1});
    web["volumeMounts"] = json!([{"name": "tmp", "mountPath": "/tmp"}]);
    let spec = json!({"containers": [web], "volumes": [{"name": "tmp", "emptyDir": {}}]});
    namespace.apply(&pod("web", spec)).unwrap();
    namespace
        .apply(&json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
        }))
        .unwrap();
    namespace.wait_for("pod/web", "Ready", PATIENCE).unwrap();

    let full = format!("web.{}.svc.cluster.local:80", namespace.name());
    let ask = json!({
        "name": "ask", "image": tag, "imagePullPolicy": "IfNotPresent", "securityContext": restricted(),
        "args": ["web:80", full, "kubernetes.default:443", "nowhere.example:80"],
    });
    namespace.apply(&pod("ask", json!({"restartPolicy": "Never", "containers": [ask]}))).unwrap();
    namespace.wait_for_end("ask", PATIENCE).unwrap();
    let said = namespace.logs("ask", "ask", false).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[..3].iter().all(|line| line.ends_with(": connected")), "{said}");
    assert!(lines[3].starts_with("nowhere.example:80: ") && !lines[3].contains("connected"), "{said}");

    // The host reaches a service's address too, as the API server does for webhooks.
    let service = namespace.get("service/web").unwrap().expect("the service");
    let address = service.pointer("/spec/clusterIP").and_then(Value::as_str).expect("an address");
    let answer = ureq::get(format!("http://{address}/")).call().unwrap().body_mut().read_to_string().unwrap();
    assert_eq!(answer, "hello\n");
    assert_eq!(namespace.exec("web", "web", &["cat", "/tmp/www/index.html"]).unwrap(), "hello\n");
}

#[test]
fn pods_reach_servers_of_the_host_by_name() {
    let namespace = Namespace::restricted(cluster().client(), "host").unwrap();
    let listener = TcpListener::bind((HOST, 0)).expect("the host's address");
    let port = listener.local_addr().unwrap().port();
    namespace.host_service("broker", port).unwrap();
    let script = format!("echo question | nc -w 20 broker {port}");
    let spec = json!({"restartPolicy": "OnFailure", "containers": [container("ask", &script)]});
    namespace.apply(&pod("ask", spec)).unwrap();
    let (mut stream, from) = listener.accept().unwrap();
    assert!(from.ip().to_string().starts_with("10.88."), "{from} is not a pod's own address");
    let mut question = [0; 9];
    stream.read_exact(&mut question).unwrap();
    assert_eq!(&question, b"question\n");
    stream.write_all(b"answer\n").unwrap();
    drop(stream);
    assert_eq!(namespace.wait_for_end("ask", PATIENCE).unwrap(), "Succeeded");
    assert_eq!(namespace.logs("ask", "ask", false).unwrap(), "answer\n");
}

#[test]
fn a_claim_gets_a_volume_and_a_job_completes() {
    let namespace = Namespace::new(cluster().client(), "volume", &[]).unwrap();
    namespace
        .apply(&json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }))
        .unwrap();
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "write"},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{
                "name": "app", "image": BUSYBOX, "command": ["/bin/sh", "-c", "echo kept > /data/file"],
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }],
            "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
        }}},
    });
    namespace.apply(&job).unwrap();
    namespace.wait_for("job/write", "Complete", PATIENCE).unwrap();
    let claim = namespace.get("pvc/data").unwrap().expect("the claim");
    assert_eq!(claim.pointer("/status/phase"), Some(&json!("Bound")));
}

#[test]
fn requests_are_seen_in_the_audit_log() {
    let namespace = Namespace::new(cluster().client(), "audit", &[]).unwrap();
    namespace.apply_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: seen}}").unwrap();
    let events = cluster().audit().unwrap();
    let seen = events.iter().any(|event| {
        event.pointer("/objectRef/name") == Some(&json!("seen"))
            && event.pointer("/objectRef/namespace") == Some(&json!(namespace.name()))
            && event["verb"] == "patch"
    });
    assert!(seen, "{} events", events.len());
}

#[test]
fn helm_installs_and_uninstalls_a_chart() {
    let namespace = Namespace::new(cluster().client(), "helm", &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let chart = folder.path();
    std::fs::create_dir(chart.join("templates")).unwrap();
    std::fs::write(chart.join("Chart.yaml"), "{apiVersion: v2, name: small, version: 1.0.0}").unwrap();
    let template = "{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ .Release.Name }}}}";
    std::fs::write(chart.join("templates/map.yaml"), template).unwrap();
    let helm = |arguments: &[&str]| {
        cluster().client().helm(&[arguments, &["--namespace", namespace.name()]].concat()).unwrap()
    };
    helm(&["install", "one", text(chart), "--wait"]);
    assert!(namespace.get("configmap/one").unwrap().is_some());
    helm(&["uninstall", "one", "--wait"]);
    assert!(namespace.get("configmap/one").unwrap().is_none());
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of ours is text")
}
