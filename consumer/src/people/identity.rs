//! Who sent a request.

use ::intake::problem::{Fault, Problem};
use axum::http::{HeaderMap, Method, header};
use jiff::Timestamp;

use super::{Role, sessions, tokens, users};
use crate::{
    api::{Access, NOBODY},
    store::{IssueStore, StoreError},
};

/// Somebody who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// How issues name them.
    pub user: String,
    /// As people call them.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// How they proved it.
    pub via: Via,
    /// What their forms must carry; empty where a form has nothing to prove.
    pub form_token: String,
}

/// How somebody proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By running on this machine.
    Local,
    /// By the token of the Secret.
    Secret,
    /// By a login.
    Session,
    /// By an API token.
    Token,
    /// Not at all: a client of the older tracker, which may write issues and comments.
    Legacy,
    /// Not at all.
    Nobody,
}

impl Identity {
    /// Whoever runs on this machine.
    pub fn local(user: &str) -> Self {
        Self::of(user, Role::Admin, Via::Local)
    }

    /// Somebody who asks for what is open to all.
    pub fn nobody() -> Self {
        Self::of("", Role::Viewer, Via::Nobody)
    }

    fn of(user: &str, role: Role, via: Via) -> Self {
        Self { user: user.to_owned(), name: user.to_owned(), role, via, form_token: String::new() }
    }

    /// Whether what a request says of its own author is taken: these are trusted as a whole, and are no person.
    pub fn speaks_for_others(&self) -> bool {
        matches!(self.via, Via::Local | Via::Secret | Via::Legacy)
    }

    /// Whom limits count.
    pub fn is_named(&self) -> bool {
        matches!(self.via, Via::Session | Via::Token)
    }
}

/// Finds out who sent a request. `None`: nobody who is known.
pub async fn identify(
    access: &Access,
    store: &dyn IssueStore,
    method: &Method,
    headers: &HeaderMap,
    path: &str,
    now: Timestamp,
) -> Result<Option<Identity>, Problem> {
    if let Some(given) = bearer(headers)? {
        return match access.is_secret(given) {
            true => Ok(Some(named(headers, Identity::of(NOBODY, Role::Admin, Via::Secret))?)),
            false => by_token(access, store, given, now).await.map_err(unavailable),
        };
    }
    if let Some(given) = sessions::cookie(headers, sessions::cookie_name(access.policy())) {
        let found = by_session(access, store, given, now).await.map_err(unavailable)?;
        if found.is_some() || !access.is_open() {
            return Ok(found);
        }
    }
    if access.is_open() {
        return Ok(Some(named(headers, Identity::local(NOBODY))?));
    }
    if access.takes_legacy(method, headers, path) {
        return Ok(Some(named(headers, Identity::of(NOBODY, Role::Service, Via::Legacy))?));
    }
    Ok(None)
}

fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(first), None) = (given.next(), given.next()) else {
        return match headers.contains_key(header::AUTHORIZATION) {
            true => Err(Problem::new(Fault::Malformed, "send one header Authorization")),
            false => Ok(None),
        };
    };
    let words = first.to_str().ok().and_then(|given| given.split_once(' '));
    match words {
        Some((scheme, given)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(given.trim())),
        _ => Err(Problem::new(Fault::Unauthorized, "send the header Authorization: Bearer with the token")),
    }
}

async fn by_token(
    access: &Access,
    store: &dyn IssueStore,
    given: &str,
    now: Timestamp,
) -> Result<Option<Identity>, StoreError> {
    let Some(token) = tokens::find(store, given, now).await? else { return Ok(None) };
    let Some(user) = users::find(store, &token.user).await?.map(|found| found.body) else { return Ok(None) };
    if user.disabled {
        return Ok(None);
    }
    let role = user.role(access.policy()).at_most(token.scope);
    Ok(Some(Identity { name: user.display_name, ..Identity::of(&user.id, role, Via::Token) }))
}

async fn by_session(
    access: &Access,
    store: &dyn IssueStore,
    given: &str,
    now: Timestamp,
) -> Result<Option<Identity>, StoreError> {
    let Some(session) = sessions::find(store, given, now).await? else { return Ok(None) };
    let form_token = session.form_token;
    if let Some(role) = session.fixed {
        // Such a session stands for the token, and ends where the token does.
        let lasts = access.has_secret();
        return Ok(lasts.then(|| Identity { form_token, ..Identity::of(&session.user, role, Via::Session) }));
    }
    let user = users::find(store, &session.user).await?.map(|found| found.body).filter(|user| !user.disabled);
    Ok(user.map(|user| {
        let role = user.role(access.policy());
        Identity { name: user.display_name, form_token, ..Identity::of(&user.id, role, Via::Session) }
    }))
}

/// Whom somebody speaks for who may: `X-User-Id`.
fn named(headers: &HeaderMap, identity: Identity) -> Result<Identity, Problem> {
    let Some(named) = headers.get("x-user-id") else { return Ok(identity) };
    match named.to_str().map(str::trim) {
        Ok(name) if (1..=100).contains(&name.len()) => {
            Ok(Identity { user: name.to_owned(), name: name.to_owned(), ..identity })
        }
        _ => Err(Problem::new(Fault::Malformed, "X-User-Id has 1 to 100 visible ASCII characters")),
    }
}

fn unavailable(error: StoreError) -> Problem {
    tracing::warn!(
        error = crate::health::told(&error),
        "nobody can be told from anybody: the store does not answer"
    );
    let detail =
        "the store does not answer, so it cannot be told who asks; nothing was changed; try again in 5 s";
    Problem::new(Fault::Unavailable, detail).with_retry_after(5)
}
