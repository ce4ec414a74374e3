//! Lists: the most selective filter drives the query, or else the index of the sort order does.
//!
//! A list is asked for in two steps: the rows of the page out of narrow tables and indexes, then their documents. Where
//! some filter leaves few issues, those are fetched and sorted; where every filter leaves many, walking the sort order
//! finds a page of them soon. Either way the work is bounded by [`FEW`] or by the page.

use issue::document::Issue;
use rusqlite::{Connection, params_from_iter, types::Value};

use super::{
    Outcome,
    read::document_of,
    schema::{Facet, category_code, priority_code, status_code, type_code},
};
use crate::store::{IssueQuery, Page, Sort, words::folded};

/// So many are fetched and sorted rather than looked for along the sort order.
const FEW: i64 = 3_000;

/// A sort order: the letter that its cursors begin with, its index and its columns, the first ones first.
struct Order {
    letter: &'static str,
    index: &'static str,
    columns: &'static [&'static str],
}

const fn order(sort: Sort) -> Order {
    match sort {
        Sort::LastSeen => Order { letter: "l", index: "issues_by_last_seen", columns: &["last_seen", "n"] },
        Sort::FirstSeen => {
            Order { letter: "f", index: "issues_by_first_seen", columns: &["first_seen", "n"] }
        }
        Sort::Count => Order { letter: "c", index: "issues_by_count", columns: &["count", "n"] },
        Sort::Priority => {
            Order { letter: "p", index: "issues_by_priority", columns: &["priority", "last_seen", "n"] }
        }
    }
}

/// A filter on something that many issues have in common or few.
struct Selective {
    /// Rows `(n)` that pass.
    rows: &'static str,
    /// Whether one issue `i` passes.
    test: &'static str,
    /// What both name.
    values: Vec<Value>,
}

/// One page of a list.
pub(super) fn list(connection: &Connection, query: &IssueQuery) -> Outcome<Page<Issue>> {
    let order = order(query.sort);
    let after = match query.cursor.as_deref().map(|cursor| parse_cursor(&order, cursor)) {
        None => None,
        Some(Some(after)) => Some(after),
        Some(None) => return Ok(Page { items: Vec::new(), next_cursor: None }),
    };
    let mut rows = rows(connection, query, &order, after)?;
    let more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let next_cursor = rows.last().filter(|_| more).map(|row| print_cursor(&order, row));
    let mut find = connection.prepare_cached("SELECT document FROM documents WHERE n = ?1")?;
    let items = rows
        .iter()
        .filter_map(|row| row.last())
        .map(|n| document_of(&find.query_row([n], |row| row.get::<_, String>(0))?))
        .collect::<Outcome<Vec<_>>>()?;
    Ok(Page { items, next_cursor })
}

/// The sort columns of the page's issues, and of one more where there is one. `n` is the last of them.
fn rows(
    connection: &Connection,
    query: &IssueQuery,
    order: &Order,
    after: Option<Vec<i64>>,
) -> Outcome<Vec<Vec<i64>>> {
    let selective = selective(query);
    let driver = pick(connection, &selective)?;
    let (sql, values) = statement(query, order, after, selective, driver)?;
    let mut statement = connection.prepare_cached(&sql)?;
    let width = order.columns.len();
    let rows =
        statement.query_map(params_from_iter(values), |row| (0..width).map(|at| row.get(at)).collect())?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The query and its values, driven by the filter at `driver` or else by the sort order.
fn statement(
    query: &IssueQuery,
    order: &Order,
    after: Option<Vec<i64>>,
    mut selective: Vec<Selective>,
    driver: Option<usize>,
) -> Outcome<(String, Vec<Value>)> {
    let driver = driver.map(|driver| selective.swap_remove(driver));
    let mut tests = closed(query);
    let mut values = Vec::new();
    let from = match driver {
        Some(driver) => {
            values.extend(driver.values);
            format!("({}) AS d CROSS JOIN issues AS i ON i.n = d.n", driver.rows)
        }
        None => format!("issues AS i INDEXED BY {}", order.index),
    };
    for filter in selective {
        tests.push(filter.test.to_owned());
        values.extend(filter.values);
    }
    let columns = order.columns.iter().map(|column| format!("i.{column}")).collect::<Vec<_>>();
    if let Some(after) = after {
        tests.push(format!("({}) < ({})", columns.join(", "), vec!["?"; after.len()].join(", ")));
        values.extend(after.into_iter().map(Value::Integer));
    }
    if tests.is_empty() {
        tests.push("true".to_owned());
    }
    values.push(Value::Integer(i64::try_from(query.limit)?.saturating_add(1)));
    let sql = format!(
        "SELECT {} FROM {from} WHERE {} ORDER BY {} DESC LIMIT ?",
        columns.join(", "),
        tests.join(" AND "),
        columns.join(" DESC, "),
    );
    Ok((sql, values))
}

/// Filters on the closed sets, which every index holds.
fn closed(query: &IssueQuery) -> Vec<String> {
    let any = |column: &str, codes: Vec<i64>| {
        let codes: Vec<String> = codes.iter().map(i64::to_string).collect();
        (!codes.is_empty()).then(|| format!("i.{column} IN ({})", codes.join(", ")))
    };
    [
        any("status", query.status.iter().copied().map(status_code).collect()),
        any("priority", query.priority.iter().copied().map(priority_code).collect()),
        any("type", query.issue_type.iter().copied().map(type_code).collect()),
        any("category", query.category.iter().copied().map(category_code).collect()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Those that came back, out of an index that holds no others: they are found without a look at the rest.
const REGRESSED: Selective = Selective {
    rows: "SELECT n FROM issues WHERE regressed = 1",
    test: "i.regressed = 1",
    values: Vec::new(),
};

/// Filters that may leave few.
fn selective(query: &IssueQuery) -> Vec<Selective> {
    let facets = [
        (Facet::Assignee, &query.assignee),
        (Facet::Reporter, &query.reporter),
        (Facet::Component, &query.component),
        (Facet::Workload, &query.workload),
        (Facet::Release, &query.release),
    ];
    let facets = facets.into_iter().filter_map(|(facet, value)| {
        let value = value.clone()?;
        Some(Selective {
            rows: "SELECT n FROM facets WHERE facet = ? AND value = ?",
            test: "EXISTS (SELECT 1 FROM facets AS f WHERE f.facet = ? AND f.value = ? AND f.n = i.n)",
            values: vec![Value::Integer(facet.code()), Value::Text(value)],
        })
    });
    let text = folded(query.text.as_deref().unwrap_or_default());
    let words = text.split_whitespace().map(|word| {
        let test = "EXISTS (SELECT 1 FROM words AS w WHERE w.n = i.n AND instr(w.words, ?) > 0)";
        if word.chars().nth(2).is_some() {
            Selective { rows: IN_SEARCH, test, values: vec![Value::Text(word.to_owned())] }
        } else {
            Selective { rows: IN_WORDS, test, values: vec![Value::Text(word.to_owned())] }
        }
    });
    facets.chain(query.regressed.then_some(REGRESSED)).chain(words).collect()
}

/// Three characters and more are in the trigram index. As a phrase: what a user writes is never a query expression.
const IN_SEARCH: &str =
    r#"SELECT rowid AS n FROM search WHERE search MATCH '"' || replace(?, '"', '""') || '"'"#;

/// Shorter stretches are not in the index.
const IN_WORDS: &str = "SELECT n FROM words WHERE instr(words, ?) > 0";

/// The filter that leaves the fewest, if those are few. Stretches that are in no index are looked for only where no
/// index helps: one pass over the words, in the order in which they lie, costs less than meeting them along a sort order.
fn pick(connection: &Connection, selective: &[Selective]) -> Outcome<Option<usize>> {
    let (scanned, indexed): (Vec<_>, Vec<_>) =
        selective.iter().enumerate().partition(|(_, filter)| filter.rows == IN_WORDS);
    match fewest(connection, &indexed)? {
        None => fewest(connection, &scanned),
        found => Ok(found),
    }
}

fn fewest(connection: &Connection, filters: &[(usize, &Selective)]) -> Outcome<Option<usize>> {
    let mut best = None;
    let mut fewest = FEW;
    for (at, filter) in filters {
        let sql = format!("SELECT count(*) FROM (SELECT n FROM ({}) LIMIT {fewest})", filter.rows);
        let found: i64 =
            connection.prepare_cached(&sql)?.query_row(params_from_iter(&filter.values), |row| row.get(0))?;
        if found < fewest {
            (best, fewest) = (Some(*at), found);
        }
    }
    Ok(best)
}

/// `<letter>.<column>.<column>…` of the last row shown.
fn print_cursor(order: &Order, row: &[i64]) -> String {
    let columns: Vec<String> = row.iter().map(i64::to_string).collect();
    format!("{}.{}", order.letter, columns.join("."))
}

fn parse_cursor(order: &Order, cursor: &str) -> Option<Vec<i64>> {
    let (letter, columns) = cursor.split_once('.')?;
    let columns = columns.split('.').map(str::parse).collect::<Result<Vec<i64>, _>>().ok()?;
    (letter == order.letter && columns.len() == order.columns.len()).then_some(columns)
}

#[cfg(test)]
mod tests {
    use issue::{
        document::Status,
        record::IssueType,
        report::{Category, Priority},
    };

    use super::*;

    /// How SQLite would do it, a line for each step.
    fn plan(connection: &Connection, sql: &str, values: Vec<Value>) -> Vec<String> {
        let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a query");
        let steps = explain.query_map(params_from_iter(values), |row| row.get("detail")).expect("a plan");
        steps.collect::<Result<_, _>>().expect("steps")
    }

    #[test]
    fn no_list_reads_the_whole_table() {
        let mut connection = Connection::open_in_memory().expect("a database");
        super::super::schema::migrate(&mut connection).expect("tables");
        let base = || IssueQuery { limit: 50, ..IssueQuery::default() };
        let some = |value: &str| Some(value.to_owned());
        let queries = [
            base(),
            IssueQuery { status: vec![Status::Open, Status::InProgress], ..base() },
            IssueQuery { priority: vec![Priority::High], ..base() },
            IssueQuery { issue_type: vec![IssueType::Bug], category: vec![Category::Code], ..base() },
            IssueQuery { assignee: some("a"), ..base() },
            IssueQuery { reporter: some("a"), component: some("b"), ..base() },
            IssueQuery { workload: some("a"), release: some("b"), status: vec![Status::Open], ..base() },
            IssueQuery { regressed: true, ..base() },
            IssueQuery { text: some("several words"), ..base() },
            IssueQuery { text: some("word"), regressed: true, assignee: some("a"), ..base() },
        ];
        for (query, sort) in queries.iter().flat_map(|query| {
            [Sort::LastSeen, Sort::FirstSeen, Sort::Count, Sort::Priority].map(|sort| (query, sort))
        }) {
            let query = IssueQuery { sort, ..query.clone() };
            let order = order(sort);
            let filters = selective(&query).len();
            for (driver, after) in
                (0..filters).map(Some).chain([None]).flat_map(|driver| [(driver, false), (driver, true)])
            {
                let after = after.then(|| vec![7; order.columns.len()]);
                let (sql, values) =
                    statement(&query, &order, after, selective(&query), driver).expect("a statement");
                let steps = plan(&connection, &sql, values);
                let whole = |step: &String| {
                    // A walk along the sort order ends with the page; the one index that is short may be read whole.
                    let walk = driver.is_none() && step.contains(order.index);
                    let short =
                        ["issues_regressed", "search VIRTUAL TABLE INDEX"].iter().any(|it| step.contains(it))
                            || step == "SCAN d";
                    step.starts_with("SCAN") && !walk && !short
                };
                assert!(!steps.iter().any(whole), "{query:?} by {driver:?}: {steps:#?}");
                let sorts = steps.iter().any(|step| step.contains("TEMP B-TREE"));
                assert!(driver.is_some() || !sorts, "{query:?} sorts everything: {steps:#?}");
            }
        }
    }
}
