//! What every publisher and every record source must hold, as one suite: [`crate::local`] passes it here, the real
//! broker passes it in the crate `tests`.
//!
//! A case takes both ends of a fresh topic with [`PARTITIONS`] partitions and panics when a promise is broken.
//! [`suite_tests!`](crate::suite_tests) makes a test of each case, so that no implementation can leave one out.

// Cases are tests: a broken promise panics with what was seen.
#![expect(clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::publish::{Delivery, Outgoing, Publisher, SendError};
use crate::source::{Done, Incoming, Polled, RecordSource};

/// Partitions of the topic that a case gets.
pub const PARTITIONS: u32 = 3;

/// How long a case waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// Makes a test of each case. The argument is an async function that returns a publisher, a record source and a
/// guard that lives as long as the case.
#[macro_export]
macro_rules! suite_tests {
    ($open:path) => {
        $crate::suite_tests!(@cases $open:
            tells_the_partition_count
            keeps_order_and_bytes_within_a_partition
            gives_no_more_than_asked_for_and_nothing_when_there_is_nothing
            a_reset_tells_no_old_outcome_and_a_resend_loses_nothing
            a_paused_partition_stands_still_and_resumes_from_the_first_uncommitted
            dropped_futures_lose_neither_outcomes_nor_records
            lag_counts_what_is_not_committed
            a_dead_letter_is_put_aside_and_the_rest_goes_on);
    };
    (@cases $open:path: $($case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let (publisher, source, _guard) = $open().await;
                $crate::suite::$case(publisher, source).await;
            }
        )+
    };
}

/// Both ends, and what went through them.
#[derive(Debug)]
pub struct Ends<P, S> {
    /// The sidecar's end.
    pub publisher: P,
    /// The consumer's end.
    pub source: S,
    /// Sequence numbers in the order of their acknowledgements.
    pub acked: Vec<u64>,
    /// Records in the order of their arrival, also those that arrived twice.
    pub received: Vec<Incoming>,
}

impl<P: Publisher, S: RecordSource> Ends<P, S> {
    /// Both ends of a fresh topic.
    pub fn new(publisher: P, source: S) -> Self {
        Self { publisher, source, acked: Vec::new(), received: Vec::new() }
    }

    /// Sends these, reading and committing whenever enough is in flight.
    pub async fn send(&mut self, records: impl IntoIterator<Item = Outgoing>) {
        for record in records {
            while let Err(error) = self.publisher.send(record.clone()) {
                assert_eq!(error, SendError::Full, "sending {}", record.seq);
                self.step(true).await;
            }
        }
    }

    /// Waits for one outcome or one poll, and commits what the poll brought when `commit` is set.
    pub async fn step(&mut self, commit: bool) {
        let polled = tokio::select! {
            outcome = self.publisher.delivered() => return self.told(outcome),
            polled = self.source.poll(100, Duration::from_millis(20)) => polled,
        };
        let records = records(polled);
        if commit {
            let done = done(&records);
            self.source.commit(&done).await.unwrap_or_else(|error| panic!("{error}"));
        }
        self.received.extend(records);
    }

    fn told(&mut self, outcome: Delivery) {
        match outcome {
            Delivery::Acked { seq } => self.acked.push(seq),
            Delivery::Failed { seq, reason } => panic!("record {seq} failed: {reason}"),
            Delivery::Broken { reason } => panic!("the publisher broke: {reason}"),
        }
    }

    /// Steps until `enough` holds.
    pub async fn until(&mut self, what: &str, commit: bool, enough: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !enough(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: {} acked and {} received after {PATIENCE:?}",
                self.acked.len(),
                self.received.len()
            );
            self.step(commit).await;
        }
    }

    /// Steps until this many outcomes were told and this many records arrived.
    pub async fn until_through(&mut self, count: usize) {
        self.until("all acked and received", true, |ends| {
            ends.acked.len() >= count && ends.received.len() >= count
        })
        .await;
    }
}

/// The record `seq`, bound for a partition. Its payload tells its number.
pub fn record(seq: u64, partition: i32) -> Outgoing {
    let payload = Bytes::from(format!("{{\"seq\":{seq},\"text\":\"\u{e4}\\n\"}}"));
    Outgoing { seq, partition, key: format!("key-{partition}"), payload }
}

/// Records with these numbers, spread over the partitions.
pub fn spread(seqs: std::ops::Range<u64>) -> Vec<Outgoing> {
    seqs.map(|seq| record(seq, i32::try_from(seq % u64::from(PARTITIONS)).unwrap_or_default())).collect()
}

/// The number that [`record`] put into the payload.
pub fn seq_of(record: &Incoming) -> u64 {
    let text = std::str::from_utf8(&record.payload).unwrap_or_default();
    text.strip_prefix("{\"seq\":")
        .and_then(|rest| rest.split(',').next())
        .and_then(|number| number.parse().ok())
        .unwrap_or_else(|| panic!("a payload that nobody sent: {text}"))
}

/// What is done when these records are done.
pub fn done(records: &[Incoming]) -> Vec<Done> {
    let mut next = std::collections::BTreeMap::new();
    for record in records {
        next.insert(record.partition, record.offset + 1);
    }
    next.into_iter().map(|(partition, next)| Done { partition, next }).collect()
}

/// The numbers of one partition's records, in the order of arrival.
pub fn seqs_of(received: &[Incoming], partition: i32) -> Vec<u64> {
    received.iter().filter(|record| record.partition == partition).map(seq_of).collect()
}

/// What a consumer takes that drops every number that its highest one covers.
pub fn past_the_watermark(mut seqs: Vec<u64>) -> Vec<u64> {
    let mut watermark = 0;
    seqs.retain(|&seq| {
        let fresh = seq > watermark;
        watermark = watermark.max(seq);
        fresh
    });
    seqs
}

/// Fails with the first difference: thousands of numbers help nobody.
pub fn same(what: &str, seen: &[u64], sent: &[u64]) {
    let differs = seen.iter().zip(sent).position(|(seen, sent)| seen != sent);
    if let Some(at) = differs.or_else(|| (seen.len() != sent.len()).then(|| seen.len().min(sent.len()))) {
        panic!(
            "{what}: of {} sent {} were seen; number {at} is {:?} and should be {:?}",
            sent.len(),
            seen.len(),
            seen.get(at),
            sent.get(at)
        );
    }
}

fn records<E: std::fmt::Display>(polled: Result<Polled, E>) -> Vec<Incoming> {
    match polled {
        Ok(Polled::Records(records)) => records,
        Ok(other) => panic!("not records: {other:?}"),
        Err(error) => panic!("{error}"),
    }
}

fn expected(seqs: std::ops::Range<u64>, partition: i32) -> Vec<u64> {
    spread(seqs).iter().filter(|record| record.partition == partition).map(|record| record.seq).collect()
}

fn partitions() -> impl Iterator<Item = i32> {
    0..i32::try_from(PARTITIONS).unwrap_or_default()
}

/// The partition count is the topic's.
pub async fn tells_the_partition_count(mut publisher: impl Publisher, _source: impl RecordSource) {
    assert_eq!(publisher.partitions().await, Ok(PARTITIONS));
}

/// Every record arrives once, in order within its partition, with its key and bytes, and is acknowledged once.
pub async fn keeps_order_and_bytes_within_a_partition(publisher: impl Publisher, source: impl RecordSource) {
    let mut ends = Ends::new(publisher, source);
    ends.send(spread(1..6001)).await;
    ends.until_through(6000).await;
    for partition in partitions() {
        same("arrived", &seqs_of(&ends.received, partition), &expected(1..6001, partition));
    }
    for incoming in &ends.received {
        let sent = record(seq_of(incoming), incoming.partition);
        assert_eq!(incoming.payload, sent.payload);
        assert_eq!(incoming.key.as_deref(), Some(sent.key.as_bytes()));
    }
    ends.acked.sort_unstable();
    same("acknowledged", &ends.acked, &(1..6001).collect::<Vec<_>>());
}

/// A poll ends when its wait is over, and never brings more than was asked for.
pub async fn gives_no_more_than_asked_for_and_nothing_when_there_is_nothing(
    publisher: impl Publisher,
    source: impl RecordSource,
) {
    let mut ends = Ends::new(publisher, source);
    assert_eq!(records(ends.source.poll(10, Duration::from_millis(50)).await), []);
    ends.send(spread(1..31)).await;
    let deadline = Instant::now() + PATIENCE;
    while ends.received.len() < 30 && Instant::now() < deadline {
        let polled = records(ends.source.poll(7, Duration::from_millis(100)).await);
        assert!(polled.len() <= 7, "{} records", polled.len());
        ends.received.extend(polled);
    }
    assert_eq!(ends.received.len(), 30);
}

/// After a reset the caller resends from its lowest unacked record. Whatever had landed before: a reader that drops
/// what its watermark covers has every record once, and no outcome from before the reset is told.
pub async fn a_reset_tells_no_old_outcome_and_a_resend_loses_nothing(
    publisher: impl Publisher,
    source: impl RecordSource,
) {
    let mut ends = Ends::new(publisher, source);
    for round in 0..3u64 {
        let first = round * 300 + 1;
        ends.send(spread(first..first + 200)).await;
        ends.publisher.reset().await.unwrap_or_else(|error| panic!("{error}"));
        let told = std::mem::take(&mut ends.acked);
        let lowest = (first..first + 200).find(|seq| !told.contains(seq)).unwrap_or(first + 200);
        let resent = lowest..first + 300;
        ends.send(spread(resent.clone())).await;
        let count = resent.clone().count();
        ends.until("all acked", true, |ends| ends.acked.len() >= count).await;
        ends.acked.sort_unstable();
        same("each outcome once", &ends.acked, &resent.collect::<Vec<_>>());
        ends.acked.clear();
    }
    ends.until("the last arrived", true, |ends| {
        partitions().all(|p| seqs_of(&ends.received, p).last() == expected(1..901, p).last())
    })
    .await;
    for partition in partitions() {
        let seen = past_the_watermark(seqs_of(&ends.received, partition));
        same("past the watermark", &seen, &expected(1..901, partition));
    }
}

/// While a partition is paused nothing of it comes, the others go on, and it resumes with what is not committed.
pub async fn a_paused_partition_stands_still_and_resumes_from_the_first_uncommitted(
    publisher: impl Publisher,
    source: impl RecordSource,
) {
    let mut ends = Ends::new(publisher, source);
    ends.send((1..11).flat_map(|n| [record(n, 0), record(100 + n, 1)])).await;
    ends.until("all received", false, |ends| ends.received.len() == 20).await;
    let zero: Vec<Incoming> = ends.received.iter().filter(|record| record.partition == 0).cloned().collect();
    ends.source.commit(&done(&zero[..4])).await.unwrap_or_else(|error| panic!("{error}"));
    ends.source.pause(&[0]).unwrap_or_else(|error| panic!("{error}"));
    ends.received.clear();
    ends.send((11..16).flat_map(|n| [record(n, 0), record(100 + n, 1)])).await;
    ends.until("the other partition goes on", false, |ends| ends.received.len() >= 5).await;
    ends.step(false).await;
    assert!(seqs_of(&ends.received, 0).is_empty(), "the paused partition");
    assert_eq!(seqs_of(&ends.received, 1), (111..116).collect::<Vec<_>>());
    ends.received.clear();
    ends.source.resume(&[0]).unwrap_or_else(|error| panic!("{error}"));
    ends.until("the rest of the resumed one", false, |ends| ends.received.len() >= 11).await;
    assert_eq!(seqs_of(&ends.received, 0), (5..16).collect::<Vec<_>>());
    assert!(seqs_of(&ends.received, 1).is_empty(), "the other partition was not touched");
}

/// Futures that are dropped again and again lose nothing.
pub async fn dropped_futures_lose_neither_outcomes_nor_records(
    publisher: impl Publisher,
    source: impl RecordSource,
) {
    let mut ends = Ends::new(publisher, source);
    ends.send(spread(1..301)).await;
    let deadline = Instant::now() + PATIENCE;
    while (ends.received.len() < 300 || ends.acked.len() < 300) && Instant::now() < deadline {
        let short = Duration::from_micros(200);
        if let Ok(outcome) = tokio::time::timeout(short, ends.publisher.delivered()).await {
            ends.told(outcome);
        }
        let poll = ends.source.poll(2, Duration::from_secs(5));
        if let Ok(polled) = tokio::time::timeout(short, poll).await {
            let polled = records(polled);
            ends.source.commit(&done(&polled)).await.unwrap_or_else(|error| panic!("{error}"));
            ends.received.extend(polled);
        }
    }
    for partition in partitions() {
        same("arrived", &seqs_of(&ends.received, partition), &expected(1..301, partition));
    }
    ends.acked.sort_unstable();
    same("acknowledged", &ends.acked, &(1..301).collect::<Vec<_>>());
}

/// The lag falls with commits, not with reading.
pub async fn lag_counts_what_is_not_committed(publisher: impl Publisher, source: impl RecordSource) {
    let mut ends = Ends::new(publisher, source);
    ends.send((1..11).map(|seq| record(seq, 2))).await;
    ends.until("all received", false, |ends| ends.received.len() == 10).await;
    ends.until("ten behind", false, |ends| ends.source.lag().records == 10).await;
    let four = done(&ends.received[..4]);
    ends.source.commit(&four).await.unwrap_or_else(|error| panic!("{error}"));
    ends.until("six behind", false, |ends| ends.source.lag().records == 6).await;
    let all = done(&ends.received);
    ends.source.commit(&all).await.unwrap_or_else(|error| panic!("{error}"));
    ends.until("none behind", false, |ends| ends.source.lag().records == 0).await;
}

/// A dead letter is durable before its record is committed, and does not hold up the next one.
pub async fn a_dead_letter_is_put_aside_and_the_rest_goes_on(
    publisher: impl Publisher,
    source: impl RecordSource,
) {
    let mut ends = Ends::new(publisher, source);
    ends.send([record(1, 0), record(2, 0)]).await;
    ends.until("both received", false, |ends| ends.received.len() == 2).await;
    let (poison, all) = (ends.received[0].clone(), done(&ends.received));
    let put = ends.source.dead_letter(&poison, "undecodable", "unknown kind").await;
    put.unwrap_or_else(|error| panic!("{error}"));
    ends.source.commit(&all).await.unwrap_or_else(|error| panic!("{error}"));
    ends.until("both acked", false, |ends| ends.acked.len() == 2).await;
    ends.send([record(3, 0)]).await;
    ends.until("the next", true, |ends| ends.received.len() == 3).await;
}
