//! Sidecar, tracker service, store and pages in one process, joined without a broker.

use std::{error::Error, net::SocketAddr, path::Path, sync::Arc, time::Duration};

use anyhow::{Context, anyhow, bail};
use axum::{
    Json, Router,
    extract::{Path as UrlPath, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::post,
};
use consumer::{
    Tracker,
    store::{StoreError, sqlite::SqliteStore},
};
use issue::{finish::Rules, id::TrackerName, record::Place, report::Level};
use jiff::Timestamp;
use kafka::local::local;
use serde::Deserialize;
use serde_json::{Value, json};
use serve::{Times, serve};
use sidecar::{
    Sidecar,
    intake::{self, Hosts, IntakeState, Limits},
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::{
    instance::Claim,
    program::SEGMENTS,
    runs::{Found, Runs},
    sample, shop,
};
use crate::arguments::DevArguments;

/// How long a stop may take: what is not stored by then stays in the spool for the next start.
const GRACE: Duration = Duration::from_secs(10);

/// How long answers under way may take when it ends: an open page would hold it for ever.
const DRAIN: Duration = Duration::from_secs(1);

/// Everything that runs.
pub struct Service {
    /// Where it serves.
    pub url: String,
    sidecar: Arc<Sidecar>,
    tracker: Tracker,
    ask_to_end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
    _claim: Claim,
}

impl Service {
    /// Begins to serve, and announces it to those who come later.
    pub async fn start(arguments: &DevArguments, data_dir: &Path, mut claim: Claim) -> anyhow::Result<Self> {
        let listener = listen(arguments.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let store =
            Arc::new(SqliteStore::open(&data_dir.join("issues.db")).context("cannot open the store")?);
        let (publisher, source) = local(1, data_dir.join("dead-letters.jsonl"));
        let sidecar = sidecar::start(sidecar_settings(arguments, data_dir), Box::new(publisher)).await?;
        let sidecar = Arc::new(sidecar);
        let events = arguments.frustration.then(|| shop::events(data_dir));
        let tracker = consumer::start_with(tracker_settings(), Box::new(source), store.clone(), events).await;
        if let Some(seed) = arguments.sample {
            sample::play(&sidecar, &store, seed, Timestamp::now()).await?;
        }
        let router = router(&sidecar, &tracker, store);
        let router = if arguments.frustration { router.merge(shop::routes()) } else { router };
        let (ask_to_end, asked) = oneshot::channel();
        // A dropped asker asks as well.
        let asked = async { asked.await.unwrap_or_default() };
        let times = Times { drain: DRAIN, ..Times::default() };
        let serving = tokio::spawn(serve(listener, router, asked, times));
        claim.announce(&url)?;
        tracing::info!(url, data_dir = %data_dir.display(), "serving");
        Ok(Self { url, sidecar, tracker, ask_to_end, serving, _claim: claim })
    }

    /// Takes no more, stores what was taken, ends. What is not stored by then is in the spool for the next start.
    pub async fn stop(self) {
        // Nobody listens only if the server has ended already.
        self.ask_to_end.send(()).ok();
        if let Err(error) = self.serving.await {
            tracing::warn!(%error, "the server ended badly");
        }
        match Arc::try_unwrap(self.sidecar) {
            Ok(sidecar) => sidecar.stop(GRACE).await,
            Err(_) => tracing::warn!("a run was still being settled: the spool has what it reported"),
        }
        self.tracker.stop(GRACE).await;
    }
}

fn tracker_settings() -> consumer::Settings {
    let mut settings = consumer::Settings::local(TrackerName::local());
    // One person, who may well have a script ask: nobody is kept from anybody else's share.
    settings.limits = consumer::api::Limits { reads: u32::MAX, writes: u32::MAX, logins: u32::MAX };
    settings
}

fn sidecar_settings(arguments: &DevArguments, data_dir: &Path) -> sidecar::Settings {
    sidecar::Settings {
        tracker: TrackerName::local(),
        place: Place::default(),
        component: None,
        spool_dir: data_dir.join("spool"),
        stderr: Some(sidecar::source::Layout::Segments(data_dir.join(SEGMENTS))),
        spool_limit: sidecar::spool::LIMIT,
        window: window(arguments),
        min_level: Level::from(arguments.min_level),
        rules: Rules::default(),
    }
}

/// A month is played in seconds, and its samples are wanted all the same.
fn window(arguments: &DevArguments) -> sidecar::dedup::Rules {
    let short = sidecar::dedup::Rules::short();
    match arguments.sample {
        Some(_) => sidecar::dedup::Rules { sample: Duration::ZERO, ..short },
        None => short,
    }
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    if !address.ip().is_loopback() {
        bail!(
            "{address} can be reached from elsewhere, and local mode asks nobody who they are: use 127.0.0.1 or [::1]"
        );
    }
    TcpListener::bind(address).await.map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::AddrInUse => format!(
                ", by another program or by an issuetracker with another data folder: take another port, for instance --listen {}:{}",
                address.ip(),
                address.port().saturating_add(1)
            ),
            _ => String::new(),
        };
        anyhow!("cannot listen on {address}: {error}{hint}")
    })
}

/// The sidecar's intake and the tracker's answers behind one address.
fn router(sidecar: &Arc<Sidecar>, tracker: &Tracker, store: Arc<SqliteStore>) -> Router {
    let metrics = Arc::new(sidecar::metrics::Metrics::new(sidecar.status()));
    let state = IntakeState::new(
        sidecar.acceptor(),
        Arc::new(Rules::default()),
        TrackerName::local(),
        Place::default(),
        Hosts::default(),
        Limits::default(),
        metrics,
    );
    let runs = Router::new()
        .route("/api/v1/dev/runs", post(begin_run))
        .route("/api/v1/dev/runs/{run}/end", post(end_run))
        .with_state(RunState { sidecar: sidecar.clone(), store: store.clone(), runs: Arc::default() });
    intake::report_routes(state)
        .merge(runs)
        .merge(tracker.api_routes())
        .merge(tracker.event_routes())
        .merge(tracker.health_routes())
        .merge(tracker.ui_routes())
}

/// What the routes of runs stand on.
#[derive(Clone)]
struct RunState {
    sidecar: Arc<Sidecar>,
    store: Arc<SqliteStore>,
    runs: Arc<Runs>,
}

#[derive(Deserialize)]
struct Begin {
    component: String,
}

async fn begin_run(State(state): State<RunState>, Json(begin): Json<Begin>) -> Result<Json<Value>, RunError> {
    let gap_bytes = state.sidecar.status().read().ledger.gap_bytes;
    let run = state.runs.begin(&*state.store, &begin.component, gap_bytes).await?;
    Ok(Json(json!({ "run": run })))
}

async fn end_run(State(state): State<RunState>, UrlPath(run): UrlPath<u64>) -> Result<Json<Found>, RunError> {
    state.sidecar.settle().await;
    let gap_bytes = state.sidecar.status().read().ledger.gap_bytes;
    Ok(Json(state.runs.end(&*state.store, run, gap_bytes).await?))
}

/// The store cannot be asked.
struct RunError(StoreError);

impl From<StoreError> for RunError {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for RunError {
    fn into_response(self) -> Response {
        tracing::error!(error = %self.0, source = ?self.0.source(), "a run cannot be told");
        let body = json!({ "error": format!("the store does not answer: {}", self.0), "retryable": true });
        (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response()
    }
}
