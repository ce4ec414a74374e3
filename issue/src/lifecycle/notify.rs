//! Who is told of what: the assignee and the person who wrote the issue, whoever is named in a comment; never the one
//! who did it.

use std::collections::BTreeSet;

use super::Cause;
use crate::document::{Issue, Notification};

/// How many people one comment can call.
const MENTIONS: usize = 20;

pub(super) fn assigned(issue: &Issue, cause: &Cause) -> Vec<Notification> {
    let message = format!("{} assigned {} to you", cause.actor, title(issue));
    tell(issue, "assigned", &message, issue.assignee_id.as_deref(), cause)
}

pub(super) fn status_changed(issue: &Issue, cause: &Cause) -> Vec<Notification> {
    let status = serde_json::to_value(issue.status).unwrap_or_default();
    let message = format!("{} set {} to {}", cause.actor, title(issue), status.as_str().unwrap_or_default());
    tell(issue, "status-changed", &message, concerned(issue), cause)
}

pub(super) fn regressed(issue: &Issue, cause: &Cause) -> Vec<Notification> {
    tell(issue, "regressed", &format!("{} came back", title(issue)), concerned(issue), cause)
}

/// Those who are named are told that, and not once more that there is a comment.
pub(super) fn commented(issue: &Issue, content: &str, cause: &Cause) -> Vec<Notification> {
    let named = mentions(content);
    let message = format!("{} mentioned you in {}", cause.actor, title(issue));
    let mut told = tell(issue, "mentioned", &message, named.iter().copied(), cause);
    let others = concerned(issue).into_iter().filter(|user| !named.contains(user));
    let message = format!("{} commented on {}", cause.actor, title(issue));
    told.extend(tell(issue, "commented", &message, others, cause));
    told
}

/// The assignee, and the writer of an issue that a person wrote: reports are written by service users, who read nothing.
fn concerned(issue: &Issue) -> BTreeSet<&str> {
    let writer = issue.reported.is_none().then_some(issue.reporter_id.as_str());
    issue.assignee_id.as_deref().into_iter().chain(writer).collect()
}

/// `@name` at the beginning of a word; a name may be an e-mail address.
fn mentions(content: &str) -> BTreeSet<&str> {
    content
        .split(|c: char| c.is_whitespace() || "([{,;".contains(c))
        .filter_map(|word| word.strip_prefix('@'))
        .map(|name| name.trim_end_matches(|c: char| !c.is_alphanumeric()))
        .filter(|name| !name.is_empty() && name.len() <= 100)
        .take(MENTIONS)
        .collect()
}

fn title(issue: &Issue) -> String {
    let mut title: String = issue.title.chars().take(80).collect();
    if title.len() < issue.title.len() {
        title.push('…');
    }
    format!("“{title}”")
}

fn tell<'a>(
    issue: &Issue,
    notification_type: &str,
    message: &str,
    users: impl IntoIterator<Item = &'a str>,
    cause: &Cause,
) -> Vec<Notification> {
    let users = users.into_iter().filter(|user| *user != cause.actor);
    users
        .map(|user| Notification {
            id: cause.child(&format!("notification {notification_type} {user}")),
            user_id: user.to_owned(),
            notification_type: notification_type.to_owned(),
            message: message.to_owned(),
            read: false,
            issue_id: issue.id,
            created_at: cause.at,
        })
        .collect()
}
