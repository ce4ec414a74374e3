//! What a text filter looks into, and how the names of workloads are asked for: the same in every store.

use issue::{document::Issue, report::Category};

use super::IssueQuery;

impl IssueQuery {
    /// Whether a list of this query has an issue: what every store finds, asked of one. Order, cursor and limit say nothing.
    pub fn shows(&self, issue: &Issue) -> bool {
        let category = issue.reported.as_ref().map_or(Category::Unknown, |reported| reported.category);
        let workloads = || issue.workloads.keys().flat_map(|workload| workload_names(workload));
        let text = folded(self.text.as_deref().unwrap_or_default());
        let words = words(issue);
        is_any(&self.status, issue.status)
            && is_any(&self.priority, issue.priority)
            && is_any(&self.issue_type, issue.issue_type)
            && is_any(&self.category, category)
            && is(&self.assignee, issue.assignee_id.as_deref())
            && is(&self.reporter, Some(&issue.reporter_id))
            && is(&self.component, issue.component.as_deref())
            && self.workload.as_deref().is_none_or(|asked| workloads().any(|name| name == asked))
            && self.release.as_ref().is_none_or(|asked| issue.releases.contains_key(asked))
            && (issue.regressed || !self.regressed)
            && text.split_whitespace().all(|word| words.contains(word))
    }
}

fn is_any<T: PartialEq>(asked: &[T], one: T) -> bool {
    asked.is_empty() || asked.contains(&one)
}

fn is(asked: &Option<String>, one: Option<&str>) -> bool {
    asked.is_none() || asked.as_deref() == one
}

/// Title, culprit and template, in lower case, a line each.
pub(super) fn words(issue: &Issue) -> String {
    let reported = issue.reported.as_ref();
    let culprit = reported.and_then(|reported| reported.culprit.as_deref()).unwrap_or_default();
    let template = reported.map(|reported| reported.template.as_str()).unwrap_or_default();
    folded([issue.title.as_str(), culprit, template].join("\n").as_str())
}

/// The form in which text is compared.
pub(super) fn folded(text: &str) -> String {
    // SQLite ends text at a NUL, and the rest would not be found.
    text.replace('\0', " ").to_lowercase()
}

/// `Deployment/api` is asked for whole or as `api`.
pub(super) fn workload_names(workload: &str) -> impl Iterator<Item = &str> {
    let bare = workload.split_once('/').map(|(_, name)| name).filter(|name| !name.is_empty());
    [Some(workload), bare].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_is_asked_for_with_and_without_its_kind() {
        for (workload, expect) in
            [("Deployment/api", vec!["Deployment/api", "api"]), ("api", vec!["api"]), ("Job/", vec!["Job/"])]
        {
            assert_eq!(workload_names(workload).collect::<Vec<_>>(), expect);
        }
    }
}
