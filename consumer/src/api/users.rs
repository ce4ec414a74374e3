//! People and service users.

use ::intake::{
    fields::{Errors, Fields},
    problem::{Fault, FieldError, Problem},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::HeaderMap,
};
use serde_json::{Value, json};

use super::{ApiState, body, guard::Refusal, query, unavailable};
use crate::{
    people::{
        Identity, Policy, Role, audit,
        identity::Via,
        sessions,
        users::{self, User},
    },
    store::IssueStore,
};

/// `GET /api/v1/me`: who asks.
pub async fn me(Extension(identity): Extension<Identity>) -> Json<Value> {
    let via = match identity.via {
        Via::Local => "local",
        Via::Secret => "secret",
        Via::Session => "session",
        Via::Token => "token",
        Via::Legacy | Via::Nobody => "none",
    };
    Json(json!({"id": identity.user, "displayName": identity.name, "role": identity.role, "via": via}))
}

/// `GET /api/v1/users`, by id.
pub async fn list(State(state): State<ApiState>, RawQuery(raw): RawQuery) -> Result<Json<Value>, Refusal> {
    query::stretch(&raw.unwrap_or_default()).map_err(Problem::invalid)?;
    let users = users::list(&*state.store).await.map_err(unavailable)?;
    let policy = state.door.access.policy();
    let users: Vec<Value> = users.iter().map(|user| value(user, policy)).collect();
    Ok(Json(json!({"users": users, "next_cursor": null})))
}

fn value(user: &User, policy: &Policy) -> Value {
    json!({
        "id": user.id,
        "email": user.email,
        "role": user.role(policy),
        "displayName": user.display_name,
        "photoUrl": user.photo_url,
        "createdAt": user.created_at,
        "lastLogin": user.last_login,
        "disabled": user.disabled,
    })
}

/// `PATCH /api/v1/users/{user}` `{"role", "disabled"}`: counts from the next request on.
pub async fn change(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(user): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let wish = read(body::parse(&bytes, &state.rules)?).map_err(Problem::invalid)?;
    let user = set(&*state.store, state.door.access.policy(), &user, wish, &identity.user).await?;
    Ok(Json(value(&user, state.door.access.policy())))
}

/// What shall be different.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Another role.
    pub role: Option<Role>,
    /// Whether they may come in.
    pub disabled: Option<bool>,
}

fn read(body: Value) -> Result<Wish, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let mut wish = Wish::default();
    if let Some(role) = fields.take_or_null("role") {
        fields.put("role", role);
        wish.role = fields.required_choice("role", Role::OF_PEOPLE);
    }
    if let Some(disabled) = fields.take_or_null("disabled") {
        wish.disabled = disabled.as_bool();
        if wish.disabled.is_none() {
            fields.refuse("disabled", "must be true or false");
        }
    }
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not a field that can be changed"));
    errors.or(wish)
}

/// Changes a user; one who may not come in any more is out at once.
pub async fn set(
    store: &dyn IssueStore,
    policy: &Policy,
    id: &str,
    wish: Wish,
    by: &str,
) -> Result<User, Problem> {
    let there = users::find(store, id).await.map_err(unavailable)?.ok_or_else(no_such_user)?.body;
    let conflict = |detail: &str| Err(Problem::new(Fault::Conflict, detail));
    if policy.is_admin(&there.id)
        && (wish.role.is_some_and(|role| role != Role::Admin) || wish.disabled == Some(true))
    {
        return conflict("the tracker's resource names them as an admin: change it there");
    }
    if there.role == Role::Service && wish.role.is_some() {
        return conflict("a service user has no other role");
    }
    if there.id == by && (wish.disabled == Some(true) || wish.role.is_some_and(|role| role != Role::Admin)) {
        return conflict("nobody takes their own rights away: ask another admin");
    }
    let changed = users::users(store)
        .change(&users::key(id), |user| {
            let mut user = user?;
            user.role = wish.role.unwrap_or(user.role);
            user.disabled = wish.disabled.unwrap_or(user.disabled);
            Some(user)
        })
        .await
        .map_err(unavailable)?
        .ok_or_else(no_such_user)?;
    if there.role != changed.role {
        let detail = format!("{} → {}", there.role.as_str(), changed.role.as_str());
        audit::note(store, by, "role-changed", &changed.id, &detail).await;
    }
    if there.disabled != changed.disabled {
        let act = if changed.disabled { "user-disabled" } else { "user-enabled" };
        audit::note(store, by, act, &changed.id, "").await;
    }
    if changed.disabled {
        sessions::end_all(store, &changed.id).await.map_err(unavailable)?;
    }
    Ok(changed)
}

/// `DELETE /api/v1/users/{user}/sessions`: they have to log in again.
pub async fn end_sessions(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(user): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let ended = sessions::end_all(&*state.store, &user.to_lowercase()).await.map_err(unavailable)?;
    audit::note(&*state.store, &identity.user, "sessions-ended", &user, &ended.to_string()).await;
    Ok(Json(json!({"ended": ended})))
}

fn no_such_user() -> Problem {
    Problem::new(Fault::NotFound, "there is no user with this id")
}
