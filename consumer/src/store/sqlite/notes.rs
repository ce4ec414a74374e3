//! Small documents beside the issues.

use jiff::Timestamp;
use rusqlite::{Connection, Row, TransactionBehavior, params};

use super::{Outcome, micros};
use crate::store::{Note, NoteKind};

/// Keeps each whose rank is higher than that of the one that is there, all in one transaction.
pub(super) fn keep(connection: &mut Connection, notes: &[Note], now: Timestamp) -> Outcome<Vec<bool>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut kept = Vec::with_capacity(notes.len());
    {
        let mut put = transaction.prepare_cached(
            "INSERT INTO notes (kind, key, rank, at, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET rank = excluded.rank, at = excluded.at, body = excluded.body
             WHERE excluded.rank > rank",
        )?;
        for note in notes {
            let rank = i64::try_from(note.rank).unwrap_or(i64::MAX);
            let body = note.body.to_string();
            kept.push(put.execute(params![note.kind.as_str(), note.key, rank, micros(now), body])? > 0);
        }
    }
    transaction.commit()?;
    Ok(kept)
}

/// Those of a kind; with `keys`, those of them that are there.
pub(super) fn notes(connection: &Connection, kind: NoteKind, keys: Option<&[String]>) -> Outcome<Vec<Note>> {
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let rows: Vec<(String, i64, String)> = match keys {
        None => connection
            .prepare_cached("SELECT key, rank, body FROM notes WHERE kind = ?1")?
            .query_map([kind.as_str()], read)?
            .collect::<Result<_, _>>()?,
        Some(keys) => {
            let mut find = connection
                .prepare_cached("SELECT key, rank, body FROM notes WHERE kind = ?1 AND key = ?2")?;
            let mut rows = Vec::new();
            for key in keys {
                rows.extend(find.query_map([kind.as_str(), key], read)?.collect::<Result<Vec<_>, _>>()?);
            }
            rows
        }
    };
    let note = |(key, rank, body): (String, i64, String)| {
        Ok(Note { kind, key, rank: rank.cast_unsigned(), body: serde_json::from_str(&body)? })
    };
    rows.into_iter().map(note).collect()
}
