//! Where issues are kept: one trait, one suite that every adapter passes.
//!
//! The one rule: an issue changes only by [`IssueStore::write`], which is compare-and-set on the document's version and
//! atomic with everything that the change creates and with the `seen` marks of the records that caused it. So a record
//! that is processed twice, by whomever, changes the issue once.

use std::time::Duration;

use async_trait::async_trait;
use issue::{
    document::{Activity, Comment, Issue, Notification, Occurrence, Status},
    id::{IssueId, SourceId},
    record::IssueType,
    report::{Category, Priority},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub mod choice;
mod clock;
pub mod documents;
#[cfg(feature = "firestore")]
pub mod firestore;
pub(crate) mod older;
pub mod sqlite;
#[cfg(any(test, feature = "suite"))]
pub mod suite;
mod words;

/// A sidecar resends nothing older than 7 days, so after 8 a `seen` mark has no use (delivery: "Consumer").
const SEEN_KEPT: SignedDuration = SignedDuration::from_hours(8 * 24);

/// How long samples are kept.
const OCCURRENCES_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Which state of a document a change was computed from. Opaque to callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// There was none.
    Absent,
    /// The store's own mark of that state; also the API's `ETag`.
    At(String),
}

/// What to load of one issue.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which.
    pub id: IssueId,
    /// Whose `seen` marks.
    pub sources: Vec<SourceId>,
}

/// One issue as it stands.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `None`: it does not exist, or is deleted (then `seen` may still hold marks).
    pub issue: Option<Issue>,
    /// What a write must name.
    pub version: Version,
    /// Highest seq counted, by source, of those asked for.
    pub seen: Vec<(SourceId, u64)>,
}

/// One issue's change with everything that becomes true at the same moment.
#[derive(Clone, Debug)]
pub struct Write {
    /// The whole document as it shall be.
    pub issue: Issue,
    /// The state that it was computed from.
    pub expect: Version,
    /// New `seen` marks.
    pub seen: Vec<(SourceId, u64)>,
    /// Samples to keep. The store prunes: the first 10, then the newest, 50 in all.
    pub occurrences: Vec<Occurrence>,
    /// What was done.
    pub activities: Vec<Activity>,
    /// What was said.
    pub comments: Vec<Comment>,
    /// Who is told.
    pub notifications: Vec<Notification>,
    /// New documents beside the issue, each of a key that no other change has.
    pub notes: Vec<Note>,
}

/// What became of one write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// Done; the document's new version.
    Done(Version),
    /// Somebody else was faster: load and apply again.
    Conflict,
}

/// The store cannot be asked. Every such error pauses the partition; none makes a dead letter.
#[derive(Debug, thiserror::Error)]
#[error("{step}")]
pub struct StoreError {
    /// The step that failed, lower case.
    pub step: &'static str,
    /// Why.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// In which order a list runs; the newest, the most or the most urgent first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the field of its name")]
pub enum Sort {
    #[default]
    LastSeen,
    FirstSeen,
    Count,
    Priority,
}

/// Which issues a list shows. Empty vectors and `None` ask for everything; several values of one field are alternatives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each field filters on the issue's field of that name")]
pub struct IssueQuery {
    pub status: Vec<Status>,
    pub priority: Vec<Priority>,
    pub issue_type: Vec<IssueType>,
    pub category: Vec<Category>,
    pub assignee: Option<String>,
    pub reporter: Option<String>,
    pub component: Option<String>,
    /// `Kind/name`, or the name alone.
    pub workload: Option<String>,
    pub release: Option<String>,
    /// Only those that came back after they had been resolved, and have not been resolved since.
    pub regressed: bool,
    /// Words that the title, the culprit or the template must hold, in any case.
    pub text: Option<String>,
    pub sort: Sort,
    /// Where the previous page ended.
    pub cursor: Option<String>,
    /// 1–100.
    pub limit: usize,
}

/// A stretch of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In the order asked for. May be shorter than asked for also where a next page follows: a store that has looked at
    /// enough issues that no filter of its own could tell apart says where to go on.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next_cursor: Option<String>,
}

/// What hangs below an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the collection of its name")]
pub enum ChildKind {
    Occurrences,
    Activities,
    Comments,
}

/// A document below an issue.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each variant is the document of its name")]
#[expect(clippy::large_enum_variant, reason = "short-lived, and mostly occurrences")]
pub enum Child {
    Occurrence(Occurrence),
    Activity(Activity),
    Comment(Comment),
}

/// What a small document beside the issues is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// A sidecar's totals: the key is its source, the rank the record's seq. Forgotten 8 days after the last word.
    Sidecar,
    /// What was done with a dead letter: the key is its id. Forgotten after 31 days, when the letter is gone too.
    DeadLetter,
    /// A person or a service user.
    User,
    /// A login that lasts.
    Session,
    /// A login that has begun: the issuer has been asked and has not answered.
    Login,
    /// An API token.
    Token,
    /// An administrative act.
    Audit,
    /// An item of the backlog.
    Backlog,
    /// A visit of a front end: the key is made of project and session; its order is when it is looked at next. Kept as long
    /// as its events may come again.
    Visit,
    /// An incident of a visit; its order is when it happened.
    Incident,
    /// Something that is to be sent, or was; its order is when it is tried next.
    Delivery,
    /// Issues that tell of the same as another: the key is that issue's id.
    Link,
    /// Something that an outlet is told of an issue; its order is when it is told.
    Notice,
}

impl NoteKind {
    /// Every kind, for what sweeps.
    pub(crate) const ALL: [Self; 13] = [
        Self::Sidecar,
        Self::DeadLetter,
        Self::User,
        Self::Session,
        Self::Login,
        Self::Token,
        Self::Audit,
        Self::Backlog,
        Self::Visit,
        Self::Incident,
        Self::Delivery,
        Self::Link,
        Self::Notice,
    ];

    /// The word in databases; never changes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::DeadLetter => "dead-letter",
            Self::User => "user",
            Self::Session => "session",
            Self::Login => "login",
            Self::Token => "token",
            Self::Audit => "audit",
            Self::Backlog => "backlog",
            Self::Visit => "visit",
            Self::Incident => "incident",
            Self::Delivery => "delivery",
            Self::Link => "link",
            Self::Notice => "notice",
        }
    }

    /// The kind of this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it goes along when a store is moved. Logins do not: people come in anew.
    pub(crate) fn moves(self) -> bool {
        !matches!(self, Self::Session | Self::Login)
    }

    /// How long one is kept after it was last written: what a sidecar said as long as its marks, what was done with a dead
    /// letter a day longer than its topic keeps it, a session a day longer than it lasts. A century stands for ever.
    pub(crate) fn kept(self) -> SignedDuration {
        match self {
            Self::Sidecar => SEEN_KEPT,
            Self::DeadLetter => SignedDuration::from_hours(31 * 24),
            Self::Session => SignedDuration::from_hours(2 * 24),
            Self::Login => SignedDuration::from_hours(1),
            Self::Visit | Self::Notice => SignedDuration::from_hours(31 * 24),
            Self::Audit | Self::Incident | Self::Delivery | Self::Link => {
                SignedDuration::from_hours(400 * 24)
            }
            Self::User | Self::Token | Self::Backlog => SignedDuration::from_hours(100 * 365 * 24),
        }
    }
}

/// A small document beside the issues (at most a few KiB). In Firestore: `notes/{kind}:{key}`, written with the document's
/// update time as precondition, so that the rank decides and not who comes last.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// What about.
    pub kind: NoteKind,
    /// Of what. Unique with the kind; at most 200 letters, digits, `.`, `-` and `_`.
    pub key: String,
    /// Only a higher one replaces it.
    pub rank: u64,
    /// What it says.
    pub body: serde_json::Value,
}

/// The store.
#[async_trait]
pub trait IssueStore: Send + Sync {
    /// The issues asked for, in that order, each with the marks asked for.
    async fn load(&self, wanted: &[Wanted]) -> Result<Vec<Loaded>, StoreError>;

    /// Each write whole or not at all; one answer for each, in order.
    async fn write(&self, writes: Vec<Write>) -> Result<Vec<Written>, StoreError>;

    /// One page of a list. A cursor that this store did not make is an error of the caller: `Ok` with an empty page.
    async fn list(&self, query: &IssueQuery) -> Result<Page<Issue>, StoreError>;

    /// Children of one issue: comments and activities oldest first, occurrences newest first.
    async fn children(
        &self,
        id: IssueId,
        kind: ChildKind,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Child>, StoreError>;

    /// The newest children of one issue, newest first, whatever the order of their pages.
    async fn newest(&self, id: IssueId, kind: ChildKind, limit: usize) -> Result<Vec<Child>, StoreError>;

    /// Keeps notes for good, each unless one of its kind and key has the same or a higher rank already; says for each
    /// whether it was kept. A replay changes nothing.
    async fn keep(&self, notes: Vec<Note>) -> Result<Vec<bool>, StoreError>;

    /// Every note of a kind, or only those with these keys.
    async fn notes(&self, kind: NoteKind, keys: Option<Vec<String>>) -> Result<Vec<Note>, StoreError>;

    /// Notes of a kind whose body is an object with a number `order`, in its order: see [`Stretch`].
    async fn ordered(&self, kind: NoteKind, stretch: &Stretch) -> Result<Vec<Note>, StoreError> {
        Ok(stretch.of(self.notes(kind, None).await?))
    }

    /// Whether the store answers, cheaply.
    async fn check(&self) -> Result<(), StoreError>;

    /// The brokers' clock: the time at which a record was appended that is about to be stored. Marks of what was seen and
    /// the sweep of what outlives its time go by the newest that was told. A store that forgets nothing needs no clock.
    fn tell_time(&self, _appended: Timestamp) {}

    /// The least time between two writes of one issue. Whoever writes in batches holds later changes of an issue back for
    /// so long and makes one write of them.
    fn pace(&self) -> Duration {
        Duration::ZERO
    }
}

/// Which notes of a kind [`IssueStore::ordered`] gives.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// From this `order` on.
    pub from: i64,
    /// Up to this one.
    pub to: i64,
    /// The largest first.
    pub descending: bool,
    /// Only what comes behind the note of this order and key.
    pub after: Option<(i64, String)>,
    /// No more than so many.
    pub limit: usize,
}

impl Stretch {
    /// What is due at `now`, the longest due first.
    pub fn due(now: i64, limit: usize) -> Self {
        Self { from: i64::MIN, to: now, descending: false, after: None, limit }
    }

    /// Where a note of this body stands.
    pub fn order(body: &serde_json::Value) -> Option<i64> {
        body.get("order").and_then(serde_json::Value::as_i64)
    }

    /// What a store without an index does.
    fn of(&self, notes: Vec<Note>) -> Vec<Note> {
        let placed =
            notes.into_iter().filter_map(|note| Some(((Self::order(&note.body)?, note.key.clone()), note)));
        let behind = |place: &(i64, String)| match &self.after {
            None => true,
            Some(after) if self.descending => place < after,
            Some(after) => place > after,
        };
        let mut found: Vec<_> =
            placed.filter(|(place, _)| (self.from..=self.to).contains(&place.0) && behind(place)).collect();
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        if self.descending {
            found.reverse();
        }
        found.into_iter().take(self.limit).map(|(_, note)| note).collect()
    }
}

/// The end of an issue.
#[derive(Clone, Debug)]
pub struct Deletion {
    /// Which.
    pub id: IssueId,
    /// The state that was looked at.
    pub expect: Version,
    /// Marks to remember besides those that the issue has.
    pub seen: Vec<(SourceId, u64)>,
}

/// Every status, in the order of the lifecycle.
pub const STATUSES: [Status; 4] = [Status::Open, Status::InProgress, Status::Resolved, Status::Closed];

/// An issue counts as new for so long after it was first seen.
pub const NEW: SignedDuration = SignedDuration::from_hours(24);

/// How many issues stand how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// In the order of [`STATUSES`].
    pub by_status: [(Status, u64); 4],
    /// Came back after they had been resolved, and have not been resolved since.
    pub regressed: u64,
    /// First seen since the time asked for.
    pub new: u64,
}

/// What a store keeps of one issue beside its occurrences, activities and comments.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "short-lived, and mostly issues")]
pub enum Kept {
    /// It is there.
    Issue {
        /// As it stands.
        issue: Issue,
        /// Every mark, in the order of sources.
        seen: Vec<(SourceId, u64)>,
        /// Who was told of it, the oldest first.
        notifications: Vec<Notification>,
    },
    /// It was deleted.
    Tombstone {
        /// Which.
        id: IssueId,
        /// Every mark, in the order of sources.
        seen: Vec<(SourceId, u64)>,
    },
}

/// What administrators and the store's own clock do, beside the work with issues.
#[async_trait]
pub trait Upkeep: IssueStore {
    /// Removes an issue and all that hangs below it, and leaves a tombstone that keeps the `seen` marks: a record that was
    /// counted before does not bring it back, a new one makes it anew. A deletion that was cut short is ended by the next
    /// [`Upkeep::sweep`] or the next write of the issue.
    async fn delete(&self, deletion: Deletion) -> Result<Written, StoreError>;

    /// Removes what has outlived its time: marks and tombstones after 8 days, occurrences after 30. A store that runs does
    /// it by itself every hour, by the time that it was told.
    async fn sweep(&self, now: Timestamp) -> Result<(), StoreError>;

    /// Counts issues; `since` tells which are new.
    async fn stats(&self, since: Timestamp) -> Result<Stats, StoreError>;

    /// Everything, in the order of ids, a page at a time.
    async fn export(&self, cursor: Option<&str>, limit: usize) -> Result<Page<Kept>, StoreError>;
}

/// Who was told of what, by person.
#[async_trait]
pub trait Inbox: Send + Sync {
    /// One page of what a person was told, the newest first.
    async fn inbox(
        &self,
        user: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Notification>, StoreError>;

    /// How much of it they have not read.
    async fn unread(&self, user: &str) -> Result<u64, StoreError>;

    /// Marks some of it, or all, as read; says how much that was. What belongs to somebody else stays as it is.
    async fn mark_read(&self, user: &str, ids: Option<Vec<Uuid>>) -> Result<u64, StoreError>;
}

/// All that a store does.
pub trait Store: IssueStore + Upkeep + Inbox {}

impl<T: IssueStore + Upkeep + Inbox> Store for T {}
