//! Several issues shown as one, and apart again.
//!
//! A member stays a document of its own: its reports are counted on it, with its own marks of what was seen, so nothing
//! has to be moved and a record that is processed twice still counts once. The issue that shows the sum keeps the members'
//! tallies as they were last seen: taking one over again changes nothing, and leaving one out gives exactly what was before.

use serde_json::{Value, json};

use super::{
    Cause, Effect, Refused, State, activity, counts,
    reports::{self, Seen},
};
use crate::{
    document::{ActivityType, FieldChange, Issue, Merge, ReleaseSeen, Status, Tally},
    id::IssueId,
};

/// How many issues one can hold: each adds its tallies to the document.
pub const MEMBERS: usize = 50;

/// The issue that this one was merged into.
pub fn merged_into(issue: &Issue) -> Option<IssueId> {
    match issue.merge.as_deref() {
        Some(Merge::Into { issue, .. }) => Some(*issue),
        _ => None,
    }
}

/// The issues that were merged into this one.
pub fn members(issue: &Issue) -> Vec<IssueId> {
    match issue.merge.as_deref() {
        Some(Merge::Of { members, .. }) => members.keys().copied().collect(),
        _ => Vec::new(),
    }
}

/// What an issue counted itself.
pub fn own_tally(issue: &Issue) -> Tally {
    match issue.merge.as_deref() {
        Some(Merge::Of { own, .. }) => own.clone(),
        _ => tally(issue),
    }
}

/// Makes an issue a member of another. One that has members itself cannot be one.
pub fn enter(state: &mut State, into: IssueId, cause: &Cause) -> Result<Effect, Refused> {
    let issue = state.issue.as_mut().ok_or(Refused::UnknownIssue)?;
    match issue.merge.as_deref() {
        Some(Merge::Into { issue, leaving: false, .. }) if *issue == into => return Ok(Effect::Nothing),
        Some(_) => return Err(Refused::Merged),
        None if issue.id == into => return Err(Refused::Merged),
        None => {}
    }
    let (resolved_at, resolved_in) = (issue.resolved_at.take(), issue.resolved_in.take());
    let before = Merge::Into { issue: into, status: issue.status, resolved_at, resolved_in, leaving: false };
    issue.merge = Some(Box::new(before));
    issue.status = Status::Closed;
    note(state, "mergedInto", Value::Null, json!(into), cause);
    Ok(Effect::Changed)
}

/// Says that a member is about to leave: from then on nothing of it is carried over any more.
pub fn begin_to_leave(state: &mut State) -> Result<Effect, Refused> {
    let issue = state.issue.as_mut().ok_or(Refused::UnknownIssue)?;
    match issue.merge.as_deref_mut() {
        Some(Merge::Into { leaving, .. }) if !*leaving => {
            *leaving = true;
            Ok(Effect::Changed)
        }
        _ => Ok(Effect::Nothing),
    }
}

/// Whether a member is about to leave.
pub fn is_leaving(issue: &Issue) -> bool {
    matches!(issue.merge.as_deref(), Some(Merge::Into { leaving: true, .. }))
}

/// Makes a member an issue of its own again, as it stood before.
pub fn leave(state: &mut State, cause: &Cause) -> Result<Effect, Refused> {
    let issue = state.issue.as_mut().ok_or(Refused::UnknownIssue)?;
    let Some(Merge::Into { issue: from, status, resolved_at, resolved_in, .. }) =
        issue.merge.as_deref().cloned()
    else {
        return Ok(Effect::Nothing);
    };
    issue.merge = None;
    (issue.status, issue.resolved_at, issue.resolved_in) = (status, resolved_at, resolved_in);
    note(state, "mergedInto", json!(from), Value::Null, cause);
    Ok(Effect::Changed)
}

/// Takes over what a member has counted by now. What it counted since it was asked last ends a mute or brings the issue
/// back, as reports of its own would. That is told from the two tallies and not by those who counted: they may have died
/// before they came here, and their records come again as duplicates. A tally that is known changes nothing.
pub fn absorb(state: &mut State, member: IssueId, counted: &Tally, cause: &Cause) -> Result<Effect, Refused> {
    let issue = state.issue.as_ref().ok_or(Refused::UnknownIssue)?;
    let known = match issue.merge.as_deref() {
        Some(Merge::Into { .. }) => return Err(Refused::Merged),
        Some(Merge::Of { members, .. }) => {
            if members.len() >= MEMBERS && !members.contains_key(&member) {
                return Err(Refused::Merged);
            }
            members.get(&member).cloned()
        }
        None => None,
    };
    match &known {
        Some(known) if known.count >= counted.count => return Ok(Effect::Nothing),
        Some(known) => reports::happens(state, &since(known, counted), cause),
        None => {}
    }
    change_members(state, cause, |members| drop(members.insert(member, counted.clone())));
    if known.is_none() {
        note(state, "members", Value::Null, json!(member), cause);
    }
    Ok(Effect::Changed)
}

/// What was counted between two tallies, by release. The time of the last of these is known where it is the latest of all;
/// elsewhere they count as old ones, which bring nothing back.
fn since(before: &Tally, now: &Tally) -> Vec<Seen> {
    let more = |(name, seen): (&String, &ReleaseSeen)| {
        let known = before.releases.get(name);
        let count = seen.count.saturating_sub(known.map_or(0, |known| known.count));
        let later = known.is_none_or(|known| known.last_seen < seen.last_seen);
        let at = if later { seen.last_seen } else { seen.first_seen };
        (count > 0).then(|| Seen { count, at, release: Some(name.clone()) })
    };
    let mut all: Vec<Seen> = now.releases.iter().filter_map(more).collect();
    let named = all.iter().fold(0_u64, |sum, seen| sum.saturating_add(seen.count));
    let nameless = now.count.saturating_sub(before.count).saturating_sub(named);
    let latest = now.releases.values().map(|seen| seen.last_seen).max();
    let later = now.last_seen > latest.max(before.last_seen);
    let at = if later { now.last_seen } else { now.first_seen };
    all.extend(at.filter(|_| nameless > 0).map(|at| Seen { count: nameless, at, release: None }));
    all
}

/// Leaves a member out of the sum. Counts as a change also where it is not in it: the document's new version keeps out
/// whoever read the old one and is about to add the member.
pub fn release(state: &mut State, member: IssueId, cause: &Cause) -> Result<Effect, Refused> {
    let issue = state.issue.as_ref().ok_or(Refused::UnknownIssue)?;
    if !members(issue).contains(&member) {
        return Ok(Effect::Changed);
    }
    change_members(state, cause, |members| drop(members.remove(&member)));
    note(state, "members", json!(member), Value::Null, cause);
    Ok(Effect::Changed)
}

fn change_members(
    state: &mut State,
    cause: &Cause,
    change: impl FnOnce(&mut std::collections::BTreeMap<IssueId, Tally>),
) {
    let Some(issue) = &mut state.issue else { return };
    issue.updated_at = issue.updated_at.max(cause.at);
    let (own, mut members) = match issue.merge.take().map(|merge| *merge) {
        Some(Merge::Of { own, members }) => (own, members),
        _ => (tally(issue), Default::default()),
    };
    change(&mut members);
    put_sum(issue, own, members);
}

/// Lets something be counted on an issue's own tally; the sum follows.
pub(super) fn on_own(issue: &mut Issue, count: impl FnOnce(&mut Issue)) {
    match issue.merge.take().map(|merge| *merge) {
        Some(Merge::Of { own, members }) => {
            put(issue, own);
            count(issue);
            let own = tally(issue);
            put_sum(issue, own, members);
        }
        other => {
            count(issue);
            issue.merge = other.map(Box::new);
        }
    }
}

fn put_sum(issue: &mut Issue, own: Tally, members: std::collections::BTreeMap<IssueId, Tally>) {
    let mut sum = own.clone();
    members.values().for_each(|member| add(&mut sum, member));
    put(issue, sum);
    issue.merge = (!members.is_empty()).then(|| Box::new(Merge::Of { own, members }));
}

fn add(sum: &mut Tally, more: &Tally) {
    sum.count = sum.count.saturating_add(more.count);
    if more.first_seen.is_some() && (sum.first_seen.is_none() || more.first_seen < sum.first_seen) {
        sum.first_seen = more.first_seen;
        sum.first_release = more.first_release.clone().or(sum.first_release.take());
    }
    if more.last_seen > sum.last_seen {
        sum.last_seen = more.last_seen;
        sum.last_release = more.last_release.clone().or(sum.last_release.take());
    }
    counts::add_releases(&mut sum.releases, &more.releases);
    counts::add_workloads(&mut sum.workloads, &more.workloads);
    counts::add_times(&mut sum.hours, &more.hours, &counts::HOURS);
    counts::add_times(&mut sum.days, &more.days, &counts::DAYS);
}

fn tally(issue: &Issue) -> Tally {
    Tally {
        count: issue.count,
        first_seen: issue.first_seen,
        last_seen: issue.last_seen,
        first_release: issue.first_release.clone(),
        last_release: issue.last_release.clone(),
        releases: issue.releases.clone(),
        workloads: issue.workloads.clone(),
        hours: issue.hours.clone(),
        days: issue.days.clone(),
    }
}

fn put(issue: &mut Issue, tally: Tally) {
    issue.count = tally.count;
    (issue.first_seen, issue.last_seen) = (tally.first_seen, tally.last_seen);
    (issue.first_release, issue.last_release) = (tally.first_release, tally.last_release);
    (issue.releases, issue.workloads) = (tally.releases, tally.workloads);
    (issue.hours, issue.days) = (tally.hours, tally.days);
}

fn note(state: &mut State, field: &str, old_value: Value, new_value: Value, cause: &Cause) {
    let Some(issue) = &mut state.issue else { return };
    issue.updated_at = issue.updated_at.max(cause.at);
    let change = FieldChange { field: field.to_owned(), old_value, new_value };
    state.activities.push(activity(issue.id, ActivityType::Merged, vec![change], cause));
}
