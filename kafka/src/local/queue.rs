//! The hand-over between the two ends of local mode, as a plain state machine: no locks, no clock, no waiting.
//!
//! A record stays here until the consumer has committed it. Only then is its outcome told, so the spool remains the
//! durable copy until the store has it; what is lost with the process is sent again from the spool.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use jiff::Timestamp;

use crate::publish::{Outgoing, SendError};
use crate::source::{Done, Incoming, SourceError};

/// Bounds of what may wait for the consumer. One record is always taken, whatever its size.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Records.
    pub records: usize,
    /// Bytes of their payloads.
    pub bytes: usize,
}

/// Records on their way from the publisher to the consumer.
#[derive(Debug)]
pub struct Queue {
    bounds: Bounds,
    records: usize,
    bytes: usize,
    partitions: BTreeMap<i32, Partition>,
    paused: BTreeSet<i32>,
    /// Where the next take begins, so that a busy partition cannot starve the others.
    turn: i32,
    /// Sequence numbers that were committed and not yet told.
    acked: VecDeque<u64>,
}

/// One partition. Offsets are never used twice, also not after a reset: a commit that comes late cannot hit a record
/// that it does not mean.
#[derive(Debug, Default)]
struct Partition {
    entries: VecDeque<Entry>,
    /// Offset of the next record that is sent.
    end: i64,
    /// Offset of the next record that is handed to the consumer.
    position: i64,
    /// Everything below was handed over at least once.
    handed: i64,
}

#[derive(Debug)]
struct Entry {
    seq: u64,
    offset: i64,
    at: Timestamp,
    key: Bytes,
    payload: Bytes,
}

impl Queue {
    /// An empty queue.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            records: 0,
            bytes: 0,
            partitions: BTreeMap::new(),
            paused: BTreeSet::new(),
            turn: 0,
            acked: VecDeque::new(),
        }
    }

    /// Takes a record, handed over at `at`. Any partition is taken: a record that was sealed when there were more
    /// partitions keeps the one it has.
    pub fn send(&mut self, record: Outgoing, at: Timestamp) -> Result<(), SendError> {
        let full = self.records >= self.bounds.records
            || self.bytes.saturating_add(record.payload.len()) > self.bounds.bytes;
        if full && self.records > 0 {
            return Err(SendError::Full);
        }
        self.records += 1;
        self.bytes += record.payload.len();
        let partition = self.partitions.entry(record.partition).or_default();
        let offset = partition.end;
        partition.end += 1;
        let key = Bytes::from(record.key);
        partition.entries.push_back(Entry { seq: record.seq, offset, at, key, payload: record.payload });
        Ok(())
    }

    /// At most `max` records that were not handed over since they were last asked for again.
    pub fn take(&mut self, max: usize) -> Vec<Incoming> {
        let mut taken = Vec::new();
        let (first, rest): (Vec<i32>, Vec<i32>) =
            self.partitions.keys().partition(|&&number| number >= self.turn);
        for number in first.into_iter().chain(rest) {
            if taken.len() >= max {
                break;
            }
            if self.paused.contains(&number) {
                continue;
            }
            if let Some(partition) = self.partitions.get_mut(&number) {
                let before = taken.len();
                partition.take(number, max - before, &mut taken);
                if taken.len() > before {
                    self.turn = number.saturating_add(1);
                }
            }
        }
        taken
    }

    /// Stops handing over these partitions.
    pub fn pause(&mut self, partitions: &[i32]) {
        self.paused.extend(partitions);
    }

    /// Hands over these partitions again, from the first record that is not committed.
    pub fn resume(&mut self, partitions: &[i32]) {
        for number in partitions {
            self.paused.remove(number);
            if let Some(partition) = self.partitions.get_mut(number) {
                partition.rewind();
            }
        }
    }

    /// Forgets what is done and remembers to tell it. A commit of what was never handed over is refused: it would
    /// lose records.
    pub fn commit(&mut self, done: &[Done]) -> Result<(), SourceError> {
        for &Done { partition, next } in done {
            let handed = self.partitions.get(&partition).map_or(0, |partition| partition.handed);
            if next > handed {
                return Err(SourceError {
                    step: "committing",
                    reason: format!("partition {partition} was read up to {handed}, not up to {next}"),
                });
            }
        }
        for &Done { partition, next } in done {
            if let Some(partition) = self.partitions.get_mut(&partition) {
                for entry in partition.commit(next) {
                    self.records -= 1;
                    self.bytes -= entry.payload.len();
                    self.acked.push_back(entry.seq);
                }
            }
        }
        Ok(())
    }

    /// The next sequence number that was committed.
    pub fn acked(&mut self) -> Option<u64> {
        self.acked.pop_front()
    }

    /// Forgets everything in flight; the publisher sends it again. What the consumer already holds of it arrives a
    /// second time, which the store recognises.
    pub fn reset(&mut self) {
        self.acked.clear();
        self.records = 0;
        self.bytes = 0;
        for partition in self.partitions.values_mut() {
            partition.entries.clear();
            partition.position = partition.end;
        }
    }

    /// Records that are not committed.
    pub fn waiting(&self) -> usize {
        self.records
    }
}

impl Partition {
    fn take(&mut self, number: i32, max: usize, into: &mut Vec<Incoming>) {
        let handed = self.entries.partition_point(|entry| entry.offset < self.position);
        for entry in self.entries.range(handed..).take(max) {
            self.position = entry.offset + 1;
            into.push(Incoming {
                partition: number,
                offset: entry.offset,
                at: entry.at,
                key: Some(entry.key.clone()),
                payload: entry.payload.clone(),
            });
        }
        self.handed = self.handed.max(self.position);
    }

    fn rewind(&mut self) {
        self.position = self.entries.front().map_or(self.end, |entry| entry.offset);
    }

    fn commit(&mut self, next: i64) -> std::collections::vec_deque::Drain<'_, Entry> {
        self.position = self.position.max(next);
        let done = self.entries.partition_point(|entry| entry.offset < next);
        self.entries.drain(..done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(Bounds { records: 4, bytes: 100 })
    }

    fn record(seq: u64, partition: i32, payload: &str) -> Outgoing {
        Outgoing { seq, partition, key: String::from("key"), payload: Bytes::from(payload.to_owned()) }
    }

    fn send(queue: &mut Queue, seq: u64, partition: i32) {
        queue.send(record(seq, partition, "payload"), Timestamp::UNIX_EPOCH).unwrap();
    }

    fn offsets(taken: &[Incoming]) -> Vec<(i32, i64)> {
        taken.iter().map(|record| (record.partition, record.offset)).collect()
    }

    #[test]
    fn it_is_full_by_count_and_by_bytes_but_takes_one_record_of_any_size() {
        let mut queue = queue();
        assert_eq!(queue.send(record(1, 0, &"x".repeat(500)), Timestamp::UNIX_EPOCH), Ok(()));
        assert_eq!(queue.send(record(2, 0, ""), Timestamp::UNIX_EPOCH), Err(SendError::Full));
        queue.take(1);
        queue.commit(&[Done { partition: 0, next: 1 }]).unwrap();
        for seq in 2..6 {
            send(&mut queue, seq, 0);
        }
        assert_eq!(queue.send(record(6, 0, ""), Timestamp::UNIX_EPOCH), Err(SendError::Full));
        assert_eq!(queue.waiting(), 4);
    }

    #[test]
    fn a_busy_partition_does_not_starve_the_others() {
        let mut queue = queue();
        for (seq, partition) in [(1, 0), (2, 0), (3, 0), (4, 5)] {
            send(&mut queue, seq, partition);
        }
        assert_eq!(offsets(&queue.take(1)), [(0, 0)]);
        assert_eq!(offsets(&queue.take(1)), [(5, 0)]);
        assert_eq!(offsets(&queue.take(9)), [(0, 1), (0, 2)]);
    }

    #[test]
    fn what_was_never_handed_over_cannot_be_committed() {
        let mut queue = queue();
        send(&mut queue, 1, 0);
        send(&mut queue, 2, 0);
        queue.take(1);
        assert!(queue.commit(&[Done { partition: 0, next: 2 }]).is_err());
        assert_eq!(queue.acked(), None);
        queue.commit(&[Done { partition: 0, next: 1 }]).unwrap();
        assert_eq!((queue.acked(), queue.acked()), (Some(1), None));
    }

    #[test]
    fn a_commit_that_comes_after_a_resume_is_not_handed_over_again() {
        let mut queue = queue();
        for seq in 1..4 {
            send(&mut queue, seq, 0);
        }
        queue.take(3);
        queue.pause(&[0]);
        queue.resume(&[0]);
        queue.commit(&[Done { partition: 0, next: 2 }]).unwrap();
        assert_eq!(offsets(&queue.take(9)), [(0, 2)]);
    }

    #[test]
    fn after_a_reset_an_offset_is_never_used_again_and_an_old_commit_acks_nothing() {
        let mut queue = queue();
        send(&mut queue, 1, 0);
        send(&mut queue, 2, 0);
        queue.take(9);
        queue.reset();
        send(&mut queue, 1, 0);
        queue.commit(&[Done { partition: 0, next: 2 }]).unwrap();
        assert_eq!(queue.acked(), None);
        assert_eq!(offsets(&queue.take(9)), [(0, 2)]);
        queue.commit(&[Done { partition: 0, next: 3 }]).unwrap();
        assert_eq!(queue.acked(), Some(1));
    }

    #[test]
    fn commits_are_taken_all_or_not_at_all() {
        let mut queue = queue();
        send(&mut queue, 1, 0);
        queue.take(9);
        let done = [Done { partition: 0, next: 1 }, Done { partition: 1, next: 1 }];
        assert!(queue.commit(&done).is_err());
        assert_eq!(queue.waiting(), 1);
    }
}
