//! The end of an issue.

use ::intake::problem::{Fault, Problem};
use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
};
use issue::id::IssueId;

use super::{ApiState, conditions, guard::Refusal, issues::issue_id, no_such_issue, unavailable};
use crate::{
    edit::{EditError, TRIES, load},
    people::{Identity, audit},
    store::{Deletion, Store, Version, Written},
};

/// `DELETE /api/v1/issues/{id}`: the issue with all that hangs below it. What was counted on it stays counted: a record
/// that comes again does not bring it back, a new one makes it anew.
pub async fn delete(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let id = issue_id(&id)?;
    remove(&*state.store, id, &identity.user, |version| conditions::check_match(&headers, version)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes by compare-and-set. `may` looks at the version that would go, and can refuse.
pub async fn remove(
    store: &dyn Store,
    id: IssueId,
    by: &str,
    may: impl Fn(&Version) -> Result<(), Problem>,
) -> Result<(), Problem> {
    for _ in 0..TRIES {
        let loaded = load(store, id, Vec::new()).await.map_err(unavailable)?;
        let issue = loaded.issue.ok_or_else(no_such_issue)?;
        may(&loaded.version)?;
        if issue.merge.is_some() {
            let detail = "the issue takes part in a merge: unmerge first, then delete";
            return Err(Problem::new(Fault::Conflict, detail));
        }
        let deletion = Deletion { id, expect: loaded.version, seen: Vec::new() };
        if let Written::Done(_) = store.delete(deletion).await.map_err(unavailable)? {
            let detail = format!("{} ({} reports)", issue.title, issue.count);
            audit::note(store, by, "issue-deleted", &id.to_string(), &detail).await;
            return Ok(());
        }
    }
    Err(EditError::Contended.into())
}
