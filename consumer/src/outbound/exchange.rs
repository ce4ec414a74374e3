//! What each system is asked, and what its answers mean. Pure: the texts are `frustration::outbound`'s, secrets are given.

use ::frustration::{
    incident::Incident,
    outbound::{Ticket, delivery_key, email, jira, linear, slack, webhook},
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

/// One delivery in the system's own words.
pub struct Exchange<'e> {
    kind: &'e Kind,
    incident: &'e Incident,
    ticket: &'e Ticket,
    outlet: &'e str,
    secrets: &'e [String],
}

impl<'e> Exchange<'e> {
    /// `secrets` is what the outlet's files hold.
    pub fn new(
        outlet: &'e Outlet,
        incident: &'e Incident,
        ticket: &'e Ticket,
        secrets: &'e [String],
    ) -> Self {
        Self { kind: &outlet.to, outlet: &outlet.name, incident, ticket, secrets }
    }

    fn secret(&self, at: usize) -> &'e str {
        self.secrets.get(at).map_or("", |secret| secret.trim())
    }

    /// What is sent. `wanted_at` is when that was decided: a mail that is sent again has the same date.
    pub fn parcel(&self, wanted_at: Timestamp, now: Timestamp) -> Parcel {
        Parcel::Request(match self.kind {
            Kind::Email { .. } => return Parcel::Mail(Box::new(self.mail(wanted_at))),
            Kind::Jira { url, target, .. } => {
                self.json(join(url, "/rest/api/3/issue"), &jira::body(self.ticket, target))
            }
            Kind::Linear { url, target, .. } => self.json(url.clone(), &linear::body(self.ticket, target)),
            Kind::Slack { .. } => self.json(self.secret(0).to_owned(), &slack::body(self.ticket)),
            Kind::Webhook { url, .. } => {
                let made = webhook::request(
                    self.incident,
                    self.outlet,
                    "incident.confirmed",
                    self.secret(0).as_bytes(),
                    now.as_second(),
                );
                Request { url: url.clone(), headers: made.headers.into(), body: made.body }
            }
        })
    }

    fn mail(&self, wanted_at: Timestamp) -> Mail {
        let none = email::Target { from: String::new(), to: Vec::new() };
        let (host, port, tls, login, target) = match self.kind {
            Kind::Email { host, port, tls, login, target } => {
                (host.clone(), port.unwrap_or(tls.port()), *tls, login.is_some(), target.clone())
            }
            _ => (String::new(), 0, email::Tls::default(), false, none),
        };
        let letter = email::Letter::of(self.ticket);
        let key = delivery_key(self.outlet, "incident", &self.incident.incident_id);
        let date = rfc2822::to_string(&wanted_at.to_zoned(TimeZone::UTC)).unwrap_or_default();
        let envelope = email::Envelope { target: &target, date: &date, key: &key, outlet: self.outlet };
        Mail {
            host,
            port,
            tls,
            login: login.then(|| (self.secret(0).to_owned(), self.secret(1).to_owned())),
            message: email::message(&letter, &envelope),
            from: target.from,
            to: target.to,
            subject: letter.subject,
            text: letter.text,
        }
    }

    /// What finds a delivery of unknown end; `None` where the system has nothing to ask.
    pub fn look_up(&self) -> Option<Request> {
        match self.kind {
            Kind::Jira { url, target, .. } => {
                Some(self.json(join(url, "/rest/api/3/search/jql"), &jira::look_up(self.ticket, target)))
            }
            Kind::Linear { url, target, .. } => {
                Some(self.json(url.clone(), &linear::look_up(self.ticket, target)))
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
