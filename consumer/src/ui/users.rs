//! People and service users, for admins; and what admins did.

use ::intake::vocabulary::meaning;
use askama::Template;
use axum::{
    Extension,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Asked, UiState,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    text::Shown,
    when::When,
};
use crate::{
    api::users::{self as api, Wish},
    people::{Role, audit, users},
};

/// Acts that are shown.
const ACTS: usize = 30;

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    users: Vec<Row>,
    roles: Vec<&'static str>,
    acts: Vec<Act>,
}

struct Row {
    /// For the address of its forms.
    id: String,
    name: Shown,
    email: Shown,
    role: &'static str,
    is_service: bool,
    is_disabled: bool,
    /// Named by the resource: nothing here changes that.
    is_fixed: bool,
    login: Option<When>,
}

struct Act {
    when: When,
    who: Shown,
    what: Shown,
    on: Shown,
    detail: Shown,
}

/// `GET /users`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
) -> Result<Response, Failure> {
    let now = (state.clock)();
    let store = state.store.as_ref();
    let policy = state.door.access.policy();
    let (users, acts) = tokio::try_join!(users::list(store), audit::list(store, ACTS))?;
    let row = |user: &users::User| Row {
        id: user.id.bytes().map(|byte| format!("%{byte:02X}")).collect(),
        name: Shown::line(&user.display_name, 100),
        email: Shown::line(&user.email, 120),
        role: user.role(policy).as_str(),
        is_service: user.role == Role::Service,
        is_disabled: user.disabled,
        is_fixed: policy.is_admin(&user.id),
        login: user.last_login.map(|at| When::at(at, now)),
    };
    let act = |entry: &audit::Entry| Act {
        when: When::at(entry.at, now),
        who: Shown::line(&entry.actor, 100),
        what: Shown::line(&entry.act.replace('-', " "), 40),
        on: Shown::line(&entry.target, 120),
        detail: Shown::line(&entry.detail, 200),
    };
    Ok(frame::page(&UsersPage {
        frame: Frame::new(&state, &asked),
        users: users.iter().map(row).collect(),
        roles: Role::OF_PEOPLE.iter().map(|(word, _)| *word).collect(),
        acts: acts.iter().map(act).collect(),
    }))
}

/// `POST /users/{user}`: another role, shut out, let in again, log out everywhere.
pub async fn change(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let (store, policy, by) = (state.store.as_ref(), state.door.access.policy(), &asked.identity.user);
    let wish = match fields.get("value") {
        "disable" => Wish { disabled: Some(true), ..Wish::default() },
        "enable" => Wish { disabled: Some(false), ..Wish::default() },
        "role" => {
            let role = meaning(Role::OF_PEOPLE, fields.get("role"));
            Wish { role: Some(role.ok_or(Failure::Form("This role is not known."))?), ..Wish::default() }
        }
        _ => return Err(Failure::Form("This cannot be done to a user.")),
    };
    api::set(store, policy, &id, wish, by).await.map_err(Failure::Refused)?;
    Ok(Redirect::to("/users").into_response())
}
