//! The tracker service: records in; issues, API and pages out.
//!
//! [`consume`] is the loop that reads records and the only one that counts; [`coalesce`] makes one change per issue of a
//! batch; [`store`] keeps issues; [`api`] answers people and programs. What people change goes through [`edit`], [`merge`] and
//! [`dead_letters`]. [`health`] is what all of them tell of themselves.
//! [`visits`] is the path of events of front ends, from the request of a page to the incident and its issue.
//! [`start`] puts them together, for the program of this name and for local mode.

use std::{sync::Arc, time::Duration};

use axum::Router;
use issue::{finish::Rules, id::TrackerName};
use kafka::{publish::Publisher, source::RecordSource};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{Access, ApiState, Limits, limit::Limiter},
    consume::{Consumer, Pace, sessions::Sessions},
    dead_letters::DeadLetters,
    health::{Health, Status},
    outbound::notices::Tells,
    people::{door::Door, login::IdentityProvider},
    pulse::Pulse,
    store::{IssueStore, Store},
    ui::UiState,
    visits::{Visits, ingest, lane::Lane},
};

pub mod api;
pub mod asked;
pub mod backlog;
pub mod bug;
pub mod coalesce;
#[cfg(feature = "broker")]
pub mod config;
pub mod consume;
pub mod dead_letters;
pub mod edit;
pub mod health;
pub mod ledger;
pub mod merge;
pub mod metrics;
pub mod outbound;
pub mod people;
pub mod pulse;
pub mod store;
pub mod transfer;
pub mod ui;
pub mod visits;

/// What a tracker needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whose issues it keeps: records of another are dead letters.
    pub tracker: TrackerName,
    /// Who may use the API.
    pub access: Access,
    /// How often.
    pub limits: Limits,
    /// How long it waits before it tries again what failed.
    pub pace: Pace,
}

impl Settings {
    /// For this machine only.
    pub fn local(tracker: TrackerName) -> Self {
        let access = Access::loopback(None);
        Self { tracker, access, limits: Limits::default(), pace: Pace::default() }
    }
}

/// The events of front ends: where they come from, and where those that are taken in here go.
pub struct Events {
    /// Projects, keys, thresholds, and where incidents and messages on issues are sent.
    pub settings: ::frustration::settings::Settings,
    /// The topic of events, read and written; `None`: no front end sends any.
    pub ends: Option<(Box<dyn RecordSource>, Box<dyn Publisher>)>,
}

/// A tracker at work.
pub struct Tracker {
    state: ApiState,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// The loop of events, and the worker that sends.
    beside: Vec<JoinHandle<()>>,
    lane: Option<Lane>,
}

/// Begins to read records. The routes are there at once: what they show is the store's.
pub async fn start(settings: Settings, source: Box<dyn RecordSource>, store: Arc<dyn Store>) -> Tracker {
    start_with(settings, source, store, None).await
}

/// As [`start`], with events of front ends.
pub async fn start_with(
    settings: Settings,
    source: Box<dyn RecordSource>,
    store: Arc<dyn Store>,
    events: Option<Events>,
) -> Tracker {
    let Settings { tracker, access, limits, pace } = settings;
    let (health, stop) = (Health::new(), CancellationToken::new());
    let told = events.as_ref().map(|events| events.settings.clone()).unwrap_or_default();
    let store = Tells::of(&told.outbound).over(store);
    let letters = DeadLetters {
        tracker: tracker.clone(),
        reader: source.dead_letters(),
        store: Arc::clone(&store) as Arc<dyn IssueStore>,
        health: Arc::clone(&health),
    };
    let issues: Arc<dyn IssueStore> = Arc::clone(&store) as Arc<dyn IssueStore>;
    let consumer =
        Consumer::new(tracker.clone(), source, Arc::clone(&issues), Arc::clone(&health), pace, stop.clone());
    let visits = Arc::new(Visits::new(tracker.clone(), Arc::clone(&issues), told));
    let mut beside: Vec<JoinHandle<()>> =
        sender(&visits, &access).into_iter().map(|worker| tokio::spawn(worker.run(stop.clone()))).collect();
    let lane = events.and_then(|events| events.ends).map(|(source, publisher)| {
        let sessions = Sessions::new(Arc::clone(&visits), source, pace, stop.clone());
        beside.push(tokio::spawn(sessions.run()));
        Lane::start(publisher, stop.clone())
    });
    let door = Door {
        access: Arc::new(access),
        store: Arc::clone(&issues),
        limiter: Arc::new(Limiter::new(limits)),
    };
    let state = ApiState {
        tracker,
        store,
        health,
        letters: Arc::new(letters),
        door: Arc::new(door),
        pulse: Arc::new(Pulse::new(issues, stop.clone())),
        rules: Arc::new(Rules::default()),
        counts: Arc::default(),
        visits,
    };
    Tracker { state, stop, task: tokio::spawn(consumer.run()), beside, lane }
}

/// Who sends confirmed incidents, where they go anywhere.
#[cfg(feature = "outbound")]
fn sender(visits: &Arc<Visits>, access: &Access) -> Option<outbound::worker::Worker> {
    use outbound::{
        http::Https,
        worker::{Waits, Worker},
    };
    let base = access.policy().public_url.clone();
    let goes = !visits.settings.outbound.is_empty();
    goes.then(|| Worker::new(Arc::clone(visits), Arc::new(Https::default()), base, Waits::default()))
}

#[cfg(not(feature = "outbound"))]
fn sender(visits: &Arc<Visits>, _: &Access) -> Option<outbound::worker::Worker> {
    if !visits.settings.outbound.is_empty() {
        tracing::error!("nothing is sent anywhere: this program was built without the feature outbound");
    }
    None
}

/// The issuer that people log in with, where there is one.
#[cfg(feature = "oidc")]
fn provider(access: &Access) -> Option<Arc<dyn IdentityProvider>> {
    let issuer = access.policy().issuer.clone()?;
    match people::oidc::Provider::new(issuer) {
        Ok(provider) => Some(Arc::new(provider)),
        Err(error) => {
            tracing::error!(%error, "nobody can log in by the issuer");
            None
        }
    }
}

#[cfg(not(feature = "oidc"))]
fn provider(access: &Access) -> Option<Arc<dyn IdentityProvider>> {
    if access.policy().issuer.is_some() {
        tracing::error!("nobody can log in by the issuer: this program was built without the feature oidc");
    }
    None
}

impl Tracker {
    /// Reading and changing issues: all of `/api/v1` but `POST /api/v1/issues`, which local mode takes from the
    /// sidecar's router.
    pub fn api_routes(&self) -> Router {
        api::routes(self.state.clone())
    }

    /// `POST /api/v1/issues`, straight into the store.
    pub fn write_routes(&self) -> Router {
        api::write_routes(self.state.clone())
    }

    /// `POST /v1/events` and the addresses of the older services: open to whoever has a project's key. Nothing where no
    /// events are taken.
    pub fn event_routes(&self) -> Router {
        match &self.lane {
            Some(lane) => ingest::routes(Arc::clone(&self.state.visits), lane.clone()),
            None => Router::new(),
        }
    }

    /// `/api/health`, `/livez`, `/readyz`, `/metrics`: open to whoever reaches the port.
    pub fn health_routes(&self) -> Router {
        api::health_routes(self.state.clone())
    }

    /// The pages, behind the same door as the API.
    pub fn ui_routes(&self) -> Router {
        let mut state = UiState::behind((*self.state.door).clone(), &self.state);
        state.provider = provider(&self.state.door.access);
        ui::routes(state)
    }

    /// How it stands now.
    pub fn status(&self) -> Status {
        self.state.health.status()
    }

    /// Ends the batch at hand and stops reading. What cannot be stored within the grace is left to the next reader.
    pub async fn stop(self, grace: Duration) {
        self.stop.cancel();
        let end = tokio::time::Instant::now() + grace;
        for task in [self.task].into_iter().chain(self.beside) {
            ended(task, end).await;
        }
    }
}

/// Waits for the end of a loop, not longer than until then.
async fn ended(task: JoinHandle<()>, end: tokio::time::Instant) {
    let abort = task.abort_handle();
    match tokio::time::timeout_at(end, task).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "a loop that reads records ended by a panic"),
        Err(_) => {
            abort.abort();
            tracing::warn!("a batch could not be stored in time; it is read again after the next start");
        }
    }
}
