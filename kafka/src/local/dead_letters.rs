//! Dead letters of local mode: one JSON object a line, in a file that a person can read.
//!
//! A line is durable when [`DeadLetters::append`] returns, because the record behind it is committed next and then
//! exists nowhere else.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Serialize;

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

/// One line. A payload that is not UTF-8 is written in base64, so that nothing of it is lost.
#[derive(Serialize)]
struct Line<'a> {
    at: Timestamp,
    reason: &'a str,
    detail: &'a str,
    partition: i32,
    offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
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

fn line(record: &Incoming, reason: &str, detail: &str) -> Result<Vec<u8>, SourceError> {
    let payload = std::str::from_utf8(&record.payload).ok();
    let mut line = serde_json::to_vec(&Line {
        at: record.at,
        reason,
        detail,
        partition: record.partition,
        offset: record.offset,
        key: record.key.as_ref().map(|key| String::from_utf8_lossy(key).into_owned()),
        payload,
        payload_base64: payload.is_none().then(|| STANDARD.encode(&record.payload)),
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

    #[test]
    fn a_full_file_refuses_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dead-letters.jsonl");
        let letters = DeadLetters { path: path.clone(), max_bytes: 200 };
        letters.append(&record(b"first"), "too_large", "").unwrap();
        let error = letters.append(&record(b"second"), "too_large", "").unwrap_err();
        assert!(error.to_string().contains("may not grow over 200"), "{error}");
        assert_eq!(lines(&path).len(), 1);
    }
}
