//! What leaves the house: tickets and messages of confirmed incidents, messages of issues, each once.
//!
//! [`deliveries`] is the outbox, documents in the store: what shall be sent where, how often that was tried, how it ended.
//! [`notices`] are what is told of issues, written by [`telling`]; deliveries take them together. [`worker`] takes what is
//! due, asks whether it may go, claims it by compare-and-set and lets a [`Courier`] carry it; [`exchange`] knows what each
//! system is asked and what its answers mean. An attempt of which nobody knows how it ended is settled by a look-up where the
//! system has one, never by sending again at random.

use ::frustration::outbound::email::Tls;
use async_trait::async_trait;
use serde_json::{Value, json};

use self::exchange::Meaning;

pub mod deliveries;
pub mod exchange;
#[cfg(feature = "outbound")]
pub mod http;
pub mod notices;
#[cfg(feature = "outbound")]
pub mod smtp;
pub mod telling;
pub mod worker;

/// A request to a system outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The whole address. For Slack it is the secret: it is never logged or kept.
    pub url: String,
    /// Names and values; `Authorization` among them.
    pub headers: Vec<(&'static str, String)>,
    /// JSON.
    pub body: String,
}

/// A mail to a server outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// The server.
    pub host: String,
    /// Where it listens.
    pub port: u16,
    /// How the connection is kept from being read.
    pub tls: Tls,
    /// Name and password. They are never logged or kept.
    pub login: Option<(String, String)>,
    /// Sender.
    pub from: String,
    /// Receivers.
    pub to: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// All of it as it is sent; `None` where something of it cannot stand in a mail.
    pub message: Option<String>,
}

/// What is handed to a courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// By HTTP.
    Request(Request),
    /// By SMTP.
    Mail(Box<Mail>),
}

impl Parcel {
    /// What a dry run shows of it: nothing of headers, which hold secrets.
    pub fn shown(&self) -> Value {
        match self {
            Self::Request(request) => serde_json::from_str(&request.body).unwrap_or_default(),
            Self::Mail(mail) => {
                json!({"from": mail.from, "to": mail.to, "subject": mail.subject, "text": mail.text})
            }
        }
    }
}

/// An answer: what it says, cut to what anybody needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds.
    pub retry_after: Option<u64>,
    /// At most 64 KiB.
    pub body: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing was sent.
    #[error("{0}")]
    NotSent(String),
    /// It may have arrived, or not.
    #[error("{0}")]
    Unknown(String),
}

/// Who carries requests.
#[async_trait]
pub trait Courier: Send + Sync {
    /// One attempt. `private` allows addresses of private networks and plain HTTP.
    async fn carry(&self, request: &Request, private: bool) -> Result<Answer, Failure>;

    /// One attempt with a mail. Unlike an HTTP answer, what a mail server says means the same for all of them.
    async fn post(&self, mail: &Mail, private: bool) -> Meaning;
}
