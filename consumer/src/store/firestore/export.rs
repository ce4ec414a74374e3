//! Everything, in the order of ids; and the counts of all of it.

use firestore::gcloud_sdk::google::firestore::v1::{
    Document,
    structured_query::{Direction, Filter, field_filter::Operator},
};
use futures::{StreamExt, TryStreamExt, stream};
use issue::{document::Notification, id::IssueId};
use jiff::Timestamp;

use super::{
    Outcome,
    client::Client,
    document::{to_child, to_issue},
    names::{SEEN, issue_id},
    query::{NAME, after, compare, from, limited, only, sorted},
    seen::{Highest, Marked},
    value::{boolean, reference, text, time},
};
use crate::store::{Kept, Page, STATUSES, Stats};

/// Issues that are read at a time, with all their marks.
const AT_A_TIME: usize = 16;

/// One page. The cursor is the id of the last one.
pub(super) async fn export(client: &Client, cursor: Option<&str>, limit: usize) -> Outcome<Page<Kept>> {
    let mut query = sorted(from(client.names.top("issues")), &[NAME], Direction::Ascending);
    match cursor.map(str::parse::<IssueId>) {
        None => {}
        Some(Ok(last)) => query = after(query, vec![reference(client.names.issue(last))]),
        Some(Err(_)) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    }
    let found = client.query(client.names.parent(), limited(query, limit)).await?;
    let last = found.last().filter(|_| found.len() == limit).map(|last| issue_id(&last.name)).transpose()?;
    let kept = found.into_iter().map(|document| kept(client, document));
    let items = stream::iter(kept).buffered(AT_A_TIME).try_collect().await?;
    Ok(Page { items, next_cursor: last.map(|id| id.0.simple().to_string()) })
}

async fn kept(client: &Client, document: Document) -> Outcome<Kept> {
    let id = issue_id(&document.name)?;
    let mut highest = Highest::default();
    highest.inline(&document.fields);
    if !Marked::of(&document.fields).shards.is_empty() {
        let shards = client.query(&client.names.issue(id), from(SEEN.to_owned())).await?;
        shards.iter().for_each(|shard| highest.shard(shard));
    }
    let seen = highest.all();
    Ok(match to_issue(document)? {
        None => Kept::Tombstone { id, seen },
        Some(issue) => Kept::Issue { issue, seen, notifications: notifications(client, id).await? },
    })
}

async fn notifications(client: &Client, id: IssueId) -> Outcome<Vec<Notification>> {
    let told = compare("issueId", Operator::Equal, text(id.to_string()));
    let query = only(from(client.names.top("notifications")), vec![told]);
    let found = client.query(client.names.parent(), query).await?;
    let mut told: Vec<Notification> = found.into_iter().map(to_child).collect::<Outcome<_>>()?;
    told.sort_by_key(|notification| (notification.created_at, notification.id));
    Ok(told)
}

/// The counts of all issues. A tombstone has none of these fields.
pub(super) async fn stats(client: &Client, since: Timestamp) -> Outcome<Stats> {
    let count = async |filter: Filter| -> Outcome<u64> {
        let query = only(from(client.names.top("issues")), vec![filter]);
        Ok(client.count(client.names.parent(), query, None).await?)
    };
    let mut by_status = STATUSES.map(|status| (status, 0));
    for (status, number) in &mut by_status {
        let word = serde_json::to_value(*status)?.as_str().unwrap_or_default().to_owned();
        *number = count(compare("status", Operator::Equal, text(word))).await?;
    }
    Ok(Stats {
        by_status,
        regressed: count(compare("regressed", Operator::Equal, boolean(true))).await?,
        new: count(compare("find.firstSeen", Operator::GreaterThanOrEqual, time(since))).await?,
    })
}
