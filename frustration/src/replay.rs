//! One visit, judged by two tables of thresholds: what another table would have changed. Pure; nothing that was told of the
//! visit is touched.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    detect::View,
    evaluate::{Judgement, evaluate},
    incident::{self, Incident, SignalDetail},
    rules::{Rules, Sensitivity, Settings},
    session::Session,
};

/// What one table finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// The signals that count, by time.
    pub signals: Vec<SignalDetail>,
    /// The incidents, by time.
    pub incidents: Vec<Incident>,
    /// What was found and does not count, by reason.
    pub discarded: BTreeMap<&'static str, u64>,
}

/// What differs, by the ids of incidents and by numbers of signals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// Incidents that the changed table alone finds.
    pub appearing: Vec<String>,
    /// Incidents that it does not find any more.
    pub vanishing: Vec<String>,
    /// Incidents that both find, with other content.
    pub changing: Vec<String>,
    /// Signals that the changed table alone finds.
    pub signals_appearing: Vec<SignalDetail>,
    /// Signals that it does not find any more, or finds in another extent or strength.
    pub signals_vanishing: Vec<SignalDetail>,
}

/// Both, and what differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replay {
    /// As the project's settings judge now.
    pub before: Found,
    /// As the changed ones would.
    pub after: Found,
    /// From the one to the other.
    pub difference: Difference,
}

/// What is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// In place of the project's, on all routes.
    pub sensitivity: Option<Sensitivity>,
    /// On top of the project's, on all routes.
    pub thresholds: BTreeMap<String, u32>,
}

impl Change {
    /// A project's settings with the change.
    pub fn to(&self, settings: &Settings) -> Settings {
        let mut changed = settings.clone();
        changed.sensitivity = self.sensitivity.unwrap_or(changed.sensitivity);
        changed.thresholds.extend(self.thresholds.clone());
        for route in &mut changed.routes {
            route.sensitivity = self.sensitivity.or(route.sensitivity);
            route.thresholds.extend(self.thresholds.clone());
        }
        changed
    }
}

/// Judges a session by both. `over` tells that the visit has ended.
pub fn replay(session: &Session, before: &Rules, after: &Rules, over: bool) -> Replay {
    let (before, after) = (found(session, before, over), found(session, after, over));
    let difference = difference(&before, &after);
    Replay { before, after, difference }
}

fn found(session: &Session, rules: &Rules, over: bool) -> Found {
    let Judgement { incidents, signals, discarded } = evaluate(session, rules, over);
    let view = View::new(session, rules, over);
    let signals = signals.iter().map(|signal| incident::detail(&view, signal)).collect();
    Found { signals, incidents, discarded }
}

fn difference(before: &Found, after: &Found) -> Difference {
    let ids = |found: &Found| -> BTreeSet<String> {
        found.incidents.iter().map(|incident| incident.incident_id.clone()).collect()
    };
    let (old, new) = (ids(before), ids(after));
    let by_id = |found: &Found, id: &String| {
        found.incidents.iter().find(|incident| incident.incident_id == *id).map(Incident::digest)
    };
    let only = |these: &Found, others: &Found| -> Vec<SignalDetail> {
        these.signals.iter().filter(|signal| !others.signals.contains(signal)).cloned().collect()
    };
    Difference {
        appearing: new.difference(&old).cloned().collect(),
        vanishing: old.difference(&new).cloned().collect(),
        changing: old
            .intersection(&new)
            .filter(|id| by_id(before, id) != by_id(after, id))
            .cloned()
            .collect(),
        signals_appearing: only(after, before),
        signals_vanishing: only(before, after),
    }
}
