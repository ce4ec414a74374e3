//! Reading issues with their marks, and remembering what a write of them will need.

use std::collections::HashMap;

use firestore::gcloud_sdk::google::firestore::v1::Document;
use issue::{id::IssueId, lifecycle::samples::Sample};
use jiff::Timestamp;
use parking_lot::Mutex;
use uuid::Uuid;

use super::{
    Outcome,
    client::Client,
    document::{OWN, samples, to_issue},
    names::issue_id,
    seen::{Highest, Marked, shards_of},
    value::{Fields, at},
};
use crate::store::{Loaded, Version, Wanted};

/// What a write needs to know of an issue's document besides the issue.
#[derive(Clone, Debug, Default)]
pub(super) struct Aside {
    /// Which marks are there.
    pub(super) marked: Marked,
    /// Which occurrences are kept.
    pub(super) samples: Vec<Sample<Uuid>>,
    /// What hung below it before it was deleted is not all gone yet.
    pub(super) clearing: bool,
}

impl Aside {
    fn of(fields: &Fields) -> Self {
        Self {
            marked: Marked::of(fields),
            samples: samples(fields),
            clearing: fields.contains_key("clearing"),
        }
    }
}

/// How many issues are remembered. A batch loads 500 before it writes them.
const REMEMBERED: usize = 4_000;

/// What was loaded a moment ago, by the state that it was loaded from. Only saves reads: a write of what is not here any
/// more asks again.
#[derive(Default)]
pub(super) struct Memory(Mutex<HashMap<IssueId, (Timestamp, Aside)>>);

impl Memory {
    /// Keeps what goes with a state.
    pub(super) fn keep(&self, id: IssueId, at: Timestamp, aside: Aside) {
        let mut known = self.0.lock();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(id, (at, aside));
    }

    fn get(&self, id: IssueId, at: Timestamp) -> Option<Aside> {
        self.0.lock().get(&id).filter(|(known, _)| *known == at).map(|(_, aside)| aside.clone())
    }
}

/// The state of a document as callers name it: the microsecond of its last change.
pub(super) fn version(at: Timestamp) -> Version {
    Version::At(at.as_microsecond().to_string())
}

/// The time that a version names.
pub(super) fn time_of(version: &str) -> Option<Timestamp> {
    Timestamp::from_microsecond(version.parse().ok()?).ok()
}

/// When a document last changed.
pub(super) fn changed(document: &Document) -> Outcome<Timestamp> {
    Ok(document.update_time.and_then(at).ok_or("a document came without the time of its last change")?)
}

/// The issues asked for, in that order, each with the marks asked for.
pub(super) async fn load(client: &Client, memory: &Memory, wanted: &[Wanted]) -> Outcome<Vec<Loaded>> {
    let names = wanted.iter().map(|wanted| client.names.issue(wanted.id)).collect();
    let mut documents = HashMap::new();
    for document in client.get(names, &[]).await? {
        documents.insert(issue_id(&document.name)?, document);
    }
    let mut loaded = Vec::with_capacity(wanted.len());
    let mut marks = Vec::with_capacity(wanted.len());
    let mut shards = Vec::new();
    for (place, wanted) in wanted.iter().enumerate() {
        let mut highest = Highest::default();
        let (issue, version) = match documents.remove(&wanted.id) {
            None => (None, Version::Absent),
            Some(document) => {
                let (at, aside) = (changed(&document)?, Aside::of(&document.fields));
                highest.inline(&document.fields);
                let names = shards_of(&client.names, wanted.id, &aside.marked, &wanted.sources);
                shards.extend(names.into_iter().map(|name| (name, place)));
                memory.keep(wanted.id, at, aside);
                (to_issue(document)?, version(at))
            }
        };
        marks.push(highest);
        loaded.push(Loaded { issue, version, seen: Vec::new() });
    }
    take_shards(client, shards, &mut marks).await?;
    for ((loaded, marks), wanted) in loaded.iter_mut().zip(&marks).zip(wanted) {
        loaded.seen = marks.of(&wanted.sources);
    }
    Ok(loaded)
}

/// Marks that have no room in the documents. A shard changes only together with its issue's document: where one of them
/// is newer than the document that was read, a write that follows meets a conflict.
async fn take_shards(client: &Client, shards: Vec<(String, usize)>, marks: &mut [Highest]) -> Outcome<()> {
    if shards.is_empty() {
        return Ok(());
    }
    let places: HashMap<String, usize> = shards.into_iter().collect();
    for shard in client.get(places.keys().cloned().collect(), &[]).await? {
        if let Some(marks) = places.get(&shard.name).and_then(|place| marks.get_mut(*place)) {
            marks.shard(&shard);
        }
    }
    Ok(())
}

/// What goes with the states that writes name; `None` where a document is in another state by now.
pub(super) async fn asides(
    client: &Client,
    memory: &Memory,
    states: &[(IssueId, &Version)],
) -> Outcome<Vec<Option<Aside>>> {
    let known = |(id, version): &(IssueId, &Version)| match version {
        Version::Absent => Some(Aside::default()),
        Version::At(version) => memory.get(*id, time_of(version)?),
    };
    let mut asides: Vec<Option<Aside>> = states.iter().map(known).collect();
    let unknown = states.iter().zip(&asides).filter(|(_, aside)| aside.is_none());
    let names: Vec<String> = unknown.map(|((id, _), _)| client.names.issue(*id)).collect();
    if names.is_empty() {
        return Ok(asides);
    }
    let mask: Vec<&str> = OWN.iter().copied().filter(|own| *own != "find").chain(["clearing"]).collect();
    for document in client.get(names, &mask).await? {
        let at = version(changed(&document)?);
        let id = issue_id(&document.name)?;
        for ((wanted, expect), aside) in states.iter().zip(&mut asides) {
            if *wanted == id && **expect == at {
                *aside = Some(Aside::of(&document.fields));
            }
        }
    }
    Ok(asides)
}
