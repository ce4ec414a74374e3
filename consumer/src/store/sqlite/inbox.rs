//! What people were told, by person.

use issue::document::Notification;
use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::{Outcome, read::parse_cursor};
use crate::store::Page;

/// One page, the newest first. The cursor is `<microseconds>.<id>` of the last one shown.
pub(super) fn inbox(
    connection: &Connection,
    user: &str,
    cursor: Option<&str>,
    limit: usize,
) -> Outcome<Page<Notification>> {
    let before = match cursor.map(parse_cursor) {
        None => None,
        Some(Some(before)) => Some(before),
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    };
    let (at, id) = before.unwrap_or_default();
    // One more than asked for tells whether there is a next page.
    let ask = i64::try_from(limit)?.saturating_add(1);
    let mut rows = connection
        .prepare_cached(
            "SELECT at, id, document FROM notifications
             WHERE user_id = ?1 AND (?2 OR (at, id) < (?3, ?4)) ORDER BY at DESC, id DESC LIMIT ?5",
        )?
        .query_map(params![user, before.is_none(), at, id, ask], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<Vec<(i64, [u8; 16], String)>, _>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor =
        rows.last().filter(|_| more).map(|(at, id, _)| format!("{at}.{}", Uuid::from_bytes(*id).simple()));
    let items = rows.iter().map(|(.., json)| Ok(serde_json::from_str(json)?)).collect::<Outcome<_>>()?;
    Ok(Page { items, next_cursor })
}

pub(super) fn unread(connection: &Connection, user: &str) -> Outcome<u64> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM notifications WHERE user_id = ?1 AND NOT read")?
        .query_row([user], |row| row.get(0))?;
    Ok(count.cast_unsigned())
}

/// Marks those that are this person's.
pub(super) fn mark_read(connection: &mut Connection, user: &str, ids: Option<&[Uuid]>) -> Outcome<u64> {
    const MARK: &str =
        "UPDATE notifications SET read = 1, document = json_set(document, '$.read', json('true'))
         WHERE user_id = ?1 AND NOT read";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut marked = 0;
    match ids {
        None => marked += transaction.execute(MARK, [user])?,
        Some(ids) => {
            for id in ids {
                marked +=
                    transaction.execute(&format!("{MARK} AND id = ?2"), params![user, id.as_bytes()])?;
            }
        }
    }
    transaction.commit()?;
    Ok(u64::try_from(marked)?)
}
