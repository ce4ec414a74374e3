//! The dashboard: how issues stand, what is new, what is loudest, and whether records come in as they should.

use ::issue::document::{Issue, Status};
use askama::Template;
use axum::{Extension, extract::State, response::Response};
use jiff::Timestamp;

use super::{
    Asked, UiState,
    failure::Failure,
    frame::{self, Frame},
    issues::Headline,
    number,
    text::Shown,
    url::Url,
    when::When,
};
use crate::{
    health::Part,
    store::{IssueQuery, NEW, Sort, StoreError},
};

/// Issues that are looked at for the lists, and shown in each.
const LOOK: usize = 100;
const SHOWN: usize = 8;

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    totals: Vec<Total>,
    newest: Vec<Line>,
    /// What came back, by the last report of each.
    back: Vec<Line>,
    loudest: Vec<Line>,
    workloads: Vec<Load>,
    parts: Vec<(&'static str, Shown)>,
    flow: Vec<(&'static str, String, &'static str)>,
}

struct Total {
    label: &'static str,
    number: String,
    url: String,
}

struct Line {
    url: String,
    name: Shown,
    message: Shown,
    is_regressed: bool,
    number: String,
    when: When,
}

struct Load {
    name: Shown,
    url: String,
    number: String,
    share: String,
}

/// `GET /dashboard`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
) -> Result<Response, Failure> {
    let now = (state.clock)();
    let since = now.saturating_sub(NEW).unwrap_or(Timestamp::MIN);
    let (stats, newest, loudest, back) = tokio::try_join!(
        state.store.stats(since),
        look(&state, Sort::FirstSeen),
        look(&state, Sort::LastSeen),
        back(&state)
    )?;
    let mut by_day: Vec<&Issue> = loudest.iter().filter(|issue| today(issue, now) > 0).collect();
    by_day.sort_by_key(|issue| std::cmp::Reverse(today(issue, now)));
    let count =
        |wanted: Status| stats.by_status.iter().find(|(status, _)| *status == wanted).map_or(0, |(_, n)| *n);
    let total = |label, number, q: &str| Total {
        label,
        number: number::exact(number),
        url: Url::of("/issues").with("q", Some(q)).build(),
    };
    let lines = |issues: Vec<&Issue>, number: fn(&Issue, Timestamp) -> String| -> Vec<Line> {
        issues.into_iter().take(SHOWN).map(|issue| Line::of(issue, number(issue, now), now)).collect()
    };
    Ok(frame::page(&DashboardPage {
        frame: Frame::new(&state, &asked),
        totals: vec![
            total("Open", count(Status::Open), "is:open"),
            total("In progress", count(Status::InProgress), "is:in-progress"),
            total("Regressed", stats.regressed, "is:regressed"),
            total("New in 24 hours", stats.new, ""),
            total("Resolved", count(Status::Resolved), "is:resolved"),
        ],
        newest: lines(newest.iter().collect(), |issue, _| number::short(issue.count)),
        back: lines(back.iter().collect(), |issue, _| number::short(issue.count)),
        loudest: lines(by_day, |issue, now| reports(today(issue, now))),
        workloads: workloads(&loudest),
        parts: parts(&state),
        flow: flow(&state),
    }))
}

async fn look(state: &UiState, sort: Sort) -> Result<Vec<Issue>, StoreError> {
    let status = vec![Status::Open, Status::InProgress];
    Ok(state.store.list(&IssueQuery { sort, status, limit: LOOK, ..IssueQuery::default() }).await?.items)
}

/// What came back, the latest first.
async fn back(state: &UiState) -> Result<Vec<Issue>, StoreError> {
    let query = IssueQuery { regressed: true, limit: SHOWN, ..IssueQuery::default() };
    Ok(state.store.list(&query).await?.items)
}

/// Reports in the last 24 hours.
fn today(issue: &Issue, now: Timestamp) -> u64 {
    let since = now.saturating_sub(NEW).unwrap_or(Timestamp::MIN).strftime("%Y-%m-%dT%H").to_string();
    issue.hours.range(since..).map(|(_, count)| count).sum()
}

/// A number of them, in words.
fn reports(count: u64) -> String {
    format!("{} {}", number::short(count), if count == 1 { "report" } else { "reports" })
}

impl Line {
    fn of(issue: &Issue, number: String, now: Timestamp) -> Self {
        let headline = Headline::of(issue);
        Self {
            url: format!("/issues/{}", issue.id),
            name: Shown::line(headline.name, 80),
            message: Shown::line(headline.message, 120),
            is_regressed: issue.regressed,
            number,
            when: When::at(issue.first_seen.unwrap_or(issue.created_at), now),
        }
    }
}

/// Unresolved issues by workload, of those that were seen last.
fn workloads(issues: &[Issue]) -> Vec<Load> {
    let mut sums: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for (name, count) in issues.iter().flat_map(|issue| &issue.workloads) {
        *sums.entry(name).or_default() += count;
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let most = sums.first().map_or(1, |(_, count)| (*count).max(1));
    let load = |(name, count): (&str, u64)| Load {
        name: Shown::line(name, 80),
        url: Url::of("/issues").with("q", Some(&format!("is:unresolved workload:{name}"))).build(),
        number: number::short(count),
        share: format!("{}%", (count * 100 / most).max(1)),
    };
    sums.into_iter().take(SHOWN).map(load).collect()
}

/// What does not work.
fn parts(state: &UiState) -> Vec<(&'static str, Shown)> {
    let label = |part| match part {
        Part::Source => "Records cannot be read",
        Part::Store => "The store does not answer",
        Part::DeadLetters => "Dead letters cannot be put aside",
    };
    let status = state.health.status();
    let told = |(part, failure): (&Part, &crate::health::Failure)| {
        let since = failure.since.strftime("%Y-%m-%d %H:%M:%S UTC");
        (label(*part), Shown::line(&format!("since {since}: {}", failure.error), 400))
    };
    status.failing.iter().map(told).collect()
}

/// The ledger: every report in exactly one outcome.
fn flow(state: &UiState) -> Vec<(&'static str, String, &'static str)> {
    let status = state.health.status();
    let ledger = &status.ledger;
    [
        ("Waiting in the topic", status.lag, "records that are not read yet"),
        ("Read", ledger.consumed, "reports since this process started"),
        ("Stored", ledger.stored + ledger.repeat, "of them counted on an issue"),
        ("Seen before", ledger.duplicate, "of them counted already"),
        ("Dead letters", ledger.dead_lettered.values().sum(), "of them could not be processed"),
        ("Lost to retention", status.gap_records, "records that were deleted before they were read"),
    ]
    .map(|(label, number, meaning)| (label, number::exact(number), meaning))
    .into()
}
