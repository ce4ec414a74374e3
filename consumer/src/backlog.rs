//! Items of the backlog: documents beside the issues, each changed by compare-and-set.

use issue::report::Priority;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::store::{
    IssueStore, NoteKind, StoreError,
    documents::{Document, Documents},
};

/// What an item is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each variant is its word")]
pub enum Category {
    FeatureRequest,
    #[default]
    Suggestions,
    Improvement,
    MustHave,
    Critical,
}

/// Categories by their words.
pub const CATEGORIES: ::intake::vocabulary::Words<Category> = &[
    ("feature-request", Category::FeatureRequest),
    ("suggestions", Category::Suggestions),
    ("improvement", Category::Improvement),
    ("must-have", Category::MustHave),
    ("critical", Category::Critical),
];

/// One item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is that of its name in an issue")]
pub struct Item {
    pub id: Uuid,
    pub title: String,
    pub description: String,
    pub category: Category,
    pub priority: Priority,
    pub reporter_id: String,
    pub assignee_id: Option<String>,
    pub component: Option<String>,
    pub tags: Vec<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
}

/// What shall be different; what is `None` stays.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each field is that of its name in an item")]
pub struct Change {
    pub title: Option<String>,
    pub description: Option<String>,
    pub category: Option<Category>,
    pub priority: Option<Priority>,
    pub assignee_id: Option<Option<String>>,
    pub component: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub completed: Option<bool>,
}

impl Item {
    /// An empty one.
    pub fn new(reporter: &str, now: Timestamp) -> Self {
        Self {
            id: Uuid::now_v7(),
            title: String::new(),
            description: String::new(),
            category: Category::default(),
            priority: Priority::default(),
            reporter_id: reporter.to_owned(),
            assignee_id: None,
            component: None,
            tags: Vec::new(),
            created_at: now,
            updated_at: now,
            completed_at: None,
        }
    }
}

impl Change {
    /// The item as it shall be.
    pub fn applied_to(self, item: Item, now: Timestamp) -> Item {
        let completed_at = match self.completed {
            None => item.completed_at,
            Some(true) => item.completed_at.or(Some(now)),
            Some(false) => None,
        };
        Item {
            title: self.title.unwrap_or(item.title),
            description: self.description.unwrap_or(item.description),
            category: self.category.unwrap_or(item.category),
            priority: self.priority.unwrap_or(item.priority),
            assignee_id: self.assignee_id.unwrap_or(item.assignee_id),
            component: self.component.unwrap_or(item.component),
            tags: self.tags.unwrap_or(item.tags),
            updated_at: now,
            completed_at,
            ..item
        }
    }
}

/// Under which an item is kept.
pub fn key(id: Uuid) -> String {
    id.simple().to_string()
}

/// All of them.
pub fn items(store: &dyn IssueStore) -> Documents<'_, Item> {
    Documents::of(store, NoteKind::Backlog)
}

/// Every item: what is not done first, and of these what changed last.
pub async fn list(store: &dyn IssueStore) -> Result<Vec<Document<Item>>, StoreError> {
    let mut all = items(store).all().await?;
    all.sort_by_key(|Document { body: item, .. }| {
        (item.completed_at.is_some(), std::cmp::Reverse((item.updated_at, item.id)))
    });
    Ok(all)
}
