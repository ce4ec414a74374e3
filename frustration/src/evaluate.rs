//! The judgement of one session, a step a line. It reads the session and the thresholds, and nothing else: judging
//! again gives the same, and judging with other thresholds shows what they would have changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    alarms, correlate,
    detect::{self, Signal, View},
    incident::Incident,
    qualify,
    rules::Rules,
    score::Level,
    session::Session,
};

/// What was found in a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// By time; one for a failure point.
    pub incidents: Vec<Incident>,
    /// The signals that counted.
    pub signals: Vec<Signal>,
    /// What was found and does not count, by reason.
    pub discarded: BTreeMap<&'static str, u64>,
}

/// Judges a session. `over` tells that the visit has ended.
pub fn evaluate(session: &Session, rules: &Rules, over: bool) -> Judgement {
    let view = View::new(session, rules, over);
    let mut judgement = Judgement::default();
    for signal in detect::detect(&view) {
        let alarm = alarms::reason(&view, &signal).map_or(Ok(signal), Err);
        match alarm.and_then(|signal| qualify::qualify(&view, signal)) {
            Ok(signal) => judgement.signals.push(signal),
            Err(reason) => judgement.discard(reason),
        }
    }
    let mut points = BTreeSet::new();
    for group in correlate::correlate(&view, &judgement.signals) {
        match incident(session, &view, &group) {
            Ok(incident) if !points.insert(incident.primary_failure_point.clone()) => {
                judgement.discard("same_failure_point");
            }
            Ok(incident) => judgement.incidents.push(incident),
            Err(reason) => judgement.discard(reason),
        }
    }
    judgement
}

fn incident(session: &Session, view: &View, group: &[Signal]) -> Result<Incident, &'static str> {
    correlate::valid(group)?;
    let incident = Incident::new(session, view, group);
    if incident.confidence_level == Level::Low { Err("low_confidence") } else { Ok(incident) }
}

impl Judgement {
    fn discard(&mut self, reason: &'static str) {
        *self.discarded.entry(reason).or_default() += 1;
    }

    /// What another judgement of the same session has and this has not, and the other way: for a replay with other
    /// thresholds, before they are applied.
    pub fn difference<'j>(&'j self, other: &'j Self) -> Difference<'j> {
        let missing = |from: &'j Self, of: &Self| {
            let known =
                |incident: &Incident| of.incidents.iter().any(|o| o.incident_id == incident.incident_id);
            from.incidents.iter().filter(|incident| !known(incident)).collect()
        };
        let changed = other.incidents.iter().filter(|incident| {
            self.incidents.iter().any(|own| own.incident_id == incident.incident_id && own != *incident)
        });
        Difference { gone: missing(self, other), new: missing(other, self), changed: changed.collect() }
    }
}

/// What other thresholds change.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference<'j> {
    /// Would no longer be told.
    pub gone: Vec<&'j Incident>,
    /// Would be told besides.
    pub new: Vec<&'j Incident>,
    /// Would be told otherwise, as they would be.
    pub changed: Vec<&'j Incident>,
}
