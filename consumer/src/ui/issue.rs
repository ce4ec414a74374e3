//! The page of one issue: what broke, since when, where, who has it, and what to do about it.

mod facts;
mod sample;
mod stack;
mod summary;
mod timeline;

use ::issue::{document::Issue, id::IssueId, lifecycle};
use askama::Template;
use axum::{
    Extension,
    extract::{Path, Query, Request, State},
    http::{Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use self::{
    facts::Facts,
    sample::{Samples, Shot},
    stack::Group,
    timeline::{Timeline, What},
};
use super::{
    Asked, UiState,
    actions::{self, Action},
    chart::{self, Chart},
    deliveries,
    failure::Failure,
    forms::Fields,
    frame::{self, Frame},
    issues::Headline,
    links::{self, Related},
    markdown::{self, Block, Span},
    number,
    text::{self, Shown},
    vocabulary::{self, Choice},
    when::When,
};
use crate::{
    api::delete,
    merge,
    outbound::deliveries as outbox,
    store::{IssueStore, Wanted},
};

/// Which occurrence the page shows.
#[derive(Deserialize)]
pub struct Which {
    /// Its id; the newest one that has a stack, when it is not given or not there any more.
    occurrence: Option<String>,
}

/// `GET /issues/{id}`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let id = parse_id(&id)?;
    let store = state.store.as_ref();
    let now = (state.clock)();
    let (issue, samples, talk, related, sent) = tokio::try_join!(
        load(store, id),
        async { Ok(Samples::load(store, id).await?) },
        async { Ok(Timeline::load(store, id, now).await?) },
        links::of(store, id, None),
        async { Ok(outbox::of_issue(&state.visits, id).await?) },
    )?;
    let frame = Frame::new(&state, &asked);
    let occurrence = which.occurrence.as_deref();
    let page = IssuePage::new(frame, &asked.identity.user, &issue, &samples, occurrence, talk, now);
    let tickets = sent.iter().map(|sent| deliveries::Row::of(sent, now)).collect();
    Ok(frame::page(&IssuePage { related, tickets, ..page }))
}

/// `GET /issues/{id}/text`: the whole text of an occurrence as it was printed, for tools and for texts that the page cut.
pub async fn text(
    State(state): State<UiState>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Result<Response, Failure> {
    let samples = Samples::load(state.store.as_ref(), parse_id(&id)?).await?;
    let chosen = samples.choose(which.occurrence.as_deref()).ok_or(Failure::NotFound)?;
    let report = chosen.occurrence.report.as_ref().ok_or(Failure::NotFound)?;
    let plain = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    Ok((plain, report.text.clone()).into_response())
}

/// `POST /issues/{id}/{act}`. All forms have one `value`; `seen` is what its field showed.
pub async fn act(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    uri: Uri,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let id = parse_id(&id)?;
    let now = (state.clock)();
    let act = uri.path().rsplit('/').next().unwrap_or_default();
    let action = Action::parse(act, fields.get("value"), now).ok_or(Failure::NotFound)??;
    let seen = fields.find("seen");
    actions::perform(state.store.as_ref(), id, &asked.identity.user, &action, seen, now).await?;
    Ok(Redirect::to(&format!("/issues/{id}{}", action.anchor())).into_response())
}

/// `POST /issues/{id}/merge`, `/unmerge` and `/delete`.
pub async fn join(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    Path(id): Path<String>,
    uri: Uri,
    request: Request,
) -> Result<Response, Failure> {
    let fields = Fields::read(&state, &asked, request).await?;
    let id = parse_id(&id)?;
    let store = state.store.as_ref();
    let cause =
        lifecycle::Cause { id: Uuid::now_v7(), at: (state.clock)(), actor: asked.identity.user.clone() };
    let next = match uri.path().rsplit('/').next() {
        Some("merge") => {
            // People paste an address as often as an id.
            let given = fields.get("value").trim().split(['?', '#']).next().unwrap_or_default();
            let into = given.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let into =
                into.parse().map_err(|_| Failure::Form("This is neither an issue's address nor its id."))?;
            merge::merge(store, id, into, &cause).await?.issue.id.to_string()
        }
        Some("unmerge") => merge::unmerge(store, id, &cause).await?.issue.id.to_string(),
        _ => {
            delete::remove(store, id, &cause.actor, |_| Ok(())).await.map_err(Failure::Refused)?;
            return Ok(Redirect::to("/issues").into_response());
        }
    };
    Ok(Redirect::to(&format!("/issues/{next}")).into_response())
}

/// A path that is no id leads nowhere: that is no error of the reader's to explain.
fn parse_id(id: &str) -> Result<IssueId, Failure> {
    id.parse().map_err(|_| Failure::NotFound)
}

async fn load(store: &dyn IssueStore, id: IssueId) -> Result<Issue, Failure> {
    let loaded = store.load(&[Wanted { id, sources: Vec::new() }]).await?.pop();
    loaded.and_then(|loaded| loaded.issue).ok_or(Failure::NotFound)
}

#[derive(Template)]
#[template(path = "issue.html")]
struct IssuePage {
    frame: Frame,
    id: String,
    title: Shown,
    level: Choice,
    name: Shown,
    package: Shown,
    message: Shown,
    culprit: Shown,
    is_regressed: bool,
    muted: Option<Shown>,
    issue_type: Choice,
    status: Choice,
    moves: Vec<Move>,
    is_reported: bool,
    priorities: Vec<Choice>,
    assignee: Shown,
    /// As it is kept, for the form to say what it was made from.
    assignee_seen: String,
    is_own: bool,
    reporter: Shown,
    resolved: Option<When>,
    resolved_in: Shown,
    count: String,
    today: String,
    first_seen: When,
    last_seen: When,
    first_release: Shown,
    last_release: Shown,
    chart: Option<Chart>,
    description: Vec<Block>,
    shot: Option<Shot>,
    facts: Facts,
    talk: Timeline,
    summary: Shown,
    merged_into: Option<String>,
    related: Vec<Related>,
    tickets: Vec<deliveries::Row>,
}

/// A button that leads to another status.
#[derive(Clone, Copy)]
struct Move {
    to: &'static str,
    label: &'static str,
    is_main: bool,
}

const fn step(to: &'static str, label: &'static str, is_main: bool) -> Move {
    Move { to, label, is_main }
}

/// What one does next, by the status that an issue has.
fn moves(status: &str, has_releases: bool) -> Vec<Move> {
    const RESOLVE: Move = step("resolved", "Resolve", true);
    const LATER: Move = step("resolved-in-next-release", "Resolve in next release", false);
    const CLOSE: Move = step("closed", "Close", false);
    const OPEN: &[Move] = &[RESOLVE, LATER, step("in-progress", "Start work", false), CLOSE];
    const STARTED: &[Move] = &[RESOLVE, LATER, step("open", "Stop work", false), CLOSE];
    const ENDED: &[Move] = &[step("open", "Reopen", false)];
    let moves = match status {
        "open" => OPEN,
        "in-progress" => STARTED,
        _ => ENDED,
    };
    // Where no report named a release there is no next one to wait for.
    moves.iter().copied().filter(|step| has_releases || step.to != LATER.to).collect()
}

impl IssuePage {
    fn new(
        frame: Frame,
        person: &str,
        issue: &Issue,
        samples: &Samples,
        which: Option<&str>,
        talk: Timeline,
        now: Timestamp,
    ) -> Self {
        let reported = issue.reported.as_ref();
        let headline = Headline::of(issue);
        let status = vocabulary::status(issue.status);
        let chosen = samples.choose(which);
        let release = |name: &Option<String>| text::release(name.as_deref().unwrap_or_default());
        let spark = chart::sparkline(&issue.hours, now);
        let is_reported = reported.is_some();
        let message = if is_reported { headline.message_of(issue) } else { "" };
        let description = if is_reported { "" } else { &issue.description };
        Self {
            frame,
            id: issue.id.to_string(),
            title: Shown::line(&issue.title, 150),
            level: vocabulary::level(reported.map(|reported| reported.level)),
            name: Shown::line(headline.name, 300),
            package: Shown::line(headline.package, 200),
            message: Shown::block(message, 3_000),
            culprit: Shown::line(reported.and_then(|r| r.culprit.as_deref()).unwrap_or_default(), 300),
            is_regressed: issue.regressed,
            muted: issue.mute.as_ref().map(facts::mute),
            issue_type: vocabulary::issue_type(issue.issue_type),
            moves: moves(&status.word, issue.last_release.is_some()),
            is_reported,
            status,
            priorities: vocabulary::priorities(issue.priority),
            assignee: Shown::line(issue.assignee_id.as_deref().unwrap_or_default(), 500),
            assignee_seen: actions::name_seen(issue),
            is_own: issue.assignee_id.as_deref() == Some(person),
            reporter: Shown::line(&issue.reporter_id, 120),
            resolved: issue.resolved_at.map(|at| When::at(at, now)),
            resolved_in: release(&issue.resolved_in),
            count: number::exact(issue.count),
            today: spark.sum,
            first_seen: When::at(issue.first_seen.unwrap_or(issue.created_at), now),
            last_seen: When::at(issue.last_seen.unwrap_or(issue.updated_at), now),
            first_release: release(&issue.first_release),
            last_release: release(&issue.last_release),
            chart: is_reported.then(|| chart::chart(issue, now)),
            description: markdown::parse(description, 11_000),
            facts: Facts::of(issue, now),
            summary: Shown::block(
                &summary::of(issue, chosen.as_ref().map(|chosen| chosen.occurrence)),
                6_000,
            ),
            shot: chosen.map(|chosen| Shot::of(&chosen, issue.id, now)),
            talk,
            related: Vec::new(),
            tickets: Vec::new(),
            merged_into: lifecycle::merge::merged_into(issue).map(|id| format!("/issues/{id}")),
        }
    }
}
