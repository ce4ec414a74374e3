//! What services send, read into typed values: hand-written issues, reports, comments and updates as JSON, Sentry
//! envelopes, OpenTelemetry logs. And [`problem`], the one form in which a refusal is answered.
//!
//! Pure: no clock, no file, no network. The sidecar and the tracker service both stand on it, so that the same
//! request is read, and refused, the same way at both doors.
//!
//! The rule on length: **prose is cut with a mark** (a report must not be lost because somebody was wordy), **names
//! are refused** (a cut name would be another name). In a report even names are cut: nobody is there to shorten them.

pub mod context;
pub mod fields;
pub mod issues;
pub mod json;
mod lenient;
pub mod otlp;
pub mod problem;
pub mod reports;
pub mod sentry;
pub mod text;
pub mod updates;
pub mod vocabulary;
