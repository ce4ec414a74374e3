//! One incident: what happened, the visit as a timeline, and what to do about it.

use ::frustration::{
    incident::{Incident, Status},
    session::Key,
};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, Request, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Asked, UiState, deliveries,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    incidents::Row,
    links::{self, Related},
    text::Shown,
};
use crate::{
    outbound::deliveries as outbox,
    store::documents::Document,
    visits::{
        incidents::{self, Decision, Kept},
        states,
    },
};

pub mod replay;
mod timeline;

use timeline::Timeline;

#[derive(Template)]
#[template(path = "incident.html")]
struct IncidentPage {
    frame: Frame,
    row: Row,
    /// What a form was made from: a later change of somebody else is not undone by it.
    rank: u64,
    explanation: Shown,
    facts: Vec<(&'static str, Shown)>,
    signals: Vec<Signal>,
    timeline: Option<Timeline>,
    issue: Option<String>,
    related: Vec<Related>,
    deliveries: Vec<deliveries::Row>,
    may_replay: bool,
    may_confirm: bool,
    may_dismiss: bool,
}

struct Signal {
    name: Shown,
    strength: &'static str,
    what: Shown,
    route: Shown,
    feedback: bool,
}

/// `GET /incidents/{incident}`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
) -> Result<Response, Failure> {
    let now = (state.clock)();
    let Document { body: kept, rank, .. } = find(&state, &id).await?;
    let incident = &kept.incident;
    let key = Key { project: incident.project_id.clone(), session: incident.session_id.clone() };
    let visit = states::load(&*state.visits.store, &[&key]).await?.into_iter().next();
    let deliveries = outbox::of_incident(&state.visits, &incident.incident_id).await?;
    let timeline = visit.and_then(|visit| Timeline::of(&visit.session, incident, now));
    let related = match kept.issue_id {
        Some(issue) => links::of(&*state.visits.store, issue, Some(&incident.incident_id)).await?,
        None => Vec::new(),
    };
    Ok(frame::page(&IncidentPage {
        frame: Frame::new(&state, &asked),
        row: Row::of(&kept, now),
        rank,
        explanation: Shown::line(&incident.explanation, 2_000),
        facts: facts(&kept),
        signals: incident.signal_details.iter().take(20).map(signal).collect(),
        may_replay: timeline.is_some(),
        timeline,
        deliveries: deliveries.iter().map(|sent| deliveries::Row::of(sent, now)).collect(),
        issue: kept.issue_id.map(|issue| format!("/issues/{issue}")),
        related,
        may_confirm: incident.status != Status::Confirmed,
        may_dismiss: incident.status != Status::Dismissed,
    }))
}

async fn find(state: &UiState, id: &str) -> Result<Document<Kept>, Failure> {
    incidents::get(&*state.visits.store, id).await?.ok_or(Failure::NotFound)
}

fn facts(kept: &Kept) -> Vec<(&'static str, Shown)> {
    let incident: &Incident = &kept.incident;
    let line = |text: &str| Shown::line(text, 200);
    let given = [
        ("Project", line(&incident.project_id)),
        ("Visit", line(&incident.session_id)),
        ("Decided by", line(kept.decided_by.as_deref().unwrap_or_default())),
        ("Ticket", line(incident.external_ticket_id.as_deref().unwrap_or_default())),
        ("In", line(incident.external_system.as_deref().unwrap_or_default())),
    ];
    given.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn signal(signal: &::frustration::incident::SignalDetail) -> Signal {
    let details = &signal.details;
    let on = if details.target.is_empty() { "the page" } else { &details.target };
    Signal {
        name: Shown::line(&signal.kind.name().replace('_', " "), 60),
        strength: details.strength.name(),
        what: Shown::line(&format!("{} events in {} ms on {on}", details.count, details.duration_ms), 300),
        route: Shown::line(&signal.route, 300),
        feedback: details.feedback,
    }
}

/// `POST /incidents/{incident}`: confirm, dismiss, reopen, suppress, or not.
pub async fn act(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let status = |status| Decision { status: Some(status), suppressed: None };
    let suppressed = |suppressed| Decision { status: None, suppressed: Some(suppressed) };
    let decision = match fields.get("value") {
        "confirm" => status(Status::Confirmed),
        "dismiss" => status(Status::Dismissed),
        "reopen" => status(Status::New),
        "suppress" => suppressed(true),
        "send" => suppressed(false),
        _ => return Err(Failure::Form("This cannot be done to an incident.")),
    };
    let found = find(&state, &id).await?;
    if fields.get("rank") != found.rank.to_string() {
        return Err(Failure::Stale);
    }
    let (by, now) = (asked.identity.user.as_str(), (state.clock)());
    let kept = incidents::decide(&state.visits, found, decision, by, now).await?.ok_or(Failure::Stale)?;
    Ok(Redirect::to(&format!("/incidents/{}", kept.incident.incident_id)).into_response())
}
