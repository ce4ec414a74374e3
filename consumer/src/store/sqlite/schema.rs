//! The tables, and the steps from one version of them to the next.

use issue::{
    document::{Issue, Status},
    record::IssueType,
    report::{Category, Priority},
};
use rusqlite::{Connection, TransactionBehavior};

use super::Outcome;
use crate::store::words::workload_names;

/// One step for each version, in order; `user_version` holds how many were taken. A released step never changes.
const STEPS: [&str; 5] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
];

/// The database was written by a later release.
#[derive(Debug, thiserror::Error)]
#[error("the database has version {found}, this program knows versions up to {known}: use the newer program", known = STEPS.len())]
pub struct Newer {
    found: usize,
}

/// Brings the tables to the version of this program, each step whole or not at all.
pub(super) fn migrate(connection: &mut Connection) -> Outcome<()> {
    let found: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let found = usize::try_from(found)?;
    if found > STEPS.len() {
        return Err(Newer { found }.into());
    }
    for (done, step) in STEPS.iter().enumerate().skip(found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", u32::try_from(done + 1)?)?;
        transaction.commit()?;
    }
    Ok(())
}

/// How the columns write a status. These numbers are in databases: they never change.
pub(super) fn status_code(status: Status) -> i64 {
    match status {
        Status::Open => 0,
        Status::InProgress => 1,
        Status::Resolved => 2,
        Status::Closed => 3,
    }
}

/// How the columns write a priority, in the order of urgency.
pub(super) fn priority_code(priority: Priority) -> i64 {
    match priority {
        Priority::Low => 0,
        Priority::Medium => 1,
        Priority::High => 2,
        Priority::Critical => 3,
    }
}

/// How the columns write a type.
pub(super) fn type_code(issue_type: IssueType) -> i64 {
    match issue_type {
        IssueType::Bug => 0,
        IssueType::Feature => 1,
        IssueType::Task => 2,
        IssueType::Enhancement => 3,
    }
}

/// How the columns write a category.
pub(super) fn category_code(category: Category) -> i64 {
    match category {
        Category::Unknown => 0,
        Category::Resource => 1,
        Category::Crash => 2,
        Category::Security => 3,
        Category::Data => 4,
        Category::Dependency => 5,
        Category::Configuration => 6,
        Category::Code => 7,
        Category::Validation => 8,
    }
}

/// A field that many issues share values of, kept in `facets` so that any of them can drive a query.
#[derive(Clone, Copy, Debug)]
pub(super) enum Facet {
    Assignee = 0,
    Reporter = 1,
    Component = 2,
    Workload = 3,
    Release = 4,
}

impl Facet {
    /// How the column writes it.
    pub(super) fn code(self) -> i64 {
        self as i64
    }
}

/// Every facet of an issue.
pub(super) fn facets(issue: &Issue) -> Vec<(Facet, &str)> {
    let single = [
        (Facet::Assignee, issue.assignee_id.as_deref()),
        (Facet::Reporter, Some(issue.reporter_id.as_str())),
        (Facet::Component, issue.component.as_deref()),
    ];
    let single = single.into_iter().filter_map(|(facet, value)| Some((facet, value?)));
    let workloads = issue.workloads.keys().flat_map(|workload| workload_names(workload));
    let workloads = workloads.map(|workload| (Facet::Workload, workload));
    let releases = issue.releases.keys().map(|release| (Facet::Release, release.as_str()));
    single.chain(workloads).chain(releases).collect()
}
