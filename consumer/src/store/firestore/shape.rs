//! What a list asks of Firestore, as data: which fields it compares, which array it looks into, what it sorts by. The
//! queries are built of it, and the indexes that a project must declare are derived from it.

use firestore::gcloud_sdk::google::firestore::v1::{
    StructuredQuery, Value,
    structured_query::{Direction, Filter, field_filter::Operator},
};
use serde::Serialize;

use super::{
    document::Facet,
    query::{NAME, compare, only, sorted},
    value::{array, boolean, text},
};
use crate::store::{IssueQuery, Sort};

/// Firestore takes apart a query with `in` into one for each combination, 30 at most.
const COMBINATIONS: usize = 30;

/// A list's query.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Fields with the values that they may have.
    pub(super) any_of: Vec<(&'static str, Vec<String>)>,
    /// What the array `find.is` must hold. Firestore takes one such condition in a query.
    pub(super) holds: Option<String>,
    /// Whether only those that came back are asked for.
    pub(super) regressed: bool,
    /// Fields to sort by, the highest first.
    pub(super) order: &'static [&'static str],
    /// Whether these conditions are all that the list asks for.
    pub(super) whole: bool,
}

/// The array that facets are looked for in.
pub(super) const FACETS: &str = "find.is";

/// The array that stretches of text are looked for in.
pub(super) const TEXT: &str = "find.text";

/// The field that says whether an issue came back.
pub(super) const REGRESSED: &str = "regressed";

/// The fields of a sort order.
pub(super) fn order(sort: Sort) -> &'static [&'static str] {
    match sort {
        Sort::LastSeen => &["find.lastSeen"],
        Sort::FirstSeen => &["find.firstSeen"],
        Sort::Count => &["count"],
        Sort::Priority => &["find.urgency", "find.lastSeen"],
    }
}

/// The facets that a list asks for, in the order in which they are likely to leave few.
pub(super) fn facets(query: &IssueQuery) -> Vec<String> {
    [
        (Facet::Assignee, &query.assignee),
        (Facet::Release, &query.release),
        (Facet::Workload, &query.workload),
        (Facet::Component, &query.component),
        (Facet::Reporter, &query.reporter),
    ]
    .into_iter()
    .filter_map(|(facet, value)| Some(facet.written(value.as_deref()?)))
    .collect()
}

/// The closed sets that a list asks for: the field, and the values that it may have.
pub(super) fn closed(query: &IssueQuery) -> Vec<(&'static str, Vec<String>)> {
    fn words<T: Serialize>(values: &[T]) -> Vec<String> {
        let word = |value: &T| serde_json::to_value(value).ok()?.as_str().map(str::to_owned);
        values.iter().filter_map(word).collect()
    }
    [
        ("status", words(&query.status)),
        ("priority", words(&query.priority)),
        ("type", words(&query.issue_type)),
        ("category", words(&query.category)),
    ]
    .into_iter()
    .filter(|(_, values)| !values.is_empty())
    .collect()
}

impl Shape {
    /// As much of a list as one query can ask for.
    pub(super) fn of(query: &IssueQuery) -> Self {
        let facets = facets(query);
        let mut any_of = closed(query);
        let mut whole = facets.len() <= 1 && query.text.as_deref().unwrap_or_default().trim().is_empty();
        while any_of.iter().map(|(_, values)| values.len()).product::<usize>() > COMBINATIONS {
            any_of.pop();
            whole = false;
        }
        let holds = facets.into_iter().next();
        Self { any_of, holds, regressed: query.regressed, order: order(query.sort), whole }
    }

    /// Its conditions.
    pub(super) fn filters(&self) -> Vec<Filter> {
        let any_of = self.any_of.iter().map(|(field, values)| match values.as_slice() {
            [one] => compare(field, Operator::Equal, text(one.as_str())),
            several => compare(field, Operator::In, texts(several)),
        });
        let holds = self.holds.iter().map(|facet| holds(FACETS, facet));
        let regressed = self.regressed.then(|| compare(REGRESSED, Operator::Equal, boolean(true)));
        any_of.chain(holds).chain(regressed).collect()
    }

    /// The query, all of it.
    pub(super) fn query(&self, from: StructuredQuery) -> StructuredQuery {
        let order: Vec<&str> = self.order.iter().copied().chain([NAME]).collect();
        sorted(only(from, self.filters()), &order, Direction::Descending)
    }
}

/// An array that must hold a text.
pub(super) fn holds(field: &str, what: &str) -> Filter {
    compare(field, Operator::ArrayContains, text(what))
}

fn texts(several: &[String]) -> Value {
    array(several.iter().map(|one| text(one.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use issue::{document::Status, record::IssueType, report::Priority};

    use super::*;
    use crate::store::STATUSES;

    #[test]
    fn a_query_asks_for_no_more_combinations_than_firestore_takes() {
        let query = IssueQuery {
            status: STATUSES.to_vec(),
            priority: vec![Priority::Low, Priority::Medium, Priority::High],
            issue_type: vec![IssueType::Bug, IssueType::Task, IssueType::Feature],
            limit: 10,
            ..IssueQuery::default()
        };
        let shape = Shape::of(&query);
        assert_eq!((shape.any_of.len(), shape.whole), (2, false));
    }

    #[test]
    fn one_facet_is_asked_for_and_the_others_are_looked_at() {
        let some = |value: &str| Some(value.to_owned());
        let query = IssueQuery { workload: some("api"), assignee: some("ada"), ..IssueQuery::default() };
        let shape = Shape::of(&query);
        assert_eq!((shape.holds.as_deref(), shape.whole), (Some("a:ada"), false));
        let query = IssueQuery { workload: some("api"), status: vec![Status::Open], ..IssueQuery::default() };
        assert!(Shape::of(&query).whole);
    }
}
