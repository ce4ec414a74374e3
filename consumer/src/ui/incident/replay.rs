//! The visit of an incident with other thresholds: a form, and what they would have changed. Nothing is changed by it; the
//! address holds what was tried.

use ::frustration::{
    incident::{Incident, SignalDetail},
    replay::{Change, Found, Replay},
};
use ::intake::vocabulary::meaning;
use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, State},
    response::Response,
};

use super::{find, signal};
use crate::{
    api::incidents::replay::SENSITIVITIES,
    ui::{
        Asked, UiState,
        failure::Failure,
        frame::{self, Frame},
        text::Shown,
    },
    visits::replay::{self, Unplayed},
};

#[derive(Template)]
#[template(path = "replay.html")]
struct ReplayPage {
    frame: Frame,
    url: String,
    place: Shown,
    sensitivities: Vec<(&'static str, bool)>,
    thresholds: Vec<Threshold>,
    /// Why nothing was found.
    trouble: Option<Shown>,
    outcome: Option<Outcome>,
}

/// A field of the form.
struct Threshold {
    name: &'static str,
    meaning: &'static str,
    /// What stands in force on the incident's route.
    now: u32,
    /// What is tried.
    tried: String,
}

struct Outcome {
    /// Each table in words.
    sides: Vec<Side>,
    is_same: bool,
}

struct Side {
    label: &'static str,
    incidents: Vec<Told>,
    signals: Vec<Told>,
    discarded: Vec<(String, u64)>,
}

/// An incident or a signal, and whether only this side has it.
struct Told {
    name: Shown,
    place: Shown,
    detail: String,
    mark: &'static str,
}

/// `GET /incidents/{incident}/replay`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    Query(given): Query<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let incident = find(&state, &id).await?.body.incident;
    let value = |name: &str| {
        given.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim()).unwrap_or_default()
    };
    let rules = &state.visits.project(&incident.project_id).rules;
    let listed = rules.list(incident.place().0);
    let (change, wrong) = read(&listed, value);
    let replayed = match wrong {
        Some(name) => Err(format!("{name} is no number.")),
        None => match replay::replay(&state.visits, &incident, &change, (state.clock)()).await {
            Ok(replayed) => Ok(replayed),
            Err(Unplayed::Store(error)) => return Err(error.into()),
            Err(other) => Err(format!("{other}.")),
        },
    };
    let (outcome, trouble) = match replayed {
        Ok(replayed) => (Some(outcome(&replayed)), None),
        Err(why) => (None, Some(Shown::line(&why, 2_000))),
    };
    let threshold = |(name, now, meaning): (&'static str, u32, &'static str)| Threshold {
        name,
        meaning,
        now,
        tried: value(name).chars().take(12).collect(),
    };
    Ok(frame::page(&ReplayPage {
        frame: Frame::new(&state, &asked),
        url: format!("/incidents/{}", incident.incident_id),
        place: Shown::line(&incident.primary_failure_point, 300),
        sensitivities: SENSITIVITIES.iter().map(|(word, _)| (*word, *word == value("sensitivity"))).collect(),
        thresholds: listed.into_iter().map(threshold).collect(),
        trouble,
        outcome,
    }))
}

/// What the form asks for; empty fields stay as they are. The name of one that is no number.
fn read<'v>(
    listed: &[(&'static str, u32, &'static str)],
    value: impl Fn(&str) -> &'v str,
) -> (Change, Option<&'static str>) {
    let mut change =
        Change { sensitivity: meaning(SENSITIVITIES, value("sensitivity")), ..Change::default() };
    for &(name, _, _) in listed {
        match (value(name), value(name).parse::<u32>()) {
            ("", _) => {}
            (_, Ok(number)) => {
                change.thresholds.insert(name.to_owned(), number);
            }
            (_, Err(_)) => return (change, Some(name)),
        }
    }
    (change, None)
}

fn outcome(replayed: &Replay) -> Outcome {
    let Replay { before, after, difference } = replayed;
    Outcome {
        is_same: before == after,
        sides: vec![
            side("As it is", before, &difference.vanishing, &difference.signals_vanishing, "vanishes"),
            side("With the change", after, &difference.appearing, &difference.signals_appearing, "appears"),
        ],
    }
}

fn side(
    label: &'static str,
    found: &Found,
    only: &[String],
    only_signals: &[SignalDetail],
    mark: &'static str,
) -> Side {
    let of_incident = |incident: &Incident| {
        let names: Vec<&str> = incident.triggering_signals.iter().map(|kind| kind.name()).collect();
        let is_only = only.contains(&incident.incident_id);
        Told {
            name: Shown::line(&names.join(", ").replace('_', " "), 200),
            place: Shown::line(&incident.primary_failure_point, 300),
            detail: format!(
                "{}, confidence {}, score {}",
                incident.severity_type.name(),
                incident.confidence_score,
                incident.frustration_score
            ),
            mark: if is_only { mark } else { "" },
        }
    };
    let of_signal = |told: &SignalDetail| {
        let shown = signal(told);
        let mark = if only_signals.contains(told) { mark } else { "" };
        Told {
            name: shown.name,
            place: shown.route,
            detail: format!("{}: {}", shown.strength, shown.what),
            mark,
        }
    };
    Side {
        label,
        incidents: found.incidents.iter().take(20).map(of_incident).collect(),
        signals: found.signals.iter().take(40).map(of_signal).collect(),
        discarded: found.discarded.iter().map(|(reason, count)| (reason.replace('_', " "), *count)).collect(),
    }
}
