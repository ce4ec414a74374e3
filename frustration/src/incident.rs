//! An incident: signals that belong together, what they mean, and where it failed.

use issue::{
    finish::{self, Origin},
    report::{self, Parsed, Report},
};
use serde::{Deserialize, Serialize};

use crate::{
    detect::{Kind as SignalKind, Signal, Strength, View},
    event::time::{self, MINUTE, SECOND},
    id,
    rules::VERSION,
    score::{self, Clarity, Kind, Level, Severity},
    session::Session,
    words,
};

mod explain;

/// What people decided about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing yet.
    #[default]
    New,
    /// It is one: what is confirmed becomes a ticket.
    Confirmed,
    /// It is none.
    Dismissed,
}

/// Who confirms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AutoConfirm {
    /// High confidence confirms itself.
    High,
    /// People alone.
    #[default]
    Never,
}

/// A signal as an incident tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignalDetail {
    /// Of what.
    #[serde(rename = "type")]
    pub kind: SignalKind,
    /// Its first event, RFC 3339.
    pub timestamp: String,
    /// Where.
    pub route: String,
    /// More.
    pub details: Details,
}

/// What else is known of a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// How sure.
    pub strength: Strength,
    /// How many events make it up.
    pub count: u32,
    /// From its first to its last event.
    pub duration_ms: i64,
    /// On what; empty for nothing.
    pub target: String,
    /// The page said that something was wrong.
    pub feedback: bool,
}

/// The document. Times of the tracker (`createdAt`, `exportedAt`) are written by whoever stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Incident {
    /// Made of project, session and failure point: finding it again gives the same.
    pub incident_id: String,
    /// The visit.
    pub session_id: String,
    /// The project.
    pub project_id: String,
    /// 0 to 100.
    pub frustration_score: u32,
    /// High, Medium or Low.
    pub confidence_level: Level,
    /// 0 to 100.
    pub confidence_score: u32,
    /// Kinds, each once, by time.
    pub triggering_signals: Vec<SignalKind>,
    /// `route:component:action`.
    pub primary_failure_point: String,
    /// Critical to Low.
    pub severity_type: Severity,
    /// Bug, Performance, UX, Dark Pattern.
    pub kind: Kind,
    /// The first signal's first event, RFC 3339.
    pub timestamp: String,
    /// Four sentences: signals, window, reason, place.
    pub explanation: String,
    /// Each signal.
    pub signal_details: Vec<SignalDetail>,
    /// Traces of requests of that time: what a backend told under the same is linked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trace_ids: Vec<String>,
    /// Which table of thresholds judged.
    #[serde(default)]
    pub rules_version: u32,
    /// Medium confidence wants a look.
    #[serde(default)]
    pub needs_review: bool,
    /// What people decided.
    #[serde(default)]
    pub status: Status,
    /// Never sent out.
    #[serde(default)]
    pub suppressed: bool,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_ticket_id: Option<String>,
    /// Where it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_system: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exported_at: Option<String>,
    /// It could not be sent.
    #[serde(default)]
    pub export_failed: bool,
    /// RFC 3339, by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// RFC 3339, by the store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// So many signals are told one by one; all of them count.
const DETAILS: usize = 100;

/// Requests within this time of its signals belong to it.
const AROUND: i64 = 30 * SECOND;

/// Where it failed.
struct Place<'v> {
    route: &'v str,
    component: &'v str,
    action: &'static str,
    clarity: Clarity,
}

impl Place<'_> {
    fn failure_point(&self) -> String {
        format!("{}:{}:{}", self.route, self.component, self.action)
    }
}

impl Incident {
    pub(crate) fn new(session: &Session, view: &View, group: &[Signal]) -> Self {
        let place = place(view, group);
        let point = place.failure_point();
        let key = &session.key;
        let confidence_score = score::confidence(group, place.clarity);
        let confidence_level = Level::of(confidence_score);
        let frustration_score = score::score(group);
        let mut kinds = Vec::new();
        for signal in group {
            if !kinds.contains(&signal.kind) {
                kinds.push(signal.kind);
            }
        }
        let first = group.iter().map(|signal| signal.at).min().unwrap_or_default();
        let last = group.iter().map(|signal| signal.end).max().unwrap_or(first);
        Self {
            incident_id: id::uuid(&["incident", &key.project, &key.session, &point]),
            session_id: key.session.clone(),
            project_id: key.project.clone(),
            frustration_score,
            confidence_level,
            confidence_score,
            triggering_signals: kinds,
            severity_type: Severity::of(frustration_score, words::Purpose::of(place.route).payment),
            kind: Kind::of(group),
            timestamp: time::rfc3339(first),
            explanation: explain::explain(view, group, &place),
            primary_failure_point: point,
            signal_details: group.iter().take(DETAILS).map(|signal| detail(view, signal)).collect(),
            trace_ids: session.traces(first.saturating_sub(AROUND), last.saturating_add(AROUND)),
            rules_version: VERSION,
            needs_review: confidence_level == Level::Medium,
            status: Status::New,
            suppressed: false,
            external_ticket_id: None,
            external_system: None,
            exported_at: None,
            export_failed: false,
            created_at: None,
            updated_at: None,
        }
    }

    /// Whether a strong signal carries it, so that it need not wait for the end of the visit.
    pub fn is_strong(&self) -> bool {
        self.signal_details.iter().any(|signal| signal.details.strength == Strength::Strong)
    }

    /// Of the whole content: equal digests need not be told again.
    pub fn digest(&self) -> u64 {
        let text = serde_json::to_string(self).unwrap_or_default();
        id::digest(&[&text]).iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    /// What people see it as at first.
    pub fn initial_status(&self, auto: AutoConfirm) -> Status {
        match (auto, self.confidence_level) {
            (AutoConfirm::High, Level::High) => Status::Confirmed,
            _ => Status::New,
        }
    }

    /// The same id, or the same failure point of the same visit within five minutes.
    pub fn is_duplicate_of(&self, other: &Self) -> bool {
        let at =
            |incident: &Self| incident.timestamp.parse::<jiff::Timestamp>().map(|t| t.as_millisecond()).ok();
        let near = at(self).zip(at(other)).is_some_and(|(one, two)| (one - two).abs() <= 5 * MINUTE);
        let place = |incident: &Self| {
            (incident.project_id.clone(), incident.session_id.clone(), incident.primary_failure_point.clone())
        };
        self.incident_id == other.incident_id || (near && place(self) == place(other))
    }

    /// The report that makes it an occurrence of an issue. Project, failure point and the set of signals decide which:
    /// sessions do not count, so that repeats of other visitors meet.
    pub fn report(&self, rules: &finish::Rules) -> Report {
        let mut names: Vec<&str> = self.triggering_signals.iter().map(|kind| kind.name()).collect();
        names.sort_unstable();
        let parts = ["frustration", &self.project_id, &self.primary_failure_point, &names.join("+")];
        let fingerprint = parts.map(str::to_owned);
        let level = if self.kind == Kind::Bug { report::Level::Error } else { report::Level::Warning };
        let mut parsed =
            Parsed::of_text(report::Kind::Log, level, report::Language::Unknown, self.explanation.clone());
        parsed.error_type =
            Some(format!("Frustration.{}", self.main_signal().map_or("signal", |s| s.kind.name())));
        parsed.message = format!("{} at {}", names.join(", "), self.primary_failure_point);
        let origin = Origin { component: Some(&self.project_id), fingerprint: Some(&fingerprint) };
        finish::finish(parsed, rules, &origin)
    }

    /// The signal that names it: the weightiest, the first of equals.
    pub fn main_signal(&self) -> Option<&SignalDetail> {
        let weightiest = self.signal_details.iter().map(|signal| signal.kind.weight()).max()?;
        self.signal_details.iter().find(|signal| signal.kind.weight() == weightiest)
    }

    /// Route and component of the failure point, as they were put into it.
    pub fn place(&self) -> (&str, &str) {
        let route = self.main_signal().map(|signal| signal.route.as_str()).unwrap_or_default();
        let rest = self.primary_failure_point.strip_prefix(route).unwrap_or(&self.primary_failure_point);
        let rest = rest.strip_prefix(':').unwrap_or(rest);
        (route, rest.rsplit_once(':').map_or(rest, |(component, _)| component))
    }
}

pub(crate) fn detail(view: &View, signal: &Signal) -> SignalDetail {
    SignalDetail {
        kind: signal.kind,
        timestamp: time::rfc3339(signal.at),
        route: view.text(signal.route).to_owned(),
        details: Details {
            strength: signal.strength,
            count: signal.count,
            duration_ms: signal.end - signal.at,
            target: bare(view.text(signal.target)).to_owned(),
            feedback: signal.feedback,
        },
    }
}

/// A kept target without the mark of what it is.
fn bare(target: &str) -> &str {
    target.strip_prefix(['#', '$', '@']).unwrap_or(target)
}

/// The place of the weightiest signal; the component is another's where it has none of its own.
fn place<'v>(view: &View<'v>, group: &[Signal]) -> Place<'v> {
    let main = group.iter().rev().max_by_key(|signal| signal.kind.weight());
    let route = main.map(|signal| view.text(signal.route)).unwrap_or_default();
    let kind = main.map(|signal| signal.kind);
    let mut targets = main.into_iter().chain(group).map(|signal| view.text(signal.target));
    let component = targets.find(|target| !bare(target).is_empty()).unwrap_or_default();
    let (component, clarity) = match component.chars().next() {
        Some('#') => (bare(component), Clarity::Id),
        Some('$') => (bare(component), Clarity::Selector),
        Some(_) => (bare(component), Clarity::Type),
        None if kind == Some(SignalKind::Confusion) => ("navigation", Clarity::Routes),
        None => ("page", Clarity::Route),
    };
    Place { route, component, action: kind.map_or("use", SignalKind::action), clarity }
}
