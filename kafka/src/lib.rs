//! How records leave a sidecar and reach the tracker service: two traits, and what stands behind them.
//!
//! [`publish::Publisher`] and [`source::RecordSource`] are where the outside begins. With the feature `broker` they
//! are implemented on Kafka; [`local`] joins the two ends within one process, for local mode, without a broker.
//! Both implementations pass the same suite.

#[cfg(feature = "broker")]
pub mod admin;
#[cfg(feature = "broker")]
mod client;
#[cfg(feature = "broker")]
mod clock;
pub mod dead_letters;
pub mod local;
pub mod publish;
pub mod settings;
pub mod source;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
#[cfg(feature = "broker")]
mod sys;
#[cfg(feature = "broker")]
pub mod topics;
