//! How a person comes in: by an issuer's word (the code flow of OpenID Connect, with PKCE, state and nonce), or by the token
//! of the Secret. Each login begins a new session; the one that the browser had ends.

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Policy, Role, audit, secret, sessions,
    users::{self, User},
};
use crate::store::{IssueStore, NoteKind, StoreError, documents::Documents};

/// How long an issuer may take to send somebody back, in seconds.
pub const PATIENCE: i64 = 600;

/// The user as whom the holder of the Secret's token acts.
pub const KEEPER: &str = "admin";

/// What an issuer says of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    /// Who it is, for good.
    pub subject: String,
    /// Their address.
    pub email: Option<String>,
    /// Whether the issuer knows that it is theirs.
    pub email_verified: bool,
    /// The domain of their organisation (`hd`).
    pub domain: Option<String>,
    /// As people call them.
    pub name: Option<String>,
    /// Their picture.
    pub picture: Option<String>,
}

/// What is sent to the issuer.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Where it sends people back to.
    pub redirect: &'a str,
    /// What it sends back with them.
    pub state: &'a str,
    /// What its word must hold.
    pub nonce: &'a str,
    /// The hash of what the code is redeemed with.
    pub challenge: &'a str,
}

/// What redeems a code.
#[derive(Clone, Debug)]
pub struct Redeem<'a> {
    /// The code.
    pub code: &'a str,
    /// The same as in the question.
    pub redirect: &'a str,
    /// What the challenge was made of.
    pub verifier: &'a str,
    /// The same as in the question.
    pub nonce: &'a str,
}

/// Whom people log in with: an OpenID Connect issuer.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// Where to send somebody.
    async fn address(&self, question: Question<'_>) -> Result<String, LoginError>;

    /// Who came back.
    async fn redeem(&self, redeem: Redeem<'_>) -> Result<Claims, LoginError>;
}

/// Why somebody does not come in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The issuer cannot be asked, or answers nonsense.
    #[error("the issuer cannot be asked: {0}")]
    Issuer(String),
    /// The issuer's word does not hold.
    #[error("the issuer's answer was refused: {0}")]
    Untrue(String),
    /// The way back does not belong to a way there.
    #[error("this login has ended, was used before, or began in another browser")]
    Stale,
    /// Not from here.
    #[error("{0} may not log in here")]
    Stranger(String),
    /// The address is not theirs, as far as the issuer knows.
    #[error("the issuer has not verified the e-mail address")]
    Unverified,
    /// An admin has shut them out.
    #[error("{0} was disabled by an admin")]
    Disabled(String),
    /// The address belonged to somebody else when it was first seen.
    #[error("{0} is another person than before; an admin has to remove the former one")]
    Another(String),
    /// The store does not answer.
    #[error("the store does not answer")]
    Store(#[from] StoreError),
}

/// A login that has begun.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Attempt {
    nonce: String,
    verifier: String,
    next: String,
    until: Timestamp,
}

/// Where somebody is sent, and what their browser keeps until they are back.
pub struct Sent {
    /// The issuer's address.
    pub address: String,
    /// For the cookie that ties the way back to this browser.
    pub state: String,
}

/// Somebody who came in.
pub struct Entered {
    /// Whose session it is.
    pub user: String,
    /// For the session's cookie.
    pub session: String,
    /// Where they wanted to go.
    pub next: String,
}

fn attempts(store: &dyn IssueStore) -> Documents<'_, Attempt> {
    Documents::of(store, NoteKind::Login)
}

fn redirect(policy: &Policy) -> String {
    format!("{}/login/callback", policy.public_url.as_deref().unwrap_or_default())
}

/// Sends somebody to the issuer.
pub async fn begin(
    store: &dyn IssueStore,
    provider: &dyn IdentityProvider,
    policy: &Policy,
    next: &str,
    now: Timestamp,
) -> Result<Sent, LoginError> {
    let until = Timestamp::from_second(now.as_second() + PATIENCE).unwrap_or(Timestamp::MAX);
    let attempt = Attempt { nonce: secret::fresh(), verifier: secret::fresh(), next: local(next), until };
    let state = secret::fresh();
    let question = Question {
        redirect: &redirect(policy),
        state: &state,
        nonce: &attempt.nonce,
        challenge: &secret::challenge(&attempt.verifier),
    };
    let address = provider.address(question).await?;
    attempts(store).put(&secret::hash(&state), 0, &attempt).await?;
    Ok(Sent { address, state })
}

/// Lets in whom the issuer sent back. `kept` is what the browser kept.
pub async fn finish(
    store: &dyn IssueStore,
    provider: &dyn IdentityProvider,
    policy: &Policy,
    (code, state): (&str, &str),
    kept: Option<&str>,
    now: Timestamp,
) -> Result<Entered, LoginError> {
    if !kept.is_some_and(|kept| secret::same(kept.as_bytes(), state.as_bytes())) {
        return Err(LoginError::Stale);
    }
    let (attempts, key) = (attempts(store), secret::hash(state));
    let begun = attempts.get(&key).await?.ok_or(LoginError::Stale)?;
    // Whoever takes it away first goes on: a code that was overheard comes too late.
    if !attempts.remove(&key, begun.rank).await? || begun.body.until < now {
        return Err(LoginError::Stale);
    }
    let attempt = begun.body;
    let redeem =
        Redeem { code, redirect: &redirect(policy), verifier: &attempt.verifier, nonce: &attempt.nonce };
    let claims = provider.redeem(redeem).await?;
    let user = match admit(store, policy, &claims, now).await {
        Ok(user) => user,
        Err(error) => {
            let email = claims.email.as_deref().unwrap_or_default();
            audit::note(store, email, "login-refused", &claims.subject, &error.to_string()).await;
            return Err(error);
        }
    };
    let session = sessions::begin(store, &user, None, now).await?;
    Ok(Entered { user, session, next: attempt.next })
}

/// Lets in whoever has the token of the Secret.
pub async fn by_secret(store: &dyn IssueStore, next: &str, now: Timestamp) -> Result<Entered, StoreError> {
    let session = sessions::begin(store, KEEPER, Some(Role::Admin), now).await?;
    audit::note(store, KEEPER, "login", KEEPER, "by the token of the Secret").await;
    Ok(Entered { user: KEEPER.to_owned(), session, next: local(next) })
}

/// Decides on somebody whom the issuer knows; answers their id.
async fn admit(
    store: &dyn IssueStore,
    policy: &Policy,
    claims: &Claims,
    now: Timestamp,
) -> Result<String, LoginError> {
    let email = claims.email.as_deref().map(|email| email.trim().to_lowercase()).unwrap_or_default();
    let (name, domain) = email.split_once('@').unwrap_or_default();
    if !claims.email_verified || name.is_empty() || domain.is_empty() || email.len() > 254 {
        return Err(LoginError::Unverified);
    }
    let allowed = |domain: &str| policy.domains.iter().any(|each| each.eq_ignore_ascii_case(domain));
    // An organisation's account may have an address of another domain: both must be allowed.
    let organisation = claims.domain.as_deref().is_none_or(allowed);
    if !(policy.domains.is_empty() || allowed(domain) && organisation) {
        return Err(LoginError::Stranger(email));
    }
    let seen = users::users(store)
        .change(&users::key(&email), |there| Some(seen_again(there, &email, claims, policy, now)))
        .await?
        .ok_or(LoginError::Stale)?;
    if seen.disabled {
        return Err(LoginError::Disabled(email));
    }
    if seen.subject.as_deref() != Some(claims.subject.as_str()) {
        return Err(LoginError::Another(email));
    }
    Ok(email)
}

/// A user as they are after this login.
fn seen_again(there: Option<User>, email: &str, claims: &Claims, policy: &Policy, now: Timestamp) -> User {
    let mut user = there.unwrap_or_else(|| User {
        id: email.to_owned(),
        email: email.to_owned(),
        role: policy.default_role,
        display_name: email.to_owned(),
        photo_url: None,
        created_at: now,
        last_login: None,
        disabled: false,
        subject: None,
    });
    let subject = user.subject.get_or_insert_with(|| claims.subject.clone());
    if *subject == claims.subject && !user.disabled {
        user.last_login = Some(now);
        let name = claims.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        user.display_name = name.unwrap_or(email).chars().take(100).collect();
        let picture = claims.picture.clone().filter(|url| url.starts_with("https://") && url.len() <= 1_000);
        user.photo_url = picture;
    }
    user
}

/// Where somebody goes after a login: a path of ours, whatever the address asked for.
pub fn local(next: &str) -> String {
    let ours = next.starts_with('/') && !next.starts_with("//") && next.len() <= 2_000;
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let away = ["/login", "/logout", "/api/", "/assets/"].iter().any(|prefix| next.starts_with(prefix));
    if ours && plain && !away { next.to_owned() } else { "/issues".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_login_nobody_is_sent_away() {
        for (next, expect) in [
            ("/issues?q=is%3Aopen", "/issues?q=is%3Aopen"),
            ("/dashboard", "/dashboard"),
            ("//evil.example", "/issues"),
            ("/\\evil.example", "/issues"),
            ("https://evil.example", "/issues"),
            ("javascript:alert(1)", "/issues"),
            ("/login?next=/", "/issues"),
            ("/a\r\nset-cookie: x", "/issues"),
            ("", "/issues"),
        ] {
            assert_eq!(local(next), expect, "{next:?}");
        }
    }
}
