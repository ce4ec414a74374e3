//! A store in memory, for pages: it answers what it was given. Filters by status alone; an adapter's own suite tests the rest.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use consumer::store::{
    Child, ChildKind, Deletion, Inbox, IssueQuery, IssueStore, Kept, Loaded, Note, NoteKind, Page, STATUSES,
    Sort, Stats, StoreError, Upkeep, Version, Wanted, Write, Written,
};
use issue::{
    document::{Issue, Notification},
    id::IssueId,
};
use jiff::Timestamp;
use uuid::Uuid;

/// Issues with what hangs below them.
#[derive(Default)]
pub struct Memory {
    /// By id, with the number of writes so far.
    pub issues: Mutex<BTreeMap<IssueId, (u64, Issue)>>,
    /// Comments and activities oldest first, occurrences newest first.
    pub children: Mutex<Vec<Child>>,
    /// By kind and key.
    pub notes: Mutex<BTreeMap<(&'static str, String), Note>>,
    /// What people were told.
    pub told: Mutex<Vec<Notification>>,
    /// So many writes meet another one's.
    pub conflicts: AtomicUsize,
    /// Whether the store is down.
    pub fails: AtomicBool,
}

impl Memory {
    /// Holds these.
    pub fn with(issues: Vec<Issue>, children: Vec<Child>) -> Self {
        let issues = issues.into_iter().map(|issue| (issue.id, (1, issue))).collect();
        Self { issues: Mutex::new(issues), children: Mutex::new(children), ..Self::default() }
    }

    fn up(&self) -> Result<(), StoreError> {
        if self.fails.load(Ordering::Relaxed) {
            return Err(StoreError { step: "open the database", source: "disk I/O error <b>".into() });
        }
        Ok(())
    }

    /// The children of an issue as they were put.
    fn below(&self, id: IssueId, kind: ChildKind) -> Result<Vec<Child>, StoreError> {
        self.up()?;
        let of = |child: &&Child| match child {
            Child::Occurrence(each) => kind == ChildKind::Occurrences && each.issue_id == id,
            Child::Activity(each) => kind == ChildKind::Activities && each.issue_id == id,
            Child::Comment(each) => kind == ChildKind::Comments && each.issue_id == id,
        };
        Ok(self.children.lock().expect("not poisoned").iter().filter(of).cloned().collect())
    }
}

#[async_trait]
impl IssueStore for Memory {
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError> {
        self.up()?;
        let issues = self.issues.lock().expect("not poisoned");
        let load = |wanted: &Wanted| match issues.get(&wanted.id) {
            Some((version, issue)) => Loaded {
                issue: Some(issue.clone()),
                version: Version::At(version.to_string()),
                seen: Vec::new(),
            },
            None => Loaded { issue: None, version: Version::Absent, seen: Vec::new() },
        };
        Ok(wanted.iter().map(load).collect())
    }

    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError> {
        self.up()?;
        let mut issues = self.issues.lock().expect("not poisoned");
        let mut children = self.children.lock().expect("not poisoned");
        let mut written = Vec::new();
        for write in writes {
            let current = issues.get(&write.issue.id).map_or(0, |(version, _)| *version);
            let expected = match &write.expect {
                Version::Absent => 0,
                Version::At(version) => version.parse().expect("a version of ours"),
            };
            let beaten =
                self.conflicts.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
            if beaten.is_ok() || current != expected {
                written.push(Written::Conflict);
                continue;
            }
            issues.insert(write.issue.id, (current + 1, write.issue));
            children.extend(write.comments.into_iter().map(Child::Comment));
            children.extend(write.activities.into_iter().map(Child::Activity));
            self.told.lock().expect("not poisoned").extend(write.notifications);
            written.push(Written::Done(Version::At((current + 1).to_string())));
        }
        Ok(written)
    }

    async fn list(&self, query: &IssueQuery) -> Result<Page<Issue>, StoreError> {
        self.up()?;
        let issues = self.issues.lock().expect("not poisoned");
        let text = query.text.clone().unwrap_or_default().to_lowercase();
        let mut items: Vec<Issue> = issues
            .values()
            .map(|(_, issue)| issue.clone())
            .filter(|issue| query.status.is_empty() || query.status.contains(&issue.status))
            .filter(|issue| !query.regressed || issue.regressed)
            .filter(|issue| issue.title.to_lowercase().contains(&text))
            .collect();
        items.sort_by_key(|issue| {
            std::cmp::Reverse(match query.sort {
                Sort::LastSeen => issue.last_seen.map_or(0, |at| at.as_second()),
                Sort::FirstSeen => issue.first_seen.map_or(0, |at| at.as_second()),
                Sort::Count => i64::try_from(issue.count).unwrap_or(i64::MAX),
                Sort::Priority => issue.priority as i64,
            })
        });
        let start: usize = query.cursor.as_deref().map_or(0, |cursor| cursor.parse().unwrap_or(usize::MAX));
        let rest: Vec<Issue> = items.into_iter().skip(start).collect();
        let next_cursor = (rest.len() > query.limit).then(|| (start + query.limit).to_string());
        Ok(Page { items: rest.into_iter().take(query.limit).collect(), next_cursor })
    }

    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError> {
        let start: usize = cursor.map_or(0, |cursor| cursor.parse().expect("a cursor of ours"));
        let rest: Vec<Child> = self.below(id, kind)?.into_iter().skip(start).collect();
        let next_cursor = (rest.len() > limit).then(|| (start + limit).to_string());
        Ok(Page { items: rest.into_iter().take(limit).collect(), next_cursor })
    }

    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError> {
        let mut all = self.below(id, kind)?;
        // These alone are kept as pages show them: newest first.
        if kind != ChildKind::Occurrences {
            all.reverse();
        }
        all.truncate(limit);
        Ok(all)
    }

    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError> {
        self.up()?;
        let mut all = self.notes.lock().expect("not poisoned");
        let mut keep = |note: Note| {
            let place = (note.kind.as_str(), note.key.clone());
            let higher = all.get(&place).is_none_or(|there| there.rank < note.rank);
            if higher {
                all.insert(place, note);
            }
            higher
        };
        Ok(notes.into_iter().map(&mut keep).collect())
    }

    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError> {
        self.up()?;
        let all = self.notes.lock().expect("not poisoned");
        let wanted =
            |note: &&Note| note.kind == kind && keys.as_ref().is_none_or(|keys| keys.contains(&note.key));
        Ok(all.values().filter(wanted).cloned().collect())
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.up()
    }
}

#[async_trait]
impl Upkeep for Memory {
    async fn delete(&self, deletion: Deletion) -> Result<Written, StoreError> {
        self.up()?;
        let mut issues = self.issues.lock().expect("not poisoned");
        let current = issues.get(&deletion.id).map(|(version, _)| Version::At(version.to_string()));
        if current.as_ref() != Some(&deletion.expect) {
            return Ok(Written::Conflict);
        }
        issues.remove(&deletion.id);
        Ok(Written::Done(Version::Absent))
    }

    async fn sweep(&self, _: Timestamp) -> Result<(), StoreError> {
        self.up()
    }

    async fn stats(&self, since: Timestamp) -> Result<Stats, StoreError> {
        self.up()?;
        let issues = self.issues.lock().expect("not poisoned");
        let count =
            |is: &dyn Fn(&Issue) -> bool| issues.values().filter(|(_, issue)| is(issue)).count() as u64;
        Ok(Stats {
            by_status: STATUSES.map(|status| (status, count(&|issue| issue.status == status))),
            regressed: count(&|issue| issue.regressed),
            new: count(&|issue| issue.first_seen.unwrap_or(issue.created_at) >= since),
        })
    }

    async fn export(&self, _: Option<&str>, _: usize) -> Result<Page<Kept>, StoreError> {
        self.up()?;
        Ok(Page { items: Vec::new(), next_cursor: None })
    }
}

#[async_trait]
impl Inbox for Memory {
    async fn inbox(
        &self,
        user: &str,
        _: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notification>, StoreError> {
        self.up()?;
        let told = self.told.lock().expect("not poisoned");
        let items = told.iter().rev().filter(|told| told.user_id == user).take(limit).cloned().collect();
        Ok(Page { items, next_cursor: None })
    }

    async fn unread(&self, user: &str) -> Result<u64, StoreError> {
        self.up()?;
        let told = self.told.lock().expect("not poisoned");
        Ok(told.iter().filter(|told| told.user_id == user && !told.read).count() as u64)
    }

    async fn mark_read(&self, user: &str, ids: Option<Vec<Uuid>>) -> Result<u64, StoreError> {
        self.up()?;
        let mut told = self.told.lock().expect("not poisoned");
        let theirs = told.iter_mut().filter(|told| told.user_id == user && !told.read);
        let marked = theirs.filter(|told| ids.as_ref().is_none_or(|ids| ids.contains(&told.id)));
        Ok(marked.map(|told| told.read = true).count() as u64)
    }
}
