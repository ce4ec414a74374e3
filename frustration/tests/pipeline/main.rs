//! The pipeline from events to incidents, told as timelines.

mod alarms;
mod bounds;
mod calm;
mod defects;
mod incidents;
mod isolated;
mod properties;
mod recorded;
mod replay;
mod scenario;
mod thresholds;
