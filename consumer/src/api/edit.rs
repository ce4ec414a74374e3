//! Changes that people ask for: load, apply, write by compare-and-set; the loser of a race applies again.

use ::intake::problem::{Fault, Problem};
use axum::http::HeaderMap;
use issue::{
    document::Issue,
    id::{IssueId, SourceId},
    lifecycle::{Cause, Effect, Event, Refused, State, apply},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{ApiState, NOBODY, conditions, no_such_issue, unavailable};
use crate::store::{Loaded, Version, Wanted, Write, Written};

/// So often a change that met another one is tried again. Each lost race means that somebody else got on.
const TRIES: usize = 20;

/// An issue after a change.
pub struct Edited {
    /// As it is now.
    pub issue: Issue,
    /// Of now.
    pub version: Version,
}

/// A request as a cause: nothing like it has happened before.
pub fn cause(actor: String) -> Cause {
    Cause { id: Uuid::now_v7(), at: Timestamp::now(), actor }
}

/// The actor that a request names. Until people log in, its word is taken.
pub fn actor(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(named) = headers.get("x-user-id") else { return Ok(NOBODY.to_owned()) };
    match named.to_str().map(str::trim) {
        Ok(name) if (1..=100).contains(&name.len()) => Ok(name.to_owned()),
        _ => Err(Problem::new(Fault::Malformed, "X-User-Id has 1 to 100 visible ASCII characters")),
    }
}

/// One issue, with marks of these sources.
pub async fn load(state: &ApiState, id: IssueId, sources: Vec<SourceId>) -> Result<Loaded, Problem> {
    let loaded = state.store.load(&[Wanted { id, sources }]).await.map_err(unavailable)?;
    let missing = || Problem::new(Fault::Internal, "the store gave no answer");
    loaded.into_iter().next().ok_or_else(missing)
}

/// Lets an event happen. `headers` may demand a version.
pub async fn edit(
    state: &ApiState,
    id: IssueId,
    event: &Event,
    cause: &Cause,
    headers: &HeaderMap,
) -> Result<Edited, Problem> {
    for _ in 0..TRIES {
        let loaded = load(state, id, Vec::new()).await?;
        conditions::check_match(headers, &loaded.version)?;
        if let Some(edited) = once(state, id, event, cause, loaded, Vec::new()).await? {
            return Ok(edited);
        }
    }
    Err(Problem::new(Fault::Conflict, "others change this issue all the time; try again"))
}

/// One try; `None`: somebody else was faster.
pub async fn once(
    state: &ApiState,
    id: IssueId,
    event: &Event,
    cause: &Cause,
    loaded: Loaded,
    seen: Vec<(SourceId, u64)>,
) -> Result<Option<Edited>, Problem> {
    let mut after = State { issue: loaded.issue, ..State::default() };
    let effect = apply(&mut after, id, event.clone(), cause).map_err(refused)?;
    let issue = after.issue.ok_or_else(no_such_issue)?;
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
    };
    let written = state.store.write(vec![write]).await.map_err(unavailable)?;
    Ok(match written.into_iter().next() {
        Some(Written::Done(version)) => Some(Edited { issue, version }),
        _ => None,
    })
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::UnknownIssue => no_such_issue(),
        Refused::NotReportedBySender => Problem::new(Fault::Forbidden, refused.to_string()),
    }
}
