//! The leader's watch over pods: who should carry the sidecar and does not.

use std::{sync::Arc, time::Duration};

use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client, Resource as _, ResourceExt as _,
    core::PartialObjectMeta,
    runtime::{
        WatchStreamExt as _,
        events::{Event, EventType, Recorder},
        reflector::Store,
        watcher,
    },
};

use crate::{
    coverage::{Coverage, MISSED},
    inject::{Outcome, inject, webhook::Plans},
    metrics::Metrics,
    resource::IssueTracker,
};

/// How often pods without a sidecar are looked at. A pod that is just being made is not there yet.
const PACE: Duration = Duration::from_secs(5);
/// How many pods of a namespace are read each time.
const AT_ONCE: usize = 20;

/// Follows every pod that has not ended, by its metadata.
pub(super) async fn follow(client: Client, coverage: Coverage) -> anyhow::Result<()> {
    let config = watcher::Config::default()
        .fields("status.phase!=Succeeded,status.phase!=Failed")
        // A page is what is in memory at once.
        .page_size(100);
    let watched = watcher(Api::<PartialObjectMeta<Pod>>::all(client), config).default_backoff();
    let mut stream = std::pin::pin!(watched);
    while let Some(event) = stream.next().await {
        match event {
            Ok(watcher::Event::Init) => coverage.forget_pods(),
            Ok(watcher::Event::InitApply(pod) | watcher::Event::Apply(pod)) => coverage.saw(&pod.metadata),
            Ok(watcher::Event::Delete(pod)) => coverage.lost(&pod.metadata),
            Ok(watcher::Event::InitDone) => {}
            Err(error) => tracing::warn!(%error, "watching pods; it goes on by itself"),
        }
    }
    anyhow::bail!("the watch of pods ended")
}

/// Looks why pods have no sidecar, and tells of those that should.
pub(super) async fn judge(
    client: Client,
    coverage: Coverage,
    plans: Plans,
    trackers: Store<IssueTracker>,
    recorder: Recorder,
    metrics: Arc<Metrics>,
) -> anyhow::Result<()> {
    let mut pace = tokio::time::interval(PACE);
    loop {
        pace.tick().await;
        for namespace in plans.namespaces() {
            let Some(plan) = plans.of(&namespace).filter(|_| coverage.is_registered(&namespace)) else {
                continue;
            };
            let all = trackers.state();
            let tracker = all.iter().find(|one| format!("{namespace}/{}", one.name_any()) == plan.tracker);
            let since = tracker.and_then(|one| Some(one.metadata.creation_timestamp.as_ref()?.0));
            let api: Api<Pod> = Api::namespaced(client.clone(), &namespace);
            for name in coverage.unjudged(&namespace, since, AT_ONCE) {
                let Ok(Some(pod)) = api.get_opt(&name).await else { continue };
                let reason = match inject(&pod, &plan) {
                    Outcome::Skipped(skip) => skip.reason(),
                    Outcome::Injected(_) => MISSED,
                };
                if coverage.judge(&namespace, &name, reason) && reason == MISSED {
                    tell(&recorder, &pod).await;
                }
            }
        }
        metrics.missed.set(i64::try_from(coverage.missed()).unwrap_or_default());
    }
}

async fn tell(recorder: &Recorder, pod: &Pod) {
    let event = Event {
        type_: EventType::Warning,
        reason: "NoSidecar".to_owned(),
        note: Some(
            "made while the webhook could not be asked: its errors are not read; restart its workload"
                .to_owned(),
        ),
        action: "Inject".to_owned(),
        secondary: None,
    };
    if let Err(error) = recorder.publish(&event, &pod.object_ref(&())).await {
        tracing::warn!(%error, "an Event was not written");
    }
}
