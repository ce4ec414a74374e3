//! The visit of an incident, judged anew with other thresholds: what the store still has of it, through the pure engine.

use ::frustration::{
    incident::Incident,
    replay::{self, Change, Replay},
    rules::{Rules, SettingsError},
    session::{Key, State},
};
use jiff::Timestamp;

use super::{Visits, states};
use crate::store::StoreError;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unplayed {
    /// The store cannot be asked.
    #[error("the store does not answer")]
    Store(#[from] StoreError),
    /// The thresholds cannot be.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Its events were not kept, or were told of by something else.
    #[error("the events of this visit are not kept")]
    Gone,
}

/// Judges the visit by its project's thresholds and by those with the change.
pub async fn replay(
    visits: &Visits,
    incident: &Incident,
    change: &Change,
    now: Timestamp,
) -> Result<Replay, Unplayed> {
    let ready = visits.project(&incident.project_id);
    let changed = Rules::new(&change.to(&ready.project.rules))?;
    let key = Key { project: incident.project_id.clone(), session: incident.session_id.clone() };
    let kept = states::load(&*visits.store, &[&key]).await?.into_iter().next();
    let session = kept.map(|kept| kept.session).filter(|session| !session.facts().is_empty());
    let session = session.ok_or(Unplayed::Gone)?;
    let over = matches!(session.state(now.as_millisecond()), State::Completed | State::Closed);
    Ok(replay::replay(&session, &ready.rules, &changed, over))
}
