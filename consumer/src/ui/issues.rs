//! The list of issues.

use ::issue::document::Issue;
use askama::Template;
use axum::{
    Extension,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    Asked, UiState,
    chart::{self, Sparkline},
    failure::{self, Failure},
    filter::View,
    frame::{self, Frame},
    number,
    text::{self, Shown},
    vocabulary::{self, Choice},
    when::When,
};
use crate::store::{IssueQuery, Page, Sort, StoreError};

/// An issue counts as new to the eye for this long.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// `GET /issues`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
    headers: HeaderMap,
    parameters: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    // What cannot be read as parameters asks for nothing: the list itself is still a good answer.
    let parameters = parameters.map(|Query(parameters)| parameters).unwrap_or_default();
    let view = View::parse(&parameters);
    if parameters.iter().filter(|(name, _)| name == "q").count() > 1 {
        // The form sends each chip on its own. What is shared and stepped back to is one query.
        return Redirect::to(&view.url()).into_response();
    }
    let frame = Frame::new(&state, &asked);
    let found = state.store.list(&view.to_query(&asked.identity.user)).await;
    let content = match found {
        Ok(page) if page.items.is_empty() && page.next_cursor.is_none() => {
            nothing(&state, &view, &headers).await
        }
        Ok(page) => Ok(Content::of(page, &view, (state.clock)())),
        Err(error) => Err(error),
    };
    match content {
        Ok(content) => frame::page(&ListPage::new(frame, &view, content)),
        Err(error) => {
            let failure = Failure::Store(error);
            failure.log(&asked.id, "/issues");
            let page = ListPage::new(frame, &view, Content::Failed(failure.banner()));
            failure::with_status(StatusCode::SERVICE_UNAVAILABLE, &page)
        }
    }
}

/// Why a list is empty: because nothing was ever reported, or because of the filter.
async fn nothing(state: &UiState, view: &View, headers: &HeaderMap) -> Result<Content, StoreError> {
    let any = state.store.list(&IssueQuery { limit: 1, ..IssueQuery::default() }).await?;
    Ok(match () {
        () if any.items.is_empty() => Content::NothingYet(own_address(headers)),
        () if view.cursor.is_some() => Content::PastTheEnd,
        () if view.is_filtered() => Content::NothingMatches,
        () => Content::NothingHere,
    })
}

/// Where a first report could be sent: the address that the reader used, if it looks like one.
fn own_address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).filter(|host| {
        (1..=255).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
    });
    format!("http://{}", host.unwrap_or("127.0.0.1:6001"))
}

#[derive(Template)]
#[template(path = "issues.html")]
struct ListPage {
    frame: Frame,
    tabs: Vec<Tab>,
    chips: Vec<Chip>,
    words: Shown,
    sort: Option<&'static str>,
    sorts: Vec<SortLink>,
    problems: Vec<Shown>,
    content: Content,
    first_page: Option<String>,
    /// This view, to come back to.
    here: String,
}

/// What stands under the filter.
enum Content {
    Rows(Vec<Row>, Option<String>),
    NothingYet(String),
    NothingMatches,
    NothingHere,
    PastTheEnd,
    Failed((&'static str, &'static str)),
}

impl Content {
    fn of(page: Page<Issue>, view: &View, now: Timestamp) -> Self {
        let rows = page.items.iter().map(|issue| Row::of(issue, now)).collect();
        Self::Rows(rows, page.next_cursor.map(|cursor| view.after(cursor).url()))
    }
}

struct Tab {
    label: &'static str,
    url: String,
    is_current: bool,
}

struct Chip {
    text: Shown,
    /// Goes into the form, so that a new search keeps it.
    term: String,
    without: String,
}

struct SortLink {
    label: &'static str,
    url: String,
    is_current: bool,
}

const TABS: [(&str, Option<&str>); 6] = [
    ("Unresolved", Some("unresolved")),
    ("Regressed", Some("regressed")),
    ("In progress", Some("in-progress")),
    ("Resolved", Some("resolved")),
    ("Closed", Some("closed")),
    ("All", None),
];

const SORT_LABELS: [(&str, Sort); 4] = [
    ("Last seen", Sort::LastSeen),
    ("First seen", Sort::FirstSeen),
    ("Reports", Sort::Count),
    ("Priority", Sort::Priority),
];

impl ListPage {
    fn new(frame: Frame, view: &View, content: Content) -> Self {
        let tab = |(label, value): (&'static str, Option<&str>)| Tab {
            label,
            url: view.with_status(value).url(),
            is_current: view.has_status(value),
        };
        let sort = |(label, sort): (&'static str, Sort)| SortLink {
            label,
            url: view.sorted(sort).url(),
            is_current: view.sort == sort,
        };
        let keyed = view.terms.iter().filter(|term| !term.is_word());
        let chip = |term: &issue::terms::Term| Chip {
            text: Shown::line(&term.to_string(), 80),
            term: term.to_string(),
            without: view.without(term).url(),
        };
        Self {
            frame,
            tabs: TABS.map(tab).into(),
            chips: keyed.map(chip).collect(),
            words: Shown::line(&view.words(), 2_000),
            sort: view.sort_parameter(),
            sorts: SORT_LABELS.map(sort).into(),
            problems: view.problems.iter().map(|problem| Shown::line(problem, 300)).collect(),
            content,
            here: view.url(),
            first_page: view.cursor.is_some().then(|| view.sorted(view.sort).url()),
        }
    }
}

/// One issue. Its texts are cut so that a page of the longest rows stays under 100 KiB.
struct Row {
    id: String,
    url: String,
    level: Choice,
    name: Shown,
    package: Shown,
    message: Shown,
    culprit: Shown,
    culprit_whole: Shown,
    workload: Shown,
    workload_kind: Shown,
    spark: Sparkline,
    count: String,
    count_exact: String,
    last_seen: When,
    first_seen: When,
    is_fresh: bool,
    is_regressed: bool,
    is_muted: bool,
    priority: Choice,
    assignee: Shown,
    status: Choice,
}

impl Row {
    fn of(issue: &Issue, now: Timestamp) -> Self {
        let reported = issue.reported.as_ref();
        let Headline { name, package, message } = Headline::of(issue);
        let workload = issue.source.as_ref().and_then(|place| place.workload.as_ref());
        let culprit = reported.and_then(|reported| reported.culprit.as_deref()).unwrap_or_default();
        let first_seen = issue.first_seen.unwrap_or(issue.created_at);
        Self {
            id: issue.id.to_string(),
            url: format!("/issues/{}", issue.id),
            level: vocabulary::level(reported.map(|reported| reported.level)),
            name: Shown::line(name, 90),
            package: Shown::line(package, 70),
            message: Shown::line(message, 150),
            culprit: Shown::line(text::short_place(culprit), 60),
            culprit_whole: Shown::line(culprit, 120),
            workload: Shown::line(
                workload.map(|w| w.name.as_str()).or(issue.component.as_deref()).unwrap_or_default(),
                60,
            ),
            workload_kind: Shown::line(workload.map(|w| w.kind.as_str()).unwrap_or_default(), 20),
            spark: chart::sparkline(&issue.hours, now),
            count: number::short(issue.count),
            count_exact: number::exact(issue.count),
            last_seen: When::at(issue.last_seen.unwrap_or(issue.updated_at), now),
            first_seen: When::at(first_seen, now),
            is_fresh: now.duration_since(first_seen) < FRESH,
            is_regressed: issue.regressed,
            is_muted: issue.mute.is_some(),
            priority: vocabulary::priority(issue.priority),
            assignee: Shown::line(issue.assignee_id.as_deref().unwrap_or_default(), 40),
            status: vocabulary::status(issue.status),
        }
    }
}

/// The two lines that name an issue.
pub struct Headline<'a> {
    /// The exception class, or the title of an issue that has none.
    pub name: &'a str,
    /// Where the class lives.
    pub package: &'a str,
    /// What it said.
    pub message: &'a str,
}

impl<'a> Headline<'a> {
    /// Of a report: class and message. Of a hand-written issue: title and description.
    pub fn of(issue: &'a Issue) -> Self {
        let first_line = issue.description.lines().next().unwrap_or_default();
        let error_type = issue.reported.as_ref().and_then(|reported| reported.error_type.as_deref());
        match error_type {
            Some(error_type) => {
                let (name, package) = text::class_name(error_type);
                Self { name, package, message: first_line }
            }
            // A log line has no class: its title is its message, which need not be said twice.
            None if issue.reported.is_some() => Self { name: &issue.title, package: "", message: "" },
            None => Self { name: &issue.title, package: "", message: first_line },
        }
    }
}

impl Headline<'_> {
    /// The whole message under the name; nothing where the name is the message already.
    pub fn message_of<'a>(&self, issue: &'a Issue) -> &'a str {
        let is_said = self.package.is_empty() && issue.description.trim() == self.name;
        if is_said { "" } else { &issue.description }
    }
}
