//! The file that the tracker service reads of front ends and of where incidents go, from the resource: the same words,
//! checked as the service checks them.

use frustration::{
    incident::AutoConfirm,
    outbound::{Policy, email, jira, linear, notice},
    rules,
    settings::{Kind, Login, Outlet, Project, Refused, Settings},
};

use super::Problem;
use crate::resource::{self, EmailTls, IssueTrackerSpec};

/// Where the Secrets of outlets are mounted, each in a folder of its own.
const AT: &str = "/issuetracker/secrets";

/// The folder of an outlet's Secret.
pub fn folder(outlet: &str) -> String {
    format!("outbound-{outlet}")
}

/// The name of the Secret of an outlet.
pub fn secret(outlet: &resource::Outlet) -> Option<&str> {
    let login = outlet.email.as_ref().and_then(|one| one.secret_ref.as_ref());
    let of = [
        outlet.jira.as_ref().map(|one| &one.secret_ref),
        outlet.linear.as_ref().map(|one| &one.secret_ref),
        outlet.slack.as_ref().map(|one| &one.secret_ref),
        outlet.webhook.as_ref().map(|one| &one.secret_ref),
    ];
    let of = of.into_iter().flatten().map(|one| one.name.as_str());
    of.chain(login.map(|one| one.name.as_str())).next()
}

/// The file as JSON; `None` where the resource takes no events and sends nothing. What the service would not take is a problem.
pub(super) fn of(spec: &IssueTrackerSpec, problems: &mut Vec<Problem>) -> Option<String> {
    if spec.frustration.is_none() && spec.outbound.is_empty() {
        return None;
    }
    let mut outbound = Vec::new();
    for (index, outlet) in spec.outbound.iter().enumerate() {
        if outlet.issues.is_none() && (spec.frustration.is_none() || !outlet.incidents) {
            let text = "is sent nothing: set issues, or spec.frustration, whose incidents go there unless incidents is false";
            problems.push(Problem::new(format!("spec.outbound[{index}]"), text));
        }
        match kind(outlet) {
            Some(to) => outbound.push(Outlet {
                name: outlet.name.clone(),
                projects: outlet.projects.clone(),
                incidents: outlet.incidents,
                issues: outlet.issues.as_ref().map(rules_of_issues),
                dry_run: outlet.dry_run,
                allow_private: outlet.allow_private,
                per_minute: outlet.per_minute,
                to,
            }),
            None => {
                let text = "set exactly one of jira, linear, slack, webhook and email";
                problems.push(Problem::new(format!("spec.outbound[{index}]"), text));
            }
        }
    }
    let projects = spec.frustration.iter().flat_map(|told| told.projects.iter().map(project)).collect();
    let settings = Settings { projects, outbound };
    if let Err(error) = settings.check() {
        let field = match &error {
            Refused::Outlet(..) => "spec.outbound",
            _ => "spec.frustration",
        };
        problems.push(Problem::new(field, error.to_string()));
    }
    Some(serde_json::to_string_pretty(&settings).unwrap_or_default())
}

fn project(told: &resource::Project) -> Project {
    let route = |route: &resource::Route| rules::RouteSettings {
        glob: route.glob.clone(),
        sensitivity: route.sensitivity.map(sensitivity),
        thresholds: route.thresholds.clone(),
    };
    Project {
        name: told.name.clone(),
        keys: told.keys.clone(),
        origins: told.origins.clone(),
        silent: told.silent,
        keep_query: told.keep_query,
        auto_confirm: match told.auto_confirm {
            resource::AutoConfirm::High => AutoConfirm::High,
            resource::AutoConfirm::Never => AutoConfirm::Never,
        },
        rules: rules::Settings {
            sensitivity: sensitivity(told.sensitivity),
            thresholds: told.thresholds.clone(),
            routes: told.routes.iter().map(route).collect(),
        },
        policy: Policy { min_confidence: told.min_confidence, per_minute: told.tickets_per_minute },
    }
}

fn rules_of_issues(told: &resource::IssueRules) -> notice::Rules {
    let quiet = |told: &resource::QuietHours| notice::Quiet {
        from: told.from.clone(),
        to: told.to.clone(),
        time_zone: told.time_zone.clone(),
    };
    let digest =
        |told: &resource::Digest| notice::Digest { at: told.at.clone(), time_zone: told.time_zone.clone() };
    let frequent = |told: &resource::Frequent| notice::frequent::Frequent {
        reports: told.reports,
        minutes: told.minutes,
    };
    notice::Rules {
        when: told.when.clone(),
        priorities: told.priorities.clone(),
        categories: told.categories.clone(),
        query: told.query.clone(),
        frequent: told.frequent.as_ref().map(frequent),
        quiet_hours: told.quiet_hours.as_ref().map(quiet),
        digest: told.digest.as_ref().map(digest),
    }
}

fn sensitivity(told: resource::Sensitivity) -> rules::Sensitivity {
    match told {
        resource::Sensitivity::Low => rules::Sensitivity::Low,
        resource::Sensitivity::Medium => rules::Sensitivity::Medium,
        resource::Sensitivity::High => rules::Sensitivity::High,
    }
}

/// Exactly one of the kinds.
fn kind(outlet: &resource::Outlet) -> Option<Kind> {
    let file = |key: &str| format!("{AT}/{}/{key}", folder(&outlet.name));
    match (&outlet.jira, &outlet.linear, &outlet.slack, &outlet.webhook, &outlet.email) {
        (Some(jira), None, None, None, None) => Some(Kind::Jira {
            url: jira.url.clone(),
            email: jira.email.clone(),
            secret_file: file(&jira.secret_ref.key),
            target: target(jira)?,
        }),
        (None, Some(linear), None, None, None) => Some(Kind::Linear {
            url: linear.url.clone(),
            secret_file: file(&linear.secret_ref.key),
            target: linear::Target {
                team_id: linear.team_id.clone(),
                label_ids: linear.label_ids.clone(),
                labels: linear.labels.clone(),
            },
        }),
        (None, None, Some(slack), None, None) => {
            Some(Kind::Slack { secret_file: file(&slack.secret_ref.key) })
        }
        (None, None, None, Some(webhook), None) => {
            Some(Kind::Webhook { url: webhook.url.clone(), secret_file: file(&webhook.secret_ref.key) })
        }
        (None, None, None, None, Some(email)) => Some(mail(email, file)),
        _ => None,
    }
}

fn mail(told: &resource::Email, file: impl Fn(&str) -> String) -> Kind {
    let login = || Login { user_file: file("username"), password_file: file("password") };
    Kind::Email {
        host: told.host.clone(),
        port: told.port,
        tls: match told.tls {
            EmailTls::Starttls => email::Tls::Starttls,
            EmailTls::Implicit => email::Tls::Implicit,
            EmailTls::None => email::Tls::None,
        },
        login: told.secret_ref.as_ref().map(|_| login()),
        target: email::Target { from: told.from.clone(), to: told.to.clone() },
    }
}

fn target(told: &resource::Jira) -> Option<jira::Target> {
    let standard = || ["Highest", "High", "Medium", "Low", "Lowest"].map(str::to_owned);
    let priorities = match &told.priorities {
        None => standard(),
        Some(names) => names.clone().try_into().ok()?,
    };
    Some(jira::Target { project: told.project.clone(), issue_type: told.issue_type.clone(), priorities })
}
