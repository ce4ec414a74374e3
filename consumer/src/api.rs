//! REST: `/api/v1` and what operators ask.
//!
//! Every request goes through [`guard`] (its name, how a refusal is written) and the door of [`crate::people`] (who may come
//! in, for what, how often). A file for each noun. Changes go through [`edit`] alone: load, apply, compare-and-set.

use std::sync::Arc;

use ::intake::problem::{Fault, Problem};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, delete, get, patch, post},
};
use issue::{finish::Rules, id::TrackerName};

use crate::{
    dead_letters::DeadLetters,
    health::{Health, told},
    people::door::Door,
    pulse::Pulse,
    store::{Store, StoreError},
    visits::Visits,
};

pub mod access;
mod audit;
mod backlog;
mod body;
mod bulk;
mod children;
mod comments;
mod conditions;
pub(crate) mod dead_letters;
pub(crate) mod delete;
mod deliveries;
mod edit;
mod events;
mod guard;
pub(crate) mod incidents;
mod issues;
pub mod limit;
mod links;
mod merge;
mod notifications;
pub mod openapi;
mod operators;
mod query;
mod stats;
pub(crate) mod tokens;
pub(crate) mod users;
mod written;

pub use access::Access;
pub use guard::not_found;
pub use limit::Limits;
pub use operators::Counts;

/// Who acts where nobody has logged in and nobody is named.
pub const NOBODY: &str = "local";

/// What the handlers stand on.
#[derive(Clone)]
pub struct ApiState {
    /// Whose issues.
    pub tracker: TrackerName,
    /// Where they are.
    pub store: Arc<dyn Store>,
    /// What the service tells of itself.
    pub health: Arc<Health>,
    /// What could not be processed.
    pub letters: Arc<DeadLetters>,
    /// Who may come in, for what, and how often.
    pub door: Arc<Door>,
    /// What happens just now.
    pub pulse: Arc<Pulse>,
    /// What is cut out of what is written here.
    pub rules: Arc<Rules>,
    /// How many issues there are.
    pub counts: Arc<Counts>,
    /// What visitors of front ends meet.
    pub visits: Arc<Visits>,
}

/// Reading and changing issues: all of `/api/v1` but `POST /api/v1/issues`.
pub fn routes(state: ApiState) -> Router {
    let router = Router::new()
        .route("/api/v1/issues", get(issues::list))
        .route("/api/v1/issues/recent", get(issues::recent))
        .route("/api/v1/issues/{id}", get(issues::show).patch(issues::change).delete(delete::delete))
        .route("/api/v1/issues:bulk", post(bulk::bulk))
        .route("/api/v1/issues/{id}/comments", get(comments::list).post(comments::create))
        .route("/api/v1/issues/{id}/occurrences", get(children::occurrences))
        .route("/api/v1/issues/{id}/activities", get(children::activities))
        .route("/api/v1/issues/{id}/links", get(links::list))
        .route("/api/v1/issues/{id}/merge", post(merge::merge))
        .route("/api/v1/issues/{id}/unmerge", post(merge::unmerge))
        .route("/api/v1/dead-letters", get(dead_letters::list))
        .route("/api/v1/dead-letters/{letter}", get(dead_letters::show))
        .route("/api/v1/dead-letters/{letter}/replay", post(dead_letters::replay))
        .route("/api/v1/dead-letters/{letter}/discard", post(dead_letters::discard))
        .route("/api/v1/stats", get(stats::show))
        .route("/api/v1/events", get(events::listen))
        .route("/api/v1/me", get(users::me))
        .route("/api/v1/users", get(users::list))
        .route("/api/v1/users/{user}", patch(users::change))
        .route("/api/v1/users/{user}/sessions", delete(users::end_sessions))
        .route("/api/v1/notifications", get(notifications::list))
        .route("/api/v1/notifications/read", post(notifications::read))
        .route("/api/v1/tokens", get(tokens::list).post(tokens::create))
        .route("/api/v1/tokens/{token}", delete(tokens::revoke))
        .route("/api/v1/backlog", get(backlog::list).post(backlog::create))
        .route("/api/v1/backlog/{item}", get(backlog::show).patch(backlog::change).delete(backlog::remove))
        .route("/api/v1/incidents", get(incidents::list).post(incidents::create))
        .route("/api/v1/incidents/{incident}", get(incidents::show).patch(incidents::change))
        .route("/api/v1/incidents/{incident}/replay", post(incidents::replay::create))
        .route("/api/v1/deliveries", get(deliveries::list))
        .route("/api/v1/deliveries/{delivery}/retry", post(deliveries::retry))
        // The same under the addresses of the older services.
        .route("/v1/incidents", get(incidents::list).post(incidents::create))
        .route("/v1/incidents/{incident}", get(incidents::show).patch(incidents::change))
        .route("/v1/export/trigger", post(deliveries::trigger))
        .route("/api/v1/audit", get(audit::list))
        .route("/api/v1/openapi.json", get(openapi::show))
        // So that a program that mistypes an address reads JSON and not the pages' 404.
        .route("/api/v1/{*rest}", any(no_such_address));
    limited(router, state)
}

/// `POST /api/v1/issues`, straight into the store.
pub fn write_routes(state: ApiState) -> Router {
    limited(Router::new().route("/api/v1/issues", post(written::create)), state)
}

fn limited(router: Router<ApiState>, state: ApiState) -> Router {
    router
        // `body` bounds what it reads.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(state.clone(), guard::guard))
        .with_state(state)
}

/// What operators and probes ask. Open to whoever reaches the port: nothing of an issue is in it.
pub fn health_routes(state: ApiState) -> Router {
    Router::new()
        .route("/api/health", get(operators::health))
        .route("/livez", get(operators::livez))
        .route("/readyz", get(operators::readyz))
        .route("/metrics", get(operators::metrics))
        .layer(middleware::from_fn(guard::name))
        .with_state(state)
}

/// What is answered while the store cannot be asked.
fn unavailable(error: StoreError) -> Problem {
    tracing::warn!(error = told(&error), "a request found the store not answering");
    let detail = "the store does not answer; nothing was changed; try again in 5 s";
    Problem::new(Fault::Unavailable, detail).with_retry_after(5)
}

async fn no_such_address() -> guard::Refusal {
    Problem::new(Fault::NotFound, "no such address").into()
}

fn no_such_issue() -> Problem {
    Problem::new(Fault::NotFound, "there is no issue with this id")
}

#[cfg(test)]
mod tests;
