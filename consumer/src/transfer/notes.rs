//! Notes in an export: people with their roles, tokens, the backlog, the audit, and what was done with dead letters.

use std::collections::HashMap;

use serde_json::Value;

use super::{TransferError, line::Line};
use crate::store::{Note, NoteKind, StoreError, Upkeep};

/// Every note that goes along, in the order of kinds and keys.
pub(super) async fn lines(store: &dyn Upkeep) -> Result<Vec<Line>, StoreError> {
    let mut lines = Vec::new();
    for kind in NoteKind::ALL.into_iter().filter(|kind| kind.moves()) {
        let mut notes = store.notes(kind, None).await?;
        notes.sort_by(|one, other| one.key.cmp(&other.key));
        lines.extend(notes.into_iter().map(|Note { key, rank, body, .. }| Line::Note {
            about: kind.as_str().to_owned(),
            key,
            rank,
            body,
        }));
    }
    Ok(lines)
}

/// A line as a note; or why it is none that goes along.
pub(super) fn read(about: &str, key: String, rank: u64, body: Value) -> Result<Note, String> {
    let kind = NoteKind::parse(about).filter(|kind| kind.moves());
    let kind = kind.ok_or_else(|| format!("no export has notes about {about:?}"))?;
    let fits = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if !(1..=200).contains(&key.len()) || !key.chars().all(fits) {
        return Err("a note's key has 1 to 200 letters, digits, dots, dashes and underscores".to_owned());
    }
    Ok(Note { kind, key, rank, body })
}

/// Brings notes into the store; tells how many it has something else for, which stays.
pub(super) async fn keep(store: &dyn Upkeep, notes: &mut Vec<Note>) -> Result<u64, TransferError> {
    let mut left = 0;
    for kind in NoteKind::ALL {
        let ours: Vec<Note> = notes.extract_if(.., |note| note.kind == kind).collect();
        if ours.is_empty() {
            continue;
        }
        let keys = ours.iter().map(|note| note.key.clone()).collect();
        let there = store.notes(kind, Some(keys)).await?.into_iter();
        let there: HashMap<String, Note> = there.map(|note| (note.key.clone(), note)).collect();
        let (known, new): (Vec<_>, Vec<_>) = ours.into_iter().partition(|note| there.contains_key(&note.key));
        left += known.iter().filter(|note| there.get(&note.key) != Some(note)).count();
        left += store.keep(new).await?.into_iter().filter(|kept| !kept).count();
    }
    Ok(left as u64)
}
