//! One act on all issues that were ticked in the list.

use axum::{
    Extension,
    extract::{Request, State},
    response::{IntoResponse, Redirect, Response},
};
use futures::{StreamExt, stream};

use super::{
    Asked, UiState,
    actions::{self, Action},
    failure::Failure,
    forms::Fields,
};
use crate::people::login;

/// Issues in one form: those of a page and some.
const MOST: usize = 100;

/// Changes at a time.
const AT_A_TIME: usize = 8;

/// `POST /issues`.
pub async fn act(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let now = (state.clock)();
    let (act, value) = match fields.get("do") {
        "mine" => ("assignee", asked.identity.user.as_str()),
        "nobody" => ("assignee", ""),
        word @ ("next-release" | "week" | "off") => ("mute", word),
        word @ ("high" | "low") => ("priority", word),
        word => ("status", word),
    };
    let action = Action::parse(act, value, now).ok_or(Failure::NotFound)??;
    let ids = fields.all("id").take(MOST).map(str::parse).collect::<Result<Vec<_>, _>>();
    let ids = ids.map_err(|_| Failure::Form("What was ticked is no issue."))?;
    let (store, person) = (state.store.as_ref(), asked.identity.user.as_str());
    let each = ids.into_iter().map(|id| actions::perform(store, id, person, &action, None, now));
    let done: Vec<Result<(), Failure>> = stream::iter(each).buffered(AT_A_TIME).collect().await;
    for outcome in done {
        match outcome {
            // Deleted, or merged meanwhile: there is nothing left to do about it.
            Ok(()) | Err(Failure::NotFound | Failure::Form(_)) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(Redirect::to(&login::local(fields.get("next"))).into_response())
}
