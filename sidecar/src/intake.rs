//! The HTTP way in: what services of this pod post to the loopback address.
//!
//! Every write goes the same way: `guard` lets it in, `body` reads it within bounds, the crate `intake` makes
//! typed values of it, `engine` redacts and fingerprints them, and only when [`crate::accept::Acceptor::accept`]
//! has made them durable is it answered 202.

mod body;
mod engine;
mod events;
mod guard;
mod hosts;
mod issues;
mod otlp;
mod reports;
mod sentry;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::intake::problem::{Fault, Problem};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{patch, post},
};
use issue::{
    id::TrackerName,
    record::{Place, Via},
};
use jiff::Timestamp;
use tokio::{sync::Semaphore, task::spawn_blocking};

pub use self::{events::Service, guard::not_found, hosts::Hosts};
use crate::{
    accept::{AcceptError, Acceptor, Idempotency, Receipt, Submission, Submitted},
    limit::Limiter,
    metrics::Metrics,
    settings::{Effective, InForce},
};

/// How much is taken from one request or one reporter.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a body after decompression.
    pub body: usize,
    /// How long a body may take to arrive.
    pub body_time: Duration,
    /// Bodies of more than 16 KiB that are in memory at once; further ones wait.
    pub large_bodies: usize,
    /// Hand-written issues of one reporter a minute.
    pub issues_per_minute: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1024 * 1024,
            body_time: Duration::from_secs(10),
            large_bodies: 8,
            issues_per_minute: 100,
        }
    }
}

/// Reporters whose rate is kept apart.
const REPORTERS: usize = 4096;

/// What the handlers stand on.
#[derive(Clone, Debug)]
pub struct IntakeState {
    acceptor: Acceptor,
    settings: InForce,
    tracker: TrackerName,
    place: Arc<Place>,
    hosts: Arc<Hosts>,
    limits: Limits,
    metrics: Arc<Metrics>,
    reporters: Arc<Limiter>,
    large_bodies: Arc<Semaphore>,
    /// Who takes events of front ends.
    events: Option<Service>,
    events_under_way: Arc<Semaphore>,
}

impl IntakeState {
    /// `place` is what every report of this sidecar ran on; its workload is the component of those that name none.
    pub fn new(
        acceptor: Acceptor,
        settings: impl Into<InForce>,
        tracker: TrackerName,
        place: Place,
        hosts: Hosts,
        limits: Limits,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            acceptor,
            settings: settings.into(),
            tracker,
            place: Arc::new(place),
            hosts: Arc::new(hosts),
            limits,
            metrics,
            reporters: Arc::new(Limiter::new(limits.issues_per_minute, Duration::from_secs(60), REPORTERS)),
            large_bodies: Arc::new(Semaphore::new(limits.large_bodies)),
            events: None,
            events_under_way: Arc::new(Semaphore::new(events::UNDER_WAY)),
        }
    }

    /// With a tracker service that takes events of front ends.
    #[must_use]
    pub fn with_events(self, service: Option<Service>) -> Self {
        Self { events: service, ..self }
    }

    /// The settings in force, for one request.
    fn settings(&self) -> Arc<Effective> {
        self.settings.now()
    }

    /// The workload's name, for reports and issues that name no component.
    fn workload(&self) -> Option<String> {
        self.place.workload.as_ref().map(|workload| workload.name.clone())
    }

    /// A submission by this pod.
    fn submission(
        &self,
        via: Via,
        at: Option<Timestamp>,
        body: Submitted,
        key: Option<Idempotency>,
    ) -> Submission {
        let place = Place::clone(&self.place);
        Submission { via, at: at.unwrap_or_else(Timestamp::now), place, body, idempotency: key }
    }

    /// Returns once all of it is durable, with one receipt for each submission.
    async fn accept(&self, submissions: Vec<Submission>) -> Result<Vec<Receipt>, Problem> {
        if submissions.is_empty() {
            return Ok(Vec::new());
        }
        self.acceptor.accept(submissions, None).await.map_err(unaccepted)
    }

    /// [`IntakeState::accept`] for one submission.
    async fn accept_one(&self, submission: Submission) -> Result<Receipt, Problem> {
        let receipts = self.accept(vec![submission]).await?;
        receipts.into_iter().next().ok_or_else(|| Problem::new(Fault::Internal, "the spool gave no receipt"))
    }

    /// Does the reading, redacting and hashing of a body of `size` bytes: a large one where it keeps no other request
    /// waiting. Should it panic, that is one request's failure.
    async fn work<T: Send + 'static>(
        &self,
        size: usize,
        work: impl FnOnce(&Self) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        if size <= body::SMALL {
            return work(self);
        }
        let state = self.clone();
        let done = spawn_blocking(move || work(&state)).await;
        done.unwrap_or_else(|error| {
            Err(Problem::new(Fault::Internal, format!("the body cannot be read: {error}")))
        })
    }

    /// One hand-written issue less for this reporter, or when to come again.
    fn take_turn(&self, reporter: &str) -> Result<(), Problem> {
        self.reporters.take(reporter, Instant::now()).map_err(|wait| {
            let seconds = u32::try_from(wait.as_secs() + 1).unwrap_or(u32::MAX);
            let limit = self.limits.issues_per_minute;
            let detail =
                format!("this reporter has written {limit} issues within a minute; try again in {seconds} s");
            Problem::new(Fault::TooMany, detail).with_retry_after(seconds)
        })
    }
}

/// What a sender is told when nothing was accepted.
fn unaccepted(error: AcceptError) -> Problem {
    let wait = match error {
        AcceptError::KeyReused => {
            return Problem::new(
                Fault::Invalid,
                "this Idempotency-Key was used for a request with another body",
            );
        }
        AcceptError::Full => 5,
        AcceptError::Broken | AcceptError::Stopping => 1,
    };
    let detail = format!("nothing was accepted: {error}; send it again in {wait} s");
    Problem::new(Fault::Unavailable, detail).with_retry_after(wait)
}

/// Every address of the sidecar that takes something. Has no fallback, so that it can be merged.
pub fn routes(state: IntakeState) -> Router {
    let events = Router::new().route("/v1/events", post(events::take));
    report_routes(state.clone()).merge(change_routes(state.clone())).merge(guarded(events, state))
}

/// The addresses that take reports and issues. In local mode they stand beside the tracker's own.
pub fn report_routes(state: IntakeState) -> Router {
    let router = Router::new()
        .route("/api/v1/issues", post(issues::create))
        .route("/api/v1/reports", post(reports::create))
        .route("/api/{project}/envelope/", post(sentry::envelope))
        .route("/api/{project}/envelope", post(sentry::envelope))
        .route("/api/{project}/store/", post(sentry::store))
        .route("/api/{project}/store", post(sentry::store))
        .route("/v1/logs", post(otlp::logs));
    guarded(router, state)
}

/// The addresses that take changes of issues on their way to the tracker, which in local mode takes them itself.
fn change_routes(state: IntakeState) -> Router {
    let router = Router::new()
        .route("/api/v1/issues/{id}", patch(issues::update))
        .route("/api/v1/issues/{id}/comments", post(issues::comment));
    guarded(router, state)
}

fn guarded(router: Router<IntakeState>, state: IntakeState) -> Router {
    router
        // `body` bounds what it reads, compressed and not, and lets go of what is too much.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .with_state(state)
}
