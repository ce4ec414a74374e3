//! HTTP as the sidecar and the tracker service speak it: a server whose connections are bounded in number and time, and
//! answers that name their request and refuse in one form.

pub mod answer;
mod server;

pub use server::{Times, room_for, serve};
