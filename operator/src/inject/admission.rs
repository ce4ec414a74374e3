//! From an admission review to its answer: pure, so that the time it takes can be measured without a network.
//!
//! The answer always allows the pod. Whatever goes wrong, in the request or in us, the pod starts as it was sent.

use k8s_openapi::api::core::v1::Pod;
use kube::core::{
    DynamicObject,
    admission::{AdmissionRequest, AdmissionResponse, Operation},
};
use serde_json::Value;

use super::{ContainerSkip, Outcome, Plan, Skip, VOLUME, identity, inject};

/// An answer with what should be told about it.
#[derive(Debug)]
pub struct Reviewed {
    /// The answer for the API server.
    pub response: AdmissionResponse,
    /// For metrics and Events.
    pub verdict: Verdict,
}

/// What became of an admission request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The pod carries the sidecar. Containers whose stderr is not read, with the reason and the advice.
    Injected(Vec<(ContainerSkip, String)>),
    /// The pod stays as it is.
    Skipped(Skip),
    /// The namespace has no active tracker, or injection is not ready.
    NoTracker,
    /// The request is not the creation of a pod, or its pod cannot be read.
    NotUnderstood(String),
}

impl Verdict {
    /// The label of the metric `issuetracker_operator_admissions_total`.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Injected(_) => "injected",
            Self::Skipped(skip) => skip.reason(),
            Self::NoTracker => "no_tracker",
            Self::NotUnderstood(_) => "not_understood",
        }
    }
}

/// Answers a request for a pod of a namespace whose tracker says `plan`.
pub fn review(request: &AdmissionRequest<DynamicObject>, plan: Option<&Plan>) -> Reviewed {
    let allowed = AdmissionResponse::from(request);
    let Some(plan) = plan else { return Reviewed { response: allowed, verdict: Verdict::NoTracker } };
    let (before, pod) = match pod(request) {
        Ok(read) => read,
        Err(why) => return Reviewed { response: allowed, verdict: Verdict::NotUnderstood(why) },
    };
    match inject(&pod, plan) {
        Outcome::Skipped(reason) => {
            let mut response = allowed;
            if !reason.is_wanted() {
                response.warnings = Some(vec![format!("issuetracker: no sidecar in this pod: {reason}")]);
            }
            Reviewed { response, verdict: Verdict::Skipped(reason) }
        }
        Outcome::Injected(injected) => {
            let image_of = |name: &str| {
                let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
                let image = containers.filter(|one| one.name == name).find_map(|one| one.image.clone());
                image.unwrap_or_default()
            };
            let advice: Vec<_> = injected
                .http_only
                .iter()
                .map(|(name, reason)| (*reason, reason.advice(name, &image_of(name))))
                .collect();
            match patched(allowed, &before, &injected.pod) {
                Ok(mut response) => {
                    let warnings =
                        advice.iter().map(|(_, text)| format!("issuetracker: {text}")).collect::<Vec<_>>();
                    response.warnings = (!warnings.is_empty()).then_some(warnings);
                    Reviewed { response, verdict: Verdict::Injected(advice) }
                }
                Err(why) => Reviewed {
                    response: AdmissionResponse::from(request),
                    verdict: Verdict::NotUnderstood(why),
                },
            }
        }
    }
}

/// The name of the workload that a request's pod belongs to, for Events: kind and name.
pub fn workload_of(request: &AdmissionRequest<DynamicObject>) -> Option<(String, String)> {
    let (_, pod) = pod(request).ok()?;
    let workload = identity::workload(&pod);
    Some((workload.kind, workload.name))
}

fn pod(request: &AdmissionRequest<DynamicObject>) -> Result<(Value, Pod), String> {
    if request.operation != Operation::Create {
        return Err(format!("the operation is {:?}, not CREATE", request.operation));
    }
    let object = request.object.as_ref().ok_or("the request holds no object")?;
    let value =
        serde_json::to_value(object).map_err(|error| format!("the object cannot be written: {error}"))?;
    let pod: Pod =
        serde_json::from_value(value.clone()).map_err(|error| format!("the pod cannot be read: {error}"))?;
    if pod.spec.is_none() {
        return Err("the pod has no spec".to_owned());
    }
    Ok((value, pod))
}

/// The answer with the difference between the pod as it was sent and the pod as it shall be.
fn patched(response: AdmissionResponse, sent: &Value, wanted: &Pod) -> Result<AdmissionResponse, String> {
    let wanted = serde_json::to_value(wanted).map_err(|error| error.to_string())?;
    let patch = json_patch::diff(sent, &merged(sent, &wanted));
    response.with_patch(patch).map_err(|error| error.to_string())
}

/// What injection changes of a container that was there before.
const CHANGED: [&str; 4] = ["command", "args", "env", "volumeMounts"];

/// The pod as it was sent, with what injection changed and nothing else.
///
/// A newer API server knows fields that our types do not. They would be lost, or worse stay behind at an index that
/// now is another container's, if the difference were taken between our own types.
fn merged(sent: &Value, wanted: &Value) -> Value {
    let mut merged = sent.clone();
    set(&mut merged["metadata"], "annotations", wanted["metadata"].get("annotations"));
    for list in ["initContainers", "containers", "volumes"] {
        let sent = sent["spec"].get(list).and_then(Value::as_array);
        let wanted = wanted["spec"].get(list).and_then(Value::as_array);
        let all = wanted.map(|wanted| {
            let all = wanted.iter().map(|item| {
                let before = sent.into_iter().flatten().find(|before| before["name"] == item["name"]);
                // What we add is ours as a whole, also where a pod brought something along under its name.
                match before.filter(|before| !is_ours(before)) {
                    Some(before) => with_changes(before, item),
                    None => item.clone(),
                }
            });
            Value::Array(all.collect())
        });
        set(&mut merged["spec"], list, all.as_ref());
    }
    merged
}

fn is_ours(item: &Value) -> bool {
    item["name"].as_str().is_some_and(|name| name == VOLUME || name.starts_with("issuetracker-"))
}

fn with_changes(before: &Value, wanted: &Value) -> Value {
    let mut item = before.clone();
    for field in CHANGED {
        set(&mut item, field, wanted.get(field));
    }
    item
}

/// Sets or removes a member; an object that has none keeps its own way to say so (`null`, or nothing).
fn set(object: &mut Value, name: &str, value: Option<&Value>) {
    let Some(members) = object.as_object_mut() else { return };
    match value {
        Some(value) => {
            members.insert(name.to_owned(), value.clone());
        }
        None if members.get(name).is_some_and(|old| !old.is_null()) => {
            members.remove(name);
        }
        None => {}
    }
}
