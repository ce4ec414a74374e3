//! Our own containers and volumes in a pod.
//!
//! The sidecar is a native one (an init container with `restartPolicy: Always`): it starts before the application's
//! containers, ends after them, and does not keep a Job from completing. It comes first, then the installer, which copies the
//! shim to where the other containers can run it. Both have no probe: nothing of ours may hold up the application.

use k8s_openapi::{
    api::core::v1::{
        Capabilities, ConfigMapVolumeSource, Container, EmptyDirVolumeSource, EnvVar, EnvVarSource,
        HostPathVolumeSource, ObjectFieldSelector, Pod, PodSpec, ResourceRequirements, SeccompProfile,
        SecretVolumeSource, SecurityContext, Volume, VolumeMount,
    },
    apimachinery::pkg::api::resource::Quantity,
};

use super::{INSTALLER, Plan, ROOT, RedisUrl, SHIM, SIDECAR, VOLUME, container::mount, identity, resources};
use crate::resource::Mode;

/// Twice what spool (32 MiB) and segments (16 MiB) may hold: to exceed it would evict the application's pod.
const SIZE_LIMIT: &str = "96Mi";
/// The user of our containers where they need no rights: `nonroot` of distroless images.
const NOBODY: i64 = 65532;
/// Where the sidecar reads settings and Kafka properties.
const CONFIG: &str = "/issuetracker/config";
const LOGS: &str = "/issuetracker/logs";
/// Where the API server puts the pod's token into every container that has nothing mounted there.
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Adds sidecar, installer and volumes.
pub(super) fn add(pod: &mut Pod, plan: &Plan, port: u16) {
    let resources = resources::ours(pod, plan.capture.resources.as_ref());
    let mut ours = vec![sidecar(pod, plan, port, resources.clone())];
    if plan.capture.mode == Mode::Shim {
        ours.push(installer(plan, resources));
    }
    let Some(spec) = pod.spec.as_mut() else { return };
    let PodSpec { init_containers, volumes: all, .. } = spec;
    let theirs = init_containers.take().unwrap_or_default();
    *init_containers = Some(ours.into_iter().chain(theirs).collect());
    all.get_or_insert_default().extend(volumes(plan));
}

fn sidecar(pod: &Pod, plan: &Plan, port: u16, resources: ResourceRequirements) -> Container {
    let mut mounts = vec![
        mount("spool", "spool", false),
        no_token(),
        VolumeMount {
            name: format!("{VOLUME}-config"),
            mount_path: CONFIG.to_owned(),
            read_only: Some(true),
            ..VolumeMount::default()
        },
    ];
    mounts.extend(plan.secrets.iter().map(|secret| VolumeMount {
        name: format!("{VOLUME}-{}", secret.folder),
        mount_path: format!("{ROOT}/secrets/{}", secret.folder),
        read_only: Some(true),
        ..VolumeMount::default()
    }));
    match plan.capture.mode {
        Mode::Shim => mounts.push(mount("segments", "segments", true)),
        Mode::HostPath => mounts.push(VolumeMount {
            name: format!("{VOLUME}-logs"),
            mount_path: LOGS.to_owned(),
            sub_path_expr: Some("$(POD_NAMESPACE)_$(POD_NAME)_$(POD_UID)".to_owned()),
            read_only: Some(true),
            ..VolumeMount::default()
        }),
        Mode::HttpOnly => {}
    }
    Container {
        name: SIDECAR.to_owned(),
        image: Some(plan.image.clone()),
        restart_policy: Some("Always".to_owned()),
        env: Some(environment(pod, plan, port)),
        resources: Some(resources),
        security_context: Some(security(plan.capture.mode == Mode::HostPath)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

fn installer(plan: &Plan, resources: ResourceRequirements) -> Container {
    Container {
        name: INSTALLER.to_owned(),
        image: Some(plan.image.clone()),
        command: Some(vec!["/issuetracker-shim".to_owned(), "install".to_owned(), SHIM.to_owned()]),
        resources: Some(resources),
        security_context: Some(security(false)),
        volume_mounts: Some(vec![mount("bin", "bin", false), no_token()]),
        ..Container::default()
    }
}

/// An empty folder in place of the pod's token: our containers have no use for it. And where the API server has nothing to add
/// to them, it does not ask a second time what we make of the pod.
fn no_token() -> VolumeMount {
    VolumeMount { mount_path: TOKEN.to_owned(), ..mount("no-token", "", true) }
}

/// Pod Security `restricted`, except that reading a node's log files needs its root.
fn security(root: bool) -> SecurityContext {
    SecurityContext {
        allow_privilege_escalation: Some(false),
        capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), ..Capabilities::default() }),
        read_only_root_filesystem: Some(true),
        run_as_non_root: Some(!root),
        run_as_user: Some(if root { 0 } else { NOBODY }),
        run_as_group: Some(if root { 0 } else { NOBODY }),
        seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
        ..SecurityContext::default()
    }
}

fn environment(pod: &Pod, plan: &Plan, port: u16) -> Vec<EnvVar> {
    let workload = identity::workload(pod);
    let mut all = vec![
        field("POD_NAMESPACE", "metadata.namespace"),
        field("POD_NAME", "metadata.name"),
        field("POD_UID", "metadata.uid"),
        field("NODE_NAME", "spec.nodeName"),
        value("WORKLOAD_KIND", workload.kind),
        value("WORKLOAD_NAME", workload.name),
    ];
    let image = identity::main_container(pod).and_then(|container| container.image.clone());
    all.extend(image.map(|image| value("IMAGE", image)));
    all.extend(identity::release(pod).map(|release| value("RELEASE", release)));
    all.extend([
        value("ISSUETRACKER_TRACKER", plan.tracker.clone()),
        value("ISSUETRACKER_LISTEN", format!("127.0.0.1:{port}")),
        value("ISSUETRACKER_KAFKA_BROKERS", plan.brokers.clone()),
        value("ISSUETRACKER_KAFKA_PROPERTIES", format!("{CONFIG}/kafka.properties")),
        value("ISSUETRACKER_TOPIC", plan.topic.clone()),
        value("ISSUETRACKER_SPOOL_DIR", format!("{ROOT}/spool")),
        value("ISSUETRACKER_SETTINGS", format!("{CONFIG}/settings.json")),
    ]);
    all.push(value("ISSUETRACKER_CAPTURE_MODE", format!("{:?}", plan.capture.mode)));
    match plan.capture.mode {
        Mode::Shim => all.push(value("ISSUETRACKER_SEGMENTS_DIR", format!("{ROOT}/segments"))),
        Mode::HostPath => all.push(value("ISSUETRACKER_POD_LOGS_DIR", LOGS.to_owned())),
        Mode::HttpOnly => {}
    }
    all.extend(plan.events.clone().map(|url| value("ISSUETRACKER_EVENTS_URL", url)));
    all.extend(plan.redis.as_ref().map(RedisUrl::variable));
    all
}

fn value(name: &str, value: String) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value), value_from: None }
}

fn field(name: &str, path: &str) -> EnvVar {
    let selector = ObjectFieldSelector { field_path: path.to_owned(), api_version: None };
    from(name, EnvVarSource { field_ref: Some(selector), ..EnvVarSource::default() })
}

fn from(name: &str, source: EnvVarSource) -> EnvVar {
    EnvVar { name: name.to_owned(), value: None, value_from: Some(source) }
}

/// Everything but the emptyDir is optional: what is missing must not keep the application from starting.
fn volumes(plan: &Plan) -> Vec<Volume> {
    let mut all = vec![
        Volume {
            name: VOLUME.to_owned(),
            empty_dir: Some(EmptyDirVolumeSource {
                size_limit: Some(Quantity(SIZE_LIMIT.to_owned())),
                medium: None,
            }),
            ..Volume::default()
        },
        Volume {
            name: format!("{VOLUME}-config"),
            config_map: Some(ConfigMapVolumeSource {
                name: plan.config_map.clone(),
                optional: Some(true),
                ..ConfigMapVolumeSource::default()
            }),
            ..Volume::default()
        },
    ];
    all.extend(plan.secrets.iter().map(|secret| Volume {
        name: format!("{VOLUME}-{}", secret.folder),
        secret: Some(SecretVolumeSource {
            secret_name: Some(secret.secret.clone()),
            optional: Some(true),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    }));
    if plan.capture.mode == Mode::HostPath {
        all.push(Volume {
            name: format!("{VOLUME}-logs"),
            host_path: Some(HostPathVolumeSource {
                path: "/var/log/pods".to_owned(),
                type_: Some("Directory".to_owned()),
            }),
            ..Volume::default()
        });
    }
    all
}
