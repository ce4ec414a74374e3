//! What a front end tells: one interaction or one answer of the page to it.
//!
//! [`Event::read`] is the only way in from outside: it checks [`limits`], judges [`privacy`], cuts secrets, and turns a
//! key that the client chose into a hash. What it returns may be stored, sent and logged.

use issue::{finish::Rules as Redaction, report::Redacted};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::id;

pub mod limits;
pub mod privacy;
pub mod time;

use self::limits::Refused;

/// What happened. The names are those of the wire; the second column lists names that are taken for the same.
const KINDS: &[(Kind, &str, &[&str])] = &[
    (Kind::Click, "click", &[]),
    (Kind::Scroll, "scroll", &[]),
    (Kind::Input, "input", &["input_focus", "input_blur"]),
    (Kind::FormSubmit, "form_submit", &[]),
    (Kind::Cursor, "cursor", &[]),
    (Kind::Loading, "loading", &[]),
    (Kind::Network, "network", &[]),
    (Kind::Performance, "performance", &["long_task"]),
    (Kind::Error, "error", &["unhandled_rejection"]),
    (Kind::Navigation, "navigation", &["route_change"]),
];

/// The type of an event. The order is that of cause and effect: of two events of one millisecond, what a visitor did
/// comes before what the page answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A press on something.
    Click,
    /// The page was moved.
    Scroll,
    /// Something was typed, or a field was entered or left.
    Input,
    /// A form was sent.
    FormSubmit,
    /// Summary of how the pointer moved.
    Cursor,
    /// Something is being loaded.
    Loading,
    /// A request was answered, or failed.
    Network,
    /// How long something took.
    Performance,
    /// Something was thrown.
    Error,
    /// Another route was shown.
    Navigation,
}

impl Kind {
    /// Reads a name or one of its other names.
    pub fn parse(name: &str) -> Option<Self> {
        let row = KINDS.iter().find(|(_, own, others)| *own == name || others.contains(&name));
        row.map(|(kind, _, _)| *kind)
    }

    /// The name on the wire.
    pub fn name(self) -> &'static str {
        KINDS.iter().find(|(kind, _, _)| *kind == self).map_or("click", |(_, name, _)| name)
    }
}

/// What was acted on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// `button`, `form`, `input`, `request`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The element's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// A CSS selector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The element's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag_name: Option<String>,
}

impl Target {
    /// Id, else selector, else type: what makes two targets the same.
    pub fn identity(&self) -> &str {
        let known = |text: &'_ Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        match (known(&self.id), known(&self.selector)) {
            (true, _) => self.id.as_deref().unwrap_or_default(),
            (false, true) => self.selector.as_deref().unwrap_or_default(),
            (false, false) => &self.kind,
        }
    }
}

/// An event that may be kept: bounded, without personal data, secrets cut, time corrected. This is what travels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
    pub event_type: Kind,
    /// When, in Unix milliseconds, by the client's clock; once it has [`Event::arrived`] only where that can be believed.
    pub timestamp: i64,
    /// When it reached us, in Unix milliseconds: by the clock of who took it, then by that of the brokers.
    pub received: i64,
    /// The visit.
    pub session_id: String,
    /// Whose key it came with.
    pub project_id: String,
    /// Where, without query.
    pub route: String,
    /// On what.
    #[serde(default)]
    pub target: Target,
    /// Whatever else the client told.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// `production`, `staging`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Two events of a session with the same key are one.
    pub key: String,
}

/// What a project's settings say of reading its events.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Routes keep what stands behind `?`.
    pub keep_query: bool,
    /// What is cut out of texts.
    pub redaction: Redaction,
}

/// The event as a client writes it, before anything is believed.
#[derive(Deserialize)]
struct Raw {
    #[serde(alias = "event_type", alias = "type", rename = "eventType")]
    event_type: Option<Value>,
    timestamp: Option<Value>,
    #[serde(alias = "session_id", rename = "sessionId")]
    session_id: Option<Value>,
    route: Option<Value>,
    target: Option<Value>,
    metadata: Option<Value>,
    environment: Option<Value>,
    #[serde(alias = "idempotency_key", rename = "idempotencyKey")]
    idempotency_key: Option<Value>,
}

impl Event {
    /// Reads one item of a request that arrived at `received` (Unix milliseconds) for `project`.
    pub fn read(item: &Value, project: &str, received: i64, reading: &Reading) -> Result<Self, Refused> {
        limits::size(item)?;
        let raw = Raw::deserialize(item).map_err(|_| Refused::NotAnEvent)?;
        let kind = limits::text("eventType", raw.event_type, limits::NAME)?;
        let event_type = Kind::parse(&kind).ok_or(Refused::UnknownType)?;
        let timestamp = time::read(raw.timestamp.as_ref(), received)?;
        let session_id = limits::required("sessionId", raw.session_id, limits::NAME)?;
        let route = limits::required("route", raw.route, limits::STRING)?;
        let target = target(raw.target)?;
        let metadata = limits::metadata(raw.metadata)?;
        let environment = limits::text("environment", raw.environment, limits::NAME)?;
        let chosen = limits::text("idempotencyKey", raw.idempotency_key, limits::STRING)?;
        let texts = [&session_id, &route, &target.kind, &environment];
        let optional = [&target.id, &target.selector, &target.tag_name];
        privacy::texts(texts.into_iter().chain(optional.into_iter().flatten()))?;
        privacy::metadata(&metadata)?;
        let mut event = Self {
            event_type,
            timestamp,
            received,
            session_id,
            project_id: project.to_owned(),
            route: privacy::route(&route, reading.keep_query),
            target,
            metadata,
            environment: Some(environment).filter(|text| !text.is_empty()),
            key: String::new(),
        };
        event.redact(&reading.redaction);
        event.key = id::key(&if chosen.is_empty() { event.described() } else { format!("chosen:{chosen}") });
        Ok(event)
    }

    /// As whoever keeps it sees it: it arrived at `at` (Unix milliseconds) by the clock of the brokers, the one that all
    /// replicas share and that does not jump with any of them. Only here a client's clock that is ahead is corrected, so
    /// that an event that was sent twice has one key.
    #[must_use]
    pub fn arrived(self, at: i64) -> Self {
        Self { timestamp: time::believed(self.timestamp, at), received: at, ..self }
    }

    /// `eventType:timestamp:sessionId:route:target.type[:id][:selector]`.
    fn described(&self) -> String {
        let (name, target) = (self.event_type.name(), &self.target);
        let mut text =
            format!("{name}:{}:{}:{}:{}", self.timestamp, self.session_id, self.route, target.kind);
        for part in [&target.id, &target.selector].into_iter().flatten() {
            text.push(':');
            text.push_str(part);
        }
        text
    }

    fn redact(&mut self, redaction: &Redaction) {
        let mut counts = Redacted::new();
        let target = &mut self.target;
        let optional = [&mut target.id, &mut target.selector].into_iter().flatten();
        for text in [&mut self.route, &mut target.kind].into_iter().chain(optional) {
            if let std::borrow::Cow::Owned(redacted) = redaction.redact_text(text, &mut counts) {
                *text = redacted;
            }
        }
        if !self.metadata.is_empty() {
            let mut value = Value::Object(std::mem::take(&mut self.metadata));
            redaction.redact_value(&mut value, &mut counts);
            if let Value::Object(metadata) = value {
                self.metadata = metadata;
            }
        }
    }
}

/// An object of texts, a lone text (its type), or nothing.
fn target(value: Option<Value>) -> Result<Target, Refused> {
    let mut members = match value {
        None | Some(Value::Null) => return Ok(Target::default()),
        Some(Value::String(kind)) => Map::from_iter([("type".to_owned(), Value::String(kind))]),
        Some(Value::Object(members)) => members,
        Some(_) => return Err(Refused::Field("target")),
    };
    let mut take = |name: &str| limits::text("target", members.remove(name), limits::STRING);
    let optional = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(Target {
        kind: take("type")?,
        id: optional(take("id")?),
        selector: optional(take("selector")?),
        tag_name: optional(take("tagName")?),
    })
}

#[cfg(test)]
mod tests;
