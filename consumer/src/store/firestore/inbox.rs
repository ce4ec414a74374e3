//! What people were told, by person: the top collection `notifications`.

use firestore::gcloud_sdk::google::firestore::v1::{
    Document, StructuredQuery,
    precondition::ConditionType,
    structured_query::{Direction, field_filter::Operator},
};
use issue::document::Notification;
use uuid::Uuid;

use super::{
    Outcome,
    children::{parse_cursor, print_cursor},
    client::Client,
    document::to_child,
    query::{NAME, after, compare, from, limited, only, sorted},
    value::{Fields, boolean, reference, text, text_of, time},
    write::put,
};
use crate::store::Page;

/// Documents marked in one commit.
const STEP: usize = 400;

fn of(client: &Client, user: &str, only_unread: bool) -> StructuredQuery {
    let mut filters = vec![compare("userId", Operator::Equal, text(user))];
    if only_unread {
        filters.push(compare("read", Operator::Equal, boolean(false)));
    }
    only(from(client.names.top("notifications")), filters)
}

/// One page, the newest first. The cursor is `<microseconds>.<id>` of the last one shown.
pub(super) async fn inbox(
    client: &Client,
    user: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Outcome<Page<Notification>> {
    let mut query = sorted(of(client, user, false), &["createdAt", NAME], Direction::Descending);
    match cursor.map(parse_cursor) {
        None => {}
        Some(Some((at, id))) => {
            query = after(query, vec![time(at), reference(client.names.notification(id))]);
        }
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    }
    let mut found = client.query(client.names.parent(), limited(query, limit.saturating_add(1))).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).and_then(|last| print_cursor("createdAt", last));
    let items = found.into_iter().map(to_child).collect::<Outcome<_>>()?;
    Ok(Page { items, next_cursor })
}

pub(super) async fn unread(client: &Client, user: &str) -> Outcome<u64> {
    Ok(client.count(client.names.parent(), of(client, user, true), None).await?)
}

/// Marks those that are this person's.
pub(super) async fn mark_read(client: &Client, user: &str, ids: Option<Vec<Uuid>>) -> Outcome<u64> {
    let found: Vec<Document> = match ids {
        None => client.query(client.names.parent(), of(client, user, true)).await?,
        Some(ids) => {
            let names = ids.into_iter().map(|id| client.names.notification(id)).collect();
            client.get(names, &["userId", "read"]).await?
        }
    };
    let is_theirs = |document: &&Document| text_of(&document.fields, "userId") == Some(user);
    let is_read = |document: &Document| document.fields.get("read") == Some(&boolean(true));
    let names: Vec<String> = found
        .iter()
        .filter(is_theirs)
        .filter(|found| !is_read(found))
        .map(|found| found.name.clone())
        .collect();
    for names in names.chunks(STEP) {
        let mark = |name: &String| {
            let fields: Fields = [("read".to_owned(), boolean(true))].into();
            put(name.clone(), fields, Some(vec!["read".to_owned()]), Some(ConditionType::Exists(true)))
        };
        client.commit(names.iter().map(mark).collect()).await?;
    }
    Ok(u64::try_from(names.len())?)
}
