//! Changes: each issue's document with its marks and children in one commit, under the condition that the document is in
//! the state that the change was computed from.
//!
//! Changes of several issues share a commit while there is room, which a new issue's three documents make worth it. Where
//! such a commit is refused, nobody says whose condition failed: then each goes alone.

use firestore::gcloud_sdk::{
    google::firestore::v1::{
        Document, DocumentMask, Precondition, Write as Put, precondition::ConditionType, write::Operation,
    },
    prost::Message,
    tonic::Status,
};
use futures::{StreamExt, stream};
use issue::id::IssueId;
use jiff::Timestamp;

use super::{
    Outcome,
    client::{Client, lost},
    delete,
    document::{mask, of_child, of_issue, of_occurrence, sampled},
    load::{Aside, Memory, asides, time_of, version},
    names::{BELOW, Names, SEEN},
    notes,
    seen::{mark, shard_fields},
    value::{Fields, at, map, stamp},
};
use crate::store::{Version, Write, Written};

/// Documents in one commit: what production took before it had no limit of its own, and a bound on what one refusal
/// costs to do again.
pub(super) const MOST: usize = 500;

/// Bytes in one commit; a request may have 10 MiB.
const BYTES: usize = 6 << 20;

/// Commits at a time.
const COMMITS: usize = 8;

/// An issue's change as Firestore shall write it.
pub(super) struct Planned {
    id: IssueId,
    /// The document first, then all that belongs to it.
    puts: Vec<Put>,
    /// Children that one commit has no room for. They are named after the records that made them, so that writing them
    /// before the rest, and perhaps in vain or twice, comes to the same.
    before: Vec<Put>,
    /// What is known of the document afterwards.
    aside: Aside,
}

/// Writes a document whole or, with a mask, the fields that the mask names.
pub(super) fn put(
    name: String,
    fields: Fields,
    mask: Option<Vec<String>>,
    only: Option<ConditionType>,
) -> Put {
    Put {
        operation: Some(Operation::Update(Document { name, fields, ..Document::default() })),
        update_mask: mask.map(|field_paths| DocumentMask { field_paths }),
        current_document: only.map(|condition| Precondition { condition_type: Some(condition) }),
        ..Put::default()
    }
}

/// Removes a document.
pub(super) fn remove(name: String) -> Put {
    Put { operation: Some(Operation::Delete(name)), ..Put::default() }
}

/// The condition that a version stands for; `None`: no version of ours.
pub(super) fn condition(expect: &Version) -> Option<ConditionType> {
    match expect {
        Version::Absent => Some(ConditionType::Exists(false)),
        Version::At(version) => time_of(version).map(|at| ConditionType::UpdateTime(stamp(at))),
    }
}

/// One answer for each write, in order.
pub(super) async fn all(
    client: &Client,
    memory: &Memory,
    writes: Vec<Write>,
    now: Timestamp,
) -> Outcome<Vec<Written>> {
    let states: Vec<_> = writes.iter().map(|write| (write.issue.id, &write.expect)).collect();
    let asides = asides(client, memory, &states).await?;
    let mut written: Vec<Option<Outcome<Written>>> = Vec::new();
    let mut planned = Vec::new();
    for (place, (write, aside)) in writes.iter().zip(asides).enumerate() {
        let (Some(aside), Some(condition)) = (aside, condition(&write.expect)) else {
            written.push(Some(Ok(Written::Conflict)));
            continue;
        };
        written.push(None);
        if aside.clearing {
            // What hung below the deleted issue must be gone before anything new does. Its state is another one then.
            delete::clear(client, write.issue.id).await?;
            if let Some(place) = written.get_mut(place) {
                *place = Some(Ok(Written::Conflict));
            }
            continue;
        }
        planned.push((place, plan(&client.names, write, &aside, condition, now)?));
    }
    for (place, outcome) in commit(client, memory, planned).await {
        if let Some(place) = written.get_mut(place) {
            *place = Some(outcome);
        }
    }
    settled(written.into_iter().flatten().collect())
}

/// Where some were done, those that failed are answered as conflicts: whoever asked loads them again, and finds out whether
/// they happened, instead of taking for undone what is done.
fn settled(outcomes: Vec<Outcome<Written>>) -> Outcome<Vec<Written>> {
    let some_done = outcomes.iter().any(|outcome| matches!(outcome, Ok(Written::Done(_))));
    let settle = |outcome: Outcome<Written>| match outcome {
        Err(error) if some_done => {
            tracing::debug!(error, "a change could not be written beside others that were");
            Ok(Written::Conflict)
        }
        other => other,
    };
    outcomes.into_iter().map(settle).collect()
}

fn plan(
    names: &Names,
    write: &Write,
    aside: &Aside,
    condition: ConditionType,
    now: Timestamp,
) -> Outcome<Planned> {
    let id = write.issue.id;
    let marking = mark(&aside.marked, &write.seen, now);
    let (samples, gone) = sampled(&aside.samples, &write.occurrences, Timestamp::MIN);
    let mut fields = of_issue(&write.issue, &samples)?;
    if let Some((shards, oldest)) = shard_fields(&marking.shards) {
        fields.insert("shards".to_owned(), shards);
        add_to_find(&mut fields, "shards", oldest);
    }
    let new = matches!(write.expect, Version::Absent);
    let mask = (!new).then(|| [mask(&fields), marking.paths].concat());
    if !marking.inline.is_empty() {
        fields.insert(SEEN.to_owned(), map(marking.inline));
    }
    let mut puts = vec![put(names.issue(id), fields, mask, Some(condition))];
    for (shard, (marks, paths)) in marking.documents {
        let fields = [("marks".to_owned(), map(marks))].into();
        puts.push(put(names.below(id, SEEN, &shard), fields, Some(paths), None));
    }
    let [occurrences, ..] = BELOW;
    puts.extend(gone.iter().map(|gone| remove(names.below(id, occurrences, &gone.to_string()))));
    let mut children = children(names, write)?;
    for note in &write.notes {
        puts.push(notes::new(names, note, now)?);
    }
    children.retain(|child| !is_gone(child, &gone, names, id));
    let room = MOST.saturating_sub(puts.len());
    let before = children.split_off(children.len().min(room));
    puts.extend(children);
    let aside = Aside { marked: marking.marked, samples, clearing: false };
    Ok(Planned { id, puts, before, aside })
}

fn add_to_find(fields: &mut Fields, name: &str, value: firestore::gcloud_sdk::google::firestore::v1::Value) {
    use firestore::gcloud_sdk::google::firestore::v1::value::ValueType;
    if let Some(ValueType::MapValue(find)) =
        fields.get_mut("find").and_then(|value| value.value_type.as_mut())
    {
        find.fields.insert(name.to_owned(), value);
    }
}

/// A sample that came and is not kept is not written.
fn is_gone(child: &Put, gone: &[uuid::Uuid], names: &Names, id: IssueId) -> bool {
    let [occurrences, ..] = BELOW;
    let Some(Operation::Update(document)) = &child.operation else { return false };
    gone.iter().any(|gone| names.below(id, occurrences, &gone.to_string()) == document.name)
}

fn children(names: &Names, write: &Write) -> Outcome<Vec<Put>> {
    let id = write.issue.id;
    let below = |collection: &str, child: uuid::Uuid, fields: Fields| {
        put(names.below(id, collection, &child.to_string()), fields, None, None)
    };
    let mut puts = Vec::new();
    for occurrence in &write.occurrences {
        puts.push(below("occurrences", occurrence.id, of_occurrence(occurrence)?));
    }
    for activity in &write.activities {
        puts.push(below("activities", activity.id, of_child(activity)?));
    }
    for comment in &write.comments {
        puts.push(below("comments", comment.id, of_child(comment)?));
    }
    for notification in &write.notifications {
        puts.push(put(names.notification(notification.id), of_child(notification)?, None, None));
    }
    Ok(puts)
}

/// Packs changes into commits, sends several at a time, and tells for each place what became of it.
async fn commit(
    client: &Client,
    memory: &Memory,
    planned: Vec<(usize, Planned)>,
) -> Vec<(usize, Outcome<Written>)> {
    let groups = packed(planned).into_iter().map(|group| commit_group(client, memory, group));
    let done: Vec<Vec<_>> = stream::iter(groups).buffer_unordered(COMMITS).collect().await;
    done.into_iter().flatten().collect()
}

/// As many changes in one commit as fit.
fn packed(planned: Vec<(usize, Planned)>) -> Vec<Vec<(usize, Planned)>> {
    let mut groups: Vec<Vec<(usize, Planned)>> = Vec::new();
    let (mut documents, mut bytes) = (MOST, BYTES);
    for (place, planned) in planned {
        let length: usize = planned.puts.iter().map(Message::encoded_len).sum();
        let fits = documents + planned.puts.len() <= MOST && bytes + length <= BYTES;
        match groups.last_mut() {
            Some(group) if fits => {
                (documents, bytes) = (documents + planned.puts.len(), bytes + length);
                group.push((place, planned));
            }
            _ => {
                (documents, bytes) = (planned.puts.len(), length);
                groups.push(vec![(place, planned)]);
            }
        }
    }
    groups
}

async fn commit_group(
    client: &Client,
    memory: &Memory,
    group: Vec<(usize, Planned)>,
) -> Vec<(usize, Outcome<Written>)> {
    let puts = group.iter().flat_map(|(_, planned)| planned.puts.iter().cloned()).collect();
    let together = if group.iter().any(|(_, planned)| !planned.before.is_empty()) {
        None
    } else {
        Some(client.commit(puts).await)
    };
    match together {
        Some(Ok(results)) => {
            let mut at_put = 0;
            let done = group.into_iter().map(|(place, planned)| {
                let changed = results.get(at_put).and_then(|result| result.update_time).and_then(at);
                at_put += planned.puts.len();
                (place, done(memory, planned, changed))
            });
            done.collect()
        }
        Some(Err(status)) if !lost(&status) => failed(&group, &status),
        Some(Err(_)) if group.len() == 1 => {
            group.into_iter().map(|(place, _)| (place, Ok(Written::Conflict))).collect()
        }
        _ => {
            let each = group
                .into_iter()
                .map(|(place, planned)| async move { (place, alone(client, memory, planned).await) });
            stream::iter(each).buffer_unordered(COMMITS).collect().await
        }
    }
}

fn failed(group: &[(usize, Planned)], status: &Status) -> Vec<(usize, Outcome<Written>)> {
    group.iter().map(|(place, _)| (*place, Err(status.clone().into()))).collect()
}

fn done(memory: &Memory, planned: Planned, changed: Option<Timestamp>) -> Outcome<Written> {
    let at = changed.ok_or("a commit was answered without the time of a change")?;
    memory.keep(planned.id, at, planned.aside);
    Ok(Written::Done(version(at)))
}

async fn alone(client: &Client, memory: &Memory, planned: Planned) -> Outcome<Written> {
    for some in planned.before.chunks(MOST) {
        client.commit(some.to_vec()).await?;
    }
    match client.commit(planned.puts.clone()).await {
        Ok(results) => {
            let changed = results.first().and_then(|result| result.update_time).and_then(at);
            done(memory, planned, changed)
        }
        Err(status) if lost(&status) => Ok(Written::Conflict),
        Err(status) => Err(status.into()),
    }
}
