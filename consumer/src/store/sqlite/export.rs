//! Everything, in the order of ids; and the counts of all of it.

use issue::{
    document::Notification,
    id::{IssueId, SourceId},
};
use jiff::Timestamp;
use rusqlite::{Connection, params, params_from_iter};
use uuid::Uuid;

use super::{Outcome, micros, read::document_of, schema::status_code};
use crate::store::{Kept, Page, STATUSES, Stats};

/// One page. The cursor is the id of the last one.
pub(super) fn export(connection: &Connection, cursor: Option<&str>, limit: usize) -> Outcome<Page<Kept>> {
    let after = match cursor.map(Uuid::try_parse) {
        None => Vec::new(),
        Some(Ok(id)) => id.as_bytes().to_vec(),
        Some(Err(_)) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    };
    // A blob of no length comes before every id.
    let rows = connection
        .prepare_cached(
            "SELECT id, document, n FROM issues JOIN documents USING (n) WHERE id > ?1
             UNION ALL SELECT id, NULL, NULL FROM tombstones WHERE id > ?1
             ORDER BY id LIMIT ?2",
        )?
        .query_map(params![after, i64::try_from(limit)?], |row| {
            Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<Vec<(_, Option<String>, Option<i64>)>, _>>()?;
    let last = rows.last().filter(|_| rows.len() == limit).map(|(id, ..)| Uuid::from_bytes(*id));
    let items = rows.into_iter().map(|(id, document, n)| {
        let seen = seen(connection, &id)?;
        Ok(match (document, n) {
            (Some(document), Some(n)) => {
                let notifications = notifications(connection, n)?;
                Kept::Issue { issue: document_of(&document)?, seen, notifications }
            }
            _ => Kept::Tombstone { id: IssueId(Uuid::from_bytes(id)), seen },
        })
    });
    let items = items.collect::<Outcome<Vec<_>>>()?;
    Ok(Page { items, next_cursor: last.map(|id| id.simple().to_string()) })
}

fn seen(connection: &Connection, id: &[u8; 16]) -> Outcome<Vec<(SourceId, u64)>> {
    connection
        .prepare_cached("SELECT source, seq FROM seen WHERE id = ?1 ORDER BY source")?
        .query_map([id], |row| Ok((row.get::<_, [u8; 20]>(0)?, row.get::<_, i64>(1)?)))?
        .map(|row| {
            let (key, seq) = row?;
            let (spool, partitions) = key.split_at(16);
            let source = SourceId {
                spool: Uuid::from_slice(spool)?,
                partitions: u32::from_be_bytes(partitions.try_into()?),
            };
            Ok((source, seq.cast_unsigned()))
        })
        .collect()
}

fn notifications(connection: &Connection, n: i64) -> Outcome<Vec<Notification>> {
    connection
        .prepare_cached("SELECT document FROM notifications WHERE n = ?1 ORDER BY at, id")?
        .query_map([n], |row| row.get::<_, String>(0))?
        .map(|json| Ok(serde_json::from_str(&json?)?))
        .collect()
}

/// The counts of all issues.
pub(super) fn stats(connection: &Connection, since: Timestamp) -> Outcome<Stats> {
    let count = |sql: &str, value: Option<i64>| -> Outcome<u64> {
        let count: i64 =
            connection.prepare_cached(sql)?.query_row(params_from_iter(value), |row| row.get(0))?;
        Ok(count.cast_unsigned())
    };
    let mut by_status = STATUSES.map(|status| (status, 0));
    for (status, number) in &mut by_status {
        *number = count("SELECT count(*) FROM issues WHERE status = ?1", Some(status_code(*status)))?;
    }
    Ok(Stats {
        by_status,
        regressed: count("SELECT count(*) FROM issues WHERE regressed = 1", None)?,
        new: count("SELECT count(*) FROM issues WHERE first_seen >= ?1", Some(micros(since)))?,
    })
}
