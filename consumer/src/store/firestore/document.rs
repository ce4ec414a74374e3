//! Documents as Firestore holds them: the JSON form of `issue::document`, field by field, with times as times.
//!
//! An issue's document holds more than the issue: `find` is what lists look for and sort by, `seen` and `shards` are the
//! marks ([`super::seen`]), `samples` tells which occurrences are kept. A tombstone is the same document with
//! `deletedAt` and without the fields that lists sort by: so no list shows it, and a new report finds its marks.

use std::collections::BTreeSet;

use firestore::gcloud_sdk::google::firestore::v1::{Document, Value, value::ValueType};
use issue::{
    document::{Issue, Occurrence},
    id::IssueId,
    lifecycle::samples::{Sample, kept},
    report::Priority,
};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use super::{
    Outcome,
    names::issue_id,
    value::{
        self, AS_TEXT, Fields, array, array_of, boolean, fields, integer, map, map_of, object, text, text_of,
        time, time_of,
    },
};
use crate::store::{
    older,
    words::{words, workload_names},
};

/// The fields of an issue that are times.
const TIMES: &[&str] = &["createdAt", "updatedAt", "resolvedAt", "firstSeen", "lastSeen", "escalated"];

/// The times of what hangs below an issue.
const TIMES_BELOW: &[&str] = &["createdAt", "updatedAt", "at", "receivedAt"];

/// Fields of an issue's document that may be absent: a write names them, so that those it leaves out go.
const OPTIONAL: &[&str] = &[
    "resolvedIn",
    "merge",
    "mute",
    "escalated",
    "rates",
    "fingerprint",
    "kind",
    "errorType",
    "template",
    "culprit",
    "category",
    "language",
    "level",
    "deletedAt",
    "clearing",
];

/// Fields whose content comes from outside and may have to be kept as text.
const FOREIGN: &[&str] = &["context", "releases", "workloads", "tags", "attachments"];

/// The fields that the store adds to an issue.
pub(super) const OWN: &[&str] = &["find", "samples", "seen", "shards"];

/// Bytes of a document that we stay below; Firestore takes 1 MiB less its own.
const LARGEST: usize = 900 * 1024;

fn json<T: Serialize>(document: &T) -> Outcome<Map<String, Json>> {
    match serde_json::to_value(document)? {
        Json::Object(object) => Ok(object),
        _ => Err("a document is an object".into()),
    }
}

/// An issue's fields, without the marks.
pub(super) fn of_issue(issue: &Issue, samples: &[Sample<Uuid>]) -> Outcome<Fields> {
    let mut fields = fields(json(issue)?, TIMES);
    fields.insert("find".to_owned(), map(find(issue, samples)));
    if !samples.is_empty() {
        fields.insert("samples".to_owned(), array(samples.iter().map(of_sample).collect()));
    }
    Ok(fields)
}

/// What lists look for. The words' stretches and the facets are arrays; what they sort by never is absent.
fn find(issue: &Issue, samples: &[Sample<Uuid>]) -> Fields {
    let list = |items: BTreeSet<String>| array(items.into_iter().map(text).collect());
    let mut find: Fields = [
        ("is", list(facets(issue))),
        ("text", list(stretches(&words(issue)))),
        ("lastSeen", time(issue.last_seen.unwrap_or(issue.created_at))),
        ("firstSeen", time(issue.first_seen.unwrap_or(issue.created_at))),
        ("urgency", integer(urgency(issue.priority))),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    if let Some(oldest) = samples.iter().map(|sample| sample.received_at).min() {
        find.insert("sampled".to_owned(), time(oldest));
    }
    find
}

/// Priorities in the order of urgency. These numbers are in databases: they never change.
fn urgency(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Medium => 1,
        Priority::High => 2,
        Priority::Critical => 3,
    }
}

/// A field that many issues share values of, and the letter that its values begin with in `find.is`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Facet {
    Assignee,
    Reporter,
    Component,
    Workload,
    Release,
}

impl Facet {
    /// How `find.is` writes one of its values.
    pub(super) fn written(self, value: &str) -> String {
        let letter = match self {
            Self::Assignee => 'a',
            Self::Reporter => 'r',
            Self::Component => 'c',
            Self::Workload => 'w',
            Self::Release => 'v',
        };
        format!("{letter}:{value}")
    }
}

fn facets(issue: &Issue) -> BTreeSet<String> {
    let single = [
        (Facet::Assignee, issue.assignee_id.as_deref()),
        (Facet::Reporter, Some(issue.reporter_id.as_str())),
        (Facet::Component, issue.component.as_deref()),
    ];
    let single = single.into_iter().filter_map(|(facet, value)| Some(facet.written(value?)));
    let workloads = issue.workloads.keys().flat_map(|workload| workload_names(workload));
    let workloads = workloads.map(|name| Facet::Workload.written(name));
    let releases = issue.releases.keys().map(|release| Facet::Release.written(release));
    single.chain(workloads).chain(releases).collect()
}

/// Every stretch of three characters without white space: a word that is looked for holds at least one of them, unless
/// it is shorter.
pub(super) fn stretches(words: &str) -> BTreeSet<String> {
    let of_word = |word: &str| {
        let characters: Vec<char> = word.chars().collect();
        characters.windows(3).map(|stretch| stretch.iter().collect::<String>()).collect::<Vec<_>>()
    };
    words.split_whitespace().flat_map(of_word).collect()
}

/// What a write of an issue names, so that fields which it leaves out go. Fields within `seen` come on top.
pub(super) fn mask(fields: &Fields) -> Vec<String> {
    let optional = OPTIONAL.iter().map(|&name| name.to_owned());
    let foreign = FOREIGN.iter().flat_map(|&name| [name.to_owned(), format!("{name}{AS_TEXT}")]);
    let own = ["find", "samples", "shards"].map(str::to_owned);
    let present = fields.keys().filter(|name| *name != "seen").cloned();
    let all: BTreeSet<String> = optional.chain(foreign).chain(own).chain(present).collect();
    all.into_iter().collect()
}

/// Reads an issue of this or an older schema; `None`: a tombstone.
pub(super) fn to_issue(document: Document) -> Outcome<Option<Issue>> {
    let Document { name, mut fields, .. } = document;
    if fields.contains_key("deletedAt") {
        return Ok(None);
    }
    for own in OWN {
        fields.remove(*own);
    }
    let mut object = object(fields);
    // The document's name says it, also where an older one does not.
    object.insert("id".to_owned(), serde_json::to_value(issue_id(&name)?)?);
    older::issue(object).map(Some)
}

/// The fields of something below an issue, and of a notification.
pub(super) fn of_child<T: Serialize>(child: &T) -> Outcome<Fields> {
    Ok(fields(json(child)?, TIMES_BELOW))
}

/// An occurrence's fields. One that Firestore would not take keeps all but its frames and text.
pub(super) fn of_occurrence(occurrence: &Occurrence) -> Outcome<Fields> {
    let mut object = json(occurrence)?;
    if serde_json::to_vec(occurrence)?.len() > LARGEST {
        object.insert("report".to_owned(), Json::Null);
    }
    Ok(fields(object, TIMES_BELOW))
}

/// Reads something below an issue.
pub(super) fn to_child<T: DeserializeOwned>(document: Document) -> Outcome<T> {
    Ok(serde_json::from_value(Json::Object(object(document.fields)))?)
}

fn of_sample(sample: &Sample<Uuid>) -> Value {
    let fields = [
        ("id", text(sample.key.to_string())),
        ("at", time(sample.received_at)),
        ("full", boolean(sample.full)),
    ];
    map(fields.map(|(name, value)| (name.to_owned(), value)).into())
}

/// The samples as a field, and the time of the oldest.
pub(super) fn of_samples(samples: &[Sample<Uuid>]) -> (Vec<Value>, Option<Value>) {
    let oldest = samples.iter().map(|sample| sample.received_at).min();
    (samples.iter().map(of_sample).collect(), oldest.map(time))
}

/// Which occurrences of an issue are kept.
pub(super) fn samples(fields: &Fields) -> Vec<Sample<Uuid>> {
    let sample = |value: &Value| {
        let Some(ValueType::MapValue(map)) = &value.value_type else { return None };
        let full = map.fields.get("full").is_some_and(|full| *full == boolean(true));
        let key = text_of(&map.fields, "id")?.parse().ok()?;
        Some(Sample { key, received_at: time_of(&map.fields, "at")?, full })
    };
    array_of(fields, "samples").iter().filter_map(sample).collect()
}

/// What the samples become, and which of them go: those that the rule does not keep, and those received before a time.
pub(super) fn sampled(
    before: &[Sample<Uuid>],
    added: &[Occurrence],
    oldest: Timestamp,
) -> (Vec<Sample<Uuid>>, Vec<Uuid>) {
    let of = |occurrence: &Occurrence| Sample {
        key: occurrence.id,
        received_at: occurrence.received_at,
        full: occurrence.report.is_some(),
    };
    let (old, mut all): (Vec<_>, Vec<_>) =
        before.iter().copied().partition(|sample| sample.received_at < oldest);
    for sample in added.iter().map(of) {
        if !all.iter().any(|other| other.key == sample.key) {
            all.push(sample);
        }
    }
    let keep = kept(&all);
    let (stay, go): (Vec<_>, Vec<_>) = all.into_iter().partition(|sample| keep.contains(&sample.key));
    (stay, old.iter().chain(&go).map(|sample| sample.key).collect())
}

/// The fields of a tombstone: the marks stay as they were.
pub(super) fn of_tombstone(id: IssueId, before: &Fields, now: Timestamp) -> Fields {
    let marks = before.iter().filter(|(name, _)| ["seen", "shards"].contains(&name.as_str()));
    let mut fields: Fields = marks.map(|(name, value)| (name.clone(), value.clone())).collect();
    fields.insert("id".to_owned(), text(id.to_string()));
    fields.insert("deletedAt".to_owned(), time(now));
    if let Some(oldest) = map_of(before, "find").and_then(|find| find.get("shards")) {
        fields.insert("find".to_owned(), map([("shards".to_owned(), oldest.clone())].into()));
    }
    fields
}

/// The words that a text filter looks into, of a document as it lies there.
pub(super) fn words_of(fields: &Fields) -> String {
    let field = |name| value::text_of(fields, name).unwrap_or_default();
    crate::store::words::folded(&[field("title"), field("culprit"), field("template")].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite;

    #[test]
    fn an_issue_comes_back_as_it_was() {
        let issue = suite::issue(1);
        let fields = of_issue(&issue, &[]).expect("fields");
        let name = format!("projects/p/databases/d/documents/issues/{}", issue.id);
        let document = Document { name, fields, ..Document::default() };
        assert_eq!(to_issue(document).expect("an issue"), Some(issue));
    }

    /// A field that is skipped when it is empty and is not named by the mask would stay for ever.
    #[test]
    fn every_field_that_may_be_absent_is_named_by_a_write() {
        let full = json(&suite::full_issue()).expect("an object");
        let bare = json(&Issue { reported: None, ..suite::issue(1) }).expect("an object");
        let named = mask(&Fields::new());
        for field in full.keys().filter(|field| !bare.contains_key(*field)) {
            assert!(named.contains(field), "{field}");
        }
    }

    #[test]
    fn stretches_hold_no_white_space() {
        let expect: Vec<String> = ["abc", "bcd", "übe"].map(str::to_owned).into();
        assert_eq!(stretches("abcd\nxy z übe").into_iter().collect::<Vec<_>>(), expect);
    }
}
