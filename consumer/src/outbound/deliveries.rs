//! The outbox: one document for an incident and a place that it goes to. Its key is made of both, so that wanting it twice is
//! wanting it once.

use ::frustration::{outbound::delivery_key, settings::Outlet};
use issue::id::IssueId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    store::{
        IssueStore, NoteKind, StoreError, Stretch,
        documents::{Document, Documents},
    },
    visits::Visits,
};

/// Places in the order: what waits stands at the time of its next attempt, what has ended behind all that wait, and what is
/// dead behind that.
const ENDED: i64 = 1 << 50;
const DEAD: i64 = 1 << 51;

/// How a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// To be tried.
    Waiting,
    /// It arrived.
    Done,
    /// It would have been sent: `request` shows what.
    Shown,
    /// It may not go; the reason says why. Confirming the incident again asks again.
    Skipped,
    /// It was given up. People can have it tried again.
    Dead,
}

impl State {
    /// The word of pages and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Shown => "shown",
            Self::Skipped => "skipped",
            Self::Dead => "dead",
        }
    }
}

/// One delivery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Its key.
    pub id: String,
    /// The name of the place, as it was set.
    pub outlet: String,
    /// `jira`, `linear`, `slack`, `webhook`, `email`.
    pub system: String,
    /// Of which incident.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub incident_id: String,
    /// Of which issue; a message is of many, and names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_id: Option<IssueId>,
    /// Of which notices of issues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<String>,
    /// How it stands.
    pub state: State,
    /// Its place in the order.
    pub order: i64,
    /// Attempts that were begun.
    pub attempts: u32,
    /// Whether an attempt may have arrived: it is looked for before the next.
    pub unsure: bool,
    /// Why it was skipped or given up, or what the last attempt met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the system calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// What a dry run would have sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Value>,
    /// When it was wanted first.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Delivery {
    fn new(outlet: &Outlet, incident: &str, now: Timestamp) -> Self {
        Self {
            id: key(outlet, incident),
            outlet: outlet.name.clone(),
            system: outlet.to.word().to_owned(),
            incident_id: incident.to_owned(),
            issue_id: None,
            notices: Vec::new(),
            state: State::Waiting,
            order: now.as_millisecond(),
            attempts: 0,
            unsure: false,
            reason: None,
            external_id: None,
            request: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Of what an outlet is told of issues, together.
    pub fn of_notices(outlet: &Outlet, id: &str, notices: Vec<String>, now: Timestamp) -> Self {
        Self { id: id.to_owned(), notices, ..Self::new(outlet, "", now) }
    }

    /// Of what becomes the ticket of an issue.
    pub fn of_issue(outlet: &Outlet, issue: IssueId, notice: String, now: Timestamp) -> Self {
        let id = key_of_issue(outlet, issue);
        Self { issue_id: Some(issue), ..Self::of_notices(outlet, &id, vec![notice], now) }
    }

    /// As it waits for its next attempt.
    pub fn waits(self, until: i64, reason: Option<String>, now: Timestamp) -> Self {
        Self { state: State::Waiting, order: until, reason, updated_at: now, ..self }
    }

    /// As it has ended.
    pub fn ends(self, state: State, reason: Option<String>, now: Timestamp) -> Self {
        let behind = if state == State::Dead { DEAD } else { ENDED };
        Self { state, order: behind + now.as_millisecond(), reason, updated_at: now, ..self }
    }
}

/// The key of the delivery of an incident to a place.
pub fn key(outlet: &Outlet, incident: &str) -> String {
    delivery_key(&outlet.name, "incident", incident)
}

/// The key of the delivery of an issue to a tracker.
pub fn key_of_issue(outlet: &Outlet, issue: IssueId) -> String {
    delivery_key(&outlet.name, "issue", &issue.to_string())
}

/// The documents.
pub fn documents(store: &dyn IssueStore) -> Documents<'_, Delivery> {
    Documents::of(store, NoteKind::Delivery)
}

/// Wants an incident to be sent everywhere that its project goes. What was skipped is asked again.
pub async fn want(visits: &Visits, project: &str, incident: &str, now: Timestamp) -> Result<(), StoreError> {
    let goes = |outlet: &&Outlet| {
        outlet.incidents && (outlet.projects.is_empty() || outlet.projects.iter().any(|name| name == project))
    };
    for outlet in visits.settings.outbound.iter().filter(goes) {
        let change = |there: Option<Delivery>| match there {
            None => Some(Delivery::new(outlet, incident, now)),
            Some(delivery) if delivery.state == State::Skipped => {
                let before = delivery.reason.clone();
                Some(delivery.waits(now.as_millisecond(), before, now))
            }
            Some(_) => None,
        };
        documents(&*visits.store).change(&key(outlet, incident), change).await?;
    }
    Ok(())
}

/// What is due, the longest due first.
pub async fn due(
    store: &dyn IssueStore,
    now: i64,
    limit: usize,
) -> Result<Vec<Document<Delivery>>, StoreError> {
    list(store, &Stretch::due(now.min(ENDED - 1), limit)).await
}

/// How many wait for an attempt, as far as anybody counts.
pub async fn waiting(store: &dyn IssueStore) -> Result<usize, StoreError> {
    let stretch = Stretch { from: i64::MIN, to: ENDED - 1, descending: false, after: None, limit: 1000 };
    store.ordered(NoteKind::Delivery, &stretch).await.map(|notes| notes.len())
}

/// What was given up, the latest first.
pub async fn dead(store: &dyn IssueStore, limit: usize) -> Result<Vec<Document<Delivery>>, StoreError> {
    list(store, &Stretch { from: DEAD, to: i64::MAX, descending: true, after: None, limit }).await
}

/// The latest, whatever became of them: dead ones first, then those that ended, then those that wait.
pub async fn latest(store: &dyn IssueStore, limit: usize) -> Result<Vec<Document<Delivery>>, StoreError> {
    list(store, &Stretch { from: i64::MIN, to: i64::MAX, descending: true, after: None, limit }).await
}

async fn list(store: &dyn IssueStore, stretch: &Stretch) -> Result<Vec<Document<Delivery>>, StoreError> {
    let notes = store.ordered(NoteKind::Delivery, stretch).await?;
    let read = |note: crate::store::Note| match serde_json::from_value(note.body) {
        Ok(body) => Some(Document { key: note.key, rank: note.rank, body }),
        Err(error) => {
            tracing::error!(key = note.key, %error, "a delivery cannot be read");
            None
        }
    };
    Ok(notes.into_iter().filter_map(read).collect())
}

/// The deliveries of an incident.
pub async fn of_incident(visits: &Visits, incident: &str) -> Result<Vec<Delivery>, StoreError> {
    let mut found = Vec::new();
    for outlet in &visits.settings.outbound {
        let delivery = documents(&*visits.store).get(&key(outlet, incident)).await?;
        found.extend(delivery.map(|delivery| delivery.body));
    }
    Ok(found)
}

/// The tickets of an issue.
pub async fn of_issue(visits: &Visits, issue: IssueId) -> Result<Vec<Delivery>, StoreError> {
    let mut found = Vec::new();
    let takes = |outlet: &&Outlet| outlet.to.is_tracker() && outlet.issues.is_some();
    for outlet in visits.settings.outbound.iter().filter(takes) {
        let delivery = documents(&*visits.store).get(&key_of_issue(outlet, issue)).await?;
        found.extend(delivery.map(|delivery| delivery.body));
    }
    Ok(found)
}

/// Has a dead one, or one that was only shown or skipped, tried again; `None`: there is none, or it waits or is done.
pub async fn again(store: &dyn IssueStore, id: &str, now: Timestamp) -> Result<Option<Delivery>, StoreError> {
    let Some(found) = documents(store).get(id).await? else { return Ok(None) };
    if matches!(found.body.state, State::Waiting | State::Done) {
        return Ok(None);
    }
    // Where nobody can be asked whether an attempt arrived, whoever asks for another one takes that upon themselves.
    let unsure = found.body.unsure && !["slack", "email"].contains(&found.body.system.as_str());
    let next = Delivery { attempts: 0, unsure, ..found.body }.waits(now.as_millisecond(), None, now);
    let put = documents(store).put(id, found.rank, &next).await?;
    Ok(put.then_some(next))
}
