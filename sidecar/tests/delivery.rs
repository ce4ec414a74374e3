//! A whole sidecar against a broker in memory: each rule of delivery has its test, named after it.

#[path = "delivery/broker.rs"]
mod broker;
#[path = "delivery/cri.rs"]
mod cri;
#[path = "delivery/publishing.rs"]
mod publishing;
#[path = "delivery/reloading.rs"]
mod reloading;
#[path = "delivery/restarts.rs"]
mod restarts;
#[path = "delivery/sharing.rs"]
mod sharing;
#[path = "delivery/stderr.rs"]
mod stderr;
#[path = "delivery/world.rs"]
mod world;
