//! Logins that last: kept by the server, so that they can be ended by it. The browser has a random secret, the store its hash.

use axum::http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Policy, Role, secret};
use crate::store::{IssueStore, NoteKind, StoreError, documents::Documents};

/// How long one lasts, whatever is done with it.
pub const LASTS: SignedDuration = SignedDuration::from_hours(24);

/// One login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Whose.
    pub user: String,
    /// For the holder of the Secret's token, who is no user of the store: the role that it gives.
    pub fixed: Option<Role>,
    /// Goes into every form.
    pub form_token: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

fn sessions(store: &dyn IssueStore) -> Documents<'_, Session> {
    Documents::of(store, NoteKind::Session)
}

/// Begins one; answers the secret for the browser.
pub async fn begin(
    store: &dyn IssueStore,
    user: &str,
    fixed: Option<Role>,
    now: Timestamp,
) -> Result<String, StoreError> {
    let session = Session {
        user: user.to_owned(),
        fixed,
        form_token: secret::fresh(),
        created_at: now,
        expires_at: now.saturating_add(LASTS).unwrap_or(Timestamp::MAX),
    };
    let given = secret::fresh();
    sessions(store).put(&secret::hash(&given), 0, &session).await?;
    Ok(given)
}

/// The session of a secret, if it lasts.
pub async fn find(
    store: &dyn IssueStore,
    given: &str,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    if !is_secret(given) {
        return Ok(None);
    }
    let found = sessions(store).get(&secret::hash(given)).await?.map(|found| found.body);
    Ok(found.filter(|session| session.expires_at > now))
}

/// Ends the session of a secret.
pub async fn end(store: &dyn IssueStore, given: &str) -> Result<(), StoreError> {
    if !is_secret(given) {
        return Ok(());
    }
    let (sessions, key) = (sessions(store), secret::hash(given));
    while let Some(found) = sessions.get(&key).await? {
        if sessions.remove(&key, found.rank).await? {
            break;
        }
    }
    Ok(())
}

/// Ends every session of a user; says how many.
pub async fn end_all(store: &dyn IssueStore, user: &str) -> Result<usize, StoreError> {
    let sessions = sessions(store);
    let mut ended = 0;
    for found in sessions.all().await?.into_iter().filter(|found| found.body.user == user) {
        ended += usize::from(sessions.remove(&found.key, found.rank).await?);
    }
    Ok(ended)
}

fn is_secret(given: &str) -> bool {
    given.len() == 64 && given.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The name of the session's cookie. Over TLS, browsers hold a `__Host-` cookie to this very host and to TLS
/// (RFC 6265bis, section 4.1.3.2).
pub fn cookie_name(policy: &Policy) -> &'static str {
    if policy.is_secure() { "__Host-issuetracker" } else { "issuetracker" }
}

/// The value of one cookie. A name that is sent twice is a trick: neither counts.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

/// `Set-Cookie` for a cookie of this service; no value takes it away.
pub fn set_cookie(policy: &Policy, name: &str, value: Option<&str>, seconds: i64) -> String {
    let secure = if policy.is_secure() { "; Secure" } else { "" };
    let age = if value.is_some() { seconds } else { 0 };
    format!("{name}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}", value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_cookie_that_comes_twice_is_none() {
        for (line, found) in [
            ("issuetracker=a", Some("a")),
            ("x=1; issuetracker=a; y=2", Some("a")),
            ("issuetracker=a; issuetracker=b", None),
            ("xissuetracker=a", None),
            ("", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, HeaderValue::from_static(line));
            assert_eq!(cookie(&headers, "issuetracker"), found, "{line}");
        }
    }

    #[test]
    fn over_tls_a_cookie_belongs_to_the_host() {
        let secure = Policy { public_url: Some("https://issues.example.com".into()), ..Policy::default() };
        assert_eq!(cookie_name(&secure), "__Host-issuetracker");
        let set = set_cookie(&secure, "__Host-issuetracker", Some("v"), 60);
        assert_eq!(set, "__Host-issuetracker=v; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        assert!(!set_cookie(&Policy::default(), "issuetracker", None, 60).contains("Secure"));
    }
}
