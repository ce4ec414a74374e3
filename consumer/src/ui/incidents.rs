//! The list of incidents: where visitors of front ends were frustrated.

use ::frustration::incident::Status;
use askama::Template;
use axum::{
    Extension,
    extract::{Query, State},
    response::Response,
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Asked, UiState,
    failure::Failure,
    frame::{self, Frame},
    text::Shown,
    url::Url,
    when::When,
};
use crate::visits::incidents::{self, Kept};

/// Incidents of one page.
const PAGE: usize = 50;

/// What can be chosen: the word in the address, what it asks for, and how it is called.
const VIEWS: [(&str, Option<Status>, &str); 4] = [
    ("", None, "All"),
    ("new", Some(Status::New), "New"),
    ("confirmed", Some(Status::Confirmed), "Confirmed"),
    ("dismissed", Some(Status::Dismissed), "Dismissed"),
];

#[derive(Template)]
#[template(path = "incidents.html")]
struct IncidentsPage {
    frame: Frame,
    views: Vec<View>,
    rows: Vec<Row>,
    next: Option<String>,
    /// Whether events are taken at all.
    on: bool,
}

struct View {
    url: String,
    label: &'static str,
    is_chosen: bool,
}

/// An incident in a line; the page of one shows the same head.
pub(super) struct Row {
    pub(super) url: String,
    pub(super) title: Shown,
    pub(super) place: Shown,
    pub(super) project: Shown,
    pub(super) severity: &'static str,
    pub(super) kind: &'static str,
    pub(super) confidence: String,
    pub(super) score: u32,
    pub(super) status: &'static str,
    pub(super) suppressed: bool,
    pub(super) withdrawn: bool,
    pub(super) ticket: Option<Shown>,
    pub(super) when: When,
}

impl Row {
    pub(super) fn of(kept: &Kept, now: Timestamp) -> Self {
        let incident = &kept.incident;
        let names: Vec<&str> = incident.triggering_signals.iter().map(|kind| kind.name()).collect();
        let at = incident.timestamp.parse::<Timestamp>().unwrap_or(now);
        Self {
            url: Url::of(&format!("/incidents/{}", incident.incident_id)).build(),
            title: Shown::line(&names.join(", ").replace('_', " "), 200),
            place: Shown::line(&incident.primary_failure_point, 300),
            project: Shown::line(&incident.project_id, 100),
            severity: incident.severity_type.name(),
            kind: incident.kind.name(),
            confidence: format!("{} ({})", incident.confidence_level.name(), incident.confidence_score),
            score: incident.frustration_score,
            status: incidents::word(incident.status),
            suppressed: incident.suppressed,
            withdrawn: kept.withdrawn,
            ticket: incident.external_ticket_id.as_deref().map(|id| Shown::line(id, 100)),
            when: When::at(at, now),
        }
    }
}

/// Which page.
#[derive(Deserialize)]
pub struct Which {
    status: Option<String>,
    cursor: Option<String>,
}

/// `GET /incidents`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let chosen = which.status.as_deref().unwrap_or_default();
    let status = VIEWS.iter().find(|(word, ..)| *word == chosen).and_then(|(_, status, _)| *status);
    let query = incidents::Query { status, cursor: which.cursor, limit: PAGE, ..incidents::Query::default() };
    let now = (state.clock)();
    let page = incidents::list(&*state.visits.store, &query).await?;
    let url =
        |word: &'static str| Url::of("/incidents").with("status", Some(word).filter(|word| !word.is_empty()));
    let view = |(word, _, label): &(&'static str, Option<Status>, &'static str)| View {
        url: url(word).build(),
        label,
        is_chosen: *word == chosen,
    };
    let word = VIEWS.iter().find(|(_, of, _)| *of == status).map_or("", |(word, ..)| word);
    let next = page.next_cursor.as_deref();
    Ok(frame::page(&IncidentsPage {
        frame: Frame::new(&state, &asked),
        views: VIEWS.iter().map(view).collect(),
        rows: page.items.iter().map(|kept| Row::of(kept, now)).collect(),
        next: next.map(|next| url(word).with("cursor", Some(next)).build()),
        on: !state.visits.settings.projects.is_empty(),
    }))
}
