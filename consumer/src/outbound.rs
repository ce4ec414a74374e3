//! What leaves the house: tickets and messages of confirmed incidents, each once.
//!
//! [`deliveries`] is the outbox, documents in the store: what shall be sent where, how often that was tried, how it ended.
//! [`worker`] takes what is due, asks whether it may go, claims it by compare-and-set and lets a [`Courier`] carry it;
//! [`exchange`] knows what each system is asked and what its answers mean. An attempt of which nobody knows how it ended is
//! settled by a look-up where the system has one, never by sending again at random.

use async_trait::async_trait;

pub mod deliveries;
pub mod exchange;
#[cfg(feature = "outbound")]
pub mod http;
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
}
