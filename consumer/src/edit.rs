//! A change of one issue that somebody asks for: load, apply, write by compare-and-set; whoever loses a race applies again.
//!
//! The API, the pages and replayed dead letters all go through here. What a change means is `issue::lifecycle`'s to say.

use issue::{
    document::Issue,
    id::{IssueId, SourceId},
    lifecycle::{Cause, Effect, Event, Refused, State, apply},
};

use crate::{
    merge,
    store::{IssueStore, Loaded, StoreError, Version, Wanted, Write, Written},
};

/// So often a change that met another one is tried again. Each lost race means that somebody else got on.
pub const TRIES: usize = 20;

/// Why a change was not done.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The store cannot be asked.
    #[error("the store does not answer")]
    Store(#[from] StoreError),
    /// It can never be done.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Others were faster, every time.
    #[error("others change this issue all the time")]
    Contended,
}

/// An issue after a change.
#[derive(Clone, Debug)]
pub struct Edited {
    /// As it is now.
    pub issue: Issue,
    /// Of now.
    pub version: Version,
}

/// One issue, with marks of these sources.
pub async fn load(store: &dyn IssueStore, id: IssueId, sources: Vec<SourceId>) -> Result<Loaded, StoreError> {
    let loaded = store.load(&[Wanted { id, sources }]).await?;
    let missing = || StoreError { step: "load an issue", source: "the store gave no answer".into() };
    loaded.into_iter().next().ok_or_else(missing)
}

/// Lets an event happen. `may` looks at the version that it would happen to, and can refuse.
pub async fn edit<E: From<EditError>>(
    store: &dyn IssueStore,
    id: IssueId,
    event: &Event,
    cause: &Cause,
    may: impl Fn(&Version) -> Result<(), E>,
) -> Result<Edited, E> {
    for _ in 0..TRIES {
        let loaded = load(store, id, Vec::new()).await.map_err(EditError::from)?;
        may(&loaded.version)?;
        if let Some(edited) = once(store, id, event, cause, loaded, Vec::new()).await? {
            return Ok(edited);
        }
    }
    Err(EditError::Contended.into())
}

/// One try; `None`: somebody else was faster. What changes nothing is not written, nor are its marks.
pub async fn once(
    store: &dyn IssueStore,
    id: IssueId,
    event: &Event,
    cause: &Cause,
    loaded: Loaded,
    seen: Vec<(SourceId, u64)>,
) -> Result<Option<Edited>, EditError> {
    let mut after = State { issue: loaded.issue, ..State::default() };
    let effect = apply(&mut after, id, event.clone(), cause)?;
    let issue = after.issue.ok_or(Refused::UnknownIssue)?;
    if effect == Effect::Nothing {
        return Ok(Some(Edited { issue, version: loaded.version }));
    }
    let write = Write {
        issue: issue.clone(),
        expect: loaded.version,
        seen,
        occurrences: after.occurrences,
        activities: after.activities,
        comments: after.comments,
        notifications: after.notifications,
        notes: Vec::new(),
    };
    match store.write(vec![write]).await?.into_iter().next() {
        Some(Written::Done(version)) => {
            if let Some(carried) = merge::left_by(&issue, cause) {
                match merge::carry(store, &carried).await {
                    // The sum takes part in another merge; whoever made that undoes the mark.
                    Ok(()) | Err(EditError::Refused(_)) => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(Some(Edited { issue, version }))
        }
        _ => Ok(None),
    }
}
