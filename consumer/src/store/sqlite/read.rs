//! Reading one issue and what hangs below it.

use issue::{
    document::{Issue, SCHEMA},
    id::{IssueId, SourceId},
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::de::DeserializeOwned;

use super::Outcome;
use crate::store::{Child, ChildKind, Loaded, Page, Version, Wanted, older};

/// A source as the `seen` table writes it: the spool's 16 bytes and the partition count, big-endian.
pub(super) fn source_key(source: &SourceId) -> [u8; 20] {
    let mut key = [0; 20];
    let (spool, partitions) = key.split_at_mut(16);
    spool.copy_from_slice(source.spool.as_bytes());
    partitions.copy_from_slice(&source.partitions.to_be_bytes());
    key
}

/// One issue with the marks asked for.
pub(super) fn load(connection: &Connection, wanted: &Wanted) -> Outcome<Loaded> {
    let id = wanted.id.0.as_bytes();
    let there: Option<(i64, String)> = connection
        .prepare_cached("SELECT version, document FROM issues JOIN documents USING (n) WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (issue, version) = match there {
        Some((version, document)) => (Some(document_of(&document)?), Some(version)),
        None => (None, tombstone(connection, wanted.id)?),
    };
    let version = version.map_or(Version::Absent, |version| Version::At(version.to_string()));
    Ok(Loaded { issue, version, seen: seen(connection, wanted)? })
}

fn tombstone(connection: &Connection, id: IssueId) -> Outcome<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT version FROM tombstones WHERE id = ?1")?
        .query_row([id.0.as_bytes()], |row| row.get(0))
        .optional()?)
}

fn seen(connection: &Connection, wanted: &Wanted) -> Outcome<Vec<(SourceId, u64)>> {
    let mut find = connection.prepare_cached("SELECT seq FROM seen WHERE id = ?1 AND source = ?2")?;
    let mut seen = Vec::with_capacity(wanted.sources.len());
    for source in &wanted.sources {
        let seq: Option<i64> = find
            .query_row(params![wanted.id.0.as_bytes(), source_key(source)], |row| row.get(0))
            .optional()?;
        seen.extend(seq.map(|seq| (source.clone(), seq.cast_unsigned())));
    }
    Ok(seen)
}

/// Reads a document of this or an older schema.
pub(super) fn document_of(json: &str) -> Outcome<Issue> {
    match serde_json::from_str::<Issue>(json) {
        Ok(issue) if issue.schema == SCHEMA => Ok(issue),
        _ => older::issue(serde_json::from_str(json)?),
    }
}

/// One page of children. The cursor is `<microseconds>.<id>` of the last one shown.
pub(super) fn children(
    connection: &Connection,
    id: IssueId,
    kind: ChildKind,
    cursor: Option<&str>,
    limit: usize,
) -> Outcome<Page<Child>> {
    let table = table(kind);
    let (order, beyond) = match kind {
        ChildKind::Occurrences => ("DESC", "<"),
        ChildKind::Activities | ChildKind::Comments => ("ASC", ">"),
    };
    let after = match cursor.map(parse_cursor) {
        None => None,
        Some(Some(after)) => Some(after),
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    };
    let (at, child) = after.unwrap_or_default();
    let sql = format!(
        "SELECT at, id, document FROM {table}
         WHERE n = (SELECT n FROM issues WHERE id = ?1) AND (?2 OR (at, id) {beyond} (?3, ?4))
         ORDER BY at {order}, id {order} LIMIT ?5"
    );
    // One more than asked for tells whether there is a next page.
    let ask = i64::try_from(limit)?.saturating_add(1);
    let mut rows = connection
        .prepare_cached(&sql)?
        .query_map(params![id.0.as_bytes(), after.is_none(), at, child, ask], row_of)?
        .collect::<Result<Vec<_>, _>>()?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows
        .last()
        .filter(|_| more)
        .map(|(at, child, _)| format!("{at}.{}", uuid::Uuid::from_bytes(*child).simple()));
    let items = rows.iter().map(|(_, _, json)| child_of(kind, json)).collect::<Outcome<Vec<_>>>()?;
    Ok(Page { items, next_cursor })
}

/// The newest children, newest first.
pub(super) fn newest(
    connection: &Connection,
    id: IssueId,
    kind: ChildKind,
    limit: usize,
) -> Outcome<Vec<Child>> {
    let sql = format!(
        "SELECT at, id, document FROM {table}
         WHERE n = (SELECT n FROM issues WHERE id = ?1) ORDER BY at DESC, id DESC LIMIT ?2",
        table = table(kind)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params![id.0.as_bytes(), i64::try_from(limit)?], row_of)?;
    rows.map(|row| child_of(kind, &row?.2)).collect()
}

fn table(kind: ChildKind) -> &'static str {
    match kind {
        ChildKind::Occurrences => "occurrences",
        ChildKind::Activities => "activities",
        ChildKind::Comments => "comments",
    }
}

fn row_of(row: &Row<'_>) -> rusqlite::Result<(i64, [u8; 16], String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn child_of(kind: ChildKind, json: &str) -> Outcome<Child> {
    fn read<T: DeserializeOwned>(json: &str) -> Outcome<T> {
        Ok(serde_json::from_str(json)?)
    }
    Ok(match kind {
        ChildKind::Occurrences => Child::Occurrence(read(json)?),
        ChildKind::Activities => Child::Activity(read(json)?),
        ChildKind::Comments => Child::Comment(read(json)?),
    })
}

/// Reads `<microseconds>.<id>`.
pub(super) fn parse_cursor(cursor: &str) -> Option<(i64, [u8; 16])> {
    let (at, id) = cursor.split_once('.')?;
    Some((at.parse().ok()?, uuid::Uuid::try_parse(id).ok()?.into_bytes()))
}
