//! API tokens: `itk_<id>_<secret>`. The store has the id and the secret's hash.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Role, secret};
use crate::store::{IssueStore, NoteKind, StoreError, documents::Documents};

/// Every token begins with it, so that one that leaked is found by those who look for such.
pub const PREFIX: &str = "itk_";

/// The longest that one may last.
pub const MAX_DAYS: u32 = 366;

/// `lastUsedAt` is written at most so often.
const USE_NOTED: SignedDuration = SignedDuration::from_mins(1);

/// One token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// The part of it that may be shown.
    pub id: String,
    /// For people: what it is for.
    pub name: String,
    /// Who acts by it.
    pub user: String,
    /// What it may do at most.
    pub scope: Role,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was last seen, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// SHA-256 of the secret.
    hash: String,
}

/// What a new one shall be.
#[derive(Clone, Debug)]
pub struct Wish {
    /// See [`Token::name`].
    pub name: String,
    /// See [`Token::user`].
    pub user: String,
    /// See [`Token::scope`].
    pub scope: Role,
    /// For how many days.
    pub days: u32,
}

fn tokens(store: &dyn IssueStore) -> Documents<'_, Token> {
    Documents::of(store, NoteKind::Token)
}

/// Makes one; answers it and the text that its holder sends, which is shown this once.
pub async fn make(
    store: &dyn IssueStore,
    wish: Wish,
    by: &str,
    now: Timestamp,
) -> Result<(Token, String), StoreError> {
    let id: String = Uuid::new_v4().simple().to_string().chars().take(16).collect();
    let secret = secret::fresh();
    let lasts = SignedDuration::from_hours(24 * i64::from(wish.days));
    let token = Token {
        id: id.clone(),
        name: wish.name,
        user: wish.user,
        scope: wish.scope,
        created_by: by.to_owned(),
        created_at: now,
        expires_at: now.saturating_add(lasts).unwrap_or(Timestamp::MAX),
        last_used_at: None,
        hash: secret::hash(&secret),
    };
    tokens(store).put(&id, 0, &token).await?;
    Ok((token, format!("{PREFIX}{id}_{secret}")))
}

/// The token that was sent, if it is one and lasts. Notes that it was used.
pub async fn find(store: &dyn IssueStore, given: &str, now: Timestamp) -> Result<Option<Token>, StoreError> {
    let Some((id, secret)) = given.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_')) else {
        return Ok(None);
    };
    if id.len() != 16 || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(None);
    }
    let Some(found) = tokens(store).get(id).await? else { return Ok(None) };
    let mut token = found.body;
    let right = secret::same(secret::hash(secret).as_bytes(), token.hash.as_bytes());
    if !right || token.expires_at <= now {
        return Ok(None);
    }
    if token.last_used_at.is_none_or(|last| now.duration_since(last) > USE_NOTED) {
        token.last_used_at = Some(now);
        // Where it was not kept, somebody else noted a use at the same moment, or revoked it just now.
        if !tokens(store).put(id, found.rank, &token).await? && tokens(store).get(id).await?.is_none() {
            return Ok(None);
        }
    }
    Ok(Some(token))
}

/// Every token, the newest first.
pub async fn list(store: &dyn IssueStore) -> Result<Vec<Token>, StoreError> {
    let mut all: Vec<Token> = tokens(store).all().await?.into_iter().map(|found| found.body).collect();
    all.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    Ok(all)
}

/// Ends one for good, if `may` agrees; `None`: there is none, or it may not be.
pub async fn revoke(
    store: &dyn IssueStore,
    id: &str,
    may: impl Fn(&Token) -> bool,
) -> Result<Option<Token>, StoreError> {
    let tokens = tokens(store);
    while let Some(found) = tokens.get(id).await?.filter(|found| may(&found.body)) {
        if tokens.remove(id, found.rank).await? {
            return Ok(Some(found.body));
        }
    }
    Ok(None)
}
