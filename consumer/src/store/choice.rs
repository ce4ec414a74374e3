//! Which store: how it is named on the command line, and how it is opened.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use super::{Store, StoreError, sqlite::SqliteStore};

/// Where issues are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChoice {
    /// In this file.
    Sqlite(PathBuf),
    /// In a database of Google Firestore.
    Firestore {
        /// The Google Cloud project.
        project: String,
        /// The database within it; `(default)` unless another is named.
        database: String,
    },
}

/// A store is named otherwise.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("write sqlite:PATH or firestore:PROJECT[/DATABASE]")]
pub struct WrongForm;

impl FromStr for StoreChoice {
    type Err = WrongForm;

    fn from_str(text: &str) -> Result<Self, WrongForm> {
        match text.split_once(':').ok_or(WrongForm)? {
            ("sqlite", path) if !path.is_empty() => Ok(Self::Sqlite(path.into())),
            ("firestore", place) => {
                let (project, database) = place.split_once('/').unwrap_or((place, "(default)"));
                let named = |name: &str| !name.is_empty() && !name.contains(['/', ' ']);
                if !named(project) || !named(database) {
                    return Err(WrongForm);
                }
                Ok(Self::Firestore { project: project.to_owned(), database: database.to_owned() })
            }
            _ => Err(WrongForm),
        }
    }
}

/// What opening a Firestore store needs besides its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FirestoreSettings {
    /// Put before the names of the top collections. One that ends with `/` names a document: `trackers/main/`.
    pub prefix: String,
    /// HOST:PORT of an emulator, instead of Google's service.
    pub emulator: Option<String>,
}

impl StoreChoice {
    /// Opens it. Firestore is connected to by the first use, so that a program starts while it is away.
    pub fn open(&self, firestore: &FirestoreSettings) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Sqlite(path) => Ok(Arc::new(SqliteStore::open(path)?)),
            Self::Firestore { project, database } => open_firestore(project, database, firestore),
        }
    }
}

#[cfg(feature = "firestore")]
fn open_firestore(
    project: &str,
    database: &str,
    settings: &FirestoreSettings,
) -> Result<Arc<dyn Store>, StoreError> {
    Ok(super::firestore::FirestoreStore::open(project, database, settings)?)
}

#[cfg(not(feature = "firestore"))]
fn open_firestore(_: &str, _: &str, _: &FirestoreSettings) -> Result<Arc<dyn Store>, StoreError> {
    let source =
        "this program was built without Firestore: use issuetracker-consumer, which knows both stores";
    Err(StoreError { step: "open the store", source: source.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_a_kind_and_a_place() {
        let firestore = |project: &str, database: &str| {
            Ok(StoreChoice::Firestore { project: project.to_owned(), database: database.to_owned() })
        };
        for (text, expect) in [
            ("sqlite:/data/issues.db", Ok(StoreChoice::Sqlite("/data/issues.db".into()))),
            ("sqlite:", Err(WrongForm)),
            ("firestore:shop", firestore("shop", "(default)")),
            ("firestore:shop/issues", firestore("shop", "issues")),
            ("firestore:", Err(WrongForm)),
            ("firestore:shop/", Err(WrongForm)),
            ("firestore:shop/a/b", Err(WrongForm)),
            ("postgres:x", Err(WrongForm)),
            ("/data/issues.db", Err(WrongForm)),
        ] {
            assert_eq!(text.parse(), expect, "{text}");
        }
    }
}
