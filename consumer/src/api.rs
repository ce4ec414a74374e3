//! REST: `/api/v1` and what operators ask.
//!
//! Every request goes through [`guard`] (who may come in, its name, how a refusal is written) and, below `/api/v1`,
//! through [`limit`]. A file for each noun. Changes go through [`edit`] alone: load, apply, compare-and-set.

use std::sync::Arc;

use ::intake::problem::{Fault, Problem};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{any, get, post},
};
use issue::{finish::Rules, id::TrackerName};

use crate::{
    dead_letters::DeadLetters,
    health::{Health, told},
    store::{IssueStore, StoreError},
};

pub mod access;
mod body;
mod children;
mod comments;
mod conditions;
mod dead_letters;
mod edit;
mod guard;
mod issues;
pub mod limit;
mod merge;
mod operators;
mod query;
mod written;

pub use access::Access;
pub use guard::not_found;
pub use limit::Limits;

/// Who acts where nobody has logged in and nobody is named.
pub const NOBODY: &str = "local";

/// What the handlers stand on.
#[derive(Clone)]
pub struct ApiState {
    /// Whose issues.
    pub tracker: TrackerName,
    /// Where they are.
    pub store: Arc<dyn IssueStore>,
    /// What the service tells of itself.
    pub health: Arc<Health>,
    /// What could not be processed.
    pub letters: Arc<DeadLetters>,
    /// Who may come in.
    pub access: Arc<Access>,
    /// How often.
    pub limiter: Arc<limit::Limiter>,
    /// What is cut out of what is written here.
    pub rules: Arc<Rules>,
}

/// Reading and changing issues: all of `/api/v1` but `POST /api/v1/issues`.
pub fn routes(state: ApiState) -> Router {
    let router = Router::new()
        .route("/api/v1/issues", get(issues::list))
        .route("/api/v1/issues/recent", get(issues::recent))
        .route("/api/v1/issues/{id}", get(issues::show).patch(issues::change))
        .route("/api/v1/issues/{id}/comments", get(comments::list).post(comments::create))
        .route("/api/v1/issues/{id}/occurrences", get(children::occurrences))
        .route("/api/v1/issues/{id}/activities", get(children::activities))
        .route("/api/v1/issues/{id}/merge", post(merge::merge))
        .route("/api/v1/issues/{id}/unmerge", post(merge::unmerge))
        .route("/api/v1/dead-letters", get(dead_letters::list))
        .route("/api/v1/dead-letters/{id}", get(dead_letters::show))
        .route("/api/v1/dead-letters/{id}/replay", post(dead_letters::replay))
        .route("/api/v1/dead-letters/{id}/discard", post(dead_letters::discard))
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
        .layer(middleware::from_fn_with_state(state.clone(), limit::layer))
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

/// Lets in to any other routes only who may read and write issues.
pub fn protected(router: Router, state: ApiState) -> Router {
    router.layer(middleware::from_fn_with_state(state, guard::guard))
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
