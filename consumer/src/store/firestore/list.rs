//! Lists. A query asks for as much as Firestore can ([`Shape`]) and walks the sort order; what is left of the filters is
//! looked at here, over so many documents at most; then the page ends and its cursor says where to go on.
//!
//! Text is what Firestore cannot look for. Each issue has the stretches of three characters of its words in an array. Where
//! the rarest stretch of what is looked for is in few issues, those are fetched and sorted here; where it is in many, a
//! walk meets them soon.

use firestore::gcloud_sdk::google::firestore::v1::{Document, Value, value::ValueType};
use futures::future::try_join_all;
use issue::{document::Issue, id::IssueId};
use jiff::Timestamp;

use super::{
    Outcome,
    client::Client,
    document::{stretches, to_issue, words_of},
    names::issue_id,
    query::{after, from, limited, only, select},
    shape::{REGRESSED, Shape, TEXT, closed, facets, holds},
    value::{Fields, array_of, integer, integer_of, map_of, reference, text_of, time, time_of},
};
use crate::store::{IssueQuery, Page, Sort, words::folded};

/// So many issues with a stretch are fetched and sorted rather than looked for along the sort order.
const FEW: i64 = 1_000;

/// So many documents are looked at for one page.
const LOOKED_AT: usize = 3_000;

/// Documents in one step of a walk that meets others too.
const STEP: usize = 300;

/// Stretches of a word that are counted to find a rare one.
const COUNTED: usize = 4;

/// What a sort order and the filters look at, where the issue itself is not needed.
const NARROW: &[&str] =
    &["find", "count", "status", "priority", "type", "category", REGRESSED, "title", "culprit", "template"];

/// Where an issue stands in a list: the values of the sort order, and the id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position(Vec<i64>, IssueId);

/// One page of a list.
pub(super) async fn list(client: &Client, query: &IssueQuery) -> Outcome<Page<Issue>> {
    let after = match query.cursor.as_deref().map(|cursor| parse_cursor(query.sort, cursor)) {
        None => None,
        Some(Some(after)) => Some(after),
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    };
    let tests = Tests::of(query);
    match rare_stretch(client, &tests.words).await? {
        Some(stretch) => fetch(client, query, &tests, &stretch, after).await,
        None => walk(client, query, &tests, after).await,
    }
}

/// What an issue must be.
struct Tests {
    closed: Vec<(&'static str, Vec<String>)>,
    facets: Vec<String>,
    words: Vec<String>,
    regressed: bool,
}

impl Tests {
    fn of(query: &IssueQuery) -> Self {
        let text = folded(query.text.as_deref().unwrap_or_default());
        Self {
            closed: closed(query),
            facets: facets(query),
            words: text.split_whitespace().map(str::to_owned).collect(),
            regressed: query.regressed,
        }
    }

    fn pass(&self, fields: &Fields) -> bool {
        let is = |(field, values): &(&str, Vec<String>)| {
            text_of(fields, field).is_some_and(|value| values.iter().any(|one| one == value))
        };
        let known = map_of(fields, "find").map(|find| array_of(find, "is")).unwrap_or_default();
        let holds = |facet: &String| {
            known
                .iter()
                .any(|value| matches!(&value.value_type, Some(ValueType::StringValue(one)) if one == facet))
        };
        let came_back = || {
            fields.get(REGRESSED).is_some_and(|value| value.value_type == Some(ValueType::BooleanValue(true)))
        };
        if !self.closed.iter().all(is) || !self.facets.iter().all(holds) || self.regressed && !came_back() {
            return false;
        }
        let words = if self.words.is_empty() { String::new() } else { words_of(fields) };
        self.words.iter().all(|word| words.contains(word.as_str()))
    }
}

/// The stretch that is in the fewest issues, if those are few.
async fn rare_stretch(client: &Client, words: &[String]) -> Outcome<Option<String>> {
    let counted = words.iter().flat_map(|word| {
        let stretches = stretches(word);
        let every = stretches.len().div_ceil(COUNTED).max(1);
        stretches.into_iter().step_by(every)
    });
    let counts = counted.map(|stretch| async move {
        let query = only(from(client.names.top("issues")), vec![holds(TEXT, &stretch)]);
        let count = client.count(client.names.parent(), query, Some(FEW + 1)).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>((count, stretch))
    });
    let rarest = try_join_all(counts).await?.into_iter().min();
    Ok(rarest.filter(|(count, _)| *count <= FEW.cast_unsigned()).map(|(_, stretch)| stretch))
}

/// Fetches all that have the stretch, sorts those that pass, and reads the issues of the page.
async fn fetch(
    client: &Client,
    query: &IssueQuery,
    tests: &Tests,
    stretch: &str,
    after: Option<Position>,
) -> Outcome<Page<Issue>> {
    let asked = only(from(client.names.top("issues")), vec![holds(TEXT, stretch)]);
    let asked = limited(select(asked, NARROW), usize::try_from(FEW)? + 1);
    let found = client.query(client.names.parent(), asked).await?;
    let mut positions = found
        .iter()
        .filter(|document| tests.pass(&document.fields))
        .map(|document| position(query.sort, document))
        .collect::<Outcome<Vec<_>>>()?;
    positions.retain(|position| after.as_ref().is_none_or(|after| position < after));
    positions.sort_unstable_by(|a, b| b.cmp(a));
    let more = positions.len() > query.limit;
    positions.truncate(query.limit);
    let names = positions.iter().map(|Position(_, id)| client.names.issue(*id)).collect();
    let mut items = issues(client.get(names, &[]).await?)?;
    let place = |issue: &Issue| positions.iter().position(|Position(_, id)| *id == issue.id);
    items.sort_by_key(place);
    let next_cursor = positions.last().filter(|_| more).map(|last| print_cursor(query.sort, last));
    Ok(Page { items, next_cursor })
}

/// Walks the sort order until the page is full, or until enough was looked at.
async fn walk(
    client: &Client,
    query: &IssueQuery,
    tests: &Tests,
    mut from_here: Option<Position>,
) -> Outcome<Page<Issue>> {
    let shape = Shape::of(query);
    let asked = shape.query(from(client.names.top("issues")));
    let step = if shape.whole { query.limit + 1 } else { STEP.max(query.limit + 1) };
    let mut passed: Vec<Document> = Vec::new();
    let mut looked_at = 0;
    loop {
        let mut next = limited(asked.clone(), step);
        if let Some(position) = &from_here {
            next = after(next, values(client, query.sort, position));
        }
        let found = client.query(client.names.parent(), next).await?;
        let end = found.len() < step;
        looked_at += found.len();
        if let Some(last) = found.last() {
            from_here = Some(position(query.sort, last)?);
        }
        passed.extend(found.into_iter().filter(|document| tests.pass(&document.fields)));
        if end || passed.len() > query.limit || looked_at >= LOOKED_AT {
            let next = from_here.filter(|_| !end);
            return page(query, passed, next);
        }
    }
}

/// The page, and where the next one begins: after its last issue where more have passed, else after the last one looked at.
fn page(query: &IssueQuery, mut passed: Vec<Document>, looked_at: Option<Position>) -> Outcome<Page<Issue>> {
    let more = passed.len() > query.limit;
    passed.truncate(query.limit);
    let last = match passed.last().filter(|_| more) {
        Some(last) => Some(position(query.sort, last)?),
        None => looked_at,
    };
    Ok(Page { items: issues(passed)?, next_cursor: last.map(|last| print_cursor(query.sort, &last)) })
}

fn issues(documents: Vec<Document>) -> Outcome<Vec<Issue>> {
    documents.into_iter().filter_map(|document| to_issue(document).transpose()).collect()
}

fn position(sort: Sort, document: &Document) -> Outcome<Position> {
    let fields = &document.fields;
    let find =
        map_of(fields, "find").ok_or("an issue cannot be sorted: its document was written by others")?;
    let micros = |name| time_of(find, name).map_or(0, Timestamp::as_microsecond);
    let values = match sort {
        Sort::LastSeen => vec![micros("lastSeen")],
        Sort::FirstSeen => vec![micros("firstSeen")],
        Sort::Count => vec![integer_of(fields, "count").unwrap_or_default()],
        Sort::Priority => vec![integer_of(find, "urgency").unwrap_or_default(), micros("lastSeen")],
    };
    Ok(Position(values, issue_id(&document.name)?))
}

/// A position as the values of the query's order.
fn values(client: &Client, sort: Sort, Position(values, id): &Position) -> Vec<Value> {
    let value = |(place, value): (usize, &i64)| match (sort, place) {
        (Sort::Count, _) | (Sort::Priority, 0) => integer(*value),
        _ => time(Timestamp::from_microsecond(*value).unwrap_or_default()),
    };
    values.iter().enumerate().map(value).chain([reference(client.names.issue(*id))]).collect()
}

fn letter(sort: Sort) -> &'static str {
    match sort {
        Sort::LastSeen => "l",
        Sort::FirstSeen => "f",
        Sort::Count => "c",
        Sort::Priority => "p",
    }
}

/// `<letter>.<value>….<id>` of the last one shown.
fn print_cursor(sort: Sort, Position(values, id): &Position) -> String {
    let values: Vec<String> = values.iter().map(i64::to_string).collect();
    format!("{}.{}.{}", letter(sort), values.join("."), id.0.simple())
}

fn parse_cursor(sort: Sort, cursor: &str) -> Option<Position> {
    let (begin, rest) = cursor.split_once('.')?;
    let (values, id) = rest.rsplit_once('.')?;
    let values = values.split('.').map(str::parse).collect::<Result<Vec<i64>, _>>().ok()?;
    let length = if sort == Sort::Priority { 2 } else { 1 };
    (begin == letter(sort) && values.len() == length && id.len() == 32)
        .then_some(Position(values, id.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_reads_what_it_prints() {
        let id = IssueId(Uuid::from_u128(7));
        for (sort, values) in [(Sort::LastSeen, vec![-5]), (Sort::Priority, vec![3, 1_790_000_000_000_000])] {
            let position = Position(values, id);
            assert_eq!(parse_cursor(sort, &print_cursor(sort, &position)), Some(position.clone()));
            assert_eq!(parse_cursor(Sort::Count, &print_cursor(sort, &position)), None);
        }
    }
}
