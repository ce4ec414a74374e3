//! How people come in and leave: the login page, the way to the issuer and back, and the end of a session.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Query, State, rejection::FormRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Asked, UiState,
    failure::Failure,
    frame::{self, Frame},
    guard,
    url::Url,
};
use crate::people::{
    Policy, audit,
    login::{self, Entered, LoginError, PATIENCE},
    sessions,
};

/// What the browser keeps while somebody is at the issuer's.
fn attempt_cookie(policy: &Policy) -> &'static str {
    if policy.is_secure() { "__Host-issuetracker-login" } else { "issuetracker-login" }
}

/// Where somebody wants to go.
#[derive(Deserialize)]
pub struct Where {
    #[serde(default)]
    next: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    /// The way to the issuer, where there is one.
    start: Option<String>,
    by_secret: bool,
    next: String,
    wrong: bool,
}

impl LoginPage {
    fn new(state: &UiState, asked: &Asked, next: &str, wrong: bool) -> Self {
        let next = login::local(next);
        Self {
            frame: Frame::new(state, asked),
            start: state
                .provider
                .is_some()
                .then(|| Url::of("/login/start").with("next", Some(&next)).build()),
            by_secret: state.door.access.has_secret(),
            next,
            wrong,
        }
    }
}

/// `GET /login`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Query(to): Query<Where>,
) -> Response {
    if state.door.access.is_open() {
        return Redirect::to(&login::local(&to.next)).into_response();
    }
    frame::page(&LoginPage::new(&state, &asked, &to.next, false))
}

/// The form for the token of the Secret.
#[derive(Deserialize)]
pub struct SecretForm {
    #[serde(default)]
    secret: String,
    #[serde(default)]
    next: String,
}

/// `POST /login`: by the token of the Secret.
pub async fn by_secret(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    form: Result<Form<SecretForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form.map_err(|_| Failure::Form("The form cannot be read, or is too large."))?;
    guard::sender(&headers)?;
    if !state.door.access.is_secret(form.secret.trim()) {
        audit::note(state.store.as_ref(), "", "login-refused", "admin", "a wrong token").await;
        let page = LoginPage::new(&state, &asked, &form.next, true);
        return Ok(super::failure::with_status(axum::http::StatusCode::FORBIDDEN, &page));
    }
    let entered = login::by_secret(state.store.as_ref(), &form.next, Timestamp::now()).await?;
    enter(&state, &headers, entered).await
}

/// `GET /login/start`: to the issuer.
pub async fn start(State(state): State<UiState>, Query(to): Query<Where>) -> Result<Response, Failure> {
    let provider = state.provider.as_deref().ok_or(Failure::NotFound)?;
    let policy = state.door.access.policy();
    let sent = login::begin(state.store.as_ref(), provider, policy, &to.next, Timestamp::now()).await?;
    let mut response = Redirect::to(&sent.address).into_response();
    put_cookie(
        &mut response,
        &sessions::set_cookie(policy, attempt_cookie(policy), Some(&sent.state), PATIENCE),
    );
    Ok(response)
}

/// What the issuer sends people back with (RFC 6749, section 4.1.2).
#[derive(Deserialize)]
pub struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    error: String,
}

/// `GET /login/callback`: from the issuer.
pub async fn callback(
    State(state): State<UiState>,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Result<Response, Failure> {
    let provider = state.provider.as_deref().ok_or(Failure::NotFound)?;
    let policy = state.door.access.policy();
    if !back.error.is_empty() {
        let plain: String = back.error.chars().filter(char::is_ascii_graphic).take(60).collect();
        return Err(LoginError::Untrue(plain).into());
    }
    let kept = sessions::cookie(&headers, attempt_cookie(policy));
    let came = (back.code.as_str(), back.state.as_str());
    let entered = login::finish(state.store.as_ref(), provider, policy, came, kept, Timestamp::now()).await?;
    let mut response = enter(&state, &headers, entered).await?;
    put_cookie(&mut response, &sessions::set_cookie(policy, attempt_cookie(policy), None, 0));
    Ok(response)
}

/// Gives the browser its new session; the one that it had ends, so that nobody goes on in one that somebody else laid there.
async fn enter(state: &UiState, headers: &HeaderMap, entered: Entered) -> Result<Response, Failure> {
    let policy = state.door.access.policy();
    let name = sessions::cookie_name(policy);
    if let Some(before) = sessions::cookie(headers, name) {
        sessions::end(state.store.as_ref(), before).await?;
    }
    tracing::info!(user = entered.user, "logged in");
    let mut response = Redirect::to(&entered.next).into_response();
    let cookie = sessions::set_cookie(policy, name, Some(&entered.session), sessions::LASTS.as_secs());
    put_cookie(&mut response, &cookie);
    Ok(response)
}

/// A form that holds nothing but its proof.
#[derive(Deserialize)]
pub struct ProofForm {
    #[serde(default)]
    token: String,
}

/// `POST /logout`.
pub async fn leave(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    form: Result<Form<ProofForm>, FormRejection>,
) -> Result<Response, Failure> {
    let Form(form) = form.map_err(|_| Failure::Form("The form cannot be read, or is too large."))?;
    guard::check(&headers, &form.token, &Frame::new(&state, &asked).form_token)?;
    let policy = state.door.access.policy();
    let name = sessions::cookie_name(policy);
    if let Some(session) = sessions::cookie(&headers, name) {
        sessions::end(state.store.as_ref(), session).await?;
    }
    let mut response = Redirect::to("/login").into_response();
    put_cookie(&mut response, &sessions::set_cookie(policy, name, None, 0));
    Ok(response)
}

fn put_cookie(response: &mut Response, cookie: &str) {
    // Names and values of ours hold nothing that a header could not.
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
}
