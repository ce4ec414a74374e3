//! The running operator: watches, the lease, the webhook.
//!
//! Every replica watches the resources and serves the webhook; only the one that holds the lease writes, and a lost lease ends
//! the process, so that two never write at the same time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use arc_swap::ArcSwap;
use axum::{Router, routing::get};
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use kube::{
    Api, Client, ResourceExt as _,
    core::DeserializeGuard,
    runtime::{
        Controller, WatchStreamExt as _,
        controller::{Action, Config as ControllerConfig},
        events::{Recorder, Reporter},
        reflector, watcher,
    },
};

use crate::{
    config::Config,
    coverage::Coverage,
    inject::{
        certificates::Authorities,
        webhook::{Plans, Webhook, routes},
    },
    metrics::Metrics,
    reconcile::{Context, apply::Applier, dereference::older, reconcile, validate::validate},
    resource::IssueTracker,
};

mod authority;
mod lease;
mod registration;
mod watchdog;

/// An operator that ends takes no longer than this to give its lease back.
const FAREWELL: Duration = Duration::from_secs(2);

/// Runs until a signal, or until the lease is lost.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let client = Client::try_default().await.context("reading how to reach the API server")?;
    let version = client.apiserver_version().await.context("reaching the API server")?;
    tracing::info!(kubernetes = version.git_version, namespace = config.namespace, "connected");
    let metrics = Arc::new(Metrics::new()?);
    let plans = Plans::default();
    let authorities: Arc<ArcSwap<Option<Authorities>>> = Arc::default();
    let (store, writer) = reflector::store();
    let (notices, told) = tokio::sync::mpsc::channel(256);
    let recorder = Recorder::new(
        client.clone(),
        Reporter { controller: "issuetracker-operator".into(), instance: Some(config.pod_name.clone()) },
    );
    let webhook = Webhook { plans: plans.clone(), metrics: metrics.clone(), notices };
    let names = authority::names(&config);
    let mut candidate = lease::Candidate::new(client.clone(), &config);
    let ended = tokio::select! {
        ended = watch(client.clone(), writer, store.clone(), plans.clone(), &config, metrics.clone()) => ended,
        ended = authority::follow(client.clone(), &config, authorities.clone()) => ended,
        ended = authority::serve(config.webhook_listen, routes(webhook), names, authorities.clone()) => ended,
        ended = health(&config, metrics.clone(), authorities.clone()) => ended,
        ended = registration::tell(told, recorder.clone()) => ended,
        ended = lead(&mut candidate, &config, store, plans, metrics, recorder, authorities) => ended,
        signal = stop() => { tracing::info!(signal, "stopping"); Ok(()) }
    };
    match tokio::time::timeout(FAREWELL, candidate.leave()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "giving the lease back; it ends by itself"),
        Err(_) => tracing::warn!("giving the lease back took too long; it ends by itself"),
    }
    ended
}

/// Follows the resources of the whole cluster and keeps a plan for each namespace that has an active one.
async fn watch(
    client: Client,
    writer: reflector::store::Writer<IssueTracker>,
    store: reflector::Store<IssueTracker>,
    plans: Plans,
    config: &Config,
    metrics: Arc<Metrics>,
) -> anyhow::Result<()> {
    // A resource that an older or a newer version stored and this one cannot read must not stop the others.
    let api: Api<DeserializeGuard<IssueTracker>> = Api::all(client);
    let readable =
        watcher(api, watcher::Config::default()).default_backoff().filter_map(async |event| match event {
            Ok(event) => readable(event).map(Ok),
            Err(error) => Some(Err(error)),
        });
    let mut stream = std::pin::pin!(reflector::reflector(writer, readable));
    while let Some(event) = stream.next().await {
        let changed = match event {
            Ok(watcher::Event::Apply(one) | watcher::Event::Delete(one)) => one.namespace(),
            // More follows, and what is kept stays as it is until then.
            Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => continue,
            Ok(watcher::Event::InitDone) => None,
            Err(error) => {
                tracing::warn!(%error, "watching IssueTrackers; it goes on by itself");
                continue;
            }
        };
        plan(&store.state(), changed, &plans, &config.sidecar_image);
        metrics.trackers.set(i64::try_from(plans.namespaces().len()).unwrap_or_default());
    }
    anyhow::bail!("the watch of IssueTrackers ended")
}

/// Sets the plan of the namespace that `changed`, or of all: each is that of its oldest tracker, where that is valid and stays.
fn plan(all: &[Arc<IssueTracker>], changed: Option<String>, plans: &Plans, image: &str) {
    let own: Vec<_> = match &changed {
        Some(changed) => {
            all.iter().filter(|one| one.namespace().as_ref() == Some(changed)).cloned().collect()
        }
        None => all.to_vec(),
    };
    let there = own.iter().filter(|tracker| tracker.metadata.deletion_timestamp.is_none());
    let active = there.filter(|tracker| older(tracker, &own).is_none()).filter_map(|one| validate(one).ok());
    let active: BTreeMap<String, _> = active.map(|valid| (valid.namespace.clone(), valid)).collect();
    let judged = changed.map_or_else(|| plans.namespaces(), |changed| vec![changed]);
    for gone in judged.into_iter().filter(|namespace| !active.contains_key(namespace)) {
        plans.set(&gone, None);
    }
    for (namespace, valid) in active {
        plans.set(&namespace, Some(valid.plan(image)));
    }
}

/// Leaves out what cannot be read, and says so once per event.
fn readable(event: watcher::Event<DeserializeGuard<IssueTracker>>) -> Option<watcher::Event<IssueTracker>> {
    let read = |guard: DeserializeGuard<IssueTracker>| match guard.0 {
        Ok(tracker) => Some(tracker),
        Err(error) => {
            let (name, namespace) =
                (error.metadata.name.unwrap_or_default(), error.metadata.namespace.unwrap_or_default());
            tracing::warn!(
                namespace,
                name,
                error = error.error,
                "an IssueTracker cannot be read and is left alone"
            );
            None
        }
    };
    match event {
        watcher::Event::Apply(one) => read(one).map(watcher::Event::Apply),
        watcher::Event::Delete(one) => read(one).map(watcher::Event::Delete),
        watcher::Event::InitApply(one) => read(one).map(watcher::Event::InitApply),
        watcher::Event::Init => Some(watcher::Event::Init),
        watcher::Event::InitDone => Some(watcher::Event::InitDone),
    }
}

/// Waits for the lease, then writes: children, status, authorities, the webhook's registration.
async fn lead(
    candidate: &mut lease::Candidate,
    config: &Config,
    store: reflector::Store<IssueTracker>,
    plans: Plans,
    metrics: Arc<Metrics>,
    recorder: Recorder,
    authorities: Arc<ArcSwap<Option<Authorities>>>,
) -> anyhow::Result<()> {
    let holds = candidate.wait().await?;
    let client = candidate.client();
    tracing::info!("this replica holds the lease");
    metrics.leader.set(1);
    let coverage = Coverage::default();
    let context = Arc::new(Context {
        client: client.clone(),
        applier: Applier::new(client.clone()),
        trackers: store.clone(),
        consumer_image: config.consumer_image.clone(),
        recorder: recorder.clone(),
        metrics: metrics.clone(),
        coverage: coverage.clone(),
        health: Default::default(),
        admins: Default::default(),
        told: Default::default(),
    });
    tokio::select! {
        ended = control(client.clone(), context, config.concurrency) => ended,
        ended = authority::keep(client.clone(), config, authorities.clone()) => ended,
        ended = registration::keep(client.clone(), config, plans.clone(), authorities, coverage.clone()) => ended,
        ended = watchdog::follow(client.clone(), coverage.clone()) => ended,
        ended = watchdog::judge(client, coverage, plans, store, recorder, metrics) => ended,
        () = candidate.lost(holds) => anyhow::bail!("the lease was lost; another replica goes on"),
    }
}

/// Reconciles each resource when it or one of its objects changes, and from time to time.
async fn control(client: Client, context: Arc<Context>, concurrency: u16) -> anyhow::Result<()> {
    use k8s_openapi::api::apps::v1::Deployment;
    let ours = watcher::Config::default().labels("app.kubernetes.io/managed-by=issuetracker-operator");
    Controller::new(Api::<IssueTracker>::all(client.clone()), watcher::Config::default())
        .owns(Api::<Deployment>::all(client), ours)
        .with_config(ControllerConfig::default().concurrency(concurrency).debounce(Duration::from_millis(300)))
        .run(reconcile, |tracker, error, _| {
            let name = tracker.name_any();
            tracing::warn!(name, error = %error, cause = ?std::error::Error::source(error).map(ToString::to_string), "reconciling failed");
            Action::requeue(Duration::from_secs(10))
        }, context)
        .map(Ok::<_, anyhow::Error>)
        .try_for_each(async |_| Ok(()))
        .await?;
    anyhow::bail!("the controller ended")
}

/// `/livez`, `/readyz` and `/metrics`.
async fn health(
    config: &Config,
    metrics: Arc<Metrics>,
    authorities: Arc<ArcSwap<Option<Authorities>>>,
) -> anyhow::Result<()> {
    let ready = async move || match authorities.load().as_ref() {
        Some(_) => (axum::http::StatusCode::OK, "ready\n"),
        None => (axum::http::StatusCode::SERVICE_UNAVAILABLE, "waiting for the webhook's certificate\n"),
    };
    let app = Router::new()
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || metrics.text()));
    let listener = tokio::net::TcpListener::bind(config.metrics_listen)
        .await
        .with_context(|| format!("listening on {}", config.metrics_listen))?;
    axum::serve(listener, app).await.context("serving health")
}

/// The name of the signal that asked to stop.
async fn stop() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = term.recv() => "SIGTERM",
        _ = tokio::signal::ctrl_c() => "SIGINT",
    }
}

/// Now, as everything here takes it.
fn now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracker(namespace: &str, name: &str, made: &str) -> Arc<IssueTracker> {
        let value = serde_json::json!({
            "apiVersion": "issuetracker.dev/v1alpha1", "kind": "IssueTracker",
            "metadata": {"name": name, "namespace": namespace, "creationTimestamp": made},
            "spec": {"kafka": {"bootstrapServers": ["kafka:9092"]}, "store": {"embedded": {}}},
        });
        Arc::new(serde_json::from_value(value).expect("a tracker"))
    }

    #[test]
    fn a_namespace_has_the_plan_of_its_oldest_tracker_and_others_keep_theirs() {
        let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
        let [first, second, other] = [("shop", "b", old), ("shop", "a", new), ("pay", "c", new)]
            .map(|(namespace, name, made)| tracker(namespace, name, made));
        let plans = Plans::default();
        let of = |namespace: &str| plans.of(namespace).map(|plan| plan.tracker.clone());
        plan(&[first.clone(), second.clone(), other.clone()], None, &plans, "sidecar:1");
        assert_eq!((of("shop"), of("pay")), (Some("shop/b".to_owned()), Some("pay/c".to_owned())));
        plan(&[second, other.clone()], Some("shop".to_owned()), &plans, "sidecar:1");
        assert_eq!((of("shop"), of("pay")), (Some("shop/a".to_owned()), Some("pay/c".to_owned())));
        plan(&[other], Some("shop".to_owned()), &plans, "sidecar:1");
        assert_eq!((of("shop"), of("pay")), (None, Some("pay/c".to_owned())));
        plan(&[first], None, &plans, "sidecar:1");
        assert_eq!(plans.namespaces(), ["shop"]);
    }
}
