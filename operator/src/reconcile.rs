//! A resource's way through the operator: dereference → validate → topics → build → apply → status.
//!
//! Only the first and the last steps hold a client. Every fault ends as a condition with a stable reason; nothing is retried
//! here: the controller comes back, sooner after a fault than after a success.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
use kafka::{
    admin::{Admin, AdminError},
    settings::{Properties, Settings},
};
use kube::{
    Api, Client, Resource as _, ResourceExt as _,
    api::{Patch, PatchParams, PostParams},
    runtime::{
        controller::Action,
        events::{Event, EventType, Recorder},
        reflector::Store,
    },
};
use serde_json::json;

pub mod apply;
pub mod build;
pub mod dereference;
pub mod status;
pub mod validate;

use self::{
    apply::{Applier, ApplyError},
    build::{MANAGER, PORT, SERVICE, TOKEN, consumer_name},
    dereference::{Dereferenced, dereference},
    status::{Findings, Told, status, transitions},
    validate::{Problem, Security, Valid, validate},
};
use crate::{
    metrics::Metrics,
    resource::{ConsumerStatus, IssueTracker, IssueTrackerStatus, TopicMode, TopicStatus},
    topics::{self, Existing, Step},
};

/// How soon a resource that is well is looked at again: drift on the brokers is found then.
const RESYNC: Duration = Duration::from_secs(300);
/// How soon one that is not.
const RETRY: Duration = Duration::from_secs(15);
/// How long a request to the brokers may take. Reasons are told within half a minute.
const BROKER: Duration = Duration::from_secs(10);

/// What a run needs.
pub struct Context {
    /// The API server.
    pub client: Client,
    /// Writes children.
    pub applier: Applier,
    /// Every resource of the cluster.
    pub trackers: Store<IssueTracker>,
    /// Image of the tracker service.
    pub consumer_image: String,
    /// Tells people.
    pub recorder: Recorder,
    /// Counts.
    pub metrics: Arc<Metrics>,
}

/// A run that could not even tell its status.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The status, or an Event, could not be written.
    #[error("writing the status of {0}")]
    Status(String, #[source] Box<kube::Error>),
}

/// One run for one resource.
pub async fn reconcile(tracker: Arc<IssueTracker>, context: Arc<Context>) -> Result<Action, ReconcileError> {
    let findings = look(&tracker, &context).await;
    let well = findings.conditions.iter().all(|told| told.is == Some(true));
    tell(&tracker, &context, &findings).await?;
    Ok(Action::requeue(if well { RESYNC } else { RETRY }))
}

/// Everything up to the status.
async fn look(tracker: &IssueTracker, context: &Context) -> Findings {
    let others = context.trackers.state();
    let found = dereference(&context.client, tracker, &others).await;
    if let Some(older) = &found.older {
        return only(Told::no(
            "Active",
            "Conflict",
            format!("IssueTracker {older} is older and active in this namespace; delete one of the two"),
        ));
    }
    let valid = match validate(tracker) {
        Ok(valid) => valid,
        Err(problems) => return only(Told::no("Valid", "InvalidSpec", sentence(&problems))),
    };
    if valid.suspend {
        return only(Told::no("Active", "Suspended", "spec.suspend is true: nothing is changed"));
    }
    let mut findings = Findings { not_supported: valid.not_supported.clone(), ..Findings::default() };
    topic(&valid, &found, managed(tracker), &mut findings).await;
    if let Err(error) = children(&valid, context).await {
        findings.conditions.push(Told::no("ConsumerReady", "ApplyFailed", chain(&error)));
        return findings;
    }
    consumer(&valid, context, &mut findings).await;
    findings.conditions.push(Told::yes(
        "InjectionReady",
        "WebhookReady",
        "new pods of this namespace get the sidecar",
    ));
    findings.url = Some(match valid.access.public_url.as_str() {
        "" => format!("http://{SERVICE}.{}.svc:{PORT}", valid.namespace),
        url => url.to_owned(),
    });
    findings
}

fn only(told: Told) -> Findings {
    Findings { conditions: vec![told], ..Findings::default() }
}

fn sentence(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
}

/// An error with its causes, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// Keeps the topic, and tells of it.
async fn topic(valid: &Valid, found: &Dereferenced, managed: &[String], findings: &mut Findings) {
    if let Some(missing) = found.missing.first() {
        findings.conditions.push(Told::no("TopicReady", "SecretMissing", missing.clone()));
        return;
    }
    let settings = Settings {
        properties: properties(&valid.security, found),
        ..Settings::new(valid.brokers.clone(), valid.topic.name.clone())
    };
    match keep_topic(valid, &settings, managed).await {
        Ok((status, not_supported)) => {
            let made = format!("{} has {} partitions", status.name, status.partitions.unwrap_or_default());
            findings.conditions.push(Told::yes("TopicReady", "AsDescribed", made));
            findings.not_supported.extend(not_supported);
            findings.topic = Some(status);
        }
        Err(error) => {
            let advice = match error.reason {
                kafka::admin::Reason::BrokerUnreachable => {
                    format!("; check spec.kafka.bootstrapServers ({}) and the network to them", valid.brokers)
                }
                kafka::admin::Reason::TopicAuthorizationFailed => {
                    format!(
                        "; allow the account Create, Describe, Alter, DescribeConfigs and AlterConfigs on {}",
                        valid.topic.name
                    )
                }
                kafka::admin::Reason::AuthenticationFailed => {
                    "; check spec.kafka.auth and spec.kafka.tls".to_owned()
                }
                _ => String::new(),
            };
            findings.conditions.push(Told::no("TopicReady", error.reason.word(), format!("{error}{advice}")));
        }
    }
}

/// Settings of the topic that an earlier run set.
fn managed(tracker: &IssueTracker) -> &[String] {
    let topic = tracker.status.as_ref().and_then(|status| status.topic.as_ref());
    topic.map(|topic| topic.managed_settings.as_slice()).unwrap_or_default()
}

async fn keep_topic(
    valid: &Valid,
    settings: &Settings,
    managed: &[String],
) -> Result<(TopicStatus, Vec<String>), AdminError> {
    let wanted = &valid.topic;
    let admin = Admin::new(settings, BROKER)?;
    let existing = Existing {
        records: admin.describe(&wanted.name).await?,
        dead_letters: admin.describe(&wanted.dead_letters).await?,
    };
    let plan = topics::plan(wanted, &existing, managed);
    for step in &plan.steps {
        tracing::info!(tracker = valid.tracker(), ?step, "changing a topic");
        match step {
            Step::Create { topic, partitions, replication, config } => {
                admin.create(topic, *partitions, *replication, config).await?;
            }
            Step::Grow { topic, partitions } => admin.grow(topic, *partitions).await?,
            Step::Alter { topic, changes } => admin.alter(topic, changes.clone()).await?,
        }
    }
    let now = if plan.steps.is_empty() { existing.records } else { admin.describe(&wanted.name).await? };
    let Some(now) = now else {
        return Err(AdminError {
            step: "describing the topic",
            reason: kafka::admin::Reason::UnknownTopic,
            text: match wanted.mode {
                TopicMode::External => {
                    format!("there is no topic {}; make it, or set mode: Managed", wanted.name)
                }
                TopicMode::Managed => format!("the topic {} is not visible yet", wanted.name),
            },
        });
    };
    let status = TopicStatus {
        name: wanted.name.clone(),
        topic_id: now.id,
        partitions: i32::try_from(now.partitions).ok(),
        managed_settings: match wanted.mode {
            TopicMode::Managed => topics::config(wanted).into_keys().collect(),
            TopicMode::External => Vec::new(),
        },
    };
    Ok((status, plan.not_supported))
}

/// The client's properties with what the Secrets hold, instead of the files that pods mount.
fn properties(security: &Security, found: &Dereferenced) -> Properties {
    let text = |secret: &str, key: &str| -> Option<String> {
        Some(String::from_utf8_lossy(found.secrets.get(secret)?.get(key)?).trim_end().to_owned())
    };
    let mut pairs = Vec::new();
    pairs.push(("security.protocol", Some(security.protocol().to_owned())));
    if let Some(tls) = &security.tls {
        let ca = tls.ca_secret_ref.as_ref().and_then(|secret| text(&secret.name, &secret.key));
        let client = |key| tls.client_secret_ref.as_ref().and_then(|secret| text(&secret.name, key));
        pairs.extend([
            ("ssl.ca.pem", ca),
            ("ssl.certificate.pem", client("tls.crt")),
            ("ssl.key.pem", client("tls.key")),
        ]);
    }
    if let Some(auth) = &security.auth {
        pairs.extend([
            ("sasl.mechanism", Some(auth.mechanism.name().to_owned())),
            ("sasl.username", text(&auth.secret_ref.name, "username")),
            ("sasl.password", text(&auth.secret_ref.name, "password")),
        ]);
    }
    let known = pairs.into_iter().filter_map(|(key, value)| Some((key, value?)));
    known.fold(Properties::default(), |all, (key, value)| all.with(key, value))
}

/// Writes the children, and once the Secret with the admin's token.
async fn children(valid: &Valid, context: &Context) -> Result<(), ApplyError> {
    token(valid, context).await;
    let children = build::build(valid, &context.consumer_image);
    let writes = context.applier.apply(valid, &children).await?;
    if writes > 0 {
        tracing::info!(tracker = valid.tracker(), writes, "objects written");
    }
    Ok(())
}

/// Makes the Secret with the admin's token unless it is there. It is never read: the operator has no right to.
async fn token(valid: &Valid, context: &Context) {
    let api: Api<Secret> = Api::namespaced(context.client.clone(), &valid.namespace);
    if !context.applier.may_try(format!("{}/{TOKEN}", valid.namespace)) {
        return;
    }
    let random = format!("itk_{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let secret = json!({
        "metadata": {
            "name": TOKEN,
            "namespace": valid.namespace,
            "labels": build::labels(valid),
            "ownerReferences": [build::owner(valid)],
        },
        "type": "Opaque",
        "stringData": {"token": random},
    });
    let Ok(secret) = serde_json::from_value::<Secret>(secret) else { return };
    let params = PostParams { field_manager: Some(MANAGER.to_owned()), ..PostParams::default() };
    match api.create(&params, &secret).await {
        Ok(_) => {}
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        Err(error) => tracing::warn!(tracker = valid.tracker(), %error, "making the Secret with the token"),
    }
}

/// How the tracker service is.
async fn consumer(valid: &Valid, context: &Context, findings: &mut Findings) {
    let api: Api<Deployment> = Api::namespaced(context.client.clone(), &valid.namespace);
    let name = consumer_name(valid);
    let told = match api.get_opt(&name).await {
        Ok(Some(deployment)) => {
            let desired = deployment.spec.and_then(|spec| spec.replicas).unwrap_or(1);
            let ready = deployment.status.and_then(|status| status.ready_replicas).unwrap_or(0);
            let summary = format!("{ready}/{desired}");
            findings.consumer = Some(ConsumerStatus { desired, ready, summary, ..ConsumerStatus::default() });
            match ready {
                _ if desired == 0 => Told::no("ConsumerReady", "ScaledToZero", "spec.consumer.replicas is 0"),
                0 => Told::no(
                    "ConsumerReady",
                    "NoReplicaReady",
                    format!("0 of {desired} replicas are ready; see kubectl describe deployment {name}"),
                ),
                _ => {
                    Told::yes("ConsumerReady", "Running", format!("{ready} of {desired} replicas are ready"))
                }
            }
        }
        Ok(None) => Told::no("ConsumerReady", "Missing", format!("there is no Deployment {name} yet")),
        Err(error) => Told { is: None, ..Told::no("ConsumerReady", "ApiUnreachable", error.to_string()) },
    };
    findings.conditions.push(told);
}

/// Writes the status where it changed, and an Event for every transition.
async fn tell(tracker: &IssueTracker, context: &Context, findings: &Findings) -> Result<(), ReconcileError> {
    let old = tracker.status.as_ref();
    let new = status(old, tracker.metadata.generation, findings, Timestamp::now());
    let name = tracker.name_any();
    let reason = new.conditions.first().map(|ready| ready.reason.clone()).unwrap_or_default();
    context.metrics.reconciled(&reason);
    if old == Some(&new) {
        return Ok(());
    }
    let failed = |error| ReconcileError::Status(name.clone(), Box::new(error));
    let namespace = tracker.namespace().unwrap_or_default();
    let api: Api<IssueTracker> = Api::namespaced(context.client.clone(), &namespace);
    api.patch_status(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch(&name, &new)))
        .await
        .map_err(failed)?;
    let reference = tracker.object_ref(&());
    for condition in transitions(old, &new) {
        let good = condition.status == "True" && condition.type_ != "Warning";
        let event = Event {
            type_: if good { EventType::Normal } else { EventType::Warning },
            reason: condition.reason.clone(),
            note: Some(format!("{}: {}", condition.type_, condition.message)),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if let Err(error) = context.recorder.publish(&event, &reference).await {
            tracing::warn!(%error, "an Event was not written");
        }
    }
    Ok(())
}

fn patch(name: &str, status: &IssueTrackerStatus) -> serde_json::Value {
    json!({
        "apiVersion": IssueTracker::api_version(&()),
        "kind": IssueTracker::kind(&()),
        "metadata": {"name": name},
        "status": status,
    })
}
