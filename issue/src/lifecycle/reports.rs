//! What reports do to an issue: make it, count on it, bring it back.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Cause, Effect, State, activity, counts, merge, notify, samples};
use crate::{
    document::{ActivityType, FieldChange, Issue, Mute, Occurrence, Reported, SCHEMA, Status},
    id::IssueId,
    record::{IssueBody, IssueType, Place, ReportBody, Via},
    report::{Category, Kind, Language, Level, Report},
};

/// The reports of one record.
#[derive(Clone, Debug)]
pub struct Sighting {
    /// How many, at least one.
    pub count: u64,
    /// Time of the first of them, as the sender's clock had it.
    pub first_at: Timestamp,
    /// Time of the last of them.
    pub last_at: Timestamp,
    /// The way in.
    pub via: Via,
    /// What they came from.
    pub place: Place,
    /// What they say.
    pub body: Body,
}

/// What a record says of the reports that it stands for.
#[derive(Clone, Debug)]
pub enum Body {
    /// Read from text or given by a client.
    Report(ReportBody),
    /// A bug written by a service: its exact repeats are occurrences of one issue.
    Bug {
        /// What decides that repeats belong together.
        fingerprint: String,
        /// As it was written.
        body: IssueBody,
    },
}

impl Body {
    fn level(&self) -> Level {
        match self {
            Self::Report(body) => body.report.level,
            Self::Bug { body, .. } => match body.severity.as_deref() {
                Some("warning") => Level::Warning,
                Some("critical") => Level::Fatal,
                _ => Level::Error,
            },
        }
    }

    fn reported(&self) -> Reported {
        match self {
            Self::Report(body) => Reported {
                fingerprint: body.report.fingerprint.clone(),
                kind: body.report.kind,
                error_type: body.report.error_type.clone(),
                template: body.report.template.clone(),
                culprit: body.report.culprit.clone(),
                category: body.report.category,
                language: body.report.language,
                level: self.level(),
            },
            Self::Bug { fingerprint, body } => Reported {
                fingerprint: fingerprint.clone(),
                kind: Kind::Log,
                error_type: error_type(body),
                template: body.title.clone(),
                culprit: None,
                category: Category::Unknown,
                language: Language::Unknown,
                level: self.level(),
            },
        }
    }

    /// The issue that it would make, without counts.
    fn draft(&self, id: IssueId, cause: &Cause) -> Issue {
        match self {
            Self::Report(body) => from_body(id, written_from(body, &cause.actor), cause),
            Self::Bug { body, .. } => from_body(id, body.clone(), cause),
        }
    }

    /// What a sample keeps: the report where it is whole, labels and context.
    fn sample(self) -> (Option<Report>, Vec<String>, Option<Value>) {
        match self {
            Self::Report(body) => (body.full.then_some(body.report), body.tags, body.context),
            Self::Bug { body, .. } => (None, body.tags, body.context),
        }
    }
}

/// `context.error_type` of a bug that a service wrote.
pub fn error_type(body: &IssueBody) -> Option<String> {
    body.context.as_ref()?.get("error_type")?.as_str().map(str::to_owned)
}

/// A report in the words of a hand-written issue.
fn written_from(body: &ReportBody, reporter: &str) -> IssueBody {
    IssueBody {
        title: body.title.clone(),
        description: body.report.message.clone(),
        issue_type: IssueType::Bug,
        priority: body.report.priority,
        reporter_id: reporter.to_owned(),
        assignee_id: None,
        tags: body.tags.clone(),
        component: body.component.clone(),
        severity: None,
        context: body.context.clone(),
        fingerprint: None,
        created_at: None,
    }
}

/// A new issue that nothing was counted on yet.
fn from_body(id: IssueId, body: IssueBody, cause: &Cause) -> Issue {
    Issue {
        id,
        title: body.title,
        description: body.description,
        status: Status::Open,
        priority: body.priority,
        issue_type: body.issue_type,
        reporter_id: body.reporter_id,
        assignee_id: body.assignee_id,
        tags: body.tags,
        attachments: Vec::new(),
        created_at: body.created_at.map_or(cause.at, |claimed| cause.clamp(claimed)),
        updated_at: cause.at,
        resolved_at: None,
        resolved_in: None,
        component: body.component,
        severity: body.severity,
        context: body.context,
        source: None,
        reported: None,
        count: 0,
        first_seen: None,
        last_seen: None,
        first_release: None,
        last_release: None,
        releases: Default::default(),
        workloads: Default::default(),
        hours: Default::default(),
        days: Default::default(),
        mute: None,
        regressed: false,
        escalated: None,
        rates: Default::default(),
        merge: None,
        schema: SCHEMA,
    }
}

/// Somebody wrote an issue. The same one again, under the same idempotency key, changes nothing.
pub(super) fn write(
    state: &mut State,
    id: IssueId,
    body: IssueBody,
    place: Option<Place>,
    cause: &Cause,
) -> Effect {
    if state.issue.is_some() {
        return Effect::Nothing;
    }
    create(state, Issue { source: place, ..from_body(id, body, cause) }, cause);
    Effect::Created
}

fn create(state: &mut State, issue: Issue, cause: &Cause) {
    state.activities.push(activity(issue.id, ActivityType::Created, Vec::new(), cause));
    state.notifications.extend(notify::assigned(&issue, cause));
    state.issue = Some(issue);
}

/// Reports came: the first make the issue, later ones are counted and may bring it back.
pub(super) fn report(state: &mut State, id: IssueId, mut sighting: Sighting, cause: &Cause) -> Effect {
    sighting.last_at = cause.clamp(sighting.last_at);
    sighting.first_at = sighting.first_at.min(sighting.last_at);
    let effect = if state.issue.is_none() {
        let mut draft = sighting.body.draft(id, cause);
        draft.reported = Some(sighting.body.reported());
        create(state, draft, cause);
        Effect::Created
    } else {
        Effect::Changed
    };
    happens(state, &[Seen::of(&sighting)], cause);
    if let Some(issue) = &mut state.issue {
        count(issue, &sighting, cause);
    }
    state.occurrences.push(sample(id, sighting, cause));
    effect
}

/// What decides whether reports end a mute or bring an issue back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// How many.
    pub(super) count: u64,
    /// Time of the last.
    pub(super) at: Timestamp,
    /// What they came from.
    pub(super) release: Option<String>,
}

impl Seen {
    fn of(sighting: &Sighting) -> Self {
        let Sighting { count, last_at, place, .. } = sighting;
        Self { count: *count, at: *last_at, release: place.release.clone() }
    }
}

/// What reports do beside being counted. Several at once have no order.
pub(super) fn happens(state: &mut State, seen: &[Seen], cause: &Cause) {
    let Some(issue) = &mut state.issue else { return };
    let audible = end_mute(issue, seen, cause, &mut state.activities);
    if seen.iter().any(|seen| comes_back(issue, seen)) {
        state.activities.push(bring_back(issue, cause));
        if audible {
            state.notifications.extend(notify::regressed(issue, cause));
        }
    }
}

/// Only what happened after the resolution undoes it: reports that were under way while somebody resolved do not.
/// Resolved "in the next release", the release of then may go on failing.
fn comes_back(issue: &Issue, seen: &Seen) -> bool {
    let later = issue.resolved_at.is_some_and(|resolved_at| seen.at > resolved_at);
    let excused = issue.resolved_in.is_some() && issue.resolved_in == seen.release;
    issue.status == Status::Resolved && later && !excused
}

fn bring_back(issue: &mut Issue, cause: &Cause) -> crate::document::Activity {
    issue.status = Status::Open;
    issue.resolved_at = None;
    issue.resolved_in = None;
    issue.regressed = true;
    let change =
        FieldChange { field: "status".to_owned(), old_value: json!("resolved"), new_value: json!("open") };
    activity(issue.id, ActivityType::Regressed, vec![change], cause)
}

/// Ends a mute whose condition is fulfilled; tells whether the issue may be heard.
fn end_mute(
    issue: &mut Issue,
    seen: &[Seen],
    cause: &Cause,
    activities: &mut Vec<crate::document::Activity>,
) -> bool {
    let Some(mute) = &issue.mute else { return true };
    let ended = match mute {
        Mute::Until(end) => cause.at >= *end,
        Mute::Count(end) => seen.iter().fold(issue.count, |sum, seen| sum.saturating_add(seen.count)) >= *end,
        Mute::NextRelease(muted_in) => {
            seen.iter().filter_map(|seen| seen.release.as_ref()).any(|release| release != muted_in)
        }
    };
    if ended {
        let change = FieldChange { field: "mute".to_owned(), old_value: json!(mute), new_value: Value::Null };
        activities.push(activity(issue.id, ActivityType::Muted, vec![change], cause));
        issue.mute = None;
    }
    ended
}

fn count(issue: &mut Issue, sighting: &Sighting, cause: &Cause) {
    issue.updated_at = issue.updated_at.max(cause.at);
    merge::on_own(issue, |issue| count_own(issue, sighting));
}

fn count_own(issue: &mut Issue, sighting: &Sighting) {
    let newest = issue.last_seen.is_none_or(|seen| sighting.last_at >= seen);
    issue.count = issue.count.saturating_add(sighting.count);
    issue.first_seen = Some(issue.first_seen.map_or(sighting.first_at, |seen| seen.min(sighting.first_at)));
    if newest {
        issue.last_seen = Some(sighting.last_at);
        issue.source = Some(sighting.place.clone());
        if let Some(reported) = &mut issue.reported {
            reported.level = sighting.body.level();
        }
    }
    counts::in_time(&mut issue.hours, counts::HOURS, sighting.last_at, sighting.count);
    counts::in_time(&mut issue.days, counts::DAYS, sighting.last_at, sighting.count);
    counts::by_workload(&mut issue.workloads, sighting);
    counts::by_release(issue, sighting);
}

fn sample(issue_id: IssueId, sighting: Sighting, cause: &Cause) -> Occurrence {
    let (report, tags, context) = sighting.body.sample();
    Occurrence {
        id: cause.id,
        issue_id,
        at: sighting.last_at,
        received_at: cause.at,
        count: sighting.count,
        via: sighting.via,
        place: sighting.place,
        report,
        tags,
        context,
    }
}

/// The samples that are worth writing: see [`samples::kept`].
pub fn thinned(mut occurrences: Vec<Occurrence>) -> Vec<Occurrence> {
    let of = |occurrence: &Occurrence| samples::Sample {
        key: occurrence.id,
        received_at: occurrence.received_at,
        full: occurrence.report.is_some(),
    };
    let kept = samples::kept(&occurrences.iter().map(of).collect::<Vec<_>>());
    occurrences.retain(|occurrence| kept.contains(&occurrence.id));
    occurrences
}
