//! Incidents that something else found and tells of, as the older services did among each other: each kept once.

use ::frustration::{event::time::MINUTE, incident::Incident};
use jiff::Timestamp;

use super::{
    Visits,
    counts::Stage,
    incidents::{self, Kept, documents},
};
use crate::store::{IssueStore, NoteKind, StoreError, Stretch};

/// How far apart two incidents of one visit and failure point may be and still be one.
const NEAR: i64 = 5 * MINUTE;

/// Incidents that are looked at in one step.
const STEP: usize = 200;

/// What became of one that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The one that is kept.
    pub id: String,
    /// It was there before.
    pub duplicate: bool,
}

/// Keeps an incident, unless it is one that is kept: the same id, or the same visit and failure point within five minutes. Two
/// requests with different ids for one visit and failure point that come at the very same moment may both be kept.
pub async fn take(visits: &Visits, incident: Incident, now: Timestamp) -> Result<Taken, StoreError> {
    let id = incident.incident_id.clone();
    let mut kept = Kept::new(incident, now);
    if let Some(known) = twin(&*visits.store, &kept).await? {
        return Ok(Taken { id: known, duplicate: true });
    }
    let auto = visits.project(&kept.incident.project_id).project.auto_confirm;
    kept.incident.status = kept.incident.initial_status(auto);
    if !documents(&*visits.store).put(&id, 0, &kept).await? {
        return Ok(Taken { id, duplicate: true });
    }
    visits.counts.add(Stage::Emitted, "", 1);
    // Should this not be reached, the next look at what is confirmed does it.
    incidents::confirmed(visits, kept, now).await?;
    Ok(Taken { id, duplicate: false })
}

async fn twin(store: &dyn IssueStore, given: &Kept) -> Result<Option<String>, StoreError> {
    let id = &given.incident.incident_id;
    if incidents::get(store, id).await?.is_some() {
        return Ok(Some(id.clone()));
    }
    let (from, to) = (given.order.saturating_sub(NEAR), given.order.saturating_add(NEAR));
    let mut after = None;
    loop {
        let stretch = Stretch { from, to, descending: false, after, limit: STEP };
        let found = store.ordered(NoteKind::Incident, &stretch).await?;
        let last =
            found.last().map(|note| (Stretch::order(&note.body).unwrap_or_default(), note.key.clone()));
        let full = found.len() == STEP;
        let known = found.into_iter().filter_map(incidents::read);
        let twin = known.map(|known| known.incident).find(|known| known.is_duplicate_of(&given.incident));
        if twin.is_some() || !full {
            return Ok(twin.map(|twin| twin.incident_id));
        }
        after = last;
    }
}
