//! The admission webhook: HTTP around [`super::review`].
//!
//! It answers every request with "allowed". Plans are kept by namespace in memory, so that no call waits for anything.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use axum::{Json, Router, extract::State, routing::post};
use kube::core::{
    DynamicObject,
    admission::{AdmissionRequest, AdmissionResponse, AdmissionReview},
};

use super::{Plan, Verdict, review, workload_of};
use crate::metrics::Metrics;

/// Plans of the active trackers, by namespace. Shared by the watch, which fills it, and the webhook.
#[derive(Clone, Debug, Default)]
pub struct Plans(Arc<RwLock<HashMap<String, Arc<Plan>>>>);

impl Plans {
    /// The plan for a namespace.
    pub fn of(&self, namespace: &str) -> Option<Arc<Plan>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned()
    }

    /// Sets or removes the plan of a namespace.
    pub fn set(&self, namespace: &str, plan: Option<Plan>) {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match plan {
            Some(plan) => all.insert(namespace.to_owned(), Arc::new(plan)),
            None => all.remove(namespace),
        };
    }

    /// Namespaces that have one, sorted.
    pub fn namespaces(&self) -> Vec<String> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = all.keys().cloned().collect();
        names.sort_unstable();
        names
    }
}

/// Something that people should know of an admission: a pod without sidecar, a container whose stderr is not read.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Where.
    pub namespace: String,
    /// Kind and name of the workload.
    pub workload: (String, String),
    /// The stable word.
    pub reason: &'static str,
    /// What to do.
    pub text: String,
}

/// What the handler needs.
#[derive(Clone)]
pub struct Webhook {
    /// Plans by namespace.
    pub plans: Plans,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Where notices go; a full channel drops them, since admission does not wait.
    pub notices: tokio::sync::mpsc::Sender<Notice>,
}

/// `POST /inject`. A body may be as large as an object in etcd.
pub fn routes(webhook: Webhook) -> Router {
    const LIMIT: usize = 4 * 1024 * 1024;
    Router::new()
        .route("/inject", post(handle))
        .layer(axum::extract::DefaultBodyLimit::max(LIMIT))
        .with_state(webhook)
}

async fn handle(
    State(webhook): State<Webhook>,
    Json(body): Json<AdmissionReview<DynamicObject>>,
) -> Json<AdmissionReview<DynamicObject>> {
    let start = Instant::now();
    let request: AdmissionRequest<DynamicObject> = match body.try_into() {
        Ok(request) => request,
        Err(error) => {
            let error: kube::core::admission::ConvertAdmissionReviewError = error;
            return Json(AdmissionResponse::invalid(error).into_review());
        }
    };
    let namespace = request.namespace.clone().unwrap_or_default();
    let reviewed = review(&request, webhook.plans.of(&namespace).as_deref());
    webhook.metrics.admitted(reviewed.verdict.outcome(), start.elapsed());
    for notice in notices(&request, &namespace, &reviewed.verdict) {
        webhook.metrics.container_skipped(notice.reason);
        if webhook.notices.try_send(notice).is_err() {
            tracing::debug!("a notice of an admission was dropped: too many wait");
        }
    }
    if let Verdict::NotUnderstood(why) = &reviewed.verdict {
        tracing::warn!(namespace, why, "a pod was admitted without sidecar: its request was not understood");
    }
    Json(reviewed.response.into_review())
}

fn notices(request: &AdmissionRequest<DynamicObject>, namespace: &str, verdict: &Verdict) -> Vec<Notice> {
    let told: Vec<(&'static str, String)> = match verdict {
        Verdict::Injected(advice) => {
            advice.iter().map(|(skip, text)| (skip.reason(), text.clone())).collect()
        }
        Verdict::Skipped(skip) if !skip.is_wanted() => vec![(skip.reason(), format!("no sidecar: {skip}"))],
        _ => Vec::new(),
    };
    // A dry run asks what would happen; nothing did.
    if told.is_empty() || request.dry_run {
        return Vec::new();
    }
    let Some(workload) = workload_of(request) else { return Vec::new() };
    let notice =
        |(reason, text)| Notice { namespace: namespace.to_owned(), workload: workload.clone(), reason, text };
    told.into_iter().map(notice).collect()
}
