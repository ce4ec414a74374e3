//! The end of an issue: all of it goes in one transaction, and a tombstone keeps its version and marks.

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    Outcome, micros,
    write::{Stands, put_seen},
};
use crate::store::{Deletion, Version, Written};

/// Where rows of one issue lie, besides its own.
const BELOW: [&str; 8] = [
    "DELETE FROM occurrences WHERE n = ?1",
    "DELETE FROM activities WHERE n = ?1",
    "DELETE FROM comments WHERE n = ?1",
    "DELETE FROM notifications WHERE n = ?1",
    "DELETE FROM facets WHERE n = ?1",
    "DELETE FROM search WHERE rowid = ?1",
    "DELETE FROM words WHERE n = ?1",
    "DELETE FROM documents WHERE n = ?1",
];

/// Deletes by compare-and-set. Of an issue that never was, it leaves a tombstone as well: so an import keeps them.
pub(super) fn delete(connection: &mut Connection, deletion: &Deletion, now: Timestamp) -> Outcome<Written> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stands = Stands::of(&transaction, deletion.id)?;
    if stands.version() != deletion.expect {
        return Ok(Written::Conflict);
    }
    let version = stands.number() + 1;
    if let Stands::There { n, .. } = stands {
        remove(&transaction, n)?;
    }
    transaction.execute(
        "INSERT OR REPLACE INTO tombstones (id, version, at) VALUES (?1, ?2, ?3)",
        params![deletion.id.0.as_bytes(), version, micros(now)],
    )?;
    put_seen(&transaction, deletion.id, &deletion.seen, now)?;
    // Its marks live as long as the tombstone.
    transaction
        .execute("UPDATE seen SET at = ?2 WHERE id = ?1", params![deletion.id.0.as_bytes(), micros(now)])?;
    transaction.commit()?;
    Ok(Written::Done(Version::At(version.to_string())))
}

fn remove(transaction: &Transaction<'_>, n: i64) -> Outcome<()> {
    for sql in BELOW {
        transaction.prepare_cached(sql)?.execute([n])?;
    }
    transaction.execute("DELETE FROM issues WHERE n = ?1", [n])?;
    Ok(())
}
