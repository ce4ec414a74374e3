//! What Sentry's SDKs send, so that they can be pointed here unchanged: envelopes and single events.
//!
//! The shapes are those of Sentry's developer documentation: "Envelopes" and "Event Payloads". Two orders are turned
//! round on the way: Sentry lists the root cause first and the outermost frame first, a report has the escaping
//! exception first and the innermost frame first.

mod envelope;
mod event;
mod exceptions;

pub use self::{
    envelope::{Envelope, split},
    event::{Event, read},
};
