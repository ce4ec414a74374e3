//! The end of an issue: its document becomes a tombstone at once, and what hung below it goes in steps.
//!
//! Each step removes some documents in one commit with a condition on the tombstone. So whoever clears while the issue is
//! made anew by another process stops there, and takes nothing that is new. A tombstone says that it is not cleared yet:
//! what a crash leaves is ended by the sweep, or by the next write of the issue.

use firestore::gcloud_sdk::google::firestore::v1::{Document, precondition::ConditionType, structured_query};
use issue::id::IssueId;
use jiff::Timestamp;

use super::{
    Outcome,
    client::{Client, lost},
    document::of_tombstone,
    load::{changed, version},
    names::{BELOW, SEEN},
    query,
    seen::{Marked, mark, shard_fields},
    value::{Fields, at, boolean, map, map_of, stamp, text},
    write::{condition, put, remove},
};
use crate::store::{Deletion, Version, Written};

/// Documents that one step removes; the tombstone is in the commit as well.
const STEP: usize = 400;

/// Deletes by compare-and-set. Of an issue that never was, it leaves a tombstone as well: so an import keeps them.
pub(super) async fn delete(client: &Client, deletion: &Deletion, now: Timestamp) -> Outcome<Written> {
    let Some(condition) = condition(&deletion.expect) else { return Ok(Written::Conflict) };
    let name = client.names.issue(deletion.id);
    let there = client.get(vec![name.clone()], &[]).await?.pop();
    let expected = there.as_ref().map_or(Ok(Version::Absent), |document| changed(document).map(version))?;
    if expected != deletion.expect {
        return Ok(Written::Conflict);
    }
    let before = there.map(|document| document.fields).unwrap_or_default();
    let (fields, shards) = tombstone(client, deletion, &before, now);
    let puts = [put(name, fields, None, Some(condition))].into_iter().chain(shards).collect();
    let at = match client.commit(puts).await {
        Ok(results) => results.first().and_then(|result| result.update_time).and_then(at),
        Err(status) if lost(&status) => return Ok(Written::Conflict),
        Err(status) => return Err(status.into()),
    };
    let at = at.ok_or("a commit was answered without the time of a change")?;
    match clear(client, deletion.id).await {
        Ok(cleared) => Ok(Written::Done(version(cleared.unwrap_or(at)))),
        Err(error) => {
            tracing::warn!(error, issue = %deletion.id, "a deleted issue is not cleared yet; the next sweep goes on");
            Ok(Written::Done(version(at)))
        }
    }
}

fn tombstone(
    client: &Client,
    deletion: &Deletion,
    before: &Fields,
    now: Timestamp,
) -> (Fields, Vec<firestore::gcloud_sdk::google::firestore::v1::Write>) {
    let mut fields = of_tombstone(deletion.id, before, now);
    let marking = mark(&Marked::of(before), &deletion.seen, now);
    if !marking.inline.is_empty() {
        let mut seen = map_of(&fields, SEEN).cloned().unwrap_or_default();
        for epoch in marking.inline.keys() {
            let mut marks = map_of(&seen, epoch).cloned().unwrap_or_default();
            marks.extend(map_of(&marking.inline, epoch).cloned().unwrap_or_default());
            seen.insert(epoch.clone(), map(marks));
        }
        fields.insert(SEEN.to_owned(), map(seen));
    }
    if let Some((shards, oldest)) = shard_fields(&marking.shards) {
        fields.insert("shards".to_owned(), shards);
        fields.insert("find".to_owned(), map([("shards".to_owned(), oldest)].into()));
    }
    if !before.is_empty() {
        fields.insert("clearing".to_owned(), boolean(true));
    }
    let shards = marking.documents.into_iter().map(|(shard, (marks, paths))| {
        let fields = [("marks".to_owned(), map(marks))].into();
        put(client.names.below(deletion.id, SEEN, &shard), fields, Some(paths), None)
    });
    (fields, shards.collect())
}

/// Removes what hung below a deleted issue; tells the tombstone's state afterwards, `None` where there is nothing to clear.
pub(super) async fn clear(client: &Client, id: IssueId) -> Outcome<Option<Timestamp>> {
    let name = client.names.issue(id);
    loop {
        let Some(tombstone) = client.get(vec![name.clone()], &["clearing"]).await?.pop() else {
            return Ok(None);
        };
        if !tombstone.fields.contains_key("clearing") {
            return Ok(None);
        }
        let only = ConditionType::UpdateTime(stamp(changed(&tombstone)?));
        let some = some_below(client, id).await?;
        let last = some.is_empty();
        let fields = if last { Fields::new() } else { tombstone.fields };
        let mut puts = vec![put(name.clone(), fields, Some(vec!["clearing".to_owned()]), Some(only))];
        puts.extend(some.into_iter().map(|document| remove(document.name)));
        match client.commit(puts).await {
            Ok(results) if last => {
                return Ok(results.first().and_then(|result| result.update_time).and_then(at));
            }
            Ok(_) => {}
            // Somebody else clears it, or has made it anew.
            Err(status) if lost(&status) => return Ok(None),
            Err(status) => return Err(status.into()),
        }
    }
}

/// Names of documents that hang below an issue; the marks stay with its tombstone.
async fn some_below(client: &Client, id: IssueId) -> Outcome<Vec<Document>> {
    let mut some = Vec::new();
    for collection in BELOW.into_iter().filter(|collection| *collection != SEEN) {
        let names = query::names_only(query::from(collection.to_owned()), STEP - some.len());
        some.extend(client.query(&client.names.issue(id), names).await?);
        if some.len() >= STEP {
            return Ok(some);
        }
    }
    let told = query::from(client.names.top("notifications"));
    let told = query::only(
        told,
        vec![query::compare(
            "issueId",
            structured_query::field_filter::Operator::Equal,
            text(id.to_string()),
        )],
    );
    some.extend(client.query(client.names.parent(), query::names_only(told, STEP - some.len())).await?);
    Ok(some)
}
