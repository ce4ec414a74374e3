//! What is to be told of issues: one document for an issue, a cause and an outlet, written with the change that causes it.
//!
//! A change of an issue is compare-and-set and atomic with its notices ([`crate::store::Write::notes`]), so that a record that
//! is read twice makes them once. They wait until their outlet may be told; then a delivery takes all that wait there
//! ([`gather`]), at most one a minute for an outlet, and each notice goes with one delivery alone: it is taken by
//! compare-and-set, and whoever dies in the middle is found by its delivery, which goes on taking what it named.

use std::{collections::BTreeMap, sync::Arc};

use ::frustration::{
    outbound::{
        delivery_key,
        notice::{Cause, Rules, escalates, frequent::Frequent, message::Told, works},
    },
    settings::Outlet,
};
use issue::{
    document::{ActivityType, Merge},
    terms::parse_terms,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    deliveries::{self, Delivery},
    telling::Telling,
};
use crate::{
    asked,
    store::{
        IssueQuery, IssueStore, Note, NoteKind, Store, StoreError, Stretch, Version, Write,
        documents::Documents,
    },
    visits::incidents,
};

/// What waits stands at the time at which it is due, what was taken behind all that waits.
const TAKEN: i64 = 1 << 50;

/// Notices that one delivery takes; it names the most urgent of them and counts the others.
const MOST: usize = 500;

/// Notices that are looked at in one round.
const LOOKED: usize = 2_000;

/// So long, in milliseconds, what is meant for an outlet that is not known here waits before it is looked at again, so that it
/// does not stand before all others.
const UNKNOWN: i64 = 3_600_000;

/// Something that an outlet is told of an issue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// The name of the outlet.
    pub outlet: String,
    /// Its place in the order.
    pub order: i64,
    /// The delivery that took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
    /// What it says.
    pub told: Told,
}

/// The outlets that are told of issues.
#[derive(Clone, Debug, Default)]
pub struct Tells(Arc<[Teller]>);

/// One of them.
#[derive(Debug)]
struct Teller {
    outlet: String,
    rules: Rules,
    /// What its rules ask for.
    asked: IssueQuery,
}

impl Tells {
    /// Those of all that have rules for issues.
    pub fn of(outlets: &[Outlet]) -> Self {
        let teller = |outlet: &Outlet| {
            let rules = outlet.issues.clone()?;
            let (terms, _) = parse_terms(rules.query.as_deref().unwrap_or_default());
            Some(Teller { outlet: outlet.name.clone(), rules, asked: asked::query(&terms, "") })
        };
        Self(outlets.iter().filter_map(teller).collect())
    }

    /// A store that tells them of every change of an issue; the same one where there are none.
    pub fn over(self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        if self.0.is_empty() { store } else { Arc::new(Telling::new(store, self)) }
    }

    /// Adds to a change of an issue what is told of it.
    pub fn add(&self, write: &mut Write, now: Timestamp) {
        // What was merged into another issue shows there; an incident is told as what it is.
        let is_member = matches!(write.issue.merge.as_deref(), Some(Merge::Into { .. }));
        let is_incident = write.issue.tags.iter().any(|tag| tag == incidents::TAG);
        if self.0.is_empty() || is_member || is_incident {
            return;
        }
        let happened = happened(write);
        let counts = |outlet: &String| {
            self.0.iter().any(|teller| teller.outlet == *outlet && teller.rules.frequent.is_some())
        };
        write.issue.rates.retain(|outlet, _| counts(outlet));
        for teller in self.0.iter() {
            let own = teller.frequent(write).map(|event| (Cause::Frequent, event));
            for (cause, event) in happened.iter().cloned().chain(own) {
                if teller.rules.wants(cause, &write.issue) && teller.asked.shows(&write.issue) {
                    let note = teller.note(cause, &event, write, now);
                    write.notes.push(note);
                }
            }
        }
    }
}

impl Teller {
    fn note(&self, cause: Cause, event: &str, write: &Write, now: Timestamp) -> Note {
        let notice = Notice {
            outlet: self.outlet.clone(),
            order: self.rules.due(now).as_millisecond(),
            taken_by: None,
            told: Told::of(&write.issue, cause, &write.occurrences, now),
        };
        let key = delivery_key(&self.outlet, cause.word(), event);
        let body = serde_json::to_value(notice).unwrap_or_default();
        Note { kind: NoteKind::Notice, key, rank: 1, body }
    }

    /// Counts for this outlet how often the issue was reported; names the stretch of time in which it is told.
    fn frequent(&self, write: &mut Write) -> Option<String> {
        let rule = self.rules.frequent.as_ref()?;
        let (is_counted, is_new) = (is_counted(write), write.expect == Version::Absent);
        let issue = &mut write.issue;
        let at = issue.last_seen?;
        let is_known = issue.rates.contains_key(&self.outlet);
        let rate = issue.rates.entry(self.outlet.clone()).or_default();
        if !is_counted || !(is_known || is_new) {
            // What came before anybody looked, or with another issue, came at a time that nobody knows.
            rate.count = issue.count;
        }
        let is_often = rule.count(rate, issue.count, at);
        let works = works(issue) && self.rules.wants(Cause::Frequent, issue) && self.asked.shows(issue);
        let rate = issue.rates.get_mut(&self.outlet).filter(|_| is_often && works)?;
        Frequent::tell(rate)
            .then(|| format!("{} {} {}", issue.id, rate.seconds, rate.told.unwrap_or_default()))
    }
}

/// Whoever comments on an issue, or ends its mute, makes it no more frequent than it was.
fn is_counted(write: &Write) -> bool {
    !write.occurrences.is_empty() || write.activities.is_empty()
}

/// What happened in a change, each with what names it for good.
fn happened(write: &mut Write) -> Vec<(Cause, String)> {
    let of = |kind: ActivityType| match kind {
        ActivityType::Created if write.issue.reported.is_some() => Some(Cause::New),
        ActivityType::Regressed if write.issue.mute.is_none() => Some(Cause::Regressed),
        _ => None,
    };
    let acts = write.activities.iter();
    let mut happened: Vec<_> =
        acts.filter_map(|act| Some((of(act.activity_type)?, act.id.to_string()))).collect();
    if let Some(hour) = escalates(&write.issue).filter(|_| is_counted(write)) {
        write.issue.escalated = Some(hour);
        happened.push((Cause::Escalating, format!("{} {hour}", write.issue.id)));
    }
    happened
}

/// The documents.
pub fn documents(store: &dyn IssueStore) -> Documents<'_, Notice> {
    Documents::of(store, NoteKind::Notice)
}

/// Makes deliveries of what is due; tells how many. Two replicas that look at once make the same ones.
pub async fn gather(store: &dyn IssueStore, outlets: &[Outlet], now: Timestamp) -> Result<usize, StoreError> {
    let due = store.ordered(NoteKind::Notice, &Stretch::due(now.as_millisecond(), LOOKED)).await?;
    let mut waiting: BTreeMap<String, Vec<(String, Notice)>> = BTreeMap::new();
    for note in due {
        let Ok(notice) = serde_json::from_value::<Notice>(note.body) else {
            tracing::error!(key = note.key, "a notice cannot be read");
            continue;
        };
        let notices = waiting.entry(notice.outlet.clone()).or_default();
        if notices.len() < MOST {
            notices.push((note.key, notice));
        }
    }
    let mut made = 0;
    for (name, notices) in waiting {
        made += match outlets.iter().find(|outlet| outlet.name == name) {
            None => put_off(store, notices, now).await?,
            Some(outlet) if outlet.to.is_tracker() => tickets(store, outlet, notices, now).await?,
            Some(outlet) => message(store, outlet, notices, now).await?,
        };
    }
    Ok(made)
}

/// One message of all.
async fn message(
    store: &dyn IssueStore,
    outlet: &Outlet,
    notices: Vec<(String, Notice)>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let keys = notices.into_iter().map(|(key, _)| key).collect();
    let minute = now.as_second().div_euclid(60).to_string();
    let id = delivery_key(&outlet.name, "issues", &minute);
    let delivery = Delivery::of_notices(outlet, &id, keys, now);
    deliveries::documents(store).put(&id, 0, &delivery).await.map(usize::from)
}

/// A ticket of each issue. One that has a ticket gets no other: what happened to it is done with.
async fn tickets(
    store: &dyn IssueStore,
    outlet: &Outlet,
    notices: Vec<(String, Notice)>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut made = 0;
    for (key, notice) in notices {
        let delivery = Delivery::of_issue(outlet, notice.told.issue_id, key.clone(), now);
        if deliveries::documents(store).put(&delivery.id, 0, &delivery).await? {
            made += 1;
        } else {
            take(store, &key, &delivery.id).await?;
        }
    }
    Ok(made)
}

/// An outlet that is gone has nobody to tell, and one that is not known here yet is known to another replica. What waits too
/// long for either is forgotten in time.
async fn put_off(
    store: &dyn IssueStore,
    notices: Vec<(String, Notice)>,
    now: Timestamp,
) -> Result<usize, StoreError> {
    for (key, _) in notices {
        let later = |there: Option<Notice>| {
            let notice = there.filter(|notice| notice.taken_by.is_none())?;
            Some(Notice { order: now.as_millisecond().saturating_add(UNKNOWN), ..notice })
        };
        documents(store).change(&key, later).await?;
    }
    Ok(0)
}

/// What a delivery tells: takes for it those of its notices that no other has taken.
pub async fn taken(store: &dyn IssueStore, delivery: &Delivery) -> Result<Vec<Told>, StoreError> {
    let mut told = Vec::new();
    for key in &delivery.notices {
        let own = take(store, key, &delivery.id).await?;
        told.extend(own.map(|notice| notice.told));
    }
    Ok(told)
}

/// Takes one for a delivery, unless another has it.
async fn take(store: &dyn IssueStore, key: &str, delivery: &str) -> Result<Option<Notice>, StoreError> {
    let take = |there: Option<Notice>| {
        let notice = there.filter(|notice| notice.taken_by.is_none())?;
        let order = TAKEN.saturating_add(notice.order);
        Some(Notice { taken_by: Some(delivery.to_owned()), order, ..notice })
    };
    let notice = documents(store).change(key, take).await?;
    Ok(notice.filter(|notice| notice.taken_by.as_deref() == Some(delivery)))
}
