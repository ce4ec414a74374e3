//! Issues that tell of the same request or visit, on the pages of both sides.

use super::{failure::Failure, text::Shown, vocabulary};
use crate::{
    store::IssueStore,
    visits::links::{self, Linked},
};
use ::issue::id::IssueId;

/// One of them.
pub struct Related {
    pub url: String,
    pub title: Shown,
    pub status: String,
    /// What both have in common.
    pub by: &'static str,
    /// The incident by which they were found.
    pub incident: String,
}

/// Those of an issue, or only those that an incident found.
pub async fn of(
    store: &dyn IssueStore,
    issue: IssueId,
    incident: Option<&str>,
) -> Result<Vec<Related>, Failure> {
    let found = links::of_issue(store, issue).await?;
    let is_wanted = |linked: &&Linked| incident.is_none_or(|id| linked.link.incident_id == id);
    Ok(found.iter().filter(is_wanted).map(related).collect())
}

fn related(linked: &Linked) -> Related {
    Related {
        url: format!("/issues/{}", linked.issue.id),
        title: Shown::line(&linked.issue.title, 150),
        status: vocabulary::word(linked.issue.status),
        by: linked.link.by.word(),
        incident: format!("/incidents/{}", linked.link.incident_id),
    }
}
