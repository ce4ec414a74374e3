//! The pure core of the frustration pipeline: what a front end tells of its visitors in, incidents and tickets out.
//!
//! No file, clock, environment or network is reachable from here: time is a parameter, input is a value, output is a
//! return value. Every function that takes bytes from outside is total and bounded.
//!
//! The modules in the order in which an event meets them:
//!
//! 1. [`ingest`] reads a request into [`event`]s: limits, privacy, redaction, and an honest answer for each item;
//! 2. [`record`] is how events travel to who keeps sessions;
//! 3. [`session`] keeps the events of one visit as compact [`facts`], in any order of arrival;
//! 4. [`engine`] holds many sessions and tells by a watermark when one is due;
//! 5. [`evaluate`](mod@evaluate) is the whole judgement of one session, a step a line: [`detect`], [`alarms`], [`qualify`],
//!    [`correlate`], [`score`], [`incident`];
//! 6. [`replay`] judges a session by two tables of thresholds and tells what differs;
//! 7. [`outbound`] decides what becomes a ticket or a message, and writes it.
//!
//! [`rules`] is the one table of thresholds that all of them read; [`words`] are the words that tell what a route is;
//! [`settings`] is what a tracker is told of its projects and of where incidents are sent.

pub mod alarms;
pub mod correlate;
pub mod detect;
pub mod engine;
pub mod evaluate;
pub mod event;
pub mod facts;
pub mod id;
pub mod incident;
pub mod ingest;
pub mod outbound;
pub mod qualify;
pub mod record;
pub mod replay;
pub mod rules;
pub mod score;
pub mod session;
pub mod settings;
pub mod words;

pub use self::evaluate::evaluate;
