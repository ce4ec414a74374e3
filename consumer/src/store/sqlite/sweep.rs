//! What outlives its time: marks of sources that have been silent, tombstones, old samples.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::{Outcome, micros};

/// A sidecar resends nothing older than 7 days, so after 8 a mark has no use (delivery.md, "Consumer").
const SEEN: SignedDuration = SignedDuration::from_hours(8 * 24);

/// How long samples are kept.
const OCCURRENCES: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How long it is known what was done with a dead letter: a day longer than its topic keeps it.
const DEAD_LETTERS: SignedDuration = SignedDuration::from_hours(31 * 24);

/// Removes all of it.
pub(super) fn sweep(connection: &mut Connection, now: Timestamp) -> Outcome<()> {
    let transaction = connection.transaction()?;
    for (sql, age) in [
        ("DELETE FROM seen WHERE at < ?1", SEEN),
        ("DELETE FROM tombstones WHERE at < ?1", SEEN),
        ("DELETE FROM occurrences WHERE at < ?1", OCCURRENCES),
        ("DELETE FROM notes WHERE kind = 'sidecar' AND at < ?1", SEEN),
        ("DELETE FROM notes WHERE kind = 'dead-letter' AND at < ?1", DEAD_LETTERS),
    ] {
        transaction.execute(sql, params![micros(now.saturating_sub(age)?)])?;
    }
    Ok(transaction.commit()?)
}
