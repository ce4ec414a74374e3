//! What outlives its time: marks of sources that have been silent, tombstones, old samples.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Outcome, micros};
use crate::store::{NoteKind, OCCURRENCES_KEPT, SEEN_KEPT};

/// Removes all of it.
pub(super) fn sweep(connection: &mut Connection, now: Timestamp) -> Outcome<()> {
    let transaction = connection.transaction()?;
    for (sql, age) in [
        ("DELETE FROM seen WHERE at < ?1", SEEN_KEPT),
        ("DELETE FROM tombstones WHERE at < ?1", SEEN_KEPT),
        ("DELETE FROM occurrences WHERE at < ?1", OCCURRENCES_KEPT),
    ] {
        transaction.execute(sql, params![micros(now.saturating_sub(age)?)])?;
    }
    for kind in NoteKind::ALL {
        let before = micros(now.saturating_sub(kind.kept())?);
        transaction
            .execute("DELETE FROM notes WHERE kind = ?1 AND at < ?2", params![kind.as_str(), before])?;
    }
    Ok(transaction.commit()?)
}
