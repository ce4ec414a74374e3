//! The bodies that callers of the older five services send, read into the same items: a list of events, `{events}`, one
//! event, a session document, or any of these under `data` or `session`. Field names in snake case are taken as well.

use serde_json::{Map, Value};

use super::{Refusal, Request, limits};
use crate::incident::Incident;

/// Other names of an event's fields.
const NAMES: &[(&str, &str)] = &[
    ("event_type", "eventType"),
    ("type", "eventType"),
    ("session_id", "sessionId"),
    ("idempotency_key", "idempotencyKey"),
    ("project_id", "projectId"),
    ("url", "route"),
    ("page", "route"),
];

/// What the body tells of the project, and its items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// `projectId` of the body or of its first event. A claim: the key decides.
    pub project: Option<String>,
    /// The items, as [`super::judge`] reads them.
    pub request: Request,
}

/// Reads a body of `POST /v1/sessions/events` or `/v1/sessions/process`.
pub fn read(body: &[u8]) -> Result<Told, Refusal> {
    if body.len() > limits::BODY {
        return Err(Refusal::TooLarge);
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::Malformed("it is not JSON"))?;
    let mut told = Told::default();
    gather(value, &mut told, None, 0);
    match told.request.events.len() {
        0 => Err(Refusal::Malformed("no events were found")),
        // A session holds more than a request of a front end; its bytes bound it.
        _ => Ok(told),
    }
}

/// Walks the few shapes; `session` is what an enclosing document says of its events.
fn gather(value: Value, told: &mut Told, session: Option<&str>, depth: usize) {
    match value {
        Value::Array(items) if depth < 4 => {
            items.into_iter().for_each(|item| gather(item, told, session, depth + 1));
        }
        Value::Object(mut members) if depth < 4 => {
            let text = |members: &Map<String, Value>, names: [&str; 2]| {
                names.iter().find_map(|name| members.get(*name)?.as_str()).map(str::to_owned)
            };
            told.project = told.project.take().or_else(|| text(&members, ["projectId", "project_id"]));
            told.request.api_key =
                told.request.api_key.take().or_else(|| text(&members, ["api_key", "apiKey"]));
            let own = text(&members, ["sessionId", "session_id"]);
            let session = own.as_deref().or(session);
            match ["events", "session", "data", "event"].iter().find_map(|name| members.remove(*name)) {
                Some(inner) => gather(inner, told, session, depth + 1),
                None => told.request.events.push(Value::Object(renamed(members, session))),
            }
        }
        other => told.request.events.push(other),
    }
}

fn renamed(mut members: Map<String, Value>, session: Option<&str>) -> Map<String, Value> {
    for (other, ours) in NAMES {
        if !members.contains_key(*ours)
            && let Some(value) = members.remove(*other)
        {
            members.insert((*ours).to_owned(), value);
        }
    }
    if let Some(session) = session.filter(|_| !members.contains_key("sessionId")) {
        members.insert("sessionId".to_owned(), Value::String(session.to_owned()));
    }
    members
}

/// Reads a body of `POST /v1/incidents`: one incident, plain or under `incident`.
pub fn incident(body: &[u8]) -> Result<Incident, Refusal> {
    if body.len() > limits::BODY {
        return Err(Refusal::TooLarge);
    }
    let value: Value = serde_json::from_slice(body).map_err(|_| Refusal::Malformed("it is not JSON"))?;
    let value = match value {
        Value::Object(mut members) if members.contains_key("incident") => {
            members.remove("incident").unwrap_or_default()
        }
        value => value,
    };
    serde_json::from_value(value).map_err(|_| Refusal::Malformed("it is not an incident"))
}
