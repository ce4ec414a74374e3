//! Where documents lie: `issues/{id}` with `comments`, `activities`, `occurrences` and `seen` below, `notifications` and `notes`.

use issue::id::IssueId;
use uuid::Uuid;

use crate::store::ChildKind;

/// The collection of an issue's shards of `seen` marks.
pub(super) const SEEN: &str = "seen";

/// The collections below an issue that a deletion empties.
pub(super) const BELOW: [&str; 4] = ["occurrences", "activities", "comments", SEEN];

/// The collection of a kind of children.
pub(super) fn collection(kind: ChildKind) -> &'static str {
    match kind {
        ChildKind::Occurrences => "occurrences",
        ChildKind::Activities => "activities",
        ChildKind::Comments => "comments",
    }
}

/// Writes the names of documents in one database, below one prefix.
#[derive(Clone, Debug)]
pub(super) struct Names {
    /// `projects/…/databases/…`.
    pub(super) database: String,
    /// The document, or the root, that the top collections lie below.
    parent: String,
    /// What the names of the top collections begin with.
    prefix: String,
}

impl Names {
    /// A prefix that holds a `/` names a document: the top collections lie below it, and all trackers of a database share
    /// one set of indexes.
    pub(super) fn new(project: &str, database: &str, prefix: &str) -> Self {
        let database = format!("projects/{project}/databases/{database}");
        let (below, prefix) = prefix.rsplit_once('/').unwrap_or(("", prefix));
        let parent = format!("{database}/documents/{below}").trim_end_matches('/').to_owned();
        Self { database, parent, prefix: prefix.to_owned() }
    }

    /// Whether a prefix can be one: below it, names alternate between collections and documents.
    pub(super) fn is_prefix(prefix: &str) -> bool {
        let segments: Vec<&str> = prefix.split('/').collect();
        let named = |segment: &&str| {
            !segment.is_empty() && *segment != "." && *segment != ".." && !segment.starts_with("__")
        };
        let (last, above) = segments.split_last().unwrap_or((&"", &[]));
        above.len().is_multiple_of(2) && above.iter().all(named) && (last.is_empty() || named(last))
    }

    /// What queries of the top collections name as their parent.
    pub(super) fn parent(&self) -> &str {
        &self.parent
    }

    /// The name of a top collection.
    pub(super) fn top(&self, collection: &str) -> String {
        format!("{}{collection}", self.prefix)
    }

    /// An issue's document.
    pub(super) fn issue(&self, id: IssueId) -> String {
        format!("{}/{}issues/{id}", self.parent, self.prefix)
    }

    /// A document below an issue.
    pub(super) fn below(&self, id: IssueId, collection: &str, name: &str) -> String {
        format!("{}/{collection}/{name}", self.issue(id))
    }

    /// A note's document.
    pub(super) fn note(&self, kind: &str, key: &str) -> String {
        format!("{}/{}notes/{kind}:{key}", self.parent, self.prefix)
    }

    /// A notification's document.
    pub(super) fn notification(&self, id: Uuid) -> String {
        format!("{}/{}notifications/{id}", self.parent, self.prefix)
    }
}

/// The last part of a document's name.
pub(super) fn last(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}

/// The issue that a document's name ends with.
pub(super) fn issue_id(name: &str) -> Result<IssueId, uuid::Error> {
    last(name).parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_part_of_a_name_or_a_document() {
        let id = IssueId(Uuid::nil());
        for (prefix, parent, expect) in [
            ("", "projects/p/databases/d/documents", "issues"),
            ("dev_", "projects/p/databases/d/documents", "dev_issues"),
            ("trackers/main/", "projects/p/databases/d/documents/trackers/main", "issues"),
        ] {
            let names = Names::new("p", "d", prefix);
            assert!(Names::is_prefix(prefix), "{prefix}");
            assert_eq!((names.parent(), names.top("issues").as_str()), (parent, expect));
            assert_eq!(names.issue(id), format!("{parent}/{expect}/{id}"));
        }
        for wrong in ["trackers/", "a//", "/", "a/../", "__x", "a/b/c/"] {
            assert!(!Names::is_prefix(wrong), "{wrong}");
        }
    }
}
