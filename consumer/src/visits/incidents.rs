//! Incidents as documents: told by the engine, decided on by people, counted on an issue once they are confirmed.
//!
//! Every step can be done again: a document changes by compare-and-set, the occurrence on the issue has a mark of its own,
//! and what the engine tells anew never undoes what somebody decided.

use ::frustration::{
    engine::Effect,
    incident::{AutoConfirm, Incident, Status},
};
use issue::{
    id::{IssueId, SourceId},
    lifecycle::{Body, Cause, Event, Sighting},
    record::{Place, ReportBody, Via},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{Visits, counts::Stage, links};
use crate::{
    edit::{self, EditError, TRIES},
    outbound::deliveries,
    store::{
        IssueStore, Note, NoteKind, StoreError, Stretch,
        documents::{Document, Documents},
    },
};

/// Who acts where the settings confirm.
pub const ITSELF: &str = "frustration";

/// The tag of an issue that incidents are counted on.
pub const TAG: &str = "user-frustration";

/// Incidents that are looked at for one page of a list; what no filter could tell apart ends the page early.
const LOOKED: usize = 500;

/// Confirmations of incidents older than this, in milliseconds, were looked at often enough.
const FOLLOWED: i64 = 24 * 3_600_000;

/// An incident with what the tracker knows of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// As the engine tells it, with what was decided.
    #[serde(flatten)]
    pub incident: Incident,
    /// When it happened, Unix milliseconds: the order of lists.
    pub order: i64,
    /// The issue that it is an occurrence of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_id: Option<IssueId>,
    /// A later event showed that it was none.
    #[serde(default)]
    pub withdrawn: bool,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
}

impl Kept {
    pub(super) fn new(incident: Incident, now: Timestamp) -> Self {
        let at = incident.timestamp.parse::<Timestamp>().unwrap_or(now);
        let told = Some(now.to_string());
        Self {
            incident: Incident { created_at: told.clone(), updated_at: told, ..incident },
            order: at.as_millisecond(),
            issue_id: None,
            withdrawn: false,
            decided_by: None,
        }
    }

    /// The same incident as it is told now; what people and deliveries said of it stays.
    fn told(&self, incident: &Incident, now: Timestamp) -> Option<Self> {
        let known = &self.incident;
        let told = Incident {
            status: known.status,
            suppressed: known.suppressed,
            external_ticket_id: known.external_ticket_id.clone(),
            external_system: known.external_system.clone(),
            exported_at: known.exported_at.clone(),
            export_failed: known.export_failed,
            created_at: known.created_at.clone(),
            updated_at: known.updated_at.clone(),
            ..incident.clone()
        };
        if told == *known && !self.withdrawn {
            return None;
        }
        let incident = Incident { updated_at: Some(now.to_string()), ..told };
        let order = Self::new(incident.clone(), now).order;
        Some(Self { incident, order, withdrawn: false, ..self.clone() })
    }
}

/// What somebody decides; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Confirmed, dismissed, or neither any more.
    pub status: Option<Status>,
    /// Whether it is never sent out.
    pub suppressed: Option<bool>,
}

/// Which incidents a list shows. Empty and `None` ask for everything.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field filters on the field of its name")]
pub struct Query {
    pub project: Option<String>,
    pub status: Option<Status>,
    pub min_confidence: u32,
    pub suppressed: Option<bool>,
    pub exported: Option<bool>,
    pub session: Option<String>,
    /// Where the previous page ended.
    pub cursor: Option<String>,
    pub limit: usize,
}

/// A stretch of a list.
#[derive(Debug)]
pub struct Page {
    /// The newest first.
    pub items: Vec<Kept>,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// The documents.
pub fn documents(store: &dyn IssueStore) -> Documents<'_, Kept> {
    Documents::of(store, NoteKind::Incident)
}

/// One of them.
pub async fn get(store: &dyn IssueStore, id: &str) -> Result<Option<Document<Kept>>, StoreError> {
    // A name that no incident has is not asked for: keys of notes are of few letters.
    if Uuid::try_parse(id).is_err() {
        return Ok(None);
    }
    documents(store).get(id).await
}

/// Does what follows from an effect of the engine.
pub async fn follow(visits: &Visits, effect: &Effect, now: Timestamp) -> Result<(), StoreError> {
    match effect {
        Effect::Incident(incident) => {
            let change = |there: Option<Kept>| match there {
                None => Some(Kept::new(Incident::clone(incident), now)),
                Some(kept) => kept.told(incident, now),
            };
            documents(&*visits.store).change(&incident.incident_id, change).await.map(drop)
        }
        Effect::Withdrawn { id, .. } => {
            let withdrawn = |there: Option<Kept>| {
                let kept = there.filter(|kept| !kept.withdrawn)?;
                let incident = Incident { updated_at: Some(now.to_string()), ..kept.incident };
                Some(Kept { withdrawn: true, incident, ..kept })
            };
            documents(&*visits.store).change(id, withdrawn).await.map(drop)
        }
        Effect::Completed(_) | Effect::Closed(_) => Ok(()),
    }
}

/// The visit of an incident is over, so that nothing can show any more that it was none: where the settings say so, high
/// confidence confirms itself.
pub async fn ended(visits: &Visits, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let confirm = |there: Option<Kept>| {
        let kept = there.filter(|kept| kept.incident.status == Status::New && kept.decided_by.is_none())?;
        let auto: AutoConfirm = visits.project(&kept.incident.project_id).project.auto_confirm;
        let status = kept.incident.initial_status(auto);
        (status == Status::Confirmed)
            .then(|| decided(kept, Decision { status: Some(status), suppressed: None }, ITSELF, now))
    };
    let kept = documents(&*visits.store).change(id, confirm).await?;
    match kept {
        Some(kept) => confirmed(visits, kept, now).await.map(drop),
        None => Ok(()),
    }
}

/// Does what follows from a confirmation, as far as it is not done yet.
pub async fn confirmed(visits: &Visits, kept: Kept, now: Timestamp) -> Result<Kept, StoreError> {
    if kept.incident.status != Status::Confirmed {
        return Ok(kept);
    }
    deliveries::want(visits, &kept.incident.project_id, &kept.incident.incident_id, now).await?;
    count_on_issue(visits, kept, now).await
}

/// Does what follows from the confirmations of the last day, as far as it is not done yet: a crash may have come between.
/// Tells how many there are.
pub async fn follow_confirmed(visits: &Visits, now: Timestamp) -> Result<usize, StoreError> {
    let mut query = Query { status: Some(Status::Confirmed), limit: 100, ..Query::default() };
    let mut count = 0;
    loop {
        let page = list(&*visits.store, &query).await?;
        let all = page.items.len();
        let recent = page.items.into_iter().take_while(|kept| now.as_millisecond() - kept.order < FOLLOWED);
        let recent: Vec<Kept> = recent.collect();
        let ends = recent.len() < all;
        count += recent.len();
        for kept in recent {
            confirmed(visits, kept, now).await?;
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || ends {
            return Ok(count);
        }
    }
}

/// It is out: the first ticket is the incident's own.
pub async fn exported(
    visits: &Visits,
    id: &str,
    system: &str,
    ticket: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let change = |there: Option<Kept>| {
        let kept = there?;
        let mut incident = kept.incident.clone();
        if let Some(ticket) = ticket.filter(|_| incident.external_ticket_id.is_none()) {
            incident.external_ticket_id = Some(ticket.to_owned());
            incident.external_system = Some(system.to_owned());
        }
        incident.exported_at = incident.exported_at.or_else(|| Some(now.to_string()));
        incident.export_failed = false;
        (incident != kept.incident).then_some(Kept { incident, ..kept })
    };
    documents(&*visits.store).change(id, change).await.map(drop)
}

/// A delivery of it was given up.
pub async fn not_exported(visits: &Visits, id: &str, now: Timestamp) -> Result<(), StoreError> {
    let change = |there: Option<Kept>| {
        let kept = there.filter(|kept| !kept.incident.export_failed)?;
        let updated_at = Some(now.to_string());
        let incident = Incident { export_failed: true, updated_at, ..kept.incident };
        Some(Kept { incident, ..kept })
    };
    documents(&*visits.store).change(id, change).await.map(drop)
}

fn decided(kept: Kept, decision: Decision, by: &str, now: Timestamp) -> Kept {
    let known = kept.incident;
    let incident = Incident {
        status: decision.status.unwrap_or(known.status),
        suppressed: decision.suppressed.unwrap_or(known.suppressed),
        updated_at: Some(now.to_string()),
        ..known
    };
    Kept { incident, decided_by: Some(by.to_owned()), ..kept }
}

/// Lets somebody decide. `rank` is the version that they looked at; `None` where it is another by now.
pub async fn decide(
    visits: &Visits,
    found: Document<Kept>,
    decision: Decision,
    by: &str,
    now: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    let next = decided(found.body, decision, by, now);
    if !documents(&*visits.store).put(&found.key, found.rank, &next).await? {
        return Ok(None);
    }
    let word = decision.status.map_or("suppressed", word);
    visits.counts.add(Stage::Decided, word, 1);
    confirmed(visits, next, now).await.map(Some)
}

/// The word of a status.
pub fn word(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Confirmed => "confirmed",
        Status::Dismissed => "dismissed",
    }
}

/// Makes a confirmed incident an occurrence of its issue, once. Who comes after a crash in the middle finds the mark.
async fn count_on_issue(visits: &Visits, kept: Kept, now: Timestamp) -> Result<Kept, StoreError> {
    if kept.issue_id.is_some() {
        return Ok(kept);
    }
    let incident = &kept.incident;
    let report = incident.report(&visits.redaction);
    let issue_id = IssueId::of_fingerprint(&visits.tracker, &report.fingerprint);
    let source =
        SourceId { spool: Uuid::try_parse(&incident.incident_id).unwrap_or_default(), partitions: 0 };
    let at = incident.timestamp.parse::<Timestamp>().unwrap_or(now);
    let body = ReportBody {
        title: report.title(),
        full: true,
        component: Some(incident.project_id.clone()),
        tags: vec![TAG.to_owned()],
        context: Some(json!({
            "incidentId": incident.incident_id, "sessionId": incident.session_id,
            "failurePoint": incident.primary_failure_point, "frustrationScore": incident.frustration_score,
            "confidenceScore": incident.confidence_score, "explanation": incident.explanation,
        })),
        report,
    };
    let event = Event::Reported(Box::new(Sighting {
        count: 1,
        first_at: at,
        last_at: at,
        via: Via::Http,
        place: Place::default(),
        body: Body::Report(body),
    }));
    let cause = Cause { id: Cause::id_of_record(&source, 1), at: now, actor: ITSELF.to_owned() };
    report_once(&*visits.store, issue_id, &source, &event, &cause).await?;
    links::seek(&*visits.store, incident, issue_id).await?;
    let named = |there: Option<Kept>| {
        let kept = there.filter(|kept| kept.issue_id.is_none())?;
        Some(Kept { issue_id: Some(issue_id), ..kept })
    };
    let kept = documents(&*visits.store).change(&kept.incident.incident_id, named).await?.unwrap_or(kept);
    Ok(kept)
}

async fn report_once(
    store: &dyn IssueStore,
    id: IssueId,
    source: &SourceId,
    event: &Event,
    cause: &Cause,
) -> Result<(), StoreError> {
    let failed = |error: EditError| match error {
        EditError::Store(error) => error,
        other => StoreError { step: "count an incident on its issue", source: other.into() },
    };
    for _ in 0..TRIES {
        let loaded = edit::load(store, id, vec![source.clone()]).await?;
        let seen = vec![(source.clone(), 1)];
        if !loaded.seen.is_empty()
            || edit::once(store, id, event, cause, loaded, seen).await.map_err(failed)?.is_some()
        {
            return Ok(());
        }
    }
    Err(failed(EditError::Contended))
}

/// One page, the newest first. Those that were withdrawn before anybody decided on them are left out.
pub async fn list(store: &dyn IssueStore, query: &Query) -> Result<Page, StoreError> {
    let after = match query.cursor.as_deref().map(place) {
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
        Some(after) => after,
        None => None,
    };
    let stretch = Stretch { from: i64::MIN, to: i64::MAX, descending: true, after, limit: LOOKED };
    let found = store.ordered(NoteKind::Incident, &stretch).await?;
    let full = found.len() == LOOKED;
    let mut page = Page { items: Vec::new(), next_cursor: None };
    let mut last = None;
    for note in found {
        if page.items.len() == query.limit {
            page.next_cursor = last;
            return Ok(page);
        }
        last = Some(format!("{}.{}", Stretch::order(&note.body).unwrap_or_default(), note.key));
        page.items.extend(read(note).filter(|kept| query.shows(kept)));
    }
    page.next_cursor = last.filter(|_| full);
    Ok(page)
}

/// `<order>.<key>` of the last one shown.
fn place(cursor: &str) -> Option<(i64, String)> {
    let (order, key) = cursor.split_once('.')?;
    Some((order.parse().ok()?, Uuid::try_parse(key).ok()?.to_string()))
}

pub(super) fn read(note: Note) -> Option<Kept> {
    match serde_json::from_value(note.body) {
        Ok(kept) => Some(kept),
        Err(error) => {
            tracing::error!(key = note.key, %error, "an incident cannot be read");
            None
        }
    }
}

impl Query {
    fn shows(&self, kept: &Kept) -> bool {
        let incident = &kept.incident;
        let is =
            |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        is(&self.project, &incident.project_id)
            && is(&self.session, &incident.session_id)
            && self.status.is_none_or(|status| status == incident.status)
            && incident.confidence_score >= self.min_confidence
            && self.suppressed.is_none_or(|suppressed| suppressed == incident.suppressed)
            && self.exported.is_none_or(|exported| exported == incident.exported_at.is_some())
            && !(kept.withdrawn && kept.decided_by.is_none())
    }
}
