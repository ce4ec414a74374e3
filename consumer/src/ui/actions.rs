//! What a person does to an issue on its page: read from a form, and carried out by compare-and-set.

use issue::{
    document::{Activity, ActivityType, Comment, FieldChange, Issue, Status},
    id::IssueId,
    report::Priority,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{failure::Failure, vocabulary};
use crate::store::{IssueStore, Wanted, Write, Written};

/// So often a change that met another one is tried again.
const TRIES: usize = 5;

/// The API's limit on a comment, in characters.
const MAX_COMMENT: usize = 5_000;
/// The API's limit on a name, in characters.
const MAX_NAME: usize = 100;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Where it stands.
    Status(Status),
    /// How soon.
    Priority(Priority),
    /// Who has it; `None`: nobody.
    Assign(Option<String>),
    /// What somebody says.
    Comment(String),
}

impl Action {
    /// Reads the form at `/issues/{id}/{act}`. `None`: there is no such form.
    pub fn parse(act: &str, value: &str) -> Option<Result<Self, Failure>> {
        Some(match act {
            "status" => {
                vocabulary::parse(value).map(Self::Status).ok_or(Failure::Form("This status is not known."))
            }
            "priority" => {
                vocabulary::parse(value).map(Self::Priority).ok_or(Failure::Form("This priority is not known."))
            }
            "assignee" => assignee(value.trim()),
            "comments" => comment(value),
            _ => return None,
        })
    }

    /// Where on the page its effect is seen.
    pub fn anchor(&self) -> &'static str {
        match self {
            Self::Comment(_) => "#activity",
            Self::Status(_) | Self::Priority(_) | Self::Assign(_) => "",
        }
    }
}

fn assignee(name: &str) -> Result<Action, Failure> {
    match name {
        "" => Ok(Action::Assign(None)),
        name if name.chars().count() > MAX_NAME => Err(Failure::Form("A name has at most 100 characters.")),
        name if name.contains(char::is_control) => {
            Err(Failure::Form("A name has no control characters."))
        }
        name => Ok(Action::Assign(Some(name.to_owned()))),
    }
}

fn comment(content: &str) -> Result<Action, Failure> {
    // Browsers send line breaks of a text area as CR LF (HTML, section 4.10.11).
    let content = content.replace("\r\n", "\n");
    let content = content.trim();
    match content.chars().count() {
        0 => Err(Failure::Form("A comment needs a text.")),
        1..=MAX_COMMENT => Ok(Action::Comment(content.to_owned())),
        _ => Err(Failure::Form("A comment has at most 5,000 characters.")),
    }
}

/// Carries a change out; one that changes nothing writes nothing.
pub async fn perform(
    store: &dyn IssueStore,
    id: IssueId,
    person: &str,
    action: &Action,
    now: Timestamp,
) -> Result<(), Failure> {
    for _ in 0..TRIES {
        let loaded = store.load(&[Wanted { id, sources: Vec::new() }]).await?.pop();
        let Some((issue, version)) = loaded.and_then(|loaded| Some((loaded.issue?, loaded.version))) else {
            return Err(Failure::NotFound);
        };
        let Some(change) = change(issue, person, action, now) else { return Ok(()) };
        let write = Write {
            issue: change.issue,
            expect: version,
            seen: Vec::new(),
            occurrences: Vec::new(),
            activities: change.activities,
            comments: change.comments,
            notifications: Vec::new(),
        };
        if let Some(Written::Done(_)) = store.write(vec![write]).await?.pop() {
            return Ok(());
        }
    }
    Err(Failure::Busy)
}

struct Change {
    issue: Issue,
    activities: Vec<Activity>,
    comments: Vec<Comment>,
}

/// The issue after the change, with what is told of it. `None`: it is so already.
fn change(mut issue: Issue, person: &str, action: &Action, now: Timestamp) -> Option<Change> {
    let mut comments = Vec::new();
    let (activity_type, changes) = match action {
        Action::Status(status) if *status != issue.status => {
            let change = field("status", json!(issue.status), json!(status));
            issue.resolved_at = (*status == Status::Resolved).then_some(now);
            issue.resolved_in = None;
            issue.regressed &= !matches!(status, Status::Resolved | Status::Closed);
            issue.status = *status;
            (ActivityType::StatusChanged, vec![change])
        }
        Action::Priority(priority) if *priority != issue.priority => {
            let change = field("priority", json!(issue.priority), json!(priority));
            issue.priority = *priority;
            (ActivityType::Updated, vec![change])
        }
        Action::Assign(who) if *who != issue.assignee_id => {
            let change = field("assigneeId", json!(issue.assignee_id), json!(who));
            issue.assignee_id.clone_from(who);
            (ActivityType::Assigned, vec![change])
        }
        Action::Comment(content) => {
            comments.push(Comment {
                id: Uuid::now_v7(),
                issue_id: issue.id,
                author_id: person.to_owned(),
                content: content.clone(),
                created_at: now,
                updated_at: now,
            });
            (ActivityType::Commented, Vec::new())
        }
        Action::Status(_) | Action::Priority(_) | Action::Assign(_) => return None,
    };
    issue.updated_at = now;
    let activity = Activity {
        id: Uuid::now_v7(),
        issue_id: issue.id,
        activity_type,
        user_id: person.to_owned(),
        changes,
        created_at: now,
    };
    Some(Change { issue, activities: vec![activity], comments })
}

fn field(field: &str, old_value: Value, new_value: Value) -> FieldChange {
    FieldChange { field: field.to_owned(), old_value, new_value }
}
