//! A load of known reports over every way in, at a bounded rate; all of it follows from the seed.
//!
//! For each sidecar: JSON with idempotency keys, Sentry envelopes, OTLP exports, and a service under the real shim that
//! writes tracebacks to stderr and crashes.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{
    book::{Book, Fate, weights},
    client::{Answer, Client},
    dice::Dice,
};
use crate::{programs::source, wait::pass};

/// Pauses between requests of one sender, in milliseconds.
const JSON_PAUSE: (u64, u64) = (20, 90);
const OTHER_PAUSE: (u64, u64) = (60, 260);
const RUN_PAUSE: (u64, u64) = (600, 2000);

/// Kinds that come again and again.
const HOT: u64 = 12;

/// Requests without a name that one kind gets: of 1, 3 and 9 reports.
const REQUESTS: usize = 3;

/// How long a request with a name is repeated once the load has ended.
const PATIENCE: Duration = Duration::from_secs(90);

/// One request as its sender saw it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When it was sent.
    pub at: Instant,
    /// How long the answer took.
    pub took: Duration,
    /// HTTP status; 0 where none came.
    pub status: u16,
}

/// Where one sidecar takes reports.
#[derive(Clone, Debug)]
pub struct Door {
    /// Of its HTTP intake.
    pub port: u16,
    /// Where its shims write.
    pub segments: PathBuf,
    /// The shim.
    pub shim: PathBuf,
}

/// What all senders share.
#[derive(Debug, Default)]
struct Shared {
    book: Book,
    stop: AtomicBool,
    samples: Mutex<Vec<Sample>>,
    trouble: Mutex<Vec<String>>,
}

/// A load that runs.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    senders: Vec<JoinHandle<()>>,
}

/// What a load came to.
#[derive(Debug)]
pub struct Sent {
    /// What was acknowledged.
    pub book: Book,
    /// Every request.
    pub samples: Vec<Sample>,
    /// Answers that nobody may get.
    pub trouble: Vec<String>,
}

impl Load {
    /// Starts the senders of all doors. Their pauses are `slow` times as long as usual.
    pub fn start(seed: u64, slow: u64, doors: &[Door]) -> Self {
        let shared = Arc::new(Shared::default());
        let mut senders = Vec::new();
        for (number, door) in (0..).zip(doors) {
            let ways: [fn(Sender); 4] = [Sender::json, Sender::sentry, Sender::otlp, Sender::stderr];
            for (way, run) in (0..).zip(ways) {
                let sender = Sender {
                    name: format!("{}{way}", letters(number)),
                    dice: Dice::part(seed, 100 + number * 10 + way),
                    client: Client::new(door.port),
                    door: door.clone(),
                    shared: Arc::clone(&shared),
                    number: 0,
                    slow,
                };
                senders.push(thread::spawn(move || run(sender)));
            }
        }
        Self { shared, senders }
    }

    /// Requests so far.
    pub fn requests(&self) -> usize {
        self.shared.samples.lock().len()
    }

    /// No more is begun; returns when every request with a name is answered.
    pub fn end(self) -> Sent {
        self.shared.stop.store(true, Ordering::Release);
        for sender in self.senders {
            if sender.join().is_err() {
                self.shared.trouble.lock().push("a sender panicked".to_owned());
            }
        }
        let Shared { book, samples, trouble, .. } = Arc::into_inner(self.shared).unwrap_or_default();
        Sent { book, samples: samples.into_inner(), trouble: trouble.into_inner() }
    }
}

struct Sender {
    name: String,
    dice: Dice,
    client: Client,
    door: Door,
    shared: Arc<Shared>,
    number: u64,
    slow: u64,
}

impl Sender {
    fn goes_on(&self) -> bool {
        !self.shared.stop.load(Ordering::Acquire)
    }

    fn trouble(&self, what: String) {
        self.shared.trouble.lock().push(format!("sender {}: {what}", self.name));
    }

    fn pause(&mut self, (low, high): (u64, u64)) {
        pass(self.dice.millis((low * self.slow, high * self.slow)));
    }

    fn post(&mut self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let at = Instant::now();
        let (answer, took) = self.client.post(path, headers, body);
        let status = if let Answer::Given(status, _) = &answer { *status } else { 0 };
        self.shared.samples.lock().push(Sample { at, took, status });
        answer
    }

    /// Requests with a name, of kinds that both sidecars get, and now and then of one that nobody else has.
    fn json(mut self) {
        while self.goes_on() {
            self.number += 1;
            let mut told: Vec<(String, u64)> = Vec::new();
            for _ in 0..self.dice.within(1, 3) {
                told.push((format!("Json{}Error", letters(self.dice.below(HOT))), self.dice.within(1, 4)));
            }
            if self.dice.below(10) == 0 {
                told.push((format!("Rare{}{}Error", self.name, letters(self.number)), 1));
            }
            let reports: Vec<Value> = told
                .iter()
                .flat_map(|(kind, count)| (0..*count).map(move |n| (kind, n)))
                .map(|(kind, n)| json!({"type": kind, "message": format!("order {n} failed"), "component": "api"}))
                .collect();
            let body = json!({ "reports": reports }).to_string();
            let key = format!("{}-{}", self.name, self.number);
            if self.named(&key, body.as_bytes()) {
                told.iter().for_each(|(kind, count)| self.shared.book.count(kind, *count));
            }
            self.pause(JSON_PAUSE);
        }
    }

    /// Repeats a request under its name until it is accepted.
    fn named(&mut self, key: &str, body: &[u8]) -> bool {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        let mut stopped = None;
        loop {
            match self.post("/api/v1/reports", &headers, body) {
                Answer::Given(202, answer) if !answer.contains("\"error\"") => return true,
                Answer::Given(503, _) | Answer::Unsent | Answer::Unknown => {}
                Answer::Given(status, answer) => {
                    self.trouble(format!("{status} {answer}"));
                    return false;
                }
            }
            if !self.goes_on() && stopped.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                self.trouble(format!("the request {key} was never answered"));
                return false;
            }
            pass(Duration::from_millis(100));
        }
    }

    /// Requests without a name, one after the other, each kind getting 1, 3 and 9 reports.
    fn unnamed(
        mut self,
        way: &str,
        path: &str,
        content_type: &str,
        refusal: u16,
        body: fn(&str, u64) -> String,
    ) {
        while self.goes_on() {
            self.number += 1;
            let kind = format!("{way}{}{}Error", self.name, letters(self.number));
            for weight in weights().take(REQUESTS) {
                let answer =
                    self.post(path, &[("content-type", content_type)], body(&kind, weight).as_bytes());
                let fate = match answer {
                    Answer::Given(200, _) => Fate::Counted,
                    Answer::Given(status, _) if status == refusal => Fate::Refused,
                    Answer::Given(status, answer) => {
                        self.trouble(format!("{status} {answer}"));
                        Fate::Unknown
                    }
                    Answer::Unsent => Fate::Refused,
                    Answer::Unknown => Fate::Unknown,
                };
                self.shared.book.request(&kind, fate);
                self.pause(OTHER_PAUSE);
            }
        }
    }

    fn sentry(self) {
        self.unnamed("Sentry", "/api/1/envelope/", "application/x-sentry-envelope", 429, envelope);
    }

    fn otlp(self) {
        self.unnamed("Otlp", "/v1/logs", "application/json", 503, export);
    }

    /// Runs a service that logs some errors and crashes.
    fn stderr(mut self) {
        let worker = source("worker.py");
        while self.goes_on() {
            let logged = self.dice.within(2, 6);
            let mut kinds: Vec<String> =
                (0..logged).map(|_| format!("Logged{}Error", letters(self.dice.below(HOT)))).collect();
            kinds.push(format!("Crash{}Error", letters(self.dice.below(HOT))));
            let pause = format!("0.{:03}", self.dice.within(5, 250));
            let status = Command::new(&self.door.shim)
                .env("ISSUETRACKER_SEGMENTS_DIR", &self.door.segments)
                .env("ISSUETRACKER_CONTAINER", "app")
                .args(["--", "python3"])
                .arg(&worker)
                .arg(pause)
                .args(&kinds)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            match status.map(|status| status.code()) {
                Ok(Some(1)) => kinds.iter().for_each(|kind| self.shared.book.count(kind, 1)),
                other => self.trouble(format!("the service under the shim ended by {other:?}")),
            }
            self.pause(RUN_PAUSE);
        }
    }
}

fn envelope(kind: &str, events: u64) -> String {
    let mut envelope = "{}\n".to_owned();
    for event in 0..events {
        let value = json!({"type": kind, "value": format!("order {event} failed")});
        let event = json!({"level": "error", "exception": {"values": [value]}});
        envelope += &format!("{{\"type\":\"event\"}}\n{event}\n");
    }
    envelope
}

fn export(kind: &str, records: u64) -> String {
    let attribute = |key: &str, value: String| json!({"key": key, "value": {"stringValue": value}});
    let record = |number: u64| {
        let message = format!("order {number} failed");
        let attributes =
            [attribute("exception.type", kind.to_owned()), attribute("exception.message", message)];
        json!({"severityNumber": 17, "severityText": "ERROR", "body": {"stringValue": "failed"}, "attributes": attributes})
    };
    let records: Vec<Value> = (0..records).map(record).collect();
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).to_string()
}

/// A number in letters: digits of a type's name could be taken for a part that changes.
pub fn letters(number: u64) -> String {
    let mut letters = Vec::new();
    let mut rest = number;
    loop {
        letters.push(char::from(b'a' + u8::try_from(rest % 26).unwrap_or_default()));
        rest /= 26;
        if rest == 0 {
            break;
        }
    }
    letters
        .iter()
        .rev()
        .enumerate()
        .map(|(at, c)| if at == 0 { c.to_ascii_uppercase() } else { *c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_own_letters() {
        assert_eq!([0, 25, 26, 675].map(letters), ["A", "Z", "Ba", "Zz"]);
    }
}
