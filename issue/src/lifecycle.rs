//! What happens to an issue: the only code that changes an issue's state.
//!
//! Pure: the clock is [`Cause::at`] (the broker's append time of a record, the server's time of a request), and every id
//! that is made here derives from [`Cause::id`]. So a history gives the same documents however it is cut into batches,
//! and a replay makes the same children again.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{
    document::{Activity, ActivityType, Comment, FieldChange, Issue, Notification, Occurrence},
    id::{IssueId, SourceId},
    record::{IssueBody, Place},
};

pub mod changes;
mod counts;
pub mod merge;
mod notify;
pub mod reports;
pub mod samples;

pub use changes::{Changes, Resolution};
pub use reports::{Body, Sighting};

/// The namespace of ids that derive from records. Fixed for ever: a replay must make the same children.
const CHILD_NAMESPACE: Uuid = Uuid::from_u128(0x0d1f_77c2_9a3e_4c55_8f3b_52e6_1b90_7a4d);

/// How far a sender's clock may run ahead of the broker's before its times are pulled back.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Who or what made an event happen, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Every id of what the event makes derives from this one.
    pub id: Uuid,
    /// The clock for state.
    pub at: Timestamp,
    /// A person, or the service user of a workload.
    pub actor: String,
}

impl Cause {
    /// The id of what the record `(source, seq)` makes: the same at every replay.
    pub fn id_of_record(source: &SourceId, seq: u64) -> Uuid {
        Uuid::new_v5(&CHILD_NAMESPACE, format!("{source}\n{seq}").as_bytes())
    }

    /// The id of one of several things that the event makes.
    fn child(&self, name: &str) -> Uuid {
        Uuid::new_v5(&self.id, name.as_bytes())
    }

    /// A time that a sender claims: never later than a little after the event.
    fn clamp(&self, claimed: Timestamp) -> Timestamp {
        claimed.min(self.at.saturating_add(AHEAD).unwrap_or(Timestamp::MAX))
    }
}

/// What can happen to an issue.
#[derive(Clone, Debug)]
pub enum Event {
    /// Reports of its fingerprint came.
    Reported(Box<Sighting>),
    /// Somebody wrote it.
    Written {
        /// As it was written.
        body: Box<IssueBody>,
        /// What the writer runs on, where a service wrote it.
        place: Option<Place>,
    },
    /// Somebody said something.
    Commented {
        /// Markdown.
        content: String,
    },
    /// Somebody changed fields.
    Changed(Box<Changes>),
    /// A workload changed fields of what it reported; nothing else may it touch.
    ChangedByReporter {
        /// What it wants.
        changes: Box<Changes>,
        /// What it is.
        place: Box<Place>,
    },
}

/// An issue, and what was made below it since it was loaded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// `None` until something makes it.
    pub issue: Option<Issue>,
    /// Samples.
    pub occurrences: Vec<Occurrence>,
    /// What was done.
    pub activities: Vec<Activity>,
    /// What was said.
    pub comments: Vec<Comment>,
    /// Who is told.
    pub notifications: Vec<Notification>,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The issue was made.
    Created,
    /// Something of it changed.
    Changed,
    /// It was so already.
    Nothing,
}

/// Why an event cannot happen, now or ever.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refused {
    /// Only reports and hand-written issues make one.
    #[error("there is no such issue")]
    UnknownIssue,
    /// See [`Event::ChangedByReporter`].
    #[error("the issue was not reported by the workload that wants to change it")]
    NotReportedBySender,
    /// A member's status, and what it is merged into, are not its own to change: see [`merge`].
    #[error("merged issues stand in the way: change the issue that shows them, or unmerge first")]
    Merged,
}

impl Refused {
    /// Stable word for metrics and dead letters.
    pub fn reason(self) -> &'static str {
        match self {
            Self::UnknownIssue => "unknown_issue",
            Self::NotReportedBySender => "not_reported_by_sender",
            Self::Merged => "merged",
        }
    }
}

/// Lets one event happen to the issue `id`.
pub fn apply(state: &mut State, id: IssueId, event: Event, cause: &Cause) -> Result<Effect, Refused> {
    match event {
        Event::Reported(sighting) => Ok(reports::report(state, id, *sighting, cause)),
        Event::Written { body, place } => Ok(reports::write(state, id, *body, place, cause)),
        Event::Commented { content } => comment(state, content, cause),
        Event::Changed(changes) => changes::change(state, *changes, cause),
        Event::ChangedByReporter { changes, place } => {
            let issue = state.issue.as_ref().ok_or(Refused::UnknownIssue)?;
            if !reported_by(issue, &place, cause) {
                return Err(Refused::NotReportedBySender);
            }
            changes::change(state, *changes, cause)
        }
    }
}

/// Whether the workload reported or wrote the issue. Where the sender has no workload, its user decides.
fn reported_by(issue: &Issue, place: &Place, cause: &Cause) -> bool {
    let Some(workload) = &place.workload else {
        return issue.reporter_id == cause.actor;
    };
    let latest = issue.source.as_ref().and_then(|source| source.workload.as_ref());
    issue.workloads.contains_key(&workload.to_string()) || latest == Some(workload)
}

fn comment(state: &mut State, content: String, cause: &Cause) -> Result<Effect, Refused> {
    let issue = state.issue.as_mut().ok_or(Refused::UnknownIssue)?;
    issue.updated_at = issue.updated_at.max(cause.at);
    state.activities.push(activity(issue.id, ActivityType::Commented, Vec::new(), cause));
    state.notifications.extend(notify::commented(issue, &content, cause));
    state.comments.push(Comment {
        id: cause.id,
        issue_id: issue.id,
        author_id: cause.actor.clone(),
        content,
        created_at: cause.at,
        updated_at: cause.at,
    });
    Ok(Effect::Changed)
}

/// One act. Each event does each act at most once, so the act's name tells its activities apart.
fn activity(issue_id: IssueId, act: ActivityType, changes: Vec<FieldChange>, cause: &Cause) -> Activity {
    Activity {
        id: cause.child(&format!("activity {act:?}")),
        issue_id,
        activity_type: act,
        user_id: cause.actor.clone(),
        changes,
        created_at: cause.at,
    }
}

#[cfg(test)]
mod tests;
