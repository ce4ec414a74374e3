//! The pages: what a person sees of a tracker. Rendered here, readable without JavaScript, and every text in them hostile.
//!
//! A request runs through [`dress`], which names it, lets it in or not, hands out the headers that keep a page harmless and turns a
//! [`failure::Failure`] into a page. The handlers stand in a file for each page; what they show passes through
//! [`text::Shown`] and then through askama's escaping. Changes go through [`actions`] alone, behind [`guard`].

mod actions;
mod assets;
mod backlog;
mod bulk;
mod chart;
mod dashboard;
mod deliveries;
mod failure;
mod filter;
mod forms;
mod frame;
mod guard;
mod headers;
mod incident;
mod incidents;
mod issue;
mod issues;
mod letters;
mod links;
mod login;
mod markdown;
mod notifications;
mod number;
mod projects;
mod text;
mod tokens;
mod url;
mod users;
mod vocabulary;
mod when;

use std::sync::Arc;

use ::intake::problem::{Fault, Problem};
use ::issue::{finish::Rules, id::TrackerName};
use axum::{
    Router,
    extract::{Request, State},
    http::{Method, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use uuid::Uuid;

use self::{assets::Assets, failure::Failure, forms::Typed, frame::Frame};
use crate::{
    api::{Access, ApiState, Limits, NOBODY, limit::Limiter},
    dead_letters::DeadLetters,
    health::Health,
    people::{Identity, door::Door, identity::Via, login::IdentityProvider, sessions},
    store::{IssueStore, Store},
    visits::Visits,
};

/// What the pages need.
#[derive(Clone)]
pub struct UiState {
    /// Where issues are.
    pub store: Arc<dyn Store>,
    /// Whose pages these are.
    pub tracker: TrackerName,
    /// Who acts, where nobody logs in: `assigned:me`, and the author of what is done on a page. The API's word for it,
    /// unless it is set.
    pub person: String,
    /// The clock, so that a test can stop it.
    pub clock: fn() -> Timestamp,
    /// Who may come in.
    pub door: Door,
    /// Whom people log in with.
    pub provider: Option<Arc<dyn IdentityProvider>>,
    /// What could not be processed, where there is such a place.
    pub letters: Option<Arc<DeadLetters>>,
    /// How the service is.
    pub health: Arc<Health>,
    /// What is cut out of what is written here, and of what is shown of dead letters.
    pub rules: Arc<Rules>,
    /// What visitors of front ends meet.
    pub visits: Arc<Visits>,
    assets: Arc<Assets>,
    form_token: Arc<str>,
}

impl UiState {
    /// The pages of one tracker for whoever runs on this machine. Forms carry a token of this process: those of a page older
    /// than the process are refused.
    pub fn new(store: Arc<dyn Store>, tracker: TrackerName) -> Self {
        let limits = Limits { reads: u32::MAX, writes: u32::MAX, logins: u32::MAX };
        let door = Door {
            access: Arc::new(Access::loopback(None)),
            store: Arc::clone(&store) as Arc<dyn IssueStore>,
            limiter: Arc::new(Limiter::new(limits)),
        };
        let issues = Arc::clone(&store) as Arc<dyn IssueStore>;
        let visits = Arc::new(Visits::new(tracker.clone(), issues, Default::default()));
        Self {
            store,
            tracker,
            visits,
            person: NOBODY.to_owned(),
            clock: Timestamp::now,
            door,
            provider: None,
            letters: None,
            health: Health::new(),
            rules: Arc::new(Rules::default()),
            assets: Arc::new(Assets::new()),
            form_token: Uuid::new_v4().simple().to_string().into(),
        }
    }

    /// The pages of a service, behind the door of its API.
    pub fn behind(door: Door, api: &ApiState) -> Self {
        Self {
            door,
            letters: Some(Arc::clone(&api.letters)),
            health: Arc::clone(&api.health),
            rules: Arc::clone(&api.rules),
            visits: Arc::clone(&api.visits),
            ..Self::new(Arc::clone(&api.store), api.tracker.clone())
        }
    }
}

/// One request: its name, for the log and for whoever asks about it, and who sent it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its name.
    pub id: String,
    /// Who sent it.
    pub identity: Identity,
    /// How much they were told and have not read.
    pub unread: u64,
    /// Light or dark, where they chose.
    pub theme: &'static str,
    /// What they typed into the form that they sent.
    pub typed: Typed,
}

/// Every page. Holds the fallback too (the 404 page), so that a router with a fallback of its own must be nested, not merged.
pub fn routes(state: UiState) -> Router {
    let mut router = Router::new()
        .route("/", get(|| async { Redirect::to("/issues") }))
        .route("/issues", get(issues::show).post(bulk::act))
        .route("/issues/recent", get(|| async { Redirect::to("/issues") }))
        .route("/issues/all", get(|| async { Redirect::to("/issues?q=") }))
        .route("/issues/{id}", get(issue::show))
        .route("/issues/{id}/text", get(issue::text))
        .route("/incidents", get(incidents::show))
        .route("/incidents/{incident}", get(incident::show).post(incident::act))
        .route("/incidents/{incident}/replay", get(incident::replay::show))
        .route("/projects", get(projects::show))
        .route("/deliveries", get(deliveries::show))
        .route("/deliveries/{delivery}", post(deliveries::retry))
        .route("/dashboard", get(dashboard::show))
        .route("/backlog", get(backlog::show).post(backlog::create))
        .route("/backlog/{item}", post(backlog::act))
        .route("/notifications", get(notifications::show).post(notifications::read))
        .route("/tokens", get(tokens::show).post(tokens::create))
        .route("/tokens/{token}", post(tokens::revoke))
        .route("/users", get(users::show))
        .route("/users/{user}", post(users::change))
        .route("/dead-letters", get(letters::show))
        .route("/dead-letters/{letter}", post(letters::act))
        .route("/login", get(login::show).post(login::by_secret))
        .route("/login/start", get(login::start))
        .route("/login/callback", get(login::callback))
        .route("/logout", post(login::leave))
        .route("/assets/{hash}/{name}", get(assets::serve));
    for act in actions::ACTS {
        router = router.route(&format!("/issues/{{id}}/{act}"), post(issue::act));
    }
    for join in ["merge", "unmerge", "delete"] {
        router = router.route(&format!("/issues/{{id}}/{join}"), post(issue::join));
    }
    router
        .fallback(no_such_page)
        .method_not_allowed_fallback(|| async { Failure::Method })
        .layer(middleware::from_fn_with_state(state.clone(), dress))
        .with_state(state)
}

/// Programs read JSON: below `/api` the answer is the API's own.
async fn no_such_page(request: Request) -> Response {
    match request.uri().path().strip_prefix("/api") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => crate::api::not_found(request).await,
        _ => Failure::NotFound.into_response(),
    }
}

/// Names the request, lets it in or not, and makes of every answer one that can be shown.
async fn dress(State(state): State<UiState>, request: Request, next: Next) -> Response {
    let id = headers::request_id(request.headers());
    let path = request.uri().path().to_owned();
    let mut asked =
        Asked { id: id.clone(), identity: Identity::nobody(), unread: 0, theme: "", typed: Typed::default() };
    let (mut parts, body) = request.into_parts();
    headers::name(&mut parts.headers, &id);
    asked.theme = match sessions::cookie(&parts.headers, "theme") {
        Some("dark") => "dark",
        Some("light") => "light",
        _ => "",
    };
    let mut response = match state.door.admit(&mut parts).await {
        Err(problem) => refused(problem, &asked.typed, Request::from_parts(parts, body)).await,
        Ok(()) => {
            asked = known(&state, &parts, asked).await;
            parts.extensions.insert(asked.clone());
            next.run(Request::from_parts(parts, body)).await
        }
    };
    if let Some(failure) = response.extensions_mut().remove::<Arc<Failure>>() {
        failure.log(&id, &path);
        response = failure.page(Frame::new(&state, &asked), &asked.typed, response);
    }
    headers::harden(response.headers_mut(), &id);
    response
}

/// The request with who sent it.
async fn known(state: &UiState, request: &Parts, mut asked: Asked) -> Asked {
    if let Some(identity) = request.extensions.get::<Identity>() {
        asked.identity = identity.clone();
    }
    let identity = &mut asked.identity;
    if identity.via == Via::Local && identity.user == NOBODY {
        (identity.user, identity.name) = (state.person.clone(), state.person.clone());
    }
    let is_page = request.method == Method::GET && !request.uri.path().starts_with("/assets/");
    if is_page && identity.via != Via::Nobody {
        // A page is worth more than its number: without an answer it is left out.
        asked.unread = state.store.unread(&identity.user).await.unwrap_or_default();
    }
    asked
}

/// Who is not known is sent to log in; whose form is refused gets back what they typed.
async fn refused(problem: Problem, typed: &Typed, request: Request) -> Response {
    let unknown = problem.fault == Fault::Unauthorized;
    if unknown && request.method() == Method::GET {
        let next = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let next = (next != "/").then_some(next);
        return Redirect::to(&url::Url::of("/login").with("next", next).build()).into_response();
    }
    if request.method() == Method::POST {
        typed.read(request).await;
    }
    if unknown {
        return Failure::Ended.into_response();
    }
    Failure::Refused(problem).into_response()
}
