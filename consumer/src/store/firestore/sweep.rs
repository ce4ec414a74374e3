//! What outlives its time: tombstones, shards of marks, old samples; and deletions that were cut short.
//!
//! Each is found by a field that only what is concerned has, so a sweep reads no more than it removes. Several replicas
//! may sweep at once: what one of them has changed meanwhile is left to the next time.

use firestore::gcloud_sdk::google::firestore::v1::{
    Document, Value, Write,
    precondition::ConditionType,
    structured_query::{Direction, field_filter::Operator},
};
use issue::{id::IssueId, lifecycle::samples::Sample};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Outcome,
    client::{Client, lost},
    delete::clear,
    document,
    load::changed,
    names::{SEEN, issue_id, last},
    notes,
    query::{NAME, compare, from, limited, names_only, only, sorted},
    seen::{Marked, epoch, epoch_of_shard, is_over, shard_fields},
    value::{Fields, array, boolean, integer, map, stamp, time},
    write::{put, remove},
};
use crate::store::{OCCURRENCES_KEPT, SEEN_KEPT};

/// Issues that one query finds.
const STEP: usize = 100;

/// Removes all of it.
pub(super) async fn sweep(client: &Client, now: Timestamp) -> Outcome<()> {
    for tombstone in find(client, "clearing", Operator::Equal, boolean(true)).await? {
        clear(client, issue_id(&tombstone.name)?).await?;
    }
    let forgotten = time(now.saturating_sub(SEEN_KEPT)?);
    while sweep_some(client, "deletedAt", forgotten.clone(), Work::Tombstone, now).await? {}
    let too_old = time(now.saturating_sub(OCCURRENCES_KEPT)?);
    while sweep_some(client, "find.sampled", too_old.clone(), Work::Samples, now).await? {}
    while sweep_some(client, "find.shards", integer(epoch(now) - 1), Work::Shards, now).await? {}
    notes::sweep(client, now).await?;
    Ok(())
}

#[derive(Clone, Copy)]
enum Work {
    Tombstone,
    Samples,
    Shards,
}

/// Works through what one query finds; tells whether to ask again. A state that somebody else changed is passed over: so
/// as not to meet it for ever, only progress makes it ask again.
async fn sweep_some(
    client: &Client,
    field: &str,
    before: Value,
    work: Work,
    now: Timestamp,
) -> Outcome<bool> {
    let found = find(client, field, Operator::LessThan, before).await?;
    let full = found.len() == STEP;
    let mut progress = false;
    for document in found {
        let id = issue_id(&document.name)?;
        let writes = match work {
            Work::Tombstone => tombstone(client, id, document).await?,
            Work::Samples => samples(client, id, document, now)?,
            Work::Shards => shards(client, id, document, now).await?,
        };
        match client.commit(writes).await {
            Ok(_) => progress = true,
            Err(status) if lost(&status) => {}
            Err(status) => return Err(status.into()),
        }
    }
    Ok(full && progress)
}

async fn find(client: &Client, field: &str, operator: Operator, value: Value) -> Outcome<Vec<Document>> {
    let query = only(from(client.names.top("issues")), vec![compare(field, operator, value)]);
    let query =
        if operator == Operator::Equal { query } else { sorted(query, &[field], Direction::Ascending) };
    Ok(client.query(client.names.parent(), limited(query, STEP)).await?)
}

/// Changes some fields of an issue's document, if it is as it was read.
fn change(document: &Document, fields: Fields, paths: &[&str]) -> Outcome<Write> {
    let only = ConditionType::UpdateTime(stamp(changed(document)?));
    let paths = paths.iter().map(|&path| path.to_owned()).collect();
    Ok(put(document.name.clone(), fields, Some(paths), Some(only)))
}

async fn tombstone(client: &Client, id: IssueId, document: Document) -> Outcome<Vec<Write>> {
    let mut gone = remove(document.name.clone());
    gone.current_document = change(&document, Fields::new(), &[])?.current_document;
    let shards = shard_names(client, id).await?;
    Ok([gone].into_iter().chain(shards.into_iter().map(remove)).collect())
}

fn samples(client: &Client, id: IssueId, document: Document, now: Timestamp) -> Outcome<Vec<Write>> {
    let oldest = now.saturating_sub(OCCURRENCES_KEPT)?;
    let (stay, go): (Vec<Sample<Uuid>>, Vec<Uuid>) =
        document::sampled(&document::samples(&document.fields), &[], oldest);
    let (fields, oldest) = document::of_samples(&stay);
    let mut all = Fields::new();
    if let Some(oldest) = oldest {
        all.insert("samples".to_owned(), array(fields));
        all.insert("find".to_owned(), map([("sampled".to_owned(), oldest)].into()));
    }
    let gone = go.iter().map(|gone| remove(client.names.below(id, "occurrences", &gone.to_string())));
    Ok([change(&document, all, &["samples", "find.sampled"])?].into_iter().chain(gone).collect())
}

async fn shards(client: &Client, id: IssueId, document: Document, now: Timestamp) -> Outcome<Vec<Write>> {
    let mut marked = Marked::of(&document.fields);
    marked.shards.retain(|&epoch| !is_over(epoch, now));
    let mut fields = Fields::new();
    if let Some((shards, oldest)) = shard_fields(&marked.shards) {
        fields.insert("shards".to_owned(), shards);
        fields.insert("find".to_owned(), map([("shards".to_owned(), oldest)].into()));
    }
    let over = |name: &String| epoch_of_shard(last(name)).is_some_and(|epoch| is_over(epoch, now));
    let gone = shard_names(client, id).await?.into_iter().filter(over).map(remove);
    Ok([change(&document, fields, &["shards", "find.shards"])?].into_iter().chain(gone).collect())
}

/// The shards of an issue, as many as one commit can remove: an issue has 64 for each epoch, and three epochs at most.
async fn shard_names(client: &Client, id: IssueId) -> Outcome<Vec<String>> {
    let query = sorted(from(SEEN.to_owned()), &[NAME], Direction::Ascending);
    let found = client.query(&client.names.issue(id), names_only(query, 450)).await?;
    Ok(found.into_iter().map(|document| document.name).collect())
}
