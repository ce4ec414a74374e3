//! The files that the parts of the node read. JSON where YAML is expected: it is YAML too.

use anyhow::Result;
use serde_json::{Value, json};

use super::build::Programs;
use super::certificates;
use super::place::{CONTROL_GROUP, DNS_SERVICE, FIRST_POD, NODE, NODE_NAME, PODS, Place};

/// The image that holds a pod's namespaces. Made at the start of the cluster.
pub const PAUSE: &str = "docker.io/issuetracker/pause:1";

/// Writes all of them.
pub fn write(place: &Place, programs: &Programs) -> Result<()> {
    for user in certificates::users() {
        write_json(place, &format!("{user}.kubeconfig"), &kubeconfig(place, user)?)?;
    }
    write_json(place, "kubelet.json", &kubelet(place)?)?;
    write_json(place, "proxy.json", &proxy(place)?)?;
    write_json(place, "audit-policy.json", &audit_policy())?;
    std::fs::create_dir_all(place.path("cni"))?;
    write_json(place, "cni/10-pods.conflist", &pod_network())?;
    std::fs::write(place.path("containerd.toml"), containerd(place, programs)?)?;
    std::fs::write(place.path("Corefile"), corefile(place)?)?;
    // Pods with dnsPolicy Default: no server of this machine is theirs to ask.
    std::fs::write(place.path("resolv.conf"), format!("nameserver {NODE}\n"))?;
    Ok(())
}

fn write_json(place: &Place, name: &str, value: &Value) -> Result<()> {
    Ok(std::fs::write(place.path(name), format!("{value:#}\n"))?)
}

fn kubeconfig(place: &Place, user: &str) -> Result<Value> {
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "issuetracker", "cluster": {
            "server": format!("https://{NODE}:6443"),
            "certificate-authority": place.text("pki/ca.crt")?,
        }}],
        "users": [{"name": user, "user": {
            "client-certificate": place.text(&format!("pki/{user}.crt"))?,
            "client-key": place.text(&format!("pki/{user}.key"))?,
        }}],
        "contexts": [{"name": "issuetracker", "context": {"cluster": "issuetracker", "user": user}}],
        "current-context": "issuetracker",
    }))
}

fn kubelet(place: &Place) -> Result<Value> {
    Ok(json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": place.text("pki/ca.crt")?},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": place.text("pki/kubelet.crt")?,
        "tlsPrivateKeyFile": place.text("pki/kubelet.key")?,
        "containerRuntimeEndpoint": format!("unix://{}", place.text("containerd.sock")?),
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": place.text("resolv.conf")?,
        "volumePluginDir": place.text("volume-plugins")?,
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": format!("/{CONTROL_GROUP}"),
        "enforceNodeAllocatable": [],
        "failCgroupV1": false,
        "failSwapOn": false,
        // Lowering it needs a right that a container or a restricted machine has not.
        "oomScoreAdj": 0,
        "maxPods": 250,
        "serializeImagePulls": false,
        // Nothing is pulled, so an image that was thrown away would not come back.
        "imageGCHighThresholdPercent": 100,
        // A disk or a memory that others fill is not the tests' failure.
        "evictionHard": {
            "memory.available": "50Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
        },
    }))
}

fn proxy(place: &Place) -> Result<Value> {
    Ok(json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": place.text("proxy.kubeconfig")?},
        "mode": "iptables",
        "clusterCIDR": PODS,
        "hostnameOverride": NODE_NAME,
        // These are the machine's, not the node's.
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "iptables": {"minSyncPeriod": "100ms"},
    }))
}

/// Who did what, without bodies: enough to assert that nothing is written in a steady state, and which rights are used.
fn audit_policy() -> Value {
    json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata"}],
    })
}

/// The bridge is there before the first pod: the node makes it, with its own address and the wire to the host in it.
fn pod_network() -> Value {
    json!({
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "ipMasq": true,
                "hairpinMode": true,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": PODS, "rangeStart": FIRST_POD, "gateway": NODE}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": true}},
        ],
    })
}

fn containerd(place: &Place, programs: &Programs) -> Result<String> {
    let (root, state) = (place.text("containerd")?, place.text("containerd-state")?);
    let (socket, networks) = (place.text("containerd.sock")?, place.text("cni")?);
    let plugins = programs.plugins.display();
    // `restrict_oom_score_adj`: without the right to lower it every sandbox fails with "can't get final child's PID
    // from pipe".
    Ok(format!(
        r#"version = 2
root = {root:?}
state = {state:?}
oom_score = 0
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp",
]
[grpc]
  address = {socket:?}
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  disable_apparmor = true
  sandbox_image = {PAUSE:?}
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{plugins}"
  conf_dir = {networks:?}
"#
    ))
}

/// Names outside of the cluster are nobody's: they get a clear no at once.
fn corefile(place: &Place) -> Result<String> {
    let kubeconfig = place.text("coredns.kubeconfig")?;
    Ok(format!(
        "cluster.local:53 in-addr.arpa:53 {{
    bind {NODE}
    errors
    ready {NODE}:8181
    kubernetes {{
        kubeconfig {kubeconfig}
        ttl 1
    }}
    cache 1
}}
.:53 {{
    bind {NODE}
    errors
    template ANY ANY {{
        rcode NXDOMAIN
    }}
}}
"
    ))
}
