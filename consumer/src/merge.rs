//! Merging issues, and what a member's reports do to the issue that shows the sum.
//!
//! Two documents are never written at once. Each step can be done again, by whoever finds it undone: the member is marked
//! first, so from then on its records are carried over, and whatever dies in between is made up for by the next of them.

use issue::{
    document::Issue,
    id::IssueId,
    lifecycle::{Cause, Effect, Refused, State, merge},
};

use crate::{
    edit::{EditError, Edited, TRIES, load},
    store::{IssueStore, Version, Write, Written},
};

/// Says that a member may have counted more than its target was told.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The issue that shows the sum.
    pub target: IssueId,
    /// The issue that counted.
    pub member: IssueId,
    /// Of the last record, counted or not.
    pub cause: Cause,
}

/// Brings the sum up to date.
pub async fn carry(store: &dyn IssueStore, carried: &Carried) -> Result<(), EditError> {
    for _ in 0..TRIES {
        // The target first: whoever takes the member out marks the member before it writes the target.
        let target = load(store, carried.target, Vec::new()).await?;
        let Some(member) = load(store, carried.member, Vec::new()).await?.issue else { return Ok(()) };
        if target.issue.is_none() || merge::merged_into(&member) != Some(carried.target) {
            return Ok(());
        }
        let mut state = State { issue: target.issue, ..State::default() };
        let effect = if merge::is_leaving(&member) {
            merge::release(&mut state, carried.member, &carried.cause)
        } else {
            let tally = merge::own_tally(&member);
            merge::absorb(&mut state, carried.member, &tally, &carried.cause)
        };
        if effect? == Effect::Nothing || write(store, state, target.version).await?.is_some() {
            return Ok(());
        }
    }
    Err(EditError::Contended)
}

/// Merges an issue into another; answers the one that shows the sum.
pub async fn merge(
    store: &dyn IssueStore,
    member: IssueId,
    into: IssueId,
    cause: &Cause,
) -> Result<Edited, EditError> {
    // What was merged into an issue that is merged itself belongs where that one shows.
    let target = load(store, into, Vec::new()).await?.issue.ok_or(Refused::UnknownIssue)?;
    let target = merge::merged_into(&target).unwrap_or(into);
    change(store, member, |state| merge::enter(state, target, cause)).await?;
    let carried = Carried { target, member, cause: cause.clone() };
    if let Err(EditError::Refused(refused)) = carry(store, &carried).await {
        change(store, member, |state| merge::leave(state, cause)).await?;
        return Err(refused.into());
    }
    let shown = load(store, target, Vec::new()).await?;
    Ok(Edited { issue: shown.issue.ok_or(Refused::UnknownIssue)?, version: shown.version })
}

/// Takes a member out again; answers the member.
pub async fn unmerge(store: &dyn IssueStore, member: IssueId, cause: &Cause) -> Result<Edited, EditError> {
    let leaving = change(store, member, merge::begin_to_leave).await?;
    if let Some(carried) = left_by(&leaving.issue, cause) {
        carry(store, &carried).await?;
    }
    change(store, member, |state| merge::leave(state, cause)).await
}

/// What a change to a single member leaves to be carried.
pub fn left_by(issue: &Issue, cause: &Cause) -> Option<Carried> {
    let target = merge::merged_into(issue)?;
    Some(Carried { target, member: issue.id, cause: cause.clone() })
}

/// Applies a change by compare-and-set until it is in.
async fn change(
    store: &dyn IssueStore,
    id: IssueId,
    apply: impl Fn(&mut State) -> Result<Effect, Refused>,
) -> Result<Edited, EditError> {
    for _ in 0..TRIES {
        let loaded = load(store, id, Vec::new()).await?;
        let mut state = State { issue: loaded.issue, ..State::default() };
        let effect = apply(&mut state)?;
        let issue = state.issue.clone().ok_or(Refused::UnknownIssue)?;
        if effect == Effect::Nothing {
            return Ok(Edited { issue, version: loaded.version });
        }
        if let Some(version) = write(store, state, loaded.version).await? {
            return Ok(Edited { issue, version });
        }
    }
    Err(EditError::Contended)
}

async fn write(store: &dyn IssueStore, state: State, expect: Version) -> Result<Option<Version>, EditError> {
    let issue = state.issue.ok_or(Refused::UnknownIssue)?;
    let write = Write {
        issue,
        expect,
        seen: Vec::new(),
        occurrences: state.occurrences,
        activities: state.activities,
        comments: state.comments,
        notifications: state.notifications,
        notes: Vec::new(),
    };
    Ok(match store.write(vec![write]).await?.into_iter().next() {
        Some(Written::Done(version)) => Some(version),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
