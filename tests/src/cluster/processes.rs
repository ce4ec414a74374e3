//! The processes of a node, in the order of their start, with their arguments.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::build::Programs;
use super::place::{DNS_SERVICE, NODE, NODE_NAME, Place, SERVICES};

/// What the API server needs to answer.
pub const FIRST: &[&str] = &["etcd", "containerd", "kube-apiserver"];

/// What needs the API server.
pub const THEN: &[&str] = &["kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "coredns"];

/// Where programs of the system are; `sbin` is not in everybody's path.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Starts a process of the node: in a group of its own, its output in `logs/NAME.log`.
pub fn start(place: &Place, programs: &Programs, name: &str) -> Result<Child> {
    use std::os::unix::process::CommandExt;
    let log = File::options().create(true).append(true).open(place.path(&format!("logs/{name}.log")))?;
    let arguments = arguments(place, name)?;
    Command::new(programs.path(name))
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", place.folder())
        .current_dir(place.folder())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .process_group(0)
        .spawn()
        .with_context(|| format!("starting {name}"))
}

fn arguments(place: &Place, name: &str) -> Result<Vec<String>> {
    let file = |name: &str| place.text(name);
    let kubeconfig = |user: &str| file(&format!("{user}.kubeconfig"));
    Ok(match name {
        "etcd" => vec![
            format!("--data-dir={}", file("etcd")?),
            // What a power cut would lose, nobody needs.
            String::from("--unsafe-no-fsync"),
            String::from("--log-level=warn"),
            String::from("--listen-peer-urls=http://127.0.0.1:2380"),
        ],
        "containerd" => vec![format!("--config={}", file("containerd.toml")?)],
        "kube-apiserver" => api_server(place)?,
        "kube-controller-manager" => vec![
            format!("--kubeconfig={}", kubeconfig("controller-manager")?),
            String::from("--leader-elect=false"),
            String::from("--use-service-account-credentials"),
            format!("--service-account-private-key-file={}", file("pki/service-accounts.key")?),
            format!("--root-ca-file={}", file("pki/ca.crt")?),
            format!("--cluster-signing-cert-file={}", file("pki/ca.crt")?),
            format!("--cluster-signing-key-file={}", file("pki/ca.key")?),
            // Volumes on the node's disk, for claims of the default class.
            String::from("--enable-hostpath-provisioner"),
        ],
        "kube-scheduler" => {
            vec![format!("--kubeconfig={}", kubeconfig("scheduler")?), String::from("--leader-elect=false")]
        }
        "kubelet" => vec![
            format!("--config={}", file("kubelet.json")?),
            format!("--kubeconfig={}", kubeconfig("kubelet")?),
            format!("--hostname-override={NODE_NAME}"),
            format!("--node-ip={NODE}"),
        ],
        "kube-proxy" => vec![format!("--config={}", file("proxy.json")?)],
        "coredns" => vec![String::from("-conf"), file("Corefile")?],
        other => anyhow::bail!("{other} is no part of the node; names are asked at {DNS_SERVICE}"),
    })
}

fn api_server(place: &Place) -> Result<Vec<String>> {
    let options = [
        ("advertise-address", NODE),
        ("secure-port", "6443"),
        ("etcd-servers", "http://127.0.0.1:2379"),
        ("service-cluster-ip-range", SERVICES),
        ("authorization-mode", "Node,RBAC"),
        ("allow-privileged", "true"),
        ("enable-admission-plugins", "NodeRestriction"),
        ("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        ("kubelet-preferred-address-types", "InternalIP"),
        ("profiling", "false"),
    ];
    let files = [
        ("client-ca-file", "pki/ca.crt"),
        ("tls-cert-file", "pki/apiserver.crt"),
        ("tls-private-key-file", "pki/apiserver.key"),
        ("kubelet-certificate-authority", "pki/ca.crt"),
        ("kubelet-client-certificate", "pki/kubelet-client.crt"),
        ("kubelet-client-key", "pki/kubelet-client.key"),
        ("service-account-key-file", "pki/service-accounts.pub"),
        ("service-account-signing-key-file", "pki/service-accounts.key"),
        ("audit-policy-file", "audit-policy.json"),
        ("audit-log-path", "audit.log"),
    ];
    let options = options.iter().map(|(name, value)| Ok(format!("--{name}={value}")));
    let files = files.iter().map(|(name, file)| Ok(format!("--{name}={}", place.text(file)?)));
    options.chain(files).collect()
}
