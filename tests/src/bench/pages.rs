//! The pages and the API over a large tracker: 100,000 issues with 1,000,000 occurrences in SQLite, asked over HTTP one after
//! the other; and what it costs that many people have a list open.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ::consumer::{Settings, Tracker, api::Limits, store::sqlite::SqliteStore};
use anyhow::{Context, ensure};
use bytes::Bytes;
use issue::{
    finish::{Origin, Rules, finish},
    id::{IssueId, SourceId, TrackerName},
    record::{Place, Record, RecordKind, ReportBody, Source, VERSION, Via, Workload},
    report::{Frame, Kind, Language, Level, Parsed},
};
use jiff::{SignedDuration, Timestamp};
use kafka::{
    local::{LocalPublisher, local},
    publish::{Delivery, Outgoing, Publisher, SendError},
};
use serde_json::Map;
use serve::{Times, serve};
use uuid::Uuid;

use super::{Figure, usage::Usage};

/// Samples kept of each issue.
const SAMPLES: u64 = 10;

/// Open pages that hear of what happens.
const LISTENERS: usize = 500;

/// Requests for each address.
const ROUNDS: usize = 40;

/// What people look at most, and what costs most.
const LISTS: &[(&str, &str)] = &[
    ("unresolved", "/issues"),
    ("all, by reports", "/issues?q=&sort=count"),
    ("all, by priority", "/issues?q=&sort=priority"),
    ("all, by first report", "/issues?q=&sort=first_seen"),
    ("resolved (few)", "/issues?q=is%3Aresolved"),
    ("closed (none)", "/issues?q=is%3Aclosed"),
    ("regressed", "/issues?q=is%3Aregressed"),
    ("one workload", "/issues?q=is%3Aopen+workload%3Aservice-7"),
    ("one release", "/issues?q=is%3Aopen+release%3A1.3"),
    ("assigned to me", "/issues?q=assigned%3Ame"),
    ("words, one hit or few", "/issues?q=order+kind777"),
    ("words, all", "/issues?q=cannot+be+shipped"),
    ("words, none", "/issues?q=zebra"),
    ("dashboard", "/dashboard"),
];

/// Fills the tracker with so many issues, and measures.
pub fn figures(issues: u64) -> anyhow::Result<Vec<Figure>> {
    ensure!(issues > 0, "there is nothing to look at without an issue");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = tempfile::tempdir()?;
    let (address, tracker) = runtime.block_on(start(folder.path(), issues))?;
    let mut figures = vec![people(address, issues)?];
    figures.extend(lists(address)?);
    figures.push(deep_pages(address, issues)?);
    figures.extend(issue_pages(address, issues)?);
    figures.push(listeners(address)?);
    runtime.block_on(tracker.stop(Duration::from_secs(10)));
    Ok(figures)
}

async fn start(folder: &Path, issues: u64) -> anyhow::Result<(SocketAddr, Tracker)> {
    let (mut publisher, source) = local(1, folder.join("dead-letters.jsonl"));
    let store = Arc::new(SqliteStore::open(&folder.join("issues.db"))?);
    let mut settings = Settings::local(TrackerName::local());
    settings.limits = Limits { reads: u32::MAX, writes: u32::MAX, logins: u32::MAX };
    let tracker = ::consumer::start(settings, Box::new(source), store).await;
    fill(&mut publisher, issues).await?;
    let routes = tracker.api_routes().merge(tracker.write_routes()).merge(tracker.ui_routes());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener, routes, std::future::pending(), Times::default()));
    Ok((address, tracker))
}

/// Ten samples of an issue come one after the other, so that they are one write.
async fn fill(publisher: &mut LocalPublisher, issues: u64) -> anyhow::Result<()> {
    let (mut seq, mut acked) = (0, 0);
    let now = Timestamp::now();
    let mut next = None;
    while acked < issues * SAMPLES {
        while seq < issues * SAMPLES {
            let outgoing: Outgoing = next.take().unwrap_or_else(|| record(seq + 1, now, issues));
            match publisher.send(outgoing.clone()) {
                Ok(()) => seq += 1,
                Err(SendError::Full) => {
                    next = Some(outgoing);
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        ensure!(matches!(publisher.delivered().await, Delivery::Acked { .. }), "a record was not stored");
        acked += 1;
    }
    Ok(())
}

fn report(number: u64) -> issue::report::Report {
    let frame = |line: u32| Frame {
        function: Some(format!("handle_{line}")),
        module: Some("app.orders".to_owned()),
        file: Some("/app/orders.py".to_owned()),
        line: Some(line),
        column: None,
        in_app: line.is_multiple_of(3),
    };
    let message = format!("order kind{number} cannot be shipped to Elbonia");
    let parsed = Parsed {
        error_type: Some(format!("ShippingError{number}")),
        frames: (0..12).map(frame).collect(),
        ..Parsed::of_text(Kind::Exception, Level::Error, Language::Python, message)
    };
    finish(parsed, &Rules::default(), &Origin { component: None, fingerprint: None })
}

fn id(number: u64) -> IssueId {
    IssueId::of_fingerprint(&TrackerName::local(), &report(number).fingerprint)
}

fn record(seq: u64, now: Timestamp, issues: u64) -> Outgoing {
    let number = (seq - 1) / SAMPLES;
    let report = report(number);
    let tracker = TrackerName::local();
    let issue_id = IssueId::of_fingerprint(&tracker, &report.fingerprint);
    // Spread over a month, two minutes between the samples of one issue.
    let back = i64::try_from(number * 7_919 % issues).unwrap_or_default() * 25;
    let within = i64::try_from((seq - 1) % SAMPLES).unwrap_or_default() * 120;
    let at = now - SignedDuration::from_secs(back + 3_600 - within);
    let body = ReportBody {
        title: report.title(),
        report,
        full: true,
        component: None,
        tags: Vec::new(),
        context: None,
    };
    let place = Place {
        pod: Some(format!("service-{}-7d9f-x2", number % 50)),
        workload: Some(Workload { kind: "Deployment".to_owned(), name: format!("service-{}", number % 50) }),
        release: Some(format!("1.{}", number % 9)),
        ..Place::default()
    };
    let record = Record {
        v: VERSION,
        kind: RecordKind::Report,
        id: Uuid::from_u128(seq.into()),
        issue_id,
        tracker,
        at: now,
        source: Source {
            id: SourceId { spool: Uuid::from_u128(1), partitions: 1 },
            seq,
            via: Via::Stderr,
            place,
        },
        count: 1,
        first_at: Some(at),
        last_at: Some(at),
        report: Some(body),
        issue: None,
        comment: None,
        update: None,
        ledger: None,
        extra: Map::new(),
    };
    Outgoing { seq, partition: 0, key: issue_id.to_string(), payload: Bytes::from(record.encode()) }
}

/// Times and sizes of answers.
#[derive(Default)]
struct Asked {
    times: Vec<Duration>,
    largest: usize,
}

impl Asked {
    fn ask(&mut self, agent: &ureq::Agent, address: SocketAddr, path: &str) -> anyhow::Result<()> {
        let start = Instant::now();
        let mut answer = agent.get(format!("http://{address}{path}")).call()?;
        let body = answer.body_mut().with_config().limit(10 << 20).read_to_vec()?;
        self.times.push(start.elapsed());
        self.largest = self.largest.max(body.len());
        Ok(())
    }

    /// The time that 95 of 100 stay under.
    fn p95(&mut self) -> Duration {
        self.times.sort_unstable();
        self.times.get(self.times.len() * 95 / 100).copied().unwrap_or_default()
    }
}

fn milliseconds(name: String, time: Duration, most: f64) -> Figure {
    let baseline = Some(("of what it may take".to_owned(), most));
    Figure { name, value: time.as_secs_f64() * 1_000.0, unit: "ms p95", baseline }
}

#[expect(clippy::cast_precision_loss, reason = "sizes of pages are far below 2^52")]
fn size(name: &str, bytes: usize) -> Figure {
    let baseline = Some(("of what it may have".to_owned(), 100.0));
    Figure { name: name.to_owned(), value: bytes as f64 / 1024.0, unit: "KiB", baseline }
}

fn lists(address: SocketAddr) -> anyhow::Result<Vec<Figure>> {
    let agent = ureq::Agent::new_with_defaults();
    let mut all = Asked::default();
    let mut figures = Vec::new();
    for (name, path) in LISTS {
        let mut asked = Asked::default();
        for _ in 0..ROUNDS {
            asked.ask(&agent, address, path)?;
        }
        all.times.extend(&asked.times);
        all.largest = all.largest.max(asked.largest);
        figures.push(milliseconds(format!("list: {name}"), asked.p95(), 50.0));
    }
    figures.push(milliseconds("list: all of these".to_owned(), all.p95(), 50.0));
    figures.push(size("list: largest page", all.largest));
    Ok(figures)
}

/// What people did before: of each hundred a few are resolved and a few have somebody. Tells how long each hundred took.
fn people(address: SocketAddr, issues: u64) -> anyhow::Result<Figure> {
    let agent = ureq::Agent::new_with_defaults();
    let mut asked = Asked::default();
    for (first, changes) in [(0, r#"{"status": "resolved"}"#), (1, r#"{"assignee_id": "local"}"#)] {
        let ids: Vec<String> = (first..issues).step_by(50).take(2_000).map(|n| id(n).to_string()).collect();
        for some in ids.chunks(100) {
            let body = format!(r#"{{"ids": {}, "changes": {changes}}}"#, serde_json::to_string(some)?);
            let start = Instant::now();
            let answer = agent.post(format!("http://{address}/api/v1/issues:bulk"));
            answer.content_type("application/json").send(body)?;
            asked.times.push(start.elapsed());
        }
    }
    Ok(Figure { baseline: None, ..milliseconds("a change of 100 issues".to_owned(), asked.p95(), 1.0) })
}

/// The list page after page: the hundredth costs what the first does.
fn deep_pages(address: SocketAddr, issues: u64) -> anyhow::Result<Figure> {
    let agent = ureq::Agent::new_with_defaults();
    let mut asked = Asked::default();
    let mut path = "/api/v1/issues?limit=100".to_owned();
    for _ in 0..(issues / 100 + 1).min(100) {
        let start = Instant::now();
        let mut answer = agent.get(format!("http://{address}{path}")).call()?;
        let body: serde_json::Value = answer.body_mut().with_config().limit(10 << 20).read_json()?;
        asked.times.push(start.elapsed());
        let Some(next) = body.get("next_cursor").and_then(serde_json::Value::as_str) else { break };
        path = format!("/api/v1/issues?limit=100&cursor={next}");
    }
    Ok(milliseconds("list: 100 pages on end, of 100 issues as JSON".to_owned(), asked.p95(), 50.0))
}

fn issue_pages(address: SocketAddr, issues: u64) -> anyhow::Result<Vec<Figure>> {
    let agent = ureq::Agent::new_with_defaults();
    let mut asked = Asked::default();
    for round in 0..ROUNDS as u64 * 10 {
        asked.ask(&agent, address, &format!("/issues/{}", id(round * 251 % issues)))?;
    }
    let largest = asked.largest;
    Ok(vec![milliseconds("issue page".to_owned(), asked.p95(), 30.0), size("issue page: largest", largest)])
}

/// Memory that so many open lists take.
fn listeners(address: SocketAddr) -> anyhow::Result<Figure> {
    let before = Usage::of(std::process::id())?.resident;
    let mut open = Vec::new();
    for _ in 0..LISTENERS {
        let mut stream = TcpStream::connect(address).context("open a page")?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(format!("GET /api/v1/events HTTP/1.1\r\nhost: {address}\r\n\r\n").as_bytes())?;
        open.push(BufReader::with_capacity(256, stream));
    }
    let body = r#"{"title":"t","description":"d","type":"task","priority":"low","reporter_id":"ada"}"#;
    let begun = Instant::now();
    for (told, listener) in open.iter_mut().enumerate() {
        let mut line = String::new();
        while !line.starts_with("data:") {
            if told == 0 && begun.elapsed() > Duration::from_secs(20) {
                anyhow::bail!("nobody was told of anything");
            }
            if line.starts_with(": open") || line.starts_with(":open") {
                // All listen by now, the last one included, once the first was answered: something happens.
                ureq::post(format!("http://{address}/api/v1/issues"))
                    .content_type("application/json")
                    .send(body)?;
            }
            line.clear();
            ensure!(listener.read_line(&mut line)? > 0, "a stream ended");
        }
    }
    // The sockets' other ends are of this process too: that is the memory of the pages and of some of their readers.
    let value = Usage::of(std::process::id())?.resident - before;
    let baseline = Some(("of what it may take".to_owned(), 50.0));
    Ok(Figure { name: format!("memory of {LISTENERS} open lists"), value, unit: "MiB", baseline })
}

#[cfg(test)]
mod tests {
    /// The bench itself, on a tracker that is small enough for every test run: what it asks for is there.
    #[test]
    fn every_figure_is_measured() {
        let figures = super::figures(120).expect("figures");
        assert!(figures.len() > super::LISTS.len() + 5, "{}", figures.len());
        for figure in figures {
            assert!(figure.value.is_finite(), "{}", figure.line());
        }
    }
}
