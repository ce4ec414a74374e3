//! Structured queries, put together of few words.

use firestore::gcloud_sdk::google::firestore::v1::{
    Cursor, StructuredQuery, Value,
    structured_query::{
        CollectionSelector, CompositeFilter, Direction, FieldFilter, FieldReference, Filter, Order,
        Projection, composite_filter, field_filter, filter::FilterType,
    },
};

/// The name under which queries know a document's own name.
pub(super) const NAME: &str = "__name__";

/// All documents of a collection.
pub(super) fn from(collection: String) -> StructuredQuery {
    StructuredQuery {
        from: vec![CollectionSelector { collection_id: collection, all_descendants: false }],
        ..StructuredQuery::default()
    }
}

fn field(path: &str) -> FieldReference {
    FieldReference { field_path: path.to_owned() }
}

/// A condition on one field.
pub(super) fn compare(path: &str, operator: field_filter::Operator, value: Value) -> Filter {
    let filter = FieldFilter { field: Some(field(path)), op: operator.into(), value: Some(value) };
    Filter { filter_type: Some(FilterType::FieldFilter(filter)) }
}

/// Only what meets all of these.
pub(super) fn only(mut query: StructuredQuery, mut filters: Vec<Filter>) -> StructuredQuery {
    query.r#where = match filters.len() {
        0 => None,
        1 => filters.pop(),
        _ => {
            let all = CompositeFilter { op: composite_filter::Operator::And.into(), filters };
            Some(Filter { filter_type: Some(FilterType::CompositeFilter(all)) })
        }
    };
    query
}

/// In the order of these fields, all in one direction.
pub(super) fn sorted(mut query: StructuredQuery, paths: &[&str], direction: Direction) -> StructuredQuery {
    let order = |path: &&str| Order { field: Some(field(path)), direction: direction.into() };
    query.order_by = paths.iter().map(order).collect();
    query
}

/// After a document with these values in the fields of the order.
pub(super) fn after(mut query: StructuredQuery, values: Vec<Value>) -> StructuredQuery {
    query.start_at = Some(Cursor { values, before: false });
    query
}

/// No more than so many.
pub(super) fn limited(mut query: StructuredQuery, most: usize) -> StructuredQuery {
    query.limit = Some(i32::try_from(most).unwrap_or(i32::MAX));
    query
}

/// Only some fields.
pub(super) fn select(mut query: StructuredQuery, paths: &[&str]) -> StructuredQuery {
    query.select = Some(Projection { fields: paths.iter().map(|path| field(path)).collect() });
    query
}

/// Only names, no more than so many.
pub(super) fn names_only(query: StructuredQuery, most: usize) -> StructuredQuery {
    limited(select(query, &[NAME]), most)
}
