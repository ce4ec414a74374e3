//! Changes that a request asks for: who acts, under which condition, and how a refusal is told.

use ::intake::problem::{Fault, Problem};
use axum::http::HeaderMap;
use issue::{
    id::{IssueId, SourceId},
    lifecycle::{Cause, Event, Refused},
};
use jiff::Timestamp;
use uuid::Uuid;

use super::{ApiState, conditions, no_such_issue, unavailable};
use crate::{
    edit::{self, EditError, Edited},
    store::Loaded,
};

/// A request as a cause: nothing like it has happened before.
pub fn cause(actor: String) -> Cause {
    Cause { id: Uuid::now_v7(), at: Timestamp::now(), actor }
}

/// One issue, with marks of these sources.
pub async fn load(state: &ApiState, id: IssueId, sources: Vec<SourceId>) -> Result<Loaded, Problem> {
    edit::load(&*state.store, id, sources).await.map_err(unavailable)
}

/// Lets an event happen. `headers` may demand a version.
pub async fn edit(
    state: &ApiState,
    id: IssueId,
    event: &Event,
    cause: &Cause,
    headers: &HeaderMap,
) -> Result<Edited, Problem> {
    edit::edit(&*state.store, id, event, cause, |version| conditions::check_match(headers, version)).await
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Store(error) => unavailable(error),
            EditError::Refused(Refused::UnknownIssue) => no_such_issue(),
            EditError::Refused(Refused::Merged) => Self::new(Fault::Conflict, Refused::Merged.to_string()),
            EditError::Refused(refused) => Self::new(Fault::Forbidden, refused.to_string()),
            EditError::Contended => {
                Self::new(Fault::Conflict, "others change this issue all the time; try again")
            }
        }
    }
}
