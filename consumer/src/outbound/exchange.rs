//! What each system is asked, and what its answers mean. Pure: the texts are `frustration::outbound`'s, secrets are given.

use std::borrow::Cow;

use ::frustration::{
    incident::Incident,
    outbound::{Ticket, email, jira, linear, notice::message::Message, slack, webhook},
    settings::{Kind, Outlet},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jiff::{Timestamp, fmt::rfc2822, tz::TimeZone};
use serde_json::Value;

use super::{Answer, Mail, Parcel, Request};

/// Words of an answer to an id that is taken.
const TAKEN: [&str; 4] = ["unique", "already", "taken", "exists"];

/// What an answer to a delivery means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// It is there, under this name.
    Arrived(Option<String>),
    /// It is not there, and sending the same again is refused again.
    Refused(String),
    /// It is not there; later it may be taken. Seconds that the system asks to wait.
    Later(String, Option<u64>),
    /// Nobody knows.
    Unknown(String),
}

/// What a delivery tells.
#[derive(Clone, Copy)]
pub enum What<'e> {
    /// An incident, with the text of its ticket.
    Incident(&'e Incident, &'e Ticket),
    /// Issues.
    Issues(&'e Message),
}

/// One delivery in the system's own words.
pub struct Exchange<'e> {
    kind: &'e Kind,
    what: What<'e>,
    outlet: &'e str,
    /// The delivery's.
    key: &'e str,
    secrets: &'e [String],
    /// UUIDs of labels that were named.
    labels: Vec<String>,
}

impl<'e> Exchange<'e> {
    /// `secrets` is what the outlet's files hold.
    pub fn new(outlet: &'e Outlet, key: &'e str, what: What<'e>, secrets: &'e [String]) -> Self {
        Self { kind: &outlet.to, outlet: &outlet.name, key, what, secrets, labels: Vec::new() }
    }

    fn secret(&self, at: usize) -> &'e str {
        self.secrets.get(at).map_or("", |secret| secret.trim())
    }

    /// What is said to a tracker.
    fn ticket(&self) -> Cow<'e, Ticket> {
        match self.what {
            What::Incident(_, ticket) => Cow::Borrowed(ticket),
            What::Issues(message) => Cow::Owned(message.ticket()),
        }
    }

    /// What is sent. `wanted_at` is when that was decided: a mail that is sent again has the same date.
    pub fn parcel(&self, wanted_at: Timestamp, now: Timestamp) -> Parcel {
        Parcel::Request(match (self.kind, self.what) {
            (Kind::Email { host, port, tls, login, target }, _) => {
                let (letter, message) = self.letter(target, wanted_at);
                return Parcel::Mail(Box::new(Mail {
                    host: host.clone(),
                    port: port.unwrap_or(tls.port()),
                    tls: *tls,
                    login: login.as_ref().map(|_| (self.secret(0).to_owned(), self.secret(1).to_owned())),
                    message,
                    from: target.from.clone(),
                    to: target.to.clone(),
                    subject: letter.subject,
                    text: letter.text,
                }));
            }
            (Kind::Jira { url, target, .. }, _) => {
                self.json(join(url, "/rest/api/3/issue"), &jira::body(&self.ticket(), target))
            }
            (Kind::Linear { url, target, .. }, _) => {
                self.json(url.clone(), &linear::body(&self.ticket(), target, &self.labels))
            }
            (Kind::Slack { .. }, What::Incident(_, ticket)) => {
                self.json(self.secret(0).to_owned(), &slack::body(ticket))
            }
            (Kind::Slack { .. }, What::Issues(message)) => {
                self.json(self.secret(0).to_owned(), &message.slack())
            }
            (Kind::Webhook { url, .. }, what) => {
                let (secret, at) = (self.secret(0).as_bytes(), now.as_second());
                let made = match what {
                    What::Incident(incident, _) => {
                        webhook::request(incident, self.outlet, "incident.confirmed", secret, at)
                    }
                    What::Issues(message) => {
                        webhook::signed(&message.json(), self.key.to_owned(), secret, at)
                    }
                };
                Request { url: url.clone(), headers: made.headers.into(), body: made.body }
            }
        })
    }

    /// A text and the message that holds it, with the same date in every attempt; `None`: see [`email::message`].
    fn letter(&self, target: &email::Target, wanted_at: Timestamp) -> (email::Letter, Option<String>) {
        let letter = match self.what {
            What::Incident(_, ticket) => email::Letter::of(ticket),
            What::Issues(message) => message.letter(),
        };
        let date = rfc2822::to_string(&wanted_at.to_zoned(TimeZone::UTC)).unwrap_or_default();
        let envelope = email::Envelope { target, date: &date, key: self.key, outlet: self.outlet };
        let message = email::message(&letter, &envelope);
        (letter, message)
    }

    /// What must be asked before it is sent; `None`: nothing.
    pub fn question(&self) -> Option<Request> {
        let Kind::Linear { url, target, .. } = self.kind else { return None };
        linear::ask_labels(target).map(|body| self.json(url.clone(), &body))
    }

    /// Takes the answer to [`Exchange::question`]; says what it does not hold, as what to change.
    pub fn learn(&mut self, answer: &Answer) -> Result<Option<String>, Meaning> {
        let Kind::Linear { target, .. } = self.kind else { return Ok(None) };
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let told = || {
            Meaning::Later(
                format!("linear answered {} to what labels it has", answer.status),
                answer.retry_after,
            )
        };
        let (ids, missing) = linear::found_labels(target, &body).ok_or_else(told)?;
        self.labels = ids;
        Ok((!missing.is_empty())
            .then(|| format!("sent without labels that linear does not have: {}", missing.join(", "))))
    }

    /// What finds a delivery of unknown end; `None` where the system has nothing to ask.
    pub fn look_up(&self) -> Option<Request> {
        match self.kind {
            Kind::Jira { url, target, .. } => {
                Some(self.json(join(url, "/rest/api/3/search/jql"), &jira::look_up(&self.ticket(), target)))
            }
            Kind::Linear { url, target, .. } => {
                Some(self.json(url.clone(), &linear::look_up(&self.ticket(), target)))
            }
            Kind::Slack { .. } | Kind::Webhook { .. } | Kind::Email { .. } => None,
        }
    }

    /// Whether sending again after an unknown end can double nothing: the receiver of a webhook has the key.
    pub fn may_repeat(&self) -> bool {
        matches!(self.kind, Kind::Webhook { .. })
    }

    /// What the answer to [`Exchange::parcel`] means.
    pub fn meaning(&self, answer: &Answer) -> Meaning {
        let told = || format!("{} answered {}", self.kind.word(), answer.status);
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        match (answer.status, self.kind) {
            (429, _) => Meaning::Later(told(), answer.retry_after),
            // Linear says so by a code, with a status of 200 or 400.
            (_, Kind::Linear { .. }) if has_code(&body, "RATELIMITED") => {
                Meaning::Later(told(), answer.retry_after)
            }
            (408 | 425 | 500.., _) => Meaning::Unknown(told()),
            (200..=299, Kind::Jira { .. }) => match text(&body["key"]) {
                Some(key) => Meaning::Arrived(Some(key)),
                None => Meaning::Unknown("jira's answer names no issue".to_owned()),
            },
            (200..=299, Kind::Linear { .. }) => {
                let made = &body["data"]["issueCreate"];
                match (made["success"].as_bool(), text(&made["issue"]["identifier"])) {
                    (Some(true), name) => Meaning::Arrived(name),
                    // It may be there all the same, as where its id is taken.
                    _ => Meaning::Unknown(format!("linear: {}", said(&body))),
                }
            }
            (200..=299, _) => Meaning::Arrived(None),
            // An id that is taken is ours: the look-up tells its name.
            (_, Kind::Linear { .. }) if TAKEN.iter().any(|word| said(&body).contains(word)) => {
                Meaning::Unknown(told())
            }
            _ => Meaning::Refused(format!("{}: {}", told(), said(&body))),
        }
    }

    /// What the answer to [`Exchange::look_up`] means: `Arrived`, or `Refused` for not there.
    pub fn found(&self, answer: &Answer) -> Meaning {
        let told = format!("{} answered {} when it was asked", self.kind.word(), answer.status);
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let is_linear = matches!(self.kind, Kind::Linear { .. });
        // Linear calls an unknown id an error, whatever the status.
        if is_linear && says(&body, "Entity not found") {
            return Meaning::Refused("it is not there".to_owned());
        }
        let understood = body.is_object() && !(is_linear && body["data"].is_null());
        if !(200..=299).contains(&answer.status) || !understood {
            return Meaning::Later(told, answer.retry_after);
        }
        let name = match self.kind {
            Kind::Jira { .. } => match body["issues"].as_array() {
                Some(issues) => issues.first().map(|issue| issue["key"].clone()),
                None => return Meaning::Later(told, None),
            },
            _ => Some(body["data"]["issue"]["identifier"].clone()),
        };
        match name.and_then(|name| name.as_str().map(str::to_owned)) {
            Some(name) => Meaning::Arrived(Some(name)),
            None => Meaning::Refused("it is not there".to_owned()),
        }
    }

    fn json(&self, url: String, body: &Value) -> Request {
        let mut headers = vec![("Content-Type", "application/json".to_owned())];
        headers.extend(match self.kind {
            Kind::Jira { email: Some(email), .. } => Some((
                "Authorization",
                format!("Basic {}", STANDARD.encode(format!("{email}:{}", self.secret(0)))),
            )),
            Kind::Jira { .. } => Some(("Authorization", format!("Bearer {}", self.secret(0)))),
            Kind::Linear { .. } => Some(("Authorization", self.secret(0).to_owned())),
            Kind::Slack { .. } | Kind::Webhook { .. } | Kind::Email { .. } => None,
        });
        Request { url, headers, body: body.to_string() }
    }
}

fn join(url: &str, path: &str) -> String {
    format!("{}{path}", url.trim_end_matches('/'))
}

/// Whether one of GraphQL's errors has this code.
fn has_code(body: &Value, code: &str) -> bool {
    errors(body).any(|error| error["extensions"]["code"] == code)
}

/// Whether one of GraphQL's errors begins so.
fn says(body: &Value, beginning: &str) -> bool {
    errors(body).any(|error| error["message"].as_str().is_some_and(|message| message.starts_with(beginning)))
}

fn errors(body: &Value) -> impl Iterator<Item = &Value> {
    body["errors"].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

/// The first lines of what a system says of an error; never what we sent it.
fn said(body: &Value) -> String {
    let told = [&body["errors"], &body["errorMessages"], &body["message"], &body["error"]];
    let found = told.into_iter().find(|value| !value.is_null()).cloned().unwrap_or_default();
    found.to_string().chars().filter(|c| !c.is_control()).take(300).collect()
}
