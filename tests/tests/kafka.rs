//! Delivery over a real broker: the suite that local mode passes too, and what only a broker can do to us.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kafka::publish::broker::BrokerPublisher;
use kafka::publish::{Delivery, Outgoing, Publisher, SendError};
use kafka::settings::{Properties, Settings};
use kafka::source::broker::BrokerSource;
use kafka::source::{Done, Incoming, Polled, RecordSource};
use kafka::suite::{PARTITIONS, done, past_the_watermark, record, same, seq_of, seqs_of, spread};
use kafka::topics;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tests::parts::kafka::Kafka;
use tokio::sync::OnceCell;

const PATIENCE: Duration = Duration::from_secs(120);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// One broker for the tests that leave it alone; each has its own topic and group.
async fn shared() -> &'static Kafka {
    static SHARED: OnceCell<Kafka> = OnceCell::const_new();
    SHARED.get_or_init(|| async { Kafka::start().await.unwrap() }).await
}

async fn topic_on(kafka: &Kafka, partitions: u32) -> Settings {
    let settings = Settings::new(kafka.bootstrap(), format!("issuetracker.{}", uuid::Uuid::new_v4()));
    topics::ensure(&settings, partitions, WEEK).await.unwrap();
    settings
}

async fn open() -> (BrokerPublisher, BrokerSource, ()) {
    let settings = topic_on(shared().await, PARTITIONS).await;
    let publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    (publisher, BrokerSource::subscribe(settings, "group").unwrap(), ())
}

kafka::suite_tests!(open);

/// Sends these as a spool does: what is not acknowledged is sent again after a failure, from the lowest on. Calls
/// `halfway` once, in the middle. Returns how many resets it took.
async fn publish(
    publisher: &mut BrokerPublisher,
    records: &[Outgoing],
    mut halfway: impl AsyncFnMut(),
) -> usize {
    let deadline = Instant::now() + PATIENCE;
    let (mut next, mut resets, mut disturbed) = (0, 0, false);
    let mut acked = BTreeSet::new();
    while acked.len() < records.len() {
        assert!(Instant::now() < deadline, "{} of {} acknowledged", acked.len(), records.len());
        let broken = match records.get(next).map(|record| publisher.send(record.clone())) {
            Some(Ok(())) => {
                next += 1;
                continue;
            }
            Some(Err(SendError::Broken(_))) => true,
            Some(Err(SendError::Full)) | None => match publisher.delivered().await {
                Delivery::Acked { seq } => {
                    acked.insert(seq);
                    false
                }
                Delivery::Failed { .. } | Delivery::Broken { .. } => true,
            },
        };
        if broken {
            resets += 1;
            publisher.reset().await.unwrap();
            next = records.iter().position(|record| !acked.contains(&record.seq)).unwrap();
        }
        if !disturbed && acked.len() > records.len() / 3 {
            disturbed = true;
            halfway().await;
        }
    }
    resets
}

/// Reads until every number below `end` has arrived.
async fn read_all(source: &mut BrokerSource, end: u64) -> Vec<Incoming> {
    let deadline = Instant::now() + PATIENCE;
    let (mut received, mut missing) = (Vec::new(), (1..end).collect::<BTreeSet<_>>());
    while !missing.is_empty() {
        assert!(Instant::now() < deadline, "{} are missing", missing.len());
        let records = poll(source).await;
        source.commit(&done(&records)).await.unwrap();
        for record in &records {
            missing.remove(&seq_of(record));
        }
        received.extend(records);
    }
    received
}

async fn poll(source: &mut BrokerSource) -> Vec<Incoming> {
    match source.poll(1000, Duration::from_millis(500)).await.unwrap() {
        Polled::Records(records) => records,
        other => panic!("not records: {other:?}"),
    }
}

async fn poll_until<T>(source: &mut BrokerSource, mut found: impl FnMut(&Polled) -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "not in time");
        let polled = source.poll(1000, Duration::from_millis(200)).await.unwrap();
        if let Some(found) = found(&polled) {
            return found;
        }
    }
}

async fn publish_all(settings: &Settings, records: &[Outgoing]) {
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    publish(&mut publisher, records, async || {}).await;
}

/// What exactly-once counting needs: each number once, in order, when a watermark drops what it covers. And what
/// idempotence promises: no number twice, unless the publisher was reset.
fn check_partitions(received: &[Incoming], end: u64, resets: usize) {
    for partition in 0..i32::try_from(PARTITIONS).unwrap() {
        let seqs = seqs_of(received, partition);
        let sent: Vec<u64> =
            spread(1..end).iter().filter(|r| r.partition == partition).map(|r| r.seq).collect();
        let seqs = if resets == 0 { seqs } else { past_the_watermark(seqs) };
        same(&format!("partition {partition}"), &seqs, &sent);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_is_killed_in_the_middle_loses_and_reorders_nothing() {
    let mut kafka = Kafka::start().await.unwrap();
    let settings = topic_on(&kafka, PARTITIONS).await;
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    let resets = publish(&mut publisher, &spread(1..20_001), async || {
        kafka.kill().unwrap();
        kafka.restart().await.unwrap();
    })
    .await;
    let mut source = BrokerSource::subscribe(settings, "group").unwrap();
    let received = read_all(&mut source, 20_001).await;
    eprintln!("20000 records over a killed broker: {} received, {resets} resets", received.len());
    check_partitions(&received, 20_001, resets);
    source.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_hangs_for_five_seconds_delays_and_nothing_else() {
    let kafka = Kafka::start().await.unwrap();
    let settings = topic_on(&kafka, PARTITIONS).await;
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    let mut source = BrokerSource::subscribe(settings, "group").unwrap();
    let before = Instant::now();
    let resets = publish(&mut publisher, &spread(1..20_001), async || {
        kafka.stop().unwrap();
        // The fault itself: this long nobody answers.
        tokio::time::sleep(Duration::from_secs(5)).await; // tidy: allow
        kafka.cont().unwrap();
    })
    .await;
    assert!(before.elapsed() >= Duration::from_secs(5));
    assert_eq!(resets, 0);
    let received = read_all(&mut source, 20_001).await;
    check_partitions(&received, 20_001, 0);
    source.close().await;
}

/// A pod ends within its grace period, whatever the brokers do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_ends_can_be_closed_while_the_broker_is_away() {
    let mut kafka = Kafka::start().await.unwrap();
    let settings = topic_on(&kafka, PARTITIONS).await;
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    publish(&mut publisher, &spread(1..31), async || {}).await;
    let mut source = BrokerSource::subscribe(settings, "group").unwrap();
    let read = read_all_of(&mut source, 30).await;
    kafka.kill().unwrap();
    publisher.send(record(31, 0)).unwrap();
    let before = Instant::now();
    publisher.reset().await.unwrap();
    drop(publisher);
    let ended = before.elapsed();
    let uncommitted = source.commit(&done(&read)).await.unwrap_err();
    let refused = before.elapsed() - ended;
    source.close().await;
    let left = before.elapsed() - refused - ended;
    eprintln!(
        "publisher ended in {ended:?}, commit refused in {refused:?} ({uncommitted}), group left in {left:?}"
    );
    assert!(
        ended < Duration::from_secs(5) && refused < Duration::from_secs(15) && left < Duration::from_secs(15)
    );
}

/// The reader is another process, so that killing it is what the system does to a consumer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_consumer_had_read_and_not_committed_comes_again() {
    use std::io::BufRead;
    let settings = topic_on(shared().await, PARTITIONS).await;
    publish_all(&settings, &spread(1..31)).await;
    let mut reader = Command::new(env!("CARGO_BIN_EXE_kafka-reader"))
        .args([&settings.brokers, &settings.topic, "group", "30"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(reader.stdout.take().unwrap());
    let read = tokio::task::spawn_blocking(move || output.lines().next()).await.unwrap();
    assert_eq!(read.unwrap().unwrap(), "read 30");
    reader.kill().unwrap();
    reader.wait().unwrap();
    let mut source = BrokerSource::subscribe(settings, "group").unwrap();
    check_partitions(&read_all(&mut source, 31).await, 31, 0);
    source.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_topic_is_a_clear_error_at_both_ends() {
    let mut settings = Settings::new(shared().await.bootstrap(), "issuetracker.not.there");
    settings.properties = Properties::parse("topic.metadata.propagation.max.ms=1000").unwrap();
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    let error = publisher.partitions().await.unwrap_err().to_string();
    assert!(error.contains("issuetracker.not.there") && error.contains("Unknown topic"), "{error}");
    publisher.send(record(1, 0)).unwrap();
    let Delivery::Failed { seq: 1, reason } = publisher.delivered().await else { panic!("delivered") };
    assert!(reason.contains("Unknown topic"), "{reason}");
    assert!(matches!(publisher.send(record(2, 0)), Err(SendError::Broken(_))));

    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let deadline = Instant::now() + PATIENCE;
    let error = loop {
        assert!(Instant::now() < deadline, "no error");
        if let Err(error) = source.poll(10, Duration::from_millis(200)).await {
            break error.to_string();
        }
    };
    assert!(error.contains("issuetracker.not.there") && error.contains("Unknown topic"), "{error}");

    // Both go on as soon as it is there.
    topics::ensure(&settings, PARTITIONS, WEEK).await.unwrap();
    publisher.reset().await.unwrap();
    assert_eq!(publish(&mut publisher, &spread(1..31), async || {}).await, 0);
    let deadline = Instant::now() + PATIENCE;
    let mut received = Vec::new();
    while received.len() < 30 {
        assert!(Instant::now() < deadline, "{} received", received.len());
        if let Ok(Polled::Records(records)) = source.poll(100, Duration::from_millis(200)).await {
            received.extend(records);
        }
    }
    source.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_that_go_to_another_consumer_are_told_and_read_by_one_only() {
    let settings = topic_on(shared().await, PARTITIONS).await;
    publish_all(&settings, &spread(1..31)).await;
    let mut first = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    read_all(&mut first, 31).await;
    // A pause ends with the assignment: what comes back later is read.
    first.pause(&[0, 1, 2]).unwrap();
    let mut second = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let waiting = tokio::spawn(async move {
        let revoked = poll_until(&mut first, |polled| match polled {
            Polled::Revoked(partitions) => Some(partitions.clone()),
            _ => None,
        })
        .await;
        (first, revoked)
    });
    while !waiting.is_finished() {
        assert_eq!(poll(&mut second).await, [], "all is committed");
    }
    let (mut first, revoked) = waiting.await.unwrap();
    assert!(!revoked.is_empty() && revoked.len() < 3, "{revoked:?}");
    first.resume(&[0, 1, 2]).unwrap();
    // A commit for what is another's now is not an error, and does not move it.
    let stale: Vec<Done> = revoked.iter().map(|&partition| Done { partition, next: 1000 }).collect();
    first.commit(&stale).await.unwrap();
    publish_all(&settings, &spread(31..61)).await;
    let (mut of_first, mut of_second) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + PATIENCE;
    while of_first.len() + of_second.len() < 30 {
        assert!(Instant::now() < deadline, "{} and {}", of_first.len(), of_second.len());
        of_first.extend(poll(&mut first).await);
        of_second.extend(poll(&mut second).await);
    }
    assert!(of_first.iter().all(|record| !revoked.contains(&record.partition)));
    assert!(of_second.iter().all(|record| revoked.contains(&record.partition)));
    // When the second leaves, the first reads its partitions from what was committed.
    second.close().await;
    first.commit(&done(&of_first)).await.unwrap();
    let mut again = Vec::new();
    while again.len() < of_second.len() {
        assert!(Instant::now() < deadline, "{} again", again.len());
        again.extend(poll(&mut first).await);
    }
    assert!(again.iter().all(|record| revoked.contains(&record.partition)));
    first.close().await;
}

fn admin(settings: &Settings) -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", &settings.brokers).create().unwrap()
}

async fn delete_records(settings: &Settings, partition: i32, before: i64) {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(&settings.topic, partition, Offset::Offset(before)).unwrap();
    let deleted = admin(settings).delete_records(&list, &AdminOptions::new()).await.unwrap();
    assert_eq!(deleted.elements()[0].error(), Ok(()));
}

async fn the_gap(source: &mut BrokerSource) -> Polled {
    poll_until(source, |polled| matches!(polled, Polled::Gap { .. }).then(|| polled.clone())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_deleted_unread_is_told_at_the_start_and_while_running() {
    let settings = topic_on(shared().await, 1).await;
    publish_all(&settings, &(1..21).map(|seq| record(seq, 0)).collect::<Vec<_>>()).await;
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let read = read_all_of(&mut source, 20).await;
    source.commit(&done(&read[..5])).await.unwrap();
    source.close().await;
    delete_records(&settings, 0, 8).await;

    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    assert_eq!(the_gap(&mut source).await, Polled::Gap { partition: 0, from: 5, to: 8 });
    let read = read_all_of(&mut source, 12).await;
    assert_eq!(read[0].offset, 8);
    source.commit(&done(&read[..1])).await.unwrap();

    // A partition that is paused for long, because the store is away, is overtaken while the consumer runs.
    source.pause(&[0]).unwrap();
    delete_records(&settings, 0, 15).await;
    source.resume(&[0]).unwrap();
    assert_eq!(the_gap(&mut source).await, Polled::Gap { partition: 0, from: 9, to: 15 });
    assert_eq!(read_all_of(&mut source, 5).await[0].offset, 15);
    source.close().await;
}

async fn read_all_of(source: &mut BrokerSource, count: usize) -> Vec<Incoming> {
    let mut received = Vec::new();
    poll_until(source, |polled| {
        if let Polled::Records(records) = polled {
            received.extend(records.iter().cloned());
        }
        (received.len() >= count).then_some(())
    })
    .await;
    assert_eq!(received.len(), count);
    received
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_made_anew_is_read_from_its_beginning() {
    let settings = topic_on(shared().await, 1).await;
    let records: Vec<Outgoing> = (1..11).map(|seq| record(seq, 0)).collect();
    publish_all(&settings, &records).await;
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let read = read_all_of(&mut source, 10).await;
    source.commit(&done(&read[..4])).await.unwrap();

    let made_anew = async || {
        admin(&settings).delete_topics(&[&settings.topic], &AdminOptions::new()).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        // The broker deletes in the background, and refuses the name meanwhile.
        while topics::ensure(&settings, 1, WEEK).await.is_err() {
            assert!(Instant::now() < deadline);
        }
        publish_all(&settings, &records).await;
    };
    // While the consumer runs.
    made_anew().await;
    let first = poll_until_record(&mut source).await;
    assert_eq!((first.offset, seq_of(&first)), (0, 1));
    source.commit(&[Done { partition: 0, next: 3 }]).await.unwrap();
    source.close().await;
    // While it is away.
    made_anew().await;
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let first = poll_until_record(&mut source).await;
    assert_eq!((first.offset, seq_of(&first)), (0, 1));
    source.close().await;
}

/// A member says that it leaves and does not wait for the broker's answer; until the broker has read it, it refuses
/// what others commit for the group.
fn await_empty_group(consumer: &BaseConsumer) {
    let deadline = Instant::now() + PATIENCE;
    let members = || {
        let groups = consumer.fetch_group_list(Some("group"), PATIENCE).unwrap();
        groups.groups().iter().map(|group| group.members().len()).sum::<usize>()
    };
    while members() > 0 {
        assert!(Instant::now() < deadline, "the group still has members");
    }
}

/// What the group has committed for partition 0, with its metadata; commits `change` first.
fn committed(settings: &Settings, change: Option<(i64, &str)>) -> (Offset, String) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", "group")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition(&settings.topic, 0);
    if let Some((offset, metadata)) = change {
        let mut element = list.find_partition(&settings.topic, 0).unwrap();
        element.set_offset(Offset::Offset(offset)).unwrap();
        element.set_metadata(metadata);
        await_empty_group(&consumer);
        consumer.commit(&list, CommitMode::Sync).unwrap();
    }
    let committed = consumer.committed_offsets(list, PATIENCE).unwrap();
    let element = committed.find_partition(&settings.topic, 0).unwrap();
    (element.offset(), element.metadata().to_owned())
}

/// A broker forgets a group's offsets with the topic, but not at once, and other tools bring them back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offset_that_belongs_to_a_deleted_topic_of_the_same_name_does_not_count() {
    let settings = topic_on(shared().await, 1).await;
    publish_all(&settings, &(1..11).map(|seq| record(seq, 0)).collect::<Vec<_>>()).await;
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let read = read_all_of(&mut source, 10).await;
    source.commit(&done(&read[..4])).await.unwrap();
    source.close().await;
    let (offset, metadata) = committed(&settings, None);
    assert_eq!(offset, Offset::Offset(4));
    assert!(metadata.starts_with("topic=") && metadata.len() == "topic=".len() + 22, "{metadata}");

    // Committed for this very topic, and by somebody who names none: it is where reading goes on.
    for metadata in [metadata.as_str(), ""] {
        committed(&settings, Some((6, metadata)));
        let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
        assert_eq!(poll_until_record(&mut source).await.offset, 6);
        source.close().await;
    }
    committed(&settings, Some((6, "topic=AAAAAAAAAAAAAAAAAAAAAQ")));
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    assert_eq!(poll_until_record(&mut source).await.offset, 0);
    source.close().await;
}

/// Errors in between are the brokers' way of saying that the topic is away.
async fn poll_until_record(source: &mut BrokerSource) -> Incoming {
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < deadline, "no record");
        if let Ok(Polled::Records(records)) = source.poll(1000, Duration::from_millis(200)).await
            && let Some(first) = records.into_iter().next()
        {
            return first;
        }
    }
}

fn headers_of_first(settings: &Settings, topic: &str) -> (Vec<(String, String)>, Vec<u8>) {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", "plain")
        .create()
        .unwrap();
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let message = consumer.poll(PATIENCE).unwrap().unwrap();
    let text = |value: &[u8]| String::from_utf8(value.to_vec()).unwrap();
    let headers = message.headers().unwrap().iter();
    let headers = headers.map(|header| (header.key.to_owned(), text(header.value.unwrap()))).collect();
    (headers, message.payload().unwrap().to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_and_its_dead_letter_carry_their_headers() {
    let settings = topic_on(shared().await, 1).await;
    publish_all(&settings, &[record(1, 0)]).await;
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let read = read_all_of(&mut source, 1).await;
    let detail = "ä".repeat(2000);
    source.dead_letter(&read[0], "undecodable", &detail).await.unwrap();
    let topic_id = source.topic_id().unwrap();
    source.close().await;

    let (headers, _) = headers_of_first(&settings, &settings.topic);
    let version = String::from(issue::record::VERSION_TEXT);
    assert_eq!(headers[0], (String::from("issuetracker-version"), version));
    assert_eq!(headers[1], (String::from("content-type"), String::from("application/json")));
    let (headers, payload) = headers_of_first(&settings, &settings.dead_letters());
    assert_eq!(payload, read[0].payload);
    let at = read[0].at.to_string();
    let cut = "ä".repeat(512);
    let expect = [
        ("issuetracker-reason", "undecodable"),
        ("issuetracker-error", &cut),
        ("issuetracker-topic", &settings.topic),
        ("issuetracker-topic-id", &topic_id),
        ("issuetracker-partition", "0"),
        ("issuetracker-offset", "0"),
        ("issuetracker-at", &at),
    ];
    assert_eq!(headers, expect.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_topic_for_dead_letters_none_is_taken() {
    let settings = topic_on(shared().await, 1).await;
    admin(&settings).delete_topics(&[&settings.dead_letters()], &AdminOptions::new()).await.unwrap();
    publish_all(&settings, &[record(1, 0)]).await;
    let mut source = BrokerSource::subscribe(settings.clone(), "group").unwrap();
    let read = read_all_of(&mut source, 1).await;
    let error = source.dead_letter(&read[0], "undecodable", "").await.unwrap_err().to_string();
    assert!(error.contains(&settings.dead_letters()), "{error}");
    source.close().await;
}
