//! The text of a ticket, once for all targets: a title by the main signal and six sections.

use super::{Priority, markup};
use crate::{detect::Kind, incident::Incident, words};

/// Titles by the main signal; `{}` is the feature, `{on}` the component.
const TITLES: &[(Kind, &str)] = &[
    (Kind::Rage, "Users click {on} again and again in {}"),
    (Kind::Blocked, "Users blocked in {} by a refused action"),
    (Kind::Abandonment, "Users abandon {} after a failure"),
    (Kind::Confusion, "Users lose their way in {}"),
    (Kind::FormLoop, "Users stuck in {} form submission loop"),
    (Kind::RageBait, "Users misled by {on} in {}"),
    (Kind::DeadClick, "Clicks on {on} do nothing in {}"),
    (Kind::ErrorClick, "Clicks on {on} fail in {}"),
    (Kind::ThrashedCursor, "Users wait for {} with a restless pointer"),
];

/// What users were trying to do, by the main signal.
const GOALS: &[(Kind, &str)] = &[
    (Kind::Rage, "They clicked {on} and expected it to answer."),
    (Kind::Blocked, "They tried to submit {on}."),
    (Kind::Abandonment, "They had begun {} and wanted to complete it."),
    (Kind::Confusion, "They were looking for something in {}."),
    (Kind::FormLoop, "They tried to send the form {on}."),
    (Kind::RageBait, "They took {on} for something that can be clicked."),
    (Kind::DeadClick, "They clicked {on} and expected something to happen."),
    (Kind::ErrorClick, "They clicked {on}."),
    (Kind::ThrashedCursor, "They waited for {} to answer."),
];

/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a section.
const SECTION: usize = 4000;

/// What a ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// What a visitor met.
    Incident,
    /// What programs report.
    Issue,
}

impl About {
    /// Part of the key of its delivery; never changes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Incident => "incident",
            Self::Issue => "issue",
        }
    }

    /// What our page of it shows.
    pub fn page(self) -> &'static str {
        match self {
            Self::Incident => "The incident and its timeline",
            Self::Issue => "The issue, its occurrences and its history",
        }
    }

    /// What an attachment is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Incident => "Incident",
            Self::Issue => "Issue",
        }
    }
}

/// A ticket, not yet in any target's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// One line.
    pub title: String,
    /// Heading and plain text.
    pub sections: Vec<(&'static str, String)>,
    /// How urgent.
    pub priority: Priority,
    /// Of an incident `user-behavior-detection`, severity, feature; of an issue `issuetracker`, category, what happened.
    pub labels: Vec<String>,
    /// What it is about.
    pub about: About,
    /// Which one.
    pub id: String,
    /// Our page of it, where a public address is known.
    pub link: Option<String>,
}

impl Ticket {
    /// Of an incident that is sent at all; `base` is the address of our pages.
    pub fn of(incident: &Incident, base: Option<&str>) -> Option<Self> {
        let priority = Priority::of(incident.confidence_score, incident.severity_type)?;
        let (route, component) = incident.place();
        let feature = words::feature(route);
        let main = incident.main_signal().map(|signal| signal.kind);
        let filled = |table: &[(Kind, &str)]| {
            let text = table
                .iter()
                .find(|(kind, _)| Some(*kind) == main)
                .map_or("Users are frustrated in {}", |r| r.1);
            markup::line(&text.replacen("{}", feature, 1).replacen("{on}", component, 1), TITLE)
        };
        Some(Self {
            title: filled(TITLES),
            sections: sections(incident, filled(GOALS)),
            priority,
            labels: vec![
                "user-behavior-detection".to_owned(),
                format!("severity-{}", incident.severity_type.name().to_lowercase()),
                markup::label(&format!("feature-{feature}"), 60),
            ],
            about: About::Incident,
            id: incident.incident_id.clone(),
            link: base
                .map(|base| format!("{}/incidents/{}", base.trim_end_matches('/'), incident.incident_id)),
        })
    }

    /// The label that finds the ticket again.
    pub fn marker(&self) -> String {
        format!("issuetracker-{}", self.id)
    }
}

fn sections(incident: &Incident, goal: String) -> Vec<(&'static str, String)> {
    let names: Vec<&str> = incident.triggering_signals.iter().map(|kind| kind.name()).collect();
    let evidence: Vec<String> = incident.signal_details.iter().take(20).map(evidence).collect();
    let review = if incident.needs_review { " It should be looked at before work starts." } else { "" };
    let bounded = |text: String| markup::cut(&text, SECTION);
    vec![
        (
            "Summary",
            bounded(format!(
                "{} ({}, severity {}, score {} of 100) at {}.",
                names.join(", "),
                incident.kind.name(),
                incident.severity_type.name(),
                incident.frustration_score,
                markup::line(&incident.primary_failure_point, 500),
            )),
        ),
        ("What users were trying to do", bounded(goal)),
        ("What went wrong", bounded(markup::line(&incident.explanation, SECTION))),
        ("Evidence", bounded(evidence.join("\n"))),
        (
            "Confidence",
            format!("{} ({} of 100).{review}", incident.confidence_level.name(), incident.confidence_score),
        ),
        (
            "Notes",
            bounded(format!(
                "Session {} of project {}. Incident {}. Found by rules of version {}.",
                markup::line(&incident.session_id, 200),
                markup::line(&incident.project_id, 200),
                incident.incident_id,
                incident.rules_version,
            )),
        ),
    ]
}

fn evidence(signal: &crate::incident::SignalDetail) -> String {
    let details = &signal.details;
    let feedback = if details.feedback { ", with feedback of the page" } else { "" };
    let on = if details.target.is_empty() { "" } else { " on " };
    format!(
        "{}: {} events in {} ms{on}{} at {}{feedback} ({})",
        signal.kind.name(),
        details.count,
        details.duration_ms,
        markup::line(&details.target, 200),
        markup::line(&signal.route, 200),
        signal.timestamp,
    )
}
