//! A resource's way through the operator: dereference → validate → topics → build → apply → status.
//!
//! Only the first and the last steps hold a client. Every fault ends as a condition with a stable reason; nothing is retried
//! here: the controller comes back, sooner after a fault than after a success.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
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

mod admins;
pub mod apply;
pub mod build;
pub mod dereference;
mod health;
pub mod status;
mod topic;
pub mod validate;

use self::{
    admins::Admins,
    apply::{Applier, ApplyError},
    build::{MANAGER, PORT, SERVICE, TOKEN, consumer_name},
    dereference::dereference,
    health::Health,
    status::{Findings, Told, Warning, status, transitions},
    topic::{FINALIZER, managed, topic},
    validate::{Problem, Valid, validate},
};
use crate::{
    coverage::Coverage,
    metrics::Metrics,
    resource::{ConsumerStatus, InjectionStatus, IssueTracker, IssueTrackerStatus},
};

/// How soon a resource that is well is looked at again: what changed on the brokers is found then.
const RESYNC: Duration = Duration::from_secs(15);
/// How soon one that is not.
const RETRY: Duration = Duration::from_secs(5);
/// How often a status is written of which only figures changed.
const FIGURES: Duration = Duration::from_secs(60);

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
    /// What is known of pods: which namespaces the webhook is registered for, and who has a sidecar.
    pub coverage: Coverage,
    /// What the tracker services say of themselves.
    pub health: Health,
    /// Connections to brokers.
    pub admins: Admins,
    /// When a status was last written.
    pub told: Mutex<HashMap<String, Instant>>,
}

/// A run that could not even tell its status.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The status, or an Event, could not be written.
    #[error("writing the status of {0}")]
    Status(String, #[source] Box<kube::Error>),
    /// The finalizer could not be set or taken away.
    #[error("writing the finalizer of {0}")]
    Finalizer(String, #[source] Box<kube::Error>),
}

/// One run for one resource.
pub async fn reconcile(tracker: Arc<IssueTracker>, context: Arc<Context>) -> Result<Action, ReconcileError> {
    if tracker.metadata.deletion_timestamp.is_some() {
        return farewell(&tracker, &context).await;
    }
    let findings = look(&tracker, &context).await;
    let well = findings.conditions.iter().all(|told| told.is == Some(true));
    let active = findings.topic.is_some();
    hold(&tracker, &context, active).await?;
    tell(&tracker, &context, &findings).await?;
    // Many resources that began at once do not stay in step.
    let jitter = Duration::from_millis(u64::from(uuid::Uuid::new_v4().as_fields().1) % 2000);
    Ok(Action::requeue(jitter + if well { RESYNC } else { RETRY }))
}

/// Sets or takes away the finalizer, as the resource asks: never on one that has made no topic.
async fn hold(tracker: &IssueTracker, context: &Context, active: bool) -> Result<(), ReconcileError> {
    let held = tracker.finalizers().iter().any(|one| one == FINALIZER);
    let wanted = topic::goes_with_it(tracker) && (held || active);
    if held == wanted { Ok(()) } else { set_finalizer(tracker, context, wanted).await }
}

async fn set_finalizer(
    tracker: &IssueTracker,
    context: &Context,
    wanted: bool,
) -> Result<(), ReconcileError> {
    let name = tracker.name_any();
    let others = tracker.finalizers().iter().filter(|one| *one != FINALIZER).map(String::as_str);
    let all: Vec<_> = others.chain(wanted.then_some(FINALIZER)).collect();
    // The version keeps a finalizer that somebody else sets in this moment.
    let patch = json!({"metadata": {"finalizers": all, "resourceVersion": tracker.resource_version()}});
    let api: Api<IssueTracker> =
        Api::namespaced(context.client.clone(), &tracker.namespace().unwrap_or_default());
    match api.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        Err(error) => Err(ReconcileError::Finalizer(name, Box::new(error))),
    }
}

/// A resource that goes, and its topic with it.
async fn farewell(tracker: &IssueTracker, context: &Context) -> Result<Action, ReconcileError> {
    let since = tracker.metadata.deletion_timestamp.as_ref().map(|time| time.0);
    if !tracker.finalizers().iter().any(|one| one == FINALIZER) {
        return Ok(Action::await_change());
    }
    let found = dereference(&context.client, tracker, &context.trackers.state()).await;
    let removed = match validate(tracker) {
        Ok(valid) if topic::goes_with_it(tracker) => topic::remove(&context.admins, &valid, &found).await,
        _ => Ok(()),
    };
    if let Err(why) = removed {
        if since.is_some_and(|since| !topic::gives_up(since, Timestamp::now())) {
            tracing::warn!(name = tracker.name_any(), why, "the topic cannot be removed yet");
            return Ok(Action::requeue(RESYNC));
        }
        let note = format!("the topic was not removed in five minutes and stays: {why}");
        publish(tracker, context, EventType::Warning, "TopicKept", note).await;
    }
    set_finalizer(tracker, context, false).await?;
    Ok(Action::await_change())
}

async fn publish(tracker: &IssueTracker, context: &Context, type_: EventType, reason: &str, note: String) {
    let event = Event {
        type_,
        reason: reason.to_owned(),
        note: Some(note),
        action: "Reconcile".to_owned(),
        secondary: None,
    };
    if let Err(error) = context.recorder.publish(&event, &tracker.object_ref(&())).await {
        tracing::warn!(%error, "an Event was not written");
    }
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
    let deployment = deployment(&valid, context).await;
    if valid.suspend {
        // Reconciling stops; what runs goes on, and so does the injection of new pods.
        let mut findings = only(Told::no(
            "Active",
            "Suspended",
            "spec.suspend is true: nothing is changed, and what runs goes on",
        ));
        consumer(&valid, deployment, &mut findings);
        return findings;
    }
    let mut findings = Findings::default();
    topic(&context.admins, &valid, &found, managed(tracker), &mut findings).await;
    let deployment = match children(&valid, context, deployment.as_ref().ok().and_then(Option::as_ref)).await
    {
        Ok(0) => deployment,
        Ok(_) => self::deployment(&valid, context).await,
        Err(error) => {
            findings.conditions.push(Told::no("ConsumerReady", "ApplyFailed", chain(&error)));
            return findings;
        }
    };
    consumer(&valid, deployment, &mut findings);
    if findings.consumer.as_ref().is_some_and(|consumer| consumer.ready > 0) {
        context.health.tell(&valid, &mut findings).await;
    }
    injection(&valid, context, &mut findings);
    findings.url = Some(match valid.access.public_url.as_str() {
        "" => format!("http://{SERVICE}.{}.svc:{PORT}", valid.namespace),
        url => url.to_owned(),
    });
    findings
}

/// Which pods have the sidecar, and whether new ones get it.
fn injection(valid: &Valid, context: &Context, findings: &mut Findings) {
    findings.conditions.push(match context.coverage.is_registered(&valid.namespace) {
        true => Told::yes("InjectionReady", "WebhookReady", "new pods of this namespace get the sidecar"),
        false => Told::no(
            "InjectionReady",
            "NotRegistered",
            "the webhook is not registered for this namespace yet; it never is for kube-system and the operator's own",
        ),
    });
    let Some(counts) = context.coverage.of(&valid.namespace) else { return };
    if let Some(example) = &counts.missed_example {
        let missed = counts.skipped.get(crate::coverage::MISSED).copied().unwrap_or_default();
        findings.warnings.push(Warning {
            reason: "PodsMissed",
            text: format!(
                "{missed} pods were made without the sidecar while the webhook could not be asked, such as {example}; restart \
                 their workloads (kubectl rollout restart)"
            ),
        });
    }
    findings.injection = Some(InjectionStatus { injected: counts.injected, skipped: counts.skipped });
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

/// Writes the children, and once the Secret with the admin's token. Returns how many objects were written.
async fn children(
    valid: &Valid,
    context: &Context,
    deployment: Option<&Deployment>,
) -> Result<usize, ApplyError> {
    let apis = context.applier.apis().await;
    let mut children = build::build(valid, &context.consumer_image);
    children.extend(build::optional::optional(valid, apis));
    if !context.applier.is_due(valid, &children, deployment.map(|found| &found.metadata)) {
        return Ok(0);
    }
    token(valid, context).await;
    let writes = context.applier.apply(valid, &children, apis).await?;
    if writes > 0 {
        tracing::info!(tracker = valid.tracker(), writes, "objects written");
    }
    Ok(writes)
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

async fn deployment(valid: &Valid, context: &Context) -> Result<Option<Deployment>, kube::Error> {
    let api: Api<Deployment> = Api::namespaced(context.client.clone(), &valid.namespace);
    api.get_opt(&consumer_name(valid)).await
}

/// How the tracker service is.
fn consumer(valid: &Valid, deployment: Result<Option<Deployment>, kube::Error>, findings: &mut Findings) {
    let name = consumer_name(valid);
    let told = match deployment {
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
    let namespace = tracker.namespace().unwrap_or_default();
    if old == Some(&new) || !context.may_tell(&format!("{namespace}/{name}"), old, &new) {
        return Ok(());
    }
    let failed = |error| ReconcileError::Status(name.clone(), Box::new(error));
    let api: Api<IssueTracker> = Api::namespaced(context.client.clone(), &namespace);
    api.patch_status(&name, &PatchParams::apply(MANAGER).force(), &Patch::Apply(patch(&name, &new)))
        .await
        .map_err(failed)?;
    for condition in transitions(old, &new) {
        let good = condition.status == "True" && condition.type_ != "Warning";
        let type_ = if good { EventType::Normal } else { EventType::Warning };
        let note = format!("{}: {}", condition.type_, condition.message);
        publish(tracker, context, type_, &condition.reason, note).await;
    }
    Ok(())
}

impl Context {
    /// Whether a changed status is written now: conditions at once, mere figures once a minute.
    fn may_tell(&self, key: &str, old: Option<&IssueTrackerStatus>, new: &IssueTrackerStatus) -> bool {
        let figures_alone = old.is_some_and(|old| status::differs_in_figures_alone(old, new));
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let recent = told.get(key).is_some_and(|last| now.duration_since(*last) < FIGURES);
        if figures_alone && recent {
            return false;
        }
        // What is older decides nothing, also for resources that are gone.
        told.retain(|_, last| now.duration_since(*last) < FIGURES);
        told.insert(key.to_owned(), now);
        true
    }
}

fn patch(name: &str, status: &IssueTrackerStatus) -> serde_json::Value {
    json!({
        "apiVersion": IssueTracker::api_version(&()),
        "kind": IssueTracker::kind(&()),
        "metadata": {"name": name},
        "status": status,
    })
}
