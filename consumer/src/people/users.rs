//! People and service users.

use issue::id::TrackerName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Policy, Role, secret};
use crate::store::{
    IssueStore, NoteKind, StoreError,
    documents::{Document, Documents},
};

/// Somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// How issues name them: a person's e-mail address in lower case, or that of a service user.
    pub id: String,
    /// The same for people; for a service user made up.
    pub email: String,
    /// What they may do, unless the resource names them as an admin.
    pub role: Role,
    /// As people call them.
    pub display_name: String,
    /// Their picture at the issuer.
    pub photo_url: Option<String>,
    /// First seen.
    pub created_at: Timestamp,
    /// Last came in.
    pub last_login: Option<Timestamp>,
    /// Whether they may not come in any more.
    #[serde(default)]
    pub disabled: bool,
    /// Who they are at the issuer: an address that was given to somebody else does not inherit.
    #[serde(default)]
    pub subject: Option<String>,
}

impl User {
    /// What they may do now.
    pub fn role(&self, policy: &Policy) -> Role {
        if policy.is_admin(&self.id) { Role::Admin } else { self.role }
    }

    /// A service user as it is first seen.
    pub fn service(tracker: &TrackerName, name: &str, now: Timestamp) -> Self {
        let email = service_email(tracker, name);
        Self {
            id: email.clone(),
            email,
            role: Role::Service,
            display_name: title_case(name),
            photo_url: None,
            created_at: now,
            last_login: None,
            disabled: false,
            subject: None,
        }
    }
}

/// `<name>@service.<tracker>.local`, the tracker with a dash for its slash.
pub fn service_email(tracker: &TrackerName, name: &str) -> String {
    let plain =
        |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(plain).collect();
    format!("{name}@service.{}.local", tracker.as_str().replace('/', "-"))
}

/// `payments-api` → `Payments Api`.
fn title_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let upper = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    words.map(upper).collect::<Vec<_>>().join(" ")
}

/// Under which a user is kept: addresses hold characters that keys do not.
pub fn key(id: &str) -> String {
    secret::hash(&id.to_lowercase())
}

/// All of them.
pub fn users(store: &dyn IssueStore) -> Documents<'_, User> {
    Documents::of(store, NoteKind::User)
}

/// One of them.
pub async fn find(store: &dyn IssueStore, id: &str) -> Result<Option<Document<User>>, StoreError> {
    users(store).get(&key(id)).await
}

/// Every user, by id.
pub async fn list(store: &dyn IssueStore) -> Result<Vec<User>, StoreError> {
    let mut all: Vec<User> = users(store).all().await?.into_iter().map(|found| found.body).collect();
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_user_has_a_name_and_an_address_of_its_tracker() {
        let tracker = TrackerName::parse("shop/main").expect("a name");
        let user = User::service(&tracker, "Payments-api", Timestamp::UNIX_EPOCH);
        assert_eq!((user.id.as_str(), user.role), ("payments-api@service.shop-main.local", Role::Service));
        assert_eq!(user.display_name, "Payments Api");
        assert_eq!(service_email(&tracker, "a b@c"), "a-b-c@service.shop-main.local");
    }
}
