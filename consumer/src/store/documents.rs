//! Small documents of one type, each changed by compare-and-set: the rank of a note is its version.

use std::marker::PhantomData;

use serde::{Serialize, de::DeserializeOwned};

use super::{IssueStore, Note, NoteKind, StoreError};

/// So often a change that met another one is tried again.
const TRIES: usize = 20;

/// The documents of one kind.
pub struct Documents<'a, T> {
    store: &'a dyn IssueStore,
    kind: NoteKind,
    holds: PhantomData<T>,
}

/// One of them, with its version.
#[derive(Clone, Debug)]
pub struct Document<T> {
    /// Its name.
    pub key: String,
    /// What a change must name.
    pub rank: u64,
    /// What it says.
    pub body: T,
}

impl<'a, T: Serialize + DeserializeOwned> Documents<'a, T> {
    /// Those of a kind.
    pub fn of(store: &'a dyn IssueStore, kind: NoteKind) -> Self {
        Self { store, kind, holds: PhantomData }
    }

    /// One of them. What was removed is not there.
    pub async fn get(&self, key: &str) -> Result<Option<Document<T>>, StoreError> {
        Ok(self.stands(key).await?.and_then(Document::read))
    }

    async fn stands(&self, key: &str) -> Result<Option<Note>, StoreError> {
        Ok(self.store.notes(self.kind, Some(vec![key.to_owned()])).await?.into_iter().next())
    }

    /// All of them.
    pub async fn all(&self) -> Result<Vec<Document<T>>, StoreError> {
        Ok(self.store.notes(self.kind, None).await?.into_iter().filter_map(Document::read).collect())
    }

    /// Puts one where `rank` says that the last one was; `false`: it is another by now. A rank of 0: there was none.
    pub async fn put(&self, key: &str, rank: u64, body: &T) -> Result<bool, StoreError> {
        let body = serde_json::to_value(body)
            .map_err(|error| StoreError { step: "write a document", source: error.into() })?;
        self.keep(key, rank, body).await
    }

    /// Takes one away: an empty one stays, so that no change of before comes after it.
    pub async fn remove(&self, key: &str, rank: u64) -> Result<bool, StoreError> {
        self.keep(key, rank, serde_json::Value::Null).await
    }

    async fn keep(&self, key: &str, rank: u64, body: serde_json::Value) -> Result<bool, StoreError> {
        let note = Note { kind: self.kind, key: key.to_owned(), rank: rank + 1, body };
        Ok(self.store.keep(vec![note]).await?.first().copied().unwrap_or_default())
    }

    /// Changes one until the change is in; `None` from `change` leaves it as it is. Answers it as it is then.
    pub async fn change(
        &self,
        key: &str,
        change: impl Fn(Option<T>) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        for _ in 0..TRIES {
            let there = self.stands(key).await?;
            let rank = there.as_ref().map_or(0, |note| note.rank);
            let body = there.and_then(Document::<T>::read).map(|document| document.body);
            let Some(next) = change(body) else {
                return Ok(self.get(key).await?.map(|document| document.body));
            };
            if self.put(key, rank, &next).await? {
                return Ok(Some(next));
            }
        }
        Err(StoreError { step: "change a document", source: "others change it all the time".into() })
    }
}

impl<T: DeserializeOwned> Document<T> {
    fn read(note: Note) -> Option<Self> {
        if note.body.is_null() {
            return None;
        }
        match serde_json::from_value(note.body) {
            Ok(body) => Some(Self { key: note.key, rank: note.rank, body }),
            Err(error) => {
                tracing::error!(kind = note.kind.as_str(), key = note.key, %error, "a document cannot be read");
                None
            }
        }
    }
}
