//! Dead letters of local mode: one JSON object a line, in a file that a person can read.
//!
//! A line is durable when [`DeadLetters::append`] returns, because the record behind it is committed next and then
//! exists nowhere else.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dead_letters::{DeadLetter, DeadLetterReader};
use crate::source::{Incoming, SourceError};

/// The file stops growing here. The record source then refuses, the partition pauses, and the user is told: better
/// than a disk filled by a fault that repeats.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A file of dead letters, opened with the first of them.
#[derive(Clone, Debug)]
pub struct DeadLetters {
    path: PathBuf,
    max_bytes: u64,
}

/// The namespace of ids of lines that an earlier version wrote without one.
const LINE_NAMESPACE: Uuid = Uuid::from_u128(0x3ad2_91b7_5c60_4d1e_9f37_08e4_b2c5_6a10);

/// One line. A payload that is not UTF-8 is written in base64, so that nothing of it is lost.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(default)]
    id: Option<Uuid>,
    at: Timestamp,
    /// When it was put aside; the record's own time in lines of an earlier version.
    #[serde(default)]
    put_at: Option<Timestamp>,
    reason: String,
    detail: String,
    partition: i32,
    offset: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload_base64: Option<String>,
}

impl DeadLetters {
    /// Dead letters at `path`; its folder is made when the first one is written.
    pub fn new(path: PathBuf) -> Self {
        Self { path, max_bytes: MAX_BYTES }
    }

    /// Adds a record and waits until the disk has it.
    pub fn append(&self, record: &Incoming, reason: &str, detail: &str) -> Result<(), SourceError> {
        self.try_append(&line(record, reason, detail)?).map_err(|error| SourceError {
            step: "writing the dead letter",
            reason: format!("{}: {error}", self.path.display()),
        })
    }

    fn try_append(&self, line: &[u8]) -> io::Result<()> {
        let mut file = open(&self.path)?;
        let length = file.metadata()?.len();
        if length.saturating_add(line.len() as u64) > self.max_bytes {
            return Err(io::Error::other(format!(
                "the file holds {length} bytes and may not grow over {}; look at it and move it away",
                self.max_bytes
            )));
        }
        end_torn_line(&mut file, length)?;
        file.write_all(line)?;
        file.sync_all()
    }
}

/// The letters of a file that is not there yet are none.
fn read(path: &Path) -> io::Result<Vec<DeadLetter>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let lines = BufReader::new(file.take(MAX_BYTES)).split(b'\n');
    // A line that a killed process left unfinished holds nothing whole.
    let read = lines.map(|line| line.map(|line| letter(&line)));
    read.filter_map(Result::transpose).collect()
}

fn letter(text: &[u8]) -> Option<DeadLetter> {
    let line: Line = serde_json::from_slice(text).ok()?;
    let payload = match (line.payload, line.payload_base64) {
        (Some(text), _) => Bytes::from(text),
        (None, base64) => Bytes::from(STANDARD.decode(base64?).ok()?),
    };
    let id = line.id.unwrap_or_else(|| Uuid::new_v5(&LINE_NAMESPACE, text));
    Some(DeadLetter {
        id: id.to_string(),
        at: line.put_at.unwrap_or(line.at),
        reason: line.reason,
        detail: line.detail,
        topic_id: None,
        record: Incoming {
            partition: line.partition,
            offset: line.offset,
            at: line.at,
            key: line.key.map(Bytes::from),
            payload,
        },
    })
}

#[async_trait]
impl DeadLetterReader for DeadLetters {
    async fn list(&self, after: Option<&str>, max: usize) -> Result<Vec<DeadLetter>, SourceError> {
        let letters = self.read().await?;
        let behind = after.and_then(|after| letters.iter().position(|letter| letter.id == after));
        Ok(letters.into_iter().skip(behind.map_or(0, |at| at + 1)).take(max).collect())
    }

    async fn get(&self, id: &str) -> Result<Option<DeadLetter>, SourceError> {
        Ok(self.read().await?.into_iter().find(|letter| letter.id == id))
    }
}

impl DeadLetters {
    async fn read(&self) -> Result<Vec<DeadLetter>, SourceError> {
        let path = self.path.clone();
        let fail = |reason: String| SourceError { step: "reading dead letters", reason };
        tokio::task::spawn_blocking(move || {
            read(&path).map_err(|error| format!("{}: {error}", path.display()))
        })
        .await
        .map_err(|error| fail(error.to_string()))?
        .map_err(fail)
    }
}

fn line(record: &Incoming, reason: &str, detail: &str) -> Result<Vec<u8>, SourceError> {
    let payload = std::str::from_utf8(&record.payload).ok().map(str::to_owned);
    let mut line = serde_json::to_vec(&Line {
        id: Some(Uuid::new_v4()),
        at: record.at,
        put_at: Some(Timestamp::now()),
        reason: reason.to_owned(),
        detail: detail.to_owned(),
        partition: record.partition,
        offset: record.offset,
        key: record.key.as_ref().map(|key| String::from_utf8_lossy(key).into_owned()),
        payload_base64: payload.is_none().then(|| STANDARD.encode(&record.payload)),
        payload,
    })
    .map_err(|error| SourceError { step: "encoding the dead letter", reason: error.to_string() })?;
    line.push(b'\n');
    Ok(line)
}

/// Opens the file for appending. A file that is new is made durable itself: its name lives in the folder.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        opened => return opened,
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let file = options.create(true).open(path)?;
    File::open(folder)?.sync_all()?;
    Ok(file)
}

/// A process that was killed in the middle of a line leaves a part of it; the next line must not be glued to that.
fn end_torn_line(file: &mut File, length: u64) -> io::Result<()> {
    if length == 0 {
        return Ok(());
    }
    let mut last = [0u8];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last != *b"\n" {
        file.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn record(payload: &'static [u8]) -> Incoming {
        Incoming {
            partition: 3,
            offset: 41,
            at: Timestamp::UNIX_EPOCH,
            key: Some(Bytes::from_static(b"key")),
            payload: Bytes::from_static(payload),
        }
    }

    fn lines(path: &Path) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap_or_default()).collect()
    }

    #[test]
    fn text_is_kept_as_text_and_bytes_as_base64() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/folder/dead-letters.jsonl");
        let letters = DeadLetters::new(path.clone());
        letters.append(&record(b"{\"x\":\"\xc3\xa4\"}\n"), "undecodable", "unknown kind").unwrap();
        letters.append(&record(b"\xff\x00"), "undecodable", "not JSON").unwrap();
        let lines = lines(&path);
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[0]["payload"], "{\"x\":\"ä\"}\n");
        assert_eq!(lines[0]["reason"], "undecodable");
        assert_eq!(lines[0]["partition"], 3);
        assert_eq!(lines[1]["payload_base64"], "/wA=");
        assert_eq!(lines[1]["detail"], "not JSON");
        assert_eq!(lines[1]["offset"], 41);
    }

    #[test]
    fn a_torn_line_does_not_swallow_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.jsonl");
        std::fs::write(&path, "{\"reason\":\"unde").unwrap();
        DeadLetters::new(path.clone()).append(&record(b"kept"), "too_large", "").unwrap();
        assert_eq!(lines(&path)[1]["payload"], "kept");
    }

    #[tokio::test]
    async fn letters_are_read_back_by_id_also_beside_torn_and_older_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.jsonl");
        let letters = DeadLetters::new(path.clone());
        assert_eq!(letters.list(None, 9).await.unwrap(), []);
        let older = r#"{"at":"2026-11-21T08:00:00Z","reason":"invalid","detail":"d","partition":0,"offset":1,"payload":"x"}"#;
        std::fs::write(&path, format!("{older}\n{{\"at\":\"20")).unwrap();
        letters.append(&record(b"\xff\x00"), "malformed", "not JSON").unwrap();
        letters.append(&record(b"{}"), "invalid", "").unwrap();
        let all = letters.list(None, 9).await.unwrap();
        let payloads: Vec<&[u8]> = all.iter().map(|letter| letter.record.payload.as_ref()).collect();
        assert_eq!(payloads, [b"x".as_slice(), b"\xff\x00", b"{}"]);
        assert_eq!(all, letters.list(None, 9).await.unwrap(), "ids do not change");
        assert_eq!(letters.list(Some(&all[0].id), 1).await.unwrap(), all[1..2]);
        assert_eq!(letters.get(&all[1].id).await.unwrap().as_ref(), Some(&all[1]));
        assert_eq!(letters.get("0-0-x").await.unwrap(), None);
        assert_eq!((all[1].record.partition, all[1].record.offset), (3, 41));
    }

    #[test]
    fn a_full_file_refuses_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.jsonl");
        let letters = DeadLetters { path: path.clone(), max_bytes: 400 };
        letters.append(&record(b"first"), "too_large", "").unwrap();
        let error = letters.append(&record(b"second"), "too_large", "").unwrap_err();
        assert!(error.to_string().contains("may not grow over 400"), "{error}");
        assert_eq!(lines(&path).len(), 1);
    }
}
