//! Small documents beside the issues: `notes/{kind}:{key}`.
//!
//! A note is written under the condition that its document is as it was read, so its rank decides and not who comes last.

use std::collections::BTreeMap;

use firestore::gcloud_sdk::google::firestore::v1::{
    Document, Write as Put,
    precondition::ConditionType,
    structured_query::{Direction, field_filter::Operator},
};
use futures::{StreamExt, stream};
use jiff::Timestamp;

use super::{
    Outcome,
    client::{Client, lost},
    load::changed,
    names::Names,
    query::{NAME, after, compare, from, limited, only, sorted},
    value::{Fields, integer, integer_of, reference, stamp, text, text_of, time},
    write::{put, remove},
};
use crate::store::{Note, NoteKind, Stretch};

/// Notes that are written at a time, each of another key.
const WRITES: usize = 8;
/// Notes that a sweep removes in one commit.
const STEP: usize = 100;

/// Keeps each whose rank is higher than that of the one that is there. Notes of one key go one after the other.
pub(super) async fn keep(client: &Client, notes: &[Note], now: Timestamp) -> Outcome<Vec<bool>> {
    let mut keys: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (place, note) in notes.iter().enumerate() {
        keys.entry((note.kind.as_str(), &note.key)).or_default().push(place);
    }
    let works = keys.into_values().map(|places| async move {
        let mut kept = Vec::with_capacity(places.len());
        for place in places {
            if let Some(note) = notes.get(place) {
                kept.push((place, keep_one(client, note, now).await?));
            }
        }
        Outcome::Ok(kept)
    });
    let done: Vec<Outcome<Vec<(usize, bool)>>> = stream::iter(works).buffer_unordered(WRITES).collect().await;
    let mut answers = vec![false; notes.len()];
    for outcome in done {
        for (place, kept) in outcome? {
            if let Some(answer) = answers.get_mut(place) {
                *answer = kept;
            }
        }
    }
    Ok(answers)
}

async fn keep_one(client: &Client, note: &Note, now: Timestamp) -> Outcome<bool> {
    loop {
        let name = client.names.note(note.kind.as_str(), &note.key);
        let there = client.get(vec![name.clone()], &["rank"]).await?.into_iter().next();
        let only = match &there {
            None => ConditionType::Exists(false),
            Some(document) if rank(document) >= note.rank => return Ok(false),
            Some(document) => ConditionType::UpdateTime(stamp(changed(document)?)),
        };
        match client.commit(vec![put(name, fields(note, now)?, None, Some(only))]).await {
            Ok(_) => return Ok(true),
            // Somebody else wrote it meanwhile: the ranks decide again.
            Err(status) if lost(&status) => {}
            Err(status) => return Err(status.into()),
        }
    }
}

/// A note of a key that no other has, as part of another change.
pub(super) fn new(names: &Names, note: &Note, now: Timestamp) -> Outcome<Put> {
    Ok(put(names.note(note.kind.as_str(), &note.key), fields(note, now)?, None, None))
}

fn fields(note: &Note, now: Timestamp) -> Outcome<Fields> {
    let mut fields: Fields = [
        ("kind".to_owned(), text(note.kind.as_str())),
        ("key".to_owned(), text(note.key.as_str())),
        ("rank".to_owned(), integer(i64::try_from(note.rank).unwrap_or(i64::MAX))),
        ("until".to_owned(), time(now.saturating_add(note.kind.kept())?)),
        ("bodyJson".to_owned(), text(note.body.to_string())),
    ]
    .into();
    if let Some(order) = Stretch::order(&note.body) {
        fields.insert("order".to_owned(), integer(order));
    }
    Ok(fields)
}

fn rank(document: &Document) -> u64 {
    integer_of(&document.fields, "rank").map_or(0, i64::cast_unsigned)
}

/// Those of a kind; with `keys`, those of them that are there.
pub(super) async fn notes(client: &Client, kind: NoteKind, keys: Option<Vec<String>>) -> Outcome<Vec<Note>> {
    let documents = match keys {
        Some(keys) => {
            let names = keys.iter().map(|key| client.names.note(kind.as_str(), key)).collect();
            client.get(names, &[]).await?
        }
        None => {
            let of_kind = compare("kind", Operator::Equal, text(kind.as_str()));
            let query = only(from(client.names.top("notes")), vec![of_kind]);
            client.query(client.names.parent(), query).await?
        }
    };
    documents.into_iter().map(|document| note(kind, &document)).collect()
}

fn note(kind: NoteKind, document: &Document) -> Outcome<Note> {
    let body = text_of(&document.fields, "bodyJson").unwrap_or("null");
    Ok(Note {
        kind,
        key: text_of(&document.fields, "key").unwrap_or_default().to_owned(),
        rank: rank(document),
        body: serde_json::from_str(body)?,
    })
}

/// Those of a kind whose `order` lies in a stretch.
pub(super) async fn ordered(client: &Client, kind: NoteKind, stretch: &Stretch) -> Outcome<Vec<Note>> {
    let conditions = vec![
        compare("kind", Operator::Equal, text(kind.as_str())),
        compare("order", Operator::GreaterThanOrEqual, integer(stretch.from)),
        compare("order", Operator::LessThanOrEqual, integer(stretch.to)),
    ];
    let direction = if stretch.descending { Direction::Descending } else { Direction::Ascending };
    let mut query = sorted(only(from(client.names.top("notes")), conditions), &["order", NAME], direction);
    if let Some((order, key)) = &stretch.after {
        query = after(query, vec![integer(*order), reference(client.names.note(kind.as_str(), key))]);
    }
    let found = client.query(client.names.parent(), limited(query, stretch.limit)).await?;
    found.iter().map(|document| note(kind, document)).collect()
}

/// Removes what has outlived its time.
pub(super) async fn sweep(client: &Client, now: Timestamp) -> Outcome<()> {
    loop {
        let over = compare("until", Operator::LessThan, time(now));
        let query =
            sorted(only(from(client.names.top("notes")), vec![over]), &["until"], Direction::Ascending);
        let found = client.query(client.names.parent(), limited(query, STEP)).await?;
        let full = found.len() == STEP;
        if !found.is_empty() {
            client.commit(found.into_iter().map(|document| remove(document.name)).collect()).await?;
        }
        if !full {
            return Ok(());
        }
    }
}
