//! What a text filter looks into, and how the names of workloads are asked for: the same in every store.

use issue::document::Issue;

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
