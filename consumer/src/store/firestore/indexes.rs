//! `firestore.indexes.json`: what a project must declare so that production answers the queries that lists make. The
//! emulator answers without; so the file is derived from the same shapes that the queries are built of.
//!
//! Firestore merges indexes: a query with several conditions of equality and one order needs, for each condition, an index
//! of its field followed by the order.

use std::collections::BTreeSet;

use issue::{
    document::Status,
    record::IssueType,
    report::{Category, Priority},
};
use serde_json::{Value, json};

use super::shape::{FACETS, REGRESSED, Shape};
use crate::store::{IssueQuery, Sort};

/// Every order that a list may have.
const SORTS: [Sort; 4] = [Sort::LastSeen, Sort::FirstSeen, Sort::Count, Sort::Priority];

/// Fields that no query names, by collection: an index of each of them would cost a write of every entry. A field within
/// one of these has none either.
const WITHOUT_INDEX: &[(&str, &[&str])] = &[
    (
        "issues",
        &[
            "id",
            "title",
            "description",
            "tags",
            "attachments",
            "createdAt",
            "updatedAt",
            "resolvedAt",
            "resolvedIn",
            "component",
            "severity",
            "context",
            "contextJson",
            "source",
            "fingerprint",
            "kind",
            "errorType",
            "template",
            "culprit",
            "language",
            "level",
            "firstSeen",
            "lastSeen",
            "firstRelease",
            "lastRelease",
            "releases",
            "releasesJson",
            "workloads",
            "workloadsJson",
            "hours",
            "days",
            "escalated",
            "rates",
            "merge",
            "mute",
            "schema",
            "samples",
            "seen",
            "shards",
            "assigneeId",
            "reporterId",
        ],
    ),
    (
        "occurrences",
        &[
            "id",
            "issueId",
            "at",
            "count",
            "via",
            "place",
            "report",
            "reportJson",
            "tags",
            "context",
            "contextJson",
        ],
    ),
    ("activities", &["id", "issueId", "type", "userId", "changes", "changesJson"]),
    ("comments", &["id", "issueId", "authorId", "content", "updatedAt"]),
    ("notifications", &["id", "message"]),
    ("notes", &["key", "rank", "bodyJson"]),
    ("seen", &["marks"]),
];

/// An index: fields, each with how it is indexed.
type Index = Vec<(String, &'static str)>;

/// The indexes that a query of this shape needs, beyond those that Firestore makes of single fields by itself.
fn needed(shape: &Shape) -> Vec<Index> {
    let order: Index = shape.order.iter().map(|&path| (path.to_owned(), "DESCENDING")).collect();
    let fields = shape.any_of.iter().map(|(field, _)| ((*field).to_owned(), "ASCENDING"));
    let holds = shape.holds.iter().map(|_| (FACETS.to_owned(), "CONTAINS"));
    let regressed = shape.regressed.then(|| (REGRESSED.to_owned(), "ASCENDING"));
    let conditions: Vec<_> = fields.chain(holds).chain(regressed).collect();
    match (conditions.is_empty(), order.len()) {
        (true, 1) => Vec::new(),
        (true, _) => vec![order],
        (false, _) => {
            conditions.into_iter().map(|condition| [vec![condition], order.clone()].concat()).collect()
        }
    }
}

/// Queries that between them have every condition that a list can have, one at a time.
fn queries() -> impl Iterator<Item = IssueQuery> {
    let one = [
        IssueQuery::default(),
        IssueQuery { status: vec![Status::Open], ..IssueQuery::default() },
        IssueQuery { priority: vec![Priority::Low], ..IssueQuery::default() },
        IssueQuery { issue_type: vec![IssueType::Bug], ..IssueQuery::default() },
        IssueQuery { category: vec![Category::Code], ..IssueQuery::default() },
        IssueQuery { workload: Some("api".to_owned()), ..IssueQuery::default() },
        IssueQuery { regressed: true, ..IssueQuery::default() },
    ];
    SORTS.into_iter().flat_map(move |sort| one.clone().map(|query| IssueQuery { sort, ..query }))
}

/// The file, as the Firebase and Google Cloud tools read it.
pub fn file() -> String {
    let indexes: BTreeSet<Index> = queries().flat_map(|query| needed(&Shape::of(&query))).collect();
    let indexes: Vec<Value> = indexes.iter().map(index).chain([inbox()]).chain(notes()).collect();
    let without = WITHOUT_INDEX.iter().flat_map(|(collection, fields)| {
        fields
            .iter()
            .map(move |field| json!({"collectionGroup": collection, "fieldPath": field, "indexes": []}))
    });
    let file = json!({"indexes": indexes, "fieldOverrides": without.collect::<Vec<_>>()});
    // A `Value` has string keys only, so printing it cannot fail.
    serde_json::to_string_pretty(&file).unwrap_or_default() + "\n"
}

/// What a person was told, the newest first.
fn inbox() -> Value {
    json!({"collectionGroup": "notifications", "queryScope": "COLLECTION", "fields": [
        {"fieldPath": "userId", "order": "ASCENDING"},
        {"fieldPath": "createdAt", "order": "DESCENDING"},
    ]})
}

/// Visits, incidents and deliveries in their order, from either end.
fn notes() -> [Value; 2] {
    ["ASCENDING", "DESCENDING"].map(|order| {
        json!({"collectionGroup": "notes", "queryScope": "COLLECTION", "fields": [
            {"fieldPath": "kind", "order": "ASCENDING"},
            {"fieldPath": "order", "order": order},
        ]})
    })
}

fn index(index: &Index) -> Value {
    let field = |(path, how): &(String, &str)| match *how {
        "CONTAINS" => json!({"fieldPath": path, "arrayConfig": how}),
        _ => json!({"fieldPath": path, "order": how}),
    };
    let fields: Vec<Value> = index.iter().map(field).collect();
    json!({"collectionGroup": "issues", "queryScope": "COLLECTION", "fields": fields})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{STATUSES, firestore::document, suite};

    /// Every combination of conditions, in every order.
    fn combinations() -> impl Iterator<Item = IssueQuery> {
        (0..1_u32 << 11).flat_map(|bits| {
            let on = move |bit: u32| bits & (1 << bit) != 0;
            let some = move |bit: u32| on(bit).then(|| "x".to_owned());
            SORTS.map(|sort| IssueQuery {
                status: if on(0) { STATUSES.to_vec() } else { Vec::new() },
                priority: if on(1) { vec![Priority::Low, Priority::High] } else { Vec::new() },
                issue_type: if on(2) { vec![IssueType::Bug] } else { Vec::new() },
                category: if on(3) { vec![Category::Code, Category::Data] } else { Vec::new() },
                assignee: some(4),
                reporter: some(5),
                component: some(6),
                workload: some(7),
                release: some(8),
                text: some(9),
                regressed: on(10),
                sort,
                cursor: None,
                limit: 50,
            })
        })
    }

    #[test]
    fn every_query_that_a_list_can_make_has_its_indexes_and_none_is_idle() {
        let declared: Value = serde_json::from_str(&file()).expect("JSON");
        let declared = declared["indexes"].as_array().cloned().expect("indexes");
        let needed: BTreeSet<Index> = combinations().flat_map(|query| needed(&Shape::of(&query))).collect();
        for one in &needed {
            assert!(declared.contains(&index(one)), "{one:?} is not declared");
        }
        // The one of `notifications` is held by the test of the emulator's own queries.
        let of_lists = declared.iter().filter(|index| index["collectionGroup"] == "issues");
        assert_eq!(of_lists.count(), needed.len());
    }

    /// A new field is indexed by itself, each write pays for it: this list says of each that it shall be.
    #[test]
    fn fields_that_no_query_names_have_no_index() {
        const QUERIED: &[&str] = &["status", "priority", "type", "category", "count", "find", "regressed"];
        let fields = document::of_issue(&suite::full_issue(), &[]).expect("fields");
        let (_, without) =
            WITHOUT_INDEX.iter().find(|(collection, _)| *collection == "issues").expect("a row");
        for field in fields.keys() {
            assert!(
                without.contains(&field.as_str()) != QUERIED.contains(&field.as_str()),
                "{field} must be either in QUERIED or without an index"
            );
        }
    }
}
