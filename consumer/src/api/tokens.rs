//! API tokens: one's own, and for admins everybody's.

use ::intake::{
    fields::{Errors, Fields, Text},
    problem::{Fault, FieldError, Problem},
};
use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use issue::id::TrackerName;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{ApiState, body, guard::Refusal, unavailable};
use crate::{
    people::{
        Identity, Role, audit,
        tokens::{self, MAX_DAYS, Token, Wish},
        users::{self, User},
    },
    store::IssueStore,
};

const NAME: Text = Text::name(100);

/// How long one lasts that does not say.
const DAYS: u32 = 90;

/// `GET /api/v1/tokens`: one's own; for an admin `?all=true` shows everybody's. Never a secret.
pub async fn list(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    RawQuery(raw): RawQuery,
) -> Result<Json<Value>, Refusal> {
    let all = match raw.as_deref().unwrap_or_default() {
        "" | "all=false" => false,
        "all=true" if identity.role == Role::Admin => true,
        "all=true" => return Err(Problem::new(Fault::Forbidden, "only admins see everybody's tokens").into()),
        _ => {
            let message = "only all=true or all=false is known here".to_owned();
            return Err(Problem::invalid(vec![FieldError { pointer: "?".to_owned(), message }]).into());
        }
    };
    let tokens = tokens::list(&*state.store).await.map_err(unavailable)?;
    let shown = tokens.iter().filter(|token| all || is_theirs(token, &identity)).map(value);
    Ok(Json(json!({"tokens": shown.collect::<Vec<_>>()})))
}

/// Whether somebody made it, or acts by it.
pub fn is_theirs(token: &Token, identity: &Identity) -> bool {
    token.user == identity.user || token.created_by == identity.user
}

/// A token without what proves it.
fn value(token: &Token) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "user": token.user,
        "scope": token.scope,
        "createdBy": token.created_by,
        "createdAt": token.created_at,
        "expiresAt": token.expires_at,
        "lastUsedAt": token.last_used_at,
    })
}

/// `POST /api/v1/tokens` `{"name", "scope"?, "days"?, "service"?}`: the answer's `token` is shown this once. With `service`,
/// which only admins may give, it is a program's and acts as that service user.
pub async fn create(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let bytes = body::read(&headers, body).await?;
    let asked = read(body::parse(&bytes, &state.rules)?).map_err(Problem::invalid)?;
    let (token, secret) = make(&*state.store, &state.tracker, asked, &identity).await?;
    let location = [(header::LOCATION, format!("/api/v1/tokens/{}", token.id))];
    let mut body = value(&token);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("token".to_owned(), Value::from(secret));
    }
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What it is for.
    pub name: String,
    /// At most this role; without one, its owner's.
    pub scope: Option<Role>,
    /// How long.
    pub days: u32,
    /// Whose, where it is a program's.
    pub service: Option<String>,
}

fn read(body: Value) -> Result<Asked, Vec<FieldError>> {
    let mut errors = Errors::default();
    let mut fields = Fields::of(body, "", &mut errors);
    let asked = Asked {
        name: fields.required("name", &NAME),
        scope: fields.choice("scope", Role::WORDS),
        days: fields.number("days").unwrap_or(DAYS),
        service: fields.text("service", &NAME),
    };
    if !(1..=MAX_DAYS).contains(&asked.days) {
        fields.refuse("days", format!("must be a number from 1 to {MAX_DAYS}"));
    }
    let unknown: Vec<String> = fields.rest().map(str::to_owned).collect();
    unknown.iter().for_each(|key| fields.refuse(key, "is not known here"));
    errors.or(asked)
}

/// Makes one, for whom it may be.
pub async fn make(
    store: &dyn IssueStore,
    tracker: &TrackerName,
    asked: Asked,
    identity: &Identity,
) -> Result<(Token, String), Problem> {
    let invalid = |pointer: &str, message: &str| {
        Problem::invalid(vec![FieldError { pointer: pointer.to_owned(), message: message.to_owned() }])
    };
    let (user, scope) = match asked.service {
        Some(_) if identity.role != Role::Admin => {
            return Err(Problem::new(Fault::Forbidden, "only admins make tokens of services"));
        }
        Some(_) if asked.scope.is_some_and(|scope| scope != Role::Service) => {
            return Err(invalid("/scope", "must be service, or left out, for the token of a service"));
        }
        Some(name) => {
            let user = User::service(tracker, &name, Timestamp::now());
            let (users, key) = (users::users(store), users::key(&user.id));
            let made = users.change(&key, |there| there.is_none().then(|| user.clone()));
            made.await.map_err(unavailable)?;
            (user.id, Role::Service)
        }
        None if asked.scope == Some(Role::Service) => {
            return Err(invalid("/service", "is required with the scope service"));
        }
        None if users::find(store, &identity.user).await.map_err(unavailable)?.is_none() => {
            return Err(invalid("/service", "is required: whoever asks is no user who could own a token"));
        }
        None => {
            let scope = asked.scope.unwrap_or(identity.role);
            if identity.role.at_most(scope) != scope {
                return Err(invalid("/scope", "is more than the role of whoever asks"));
            }
            (identity.user.clone(), scope)
        }
    };
    let wish = Wish { name: asked.name, user, scope, days: asked.days };
    let made = tokens::make(store, wish, &identity.user, Timestamp::now()).await.map_err(unavailable)?;
    let detail = format!("{} for {}, {}", made.0.name, made.0.user, made.0.scope.as_str());
    audit::note(store, &identity.user, "token-made", &made.0.id, &detail).await;
    Ok(made)
}

/// `DELETE /api/v1/tokens/{token}`: it is none from now on.
pub async fn revoke(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    end(&*state.store, &id, &identity).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a token that is somebody's own, or, for an admin, anybody's.
pub async fn end(store: &dyn IssueStore, id: &str, identity: &Identity) -> Result<(), Problem> {
    let may = |token: &Token| identity.role == Role::Admin || is_theirs(token, identity);
    let revoked = tokens::revoke(store, id, may).await.map_err(unavailable)?;
    let revoked = revoked.ok_or_else(|| Problem::new(Fault::NotFound, "there is no such token of yours"))?;
    audit::note(store, &identity.user, "token-revoked", &revoked.id, &revoked.name).await;
    Ok(())
}
