//! The tracker service's Deployment, and the volume of an embedded store.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::{
        apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy},
        core::v1::{
            Capabilities, Container, ContainerPort, EnvVar, HTTPGetAction, PersistentVolumeClaim,
            PersistentVolumeClaimSpec, PodSecurityContext, PodSpec, PodTemplateSpec, Probe,
            ResourceRequirements, SeccompProfile, SecurityContext, TopologySpreadConstraint, Volume,
            VolumeMount, VolumeResourceRequirements,
        },
    },
    apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{FRUSTRATION, PORT, TOKEN, consumer_name, label_selector, labels, meta, selector, volume_name};
use crate::{
    inject::OPT_OUT,
    reconcile::validate::{Valid, frustration},
    resource::{Access, VolumeDeletion},
};

const CONFIG: &str = "/issuetracker/config";
const DATA: &str = "/issuetracker/data";
const SECRETS: &str = "/issuetracker/secrets";
const USER: i64 = 65532;
/// Says when the pods must be replaced: they read files at their start.
const CONFIG_HASH: &str = "issuetracker.dev/config-hash";

/// The Deployment.
pub(super) fn deployment(valid: &Valid, image: &str) -> Deployment {
    let embedded = valid.store.embedded.is_some();
    Deployment {
        metadata: meta(valid, &consumer_name(valid)),
        spec: Some(DeploymentSpec {
            replicas: valid.replicas,
            selector: label_selector(valid),
            // Two processes must never hold the file of an embedded store.
            strategy: Some(DeploymentStrategy {
                type_: Some(if embedded { "Recreate" } else { "RollingUpdate" }.to_owned()),
                rolling_update: None,
            }),
            template: template(valid, image),
            ..DeploymentSpec::default()
        }),
        status: None,
    }
}

fn template(valid: &Valid, image: &str) -> PodTemplateSpec {
    let wanted = &valid.consumer.pod_template;
    let mut all_labels = wanted.labels.clone();
    all_labels.extend(labels(valid));
    // Its own errors would come back to it.
    all_labels.insert(OPT_OUT.to_owned(), "false".to_owned());
    let mut annotations = wanted.annotations.clone();
    annotations.insert(CONFIG_HASH.to_owned(), config_hash(valid));
    PodTemplateSpec {
        metadata: Some(ObjectMeta {
            labels: Some(all_labels),
            annotations: Some(annotations),
            ..ObjectMeta::default()
        }),
        spec: Some(PodSpec {
            service_account_name: Some(consumer_name(valid)),
            automount_service_account_token: Some(false),
            enable_service_links: Some(false),
            termination_grace_period_seconds: Some(30),
            node_selector: (!wanted.node_selector.is_empty()).then(|| wanted.node_selector.clone()),
            tolerations: (!wanted.tolerations.is_empty()).then(|| wanted.tolerations.clone()),
            affinity: wanted.affinity.clone(),
            topology_spread_constraints: Some(vec![TopologySpreadConstraint {
                max_skew: 1,
                topology_key: "kubernetes.io/hostname".to_owned(),
                when_unsatisfiable: "ScheduleAnyway".to_owned(),
                label_selector: Some(label_selector(valid)),
                ..TopologySpreadConstraint::default()
            }]),
            security_context: Some(PodSecurityContext {
                run_as_non_root: Some(true),
                run_as_user: Some(USER),
                run_as_group: Some(USER),
                fs_group: Some(USER),
                seccomp_profile: Some(SeccompProfile {
                    type_: "RuntimeDefault".to_owned(),
                    localhost_profile: None,
                }),
                ..PodSecurityContext::default()
            }),
            containers: vec![container(valid, image)],
            volumes: Some(volumes(valid)),
            ..PodSpec::default()
        }),
    }
}

fn container(valid: &Valid, image: &str) -> Container {
    let mut mounts = vec![mount("config", CONFIG, true), mount("token", &format!("{SECRETS}/token"), true)];
    let secrets = secret_folders(valid);
    mounts.extend(secrets.keys().map(|folder| mount(folder, &format!("{SECRETS}/{folder}"), true)));
    if valid.store.embedded.is_some() {
        mounts.push(mount("data", DATA, false));
    }
    Container {
        name: "consumer".to_owned(),
        image: Some(image.to_owned()),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        env: Some(environment(valid)),
        ports: Some(vec![ContainerPort {
            name: Some("http".to_owned()),
            container_port: PORT,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]),
        resources: Some(valid.consumer.resources.clone().unwrap_or_else(resources)),
        security_context: Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            read_only_root_filesystem: Some(true),
            ..SecurityContext::default()
        }),
        liveness_probe: Some(probe("/livez", 10)),
        readiness_probe: Some(probe("/readyz", 2)),
        volume_mounts: Some(mounts),
        ..Container::default()
    }
}

fn resources() -> ResourceRequirements {
    let quantity = |name: &str, text: &str| (name.to_owned(), Quantity(text.to_owned()));
    ResourceRequirements {
        requests: Some(BTreeMap::from([quantity("cpu", "50m"), quantity("memory", "64Mi")])),
        limits: Some(BTreeMap::from([quantity("memory", "384Mi")])),
        claims: None,
    }
}

fn probe(path: &str, period: i32) -> Probe {
    Probe {
        http_get: Some(HTTPGetAction {
            path: Some(path.to_owned()),
            port: IntOrString::String("http".to_owned()),
            ..HTTPGetAction::default()
        }),
        period_seconds: Some(period),
        timeout_seconds: Some(5),
        failure_threshold: Some(3),
        ..Probe::default()
    }
}

fn environment(valid: &Valid) -> Vec<EnvVar> {
    let mut all = vec![
        value("ISSUETRACKER_TRACKER", valid.tracker()),
        value("ISSUETRACKER_LISTEN", format!("0.0.0.0:{PORT}")),
        value("ISSUETRACKER_KAFKA_BROKERS", valid.brokers.clone()),
        value("ISSUETRACKER_KAFKA_PROPERTIES", format!("{CONFIG}/kafka.properties")),
        value("ISSUETRACKER_TOPIC", valid.topic.name.clone()),
        value("ISSUETRACKER_TOKEN_FILE", format!("{SECRETS}/token/token")),
    ];
    match (&valid.store.firestore, &valid.store.embedded) {
        (Some(firestore), _) => {
            let database = match firestore.database_id.as_str() {
                "(default)" => String::new(),
                other => format!("/{other}"),
            };
            all.push(value("ISSUETRACKER_STORE", format!("firestore:{}{database}", firestore.project_id)));
            if !firestore.emulator_host.is_empty() {
                all.push(value("FIRESTORE_EMULATOR_HOST", firestore.emulator_host.clone()));
            }
            if !firestore.collection_prefix.is_empty() {
                all.push(value("ISSUETRACKER_STORE_PREFIX", firestore.collection_prefix.clone()));
            }
            if let Some(secret) = &firestore.credentials_secret_ref {
                let file = format!("{SECRETS}/google/{}", secret.key);
                all.push(value("GOOGLE_APPLICATION_CREDENTIALS", file));
            }
        }
        _ => all.push(value("ISSUETRACKER_STORE", format!("sqlite:{DATA}/issues.db"))),
    }
    if valid.frustration.is_some() {
        all.push(value("ISSUETRACKER_FRUSTRATION", format!("{CONFIG}/{FRUSTRATION}")));
    }
    all.extend(access(&valid.access));
    all
}

/// Who may come in.
fn access(access: &Access) -> Vec<EnvVar> {
    let mut all = vec![
        value("ISSUETRACKER_DEFAULT_ROLE", access.default_role.name().to_owned()),
        value("ISSUETRACKER_LEGACY_WRITERS", access.legacy_writers.to_string()),
    ];
    if !access.public_url.is_empty() {
        all.push(value("ISSUETRACKER_PUBLIC_URL", access.public_url.clone()));
    }
    if !access.admins.is_empty() {
        all.push(value("ISSUETRACKER_ADMINS", access.admins.join(",")));
    }
    if let Some(oidc) = &access.oidc {
        let file = format!("{SECRETS}/oidc/{}", oidc.client_secret_ref.key);
        all.push(value("ISSUETRACKER_OIDC_ISSUER", oidc.issuer.clone()));
        all.push(value("ISSUETRACKER_OIDC_CLIENT_ID", oidc.client_id.clone()));
        all.push(value("ISSUETRACKER_OIDC_CLIENT_SECRET_FILE", file));
        if !oidc.allowed_domains.is_empty() {
            all.push(value("ISSUETRACKER_ALLOWED_DOMAINS", oidc.allowed_domains.join(",")));
        }
    }
    all
}

fn value(name: &str, value: String) -> EnvVar {
    EnvVar { name: name.to_owned(), value: Some(value), value_from: None }
}

fn mount(volume: &str, path: &str, read_only: bool) -> VolumeMount {
    VolumeMount {
        name: volume.to_owned(),
        mount_path: path.to_owned(),
        read_only: read_only.then_some(true),
        ..VolumeMount::default()
    }
}

/// Secrets by the folder that they are mounted in.
fn secret_folders(valid: &Valid) -> BTreeMap<String, String> {
    let mut all: BTreeMap<_, _> =
        valid.security.mounts().into_iter().map(|one| (one.folder.to_owned(), one.secret)).collect();
    let google = valid.store.firestore.as_ref().and_then(|store| store.credentials_secret_ref.as_ref());
    all.extend(google.map(|secret| ("google".to_owned(), secret.name.clone())));
    let oidc = valid.access.oidc.as_ref();
    all.extend(oidc.map(|oidc| ("oidc".to_owned(), oidc.client_secret_ref.name.clone())));
    let outlets = valid.outbound.iter();
    all.extend(outlets.filter_map(|outlet| {
        Some((frustration::folder(&outlet.name), frustration::secret(outlet)?.to_owned()))
    }));
    all
}

/// A Secret of an outlet that is missing holds up its deliveries, which say so, and not the whole service.
fn is_optional(folder: &str) -> bool {
    folder.starts_with("outbound-")
}

fn volumes(valid: &Valid) -> Vec<Volume> {
    let secret = |name: &str, secret: &str| match is_optional(name) {
        true => json!({"name": name, "secret": {"secretName": secret, "optional": true}}),
        false => json!({"name": name, "secret": {"secretName": secret}}),
    };
    let mut all =
        vec![json!({"name": "config", "configMap": {"name": valid.config_map()}}), secret("token", TOKEN)];
    all.extend(secret_folders(valid).iter().map(|(folder, name)| secret(folder, name)));
    if valid.store.embedded.is_some() {
        all.push(json!({"name": "data", "persistentVolumeClaim": {"claimName": volume_name(valid)}}));
    }
    serde_json::from_value(all.into()).unwrap_or_default()
}

/// Changes when the tracker service must be restarted to see a change: it reads its files once.
fn config_hash(valid: &Valid) -> String {
    let mut read = valid.security.properties();
    read.extend(valid.frustration.as_deref());
    let digest = Sha256::digest(read.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The claim of an embedded store. With `Retain` it has no owner: it stays when the tracker goes.
pub(super) fn volume(valid: &Valid) -> Option<PersistentVolumeClaim> {
    let embedded = valid.store.embedded.as_ref()?;
    let mut metadata = meta(valid, &volume_name(valid));
    metadata.labels = Some(selector(valid));
    if embedded.deletion_policy == VolumeDeletion::Retain {
        metadata.owner_references = None;
    }
    Some(PersistentVolumeClaim {
        metadata,
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            storage_class_name: Some(embedded.storage_class_name.clone()).filter(|name| !name.is_empty()),
            resources: Some(VolumeResourceRequirements {
                requests: Some(BTreeMap::from([("storage".to_owned(), embedded.storage.clone())])),
                limits: None,
            }),
            ..PersistentVolumeClaimSpec::default()
        }),
        status: None,
    })
}
