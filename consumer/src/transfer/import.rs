//! Lines → a store.

use std::io::BufRead;

use issue::{
    document::Issue,
    id::{IssueId, SourceId},
};
use jiff::{Timestamp, TimestampRound, Unit};

use super::{
    Moved, TransferError,
    export::count,
    file,
    line::{FORMAT, Line},
    notes,
};
use crate::store::{Deletion, Loaded, Note, Upkeep, Version, Wanted, Write, Written, older};

/// Issues, and bytes of lines, that go into the store at a time.
const PARCELS: usize = 100;
const BYTES: usize = 4 << 20;

/// So often a write that met another one is tried again.
const TRIES: usize = 20;

/// A line longer than this is none of ours; a record, which the largest is made of, has 512 KiB.
const LONGEST: u64 = 16 << 20;

/// What goes into the store together.
enum Parcel {
    Issue(Box<Write>),
    Tombstone { id: IssueId, seen: Vec<(SourceId, u64)> },
}

impl Parcel {
    fn wanted(&self) -> Wanted {
        let (id, seen) = match self {
            Self::Issue(write) => (write.issue.id, &write.seen),
            Self::Tombstone { id, seen } => (*id, seen),
        };
        Wanted { id, sources: seen.iter().map(|(source, _)| source.clone()).collect() }
    }
}

/// Reads everything. Memory holds a few MiB of lines.
pub async fn import(
    store: &dyn Upkeep,
    input: &mut dyn BufRead,
    mut told: impl FnMut(Moved),
) -> Result<Moved, TransferError> {
    let mut lines = Lines { input, number: 0, bytes: 0 };
    let mut moved = Moved::default();
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut beside: Vec<Note> = Vec::new();
    match lines.next()? {
        Some(Line::Export { format, .. }) if format <= FORMAT => {}
        Some(Line::Export { format, .. }) => {
            return Err(lines.wrong(format!("its form is {format}, this program reads forms up to {FORMAT}")));
        }
        Some(_) => return Err(lines.wrong("the first line of an export says so")),
        None => return Err(TransferError::NotWhole("it is empty".to_owned())),
    }
    while let Some(line) = lines.next()? {
        let ends = !is_below(&line);
        if (ends && parcels.len() >= PARCELS) || lines.bytes >= BYTES {
            moved.left += deliver(store, &mut parcels, ends).await?;
            lines.bytes = 0;
            told(moved);
        }
        count(&mut moved, &line);
        match line {
            Line::End { issues, below, tombstones, notes } => {
                moved.left += deliver(store, &mut parcels, true).await?;
                moved.left += notes::keep(store, &mut beside).await?;
                let counted = Moved { issues, below, tombstones, notes, left: moved.left };
                if moved != counted {
                    return Err(TransferError::NotWhole(format!(
                        "{counted:?} were written, {moved:?} are there"
                    )));
                }
                return Ok(moved);
            }
            Line::Note { about, key, rank, body } => {
                beside.push(notes::read(&about, key, rank, body).map_err(|reason| lines.wrong(reason))?);
                if beside.len() >= PARCELS {
                    moved.left += notes::keep(store, &mut beside).await?;
                }
            }
            other => take(&mut parcels, other).map_err(|reason| lines.wrong(reason))?,
        }
    }
    deliver(store, &mut parcels, true).await?;
    notes::keep(store, &mut beside).await?;
    Err(TransferError::NotWhole("its last line is missing".to_owned()))
}

/// Whether a line belongs to the issue before it.
fn is_below(line: &Line) -> bool {
    matches!(
        line,
        Line::Occurrence { .. } | Line::Activity { .. } | Line::Comment { .. } | Line::Notification { .. }
    )
}

/// Lines as they are read.
struct Lines<'a> {
    input: &'a mut dyn BufRead,
    number: u64,
    bytes: usize,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Option<Line>, TransferError> {
        use std::io::Read;
        loop {
            let mut text = Vec::new();
            let mut bounded = (&mut *self.input).take(LONGEST);
            let length = bounded.read_until(b'\n', &mut text).map_err(file("read the export"))?;
            if length == 0 {
                return Ok(None);
            }
            self.number += 1;
            self.bytes += length;
            if !text.iter().all(u8::is_ascii_whitespace) {
                let line = serde_json::from_slice(&text).map_err(|error| self.wrong(error.to_string()))?;
                return Ok(Some(line));
            }
        }
    }

    fn wrong(&self, reason: impl Into<String>) -> TransferError {
        TransferError::Line { line: self.number, reason: reason.into() }
    }
}

/// Puts a line into the last parcel, or into one of its own.
fn take(parcels: &mut Vec<Parcel>, line: Line) -> Result<(), String> {
    match line {
        Line::Issue { issue, seen } => {
            let issue = older::issue(issue).map_err(|error| error.to_string())?;
            let seen = seen.into_iter().collect();
            parcels.push(Parcel::Issue(Box::new(bare(issue, Version::Absent, seen))));
            return Ok(());
        }
        Line::Tombstone { id, seen } => {
            parcels.push(Parcel::Tombstone { id, seen: seen.into_iter().collect() });
            return Ok(());
        }
        _ => {}
    }
    let Some(Parcel::Issue(write)) = parcels.last_mut() else {
        return Err("no issue stands before it".to_owned());
    };
    let id = write.issue.id;
    let of = match line {
        Line::Occurrence { occurrence } => {
            let of = occurrence.issue_id;
            write.occurrences.push(occurrence);
            of
        }
        Line::Activity { activity } => {
            let of = activity.issue_id;
            write.activities.push(activity);
            of
        }
        Line::Comment { comment } => {
            let of = comment.issue_id;
            write.comments.push(comment);
            of
        }
        Line::Notification { notification } => {
            let of = notification.issue_id;
            write.notifications.push(notification);
            of
        }
        _ => return Err("it stands in the middle of the file".to_owned()),
    };
    if of == id { Ok(()) } else { Err("it belongs to another issue than the one before it".to_owned()) }
}

fn bare(issue: Issue, expect: Version, seen: Vec<(SourceId, u64)>) -> Write {
    let (occurrences, activities, comments, notifications, notes) = Default::default();
    Write { issue, expect, seen, occurrences, activities, comments, notifications, notes }
}

/// Brings parcels into the store; tells how many were left outside because the store has something else. Where the last
/// issue's lines go on, it stays as a parcel without what was delivered.
async fn deliver(store: &dyn Upkeep, parcels: &mut Vec<Parcel>, ends: bool) -> Result<u64, TransferError> {
    let rest = match parcels.last() {
        Some(Parcel::Issue(write)) if !ends => {
            Some(Parcel::Issue(Box::new(bare(write.issue.clone(), Version::Absent, Vec::new()))))
        }
        _ => None,
    };
    let mut left = 0;
    let mut open = std::mem::take(parcels);
    for _ in 0..TRIES {
        if open.is_empty() {
            parcels.extend(rest);
            return Ok(left);
        }
        let (again, passed_over) = once(store, open).await?;
        (open, left) = (again, left + passed_over);
    }
    match open.first() {
        None => {
            parcels.extend(rest);
            Ok(left)
        }
        Some(parcel) => Err(TransferError::Contended(parcel.wanted().id)),
    }
}

/// One try; answers the parcels that met other writes, and how many the store has something else for.
async fn once(store: &dyn Upkeep, parcels: Vec<Parcel>) -> Result<(Vec<Parcel>, u64), TransferError> {
    let wanted: Vec<Wanted> = parcels.iter().map(Parcel::wanted).collect();
    let loaded = store.load(&wanted).await?;
    let (mut again, mut left) = (Vec::new(), 0);
    let mut writes = Vec::new();
    for (parcel, loaded) in parcels.into_iter().zip(loaded) {
        match parcel {
            Parcel::Issue(write) => match fitted(&write, &loaded) {
                None => left += 1,
                Some(fitted) => writes.push((write, fitted)),
            },
            Parcel::Tombstone { id, seen } => {
                if loaded.issue.is_some() {
                    left += 1;
                    continue;
                }
                let new = newer(&seen, &loaded);
                let deletion = Deletion { id, expect: loaded.version, seen: new };
                if store.delete(deletion).await? == Written::Conflict {
                    again.push(Parcel::Tombstone { id, seen });
                }
            }
        }
    }
    let (kept, fitted): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
    let written = store.write(fitted).await?;
    let lost = kept.into_iter().zip(written).filter(|(_, written)| *written == Written::Conflict);
    again.extend(lost.map(|(write, _)| Parcel::Issue(write)));
    Ok((again, left))
}

/// The write, as it goes into the store as it stands; `None`: the store has something else.
fn fitted(write: &Write, loaded: &Loaded) -> Option<Write> {
    let fits = match (&loaded.issue, &loaded.version) {
        (Some(there), _) => rounded(there.clone()) == rounded(write.issue.clone()),
        (None, Version::Absent) => true,
        // It was deleted there.
        (None, Version::At(_)) => false,
    };
    let seen = newer(&write.seen, loaded);
    fits.then(|| Write { expect: loaded.version.clone(), seen, ..write.clone() })
}

/// Marks that are higher than those that are there.
fn newer(seen: &[(SourceId, u64)], loaded: &Loaded) -> Vec<(SourceId, u64)> {
    let is_new = |(source, seq): &&(SourceId, u64)| {
        !loaded.seen.iter().any(|(there, highest)| there == source && highest >= seq)
    };
    seen.iter().filter(is_new).cloned().collect()
}

/// To the microseconds that every store keeps.
fn rounded(issue: Issue) -> Issue {
    let round = |at: Timestamp| {
        let rule = TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Floor);
        at.round(rule).unwrap_or(at)
    };
    Issue {
        created_at: round(issue.created_at),
        updated_at: round(issue.updated_at),
        resolved_at: issue.resolved_at.map(round),
        first_seen: issue.first_seen.map(round),
        last_seen: issue.last_seen.map(round),
        ..issue
    }
}
