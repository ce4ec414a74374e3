//! Small documents beside the issues.

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use super::{Outcome, micros};
use crate::store::{Note, NoteKind, Stretch};

/// Keeps each whose rank is higher than that of the one that is there, all in one transaction.
pub(super) fn keep(connection: &mut Connection, notes: &[Note], now: Timestamp) -> Outcome<Vec<bool>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let kept = put(&transaction, notes, now)?;
    transaction.commit()?;
    Ok(kept)
}

/// The same within a transaction.
pub(super) fn put(transaction: &Transaction<'_>, notes: &[Note], now: Timestamp) -> Outcome<Vec<bool>> {
    if notes.is_empty() {
        return Ok(Vec::new());
    }
    let mut put = transaction.prepare_cached(
        "INSERT INTO notes (kind, key, rank, at, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET rank = excluded.rank, at = excluded.at, body = excluded.body
         WHERE excluded.rank > rank",
    )?;
    let mut kept = Vec::with_capacity(notes.len());
    for note in notes {
        let rank = i64::try_from(note.rank).unwrap_or(i64::MAX);
        let body = note.body.to_string();
        kept.push(put.execute(params![note.kind.as_str(), note.key, rank, micros(now), body])? > 0);
    }
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
    rows.into_iter().map(|row| note(kind, row)).collect()
}

fn note(kind: NoteKind, (key, rank, body): (String, i64, String)) -> Outcome<Note> {
    Ok(Note { kind, key, rank: rank.cast_unsigned(), body: serde_json::from_str(&body)? })
}

/// Those of a kind whose `order` lies in a stretch. The expressions are those of the index.
pub(super) fn ordered(connection: &Connection, kind: NoteKind, stretch: &Stretch) -> Outcome<Vec<Note>> {
    let (direction, behind) = if stretch.descending { ("DESC", "<") } else { ("ASC", ">") };
    let end = if stretch.descending { i64::MAX } else { i64::MIN };
    // Every text is behind an empty one, and before one of a character that no key has.
    let start = (end, if stretch.descending { "~".to_owned() } else { String::new() });
    let (order, key) = stretch.after.clone().unwrap_or(start);
    let sql = format!(
        "SELECT key, rank, body FROM notes
         WHERE kind = ?1 AND json_extract(body, '$.order') BETWEEN ?2 AND ?3
           AND (json_extract(body, '$.order'), key) {behind} (?4, ?5)
         ORDER BY json_extract(body, '$.order') {direction}, key {direction} LIMIT ?6"
    );
    let limit = i64::try_from(stretch.limit)?;
    let rows: Vec<(String, i64, String)> = connection
        .prepare_cached(&sql)?
        .query_map(params![kind.as_str(), stretch.from, stretch.to, order, key, limit], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<Result<_, _>>()?;
    rows.into_iter().map(|row| note(kind, row)).collect()
}
