//! The broker's two ends while no broker is there: they start, wait within their bounds, and can be closed.

#![cfg(feature = "broker")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use kafka::publish::broker::BrokerPublisher;
use kafka::publish::{Publisher, SendError};
use kafka::settings::{Properties, Settings};
use kafka::source::broker::BrokerSource;
use kafka::source::{Polled, RecordSource};
use kafka::suite::record;

/// A port at which nobody listens: it was free a moment ago.
fn away() -> Settings {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_or(1, |at| at.port());
    Settings::new(format!("127.0.0.1:{port}"), "topic")
}

#[tokio::test]
async fn records_wait_until_enough_are_in_flight_and_a_reset_makes_room() {
    let mut publisher = BrokerPublisher::connect(away()).unwrap();
    let mut taken = 0;
    let refused = loop {
        match publisher.send(record(taken, 0)) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((taken, refused), (4096, SendError::Full));
    assert!(tokio::time::timeout(Duration::from_millis(200), publisher.delivered()).await.is_err());
    publisher.reset().await.unwrap();
    assert_eq!(publisher.send(record(0, 0)), Ok(()));
}

#[tokio::test]
async fn bytes_in_flight_are_bounded_too() {
    let mut publisher = BrokerPublisher::connect(away()).unwrap();
    let mut large = record(0, 0);
    large.payload = vec![b'x'; 512 * 1024].into();
    let taken = (0..100).take_while(|_| publisher.send(large.clone()).is_ok()).count();
    assert_eq!(taken, 16);
}

#[tokio::test]
async fn a_poll_ends_in_time_and_the_group_can_be_left() {
    let mut source = BrokerSource::subscribe(away(), "group").unwrap();
    let before = Instant::now();
    assert_eq!(source.poll(10, Duration::from_millis(300)).await, Ok(Polled::Records(Vec::new())));
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    // A short outage is not worth a word; one that lasts is told with its reason, by every poll.
    let told = loop {
        assert!(before.elapsed() < Duration::from_secs(20), "the outage is not told");
        if let Err(error) = source.poll(10, Duration::from_millis(100)).await {
            break error.to_string();
        }
    };
    assert!(told.starts_with("reaching the brokers: ") && told.contains("refused"), "{told}");
    assert!(source.poll(10, Duration::from_millis(100)).await.is_err());
    let before = Instant::now();
    source.close().await;
    assert!(before.elapsed() < Duration::from_secs(10), "{:?}", before.elapsed());
}

#[tokio::test]
async fn a_property_that_the_client_refuses_is_named_without_its_value() {
    for text in ["no.such.property=hunter2", "security.protocol=hunter2"] {
        let mut settings = away();
        settings.properties = Properties::parse(text).unwrap();
        let name = text.strip_suffix("=hunter2").unwrap();
        let publish = BrokerPublisher::connect(settings.clone()).unwrap_err().to_string();
        let read = BrokerSource::subscribe(settings, "group").unwrap_err().to_string();
        for error in [publish, read] {
            assert!(error.contains(name) && !error.contains("hunter2"), "{error}");
        }
    }
}
