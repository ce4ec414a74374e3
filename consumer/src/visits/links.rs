//! Which issues tell of the same request or visit: an incident of a visitor, and what a backend reported under the same trace
//! or the same visit around that time.
//!
//! It is looked for once, when an incident becomes an occurrence of its issue: confirmations are few, and reports are many, so
//! that nothing is written for a report. Candidates are issues that were seen around that time, the latest first, within bounds;
//! samples of their reports are held against the names. Both issues get a link, each kept once, however often this is done.

use ::frustration::{event::time::MINUTE, incident::Incident};
use issue::{
    document::{Issue, Occurrence},
    id::IssueId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::store::{
    Child, ChildKind, IssueQuery, IssueStore, NoteKind, Sort, StoreError, Wanted, documents::Documents,
};

/// How far a backend's report may lie from the incident, in milliseconds.
const AROUND: i64 = 5 * MINUTE;

/// Issues of a page, pages, issues whose samples are read, samples of one.
const PAGE: usize = 100;
const PAGES: usize = 5;
const CANDIDATES: usize = 100;
const SAMPLES: usize = 50;

/// Links that an issue keeps: the first ones.
const KEPT: usize = 50;

/// How deep, and in how many values, names are looked for in what a caller said besides.
const DEPTH: usize = 4;
const VALUES: usize = 400;

/// What two issues have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// The trace of a request.
    Trace,
    /// The visit.
    Visit,
}

impl By {
    /// The word of pages and the API.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Visit => "visit",
        }
    }
}

/// One link, as it stands with the issue that it leads away from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The other issue.
    pub issue_id: IssueId,
    /// The incident by which they were found.
    pub incident_id: String,
    /// What they have in common.
    pub by: By,
    /// When the backend reported.
    pub at: Timestamp,
}

/// A link with the issue that it leads to.
#[derive(Clone, Debug)]
pub struct Linked {
    /// How.
    pub link: Link,
    /// Where.
    pub issue: Issue,
}

/// All links of one issue.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Links {
    links: Vec<Link>,
}

/// A time in which a report belongs to an incident, Unix milliseconds.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: i64,
    to: i64,
}

impl Window {
    fn of(incident: &Incident) -> Self {
        let read = |text: &str| text.parse::<Timestamp>().map(Timestamp::as_millisecond).ok();
        let first = read(&incident.timestamp).unwrap_or_default();
        let ends = incident.signal_details.iter().filter_map(|signal| {
            read(&signal.timestamp).map(|at| at.saturating_add(signal.details.duration_ms))
        });
        let last = ends.max().unwrap_or(first).max(first);
        Self { from: first.saturating_sub(AROUND), to: last.saturating_add(AROUND) }
    }

    fn holds(self, at: Timestamp) -> bool {
        (self.from..=self.to).contains(&at.as_millisecond())
    }
}

/// Looks for issues of the same trace or visit and links them with the incident's own, both ways.
pub async fn seek(store: &dyn IssueStore, incident: &Incident, own: IssueId) -> Result<(), StoreError> {
    let window = Window::of(incident);
    for other in candidates(store, window).await?.into_iter().filter(|id| *id != own) {
        let page = store.children(other, ChildKind::Occurrences, None, SAMPLES).await?;
        let samples = page.items.iter().filter_map(|child| match child {
            Child::Occurrence(sample) if window.holds(sample.at) => Some(sample),
            _ => None,
        });
        let found = samples.filter_map(|sample| Some((common(incident, sample)?, sample.at))).min();
        let Some((by, at)) = found else { continue };
        let link = |issue_id| Link { issue_id, incident_id: incident.incident_id.clone(), by, at };
        add(store, own, link(other)).await?;
        add(store, other, link(own)).await?;
    }
    Ok(())
}

/// Issues that reports made and that were seen in the window, as far as they are looked at.
async fn candidates(store: &dyn IssueStore, window: Window) -> Result<Vec<IssueId>, StoreError> {
    let mut query = IssueQuery { sort: Sort::LastSeen, limit: PAGE, ..IssueQuery::default() };
    let mut found = Vec::new();
    for _ in 0..PAGES {
        let page = store.list(&query).await?;
        for issue in page.items {
            let millis = |at: Option<Timestamp>| at.map(Timestamp::as_millisecond).unwrap_or_default();
            if millis(issue.last_seen) < window.from || found.len() == CANDIDATES {
                return Ok(found);
            }
            if is_of_backend(&issue) && millis(issue.first_seen) <= window.to {
                found.push(issue.id);
            }
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    Ok(found)
}

/// Reported, and not by an incident.
fn is_of_backend(issue: &Issue) -> bool {
    let reported = issue.reported.as_ref();
    reported.is_some_and(|r| !r.error_type.as_deref().unwrap_or_default().starts_with("Frustration."))
}

/// What an incident and a report have in common; a trace tells more than a visit.
fn common(incident: &Incident, sample: &Occurrence) -> Option<By> {
    let is_same = |(by, name): &(By, &str)| match by {
        By::Trace => incident.trace_ids.iter().any(|known| known.eq_ignore_ascii_case(name)),
        By::Visit => incident.session_id == *name,
    };
    names(sample).into_iter().filter(is_same).map(|(by, _)| by).min()
}

/// The names of traces and visits that a report carries: members of its context at any place, and tags `trace_id:…`.
fn names(sample: &Occurrence) -> Vec<(By, &str)> {
    let mut found: Vec<(By, &str)> = sample
        .tags
        .iter()
        .filter_map(|tag| tag.split_once(':'))
        .filter_map(|(key, value)| named(key, value))
        .collect();
    let mut left = VALUES;
    if let Some(context) = &sample.context {
        gather(context, 0, &mut left, &mut found);
    }
    found
}

fn gather<'v>(value: &'v Value, depth: usize, left: &mut usize, found: &mut Vec<(By, &'v str)>) {
    let members: Vec<(Option<&str>, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(key, value)| (Some(key.as_str()), value)).collect(),
        Value::Array(items) => items.iter().map(|item| (None, item)).collect(),
        _ => return,
    };
    for (key, value) in members {
        if *left == 0 || depth > DEPTH {
            return;
        }
        *left -= 1;
        match value.as_str() {
            Some(text) => found.extend(key.and_then(|key| named(key, text))),
            None => gather(value, depth + 1, left, found),
        }
    }
}

/// `trace_id`, `traceId`, `traceparent` (W3C: `00-<trace>-<parent>-<flags>`), `visit_id`, `session_id` in any spelling. What is
/// called a session is cut out of reports as a secret; a backend that wants to be found by the visit calls it one.
fn named<'v>(key: &str, value: &'v str) -> Option<(By, &'v str)> {
    let plain: String =
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(40).collect();
    let value = value.trim();
    let found = match plain.as_str() {
        "traceid" => (By::Trace, value),
        "traceparent" => (By::Trace, value.split('-').nth(1)?),
        "visitid" | "visit" | "sessionid" => (By::Visit, value),
        _ => return None,
    };
    Some(found).filter(|(_, name)| !name.is_empty())
}

fn documents(store: &dyn IssueStore) -> Documents<'_, Links> {
    Documents::of(store, NoteKind::Link)
}

async fn add(store: &dyn IssueStore, from: IssueId, link: Link) -> Result<(), StoreError> {
    let added = |there: Option<Links>| {
        let Links { mut links } = there.unwrap_or_default();
        let is_known =
            |known: &Link| known.issue_id == link.issue_id && known.incident_id == link.incident_id;
        if links.len() >= KEPT || links.iter().any(is_known) {
            return None;
        }
        links.push(link.clone());
        Some(Links { links })
    };
    documents(store).change(&from.to_string(), added).await.map(drop)
}

/// The links of an issue, as far as the issues at their other ends are there.
pub async fn of_issue(store: &dyn IssueStore, id: IssueId) -> Result<Vec<Linked>, StoreError> {
    let Some(found) = documents(store).get(&id.to_string()).await? else { return Ok(Vec::new()) };
    let links = found.body.links;
    let wanted: Vec<Wanted> =
        links.iter().map(|link| Wanted { id: link.issue_id, sources: Vec::new() }).collect();
    let loaded = store.load(&wanted).await?;
    let linked = links.into_iter().zip(loaded);
    Ok(linked.filter_map(|(link, loaded)| Some(Linked { link, issue: loaded.issue? })).collect())
}

#[cfg(test)]
mod tests;
