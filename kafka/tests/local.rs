//! Local mode passes the suite, and what only it promises.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use kafka::local::{LocalPublisher, LocalSource, local};
use kafka::publish::{Delivery, Publisher, SendError};
use kafka::source::{Polled, RecordSource};
use kafka::suite::{PARTITIONS, done, record, seq_of};

async fn open() -> (LocalPublisher, LocalSource, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (publisher, source) = local(PARTITIONS, folder.path().join("dead-letters.jsonl"));
    (publisher, source, folder)
}

kafka::suite_tests!(open);

/// The spool drops a record when it is acked, so that must not happen before the store has it.
#[tokio::test]
async fn a_record_is_acked_only_when_the_consumer_has_committed_it() {
    let (mut publisher, mut source, _folder) = open().await;
    publisher.send(record(7, 1)).unwrap();
    let soon = Duration::from_millis(20);
    assert!(tokio::time::timeout(soon, publisher.delivered()).await.is_err(), "acked unread");
    let Polled::Records(records) = source.poll(10, soon).await.unwrap() else { panic!("not records") };
    assert_eq!(seq_of(&records[0]), 7);
    assert!(tokio::time::timeout(soon, publisher.delivered()).await.is_err(), "acked uncommitted");
    source.commit(&done(&records)).await.unwrap();
    assert_eq!(publisher.delivered().await, Delivery::Acked { seq: 7 });
}

#[tokio::test]
async fn without_a_consumer_records_wait_and_the_queue_fills_up() {
    let (mut publisher, source, _folder) = open().await;
    drop(source);
    let mut taken = 0;
    let refused = loop {
        match publisher.send(record(taken, 0)) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(refused, SendError::Full);
    assert_eq!(taken, 4096);
    assert!(tokio::time::timeout(Duration::from_millis(20), publisher.delivered()).await.is_err());
    publisher.reset().await.unwrap();
    assert_eq!(publisher.send(record(0, 0)), Ok(()), "a reset makes room");
}

#[tokio::test]
async fn dead_letters_are_lines_in_a_file() {
    let (mut publisher, mut source, folder) = open().await;
    publisher.send(record(1, 0)).unwrap();
    let Polled::Records(records) = source.poll(10, Duration::from_secs(5)).await.unwrap() else {
        panic!("not records")
    };
    source.dead_letter(&records[0], "undecodable", "unknown kind: smoke").await.unwrap();
    let text = std::fs::read_to_string(folder.path().join("dead-letters.jsonl")).unwrap();
    let line: serde_json::Value = serde_json::from_str(text.trim_end()).unwrap();
    assert_eq!(line["reason"], "undecodable");
    assert_eq!(line["detail"], "unknown kind: smoke");
    assert_eq!(line["payload"].as_str().map(str::as_bytes), Some(records[0].payload.as_ref()));
}
