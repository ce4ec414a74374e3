//! Changes: compare-and-set, whole or not at all.

use std::hash::{DefaultHasher, Hash, Hasher};

use issue::{
    document::{Issue, Notification, Occurrence},
    id::{IssueId, SourceId},
    lifecycle::samples::{Sample, kept},
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::{
    Outcome, micros, notes,
    read::source_key,
    schema::{category_code, facets, priority_code, status_code, type_code},
};
use crate::store::{Version, Write, Written, words::words};

/// All writes in one transaction: one sync for a whole batch. A write that lost its compare-and-set leaves no trace.
pub(super) fn all(connection: &mut Connection, writes: &[Write], now: Timestamp) -> Outcome<Vec<Written>> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let written = writes.iter().map(|write| one(&transaction, write, now)).collect::<Outcome<Vec<_>>>()?;
    transaction.commit()?;
    Ok(written)
}

fn one(transaction: &Transaction<'_>, write: &Write, now: Timestamp) -> Outcome<Written> {
    let stands = Stands::of(transaction, write.issue.id)?;
    if stands.version() != write.expect {
        return Ok(Written::Conflict);
    }
    let version = stands.number() + 1;
    let n = put_issue(transaction, &write.issue, stands, version)?;
    put_seen(transaction, write.issue.id, &write.seen, now)?;
    put_occurrences(transaction, n, &write.occurrences)?;
    for activity in &write.activities {
        put_child(transaction, "activities", n, activity.created_at, activity.id, activity)?;
    }
    for comment in &write.comments {
        put_child(transaction, "comments", n, comment.created_at, comment.id, comment)?;
    }
    for notification in &write.notifications {
        put_notification(transaction, n, notification)?;
    }
    notes::put(transaction, &write.notes, now)?;
    Ok(Written::Done(Version::At(version.to_string())))
}

/// How an issue stands in the database.
pub(super) enum Stands {
    Absent,
    Deleted { version: i64 },
    There { n: i64, version: i64, digest: i64 },
}

impl Stands {
    pub(super) fn of(transaction: &Transaction<'_>, id: IssueId) -> Outcome<Self> {
        let there = transaction
            .prepare_cached("SELECT n, version, digest FROM issues WHERE id = ?1")?
            .query_row([id.0.as_bytes()], |row| {
                Ok(Self::There { n: row.get(0)?, version: row.get(1)?, digest: row.get(2)? })
            })
            .optional()?;
        if let Some(there) = there {
            return Ok(there);
        }
        let version = transaction
            .prepare_cached("SELECT version FROM tombstones WHERE id = ?1")?
            .query_row([id.0.as_bytes()], |row| row.get(0))
            .optional()?;
        Ok(version.map_or(Self::Absent, |version| Self::Deleted { version }))
    }

    pub(super) fn number(&self) -> i64 {
        match self {
            Self::Absent => 0,
            Self::Deleted { version } | Self::There { version, .. } => *version,
        }
    }

    pub(super) fn version(&self) -> Version {
        match self {
            Self::Absent => Version::Absent,
            other => Version::At(other.number().to_string()),
        }
    }
}

/// Writes the document and what lists need of it; answers its row.
fn put_issue(transaction: &Transaction<'_>, issue: &Issue, stands: Stands, version: i64) -> Outcome<i64> {
    let words = words(issue);
    let digest = digest(issue, &words);
    let document = serde_json::to_string(issue)?;
    let n = match stands {
        Stands::There { n, digest: before, .. } if before == digest => {
            put_counts(transaction, issue, n, version)?;
            replace_document(transaction, n, &document)?;
            return Ok(n);
        }
        Stands::There { n, .. } => {
            put_columns(transaction, issue, n, version, digest)?;
            replace_document(transaction, n, &document)?;
            n
        }
        Stands::Absent => insert_issue(transaction, issue, &document, version, digest)?,
        Stands::Deleted { .. } => {
            transaction.execute("DELETE FROM tombstones WHERE id = ?1", [issue.id.0.as_bytes()])?;
            insert_issue(transaction, issue, &document, version, digest)?
        }
    };
    put_facets(transaction, issue, n)?;
    put_words(transaction, n, &words)?;
    Ok(n)
}

/// Tells whether anything but counts and times changed. It may differ between releases of the standard library: then
/// the columns are written once more than needed.
fn digest(issue: &Issue, words: &str) -> i64 {
    let mut hasher = DefaultHasher::new();
    words.hash(&mut hasher);
    (issue.status, issue.priority, issue.issue_type, issue.regressed, first_seen(issue)).hash(&mut hasher);
    issue.reported.as_ref().map(|reported| reported.category).hash(&mut hasher);
    for (facet, value) in facets(issue) {
        (facet.code(), value).hash(&mut hasher);
    }
    hasher.finish().cast_signed()
}

fn first_seen(issue: &Issue) -> i64 {
    micros(issue.first_seen.unwrap_or(issue.created_at))
}

fn last_seen(issue: &Issue) -> i64 {
    micros(issue.last_seen.unwrap_or(issue.created_at))
}

fn count(issue: &Issue) -> i64 {
    i64::try_from(issue.count).unwrap_or(i64::MAX)
}

/// A repeat changes these alone, and leaves the other indexes untouched.
fn put_counts(transaction: &Transaction<'_>, issue: &Issue, n: i64, version: i64) -> Outcome<()> {
    transaction
        .prepare_cached("UPDATE issues SET version = ?2, last_seen = ?3, count = ?4 WHERE n = ?1")?
        .execute(params![n, version, last_seen(issue), count(issue)])?;
    Ok(())
}

fn put_columns(
    transaction: &Transaction<'_>,
    issue: &Issue,
    n: i64,
    version: i64,
    digest: i64,
) -> Outcome<()> {
    transaction
        .prepare_cached(
            "UPDATE issues SET version = ?2, digest = ?3, status = ?4, priority = ?5, type = ?6, category = ?7,
                first_seen = ?8, last_seen = ?9, count = ?10, regressed = ?11 WHERE n = ?1",
        )?
        .execute(params![
            n,
            version,
            digest,
            status_code(issue.status),
            priority_code(issue.priority),
            type_code(issue.issue_type),
            category_code(issue.reported.as_ref().map(|reported| reported.category).unwrap_or_default()),
            first_seen(issue),
            last_seen(issue),
            count(issue),
            issue.regressed,
        ])?;
    Ok(())
}

fn insert_issue(
    transaction: &Transaction<'_>,
    issue: &Issue,
    document: &str,
    version: i64,
    digest: i64,
) -> Outcome<i64> {
    transaction
        .prepare_cached(
            "INSERT INTO issues (id, version, digest, status, priority, type, category, first_seen, last_seen, count)
             VALUES (?1, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
        )?
        .execute([issue.id.0.as_bytes()])?;
    let n = transaction.last_insert_rowid();
    put_columns(transaction, issue, n, version, digest)?;
    transaction
        .prepare_cached("INSERT INTO documents (n, document) VALUES (?1, ?2)")?
        .execute(params![n, document])?;
    Ok(n)
}

fn replace_document(transaction: &Transaction<'_>, n: i64, document: &str) -> Outcome<()> {
    transaction
        .prepare_cached("UPDATE documents SET document = ?2 WHERE n = ?1")?
        .execute(params![n, document])?;
    Ok(())
}

fn put_facets(transaction: &Transaction<'_>, issue: &Issue, n: i64) -> Outcome<()> {
    transaction.prepare_cached("DELETE FROM facets WHERE n = ?1")?.execute([n])?;
    let mut insert =
        transaction.prepare_cached("INSERT OR IGNORE INTO facets (facet, value, n) VALUES (?1, ?2, ?3)")?;
    for (facet, value) in facets(issue) {
        insert.execute(params![facet.code(), value, n])?;
    }
    Ok(())
}

fn put_words(transaction: &Transaction<'_>, n: i64, words: &str) -> Outcome<()> {
    let before: Option<String> = transaction
        .prepare_cached("SELECT words FROM words WHERE n = ?1")?
        .query_row([n], |row| row.get(0))
        .optional()?;
    if before.as_deref() == Some(words) {
        return Ok(());
    }
    if before.is_some() {
        transaction.prepare_cached("DELETE FROM search WHERE rowid = ?1")?.execute([n])?;
    }
    transaction
        .prepare_cached("INSERT OR REPLACE INTO words (n, words) VALUES (?1, ?2)")?
        .execute(params![n, words])?;
    transaction
        .prepare_cached("INSERT INTO search (rowid, words) VALUES (?1, ?2)")?
        .execute(params![n, words])?;
    Ok(())
}

pub(super) fn put_seen(
    transaction: &Transaction<'_>,
    id: IssueId,
    seen: &[(SourceId, u64)],
    now: Timestamp,
) -> Outcome<()> {
    let mut put = transaction.prepare_cached(
        "INSERT INTO seen (id, source, seq, at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq), at = excluded.at",
    )?;
    for (source, seq) in seen {
        let seq = i64::try_from(*seq).unwrap_or(i64::MAX);
        put.execute(params![id.0.as_bytes(), source_key(source), seq, micros(now)])?;
    }
    Ok(())
}

fn put_child<T: serde::Serialize>(
    transaction: &Transaction<'_>,
    table: &'static str,
    n: i64,
    at: Timestamp,
    id: Uuid,
    child: &T,
) -> Outcome<()> {
    transaction
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO {table} (n, at, id, document) VALUES (?1, ?2, ?3, ?4)"
        ))?
        .execute(params![n, micros(at), id.as_bytes(), serde_json::to_string(child)?])?;
    Ok(())
}

fn put_notification(transaction: &Transaction<'_>, n: i64, notification: &Notification) -> Outcome<()> {
    transaction
        .prepare_cached(
            "INSERT OR IGNORE INTO notifications (user_id, at, id, n, read, document)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            notification.user_id,
            micros(notification.created_at),
            notification.id.as_bytes(),
            n,
            notification.read,
            serde_json::to_string(notification)?,
        ])?;
    Ok(())
}

/// Adds samples and takes away those that the rule does not keep.
fn put_occurrences(transaction: &Transaction<'_>, n: i64, occurrences: &[Occurrence]) -> Outcome<()> {
    if occurrences.is_empty() {
        return Ok(());
    }
    let mut insert = transaction.prepare_cached(
        "INSERT OR IGNORE INTO occurrences (n, at, id, full, document) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for occurrence in occurrences {
        insert.execute(params![
            n,
            micros(occurrence.received_at),
            occurrence.id.as_bytes(),
            occurrence.report.is_some(),
            serde_json::to_string(occurrence)?,
        ])?;
    }
    let samples = transaction
        .prepare_cached("SELECT at, id, full FROM occurrences WHERE n = ?1")?
        .query_map([n], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .map(|row| {
            let (at, key, full): (i64, [u8; 16], bool) = row?;
            Ok(Sample { key: (at, key), received_at: Timestamp::from_microsecond(at)?, full })
        })
        .collect::<Outcome<Vec<_>>>()?;
    let kept = kept(&samples);
    let mut delete =
        transaction.prepare_cached("DELETE FROM occurrences WHERE n = ?1 AND at = ?2 AND id = ?3")?;
    for sample in samples.iter().filter(|sample| !kept.contains(&sample.key)) {
        delete.execute(params![n, sample.key.0, sample.key.1])?;
    }
    Ok(())
}
