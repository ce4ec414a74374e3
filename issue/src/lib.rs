//! The pure core of issuetracker: raw text in, fingerprinted reports out, and what a report then does to an issue.
//!
//! No file, clock, environment or network is reachable from here: time is a parameter, input is a value, output is a
//! return value. Every function that takes bytes from outside is total: any bytes, no panic, linear time, bounded memory.
//!
//! The modules in the order in which a line of stderr meets them:
//!
//! 1. [`input`] takes container-log framing off (CRI, docker-json) and tells streams apart;
//! 2. [`assemble`] joins lines that belong to one crash into a [`assemble::Block`];
//! 3. [`languages`] and [`structured`] parse a block into a [`report::Parsed`];
//! 4. [`finish`] turns it into a [`report::Report`]: [`redact`], [`in_app`], [`template`], [`fingerprint`], [`category`];
//! 5. [`record`] is what travels, named by [`id`]s; [`outcome`] is how it ended;
//! 6. [`lifecycle`] is what it does to an issue document.
//!
//! [`settings`] is what a resource adds to the built-in rules, [`terms`] the language in which people ask for issues; `search` is
//! how all of them look for words, `memo` what saves them work that was done before.

pub mod assemble;
pub mod category;
pub mod document;
pub mod fingerprint;
pub mod finish;
pub mod id;
pub mod in_app;
pub mod input;
pub mod languages;
pub mod lifecycle;
pub mod logline;
mod memo;
pub mod outcome;
pub mod parse;
pub mod record;
pub mod redact;
pub mod report;
mod search;
pub mod settings;
pub mod structured;
pub mod template;
pub mod terms;
