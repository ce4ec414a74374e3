//! What people ask for in the language of the filter ([`issue::terms`]), as the question that a store answers: pages and the
//! rules of outlets mean the same by the same words.

use issue::{
    document::Status,
    record::IssueType,
    report::{Category, Priority},
    terms::{KEYS, Key, Term},
};
use serde::{
    Deserialize,
    de::{IntoDeserializer, value},
};

use crate::store::IssueQuery;

/// The question of all these terms. `me` is who `assigned:me` means.
pub fn query(terms: &[Term], me: &str) -> IssueQuery {
    let mut query = IssueQuery::default();
    let mut words = Vec::new();
    for term in terms {
        match term {
            Term::Word(word) => words.push(word.as_str()),
            Term::Keyed(key, value) => narrow(key, &mut query, value, me),
        }
    }
    query.text = (!words.is_empty()).then(|| words.join(" "));
    query
}

/// Narrows a query to one value. The value has been checked when the term was made.
fn narrow(key: &Key, query: &mut IssueQuery, value: &str, me: &str) {
    let own = || Some(if value == "me" { me } else { value }.to_owned());
    let named = || Some(value.to_owned());
    match key.name {
        "is" if value == "unresolved" => query.status.extend([Status::Open, Status::InProgress]),
        "is" if value == "regressed" => query.regressed = true,
        "is" => query.status.extend(parse::<Status>(value)),
        "priority" => query.priority.extend(parse::<Priority>(value)),
        "type" => query.issue_type.extend(parse::<IssueType>(value)),
        "category" => query.category.extend(parse::<Category>(value)),
        "assigned" => query.assignee = own(),
        "reporter" => query.reporter = own(),
        "component" => query.component = named(),
        "workload" => query.workload = named(),
        "release" => query.release = named(),
        _ => debug_assert!(!KEYS.iter().any(|each| each.name == key.name), "a key without an effect"),
    }
}

/// The value of a closed set that a word stands for.
pub fn parse<'de, T: Deserialize<'de>>(word: &'de str) -> Option<T> {
    let text: value::StrDeserializer<'de, value::Error> = word.into_deserializer();
    T::deserialize(text).ok()
}
