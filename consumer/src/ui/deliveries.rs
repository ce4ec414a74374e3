//! Deliveries that were given up, for admins: where to, why, and another try.

use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, Request, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Asked, UiState,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    text::Shown,
    when::When,
};
use crate::{
    outbound::deliveries::{self, Delivery, State as Standing},
    people::audit,
};

/// Deliveries of the page; the API has more.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "deliveries.html")]
struct DeliveriesPage {
    frame: Frame,
    rows: Vec<Row>,
    is_all: bool,
}

/// A delivery in a line; the page of an incident shows the same.
pub(super) struct Row {
    pub(super) url: String,
    /// The page of what it is about.
    pub(super) about: String,
    pub(super) about_what: &'static str,
    pub(super) outlet: Shown,
    pub(super) system: Shown,
    pub(super) state: &'static str,
    pub(super) reason: Shown,
    pub(super) ticket: Shown,
    pub(super) attempts: u32,
    pub(super) when: When,
    /// What a dry run would have sent.
    pub(super) shown: Option<Shown>,
    pub(super) may_retry: bool,
}

impl Row {
    pub(super) fn of(delivery: &Delivery, now: Timestamp) -> Self {
        let request = delivery.request.as_ref().and_then(|value| serde_json::to_string_pretty(value).ok());
        let (about, about_what) = match delivery.issue_id {
            Some(issue) => (format!("/issues/{issue}"), "the issue"),
            None if delivery.notices.is_empty() => {
                (format!("/incidents/{}", delivery.incident_id), "the incident")
            }
            None => ("/issues".to_owned(), "issues"),
        };
        Self {
            url: format!("/deliveries/{}", delivery.id),
            about,
            about_what,
            outlet: Shown::line(&delivery.outlet, 60),
            system: Shown::line(&delivery.system, 60),
            state: delivery.state.word(),
            reason: Shown::line(delivery.reason.as_deref().unwrap_or_default(), 300),
            ticket: Shown::line(delivery.external_id.as_deref().unwrap_or_default(), 100),
            attempts: delivery.attempts,
            when: When::at(delivery.updated_at, now),
            shown: request.map(|text| Shown::block(&text, 4_000)),
            may_retry: !matches!(delivery.state, Standing::Waiting | Standing::Done),
        }
    }
}

/// Which deliveries.
#[derive(Deserialize)]
pub struct Which {
    state: Option<String>,
}

/// `GET /deliveries`: those that were given up; `state=all` shows the latest of all.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let (store, now) = (&*state.visits.store, (state.clock)());
    let is_all = which.state.as_deref() == Some("all");
    let found = match is_all {
        true => deliveries::latest(store, PAGE).await?,
        false => deliveries::dead(store, PAGE).await?,
    };
    Ok(frame::page(&DeliveriesPage {
        frame: Frame::new(&state, &asked),
        rows: found.iter().map(|found| Row::of(&found.body, now)).collect(),
        is_all,
    }))
}

/// `POST /deliveries/{delivery}`: another try; back to where the form stood.
pub async fn retry(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let id = Uuid::try_parse(&id).map_err(|_| Failure::NotFound)?.to_string();
    let store = &*state.visits.store;
    let gone = Failure::Form("This delivery waits already, or has arrived.");
    let again = deliveries::again(store, &id, (state.clock)()).await?.ok_or(gone)?;
    audit::note(store, &asked.identity.user, "delivery-retried", &id, &again.outlet).await;
    Ok(match fields.get("value") {
        "incident" => Redirect::to(&format!("/incidents/{}", again.incident_id)),
        _ => Redirect::to("/deliveries"),
    }
    .into_response())
}
