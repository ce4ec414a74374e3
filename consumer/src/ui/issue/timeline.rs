//! What people said and did, in one line of time.

use issue::{
    document::{Activity, ActivityType, Comment, FieldChange, Mute},
    id::IssueId,
};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use crate::{
    store::{Child, ChildKind, IssueStore, StoreError},
    ui::{
        markdown::{self, Block},
        text::Shown,
        when::When,
    },
};

/// Bytes that all entries may take on the page, and one comment of them.
const MAX_BYTES: usize = 20_000;
const MAX_COMMENT: usize = 6_000;
/// What an entry takes besides its text.
const ENTRY_BYTES: usize = 500;

/// So many of each kind are read, the newest: what is older in a very long talk is in the API.
const READ: usize = 1_000;

/// The newest entries, oldest of them first.
pub struct Timeline {
    /// What is shown.
    pub entries: Vec<Entry>,
    /// How many older ones are not; at least so many, where not all were read.
    pub left_out: usize,
    /// Whether all were read.
    pub is_whole: bool,
    /// Who resolved it last, and when.
    pub resolver: Option<(Shown, When)>,
}

/// One act.
pub struct Entry {
    /// By whom.
    pub who: Shown,
    /// When.
    pub when: When,
    /// What was done.
    pub what: What,
}

/// The two sorts of entries.
pub enum What {
    /// Something was said.
    Said(Vec<Block>),
    /// Something was done: the verb, and each field before and after.
    Did(&'static str, Vec<Changed>),
}

/// One field, before and after; `""`: it had none.
pub struct Changed {
    /// As people call it.
    pub field: Shown,
    /// Before.
    pub old: Shown,
    /// After.
    pub new: Shown,
}

/// Who did it, where it was a resolution.
fn resolver(child: &Child) -> Option<&str> {
    let Child::Activity(act) = child else { return None };
    let resolves = |change: &FieldChange| change.field == "status" && change.new_value == "resolved";
    act.changes.iter().any(resolves).then_some(act.user_id.as_str())
}

impl Timeline {
    /// Of an issue.
    pub async fn load(store: &dyn IssueStore, id: IssueId, now: Timestamp) -> Result<Self, StoreError> {
        let (comments, acts) = tokio::try_join!(
            store.newest(id, ChildKind::Comments, READ),
            store.newest(id, ChildKind::Activities, READ),
        )?;
        let is_whole = comments.len() < READ && acts.len() < READ;
        Ok(Self::of(comments.iter().chain(&acts), is_whole, now))
    }

    /// Of comments and activities. That somebody commented is told by the comment itself.
    fn of<'a>(children: impl Iterator<Item = &'a Child>, is_whole: bool, now: Timestamp) -> Self {
        let mut acts: Vec<(Timestamp, &Child)> = children
            .filter_map(|child| match child {
                Child::Comment(comment) => Some((comment.created_at, child)),
                Child::Activity(act) if act.activity_type != ActivityType::Commented => {
                    Some((act.created_at, child))
                }
                Child::Activity(_) | Child::Occurrence(_) => None,
            })
            .collect();
        acts.sort_by_key(|(at, _)| *at);
        let mut room = MAX_BYTES;
        let mut entries = Vec::new();
        for (_, child) in acts.iter().rev() {
            let (entry, weight) = Entry::of(child, now);
            if weight > room {
                break;
            }
            room -= weight;
            entries.push(entry);
        }
        entries.reverse();
        let resolver = acts.iter().rev().find_map(|(at, child)| Some((*at, resolver(child)?)));
        Self {
            left_out: acts.len() - entries.len(),
            is_whole,
            entries,
            resolver: resolver.map(|(at, who)| (Shown::line(who, 100), When::at(at, now))),
        }
    }
}

impl Entry {
    /// The entry, and about how many bytes it takes on the page.
    fn of(child: &Child, now: Timestamp) -> (Self, usize) {
        match child {
            Child::Comment(comment) => Self::said(comment, now),
            Child::Activity(activity) => Self::did(activity, now),
            Child::Occurrence(occurrence) => (
                Self {
                    who: Shown::default(),
                    when: When::at(occurrence.at, now),
                    what: What::Did("reported it", Vec::new()),
                },
                ENTRY_BYTES,
            ),
        }
    }

    fn said(comment: &Comment, now: Timestamp) -> (Self, usize) {
        let blocks = markdown::parse(&comment.content, MAX_COMMENT);
        let weight = markdown::weight(&blocks);
        let entry = Self {
            who: Shown::line(&comment.author_id, 80),
            when: When::at(comment.created_at, now),
            what: What::Said(blocks),
        };
        (entry, ENTRY_BYTES + weight)
    }

    fn did(activity: &Activity, now: Timestamp) -> (Self, usize) {
        let changes: Vec<Changed> = activity
            .changes
            .iter()
            .take(10)
            .map(|change| Changed {
                field: Shown::line(field_name(&change.field), 40),
                old: value(&change.old_value),
                new: match (&change.new_value, change.field.as_str()) {
                    (Value::Null, "assigneeId") => Shown::line("nobody", 120),
                    (Value::Null, _) => Shown::line("nothing", 120),
                    (new, _) => value(new),
                },
            })
            .collect();
        let weight = ENTRY_BYTES + changes.len() * ENTRY_BYTES;
        let entry = Self {
            who: Shown::line(&activity.user_id, 80),
            when: When::at(activity.created_at, now),
            what: What::Did(verb(activity.activity_type), changes),
        };
        (entry, weight)
    }
}

fn verb(activity: ActivityType) -> &'static str {
    match activity {
        ActivityType::Created => "opened this issue",
        ActivityType::Updated | ActivityType::Assigned | ActivityType::StatusChanged => "changed",
        ActivityType::Commented => "commented",
        ActivityType::Regressed => "reported it again after it had been resolved:",
        ActivityType::Muted => "changed",
        ActivityType::Merged => "merged",
    }
}

fn field_name(field: &str) -> &str {
    match field {
        "assigneeId" => "assignee",
        "resolvedIn" => "resolved in",
        other => other,
    }
}

/// A value in words. Of the fields that a change names, only `mute` is an object.
fn value(value: &Value) -> Shown {
    match value {
        Value::Null => Shown::default(),
        Value::String(text) => Shown::line(text, 120),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            let items: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            Shown::line(&items.join(", "), 120)
        }
        other => match Mute::deserialize(other) {
            Ok(mute) => super::facts::mute(&mute),
            Err(_) => Shown::line(&other.to_string(), 120),
        },
    }
}
