//! Runs of programs as the server knows them: what each issue's count was at the start, what is new at the end.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use consumer::store::{IssueQuery, IssueStore, StoreError};
use issue::{document::Issue, id::IssueId};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

/// Most runs that are remembered; one that ended is forgotten.
const MAX_RUNS: usize = 1000;

/// Most issues of one program that a summary looks at, the latest seen.
const MAX_ISSUES: usize = 1000;

/// What a run brought.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Found {
    /// Its issues, the most frequent first; counts are those of the run.
    pub issues: Vec<Issue>,
    /// Bytes of stderr that were overwritten before they could be read.
    pub gap_bytes: u64,
}

/// The runs that have begun and not ended.
#[derive(Debug, Default)]
pub struct Runs {
    next: AtomicU64,
    running: Mutex<HashMap<u64, Run>>,
}

#[derive(Debug)]
struct Run {
    component: String,
    counts: HashMap<IssueId, u64>,
    gap_bytes: u64,
}

impl Runs {
    /// Remembers how things stand, under a number.
    pub async fn begin(
        &self,
        store: &dyn IssueStore,
        component: &str,
        gap_bytes: u64,
    ) -> Result<u64, StoreError> {
        let counts =
            latest(store, component).await?.into_iter().map(|issue| (issue.id, issue.count)).collect();
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut running = self.running.lock().await;
        if running.len() < MAX_RUNS {
            running.insert(number, Run { component: component.to_owned(), counts, gap_bytes });
        }
        Ok(number)
    }

    /// What is new since; nothing for a number that nobody knows.
    pub async fn end(
        &self,
        store: &dyn IssueStore,
        number: u64,
        gap_bytes: u64,
    ) -> Result<Found, StoreError> {
        let Some(run) = self.running.lock().await.remove(&number) else { return Ok(Found::default()) };
        let mut issues = latest(store, &run.component).await?;
        issues.retain_mut(|issue| {
            issue.count = issue.count.saturating_sub(run.counts.get(&issue.id).copied().unwrap_or_default());
            issue.count > 0
        });
        issues.sort_by_key(|issue| std::cmp::Reverse(issue.count));
        Ok(Found { issues, gap_bytes: gap_bytes.saturating_sub(run.gap_bytes) })
    }
}

async fn latest(store: &dyn IssueStore, component: &str) -> Result<Vec<Issue>, StoreError> {
    let mut query = IssueQuery { component: Some(component.to_owned()), limit: 100, ..IssueQuery::default() };
    let mut issues = Vec::new();
    while issues.len() < MAX_ISSUES {
        let page = store.list(&query).await?;
        issues.extend(page.items);
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            break;
        }
    }
    Ok(issues)
}
