//! A store → lines.

use std::io::Write;

use futures::{StreamExt, TryStreamExt, stream};
use issue::id::IssueId;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    Moved, TransferError, file,
    line::{FORMAT, Line},
    notes,
};
use crate::store::{Child, ChildKind, Kept, StoreError, Upkeep};

/// Issues in one page.
const PAGE: usize = 100;

/// Issues whose children are read at a time.
const AT_A_TIME: usize = 16;

/// Writes everything. Memory holds one page of issues and what hangs below a few of them.
pub async fn export(
    store: &dyn Upkeep,
    out: &mut impl Write,
    mut told: impl FnMut(Moved),
) -> Result<Moved, TransferError> {
    let mut moved = Moved::default();
    put(out, &Line::Export { format: FORMAT, at: Timestamp::now() })?;
    let mut cursor = None;
    loop {
        let page = store.export(cursor.as_deref(), PAGE).await?;
        let mut whole = stream::iter(page.items).map(|kept| lines(store, kept)).buffered(AT_A_TIME);
        while let Some(lines) = whole.try_next().await? {
            for line in lines {
                put(out, &line)?;
                count(&mut moved, &line);
            }
            told(moved);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    for line in notes::lines(store).await? {
        put(out, &line)?;
        count(&mut moved, &line);
    }
    let Moved { issues, below, tombstones, notes, .. } = moved;
    put(out, &Line::End { issues, below, tombstones, notes })?;
    out.flush().map_err(file("write the export"))?;
    Ok(moved)
}

fn put(out: &mut impl Write, line: &Line) -> Result<(), TransferError> {
    let written = serde_json::to_writer(&mut *out, line).map_err(Into::into);
    written.and_then(|()| out.write_all(b"\n")).map_err(file("write the export"))
}

/// Counts a line as what it is.
pub(super) fn count(moved: &mut Moved, line: &Line) {
    match line {
        Line::Issue { .. } => moved.issues += 1,
        Line::Tombstone { .. } => moved.tombstones += 1,
        Line::Note { .. } => moved.notes += 1,
        Line::Occurrence { .. }
        | Line::Activity { .. }
        | Line::Comment { .. }
        | Line::Notification { .. } => {
            moved.below += 1;
        }
        Line::Export { .. } | Line::End { .. } => {}
    }
}

/// An issue with all that belongs to it.
async fn lines(store: &dyn Upkeep, kept: Kept) -> Result<Vec<Line>, StoreError> {
    let (issue, seen, notifications) = match kept {
        Kept::Tombstone { id, seen } => {
            return Ok(vec![Line::Tombstone { id, seen: seen.into_iter().collect() }]);
        }
        Kept::Issue { issue, seen, notifications } => (issue, seen, notifications),
    };
    let id = issue.id;
    let issue = match serde_json::to_value(issue) {
        Ok(Value::Object(issue)) => issue,
        other => {
            let source = format!("an issue is an object, not {other:?}").into();
            return Err(StoreError { step: "write an issue as JSON", source });
        }
    };
    let mut lines = vec![Line::Issue { issue, seen: seen.into_iter().collect() }];
    for kind in [ChildKind::Occurrences, ChildKind::Activities, ChildKind::Comments] {
        children(store, id, kind, &mut lines).await?;
    }
    lines.extend(notifications.into_iter().map(|notification| Line::Notification { notification }));
    Ok(lines)
}

async fn children(
    store: &dyn Upkeep,
    id: IssueId,
    kind: ChildKind,
    lines: &mut Vec<Line>,
) -> Result<(), StoreError> {
    let mut cursor = None;
    loop {
        let page = store.children(id, kind, cursor.as_deref(), 500).await?;
        lines.extend(page.items.into_iter().map(|child| match child {
            Child::Occurrence(occurrence) => Line::Occurrence { occurrence },
            Child::Activity(activity) => Line::Activity { activity },
            Child::Comment(comment) => Line::Comment { comment },
        }));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
