//! States of sessions as documents: packed, because a long visit has ten thousand events and a document of Firestore ends
//! at a mebibyte; with the time at which the session is looked at next in plain sight, because that is what is asked for.

use std::io::{Read as _, Write as _};

use ::frustration::{
    record,
    session::{Key, Session},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use serde_json::json;

use crate::store::{IssueStore, Note, NoteKind, StoreError};

/// Bytes of a state that is unpacked at all: more than the largest session has.
const MOST: u64 = 16 << 20;

/// A session as the store has it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The state.
    pub session: Session,
    /// What a change must name.
    pub rank: u64,
    /// The note's text, to see whether anything changes.
    body: serde_json::Value,
}

impl Kept {
    /// Whether writing this would change nothing.
    pub fn is(&self, note: &Note) -> bool {
        self.body == note.body
    }
}

/// The sessions of these keys that are there.
pub async fn load(store: &dyn IssueStore, keys: &[&Key]) -> Result<Vec<Kept>, StoreError> {
    let names = keys.iter().map(|key| record::name(key)).collect();
    store.notes(NoteKind::Visit, Some(names)).await?.into_iter().map(unpacked).collect()
}

/// What is to be written; `look` is when the session is due next, `None` for never.
pub fn packed(session: &Session, rank: u64, look: Option<i64>) -> Result<Note, StoreError> {
    let failed = |source| StoreError { step: "pack a session", source };
    let state = serde_json::to_vec(session).map_err(|error| failed(error.into()))?;
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&state).map_err(|error| failed(error.into()))?;
    let state = packer.finish().map_err(|error| failed(error.into()))?;
    let key = &session.key;
    let body = json!({
        "order": look,
        "project": key.project,
        "session": key.session,
        "state": STANDARD.encode(state),
    });
    Ok(Note { kind: NoteKind::Visit, key: record::name(key), rank, body })
}

/// A state that cannot be read was written by a later release: the partition waits for it, and nothing is lost.
pub fn unpacked(note: Note) -> Result<Kept, StoreError> {
    let failed = |source| StoreError { step: "read a session", source };
    let state = note.body.get("state").and_then(serde_json::Value::as_str).unwrap_or_default();
    let state = STANDARD.decode(state).map_err(|error| failed(error.into()))?;
    let mut text = Vec::new();
    ZlibDecoder::new(state.as_slice())
        .take(MOST)
        .read_to_end(&mut text)
        .map_err(|error| failed(error.into()))?;
    let session = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
    Ok(Kept { session, rank: note.rank, body: note.body })
}
