//! The front ends that this tracker knows, as the resource has them: keys, origins, what confirms itself, thresholds in force;
//! and where incidents and issues go. Read-only: whoever wants another changes the resource.

use ::frustration::{
    incident::AutoConfirm,
    outbound::notice,
    rules::{Rules, Sensitivity},
    settings::{Outlet, Project},
};
use askama::Template;
use axum::{Extension, extract::State, response::Response};

use super::{
    Asked, UiState,
    failure::Failure,
    frame::{self, Frame},
    text::Shown,
    vocabulary::word,
};

/// Projects, keys of one, and routes of one that are shown.
const MOST: usize = 50;

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    frame: Frame,
    projects: Vec<Row>,
    outlets: Vec<Place>,
    left_out: usize,
}

struct Row {
    name: Shown,
    keys: Vec<String>,
    facts: Vec<(&'static str, Shown)>,
    sensitivity: &'static str,
    /// Those that differ from the table, everywhere and by route.
    changed: Vec<Differs>,
    /// All in force where no route has its own.
    all: Vec<(&'static str, u32, &'static str)>,
}

/// A threshold that is not the table's.
struct Differs {
    on: Shown,
    name: &'static str,
    value: u32,
    usual: u32,
}

/// Where incidents and issues go.
struct Place {
    name: Shown,
    system: &'static str,
    /// What goes there, a line for each sort.
    what: Vec<Shown>,
    is_dry: bool,
}

/// `GET /projects`.
pub async fn show(
    State(state): State<UiState>,
    Extension(asked): Extension<Asked>,
) -> Result<Response, Failure> {
    let settings = &state.visits.settings;
    let row = |project: &Project| row(project, &state.visits.project(&project.name).rules);
    Ok(frame::page(&ProjectsPage {
        frame: Frame::new(&state, &asked),
        projects: settings.projects.iter().take(MOST).map(row).collect(),
        outlets: settings.outbound.iter().take(MOST).map(place).collect(),
        left_out: settings.projects.len().saturating_sub(MOST),
    }))
}

fn row(project: &Project, rules: &Rules) -> Row {
    let usual = Rules::default();
    let globs = project.rules.routes.iter().take(MOST).map(|route| route.glob.as_str());
    let changed = [""].into_iter().chain(globs).flat_map(|glob| differs(rules, &usual, glob));
    let policy = &project.policy;
    let facts = [
        ("Origins", project.origins.join(", ")),
        (
            "Confirms itself",
            if project.auto_confirm == AutoConfirm::High { "high confidence" } else { "never" }.to_owned(),
        ),
        ("Sent from", format!("confidence {}", policy.min_confidence)),
        ("Sent a minute", policy.per_minute.to_string()),
        (
            "Answers",
            if project.silent {
                "always success; what is refused is counted"
            } else {
                "what became of events"
            }
            .to_owned(),
        ),
        (
            "Routes",
            if project.keep_query { "with what stands behind ?" } else { "without what stands behind ?" }
                .to_owned(),
        ),
    ];
    Row {
        name: Shown::line(&project.name, 100),
        keys: project.keys.iter().take(MOST).map(|key| masked(key)).collect(),
        facts: facts.into_iter().map(|(name, value)| (name, Shown::line(&value, 500))).collect(),
        sensitivity: match project.rules.sensitivity {
            Sensitivity::Low => "low",
            Sensitivity::Medium => "medium",
            Sensitivity::High => "high",
        },
        changed: changed.collect(),
        all: rules.list(""),
    }
}

/// What differs from the table on routes of a glob: a glob fits itself, for its stars stand for anything.
fn differs(rules: &Rules, usual: &Rules, glob: &str) -> Vec<Differs> {
    let on = if glob.is_empty() { "everywhere" } else { glob };
    let values = rules.list(glob).into_iter().zip(usual.list(glob));
    let other = values.filter(|((_, value, _), (_, usual, _))| value != usual);
    other
        .map(|((name, value, _), (_, usual, _))| Differs { on: Shown::line(on, 200), name, value, usual })
        .collect()
}

/// A key as a page shows it: its end, so that two can be told apart. Keys stand in the pages of front ends, but who reads a
/// tracker need not be able to send in their name.
fn masked(key: &str) -> String {
    let count = key.chars().count();
    let shown = if count >= 8 { 3 } else { 0 };
    let end: String = key.chars().skip(count - shown).filter(|c| c.is_ascii_graphic()).collect();
    format!("••••{end}")
}

fn place(outlet: &Outlet) -> Place {
    let of = if outlet.projects.is_empty() { "all projects".to_owned() } else { outlet.projects.join(", ") };
    let incidents = outlet.incidents.then(|| format!("confirmed incidents of {of}"));
    let what = incidents.into_iter().chain(outlet.issues.as_ref().map(issues));
    Place {
        name: Shown::line(&outlet.name, 100),
        system: outlet.to.word(),
        what: what.map(|text| Shown::line(&text, 500)).collect(),
        is_dry: outlet.dry_run,
    }
}

/// Which issues, and when.
fn issues(rules: &notice::Rules) -> String {
    let words = |all: Vec<String>| (!all.is_empty()).then(|| all.join(", "));
    let parts = [
        words(rules.when.iter().map(|cause| cause.word().to_owned()).collect()),
        rules.frequent.as_ref().map(|often| format!("{} reports in {} min", often.reports, often.minutes)),
        words(rules.priorities.iter().map(word).collect()).map(|all| format!("priority {all}")),
        words(rules.categories.iter().map(word).collect()).map(|all| format!("category {all}")),
        rules.query.clone(),
        rules
            .quiet_hours
            .as_ref()
            .map(|one| format!("quiet from {} to {} {}", one.from, one.to, one.time_zone)),
        rules.digest.as_ref().map(|one| format!("once a day at {} {}", one.at, one.time_zone)),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "issues".to_owned() } else { format!("issues: {}", parts.join(" · ")) }
}

#[cfg(test)]
mod tests {
    use ::frustration::rules::{RouteSettings, Settings};

    use super::*;

    #[test]
    fn a_key_is_not_shown() {
        for (key, shown) in [("shop-web-1", "••••b-1"), ("dev", "••••"), ("", "••••"), ("ключ-ключ", "••••")]
        {
            assert_eq!(masked(key), shown, "{key}");
        }
    }

    #[test]
    fn what_differs_from_the_table_is_told_by_route() {
        let route = RouteSettings {
            glob: "/editor/*".to_owned(),
            sensitivity: None,
            thresholds: [("rage.clicks".to_owned(), 9)].into(),
        };
        let settings = Settings {
            thresholds: [("blocked.retries".to_owned(), 3)].into(),
            routes: vec![route],
            ..Settings::default()
        };
        let project = Project { name: "shop".to_owned(), rules: settings, ..Project::default() };
        let rules = Rules::new(&project.rules).expect("settings that can be used");
        let told: Vec<_> = row(&project, &rules)
            .changed
            .iter()
            .map(|each| (each.on.to_string(), each.name, each.value, each.usual))
            .collect();
        let expected = [
            ("everywhere".to_owned(), "blocked.retries", 3, 2),
            ("/editor/*".to_owned(), "rage.clicks", 9, 4),
            ("/editor/*".to_owned(), "blocked.retries", 3, 2),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn rules_of_issues_are_told_in_the_words_of_the_resource() {
        let told = |text: &str| issues(&serde_json::from_str(text).expect("rules"));
        assert_eq!(told("{}"), "issues");
        let rules = r#"{"when": ["new", "frequent"], "frequent": {"reports": 10, "minutes": 5}, "priorities": ["high", "critical"],
            "categories": ["data"], "query": "workload:api", "quietHours": {"from": "22:00", "to": "07:00", "timeZone": "UTC"}}"#;
        assert_eq!(
            told(rules),
            "issues: new, frequent · 10 reports in 5 min · priority high, critical · category data · workload:api · \
             quiet from 22:00 to 07:00 UTC"
        );
        assert_eq!(told(r#"{"digest": {"at": "08:00"}}"#), "issues: once a day at 08:00 UTC");
    }
}
