//! The document that sidecars read while they run, from the resource: the same words, checked as a sidecar checks them.

use issue::{
    finish::{GroupingRule, RulesError, Words},
    report::Level,
    settings::{Capture, Grouping, InApp, RedactPattern, SidecarSettings, Window},
};

use super::{Problem, rules};
use crate::resource::{IssueTrackerSpec, MinLevel};

/// The document as JSON. What no sidecar would take is a problem of the resource.
pub(super) fn of(spec: &IssueTrackerSpec, problems: &mut Vec<Problem>) -> String {
    let window = Window::parse(&spec.grouping.window)
        .inspect_err(|error| problems.push(Problem::new("spec.grouping.window", error.to_string())));
    let settings = SidecarSettings {
        capture: Capture {
            min_level: Some(level(spec.capture.min_level)),
            redact: spec
                .capture
                .redact
                .iter()
                .map(|one| RedactPattern { name: one.name.clone(), pattern: one.pattern.clone() })
                .collect(),
        },
        grouping: Grouping {
            window: window.ok(),
            in_app: InApp {
                include: spec.grouping.in_app.include.clone(),
                exclude: spec.grouping.in_app.exclude.clone(),
            },
            rules: spec
                .grouping
                .rules
                .iter()
                .map(|rule| GroupingRule {
                    pattern: rule.matches.clone(),
                    fingerprint: Words::Many(rule.fingerprint.clone()),
                })
                .collect(),
            categories: Vec::new(),
        },
    };
    if let Err(error) = rules(&settings.rules()) {
        problems.push(Problem::new(field(&error), error.to_string()));
    }
    serde_json::to_string_pretty(&settings).unwrap_or_default()
}

fn field(error: &RulesError) -> String {
    match error {
        RulesError::Redact(_) => "spec.capture.redact".to_owned(),
        RulesError::Grouping { index, .. } => format!("spec.grouping.rules[{index}].match"),
        RulesError::Category { index, .. } => format!("spec.grouping.categories[{index}].match"),
    }
}

fn level(level: MinLevel) -> Level {
    match level {
        MinLevel::Warning => Level::Warning,
        MinLevel::Error => Level::Error,
        MinLevel::Fatal => Level::Fatal,
    }
}
