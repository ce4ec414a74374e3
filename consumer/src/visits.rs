//! What visitors of front ends meet, from the request of a page to the incident and its issue.
//!
//! [`ingest`] takes events in and answers when [`lane`] knows that they are durable; [`crate::consume::sessions`] reads them
//! and brings each session forward by [`turn`], whose state [`states`] keeps; what a judgement tells becomes a document of
//! [`incidents`], which people decide on, and a confirmed one an occurrence of an issue. What is an incident is decided by the
//! crate `frustration` alone, which is pure.

use std::{collections::HashMap, sync::Arc};

use ::frustration::{
    event::Reading,
    rules::Rules,
    settings::{Project, Settings},
};
use issue::{finish, id::TrackerName};

use crate::{health::Health, store::IssueStore};

pub mod counts;
pub mod given;
pub mod incidents;
pub mod ingest;
pub mod lane;
pub mod links;
pub mod replay;
pub mod states;
pub mod turn;

use self::counts::Counts;

/// One project, ready to be used.
#[derive(Default)]
pub struct Ready {
    /// As it was set.
    pub project: Project,
    /// Its thresholds, compiled.
    pub rules: Rules,
    /// How its events are read.
    pub reading: Reading,
}

/// What everything here stands on.
pub struct Visits {
    /// Whose.
    pub tracker: TrackerName,
    /// Where sessions, incidents and issues are.
    pub store: Arc<dyn IssueStore>,
    /// As they were set.
    pub settings: Settings,
    /// What is cut out of texts.
    pub redaction: finish::Rules,
    /// What happened.
    pub counts: Counts,
    /// How the path of events is; it has its own, beside that of records.
    pub health: Arc<Health>,
    projects: HashMap<String, Ready>,
    keys: HashMap<String, String>,
    unknown: Ready,
}

impl Visits {
    /// Settings that were checked. Thresholds that cannot be compiled, which [`Settings::check`] refuses, are those of the
    /// table.
    pub fn new(tracker: TrackerName, store: Arc<dyn IssueStore>, settings: Settings) -> Self {
        let ready = |project: &Project| {
            let rules = Rules::new(&project.rules).unwrap_or_default();
            let reading = Reading { keep_query: project.keep_query, ..Reading::default() };
            (project.name.clone(), Ready { project: project.clone(), rules, reading })
        };
        let keys = settings.projects.iter();
        let keys =
            keys.flat_map(|project| project.keys.iter().map(|key| (key.clone(), project.name.clone())));
        Self {
            tracker,
            store,
            redaction: finish::Rules::default(),
            counts: Counts::default(),
            health: Health::new(),
            projects: settings.projects.iter().map(ready).collect(),
            keys: keys.collect(),
            unknown: Ready::default(),
            settings,
        }
    }

    /// The project of a key.
    pub fn of_key(&self, key: &str) -> Option<&Ready> {
        self.keys.get(key).and_then(|name| self.projects.get(name))
    }

    /// A project by its name; for one that is no longer set, what goes for all.
    pub fn project(&self, name: &str) -> &Ready {
        self.projects.get(name).unwrap_or(&self.unknown)
    }

    /// Whether pages of an origin may send to any project.
    pub fn takes_any(&self, origin: &str) -> bool {
        self.settings.projects.iter().any(|project| project.takes(origin))
    }
}
