//! What hangs below an issue, a page at a time.

use firestore::gcloud_sdk::google::firestore::v1::{Document, structured_query::Direction};
use issue::id::IssueId;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Outcome,
    client::Client,
    document::to_child,
    names::{collection, last},
    query::{NAME, after, from, limited, sorted},
    value::{reference, time, time_of},
};
use crate::store::{Child, ChildKind, Page};

/// The field that children are in the order of, and the way that it runs.
fn order(kind: ChildKind) -> (&'static str, Direction) {
    match kind {
        ChildKind::Occurrences => ("receivedAt", Direction::Descending),
        ChildKind::Activities | ChildKind::Comments => ("createdAt", Direction::Ascending),
    }
}

/// One page. The cursor is `<microseconds>.<id>` of the last one shown.
pub(super) async fn children(
    client: &Client,
    id: IssueId,
    kind: ChildKind,
    cursor: Option<&str>,
    limit: usize,
) -> Outcome<Page<Child>> {
    let (field, direction) = order(kind);
    let mut query = sorted(from(collection(kind).to_owned()), &[field, NAME], direction);
    match cursor.map(parse_cursor) {
        None => {}
        Some(Some((at, child))) => {
            let name = client.names.below(id, collection(kind), &child.to_string());
            query = after(query, vec![time(at), reference(name)]);
        }
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    }
    // One more than asked for tells whether there is a next page.
    let mut found = client.query(&client.names.issue(id), limited(query, limit.saturating_add(1))).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next_cursor = found.last().filter(|_| more).and_then(|document| print_cursor(field, document));
    let items = found.into_iter().map(|document| child_of(kind, document)).collect::<Outcome<_>>()?;
    Ok(Page { items, next_cursor })
}

/// The newest of them, newest first.
pub(super) async fn newest(
    client: &Client,
    id: IssueId,
    kind: ChildKind,
    limit: usize,
) -> Outcome<Vec<Child>> {
    let (field, _) = order(kind);
    let query = sorted(from(collection(kind).to_owned()), &[field, NAME], Direction::Descending);
    let found = client.query(&client.names.issue(id), limited(query, limit)).await?;
    found.into_iter().map(|document| child_of(kind, document)).collect()
}

fn child_of(kind: ChildKind, document: Document) -> Outcome<Child> {
    Ok(match kind {
        ChildKind::Occurrences => Child::Occurrence(to_child(document)?),
        ChildKind::Activities => Child::Activity(to_child(document)?),
        ChildKind::Comments => Child::Comment(to_child(document)?),
    })
}

/// Writes `<microseconds>.<id>`.
pub(super) fn print_cursor(field: &str, document: &Document) -> Option<String> {
    let at = time_of(&document.fields, field)?.as_microsecond();
    let id: Uuid = last(&document.name).parse().ok()?;
    Some(format!("{at}.{}", id.simple()))
}

/// Reads it.
pub(super) fn parse_cursor(cursor: &str) -> Option<(Timestamp, Uuid)> {
    let (at, id) = cursor.split_once('.')?;
    Some((Timestamp::from_microsecond(at.parse().ok()?).ok()?, Uuid::try_parse(id).ok()?))
}
