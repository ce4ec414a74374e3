//! What a person, or a service about its own issue, changes: fields, with old and new values kept.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::{Cause, Effect, Refused, State, activity, merge, notify};
use crate::{
    document::{ActivityType, FieldChange, Issue, Mute, Status},
    record::IssueType,
    report::Priority,
};

/// New values by field, in the form of [`crate::record::UpdateBody::changes`]: what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// Where it stands.
    pub status: Option<Status>,
    /// With `status: resolved`: from when on a report brings it back.
    pub resolution: Resolution,
    /// How soon.
    pub priority: Option<Priority>,
    /// What it is for.
    #[serde(rename = "type")]
    pub issue_type: Option<IssueType>,
    /// Who has it; null: nobody.
    #[serde(deserialize_with = "present")]
    pub assignee_id: Option<Option<String>>,
    /// One line.
    pub title: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// Free labels.
    pub tags: Option<Vec<String>>,
    /// Null ends it. `count` is how many **more** reports it lasts; an empty `nextRelease` is the present release.
    #[serde(deserialize_with = "present")]
    pub mute: Option<Option<Mute>>,
}

/// From when on a report brings a resolved issue back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// From now.
    #[default]
    Now,
    /// From the release after the present one.
    NextRelease,
}

/// Tells null from absent.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// The fields that one act names.
struct Act {
    kind: ActivityType,
    changes: Vec<FieldChange>,
}

impl Act {
    fn new(kind: ActivityType) -> Self {
        Self { kind, changes: Vec::new() }
    }

    /// Puts the new value in its place, and notes both when they differ.
    fn set<T: PartialEq + serde::Serialize>(&mut self, field: &str, place: &mut T, new: T) -> bool {
        let differs = *place != new;
        if differs {
            let (old_value, new_value) = (json!(place), json!(new));
            self.changes.push(FieldChange { field: field.to_owned(), old_value, new_value });
            *place = new;
        }
        differs
    }
}

/// Applies the changes; those that change nothing leave no trace.
pub(super) fn change(state: &mut State, changes: Changes, cause: &Cause) -> Result<Effect, Refused> {
    let issue = state.issue.as_mut().ok_or(Refused::UnknownIssue)?;
    if changes.status.is_some_and(|status| status != issue.status) && merge::merged_into(issue).is_some() {
        return Err(Refused::Merged);
    }
    let acts = [status(issue, &changes, cause), assignee(issue, &changes), mute(issue, &changes)]
        .into_iter()
        .chain([fields(issue, changes)])
        .filter(|act| !act.changes.is_empty());
    let acts: Vec<Act> = acts.collect();
    if acts.is_empty() {
        return Ok(Effect::Nothing);
    }
    issue.updated_at = issue.updated_at.max(cause.at);
    for act in acts {
        match act.kind {
            ActivityType::StatusChanged => state.notifications.extend(notify::status_changed(issue, cause)),
            ActivityType::Assigned => state.notifications.extend(notify::assigned(issue, cause)),
            _ => {}
        }
        state.activities.push(activity(issue.id, act.kind, act.changes, cause));
    }
    Ok(Effect::Changed)
}

/// Entering resolved sets its time, leaving it clears it.
fn status(issue: &mut Issue, changes: &Changes, cause: &Cause) -> Act {
    let mut act = Act::new(ActivityType::StatusChanged);
    let Some(status) = changes.status else { return act };
    let resolved_in = match changes.resolution {
        Resolution::NextRelease if status == Status::Resolved => issue.last_release.clone(),
        _ => None,
    };
    if act.set("status", &mut issue.status, status) {
        issue.resolved_at = (status == Status::Resolved).then_some(cause.at);
        issue.regressed &= !matches!(status, Status::Resolved | Status::Closed);
    }
    act.set("resolvedIn", &mut issue.resolved_in, resolved_in);
    act
}

fn assignee(issue: &mut Issue, changes: &Changes) -> Act {
    let mut act = Act::new(ActivityType::Assigned);
    if let Some(assignee) = &changes.assignee_id {
        act.set("assigneeId", &mut issue.assignee_id, assignee.clone());
    }
    act
}

fn mute(issue: &mut Issue, changes: &Changes) -> Act {
    let mut act = Act::new(ActivityType::Muted);
    if let Some(mute) = &changes.mute {
        let mute = mute.clone().map(|mute| absolute(issue, mute));
        act.set("mute", &mut issue.mute, mute);
    }
    act
}

/// A wish says "n more" and "after the present release"; the document says at which count and after which.
fn absolute(issue: &Issue, mute: Mute) -> Mute {
    match mute {
        Mute::Count(more) => Mute::Count(issue.count.saturating_add(more)),
        Mute::NextRelease(release) if release.is_empty() => {
            Mute::NextRelease(issue.last_release.clone().unwrap_or_default())
        }
        other => other,
    }
}

fn fields(issue: &mut Issue, changes: Changes) -> Act {
    let mut act = Act::new(ActivityType::Updated);
    if let Some(priority) = changes.priority {
        act.set("priority", &mut issue.priority, priority);
    }
    if let Some(issue_type) = changes.issue_type {
        act.set("type", &mut issue.issue_type, issue_type);
    }
    if let Some(title) = changes.title {
        act.set("title", &mut issue.title, title);
    }
    if let Some(description) = changes.description {
        act.set("description", &mut issue.description, description);
    }
    if let Some(tags) = changes.tags {
        act.set("tags", &mut issue.tags, tags);
    }
    act
}

impl Changes {
    /// Reads the form of [`crate::record::UpdateBody::changes`].
    pub fn read(changes: serde_json::Map<String, Value>) -> Result<Self, serde_json::Error> {
        serde_json::from_value(Value::Object(changes))
    }
}
