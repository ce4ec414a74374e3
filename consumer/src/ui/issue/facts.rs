//! The side of the issue page: releases, workloads, and why its reports are one issue.

use issue::document::{Issue, Mute};
use jiff::Timestamp;

use crate::ui::{
    number,
    text::{self, Shown},
    url::Url,
    vocabulary,
    when::When,
};

/// Rows of each table.
const ROWS: usize = 8;

/// What is known of an issue besides its occurrences.
pub struct Facts {
    /// Newest first.
    pub releases: Vec<Release>,
    /// How many more there are.
    pub releases_left_out: usize,
    /// Most reports first.
    pub workloads: Vec<Workload>,
    /// How many more there are.
    pub workloads_left_out: usize,
    /// Why these reports are one issue; empty for a hand-written one.
    pub grouping: Vec<(&'static str, Shown)>,
    /// Kind, language, category and component.
    pub traits: Vec<(&'static str, Shown)>,
    /// Free labels.
    pub tags: Vec<Shown>,
}

/// What one release contributed.
pub struct Release {
    /// Shortened.
    pub name: Shown,
    /// The list narrowed to it.
    pub url: String,
    /// Its first report.
    pub first_seen: When,
    /// How many.
    pub count: String,
}

/// What one workload contributed.
pub struct Workload {
    /// Without its kind.
    pub name: Shown,
    /// Deployment, CronJob.
    pub kind: Shown,
    /// The list narrowed to it.
    pub url: String,
    /// How many.
    pub count: String,
    /// Of all reports, as a percentage.
    pub share: String,
}

impl Facts {
    /// Of one issue.
    pub fn of(issue: &Issue, now: Timestamp) -> Self {
        Self {
            releases: releases(issue, now),
            releases_left_out: issue.releases.len().saturating_sub(ROWS),
            workloads: workloads(issue),
            workloads_left_out: issue.workloads.len().saturating_sub(ROWS),
            grouping: grouping(issue),
            traits: traits(issue),
            tags: issue.tags.iter().take(20).map(|tag| Shown::line(tag, 60)).collect(),
        }
    }
}

fn narrowed(key: &str, value: &str) -> String {
    let query = format!("{key}:\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    // A value as long as this names nothing; the filter would cut it anyway.
    if query.len() > 300 {
        "/issues?q=".to_owned()
    } else {
        Url::of("/issues").with("q", Some(&query)).build()
    }
}

fn releases(issue: &Issue, now: Timestamp) -> Vec<Release> {
    let mut all: Vec<_> = issue.releases.iter().collect();
    all.sort_by_key(|(_, seen)| std::cmp::Reverse(seen.first_seen));
    let view = |(name, seen): (&String, &issue::document::ReleaseSeen)| Release {
        name: text::release(name),
        url: narrowed("release", name),
        first_seen: When::at(seen.first_seen, now),
        count: number::short(seen.count),
    };
    all.into_iter().take(ROWS).map(view).collect()
}

fn workloads(issue: &Issue) -> Vec<Workload> {
    let sum: u128 = issue.workloads.values().map(|count| u128::from(*count)).sum();
    let mut all: Vec<_> = issue.workloads.iter().collect();
    all.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let view = |(path, count): (&String, &u64)| {
        let (kind, name) = path.split_once('/').unwrap_or(("", path));
        Workload {
            name: Shown::line(name, 80),
            kind: Shown::line(kind, 30),
            url: narrowed("workload", path),
            count: number::short(*count),
            share: format!("{}%", u128::from(*count) * 100 / sum.max(1)),
        }
    };
    all.into_iter().take(ROWS).map(view).collect()
}

fn grouping(issue: &Issue) -> Vec<(&'static str, Shown)> {
    let Some(reported) = &issue.reported else { return Vec::new() };
    let line = |text: Option<&str>| Shown::line(text.unwrap_or_default(), 300);
    present([
        ("Type", line(reported.error_type.as_deref())),
        ("Message", line(Some(&reported.template))),
        ("Location", line(reported.culprit.as_deref())),
        ("Component", line(issue.component.as_deref())),
        ("Fingerprint", line(Some(&reported.fingerprint))),
    ])
}

fn traits(issue: &Issue) -> Vec<(&'static str, Shown)> {
    let reported = issue.reported.as_ref();
    let line = |text: &str| Shown::line(text, 100);
    present([
        ("Kind", line(reported.map(|r| vocabulary::kind(r.kind)).unwrap_or_default())),
        ("Language", line(reported.map(|r| vocabulary::language(r.language)).unwrap_or_default())),
        ("Category", line(reported.map(|r| vocabulary::category(r.category)).unwrap_or_default())),
        ("Component", line(issue.component.as_deref().unwrap_or_default())),
        ("Severity", line(issue.severity.as_deref().unwrap_or_default())),
    ])
}

fn present<const N: usize>(facts: [(&'static str, Shown); N]) -> Vec<(&'static str, Shown)> {
    facts.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// When a muted issue makes itself heard again.
pub fn mute(mute: &Mute) -> Shown {
    let text = match mute {
        Mute::Until(at) => format!("until {}", at.strftime("%Y-%m-%d %H:%M UTC")),
        Mute::Count(count) => format!("until {} reports", number::exact(*count)),
        Mute::NextRelease(release) => format!("until a release after {}", text::release(release)),
    };
    Shown::line(&text, 120)
}
