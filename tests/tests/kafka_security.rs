//! TLS, client certificates and passwords, on a real broker, for each client: publisher, record source, dead letters
//! and admin. And what people read when something is wrong.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::{
    fs::File,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use kafka::{
    publish::{Delivery, Publisher, broker::BrokerPublisher},
    settings::Settings,
    source::{Polled, RecordSource, broker::BrokerSource},
    suite::{done, record},
    topics,
};
use serde_json::Value;
use tests::{
    parts::{
        binary,
        kafka::{Kafka, MECHANISMS, PASSWORD, Secured},
    },
    wait,
};
use tokio::sync::OnceCell;

const PATIENCE: Duration = Duration::from_secs(60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

async fn broker() -> &'static Kafka {
    static SHARED: OnceCell<Kafka> = OnceCell::const_new();
    SHARED.get_or_init(|| async { Kafka::start_secured().await.unwrap() }).await
}

async fn secured() -> &'static Secured {
    broker().await.secured().unwrap()
}

fn topic() -> String {
    format!("issuetracker.{}", uuid::Uuid::new_v4())
}

/// Makes the topic, publishes, reads, commits, and puts a dead letter aside, all by these settings.
async fn goes_round(settings: Settings) {
    topics::ensure(&settings, 1, WEEK).await.unwrap();
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    assert_eq!(publisher.partitions().await, Ok(1));
    for seq in 1..=10 {
        publisher.send(record(seq, 0)).unwrap();
    }
    for _ in 1..=10 {
        let delivery = publisher.delivered().await;
        assert!(matches!(delivery, Delivery::Acked { .. }), "{delivery:?}");
    }
    let mut source = BrokerSource::subscribe(settings, "group").unwrap();
    let deadline = Instant::now() + PATIENCE;
    let mut read = Vec::new();
    while read.len() < 10 {
        assert!(Instant::now() < deadline, "{} read", read.len());
        if let Polled::Records(records) = source.poll(100, Duration::from_millis(500)).await.unwrap() {
            read.extend(records);
        }
    }
    source.dead_letter(&read[0], "undecodable", "for the test").await.unwrap();
    source.commit(&done(&read)).await.unwrap();
    source.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_goes_by_tls() {
    goes_round(secured().await.tls(&topic(), "ca.pem").unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_goes_by_a_certificate_of_its_own() {
    goes_round(secured().await.mutual(&topic(), true).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_goes_by_password_under_every_mechanism() {
    for mechanism in MECHANISMS {
        goes_round(secured().await.sasl(&topic(), mechanism, PASSWORD).unwrap()).await;
    }
}

/// What each client says when it is not let in.
async fn refusals(settings: Settings) -> Vec<String> {
    let admin = topics::reach(&settings, Duration::from_secs(5)).await.unwrap_err().to_string();
    let mut publisher = BrokerPublisher::connect(settings.clone()).unwrap();
    let publish = publisher.partitions().await.unwrap_err().to_string();
    let outage = publisher.outage().unwrap_or_default();
    let mut source = BrokerSource::subscribe(settings, "group").unwrap();
    let deadline = Instant::now() + PATIENCE;
    let read = loop {
        assert!(Instant::now() < deadline, "the record source says nothing");
        if let Err(error) = source.poll(10, Duration::from_millis(200)).await {
            break error.to_string();
        }
    };
    source.close().await;
    vec![admin, publish, outage, read]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_let_in_says_why_and_what_to_do() {
    let secured = secured().await;
    let wrong = |mechanism| secured.sasl(&topic(), mechanism, "wr0ng-pa55word").unwrap();
    for (settings, what, cure) in [
        (wrong("PLAIN"), "SASL authentication error", "sasl.password"),
        (wrong("SCRAM-SHA-256"), "SASL authentication error", "sasl.password"),
        (wrong("SCRAM-SHA-512"), "SASL authentication error", "sasl.password"),
        (secured.tls(&topic(), "other-ca.pem").unwrap(), "certificate verify failed", "ssl.ca.location"),
        (secured.mutual(&topic(), false).unwrap(), "SSL", "ssl.certificate.location"),
    ] {
        for said in refusals(settings).await {
            eprintln!("{said}");
            assert!(said.contains(what) && said.contains(cure), "{said}");
            assert!(!said.contains("wr0ng") && !said.contains(PASSWORD), "{said}");
        }
    }
}

struct Sidecar {
    child: Child,
    port: u16,
    log: std::path::PathBuf,
}

impl Sidecar {
    fn start(folder: &Path, brokers: &str, properties: &Path, topic: &str) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let log = folder.join("log");
        let child = Command::new(binary("issuetracker-sidecar").unwrap())
            .env("ISSUETRACKER_TRACKER", "payments/main")
            .env("ISSUETRACKER_LISTEN", format!("127.0.0.1:{port}"))
            .env("ISSUETRACKER_KAFKA_BROKERS", brokers)
            .env("ISSUETRACKER_KAFKA_PROPERTIES", properties)
            .env("ISSUETRACKER_TOPIC", topic)
            .env("ISSUETRACKER_SPOOL_DIR", folder.join("spool"))
            .env("ISSUETRACKER_GRACE", "2")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, port, log }
    }

    fn health(&self) -> Option<Value> {
        let url = format!("http://127.0.0.1:{}/api/health", self.port);
        ureq::get(url).call().ok()?.body_mut().read_json().ok()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    fn until(&self, what: &str, mut holds: impl FnMut(&Value) -> bool) -> Value {
        wait::until(what, PATIENCE, || self.health().filter(&mut holds))
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The lines of a log that complain.
fn complaints(log: &str) -> Vec<&str> {
    log.lines().filter(|line| line.contains("\"WARN\"") || line.contains("\"ERROR\"")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sidecar_with_a_wrong_password_says_so_once_in_the_log_and_always_in_its_health() {
    let folder = tempfile::tempdir().unwrap();
    let (brokers, properties) = secured().await.program("wr0ng-pa55word").unwrap();
    let sidecar = Sidecar::start(folder.path(), &brokers, &properties, &topic());
    let health = sidecar.until("the reason in health", |health| {
        health["last_error"].as_str().is_some_and(|error| error.contains("SASL authentication error"))
    });
    assert_eq!((&health["kafka"], &health["status"]), (&"down".into(), &"healthy".into()));
    // It goes on trying, and the log stays as it is.
    let began = Instant::now();
    wait::until("ten seconds of attempts", PATIENCE, || {
        (began.elapsed() > Duration::from_secs(10)).then_some(())
    });
    let log = sidecar.log();
    assert_eq!(complaints(&log).len(), 1, "{log}");
    assert!(!log.contains("wr0ng"), "{log}");
    assert!(!sidecar.health().unwrap().to_string().contains("wr0ng"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_shows_in_the_health_of_an_idle_sidecar_and_is_said_once() {
    let mut kafka = Kafka::start_secured().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let topic = topic();
    topics::ensure(&Settings::new(kafka.bootstrap(), &topic), 1, WEEK).await.unwrap();
    let (brokers, properties) = kafka.secured().unwrap().program(PASSWORD).unwrap();
    let sidecar = Sidecar::start(folder.path(), &brokers, &properties, &topic);
    let body = serde_json::json!({"reports": [{"type": "E", "message": "m"}]});
    sidecar.until("a start", |_| true);
    let url = format!("http://127.0.0.1:{}/api/v1/reports", sidecar.port);
    assert_eq!(ureq::post(&url).send_json(&body).unwrap().status(), 202);
    sidecar.until("up", |health| health["kafka"] == "up" && health["ledger"]["published"] == 1);
    for round in 1..=2 {
        kafka.kill().unwrap();
        sidecar.until("down, though nothing is to be sent", |health| {
            health["kafka"] == "down" && health["last_error"].as_str().is_some_and(|e| e.contains("refused"))
        });
        kafka.restart().await.unwrap();
        sidecar.until("up again", |health| health["kafka"] == "up" && health["last_error"].is_null());
        let log = sidecar.log();
        assert_eq!(complaints(&log).len(), round, "{log}");
    }
    assert!(!sidecar.log().contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn properties_that_cannot_work_end_the_start_with_one_clear_line() {
    let folder = tempfile::tempdir().unwrap();
    let properties = folder.path().join("kafka.properties");
    let garbage = folder.path().join("garbage.pem");
    std::fs::write(&garbage, "not a certificate").unwrap();
    let missing = folder.path().join("missing.pem").display().to_string();
    let garbage = garbage.display().to_string();
    for (text, expect) in [
        ("no.such.property=hunter2".to_owned(), "does not know the property no.such.property"),
        ("sasl.password hunter2".to_owned(), "line 1 of the Kafka properties is not of the form key=value"),
        ("acks=1".to_owned(), "no record may be lost"),
        (format!("security.protocol=SSL\nssl.ca.location={missing}"), "mount it there or correct the path"),
        (format!("security.protocol=SSL\nssl.key.location={missing}"), "ssl.key.location"),
        (format!("security.protocol=SSL\nssl.ca.location={garbage}"), "ssl.ca.location"),
        (
            format!("security.protocol=SSL\nssl.key.location={garbage}\nssl.key.password=hunter2"),
            "ssl.key.location",
        ),
    ] {
        std::fs::write(&properties, &text).unwrap();
        let mut sidecar = Sidecar::start(folder.path(), "127.0.0.1:1", &properties, "topic");
        let status = wait::until(&format!("the end of a start with {text:?}"), PATIENCE, || {
            sidecar.child.try_wait().unwrap()
        });
        let log = sidecar.log();
        let said = complaints(&log);
        assert!(!status.success() && said.len() == 1 && said[0].contains(expect), "{text}: {log}");
        assert!(!log.contains("hunter2"), "{log}");
    }
    let sidecar = Sidecar::start(folder.path(), "127.0.0.1:1", &folder.path().join("nowhere"), "topic");
    wait::until("the missing file is told", PATIENCE, || {
        sidecar.log().contains("mount the file there or correct the path").then_some(())
    });
}
