//! The tracker service: records in; issues, API and pages out.
//!
//! [`consume`] is the loop that reads records and the only one that counts; [`coalesce`] makes one change per issue of a
//! batch; [`store`] keeps issues; [`api`] answers people and programs. What people change goes through [`edit`], [`merge`] and
//! [`dead_letters`]. [`health`] is what all of them tell of themselves.
//! [`start`] puts them together, for the program of this name and for local mode.

use std::{sync::Arc, time::Duration};

use axum::Router;
use issue::{finish::Rules, id::TrackerName};
use kafka::source::RecordSource;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::{
    api::{Access, ApiState, Limits, limit::Limiter},
    consume::{Consumer, Pace},
    dead_letters::DeadLetters,
    health::{Health, Status},
    people::{door::Door, login::IdentityProvider},
    pulse::Pulse,
    store::{IssueStore, Store},
    ui::UiState,
};

pub mod api;
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
pub mod people;
pub mod pulse;
pub mod serve;
pub mod store;
pub mod transfer;
pub mod ui;

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

/// A tracker at work.
pub struct Tracker {
    state: ApiState,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

/// Begins to read records. The routes are there at once: what they show is the store's.
pub async fn start(settings: Settings, source: Box<dyn RecordSource>, store: Arc<dyn Store>) -> Tracker {
    let Settings { tracker, access, limits, pace } = settings;
    let (health, stop) = (Health::new(), CancellationToken::new());
    let letters = DeadLetters {
        tracker: tracker.clone(),
        reader: source.dead_letters(),
        store: Arc::clone(&store) as Arc<dyn IssueStore>,
        health: Arc::clone(&health),
    };
    let issues: Arc<dyn IssueStore> = Arc::clone(&store) as Arc<dyn IssueStore>;
    let consumer =
        Consumer::new(tracker.clone(), source, Arc::clone(&issues), Arc::clone(&health), pace, stop.clone());
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
    };
    Tracker { state, stop, task: tokio::spawn(consumer.run()) }
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
        let abort = self.task.abort_handle();
        match tokio::time::timeout(grace, self.task).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "the loop that reads records ended by a panic"),
            Err(_) => {
                abort.abort();
                tracing::warn!("a batch could not be stored in time; it is read again after the next start");
            }
        }
    }
}
